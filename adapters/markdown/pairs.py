"""Marks that come in pairs but are none of the reader's: simple HTML tags, and ``||spoilers||``.

A mark without its partner in the same block is text. Not here: CommonMark's own marks.
"""

import re
from collections.abc import Iterator

from attrs import evolve, frozen

from adapters.markdown.source import Events

# The tags that Telegram's own HTML knows, without attributes (https://core.telegram.org/bots/api#html-style).
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "code": "code", "kbd": "code",
}  # fmt: skip

_TAG = re.compile(r"<(/?)([a-z-]+)>", re.IGNORECASE)
_BARS = re.compile(r"(?<!\|)\|\|(?!\|)")
_INLINE = frozenset({"Strong", "Emphasis", "Strikethrough", "Link", "Image"})
# A wall of marks that nothing closes would make the search long.
_WAITING_MAX = 50


@frozen
class Mark:
    """A mark: in which event, at which of its characters, how long, and what it makes of the text in between."""

    event: int
    at: int
    length: int
    kind: str
    opens: bool
    closes: bool


def find_pairs(events: Events) -> dict[int, list[Mark]]:
    """Return the marks that have a partner, by the index of their event and in order; each opens or closes."""
    found: dict[int, list[Mark]] = {}
    waiting: list[Mark] = []
    for mark in _marks(events):
        if mark is None:
            waiting.clear()
            continue
        partner = next((n for n in reversed(range(len(waiting))) if waiting[n].kind == mark.kind), None)
        if mark.closes and partner is not None:
            found.setdefault(waiting[partner].event, []).append(evolve(waiting[partner], closes=False))
            found.setdefault(mark.event, []).append(evolve(mark, opens=False))
            del waiting[partner:]
        elif mark.opens and len(waiting) < _WAITING_MAX:
            waiting.append(mark)
    for marks in found.values():
        marks.sort(key=lambda mark: mark.at)
    return found


def _marks(events: Events) -> Iterator[Mark | None]:
    """Yield every mark, and None where a block ends, since no pair reaches beyond it."""
    in_code = False
    for index, (event, _) in enumerate(events):
        match event:
            case {"InlineHtml": html}:
                if (tag := _TAG.fullmatch(html)) and (kind := TAGS.get(tag[2].lower())):
                    yield Mark(index, 0, len(html), kind, opens=not tag[1], closes=bool(tag[1]))
            case {"Text": text} if not in_code and "||" in text:
                yield from _bars(index, text)
            case {"Start": part} | {"End": part}:
                name = part if isinstance(part, str) else next(iter(part))
                if name not in _INLINE:
                    in_code = name == "CodeBlock" and "Start" in event
                    yield None


def _bars(index: int, text: str) -> Iterator[Mark]:
    # Those of a program ("a||b", "a || b") open nothing: what opens stands before a word and after none.
    for bars in _BARS.finditer(text):
        before, after = text[max(bars.start() - 1, 0) : bars.start()], text[bars.end() : bars.end() + 1]
        opens = not before.isalnum() and not after.isspace()
        closes = not before.isspace() and not after.isalnum()
        yield Mark(index, bars.start(), 2, "spoiler", opens, closes)

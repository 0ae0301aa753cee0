"""Formatted text that Telegram takes: any text with any entities, made to keep the published rules.

The rules: https://core.telegram.org/bots/api#formatting-options and https://core.telegram.org/api/entities. Where
entities break them, the outer one wins, and formatting goes before text: no character is ever dropped.
Not here: reading Markdown (``adapters.markdown``), cutting what is too long (``domain.splitting``).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from attrs import evolve, frozen

from domain.events.telegram import Entity
from domain.text import Offsets

# Telegram ignores the entities of a message beyond these, without a word.
MESSAGE_ENTITIES_MAX = 100
URL_CHARS_MAX = 2048

QUOTES = ("blockquote", "expandable_blockquote")
CODES = ("pre", "code")
LINKS = ("text_link", "text_mention")
STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
# From the outermost to the innermost, where two cover the same text. What Telegram finds by itself (mentions,
# hashtags, commands, addresses) has no place here: it ignores those of a bot.
_RANKS = {kind: rank for rank, kind in enumerate((*QUOTES, *LINKS, *CODES, "custom_emoji", *STYLES))}

# A host as tdlib takes it (``parse_url``), but without user names, which only mislead, and without rare signs.
_LABEL = r"(?:[A-Za-z0-9_\-]|[^\x00-\x9f\s])+"
_LINK = re.compile(
    rf"https?://(?:{_LABEL}\.)+{_LABEL}\.?(?::0*(?P<port>[1-9][0-9]{{0,4}}))?(?:[/?#]\S*)?"
    r"|tg://[a-z0-9_\-]+(?:[/?#]\S*)?",
    re.IGNORECASE,
)
# Spaces, controls, halves of characters, and what turns the direction of the text around.
_NOT_IN_LINKS = re.compile(r"[\x00-\x20\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")
_LANGUAGE = re.compile(r"[\w+#.\-]{1,64}")
_EMOJI_ID = re.compile(r"[0-9]{1,19}")
# Telegram replaces control characters by a space; halves of characters are no text at all.
_DIRTY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@frozen
class Formatted:
    """A text with its formatting; offsets and lengths in UTF-16 units."""

    text: str
    entities: tuple[Entity, ...] = ()


@frozen
class _Span:
    """An entity that covers the characters from ``start`` to ``end``, as indices of the text."""

    start: int
    end: int
    entity: Entity

    @property
    def order(self) -> tuple[int, int, int]:
        """Return what sorts spans: by place, the outer before the inner."""
        return self.start, -self.end, _RANKS[self.entity.type]

    def is_one_of(self, kinds: Sequence[str]) -> bool:
        return self.entity.type in kinds


def is_link(url: str) -> bool:
    """Return whether Telegram makes a link of ``url``: http, https or tg, of at most 2048 characters.

    The host is a name with a dot or an IPv4 address, and has no user name before it. A message with any other link
    is refused, so whoever makes a text of one shows its address instead.
    """
    if len(url) > URL_CHARS_MAX or _NOT_IN_LINKS.search(url):
        return False
    found = _LINK.fullmatch(url)
    return found is not None and int(found["port"] or 0) <= 65_535


def clean(text: str) -> str:
    """Return ``text``, equally long, with a space for each control character and U+FFFD for half a character."""
    return _DIRTY.sub(lambda found: " " if found[0] < " " else "\ufffd", text)


def acceptable(text: str, entities: Iterable[Entity] = ()) -> Formatted:
    """Return ``text`` with what of ``entities`` Telegram accepts, in a fixed order: outer before inner.

    The types are known and have what they need; each covers whole characters within the text and neither begins
    nor ends with whitespace (code may be indented); two are nested or apart; code contains nothing and is in
    nothing but a quote; links, code and custom emoji do not contain one another, nor quotes. An entity that breaks
    a rule is shortened or cut in pieces where that helps and otherwise left out. The result may have more entities
    than one message may: see ``domain.splitting``. Acceptable text comes back as it is.
    """
    text = clean(text)
    offsets = Offsets(text)
    spans = [
        span
        for entity in entities
        if (known := _known(entity)) is not None and (span := _placed(known, offsets)) is not None
    ]
    if not spans:
        return Formatted(text)
    quotes = _trimmed(text, _apart(_trimmed(text, (span for span in spans if span.is_one_of(QUOTES)))))
    others = (span for span in spans if not span.is_one_of(QUOTES) and not span.is_one_of(STYLES))
    borders = [border for quote in quotes for border in (quote.start, quote.end)]
    solids = [piece for span in others for piece in _cut(span, borders)]
    solids = _trimmed(text, _apart(_trimmed(text, solids)))
    codes = [span for span in solids if span.is_one_of(CODES)]
    styles: Iterable[_Span] = _merged(span for span in spans if span.is_one_of(STYLES))
    styles = [piece for span in styles for piece in _outside(span, codes)]
    for containers in (quotes, solids):
        styles = [piece for span in styles for piece in _cut(span, _crossings(span, containers))]
    kept = [*quotes, *solids, *_nested(text, _trimmed(text, styles))]
    return Formatted(
        text, tuple(_entity(span, offsets) for span in sorted(kept, key=lambda span: span.order))
    )


def _known(entity: Entity) -> Entity | None:
    """Return the entity with the fields of its type alone; None where Telegram would not take it."""
    kind = entity.type
    if kind not in _RANKS:
        return None
    if kind == "text_link":
        url = entity.url or ""
        return Entity(kind, entity.offset, entity.length, url=url) if is_link(url) else None
    if kind == "text_mention":
        user_id = entity.user_id or 0
        return Entity(kind, entity.offset, entity.length, user_id=user_id) if user_id > 0 else None
    if kind == "custom_emoji":
        emoji_id = entity.custom_emoji_id or ""
        is_id = _EMOJI_ID.fullmatch(emoji_id) is not None and 0 < int(emoji_id) < 2**63
        return Entity(kind, entity.offset, entity.length, custom_emoji_id=emoji_id) if is_id else None
    language = entity.language if kind == "pre" and _LANGUAGE.fullmatch(entity.language or "") else None
    return Entity(kind, entity.offset, entity.length, language=language)


def _placed(entity: Entity, offsets: Offsets) -> _Span | None:
    """Return the whole characters that the entity covers; None where there are none."""
    span = _Span(offsets.first(entity.offset), offsets.end(entity.offset + entity.length), entity)
    return span if span.start < span.end else None


def _entity(span: _Span, offsets: Offsets) -> Entity:
    offset, end = offsets.units(span.start), offsets.units(span.end)
    return evolve(span.entity, offset=offset, length=end - offset)


def _trimmed(text: str, spans: Iterable[_Span]) -> list[_Span]:
    """Return the spans without the whitespace at their ends; those of whitespace alone are left out."""
    trimmed = []
    for span in spans:
        covered = text[span.start : span.end]
        end = span.start + len(covered.rstrip())
        # The indentation of code is part of it.
        indent = 0 if span.is_one_of(CODES) else len(covered) - len(covered.lstrip())
        if span.start + indent < end:
            trimmed.append(evolve(span, start=span.start + indent, end=end))
    return trimmed


def _cut(span: _Span, borders: Sequence[int]) -> Iterator[_Span]:
    """Yield the span in pieces between the borders within it, which are sorted; half a custom emoji is none."""
    inner = borders[bisect_right(borders, span.start) : bisect_left(borders, span.end)]
    if inner and span.is_one_of(("custom_emoji",)):
        return
    for start, end in zip((span.start, *inner), (*inner, span.end), strict=True):
        yield evolve(span, start=start, end=end)


def _apart(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Yield spans that do not overlap: what is within an earlier one goes, what reaches beyond it begins after it."""
    reached = 0
    for span in sorted(spans, key=lambda span: span.order):
        if span.end <= reached or (span.start < reached and span.is_one_of(("custom_emoji",))):
            continue
        yield evolve(span, start=max(span.start, reached))
        reached = span.end


def _merged(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Yield the spans with those of one type that overlap or touch made one."""
    last: dict[str, _Span] = {}
    for span in sorted(spans, key=lambda span: span.order):
        earlier = last.get(span.entity.type)
        if earlier is not None and span.start <= earlier.end:
            span = evolve(earlier, end=max(earlier.end, span.end))
        elif earlier is not None:
            yield earlier
        last[span.entity.type] = span
    yield from last.values()


def _outside(span: _Span, holes: Sequence[_Span]) -> Iterator[_Span]:
    """Yield the pieces of ``span`` outside the holes, which are sorted and apart."""
    start = span.start
    for hole in holes[bisect_right(holes, span.start, key=lambda hole: hole.end) :]:
        if hole.start >= span.end:
            break
        if start < hole.start:
            yield evolve(span, start=start, end=hole.start)
        start = hole.end
    if start < span.end:
        yield evolve(span, start=start)


def _crossings(span: _Span, containers: Sequence[_Span]) -> list[int]:
    """Return where ``span`` crosses the ends of containers, which are sorted and apart: at most two places."""
    at_start = bisect_right(containers, span.start, key=lambda container: container.start) - 1
    at_end = bisect_left(containers, span.end, key=lambda container: container.start) - 1
    crossings = []
    if at_start >= 0 and containers[at_start].start < span.start < containers[at_start].end < span.end:
        crossings.append(containers[at_start].end)
    if at_end >= 0 and span.start < containers[at_end].start < span.end < containers[at_end].end:
        crossings.append(containers[at_end].start)
    return crossings


def _nested(text: str, spans: Iterable[_Span]) -> Iterator[_Span]:
    """Yield the spans, nested or apart: one that reaches beyond the end of an outer one goes on after it.

    Spans come in and go out without whitespace at their ends.
    """
    waiting = [(span.order, span) for span in spans]
    heapify(waiting)
    open_ends: list[int] = []
    while waiting:
        _, span = heappop(waiting)
        while open_ends and open_ends[-1] <= span.start:
            open_ends.pop()
        if open_ends and open_ends[-1] < span.end:
            for rest in _trimmed(text, [evolve(span, start=open_ends[-1])]):
                heappush(waiting, (rest.order, rest))
            span = evolve(span, end=open_ends[-1])
        open_ends.append(span.end)
        yield span

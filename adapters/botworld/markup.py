"""Markup that a bot writes into its text: ``HTML`` and ``MarkdownV2`` (https://core.telegram.org/bots/api#formatting-options).

``parsed`` turns it into plain text and entities, or refuses it in Telegram's words. The old ``Markdown`` mode is
left out: Telegram keeps it for old bots only.
"""

import html
import re
from typing import NoReturn

from attrs import define, field

from adapters.botworld.entities import utf16_length
from adapters.botworld.values import Json, bad_request

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)>")
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""")
_LANGUAGE = re.compile(r"""class\s*=\s*["']?language-([^\s"']+)""")
_MARKS = {"*": "bold", "_": "italic", "~": "strikethrough", "__": "underline", "||": "spoiler"}
_MARK_NAMES = {"text_link": "TextUrl", "pre": "Pre", "code": "Code"}
_RESERVED = frozenset("]()>#+-=|{}.!")


@define
class _Text:
    """Plain text as it is built up, and the entities found so far."""

    pieces: list[str] = field(factory=list)
    length: int = 0
    entities: list[Json] = field(factory=list)

    def add(self, piece: str) -> None:
        self.pieces.append(piece)
        self.length += utf16_length(piece)

    def mark(self, kind: str, start: int, **more: str) -> None:
        if self.length > start:
            self.entities.append({"offset": start, "length": self.length - start, "type": kind, **more})

    def done(self) -> tuple[str, list[Json]]:
        ordered = sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.pieces), ordered


@define
class _Open:
    """A tag or mark that was opened: its spelling, kind, place in the plain text, and place in the source."""

    name: str
    kind: str
    start: int
    byte: int
    extra: str = ""


def parsed(text: str, mode: str) -> tuple[str, list[Json]]:
    """Return plain text and entities. Raises ApiError for broken markup or an unknown mode."""
    match mode.lower():
        case "html":
            return _parse_html(text)
        case "markdownv2":
            return _MarkdownV2(text).run()
        case _:
            raise bad_request("unsupported parse_mode")


def _byte(text: str, index: int) -> int:
    return len(text[:index].encode("utf-8", "surrogatepass"))


def _unparsable(reason: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {reason}")


def _parse_html(text: str) -> tuple[str, list[Json]]:
    out = _Text()
    open_tags: list[_Open] = []
    at = 0
    while (start := text.find("<", at)) >= 0:
        out.add(html.unescape(text[at:start]))
        tag = _TAG.match(text, start)
        if tag is None:
            name = re.split(r"[\s>]", text[start + 1 :], maxsplit=1)[0]
            _unparsable(f'Unsupported start tag "{name}" at byte offset {_byte(text, start)}')
        _take_tag(tag, out, open_tags)
        at = tag.end()
    out.add(html.unescape(text[at:]))
    if open_tags:
        _unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1].name}"')
    return out.done()


def _take_tag(tag: re.Match[str], out: _Text, open_tags: list[_Open]) -> None:
    name = tag[2].lower()
    byte = _byte(tag.string, tag.start())
    if tag[1]:
        if not open_tags:
            _unparsable(f"Unexpected end tag at byte offset {byte}")
        opened = open_tags.pop()
        if opened.name != name:
            expected = f'expected "</{opened.name}>", found "</{name}>"'
            _unparsable(f"Unmatched end tag at byte offset {byte}, {expected}")
        _close_tag(opened, out)
        return
    kind = _TAGS.get(name)
    if kind is None:
        _unparsable(f'Unsupported start tag "{name}" at byte offset {byte}')
    attribute = (_HREF if kind == "text_link" else _LANGUAGE).search(tag[3])
    value = next((part for part in attribute.groups() if part is not None), "") if attribute else ""
    open_tags.append(_Open(name, kind, out.length, byte, html.unescape(value)))


def _close_tag(opened: _Open, out: _Text) -> None:
    inside = out.entities[-1] if out.entities else {}
    whole = ("code", opened.start, out.length - opened.start)
    if opened.kind == "text_link":
        if opened.extra:
            out.mark("text_link", opened.start, url=opened.extra)
    elif opened.kind == "code" and opened.extra:
        out.mark("code", opened.start, language=opened.extra)
    elif opened.kind == "pre" and (inside.get("type"), inside.get("offset"), inside.get("length")) == whole:
        # Code that fills a block names the block's language; it is no entity of its own.
        inside["type"] = "pre"
    else:
        out.mark(opened.kind, opened.start)


class _MarkdownV2:
    """One run over a text in ``MarkdownV2``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out = _Text()
        self._open: list[_Open] = []
        self._quote: int | None = None

    def run(self) -> tuple[str, list[Json]]:
        """Return plain text and entities."""
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            if char == "\\" and self._at + 1 < len(text):
                self._out.add(text[self._at + 1])
                self._at += 2
            elif char == "`":
                self._code()
            elif char == ">" and (self._at == 0 or text[self._at - 1] == "\n"):
                self._quote = self._out.length if self._quote is None else self._quote
                self._at += 1
            elif not self._mark(char):
                self._plain(char)
        self._end_quote()
        if self._open:
            self._unclosed(self._open[-1])
        return self._out.done()

    def _plain(self, char: str) -> None:
        if char in _RESERVED:
            _unparsable(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        if char == "\n" and self._text[self._at + 1 : self._at + 2] != ">":
            self._end_quote()
        self._out.add(char)
        self._at += 1

    def _mark(self, char: str) -> bool:
        """Open or close a mark at the current place; False where there is none."""
        if char == "[":
            self._open.append(_Open("[", "text_link", self._out.length, _byte(self._text, self._at)))
            self._at += 1
            return True
        if char == "]" and self._open and self._open[-1].kind == "text_link":
            self._link()
            return True
        pair = self._text[self._at : self._at + 2]
        name = pair if pair in _MARKS else char
        kind = _MARKS.get(name)
        if kind is None:
            return False
        if self._open and self._open[-1].name == name:
            opened = self._open.pop()
            self._out.mark(kind, opened.start)
        else:
            self._open.append(_Open(name, kind, self._out.length, _byte(self._text, self._at)))
        self._at += len(name)
        return True

    def _link(self) -> None:
        opened = self._open.pop()
        self._at += 1
        url = ""
        if self._text[self._at : self._at + 1] == "(":
            end = re.compile(r"(?:\\.|[^)\\])*").match(self._text, self._at + 1)
            stop = end.end() if end else len(self._text)
            if self._text[stop : stop + 1] != ")":
                _unparsable(f"Can't find end of a URL at byte offset {_byte(self._text, self._at + 1)}")
            url = re.sub(r"\\(.)", r"\1", self._text[self._at + 1 : stop])
            self._at = stop + 1
        if url:
            self._out.mark("text_link", opened.start, url=url)

    def _code(self) -> None:
        fence = "```" if self._text.startswith("```", self._at) else "`"
        kind = "pre" if fence == "```" else "code"
        opened = _Open(fence, kind, self._out.length, _byte(self._text, self._at))
        body = re.compile(r"(?:\\.|(?!" + fence + r")[^\\])*", re.DOTALL).match(
            self._text, self._at + len(fence)
        )
        stop = body.end() if body else len(self._text)
        if not self._text.startswith(fence, stop):
            self._unclosed(opened)
        inner = re.sub(r"\\(.)", r"\1", self._text[self._at + len(fence) : stop], flags=re.DOTALL)
        language = re.match(r"([^\s`]+)\n|\n", inner) if kind == "pre" else None
        self._out.add(inner[language.end() :] if language else inner)
        if language and language[1]:
            self._out.mark(kind, opened.start, language=language[1])
        else:
            self._out.mark(kind, opened.start)
        self._at = stop + len(fence)

    def _end_quote(self) -> None:
        if self._quote is not None:
            self._out.mark("blockquote", self._quote)
            self._quote = None

    def _unclosed(self, opened: _Open) -> NoReturn:
        name = _MARK_NAMES.get(opened.kind, opened.kind.capitalize())
        _unparsable(f"Can't find end of {name} entity at byte offset {opened.byte}")

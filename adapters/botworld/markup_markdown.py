"""Markup in ``MarkdownV2`` and in the old ``Markdown``, after ``parse_markdown_v2`` and ``parse_markdown`` of tdlib.

https://core.telegram.org/bots/api#markdownv2-style
"""

import re
from typing import NoReturn

from attrs import frozen

from adapters.botworld.markup_text import Built, byte_at, emoji_id, unparsable
from adapters.botworld.values import Json

_MARKS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "`": "code"}
_ENDS = {kind: mark for mark, kind in _MARKS.items()} | {"pre": "```", "text_link": "]", "custom_emoji": "]"}
_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_NAMES = {"text_link": "TextUrl", "custom_emoji": "CustomEmoji", "blockquote": "BlockQuote"}
_LANGUAGE = re.compile(r"([^\s`]+)(?=\s)")
_LINE_END = re.compile(r"\r\n|\n\r|\r|\n")


@frozen
class _Open:
    """A mark that was opened: its kind, its places in the plain text and in the source, the language of code."""

    kind: str
    start: int
    piece: int
    at: int
    language: str = ""


class _MarkdownV2:
    """One run over a text in ``MarkdownV2``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out = Built()
        self._open: list[_Open] = []
        self._is_quoting = False
        self._may_quote = True

    def run(self) -> tuple[str, list[Json]]:
        """Return plain text and entities. Raises ApiError."""
        while self._at < len(self._text):
            self._step()
        if self._is_quoting:
            self._end_quote_at_end()
        if self._open:
            self._unclosed(self._open[-1])
        return self._out.done()

    def _next_is(self, piece: str) -> bool:
        return self._text.startswith(piece, self._at)

    def _step(self) -> None:
        char = self._text[self._at]
        following = self._text[self._at + 1 : self._at + 2]
        if char == "\\" and following and 0 < ord(following) <= 126:
            self._plain(following, 2)
        elif char not in ("`" if self._in_code() else _RESERVED):
            self._plain(char, 1)
        elif self._ends(char, following):
            self._end(char)
        else:
            self._begin(char)

    def _plain(self, char: str, width: int) -> None:
        self._out.add(char)
        self._at += width
        if char != "\r":
            self._may_quote = char == "\n"

    def _in_code(self) -> bool:
        return bool(self._open) and self._open[-1].kind in ("code", "pre")

    def _ends(self, char: str, following: str) -> bool:
        """Whether what stands here ends the innermost entity."""
        if not self._open:
            return False
        if self._is_quoting and char == "\n" and following != ">":
            return True
        kind = self._open[-1].kind
        if kind == "italic":
            return char == "_" and following != "_"
        return kind in _ENDS and self._next_is(_ENDS[kind])

    def _begin(self, char: str) -> None:
        at = self._at
        if char == "\n":
            self._plain("\n", 1)
            return
        if char == ">" and self._may_quote:
            self._at += 1
            if not self._is_quoting:
                self._is_quoting = True
                self._push("blockquote", at)
            return
        if self._next_is("```"):
            self._begin_block(at)
            return
        name = next((mark for mark in ("__", "||", "*", "_", "~", "`") if self._next_is(mark)), None)
        kind = _MARKS[name] if name else {"[": "text_link", "!": "custom_emoji"}.get(char)
        if kind is None or (char == "!" and not self._next_is("![")):
            unparsable(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        self._at += len(name) if name else (2 if char == "!" else 1)
        self._push(kind, at)

    def _begin_block(self, at: int) -> None:
        self._at += 3
        language = _LANGUAGE.match(self._text, self._at)
        if language:
            self._at = language.end()
        if line_end := _LINE_END.match(self._text, self._at):
            self._at = line_end.end()
        self._push("pre", at, language[1] if language else "")

    def _push(self, kind: str, at: int, language: str = "") -> None:
        self._open.append(_Open(kind, self._out.length, len(self._out.pieces), at, language))

    def _end(self, char: str) -> None:
        if char == "\n" and self._is_quoting:
            self._end_quote()
            return
        opened = self._open.pop()
        out = self._out
        match opened.kind:
            case "text_link":
                self._at += 1
                url = self._url() if self._next_is("(") else out.since(opened.piece)
                out.link(url, opened.start)
                return
            case "custom_emoji":
                self._emoji(opened)
                return
            case "pre" if opened.language:
                out.mark("pre", opened.start, language=opened.language)
            case kind:
                out.mark(kind, opened.start)
        self._at += {"underline": 2, "spoiler": 2, "pre": 3}.get(opened.kind, 1)

    def _emoji(self, opened: _Open) -> None:
        self._at += 1
        if not self._next_is("("):
            unparsable("The entity must contain a tg://emoji or tg://time URL")
        number = emoji_id(self._url())
        if number is None:
            unparsable("Invalid tg://emoji or tg://time URL specified")
        self._out.mark("custom_emoji", opened.start, custom_emoji_id=number)

    def _url(self) -> str:
        found = re.compile(r"(?:\\[\x01-\x7e]|[^)])*").match(self._text, self._at + 1)
        stop = found.end() if found else len(self._text)
        if self._text[stop : stop + 1] != ")":
            unparsable(f"Can't find end of a URL at byte offset {byte_at(self._text, self._at + 1)}")
        url = re.sub(r"\\([\x01-\x7e])", r"\1", self._text[self._at + 1 : stop])
        self._at = stop + 1
        return url

    def _end_quote(self) -> None:
        """End the block quotation at a line end; a spoiler mark right before it makes it expandable."""
        kind = "blockquote"
        if self._open[-1].kind == "spoiler" and self._open[-1].at == self._at - 2:
            self._open.pop()
            kind = "expandable_blockquote"
        if self._open[-1].kind != "blockquote":
            self._unclosed(self._open[-1])
        opened = self._open.pop()
        self._is_quoting = False
        self._out.mark(kind, opened.start)
        self._plain("\n", 1)

    def _end_quote_at_end(self) -> None:
        kind = "blockquote"
        if self._open[-1].kind == "spoiler" and self._open[-1].at == len(self._text) - 2:
            self._open.pop()
            kind = "expandable_blockquote"
        if self._open[-1].kind == "blockquote":
            self._out.mark(kind, self._open.pop().start)

    def _unclosed(self, opened: _Open) -> NoReturn:
        name = _NAMES.get(opened.kind, opened.kind.capitalize())
        if opened.kind == "pre" and opened.language:
            name = "PreCode"
        unparsable(f"Can't find end of {name} entity at byte offset {byte_at(self._text, opened.at)}")


def parse_markdown_v2(text: str) -> tuple[str, list[Json]]:
    """Return plain text and entities. Raises ApiError for broken markup."""
    return _MarkdownV2(text).run()


def parse_markdown(text: str) -> tuple[str, list[Json]]:
    """Return plain text and entities of the old ``Markdown``, which knows no nesting. Raises ApiError."""
    out = Built()
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in tuple("_*`["):
            out.add(text[at + 1])
            at += 2
        elif char in "_*`[":
            at = _old_entity(text, at, out)
        else:
            out.add(char)
            at += 1
    return out.done()


def _old_entity(text: str, begin: int, out: Built) -> int:
    """Take in the entity that begins here and return the place after it."""
    mark = "```" if text.startswith("```", begin) else text[begin]
    end_mark = "]" if mark == "[" else mark
    at = begin + len(mark)
    language = ""
    if mark == "```":
        if named := _LANGUAGE.match(text, at):
            language, at = named[1], named.end()
        if line_end := _LINE_END.match(text, at):
            at = line_end.end()
    end = text.find(end_mark, at)
    if end < 0:
        unparsable(f"Can't find end of the entity starting at byte offset {byte_at(text, begin)}")
    start = out.length
    out.add(text[at:end])
    after = end + len(end_mark)
    if mark == "[":
        url = text[at:end]
        if text[after : after + 1] == "(":
            close = text.find(")", after)
            close = len(text) if close < 0 else close
            url, after = text[after + 1 : close], close + 1
        out.link(url, start)
    elif mark == "```":
        out.mark("pre", start, **({"language": language} if language else {}))
    else:
        out.mark({"_": "italic", "*": "bold", "`": "code"}[mark], start)
    return after

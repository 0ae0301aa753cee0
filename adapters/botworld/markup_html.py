"""Markup in ``HTML`` (https://core.telegram.org/bots/api#html-style), after ``parse_html`` of tdlib."""

import re

from attrs import frozen

from adapters.botworld.markup_text import Built, byte_at, unparsable
from adapters.botworld.values import Json

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
    "tg-time": "date_time",
}
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot)(?![A-Za-z]));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"[^\s=>/\"']*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_SPACE = re.compile(r"\s*")


@frozen
class _Open:
    """A tag that was opened: its name, what its attributes say, and its place in the plain text."""

    name: str
    attributes: dict[str, str]
    start: int
    piece: int


def parse_html(text: str) -> tuple[str, list[Json]]:
    """Return plain text and entities. Raises ApiError for broken markup."""
    out = Built()
    open_tags: list[_Open] = []
    at = 0
    while (start := text.find("<", at)) >= 0:
        out.add(_unescaped(text[at:start]))
        if text.startswith("</", start):
            at = _end_tag(text, start, out, open_tags)
        else:
            opened, at = _start_tag(text, start, out)
            open_tags.append(opened)
    out.add(_unescaped(text[at:]))
    if open_tags:
        unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1].name}"')
    return out.done()


def _unescaped(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return _NAMED[match[3]]
    code = int(match[1], 16) if match[1] else int(match[2])
    is_character = 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else match[0]


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _start_tag(text: str, start: int, out: Built) -> tuple[_Open, int]:
    byte = byte_at(text, start)
    at = _skip(_NAME, text, start + 1)
    if at >= len(text):
        unparsable(f"Unclosed start tag at byte offset {byte}")
    name = text[start + 1 : at].lower()
    if name not in _TAGS:
        unparsable(f'Unsupported start tag "{name}" at byte offset {byte}')
    attributes: dict[str, str] = {}
    while text[at : at + 1] != ">":
        at = _skip(_SPACE, text, at)
        if text[at : at + 1] == ">":
            break
        at = _attribute(text, at, name, byte, attributes)
    if name == "span" and attributes.get("class") != "tg-spoiler":
        unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {byte}')
    return _Open(name, attributes, out.length, len(out.pieces)), at + 1


def _attribute(text: str, at: int, tag: str, byte: int, attributes: dict[str, str]) -> int:
    """Read one attribute of a start tag and return the place after it."""
    end = _skip(_ATTRIBUTE, text, at)
    name = text[at:end]
    if not name:
        unparsable(f'Empty attribute name in the tag "{tag}" at byte offset {byte}')
    at = _skip(_SPACE, text, end)
    if at >= len(text):
        unparsable(f'Unclosed start tag "{tag}" at byte offset {byte}')
    if text[at] != "=":
        attributes[name] = "1"
        return at
    at = _skip(_SPACE, text, at + 1)
    if at >= len(text):
        unparsable(f'Unclosed start tag "{tag}" at byte offset {byte}')
    quote = text[at]
    if quote in "\"'":
        end = text.find(quote, at + 1)
        if end < 0 or end + 1 >= len(text):
            unparsable(f"Unclosed start tag at byte offset {byte}")
        attributes[name] = _unescaped(text[at + 1 : end])
        return end + 1
    end = _skip(_TOKEN, text, at)
    if end < len(text) and not text[end].isspace() and text[end] != ">":
        unparsable(f"Unexpected end of name token at byte offset {byte_at(text, at)}")
    if end >= len(text):
        unparsable(f"Unclosed start tag at byte offset {byte}")
    attributes[name] = text[at:end].lower()
    return end


def _end_tag(text: str, start: int, out: Built, open_tags: list[_Open]) -> int:
    byte = byte_at(text, start)
    if not open_tags:
        unparsable(f"Unexpected end tag at byte offset {byte}")
    end = _skip(_NAME, text, start + 2)
    name = text[start + 2 : end].lower()
    end = _skip(_SPACE, text, end)
    if text[end : end + 1] != ">":
        unparsable(f"Unclosed end tag at byte offset {byte}")
    opened = open_tags.pop()
    if name and name != opened.name:
        expected = f'expected "</{opened.name}>", found "</{name}>"'
        unparsable(f"Unmatched end tag at byte offset {byte}, {expected}")
    if out.length > opened.start:
        _close(opened, out)
    return end + 1


def _close(opened: _Open, out: Built) -> None:
    kind = _TAGS[opened.name]
    last = out.entities[-1] if out.entities else {}
    is_whole = (last.get("offset"), last.get("length")) == (opened.start, out.length - opened.start)
    language = opened.attributes.get("class", "")
    language = language.removeprefix("language-") if language.startswith("language-") else ""
    match kind:
        case "text_link":
            out.link(opened.attributes.get("href") or out.since(opened.piece), opened.start)
        case "custom_emoji":
            number = opened.attributes.get("emoji-id", "")
            if not number.lstrip("-").isdigit() or int(number) == 0:
                unparsable("Invalid custom emoji identifier specified")
            out.mark(kind, opened.start, custom_emoji_id=number)
        case "blockquote":
            out.mark("expandable_blockquote" if "expandable" in opened.attributes else kind, opened.start)
        case "pre" if is_whole and last["type"] == "code" and "language" in last:
            # Code that fills a block names the block's language; it is no entity of its own.
            last["type"] = "pre"
        case "code" if is_whole and last["type"] == "pre" and language:
            last["language"] = language
        case "code" if language:
            out.mark(kind, opened.start, language=language)
        case "date_time":
            if opened.attributes.get("unix", "").isdigit():
                out.mark(kind, opened.start, unix_time=int(opened.attributes["unix"]))
        case _:
            out.mark(kind, opened.start)

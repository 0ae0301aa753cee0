"""What Markdown looks like in Telegram: events of the reader to a text with entities.

Telegram has no headings, lists, rules or tables, so these become text: bold lines, bullets, a line of dashes. What
cannot be shown as it is meant (a link that Telegram does not take, HTML) is shown as it is written: nothing is lost.
Not here: reading (``adapters.markdown.source``), what Telegram accepts (``domain.formatting``).
"""

import re
from typing import Any

from attrs import define, field

from adapters.markdown.builder import Builder
from adapters.markdown.pairs import Mark, find_pairs
from adapters.markdown.source import Events
from adapters.markdown.tables import write_table
from domain.events.telegram import Entity
from domain.formatting import is_link

BULLET, DONE, OPEN = "•", "☑", "☐"
RULE = "———"
# A phone is narrow: deeper lists are not indented further.
INDENT_LEVELS_MAX = 6
TAB_COLUMNS = 4
_STYLES = {"Strong": "bold", "Emphasis": "italic", "Strikethrough": "strikethrough"}
_LINKS = ("Link", "Image")
_INLINE = (*_STYLES, *_LINKS)
_TABLE = ("Table", "TableHead", "TableRow", "TableCell")
_EMOJI = "tg://emoji?id="
# Addresses of what Telegram finds by itself where it is shown.
_SPOKEN = ("mailto:", "tel:")
# What leads nowhere from a chat: a place on the same page, and a picture in its own address.
_NOWHERE = ("#", "data:")
_LOOK_BACK_BYTES = 256
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def render(raw: bytes, events: Events) -> tuple[str, list[Entity]]:
    """Return the text and the entities of the source ``raw``, in UTF-8, that was read as ``events``."""
    renderer = _Renderer(raw, find_pairs(events))
    for index, (event, place) in enumerate(events):
        renderer.take(index, event, place["start"])
    return renderer.out.text.rstrip(), renderer.out.entities


def _named(part: Any) -> tuple[str, Any]:
    """Return the name of an event or tag, and what it says beside."""
    return (part, None) if isinstance(part, str) else next(iter(part.items()))


@define
class _Opened:
    """What began and has not ended: where, in units and in pieces of the text, and the address of a link."""

    units: int
    pieces: int
    url: str = ""
    is_literal: bool = False


@define
class _Renderer:
    raw: bytes
    pairs: dict[int, list[Mark]]
    out: Builder = field(factory=Builder)
    # Styles, links, pictures and headings, the innermost last; and the opened marks of each kind.
    opened: list[_Opened] = field(factory=list)
    marked: dict[str, list[int]] = field(factory=dict)
    # The number of the next item of each open list; None where items have bullets.
    lists: list[int | None] = field(factory=list)
    # How many quotes are open, where the outermost began, and how many lists it is in.
    quotes: int = 0
    quote_since: int = 0
    quoted_lists: int = 0
    # The code block that is open: its lines, its language and where its source begins.
    code: list[str] | None = None
    code_info: str = ""
    code_start: int = 0
    # The table that is open, and the text around it while ``out`` is one of its cells.
    rows: list[list[Builder]] = field(factory=list)
    page: Builder | None = None
    # A bullet that waits for the text of its item, and how many line ends are due before what comes next.
    prefix: str = ""
    due: int = 0

    def take(self, index: int, event: Any, start: int) -> None:
        """Render one event, whose source begins at the byte ``start``."""
        name, value = _named(event)
        match name:
            case "Start":
                tag, about = _named(value)
                if tag in _INLINE:
                    self._start_inline(tag, about, start)
                elif tag in _TABLE:
                    self._start_table(tag, start)
                else:
                    self._start_block(tag, about, start)
            case "End":
                tag, _ = _named(value)
                if tag in _INLINE:
                    self._end_inline(tag, self.opened.pop())
                elif tag in _TABLE:
                    self._end_table(tag)
                else:
                    self._end_block(tag)
            case "Rule":
                self._begin_block(start)
                self._write(RULE)
                self.due = max(self.due, 1)
            case "TaskListMarker":
                self.prefix = f"{self._indent(-1)}{DONE if value else OPEN} "
            case _:
                self._inline(name, value, index)

    def _inline(self, name: str, value: str, index: int) -> None:
        match name:
            case "Text" if self.code is not None:
                self.code.append(value)
            case "Text" | "InlineHtml":
                self._marked(index, value)
            case "Code" | "InlineMath":
                self._solid("code", value)
            case "DisplayMath":
                self._formula(value.strip())
            case "Html":
                self._write(value)
            case "FootnoteReference":
                self._write(f"[{value}]")
            case "SoftBreak" | "HardBreak":
                self._line_break()

    def _start_inline(self, tag: str, about: Any, start: int) -> None:
        self._ready()
        # A single tilde means "about".
        is_literal = tag == "Strikethrough" and self.raw[start : start + 2] != b"~~"
        self.out.write("~" if is_literal else "")
        self._open(about["dest_url"].replace(" ", "%20") if tag in _LINKS else "", is_literal=is_literal)

    def _end_inline(self, tag: str, opened: _Opened) -> None:
        if opened.is_literal:
            self._write("~")
        elif tag in _STYLES:
            self.out.put(_STYLES[tag], opened.units)
        elif opened.url.startswith(_EMOJI) and tag == "Image":
            self.out.put("custom_emoji", opened.units, custom_emoji_id=opened.url.removeprefix(_EMOJI))
        else:
            self._end_link(opened)

    def _start_table(self, tag: str, start: int) -> None:
        if tag == "Table":
            self._begin_block(start)
            self.rows = []
        elif tag == "TableCell":
            self.page, self.out = self.out, Builder()
        else:
            self.rows.append([])

    def _end_table(self, tag: str) -> None:
        if tag == "TableCell":
            assert self.page is not None
            self.rows[-1].append(self.out)
            self.out, self.page = self.page, None
            self.due = 0
        elif tag == "Table":
            write_table(self.out, self.rows)
            self.due = max(self.due, 1)

    def _start_block(self, tag: str, about: Any, start: int) -> None:
        match tag:
            case "Paragraph":
                self._begin_block(start, joins=True)
            case "Heading":
                self._begin_block(start, joins=True)
                self._ready()
                self._open()
            case "List":
                self.lists.append(about)
            case "Item":
                self._start_item(start)
            case "CodeBlock":
                self.code, self.code_start = [], start
                self.code_info = _named(about)[1] or ""
            case "BlockQuote":
                self._start_quote(about, start)
            case "FootnoteDefinition":
                self._begin_block(start)
                self.prefix = f"[{about}] "
            case "HtmlBlock":
                self._begin_block(start)

    def _end_block(self, tag: str) -> None:
        match tag:
            case "Heading":
                self.out.put("bold", self.opened.pop().units)
            case "List":
                self.lists.pop()
            case "CodeBlock":
                self._end_code()
                return
            case "BlockQuote":
                self._end_quote()
            case _:
                self._flush()
        self.due = max(self.due, 1)

    def _start_item(self, start: int) -> None:
        self._begin_block(start)
        number = self.lists[-1]
        self.prefix = f"{self._indent(-1)}{BULLET if number is None else f'{number}.'} "
        if number is not None:
            self.lists[-1] = number + 1

    def _start_quote(self, alert: str | None, start: int) -> None:
        self._begin_block(start)
        if not self.quotes:
            self.quote_since, self.quoted_lists = self.out.units, len(self.lists)
        self.quotes += 1
        if alert is not None:
            since = self.out.units
            self._write(alert)
            self.out.put("bold", since)
            self.due = max(self.due, 1)

    def _end_quote(self) -> None:
        self._flush()
        self.quotes -= 1
        if not self.quotes:
            # Telegram has no quotes within quotes.
            self.out.put("blockquote", self.quote_since)
            self.quoted_lists = 0

    def _end_code(self) -> None:
        # Of a tab, Telegram makes one space.
        text = "".join(self.code or ()).removesuffix("\n").expandtabs(TAB_COLUMNS)
        self.code = None
        if text.strip():
            self._begin_block(self.code_start)
            # "python title=x", "rust,ignore" and "{.python}" name a language and more.
            words = re.split(r"[\s,{}]+", self.code_info.lstrip("{").lstrip("."))
            self._put_solid("pre", text, language=words[0] or None)
            self.due = max(self.due, 1)

    def _end_link(self, opened: _Opened) -> None:
        covered, url = self.out.since(opened.pieces).strip(), opened.url
        if is_link(url):
            self.out.write("" if covered else url)
            self.out.put("text_link", opened.units, url=url)
            return
        for prefix in _SPOKEN:
            url = url.removeprefix(prefix)
        if url and not url.startswith(_NOWHERE) and url not in covered:
            self.out.write(f" ({url})" if covered else url)

    def _marked(self, index: int, text: str) -> None:
        """Write text with the marks in it that have a partner; HTML of other kinds is text."""
        done = 0
        for mark in self.pairs.get(index, ()):
            self._write(text[done : mark.at])
            if mark.opens:
                self._ready()
                self.marked.setdefault(mark.kind, []).append(self.out.units)
            else:
                self.out.put(mark.kind, self.marked[mark.kind].pop())
            done = mark.at + mark.length
        if _LINE_BREAK.fullmatch(text):
            self._line_break()
        else:
            self._write(text[done:])

    def _solid(self, kind: str, text: str) -> None:
        self._ready()
        self._put_solid(kind, text)

    def _put_solid(self, kind: str, text: str, language: str | None = None) -> None:
        since = self.out.units
        self.out.write(text)
        self.out.put(kind, since, language=language)

    def _formula(self, formula: str) -> None:
        """Write a display formula: on lines of its own, save in a cell."""
        if self.page is not None:
            self._solid("code", formula)
            return
        self._flush()
        self._break(1)
        self._put_solid("pre", formula)
        self.due = max(self.due, 1)

    def _line_break(self) -> None:
        self._flush()
        self.due += 1

    def _write(self, text: str) -> None:
        if self.due:
            text = text.lstrip(" ")
        if text:
            self._ready()
            self.out.write(text)

    def _ready(self) -> None:
        """Make the place where inline text may go on."""
        if self.prefix:
            self.out.write(self.prefix)
            self.prefix = ""
        elif self.due:
            self._break(self.due)
            self.out.write(self._indent())
        self.due = 0

    def _flush(self) -> None:
        """Write the bullet that waits, though no text follows it on its line."""
        prefix, self.prefix = self.prefix.rstrip(), ""
        self.out.write(prefix)

    def _open(self, url: str = "", *, is_literal: bool = False) -> None:
        self.opened.append(_Opened(self.out.units, self.out.mark(), url, is_literal))

    def _indent(self, levels: int = 0) -> str:
        return "  " * min(len(self.lists) - self.quoted_lists + levels, INDENT_LEVELS_MAX)

    def _begin_block(self, start: int, *, joins: bool = False) -> None:
        """Begin a line, after an empty one where the source has one too; a paragraph joins its bullet."""
        if self.prefix and joins:
            return
        newlines = 1 if self.prefix or not self._has_gap(start) else 2
        self._flush()
        self._break(newlines)
        self.due = 0
        if joins:
            self.out.write(self._indent())

    def _break(self, newlines: int) -> None:
        if self.out.units:
            self.out.write("\n" * (newlines - self.out.newlines))

    def _has_gap(self, start: int) -> bool:
        """Return whether an empty line stands in the source before the byte ``start``."""
        before = self.raw[max(0, start - _LOOK_BACK_BYTES) : start].rstrip(b" \t>")
        return before.endswith(b"\n") and before[:-1].rstrip(b" \t>").endswith(b"\n")

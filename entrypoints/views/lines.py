"""Plain aligned text for a terminal of 100 columns and for a pipe, without colours; and the same values as JSON.

What comes from the database or from Redis is shown with ``plain``: on one line, without credentials, and without
characters that a terminal would obey. Not here: what is shown (the other modules of this folder).
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import click
import orjson

from domain.envelope import timestamp_of
from domain.redaction import one_line

COLUMNS = 100
GAP = "  "
NONE = "-"
# So many characters of a trace id tell it from all others, and `openclaw trace` takes them for the whole.
TRACE_CHARS = 12


def plain(text: str, chars_max: int = 1000) -> str:
    """Return ``text`` as it may be shown."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in one_line(text, chars_max))


def row_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line with each cell as wide as told; a wider one pushes the rest aside."""
    return GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return a heading and a line a row, each column as wide as its widest cell; ``right`` are set to the right."""
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    return [
        GAP.join(
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]


def note(text: str) -> list[str]:
    """Return a text that belongs to the row above it, indented and broken at the last column."""
    return textwrap.wrap(plain(text), COLUMNS, initial_indent="    ", subsequent_indent="    ")


def with_notes(lines: Sequence[str], notes: Sequence[str]) -> list[str]:
    """Put the note of each row under it; ``lines`` starts with a heading."""
    found = [lines[0]]
    for line, text in zip(lines[1:], notes, strict=True):
        found += [line, *(note(text) if text else ())]
    return found


def moment(seconds: float) -> str:
    """Return an instant as people read it, in UTC: ``2026-11-22 16:59:23.631``."""
    return timestamp_of(seconds).replace("T", " ")[:23]


def owner(scope: str | None) -> str:
    """Return the scope without its bot: ``u7`` is a user's private chat, ``c-1007`` a group."""
    return plain(scope).partition(":")[2] or NONE if scope else NONE


def print_lines(lines: Iterable[str]) -> None:
    """Print each line on standard output."""
    for line in lines:
        click.echo(line)


def json_text(value: Mapping[str, object]) -> str:
    """Return ``value`` as JSON on one line; UUIDs as text."""
    # The driver's UUIDs are of a class of their own.
    return orjson.dumps(value, default=str).decode()

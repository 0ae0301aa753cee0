"""Tables, which Telegram has none of: a grid in fixed width where it fits a phone, else a list of records.

Not here: reading them (``adapters.markdown.render``).
"""

import unicodedata
from collections.abc import Sequence

from adapters.markdown.builder import Builder

# What a phone shows of fixed width without breaking the lines.
GRID_COLUMNS_MAX = 40

Row = Sequence[Builder]


def write_table(out: Builder, rows: Sequence[Row]) -> None:
    """Write the rows, of which the first is the head.

    A grid has no formatting in it, so a table with links is a list; so is one with a cell of several lines.
    """
    is_plain = all(not cell.has_links and "\n" not in cell.text.strip() for row in rows for cell in row)
    widths = [max(_width(row[n].text.strip()) for row in rows) for n in range(len(rows[0]))] if rows else []
    if is_plain and sum(widths) + 3 * (len(widths) - 1) <= GRID_COLUMNS_MAX:
        _write_grid(out, rows, widths)
    else:
        _write_records(out, rows)


def _write_grid(out: Builder, rows: Sequence[Row], widths: Sequence[int]) -> None:
    lines = [
        " | ".join(
            _filled(cell.text.strip(), width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    if len(lines) > 1:
        lines.insert(1, "-+-".join("-" * width for width in widths))
    since = out.units
    out.write("\n".join(lines))
    out.put("pre", since)


def _write_records(out: Builder, rows: Sequence[Row]) -> None:
    """Write each row as lines of ``head: value``; a head alone is a line of its own."""
    head, *records = rows
    for number, row in enumerate(records or [head]):
        out.write("\n" * (2 if number else 0))
        filled = [(name, cell) for name, cell in zip(head, row, strict=True) if cell.text.strip()]
        for line, (name, cell) in enumerate(filled):
            out.write("\n" if line else "")
            if records and name.text.strip():
                since = out.units
                out.write(f"{name.text.strip()}:")
                out.put("bold", since)
                out.write(" ")
            out.extend(cell)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns the text takes: none for marks and joiners, two for wide characters."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

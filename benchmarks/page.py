"""Tables of Markdown, and their places on the pages that show figures. Not here: what is measured."""

from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def put(page: Path, maker: str, name: str, text: str) -> None:
    """Put a table that ``python -m <maker>`` made into its place on the page. Raises RuntimeError without a place."""
    begin, end = f"<!-- {name}: made by python -m {maker} -->\n", f"<!-- end of {name} -->\n"
    found = page.read_text(encoding="utf-8")
    before, opened, rest = found.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise RuntimeError(f"{page} has no place for the table of {name}; put in {begin!r} and {end!r}")
    page.write_text(before + begin + text + end + after, encoding="utf-8")

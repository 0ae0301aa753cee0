"""The rows of a table as text, counted and summed up, so that two copies of a table can be compared.

The text is that of COPY (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"): a line a row. The sum
does not depend on the order of the rows. Not here: moving rows (``dump``, ``load``).
"""

from collections.abc import Sequence
from hashlib import blake2b

from attrs import define, field, frozen

DIGEST_BYTES = 16
_MODULUS = 1 << (8 * DIGEST_BYTES)


@frozen
class Table:
    """A table of the schema ``openclaw`` and those of its columns that are written."""

    name: str
    columns: tuple[str, ...]


@frozen
class Sum:
    """What a table's rows come to: their number, and the sum of their hashes modulo 2^128 in hex digits."""

    rows: int
    digest: str


@define
class Summer:
    """Sums up the lines of a text that comes in pieces."""

    _rows: int = field(default=0, init=False)
    _total: int = field(default=0, init=False)
    _rest: bytes = field(default=b"", init=False)

    def feed(self, piece: bytes) -> None:
        """Take in the next piece, which may end anywhere."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._rows += len(lines)
        for line in lines:
            self._total += int.from_bytes(blake2b(line, digest_size=DIGEST_BYTES).digest(), "big")

    def result(self) -> Sum:
        """Return the sum of the whole lines that came."""
        return Sum(self._rows, f"{self._total % _MODULUS:0{2 * DIGEST_BYTES}x}")


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def selection(table: Table) -> str:
    """Return the query of all rows of a table, those of its partitions included."""
    columns: Sequence[str] = [quoted(column) for column in table.columns]
    return f"select {', '.join(columns)} from openclaw.{quoted(table.name)}"  # noqa: S608 - names of the catalog

"""The file of a backup: a gzipped tar that is written and read from one end to the other.

::

    openclaw-backup.json          what it is: format, versions, time, tables and columns, sequences, rights
    tables/<table>/<number>.copy  rows as COPY's text, in pieces
    checksums.json                what each table comes to, and the SHA-256 of every member

It holds no password. Checksums tell of damage, not of forgery: whoever can write the file can write these, too. Not
here: where rows come from and go to (``adapters.postgres``).
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

import cattrs
from attrs import define, field, frozen

from adapters.postgres.dump import Facts
from adapters.postgres.rows import Sum
from domain.errors import OpenClawError

FORMAT = 1
ABOUT, CHECKSUMS = "openclaw-backup.json", "checksums.json"
PIECE_BYTES = 4 * 1024 * 1024
# Far above what either description needs; whatever is larger is not ours.
DESCRIPTION_BYTES_MAX = 16 * 1024 * 1024
_ROWS = re.compile(r"tables/([a-z_][a-z0-9_]{0,62})/\d{8}\.copy")
_MONTH = re.compile(r"\d{4}_(?:0[1-9]|1[0-2])")
_BROKEN = (OSError, EOFError, zlib.error, tarfile.TarError, UnicodeDecodeError)


class NoBackup(OpenClawError):
    """The file is not a backup, is damaged, or was made by a newer OpenClaw. The text says which and what to do."""


class CannotWrite(OpenClawError):
    """The file cannot be written. The text says why."""


@frozen
class About:
    """What a backup says of itself. ``made_at`` is RFC 3339, UTC."""

    format: int
    openclaw: str
    made_at: str
    facts: Facts


@frozen
class Checksums:
    """What each table comes to, and the SHA-256 of every member before this one, by name."""

    tables: Mapping[str, Sum]
    members: Mapping[str, str]


@frozen
class Backup:
    """A backup that was read once from end to end and is whole."""

    about: About
    checksums: Checksums

    @property
    def rows(self) -> int:
        """The number of rows in all tables."""
        return sum(each.rows for each in self.checksums.tables.values())


@define
class Writer:
    """Writes a backup. Every method raises CannotWrite."""

    _tar: tarfile.TarFile
    _members: dict[str, str] = field(factory=dict, init=False)
    _tables: dict[str, Sum] = field(factory=dict, init=False)

    def describe(self, about: About) -> None:
        """Write what the backup says of itself; first of all."""
        self._add(ABOUT, _json(about))

    def table(self, name: str) -> "TableWriter":
        """Return the writer of a table's rows."""
        return TableWriter(self, name)

    def _add(self, name: str, data: bytes) -> None:
        self._members[name] = hashlib.sha256(data).hexdigest()
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(data), 0o600
        self._tar.addfile(entry, io.BytesIO(data))

    def _finish(self) -> None:
        self._add(CHECKSUMS, _json(Checksums(self._tables, dict(self._members))))


@define
class TableWriter:
    """Writes one table's rows as they come, piece by piece."""

    _writer: Writer
    _name: str
    _buffer: bytearray = field(factory=bytearray, init=False)
    _number: int = field(default=0, init=False)

    def write(self, data: bytes) -> None:
        """Take in the next bytes."""
        self._buffer += data
        while len(self._buffer) >= PIECE_BYTES:
            self._flush()

    def finish(self, found: Sum) -> None:
        """Write what is left, and note what the table comes to."""
        self._flush()
        self._writer._tables[self._name] = found

    def _flush(self) -> None:
        if self._buffer:
            self._number += 1
            piece = bytes(self._buffer[:PIECE_BYTES])
            self._writer._add(f"tables/{self._name}/{self._number:08}.copy", piece)
            del self._buffer[:PIECE_BYTES]


@contextmanager
def writing(out: IO[bytes]) -> Iterator[Writer]:
    """Write a backup to ``out``; it is whole when the block ends without an exception. Raises CannotWrite."""
    try:
        with (
            gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            writer = Writer(tar)
            yield writer
            writer._finish()
        out.flush()
    except OSError as error:
        raise CannotWrite(f"the backup cannot be written: {error.strerror or error}") from error


def check(file: IO[bytes], newest_schema: str) -> Backup:
    """Read a backup from end to end and return what it is, or raise NoBackup.

    ``newest_schema`` is the newest that this OpenClaw knows.
    """
    about: About | None = None
    checksums: Checksums | None = None
    found: dict[str, str] = {}
    for name, data in _members(file):
        if checksums is not None:
            raise NoBackup("the backup is damaged: something follows its end; use another backup")
        if about is None:
            about = _about(data, newest_schema)
        if name == CHECKSUMS:
            checksums = _structured(data, Checksums)
        else:
            found[name] = hashlib.sha256(data).hexdigest()
    if about is None:
        raise NoBackup("this is not a backup that `openclaw backup` made")
    if checksums is None:
        raise NoBackup("the backup is cut short: its end is missing; copy it again, or use another one")
    if checksums.members != found or set(checksums.tables) != {table.name for table in about.facts.tables}:
        raise NoBackup("the backup is damaged: its checksums do not match; use another backup")
    return Backup(about, checksums)


def rows_of(file: IO[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each table that has rows, with its pieces, which must be read before the next table is asked for."""
    for table, pieces in groupby(_pieces(file), key=itemgetter(0)):
        yield table, (data for _, data in pieces)


def _pieces(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    for name, data in _members(file):
        if (match := _ROWS.fullmatch(name)) is not None:
            yield match[1], data


def _members(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield every member with its bytes, up to the end of the file, whose own checksum is the last thing to be read."""
    began = False
    try:
        file.seek(0)
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                for entry in tar:
                    _refuse_strange(entry, first=not began)
                    data = tar.extractfile(entry)
                    assert data is not None
                    began = True
                    yield entry.name, data.read()
            while packed.read(PIECE_BYTES):
                pass
    except _BROKEN as error:
        if not began:
            raise NoBackup("this is not a backup that `openclaw backup` made") from error
        raise NoBackup(
            f"the backup is damaged or cut short ({type(error).__name__}); copy it again, or use another one"
        ) from error


def _refuse_strange(entry: tarfile.TarInfo, *, first: bool) -> None:
    is_rows = _ROWS.fullmatch(entry.name) is not None
    bound = PIECE_BYTES if is_rows else DESCRIPTION_BYTES_MAX
    if (
        not entry.isreg()
        or not (is_rows or entry.name in (ABOUT, CHECKSUMS))
        or first != (entry.name == ABOUT)
    ):
        raise NoBackup("this is not a backup that `openclaw backup` made")
    if entry.size > bound:
        raise NoBackup(f"the backup is damaged: {entry.name} is larger than any that is ours")


def _about(data: bytes, newest_schema: str) -> About:
    raw = _parsed(data)
    if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise NoBackup(
            f"the backup was made by a newer OpenClaw ({raw.get('openclaw', 'unknown')}: format {raw['format']}, "
            f"and this one knows {FORMAT}); restore it with that version"
        )
    about: About = _structured(data, About)
    if about.facts.schema > newest_schema:
        raise NoBackup(
            f"the backup was made by a newer OpenClaw ({about.openclaw}: schema {about.facts.schema}, and this one "
            f"knows {newest_schema}); restore it with that version"
        )
    if not all(_MONTH.fullmatch(month) for month in about.facts.months):
        raise NoBackup("the backup is damaged: it names months that are none")
    return about


def _json(value: object) -> bytes:
    return (json.dumps(cattrs.unstructure(value), indent=1) + "\n").encode()


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NoBackup("the backup is damaged: its description cannot be read; use another backup") from error


def _structured(data: bytes, kind: Any) -> Any:
    try:
        return cattrs.structure(_parsed(data), kind)
    except (cattrs.BaseValidationError, KeyError, TypeError, ValueError) as error:
        raise NoBackup("the backup is damaged: its description cannot be read; use another backup") from error

"""Restoring a backup into an empty data directory or an empty database: all of it, or nothing.

A data directory gets a server of its own in a folder that takes its place only when everything is in and compared. Not
here: the file's format (``archive``), filling tables (``adapters.postgres.load``).
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Any

from attrs import evolve, frozen

from adapters.codec import Codec
from adapters.embedded.files import private_dir
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.load import Load, load
from adapters.postgres.schema import newest_version
from adapters.system import SystemClock
from application.changes import AuditRow, Head
from application.interpreter import event_row
from application.rounds import open_run
from domain.decisions import Outcome
from domain.errors import OpenClawError
from entrypoints.backup.archive import Backup, NoBackup, check, rows_of
from entrypoints.data_dir import DataDir
from entrypoints.settings import Settings

CONSUMER = "restore"
STAGED = "restoring"
# What an installation has in its data directory, but for what says that it is one.
STANDING = ("postgres", "valkey")
MOVED_ASIDE = (*STANDING, "secrets", "logs")
PARKED_AT_ONCE = 500


class Owed(StrEnum):
    """What becomes of events that were owed when the backup was made."""

    PARK = "park"
    KEEP = "keep"


class HoldsData(OpenClawError):
    """The data directory holds data already."""


@frozen
class Restored:
    """What was restored: the backup, how many owed rows were parked and stayed, and what is not as it was.

    ``moved_to`` is the folder that has what was in the data directory before.
    """

    backup: Backup
    parked: int
    owed: int
    differing_rights: tuple[str, ...]
    moved_to: Path | None = None


def look_into(source: Path | None) -> Backup:
    """Read a backup from end to end, from standard input where ``source`` is None. Raises NoBackup."""
    with _input(source) as file:
        return check(file, newest_version())


def restore(settings: Settings, source: Path | None, owed: Owed, *, replace: bool = False) -> Restored:
    """Restore a backup into the database of OPENCLAW_POSTGRES_URL, else into the data directory.

    ``replace`` moves what the data directory holds aside; a database is never replaced. Raises NoBackup before
    anything is touched, NotEmpty and HoldsData, DoesNotFit, StoreUnavailable, DataDirBusy.
    """
    with _input(source) as file:
        backup = check(file, newest_version())
        if settings.postgres_url is not None:
            if replace:
                raise OpenClawError(
                    "--replace is for data directories; make an empty database, give its URL as "
                    "OPENCLAW_POSTGRES_URL, and the old one stays as it is"
                )
            return asyncio.run(_fill(settings.postgres_url.reveal(), file, backup, owed))
        with DataDir(settings.data_dir) as data:
            return _into_data_dir(data, partial(_fill, file=file, backup=backup, owed=owed), replace=replace)


async def _fill(url: str, file: IO[bytes], backup: Backup, owed: Owed) -> Restored:
    facts = backup.about.facts
    tables = {table.name: table for table in facts.tables}
    async with load(url, facts) as current:
        for name, pieces in rows_of(file):
            if name not in tables:
                raise NoBackup(f"the backup is damaged: it has rows of {name} and no such table")
            await current.fill(tables[name], _apace(pieces))
        await current.compare(backup.checksums.tables)
        differing = await current.differing_rights()
        await current.finish()
        parked = await _park(current, backup.about.made_at) if owed is Owed.PARK else 0
        return Restored(backup, parked, await current.owed(), tuple(differing))


async def _apace(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _park(current: Load, made_at: str) -> int:
    """Move to the dead letters what was due before now: nobody knows whether it was handled after the backup."""
    reason = f"owed in the backup of {made_at}; it may have been handled after that, before the backup was restored"
    codec, parked = Codec(), 0
    while heads := await current.owed_by_now(PARKED_AT_ONCE):
        await current.park(heads, reason, [_audit_row(head, codec, reason) for head in heads], CONSUMER)
        parked += len(heads)
    return parked


def _audit_row(head: Head, codec: Codec, reason: str) -> AuditRow:
    event = open_run(head, codec, SystemClock()).event
    if event is not None:
        return event_row(event, Outcome.DEAD_LETTERED, head.cause, head.attempt, reason)
    return AuditRow(
        Outcome.DEAD_LETTERED, event_id=head.event_id, target=head.target, cause=head.cause, attempt=head.attempt,
        reason=reason,
    )  # fmt: skip


def _into_data_dir(
    data: DataDir, fill: Callable[[str], Coroutine[Any, Any, Restored]], *, replace: bool
) -> Restored:
    standing = [name for name in STANDING if (data.path / name).exists()]
    if standing and not replace:
        raise HoldsData(
            f"{data.path} holds data already; choose an empty data directory, or move what is there aside with "
            "--replace"
        )
    staged = data.path / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    try:
        server = EmbeddedPostgres(private_dir(staged))
        server.start()
        try:
            restored = asyncio.run(fill(server.admin_url))
        finally:
            server.stop()
        moved_to = _move_aside(data) if standing else None
        secrets = private_dir(data.path / "secrets")
        for made in (staged / "secrets").iterdir():
            made.replace(secrets / made.name)
        # From here on the data directory has its data.
        (staged / "postgres").replace(data.path / "postgres")
        return evolve(restored, moved_to=moved_to)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _move_aside(data: DataDir) -> Path:
    """Move what an installation keeps into a folder of its own, which can be used as a data directory."""
    aside = private_dir(data.path / time.strftime("before-restore-%Y%m%d-%H%M%S", time.gmtime()))
    for name in MOVED_ASIDE:
        if (data.path / name).exists():
            (data.path / name).replace(aside / name)
    return aside


@contextmanager
def _input(source: Path | None) -> Iterator[IO[bytes]]:
    """Lend the backup as a file that can be read twice; what comes on standard input as one that nobody else finds."""
    with ExitStack() as stack:
        try:
            if source is not None:
                file: IO[bytes] = stack.enter_context(source.open("rb"))
            elif sys.stdin.isatty():
                raise NoBackup("standard input is a terminal; name the backup's file, or send it in")
            else:
                file = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(sys.stdin.buffer, file)
        except OSError as error:
            name = source or "from standard input"
            raise NoBackup(f"the backup {name} cannot be read: {error.strerror or error}") from error
        yield file

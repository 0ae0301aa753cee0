"""Taking a backup: finds the database of an installation, running or not, and writes all of it into one file.

Not here: the file's format (``archive``), reading tables (``adapters.postgres.dump``).
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from adapters.embedded.postgres import ADMIN, EmbeddedPostgres
from adapters.postgres.dump import snapshot
from adapters.postgres.rows import Sum
from domain.errors import OpenClawError
from entrypoints.backup.archive import FORMAT, About, Backup, CannotWrite, Checksums, writing
from entrypoints.data_dir import DataDir, with_login
from entrypoints.exits import NothingFound
from entrypoints.settings import Settings
from entrypoints.version import version


def back_up(settings: Settings, target: Path | None, *, force: bool = False) -> Backup:
    """Write a backup to ``target``, None for standard output, and return what it holds.

    The file appears whole or not at all; one that stands is replaced with ``force`` only. Raises CannotWrite,
    NothingFound, StoreUnavailable, and what opening a data directory raises.
    """
    with _output(target, force=force) as out, _database(settings) as url:
        return asyncio.run(_write(url, out))


async def _write(url: str, out: IO[bytes]) -> Backup:
    sums: dict[str, Sum] = {}
    async with snapshot(url) as current:
        about = About(FORMAT, version(), current.at, current.facts)
        with writing(out) as writer:
            writer.describe(about)
            for table in current.facts.tables:
                rows = writer.table(table.name)
                sums[table.name] = await current.read(table, rows.write)
                rows.finish(sums[table.name])
    return Backup(about, Checksums(sums, {}))


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Lend the administrator's URL of the installation's database; our own server is started where it does not run."""
    if settings.postgres_url is not None:
        yield settings.postgres_url.reveal()
        return
    if not _has_cluster(settings.data_dir):
        raise NothingFound(
            f"there is no data in {settings.data_dir}; name the data directory with --data-dir, or set "
            "OPENCLAW_POSTGRES_URL for a Postgres outside"
        )
    data = DataDir(settings.data_dir)
    running = data.read_run()
    if running is not None and running.database_url:
        yield with_login(running.database_url, ADMIN, data.secret("postgres_password"))
    elif running is not None:
        raise OpenClawError(
            f"the OpenClaw that runs in {data.path} has its data in a Postgres outside; set OPENCLAW_POSTGRES_URL"
        )
    else:
        with data:
            server = EmbeddedPostgres(data.path)
            server.start()
            try:
                yield server.admin_url
            finally:
                server.stop()


def _has_cluster(data_dir: Path) -> bool:
    try:
        return (data_dir / "postgres").is_dir()
    except PermissionError:
        raise OpenClawError(
            f"{data_dir} belongs to another user; do this as the user who started `openclaw up`"
        ) from None


@contextmanager
def _output(target: Path | None, *, force: bool) -> Iterator[IO[bytes]]:
    """Lend what to write to: a file beside ``target`` that takes its place at the end, for its owner only."""
    if target is None:
        if sys.stdout.isatty():
            raise CannotWrite("standard output is a terminal; name a file, or send the output into one")
        yield sys.stdout.buffer
        return
    _refuse_standing(target, force=force)
    staged = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(handle)
        _refuse_standing(target, force=force)
        staged.replace(target)
    except OSError as error:
        raise CannotWrite(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        staged.unlink(missing_ok=True)


def _refuse_standing(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise CannotWrite(f"{target} is a directory; name a file in it")
    if target.exists() and not force:
        raise CannotWrite(f"{target} exists; choose another name, or replace it with --force")

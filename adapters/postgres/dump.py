"""Reading everything that OpenClaw has in a database, at one moment, while the services go on.

One transaction sees one snapshot; migrations wait until it ends. No client program is needed, and what is read fits
any server version. Not here: the file that it goes into (``entrypoints.backup``), and the way back (``load``).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

import asyncpg
from attrs import field, frozen

from adapters.postgres.pool import Connection, hang_up
from adapters.postgres.rows import Sum, Summer, Table, selection
from adapters.postgres.schema import CONNECT_S, LOCK
from adapters.postgres.sql import load as load_statements
from domain.errors import OpenClawError, StoreUnavailable

BACKUP_SQL = load_statements(Path(__file__).with_name("backup.sql"))


class CannotRead(OpenClawError):
    """The database holds nothing of OpenClaw's, or its user does not see all of it."""


@frozen
class Facts:
    """What is known of a database before its rows are read.

    ``tables`` come in an order in which they can be filled: before those that refer to them. ``sequences`` are the
    last numbers given, ``months`` those of the audit's partitions (``2025_11``), ``rights`` what each role may do
    with each table.
    """

    schema: str
    server: str
    tables: tuple[Table, ...]
    sequences: Mapping[str, int]
    months: tuple[str, ...]
    rights: Mapping[str, Mapping[str, str]]


@frozen
class Snapshot:
    """Everything of OpenClaw's in a database as it was at one moment: ``at``, RFC 3339, by the server's clock."""

    facts: Facts
    at: str
    _connection: Connection = field(eq=False)

    async def read(self, table: Table, write: Callable[[bytes], object]) -> Sum:
        """Write the rows of ``table`` as COPY's text, piece by piece, and return what they come to."""
        return await copy_out(self._connection, table, write)


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Open a snapshot of the database at ``url``, whose user sees every row (its owner, or a superuser).

    Raises StoreUnavailable where the server cannot be reached or goes away, CannotRead where there is nothing of
    OpenClaw's or not all of it can be seen.
    """
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {error}") from error
    try:
        with _told():
            # In a statement of its own: the snapshot must not be older than the wait for a migration.
            await connection.execute(f"select pg_advisory_lock_shared({LOCK})")
            await begin_session(connection)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                facts = await read_facts(connection)
                yield Snapshot(facts, await connection.fetchval(BACKUP_SQL["moment"]), connection)
    finally:
        await hang_up(connection)


async def begin_session(connection: Connection) -> None:
    """Make values come as the same text on every server, and lift bounds that are meant for quick statements."""
    await connection.execute(BACKUP_SQL["session"])
    if connection.get_server_version().major >= 17:
        await connection.execute(BACKUP_SQL["session_17"])


async def read_facts(connection: Connection) -> Facts:
    """Return what is known of the database. Raises CannotRead."""
    schema = None
    if await connection.fetchval("select to_regclass('public.schema_version')") is not None:
        schema = await connection.fetchval("select version_num from public.schema_version")
    if schema is None:
        raise CannotRead(
            "the database holds nothing of OpenClaw's; check which one OPENCLAW_POSTGRES_URL names"
        )
    hidden = await connection.fetch(BACKUP_SQL["hidden"])
    if hidden:
        raise CannotRead(
            f"the user of OPENCLAW_POSTGRES_URL does not see every row of {hidden[0]['name']}; "
            "give the URL of the database's owner or of a superuser"
        )
    sequences = await connection.fetch(BACKUP_SQL["sequences"])
    months = await connection.fetch(BACKUP_SQL["months"])
    rights: dict[str, dict[str, str]] = {}
    for row in await connection.fetch(BACKUP_SQL["rights"]):
        rights.setdefault(row["table_name"], {})[row["role"]] = row["may"]
    return Facts(
        schema,
        await connection.fetchval(BACKUP_SQL["server"]),
        await tables_of(connection),
        {row["name"]: row["last_value"] for row in sequences if row["last_value"] is not None},
        tuple(row["month"] for row in months),
        rights,
    )


async def tables_of(connection: Connection) -> tuple[Table, ...]:
    """Return the tables, each before those that refer to it."""
    found = {
        row["name"]: Table(row["name"], tuple(row["columns"]))
        for row in await connection.fetch(BACKUP_SQL["tables"])
    }
    order: TopologicalSorter[str] = TopologicalSorter({name: () for name in found})
    for row in await connection.fetch(BACKUP_SQL["references"]):
        order.add(row["name"], row["refers_to"])
    return tuple(found[name] for name in order.static_order())


async def copy_out(connection: Connection, table: Table, write: Callable[[bytes], object]) -> Sum:
    """Write the rows of ``table`` piece by piece and return what they come to."""
    summer = Summer()

    async def take(piece: bytes) -> None:
        summer.feed(piece)
        write(piece)

    await connection.copy_from_query(selection(table), output=take, format="text")
    return summer.result()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the driver's errors in sentences; errors of whoever writes pass."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotRead(
            "the user of OPENCLAW_POSTGRES_URL may not read all that OpenClaw keeps; "
            "give the URL of the database's owner or of a superuser"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise StoreUnavailable(f"Postgres is not available: {type(error).__name__}") from error

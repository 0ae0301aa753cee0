"""Brings a database to a schema, all steps in one transaction; safe when several processes start at once.

Alembic applies the numbered files of ``migrations/``. An advisory lock makes starters wait for one another, and for
backups. A step that fails takes the others back with it, so a database is never between two versions. Not here: which
version a database has (``schema``), making databases or passwords.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from attrs import field, frozen
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.pool import Connection as Driver
from adapters.postgres.schema import LOCK, MIGRATIONS, newest_version
from domain.errors import OpenClawError, StoreUnavailable

_LOCK, _UNLOCK = (text(f"select pg_advisory_{verb}({LOCK})") for verb in ("lock", "unlock"))
_LOCK_FOR_TRANSACTION = text(f"select pg_advisory_xact_lock({LOCK})")


class NewerSchema(OpenClawError):
    """The database was made by a newer OpenClaw than this one."""


class MigrationFailed(OpenClawError):
    """A step failed and everything is taken back. The text says which and why, without any value of a row."""


@frozen
class Migrations:
    """An open transaction in which the schema may be changed: what happens in it happens together or not at all."""

    _connection: AsyncConnection
    driver: Driver = field(eq=False)

    async def upgrade(self, version: str) -> None:
        """Bring the schema to ``version``. Raises MigrationFailed and NewerSchema; the transaction is then lost."""
        await self._connection.run_sync(_upgrade, version)


@asynccontextmanager
async def migrations(url: str) -> AsyncIterator[Migrations]:
    """Open a transaction at ``url`` (a role that may create schemas and roles) and commit it when the block ends.

    Nobody else migrates meanwhile. Raises StoreUnavailable where the server cannot be reached.
    """
    async with _connected(url) as connection:
        await connection.execute(_LOCK_FOR_TRANSACTION)
        raw = await connection.get_raw_connection()
        yield Migrations(connection, raw.driver_connection)
        await connection.commit()


async def migrate(url: str) -> str:
    """Migrate the database at ``url`` (a role that may create schemas and roles) and return its version.

    Raises StoreUnavailable where the server cannot be reached, NewerSchema where the database is ahead,
    MigrationFailed where a step fails: the database then is as it was.
    """
    async with _connected(url) as connection:
        # A lock of the session, taken before the transaction begins: what another starter did meanwhile is seen.
        await connection.execute(_LOCK)
        await connection.commit()
        try:
            await connection.run_sync(_upgrade, newest_version())
            await connection.commit()
        except MigrationFailed as failure:
            await connection.rollback()
            version = await connection.run_sync(_version)
            stays = f"at schema {version}, with which the older OpenClaw works" if version else "empty"
            raise MigrationFailed(f"{failure} and was taken back; the database stays {stays}") from failure
        finally:
            # A connection that broke has given the lock back by that.
            if not connection.invalidated and not connection.closed:
                await connection.rollback()
                await connection.execute(_UNLOCK)
                await connection.commit()
    return newest_version()


def migrate_sync(url: str) -> str:
    """Migrate from code that runs no event loop; see ``migrate``."""
    return asyncio.run(migrate(url))


def known_versions() -> set[str]:
    """Return every version that this OpenClaw knows."""
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"cannot reach Postgres: {error}") from error

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, version: str) -> None:
    """Apply what is missing up to ``version``, in the connection's transaction."""
    config = _config()
    applied: list[str] = []
    config.attributes.update(connection=connection, applied=applied)
    current = _version(connection)
    if current is not None and current not in known_versions():
        raise NewerSchema(
            f"the database has schema {current}, which this version of OpenClaw does not know; "
            "run the newer version, or restore a backup made before the upgrade"
        )
    try:
        command.upgrade(config, version)
    except Exception as error:
        failing = _step_after(applied[-1] if applied else current)
        raise MigrationFailed(f"migration {failing} failed ({_cause(error)})") from error


def _version(connection: Connection) -> str | None:
    if connection.execute(text("select to_regclass('public.schema_version')")).scalar() is None:
        return None
    version: str | None = connection.execute(text("select version_num from public.schema_version")).scalar()
    return version


def _step_after(version: str | None) -> str:
    return min((each for each in known_versions() if version is None or each > version), default="(none)")


def _cause(error: Exception) -> str:
    """Return what may be shown of an error: its kind and what it is about. Its text may quote rows."""
    cause: BaseException = error
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__ or error.orig
    about = [
        getattr(cause, name, None) for name in ("sqlstate", "table_name", "column_name", "constraint_name")
    ]
    return " ".join([type(cause).__name__, *(str(each) for each in about if each)])

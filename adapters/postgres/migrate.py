"""Brings a database to the newest schema; safe when several processes start at once.

Alembic applies the numbered files of ``migrations/``. A session-level advisory lock makes starters wait for one
another. Not here: making databases or passwords.
"""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from domain.errors import OpenClawError, StoreUnavailable

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
# Any fixed number will do; it only has to be the same in every version.
LOCK = 7_309_453_671


class NewerSchema(OpenClawError):
    """The database was made by a newer OpenClaw than this one."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def newest_version() -> str:
    """Return the version that this code brings a database to."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise OpenClawError(
            f"no migrations in {MIGRATIONS}; the installation is incomplete, install it again"
        )
    return head


async def current_version(url: str) -> str | None:
    """Return the version of the database at ``url``; None where nothing was migrated yet."""
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {error}") from error
    try:
        if await connection.fetchval("select to_regclass('public.schema_version')") is None:
            return None
        version: str | None = await connection.fetchval("select version_num from public.schema_version")
        return version
    finally:
        await connection.close()


def _upgrade(connection: Connection) -> None:
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.commit()
    try:
        config = _config()
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        found = connection.execute(text("select to_regclass('public.schema_version')")).scalar()
        if found is not None:
            version = connection.execute(text("select version_num from public.schema_version")).scalar()
            if version is not None and version not in known:
                raise NewerSchema(
                    f"the database has schema {version}, which this version of OpenClaw does not know; "
                    "run the newer version, or restore a backup made before the upgrade"
                )
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()


async def migrate(url: str) -> str:
    """Migrate the database at ``url`` (a role that may create schemas and roles) and return its version.

    Raises StoreUnavailable where the server cannot be reached, NewerSchema where the database is ahead.
    """

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {error}") from error
    finally:
        await engine.dispose()
    return newest_version()


def migrate_sync(url: str) -> str:
    """Migrate from code that runs no event loop; see ``migrate``."""
    return asyncio.run(migrate(url))

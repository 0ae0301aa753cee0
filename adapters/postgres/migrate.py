"""Brings a database to the newest schema; safe when several processes start at once.

Alembic applies the numbered files of ``migrations/``. A session-level advisory lock makes starters wait for one
another. Not here: which version a database has (``schema``), making databases or passwords.
"""

import asyncio

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.schema import MIGRATIONS, newest_version
from domain.errors import OpenClawError, StoreUnavailable

# Any fixed number will do; it only has to be the same in every version.
LOCK = 7_309_453_671


class NewerSchema(OpenClawError):
    """The database was made by a newer OpenClaw than this one."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


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
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"cannot reach Postgres: {error}") from error

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return newest_version()


def migrate_sync(url: str) -> str:
    """Migrate from code that runs no event loop; see ``migrate``."""
    return asyncio.run(migrate(url))

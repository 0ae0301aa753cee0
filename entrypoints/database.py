"""Brings a database to this version: schema, logins of the services, coming audit partitions.

Quick where nothing is to be done, since every start passes here. Not here: the migrations (``migrations``).
"""

from collections.abc import Mapping

import asyncpg

from adapters.postgres.pool import hang_up
from adapters.postgres.roles import allow_logins
from adapters.postgres.schema import current_version, newest_version
from domain.errors import OpenClawError, StoreUnavailable


async def prepare_database(url: str, passwords: Mapping[str, str]) -> None:
    """Prepare the database at ``url``, the administrator's; give the named services their passwords."""
    if await current_version(url) != newest_version():
        # Imported only now: Alembic and SQLAlchemy take longer to import than everything else a start does.
        from adapters.postgres.migrate import migrate

        await migrate(url)
    if passwords:
        await allow_logins(url, passwords)
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {type(error).__name__}") from error
    try:
        await connection.execute("select openclaw.ensure_audit_partitions()")
    except asyncpg.PostgresError as error:
        raise OpenClawError(f"the audit's partitions could not be made: {type(error).__name__}") from error
    finally:
        await hang_up(connection)

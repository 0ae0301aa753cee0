"""Which schema a database has, and which this version of OpenClaw brings it to.

Every start asks this, so it is told without Alembic, whose import would be most of a start. Not here: bringing a
database to a version (``migrate``).
"""

import re
from pathlib import Path

import asyncpg

from adapters.postgres.pool import hang_up
from domain.errors import OpenClawError, StoreUnavailable

CONNECT_S = 10.0
# The advisory lock of whoever changes the schema, or needs it unchanged. Any fixed number will do; it only has to be
# the same in every version.
LOCK = 7_309_453_671
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
# A migration's file is named for its revision: 0001_backbone.py.
_MIGRATION = re.compile(r"(\d{4})_\w+\.py")


def newest_version() -> str:
    """Return the version that this code brings a database to: the greatest number among the migrations."""
    names = (_MIGRATION.fullmatch(path.name) for path in (MIGRATIONS / "versions").iterdir())
    versions = [name[1] for name in names if name]
    if not versions:
        raise OpenClawError(
            f"no migrations in {MIGRATIONS}; the installation is incomplete, install it again"
        )
    return max(versions)


async def current_version(url: str) -> str | None:
    """Return the version of the database at ``url``; None where nothing was migrated yet.

    Raises StoreUnavailable where the server cannot be reached.
    """
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S)
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreUnavailable(f"cannot reach Postgres: {error}") from error
    try:
        if await connection.fetchval("select to_regclass('public.schema_version')") is None:
            return None
        version: str | None = await connection.fetchval("select version_num from public.schema_version")
        return version
    finally:
        await hang_up(connection)

"""What may be forgotten, in Postgres, as the role ``openclaw_scheduler``. See ``application.retention.Archive``.

The functions of the schema decide which rows go; this only asks them. Not here: terms, and how often.
"""

import asyncpg

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from application.retention import Kind


class PostgresArchive:
    """See the port."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make_room(self) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute(SQL["ensure_partitions"])

    async def forget(self, kind: Kind, term_s: float, limit: int) -> int | None:
        """See the port."""
        arguments: dict[Kind, tuple[float, ...]] = {Kind.LEFTOVERS: (limit,), Kind.AUDIT: (term_s,)}
        try:
            async with self._pool.connection() as connection:
                gone: int | None = await connection.fetchval(
                    SQL[f"forget_{kind}"], *arguments.get(kind, (term_s, limit))
                )
        except asyncpg.InvalidParameterValueError as error:
            raise ValueError(str(error)) from error
        return gone

    async def note(self, kind: Kind, term_s: float, removed: int) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute(SQL["note_retention"], kind.value, term_s, removed)

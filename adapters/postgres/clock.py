"""The clock of a database, which its owner can move ahead to play a day. See ``openclaw.now()`` in the migrations.

Not here: who may ask for it, and when (``entrypoints.daylong``).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from attrs import frozen

from adapters.postgres.pool import DRIVER_ERRORS, Connection, hang_up
from adapters.postgres.sql import SQL
from domain.errors import StoreUnavailable

# Whoever waits at the chat is told within this time that a server hangs.
ANSWER_S = 10.0


@frozen
class Ahead:
    """What lies before a database: whether it is at rest, and when the next task does something by itself, if any does.

    At rest is one in which nothing is due and nothing is owed.
    """

    is_at_rest: bool
    next_at: float | None


class PostgresClock:
    """The clock of the database at ``url``, its owner's. Every method raises StoreUnavailable."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def ahead_s(self) -> float:
        """Return how far the clock is moved ahead of the server's own."""
        async with self._connection() as connection:
            moved: timedelta = await connection.fetchval(SQL["clock_ahead"])
        return moved.total_seconds()

    async def move(self, to: float) -> float:
        """Move the clock ahead to an instant; return how far it is ahead now. It never goes back."""
        async with self._connection() as connection:
            moved: timedelta = await connection.fetchval(SQL["move_clock"], datetime.fromtimestamp(to, UTC))
            # Before anything is audited there.
            await connection.execute(SQL["ensure_partitions"])
        return moved.total_seconds()

    async def look(self) -> Ahead:
        """Return what lies before the database."""
        async with self._connection() as connection:
            row = await connection.fetchrow(SQL["look_ahead"])
        assert row is not None
        return Ahead(row["is_at_rest"], row["next_at"].timestamp() if row["next_at"] is not None else None)

    async def setting(self, scope: str, name: str) -> str | None:
        """Return a setting of a scope."""
        async with self._connection() as connection:
            value: str | None = await connection.fetchval(SQL["read_setting"], scope, name)
        return value

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await asyncpg.connect(self._url, timeout=ANSWER_S, command_timeout=ANSWER_S)
            try:
                yield connection
            finally:
                await hang_up(connection)
        except DRIVER_ERRORS as error:
            raise StoreUnavailable(f"Postgres is not available: {type(error).__name__}") from error

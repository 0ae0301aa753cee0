"""Dead letters in Postgres, as the role ``openclaw_operator``.

That role may read letters; it moves them through two functions of the schema that write the audit with it. Not here:
how rows become dead letters (``store``).
"""

from collections.abc import Sequence
from typing import Any

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from application.letters import Count, Letter, LetterFilter, Moved

_SAME = (
    "letter_id", "target", "event_id", "lane", "attempt", "deaths", "envelope", "cause", "repeat", "event_type",
    "source", "trace_id", "idempotency_key",
)  # fmt: skip


class PostgresDeadLetters:
    """See ``application.ports.DeadLetters``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["newest_letters"], *_values(wanted), limit)
        return [_letter(row) for row in rows]

    async def oldest(self, wanted: LetterFilter, after: int, through: int, limit: int) -> list[Letter]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["oldest_letters"], *_values(wanted), limit, after, through)
        return [_letter(row) for row in rows]

    async def count(self, wanted: LetterFilter) -> Count:
        """See the port."""
        async with self._pool.connection() as connection:
            return Count(*await connection.fetchrow(SQL["count_letters"], *_values(wanted)))

    async def redrive(self, letter_ids: Sequence[int]) -> Moved:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["redrive_letters"], letter_ids)
        return Moved(
            tuple(row["letter_id"] for row in rows if not row["was_owed"]),
            tuple(row["letter_id"] for row in rows if row["was_owed"]),
        )

    async def discard(self, letter_ids: Sequence[int], why: str) -> Moved:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["discard_letters"], letter_ids, why)
        return Moved(tuple(row["letter_id"] for row in rows))

    async def seen(self, letter_ids: Sequence[int]) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute(SQL["see_letters"], letter_ids)


def _values(wanted: LetterFilter) -> tuple[object, ...]:
    """Return the filter in the order of the fragment ``those_letters``."""
    return (
        wanted.target, wanted.event_type, wanted.reason, wanted.lane, wanted.trace, wanted.event_id, wanted.letter_id,
        wanted.since, wanted.until,
    )  # fmt: skip


def _letter(row: Any) -> Letter:
    same = {name: row[name] for name in _SAME}
    return Letter(**same, reasons=tuple(row["reasons"]), dead_at=row["dead_s"])

"""What operators read from Postgres, as the role ``openclaw_operator``.

Not here: what they move and decide (``dead_letters``, ``access``).
"""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from adapters.postgres.store import read_figures
from application.changes import AuditRow
from application.records import AuditEntry, AuditFilter, AuditMark, Figures
from domain.decisions import Outcome

_ROW = ("event_id", "event_type", "source", "target", "trace_id", "idempotency_key", "cause", "scope", "attempt",
        "reason", "duration_ms")  # fmt: skip
# So many rows of transactions that overlap the first look may be told from later ones.
UNENDED_ROWS_MAX = 100_000


class PostgresRecords:
    """See ``application.ports.Records``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["audit"], *_values(wanted), wanted.limit)
        return [entry_of(row) for row in rows]

    async def audit_after(
        self, wanted: AuditFilter, mark: AuditMark | None
    ) -> tuple[list[AuditEntry], AuditMark]:
        """See the port."""
        async with self._pool.connection() as connection:
            if mark is not None:
                rows, now = await _news(connection, wanted, wanted.limit, mark)
                return [entry_of(row) for row in rows], _mark_after(
                    rows, now, mark, is_whole=len(rows) < wanted.limit
                )
            # One snapshot for both: the newest rows, and which rows are of transactions that the mark looks behind.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                newest = await connection.fetch(SQL["audit"], *_values(wanted), wanted.limit)
                rows, now = await _news(connection, wanted, UNENDED_ROWS_MAX, None)
        return [entry_of(row) for row in newest], _mark_after(rows, now, now, is_whole=True)

    async def trace_of_delivery(self, bot_id: int, chat_id: int, message_id: int) -> str | None:
        """See the port."""
        async with self._pool.connection() as connection:
            trace: str | None = await connection.fetchval(
                SQL["delivery_trace"], f"{bot_id}:{chat_id}", message_id
            )
            return trace

    async def traces(self, prefix: str, limit: int) -> list[str]:
        """See the port."""
        async with self._pool.connection() as connection:
            return [row[0] for row in await connection.fetch(SQL["traces"], prefix, limit)]

    async def figures(self) -> Figures:
        """See the port."""
        async with self._pool.connection() as connection:
            return await read_figures(connection)


async def _news(
    connection: Connection, wanted: AuditFilter, limit: int, mark: AuditMark | None
) -> tuple[list[Any], AuditMark]:
    """Return the rows of transactions that had not ended at ``mark`` (None: now) and were not seen, and a new mark."""
    position, at, seen = (mark.position, mark.at, list(mark.seen)) if mark is not None else (None, None, [])
    rows = await connection.fetch(SQL["audit_after"], *_values(wanted), limit, position, at, seen)
    return [row for row in rows if row["row_id"] is not None], AuditMark(
        rows[0]["position"], rows[0]["mark_s"]
    )


def _mark_after(rows: Sequence[Any], now: AuditMark, mark: AuditMark, *, is_whole: bool) -> AuditMark:
    """Return the mark to go on from; the old place, with what was seen, where there are more rows than were read."""
    seen = {**mark.seen, **{row["row_id"]: row["writer"] for row in rows}}
    if not is_whole:
        return evolve(mark, seen=seen)
    return evolve(now, seen={row_id: writer for row_id, writer in seen.items() if writer >= now.position})


def _values(wanted: AuditFilter) -> tuple[object, ...]:
    return (
        wanted.trace_id, wanted.outcome, wanted.consumer, wanted.event_type, wanted.scope, wanted.event_id,
        wanted.since,
    )  # fmt: skip


def entry_of(row: Any) -> AuditEntry:
    """Return the row of the audit as a value; ``at_s`` is its time in seconds since the epoch."""
    return AuditEntry(
        row["at_s"], row["consumer"], AuditRow(Outcome(row["outcome"]), *(row[name] for name in _ROW))
    )

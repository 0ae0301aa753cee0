"""What operators read from Postgres, as the role ``openclaw_operator``, which can change nothing."""

from typing import Any

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from adapters.postgres.store import read_figures
from application.changes import AuditRow
from application.ports import AuditEntry, AuditFilter, Figures, Letter
from domain.decisions import Outcome

_ROW = ("event_id", "event_type", "source", "target", "trace_id", "idempotency_key", "cause", "scope", "attempt",
        "reason", "duration_ms")  # fmt: skip


class PostgresRecords:
    """See ``application.ports.Records``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(
                SQL["audit"],
                wanted.trace_id,
                wanted.outcome,
                wanted.consumer,
                wanted.event_type,
                wanted.scope,
                wanted.event_id,
                wanted.since,
                wanted.limit,
            )
        return [_entry(row) for row in rows]

    async def dead_letters(self, target: str | None, limit: int) -> list[Letter]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["letters"], target, limit)
        return [
            Letter(
                r["letter_id"],
                r["target"],
                r["event_id"],
                r["lane"],
                r["attempt"],
                r["deaths"],
                tuple(r["reasons"]),
                r["envelope"],
                r["dead_s"],
            )
            for r in rows
        ]

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


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(
        row["at_s"], row["consumer"], AuditRow(Outcome(row["outcome"]), *(row[name] for name in _ROW))
    )

"""Tasks and their ledger in Postgres, as the role ``openclaw_operator``. See ``application.books.ReminderRecords``.

Not here: what the brain reads (``tasks``), and what is due (``agenda``).
"""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import moment, occasion_of, seconds
from application.agenda import Coming, LedgerRow, Outlook, TaskState
from domain.tasks.values import Kept, Late, Status


class PostgresReminderRecords:
    """See the port."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def task(self, name: UUID | tuple[str, int]) -> TaskState | None:
        """See the port."""
        values = (name, None, None) if isinstance(name, UUID) else (None, *name)
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(SQL["task_state"], *values)
        if row is None:
            return None
        return TaskState(
            row["task_id"], row["scope"], row["number"], Status(row["status"]), seconds(row["due_at"]),
            seconds(row["remind_at"]), row["rule"], row["zone"], Late(row["late"]), row["times_said"],
            row["is_paused"], row["created_at"].timestamp(), seconds(row["closed_at"]),
        )  # fmt: skip

    async def ledger(self, task_id: UUID, limit: int) -> Sequence[LedgerRow]:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["task_ledger"], task_id, limit)
        return [LedgerRow(occasion_of(row), row["told"]) for row in rows]

    async def outlook(self, since: float, limit: int) -> Outlook:
        """See the port."""
        async with self._pool.connection() as connection:
            figures = await connection.fetchrow(SQL["reminder_figures"])
            kept = await connection.fetch(SQL["kept_since"], moment(since))
            coming = await connection.fetch(SQL["coming_reminders"], limit)
        return Outlook(
            **figures,
            kept={Kept(row["kept"]): row["occasions"] for row in kept},
            coming=[
                Coming(row["remind_at"].timestamp(), row["scope"], row["number"], row["task_id"])
                for row in coming
            ],
        )

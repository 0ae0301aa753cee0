"""Tasks and their ledger in memory, as operators see them. See ``application.books.ReminderRecords``."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from adapters.memory.database import MemoryDatabase
from adapters.memory.tasks import TaskRow
from application.agenda import Coming, LedgerRow, Outlook, TaskState
from domain.tasks.values import Kept, Status


class MemoryReminderRecords:
    """See the port."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def task(self, name: UUID | tuple[str, int]) -> TaskState | None:
        """See the port."""
        self._database.check()
        rows = self._database.tables.tasks.tasks.values()
        return next(
            (_state(row) for row in rows if name in (row.task.task_id, (row.scope, row.task.number))), None
        )

    async def ledger(self, task_id: UUID, limit: int) -> Sequence[LedgerRow]:
        """See the port."""
        self._database.check()
        rows = [row for (owner, _), row in self._database.tables.tasks.occasions.items() if owner == task_id]
        rows.sort(key=lambda row: -row.occasion.bucket)
        return [LedgerRow(row.occasion, row.told) for row in rows[:limit]]

    async def outlook(self, since: float, limit: int) -> Outlook:
        """See the port."""
        self._database.check()
        now, tables = self._database.clock.now(), self._database.tables.tasks
        opened = [row for row in tables.tasks.values() if row.task.status is Status.OPEN]
        coming = sorted(
            (
                Coming(row.task.remind_at, row.scope, row.task.number, row.task.task_id)
                for row in opened if row.task.remind_at is not None
            ),
            key=lambda each: (each.remind_at, each.task_id),
        )  # fmt: skip
        overdue = [each.remind_at for each in coming if each.remind_at <= now]
        occasions = tables.occasions.values()
        return Outlook(
            len(overdue),
            now - min(overdue, default=now),
            sum(row.task.is_paused for row in opened),
            sum(row.occasion.kept is Kept.AMBIGUOUS and not row.told for row in occasions),
            Counter(row.occasion.kept for row in occasions if row.occasion.at >= since),
            coming[:limit],
        )


def _state(row: TaskRow) -> TaskState:
    task = row.task
    return TaskState(
        task.task_id, row.scope, task.number, task.status, task.due_at, task.remind_at, task.rule, task.zone,
        task.late, task.times_said, task.is_paused, task.created_at, task.closed_at,
    )  # fmt: skip

"""What is due, in memory. See ``application.books.Agenda``."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Tables, add_owed
from adapters.memory.tasks import TaskRow, keep, stamped, to_micros
from application.agenda import AgendaChanges, DueTask, Firing
from application.records import AuditEntry
from domain.errors import RowsGone
from domain.scope import bot_and_chat
from domain.tasks.values import Kept, Status, Task

# What stands of an occasion that was not said, and may come after all.
REVISABLE = frozenset({Kept.PAUSED, Kept.SKIPPED, Kept.SUPERSEDED})


class MemoryAgendaRound:
    """See ``application.books.AgendaRound``."""

    def __init__(self, database: MemoryDatabase, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._firings: list[Firing] = []
        self._tasks: list[Task] = []
        self.now = database.clock.now()
        self.due: Sequence[DueTask] = ()

    def read(self, limit: int) -> None:
        """Lock the first tasks that are due and that nobody has locked."""
        tables = self._database.tables
        rows = sorted(
            (row.task.remind_at, task_id) for task_id, row in tables.tasks.tasks.items()
            if row.task.status is Status.OPEN and row.task.remind_at is not None and row.task.remind_at <= self.now
        )  # fmt: skip
        won = self._database.task_locks.take_free(self, [task_id for _, task_id in rows], limit)
        self.due = [_due(tables, tables.tasks.tasks[task_id]) for task_id in won]

    def unlock(self) -> None:
        """Let the tasks go."""
        self._database.task_locks.free(self)

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        """See the port."""
        mine = {each.task.task_id for each in self.due}
        if not mine.issuperset(task.task_id for task in changes.tasks):
            raise RowsGone("a task is not among those that are due; reading again")
        stands = {
            name for name, row in self._database.tables.tasks.occasions.items()
            if row.occasion.kept not in REVISABLE
        }  # fmt: skip
        fresh = []
        for firing in changes.firings:
            name = (firing.occasion.task_id, to_micros(firing.occasion.bucket))
            if firing.occasion.task_id in mine and name not in stands:
                stands.add(name)
                fresh.append(firing)
        self._firings += fresh
        self._tasks += changes.tasks
        return fresh

    def commit(self) -> None:
        """Make everything that was written take effect."""
        with self._database.transaction() as tables:
            for firing in self._firings:
                keep(tables.tasks, firing.occasion, self.now)
                if firing.owed is not None:
                    add_owed(tables, firing.owed, self.now)
                if firing.audit is not None:
                    tables.audit.append(AuditEntry(self.now, self._consumer, firing.audit))
            for task in self._tasks:
                row = tables.tasks.tasks[task.task_id]
                given = {
                    name: getattr(task, name) for name in ("due_at", "remind_at", "times_said", "is_paused")
                }
                tables.tasks.tasks[task.task_id] = TaskRow(row.scope, stamped(evolve(row.task, **given)))


class MemoryAgenda:
    """See ``application.books.Agenda``. ``consumer`` names the scheduler in the audit."""

    def __init__(self, database: MemoryDatabase, *, consumer: str = "scheduler") -> None:
        self._database = database
        self._consumer = consumer

    @asynccontextmanager
    async def due(self, limit: int) -> AsyncIterator[MemoryAgendaRound]:
        """See the port."""
        self._database.check()
        current = MemoryAgendaRound(self._database, self._consumer)
        try:
            current.read(limit)
            yield current
            current.commit()
        finally:
            current.unlock()


def _due(tables: Tables, row: TaskRow) -> DueTask:
    settings: Mapping[str, str] = {
        name: value for (owner, name), value in tables.settings.items() if owner == row.scope
    }
    return DueTask(row.scope, row.task, bot_and_chat(row.scope) not in tables.unreachable, settings)

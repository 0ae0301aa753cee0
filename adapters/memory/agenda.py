"""What is due, in memory. See ``application.books.Agenda``."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Tables, add_owed
from adapters.memory.tasks import TaskRow, keep, stamped, task_rows, to_micros
from application.agenda import AgendaChanges, DueTask, Firing
from application.records import AuditEntry
from domain.errors import RowsGone
from domain.scope import bot_and_chat
from domain.tasks.values import Kept, Status, Task

# What stands of an occasion that was not said, and may come after all.
REVISABLE = frozenset({Kept.PAUSED, Kept.SKIPPED, Kept.SUPERSEDED})
# What a scheduler changes of a task.
MOVED_ON = ("due_at", "remind_at", "times_said", "is_paused")


class MemoryAgendaRound:
    """See ``application.books.AgendaRound``."""

    def __init__(self, database: MemoryDatabase, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._view = database.tables.over()
        self.now = database.clock.now()
        self.due: Sequence[DueTask] = ()

    def read(self, limit: int) -> None:
        """Lock the first tasks that are due and that nobody has locked."""
        tables = self._database.tables
        rows = sorted(
            (row.task.remind_at, task_id) for task_id, row in tables.tasks.tasks.items()
            if row.task.status is Status.OPEN and row.task.remind_at is not None and row.task.remind_at <= self.now
        )  # fmt: skip
        names = task_rows(task_id for _, task_id in rows)
        won = set(self._database.locks.take_free(self, names, limit))
        self.due = [
            _due(tables, tables.tasks.tasks[task_id])
            for name, (_, task_id) in zip(names, rows, strict=True) if name in won
        ]  # fmt: skip

    def unlock(self) -> None:
        """Let the tasks go."""
        self._database.locks.free(self)

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        """See the port."""
        mine = {each.task.task_id for each in self.due}
        if not mine.issuperset(task.task_id for task in changes.tasks):
            raise RowsGone("a task is not among those that are due; reading again")
        firings: dict[tuple[UUID, float], Firing] = {}
        for firing in changes.firings:
            if firing.occasion.task_id in mine:
                # Of several firings of one occasion the first one counts.
                firings.setdefault(_name(firing), firing)

        def write(tables: Tables) -> Sequence[Firing]:
            fired = [firing for firing in firings.values() if self._keep(tables, firing)]
            self._move_on(tables, changes.tasks)
            return fired

        return await self._database.write(self, self._view, write)

    def _keep(self, tables: Tables, firing: Firing) -> bool:
        """Write what a firing brings, unless its occasion was acted on before; return whether it was not."""
        stands = tables.tasks.occasions.get(_name(firing))
        if stands is not None and stands.occasion.kept not in REVISABLE:
            return False
        keep(tables.tasks, firing.occasion, self.now)
        if firing.owed is not None:
            add_owed(tables, firing.owed, self.now, next(self._database.seqs))
        if firing.audit is not None:
            tables.audit.append(AuditEntry(self._database.clock.now(), self._consumer, firing.audit))
        return True

    def _move_on(self, tables: Tables, tasks: Sequence[Task]) -> None:
        for task in tasks:
            row = tables.tasks.tasks[task.task_id]
            given = {name: getattr(task, name) for name in MOVED_ON}
            tables.tasks.tasks[task.task_id] = TaskRow(row.scope, stamped(evolve(row.task, **given)))

    def commit(self) -> None:
        """Make everything that was written take effect."""
        self._database.commit(self._view)


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


def _name(firing: Firing) -> tuple[UUID, float]:
    return firing.occasion.task_id, to_micros(firing.occasion.bucket)


def _due(tables: Tables, row: TaskRow) -> DueTask:
    settings: Mapping[str, str] = {
        name: value for (owner, name), value in tables.settings.items() if owner == row.scope
    }
    return DueTask(row.scope, row.task, bot_and_chat(row.scope) not in tables.unreachable, settings)

"""What is due, in memory. See ``application.books.Agenda``."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Tables, add_letter, add_owed
from adapters.memory.tasks import TaskRow, keep, stamped, task_rows, to_micros
from application.agenda import AgendaChanges, Buried, DueTask, Firing
from application.changes import DeadLetter, Head
from application.records import AuditEntry
from domain.catalogue import SCHEDULER
from domain.errors import RowsGone, StoreUnavailable
from domain.scope import bot_and_chat
from domain.tasks.values import Kept, Status, Task

# What stands of an occasion that was not said, and may come after all.
REVISABLE = frozenset({Kept.PAUSED, Kept.SKIPPED, Kept.SUPERSEDED})
# What a scheduler changes of a task.
MOVED_ON = ("due_at", "remind_at", "times_said", "is_paused")


class MemoryAgendaRound:
    """See ``application.books.AgendaRound``."""

    def __init__(self, database: MemoryDatabase, consumer: str, run_id: UUID) -> None:
        self._database = database
        self._consumer = consumer
        self._run_id = run_id
        self._is_marked = False
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
            evolve(_due(tables, tables.tasks.tasks[task_id]), deaths=self._deaths_of(tables, task_id))
            for name, (_, task_id) in zip(names, rows, strict=True) if name in won
        ]  # fmt: skip

    def _deaths_of(self, tables: Tables, task_id: UUID) -> int:
        """Return how many other runs that had the task in hand did not end."""
        return sum(task_id in ids for run, (_, ids) in tables.runs.items() if run != self._run_id)

    async def mark(self, task_ids: Sequence[UUID]) -> None:
        """See the port."""
        self._is_marked = True
        now = self._database.clock.now()

        def mark(tables: Tables) -> None:
            tables.runs[self._run_id] = (SCHEDULER, tuple(task_ids))
            tables.marked_at[self._run_id] = now
            for run, (target, ids) in list(tables.runs.items()):
                others = target == SCHEDULER and run != self._run_id
                if others and not any(is_due(tables, each, now) for each in ids):
                    del tables.runs[run]

        await self._database.transact(mark)

    async def unmark(self) -> None:
        """Take the mark back when the round failed and this process lives: nothing ended it."""
        if self._is_marked:
            with suppress(StoreUnavailable):
                await self._database.transact(self._unmark)

    def _unmark(self, tables: Tables) -> None:
        if self._run_id in tables.runs:
            tables.runs[self._run_id] = (SCHEDULER, ())

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
            for buried in changes.buried:
                self._bury(tables, buried)
            if self._is_marked:
                self._unmark(tables)
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
            for run, (target, ids) in [each for each in tables.runs.items() if task.task_id in each[1][1]]:
                if run != self._run_id:
                    tables.runs[run] = (target, tuple(each for each in ids if each != task.task_id))

    def _bury(self, tables: Tables, buried: Buried) -> None:
        owed = buried.letter
        head = Head(
            owed.target, owed.event_id, owed.lane, 0, True, 0, buried.deaths, owed.cause, owed.envelope
        )
        dead = DeadLetter(owed.event_id, (buried.reason,))
        add_letter(tables, head, dead, self.now, next(self._database.letter_ids))

    def commit(self) -> None:
        """Make everything that was written take effect."""
        self._database.commit(self._view)


class MemoryAgenda:
    """See ``application.books.Agenda``. ``consumer`` names the scheduler in the audit, ``run_id`` its process."""

    def __init__(self, database: MemoryDatabase, *, run_id: UUID, consumer: str = SCHEDULER) -> None:
        self._database = database
        self._run_id = run_id
        self._consumer = consumer

    @asynccontextmanager
    async def due(self, limit: int) -> AsyncIterator[MemoryAgendaRound]:
        """See the port."""
        self._database.check()
        current = MemoryAgendaRound(self._database, self._consumer, self._run_id)
        try:
            current.read(limit)
            yield current
            current.commit()
        except (Exception, asyncio.CancelledError):
            # This run's process lives, so nothing has ended it. A simulated kill is neither of the two.
            await current.unmark()
            raise
        finally:
            current.unlock()


def _name(firing: Firing) -> tuple[UUID, float]:
    return firing.occasion.task_id, to_micros(firing.occasion.bucket)


def is_due(tables: Tables, task_id: UUID, now: float) -> bool:
    """Tell whether a task is open and its instant has come."""
    row = tables.tasks.tasks.get(task_id)
    at = row.task.remind_at if row is not None and row.task.status is Status.OPEN else None
    return at is not None and at <= now


def _due(tables: Tables, row: TaskRow) -> DueTask:
    settings: Mapping[str, str] = {
        name: value for (owner, name), value in tables.settings.items() if owner == row.scope
    }
    return DueTask(row.scope, row.task, bot_and_chat(row.scope) not in tables.unreachable, settings)

"""Tasks in memory: their tables, what effects do to them, and what a round reads of them.

See ``application.books.TaskBook``. Not here: what is due (``adapters.memory.agenda``), and the other tables
(``adapters.memory.database``).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import Factory, define, evolve, frozen

from adapters.memory.rows import RowLocks, RowName, Rows
from application.agenda import ARRIVED, UNTOLD_MAX, Contact, Tally
from application.changes import ScopedEffect
from domain.decisions import (
    TASK_EFFECTS,
    AddTask,
    ArrivedOccasion,
    KeepOccasion,
    MoveData,
    PutTask,
    ResumeTasks,
    TaskEffect,
    ToldOccasions,
)
from domain.errors import RowsGone
from domain.tasks.values import Kept, Occasion, Page, Status, Task
from domain.text import folded

# What comes due within this time may be being paused.
SOON_S = 60.0
# What stands where a reminder was not said, as far as is known.
UNSAID = (Kept.AMBIGUOUS, Kept.PAUSED, Kept.SUPERSEDED)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class TaskRow:
    """A task and whose it is."""

    scope: str
    task: Task


@frozen
class OccasionRow:
    """What stands of an occasion, and whether its chat was told of it where that is needed."""

    occasion: Occasion
    told: bool = False


@define
class TaskTables:
    """The tables of tasks, and of their occasions by task and bucket."""

    tasks: MutableMapping[UUID, TaskRow] = Factory(dict)
    occasions: MutableMapping[tuple[UUID, float], OccasionRow] = Factory(dict)

    def over(self) -> "TaskTables":
        """Return a view for a transaction; see ``adapters.memory.database.Tables``."""
        return TaskTables(Rows(self.tasks), Rows(self.occasions))

    def keyed(self) -> list[tuple[str, MutableMapping[Any, Any]]]:
        """Return the tables by name."""
        return [("tasks", self.tasks), ("occasions", self.occasions)]

    def of(self, scope: str) -> list[Task]:
        """Return the tasks of a scope."""
        return [row.task for row in self.tasks.values() if row.scope == scope]

    def owns(self, scope: str, task_id: UUID) -> bool:
        """Return whether a task is of a scope."""
        return task_id in self.tasks and self.tasks[task_id].scope == scope


class MemoryTasks:
    """See ``application.books.TaskBook``. What is committed meanwhile shows, as it does in Postgres."""

    def __init__(
        self,
        tables: TaskTables,
        locks: RowLocks,
        holder: object,
        now: float,
        *,
        is_unreachable: Callable[[str], bool],
        moved_to: Callable[[str], str | None],
    ) -> None:
        """``holder`` is the transaction that locks; the last two tell of a scope's chat, kept beside these tables."""
        self._tables, self._locks, self._holder, self._now = tables, locks, holder, now
        self._is_unreachable, self._moved_to = is_unreachable, moved_to

    async def by_numbers(self, wanted: Mapping[str, Collection[int]]) -> Mapping[str, Mapping[int, Task]]:
        """See the port."""
        ids = {scope: {task.task_id for task in self._tables.of(scope) if task.number in numbers}
               for scope, numbers in wanted.items()}  # fmt: skip
        found = await self.by_ids(ids)
        return {scope: {task.number: task for task in tasks.values()} for scope, tasks in found.items()}

    async def by_ids(self, wanted: Mapping[str, Collection[UUID]]) -> Mapping[str, Mapping[UUID, Task]]:
        """See the port."""
        there = [each for scope, ids in wanted.items() for each in ids if self._tables.owns(scope, each)]
        await self._locks.take(self._holder, task_rows(there))
        return {
            scope: {task.task_id: task for task in self._tables.of(scope) if task.task_id in ids}
            for scope, ids in wanted.items()
        }

    async def tallies(self, scopes: Collection[str]) -> Mapping[str, Tally]:
        """See the port."""
        return {scope: _tally(self._tables.of(scope)) for scope in scopes}

    async def pages(self, wanted: Mapping[str, Page]) -> Mapping[str, tuple[Sequence[Task], int]]:
        """See the port."""
        return {scope: self._page(scope, page) for scope, page in wanted.items()}

    def _page(self, scope: str, page: Page) -> tuple[Sequence[Task], int]:
        found = [task for task in self._tables.of(scope) if self._matches(task, page)]
        found.sort(key=_place)
        begin = (page.number - 1) * page.size
        return found[begin : begin + page.size], len(found)

    def _matches(self, task: Task, page: Page) -> bool:
        title = folded(task.title)
        return (
            not task.is_digest
            and (page.status is None or task.status is page.status)
            and (not page.is_overdue or task.is_overdue(self._now))
            and (page.due_before is None or _is_due_before(task, page.due_before))
            and (page.tag is None or page.tag in task.tags)
            and all(word in title for word in folded(page.words or "").split())
        )

    async def occasions(self, scope: str, task_id: UUID, limit: int) -> Sequence[Occasion]:
        """See the port."""
        tables = self._tables
        if not tables.owns(scope, task_id):
            return []
        found = [row.occasion for (owner, _), row in tables.occasions.items() if owner == task_id]
        return sorted(found, key=lambda each: -each.bucket)[:limit]

    async def moved(self, scopes: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        found = {scope: self._moved_to(scope) for scope in scopes}
        return {scope: new for scope, new in found.items() if new is not None}

    async def contacts(self, scopes: Collection[str]) -> Mapping[str, Contact]:
        """See the port."""
        found = {
            scope: evolve(_contact(self._tables, scope), is_unreachable=self._is_unreachable(scope))
            for scope in scopes
        }
        return {scope: contact for scope, contact in found.items() if contact != Contact()}


def task_rows(task_ids: Iterable[UUID]) -> list[RowName]:
    """Return the names under which rows of tasks are locked."""
    return [("tasks", each) for each in task_ids]


def rows_looked_at(tables: TaskTables, effects: Sequence[ScopedEffect], now: float) -> list[RowName]:
    """Return the rows of tasks that effects lock before they look at them."""
    found: list[UUID] = []
    for scope, effect in ((each.scope, each.effect) for each in effects):
        if isinstance(effect, ResumeTasks):
            found += [each.task_id for each in tables.of(scope) if _may_be_pausing(each, now)]
        elif isinstance(effect, MoveData):
            found += [each.task_id for each in tables.of(scope)]
    return task_rows(found)


def _may_be_pausing(task: Task, now: float) -> bool:
    """Tell whether a task is paused, or a scheduler may be about to pause it."""
    is_due = task.remind_at is not None and task.remind_at - SOON_S <= now
    return task.status is Status.OPEN and (task.is_paused or is_due)


def _is_due_before(task: Task, at: float) -> bool:
    return task.status is Status.OPEN and task.due_at is not None and task.due_at < at


def _tally(tasks: Sequence[Task]) -> Tally:
    opened = sum(task.status is Status.OPEN and not task.is_digest for task in tasks)
    return Tally(max((task.number for task in tasks), default=0) + 1, opened)


def _place(task: Task) -> tuple[float, ...]:
    """Return where a task stands in a list."""
    closed = -task.closed_at if task.closed_at is not None else float("-inf")
    due = task.due_at if task.due_at is not None else float("inf")
    return task.status is not Status.OPEN, closed, -task.priority, due, task.number


def awaiting_scopes(tables: TaskTables) -> set[str]:
    """Return the scopes whose chats were not told of an ambiguous occasion, or have tasks that are paused."""
    untold = {
        tables.tasks[task_id].scope for (task_id, _), row in tables.occasions.items()
        if row.occasion.kept is Kept.AMBIGUOUS and not row.told and task_id in tables.tasks
    }  # fmt: skip
    rows = tables.tasks.values()
    return untold | {row.scope for row in rows if row.task.is_paused and row.task.status is Status.OPEN}


def _contact(tables: TaskTables, scope: str) -> Contact:
    untold = [
        (tables.tasks[task_id].task, row.occasion) for (task_id, _), row in tables.occasions.items()
        if row.occasion.kept is Kept.AMBIGUOUS and not row.told and tables.owns(scope, task_id)
    ]  # fmt: skip
    untold.sort(key=lambda pair: (pair[1].bucket, pair[0].number))
    paused = any(task.is_paused and task.status is Status.OPEN for task in tables.of(scope))
    return Contact(tuple(untold[:UNTOLD_MAX]), paused)


def write_tasks(tables: TaskTables, effects: Sequence[ScopedEffect], now: float) -> None:
    """Let those of the effects take place that are on tasks, in the order of their kinds."""
    for kind in TASK_EFFECTS:
        for scoped in effects:
            if isinstance(scoped.effect, kind):
                _write(tables, scoped.scope, scoped.effect, now)


def _write(tables: TaskTables, scope: str, effect: TaskEffect, now: float) -> None:
    """Let an effect take place. Raises RowsGone for a number that another transaction gave away."""
    match effect:
        case AddTask(task):
            _add(tables, scope, task)
        case PutTask(task) if tables.owns(scope, task.task_id):
            _put(tables, scope, task)
        case KeepOccasion(occasion) if tables.owns(scope, occasion.task_id):
            keep(tables, occasion, now)
        case ArrivedOccasion(task_id, bucket):
            stands = tables.occasions.get((task_id, to_micros(bucket)))
            may_arrive = stands is not None and stands.occasion.kept in UNSAID
            if stands is not None and may_arrive and tables.owns(scope, task_id):
                keep(tables, evolve(stands.occasion, kept=Kept.LATE, reason=ARRIVED), now)
        case ToldOccasions():
            _tell(tables, scope, effect)
        case ResumeTasks():
            for task in tables.of(scope):
                if task.is_paused and task.status is Status.OPEN:
                    resumed = evolve(task, remind_at=max(now, task.due_at or now), is_paused=False)
                    tables.tasks[task.task_id] = TaskRow(scope, resumed)


def _add(tables: TaskTables, scope: str, task: Task) -> None:
    if task.task_id in tables.tasks:
        raise ValueError("duplicate key: the task is there already")
    if any(task.number == each.number for each in tables.of(scope)):
        raise RowsGone("the task's number was given to another; reading again")
    tables.tasks[task.task_id] = TaskRow(scope, stamped(task))


def _put(tables: TaskTables, scope: str, task: Task) -> None:
    known = tables.tasks[task.task_id].task
    put = evolve(task, number=known.number, made_by=known.made_by, created_at=known.created_at)
    tables.tasks[task.task_id] = TaskRow(scope, stamped(put))


def _tell(tables: TaskTables, scope: str, told: ToldOccasions) -> None:
    for name in zip(told.task_ids, map(to_micros, told.buckets), strict=True):
        if name in tables.occasions and tables.owns(scope, name[0]):
            tables.occasions[name] = evolve(tables.occasions[name], told=True)


def keep(tables: TaskTables, occasion: Occasion, now: float) -> None:
    """Write what became of an occasion, over what stood of it."""
    written = evolve(occasion, bucket=to_micros(occasion.bucket), at=now)
    tables.occasions[written.task_id, written.bucket] = OccasionRow(written)


def move_tasks(tables: TaskTables, old: str, new: str) -> None:
    """Give the tasks of one scope to another, with numbers behind those that it has; it keeps its own digest."""
    moved, there = tables.of(old), tables.of(new)
    last = _tally(there).next_number - 1
    for task in moved:
        if not task.is_digest:
            tables.tasks[task.task_id] = TaskRow(new, evolve(task, number=task.number + last))
        elif not any(each.is_digest for each in there):
            tables.tasks[task.task_id] = TaskRow(new, task)
        else:
            del tables.tasks[task.task_id]
            for name in [name for name in tables.occasions if name[0] == task.task_id]:
                del tables.occasions[name]


def stamped(task: Task) -> Task:
    """Return the task as it is kept: with instants to the microsecond."""
    return evolve(
        task,
        due_at=None if task.due_at is None else to_micros(task.due_at),
        remind_at=None if task.remind_at is None else to_micros(task.remind_at),
        created_at=to_micros(task.created_at),
        closed_at=None if task.closed_at is None else to_micros(task.closed_at),
    )


def to_micros(at: float) -> float:
    """Return an instant as it is kept, to the microsecond."""
    return (_EPOCH + timedelta(seconds=at)).timestamp()

"""Tasks in Postgres: what a round reads of them, and what its effects do. See ``application.books.TaskBook``.

Not here: what is due (``agenda``).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres.pool import Connection
from adapters.postgres.sql import SQL
from application.agenda import ARRIVED, UNTOLD_MAX, Contact, Tally
from application.changes import ScopedEffect
from domain.decisions import AddTask, ArrivedOccasion, KeepOccasion, PutTask, ResumeTasks, ToldOccasions
from domain.errors import RowsGone
from domain.scope import bot_and_chat, chat_scope
from domain.tasks.values import Kept, Late, Occasion, Page, Priority, Status, Task, Who
from domain.text import folded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "\x1f"


class PostgresTasks:
    """The book of tasks within the transaction that is open on ``connection``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _name(self, scopes: Collection[str]) -> None:
        """Name the scopes whose rows the next statements may see."""
        await self._connection.execute(SQL["name_scopes"], ",".join(sorted(scopes)))

    async def by_numbers(self, wanted: Mapping[str, Collection[int]]) -> Mapping[str, Mapping[int, Task]]:
        """See the port."""
        found = await self._locked("tasks_by_numbers", wanted)
        return {scope: {task.number: task for task in tasks} for scope, tasks in found.items()}

    async def by_ids(self, wanted: Mapping[str, Collection[UUID]]) -> Mapping[str, Mapping[UUID, Task]]:
        """See the port."""
        found = await self._locked("tasks_by_ids", wanted)
        return {scope: {task.task_id: task for task in tasks} for scope, tasks in found.items()}

    async def _locked(
        self, statement: str, wanted: Mapping[str, Collection[object]]
    ) -> Mapping[str, list[Task]]:
        await self._name(wanted)
        pairs = [(scope, each) for scope, names in wanted.items() for each in set(names)]
        rows = await self._connection.fetch(
            SQL[statement], [s for s, _ in pairs], [each for _, each in pairs]
        )
        found: dict[str, list[Task]] = {scope: [] for scope in wanted}
        for row in rows:
            found[row["scope"]].append(task_of(row))
        return found

    async def tallies(self, scopes: Collection[str]) -> Mapping[str, Tally]:
        """See the port."""
        await self._name(scopes)
        rows = await self._connection.fetch(SQL["tally_tasks"], list(set(scopes)))
        return {row["scope"]: Tally(row["next_number"], row["open_tasks"]) for row in rows}

    async def pages(self, wanted: Mapping[str, Page]) -> Mapping[str, tuple[Sequence[Task], int]]:
        """See the port."""
        await self._name(wanted)
        found: dict[str, tuple[Sequence[Task], int]] = dict.fromkeys(wanted, ((), 0))
        for statement, which in (("open_pages", _is_of_open), ("pages", _is_of_any)):
            pages = [_page_columns(scope, page) for scope, page in wanted.items() if which(page)]
            rows = await self._connection.fetch(SQL[statement], *transposed(pages)) if pages else ()
            for row in rows:
                tasks, _ = found[row["scope"]]
                here = () if row["task_id"] is None else (task_of(row),)
                found[row["scope"]] = ((*tasks, *here), row["total"])
        return found

    async def occasions(self, scope: str, task_id: UUID, limit: int) -> Sequence[Occasion]:
        """See the port."""
        await self._name([scope])
        rows = await self._connection.fetch(SQL["read_occasions"], scope, task_id, limit)
        return [occasion_of(row) for row in rows]

    async def moved(self, scopes: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        chats = [(scope, *bot_and_chat(scope)) for scope in set(scopes)]
        rows = await self._connection.fetch(SQL["moved_scopes"], *(transposed(chats) or ([], [], [])))
        return {row["scope"]: chat_scope(row["scope"], row["moved_to"]) for row in rows}

    async def contacts(self, scopes: Collection[str]) -> Mapping[str, Contact]:
        """See the port."""
        await self._name(scopes)
        rows = await self._connection.fetch(SQL["read_contacts"], list(set(scopes)), UNTOLD_MAX)
        untold: dict[str, list[tuple[Task, Occasion]]] = {row["scope"]: [] for row in rows}
        for row in rows:
            if row["task_id"] is not None:
                untold[row["scope"]].append((task_of(row), occasion_of(row)))
        known = {row["scope"]: (row["has_paused"], row["is_unreachable"]) for row in rows}
        return {scope: Contact(tuple(pairs), *known[scope]) for scope, pairs in untold.items()}

    async def write(self, effects: Sequence[ScopedEffect]) -> None:
        """Let those of the effects take place that are on tasks, in the order of their kinds."""
        added = [(e.scope, e.effect.task) for e in effects if isinstance(e.effect, AddTask)]
        put = {
            (e.scope, e.effect.task.task_id): e.effect.task for e in effects if isinstance(e.effect, PutTask)
        }
        kept = {
            (e.scope, e.effect.occasion.task_id, moment(e.effect.occasion.bucket)): e.effect.occasion
            for e in effects if isinstance(e.effect, KeepOccasion)
        }  # fmt: skip
        arrived = [
            (e.scope, e.effect.task_id, moment(e.effect.bucket), ARRIVED)
            for e in effects if isinstance(e.effect, ArrivedOccasion)
        ]  # fmt: skip
        told = [
            (e.scope, *pair) for e in effects if isinstance(e.effect, ToldOccasions)
            for pair in zip(e.effect.task_ids, map(moment, e.effect.buckets), strict=True)
        ]  # fmt: skip
        resumed = [e.scope for e in effects if isinstance(e.effect, ResumeTasks)]
        named = {name[0] for rows in (added, put, kept, arrived, told) for name in rows} | set(resumed)
        if not named:
            return
        await self._name(named)
        execute = self._connection.execute
        if added:
            with numbers_given_once():
                await execute(SQL["add_tasks"], *_columns(added))
        if put:
            await execute(SQL["put_tasks"], *_columns([(scope, task) for (scope, _), task in put.items()]))
        if kept:
            written = [(*name, o.kept.value, o.reason) for name, o in kept.items()]
            await execute(SQL["keep_occasions"], *transposed(written))
        if arrived:
            await execute(SQL["arrived_occasions"], *transposed(arrived))
        if told:
            await execute(SQL["told_occasions"], *transposed(told))
        if resumed:
            await execute(SQL["await_pausing"], resumed)
            await execute(SQL["resume_tasks"], resumed)


@contextmanager
def numbers_given_once() -> Iterator[None]:
    """Raise RowsGone for a number that another transaction gave away meanwhile; it is found out anew."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "tasks_scope_number_key":
            raise
        raise RowsGone("the task's number was given to another; reading again") from error


def _is_of_open(page: Page) -> bool:
    """Tell whether only open tasks can be on a page; these have an index."""
    is_due = page.is_overdue or page.due_before is not None
    return page.status is Status.OPEN or (page.status is None and is_due)


def _is_of_any(page: Page) -> bool:
    """Tell whether a page is of tasks of any status; none is on one of closed tasks that are due."""
    is_due = page.is_overdue or page.due_before is not None
    return page.status is not Status.OPEN and not is_due


def _page_columns(scope: str, page: Page) -> tuple[object, ...]:
    words = _SEPARATOR.join(folded(page.words or "").split())
    status = None if page.status is None else page.status.value
    begin = (page.number - 1) * page.size
    return (scope, status, page.is_overdue, moment(page.due_before), page.tag, words, page.size, begin)


def task_of(row: Mapping[str, Any]) -> Task:
    """Return the task that a row is."""
    return Task(
        row["task_id"], row["number"], row["title"], Status(row["status"]), seconds(row["due_at"]),
        seconds(row["remind_at"]), row["zone"], row["rule"], Priority(row["priority"]), tuple(row["tags"]),
        Late(row["late"]), row["times_said"], row["is_paused"], row["thread_id"], _who(row, "created_by"),
        _who(row, "assigned_to"), _who(row, "closed_by"), row["language"], row["created_at"].timestamp(),
        seconds(row["closed_at"]),
    )  # fmt: skip


def _who(row: Mapping[str, Any], column: str) -> Who | None:
    return Who(row[column], row[f"{column}_name"]) if row[column] is not None else None


def occasion_of(row: Mapping[str, Any]) -> Occasion:
    """Return the occasion that a row is."""
    return Occasion(
        row["task_id"], row["bucket"].timestamp(), Kept(row["kept"]), row["at"].timestamp(), row["reason"]
    )


def _columns(tasks: Sequence[tuple[str, Task]]) -> list[list[object]]:
    """Return the columns of tasks, each with its scope."""
    return transposed([
        (
            scope, t.task_id, t.number, t.title, folded(t.title), t.status.value, moment(t.due_at),
            moment(t.remind_at), t.zone, t.rule, t.priority.value, _SEPARATOR.join(t.tags), t.late.value, t.times_said,
            t.is_paused, t.thread_id, *_who_columns(t.made_by), *_who_columns(t.assigned_to),
            *_who_columns(t.closed_by), t.language, moment(t.created_at), moment(t.closed_at),
        )
        for scope, t in tasks
    ])  # fmt: skip


def _who_columns(who: Who | None) -> tuple[int | None, str]:
    return (who.user_id, who.name) if who is not None else (None, "")


def transposed(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """Return the columns of rows."""
    return [list(column) for column in zip(*rows, strict=True)]


def moment(at: float | None) -> datetime | None:
    """Return an instant as Postgres takes it, to the microsecond."""
    return _EPOCH + timedelta(seconds=at) if at is not None else None


def seconds(at: datetime | None) -> float | None:
    """Return an instant of Postgres in seconds since the epoch."""
    return at.timestamp() if at is not None else None

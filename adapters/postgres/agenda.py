"""What is due, in Postgres, as the role ``openclaw_scheduler``. See ``application.books.Agenda``.

Not here: when a task is due again (``domain.tasks``), and the other tasks of a scope (``tasks``).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from adapters.postgres.columns import audit_columns, owed_columns
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import moment, task_of
from application.agenda import AgendaChanges, Buried, DueTask, Firing
from domain.catalogue import SCHEDULER
from domain.errors import RowsGone, StoreUnavailable


class PostgresAgendaRound:
    """See ``application.books.AgendaRound``."""

    def __init__(self, connection: Connection, marks: Pool, consumer: str, run_id: UUID) -> None:
        self._connection = connection
        self._marks = marks
        self._consumer = consumer
        self._run_id = run_id
        self._is_marked = False
        self.now = 0.0
        self.due: Sequence[DueTask] = ()

    async def read(self, limit: int) -> None:
        """Lock the first tasks that are due and that nobody has locked, and read what is known of their chats."""
        self.now = (await self._connection.fetchval(SQL["agenda_now"])).timestamp()
        rows = await self._connection.fetch(SQL["due_tasks"], limit, self._run_id)
        if not rows:
            return
        scopes = sorted({row["scope"] for row in rows})
        await self._connection.execute(SQL["name_scopes"], ",".join(scopes))
        settings: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        for row in await self._connection.fetch(SQL["read_settings"], scopes):
            settings[row["scope"]][row["name"]] = row["value"]
        gone = {row["scope"] for row in await self._connection.fetch(SQL["unreachable_scopes"], scopes)}
        self.due = [
            DueTask(
                row["scope"], task_of(row), row["scope"] not in gone, settings[row["scope"]], row["deaths"]
            )
            for row in rows
        ]

    async def mark(self, task_ids: Sequence[UUID]) -> None:
        """See the port. The mark is committed on a connection of its own."""
        self._is_marked = True
        async with self._marks.connection() as connection:
            await connection.execute(SQL["mark_run"], self._run_id, SCHEDULER, self._consumer, task_ids)
            # Of tasks that were put off or done with meanwhile nobody asks any more.
            await connection.execute(SQL["forget_marks"], self._run_id)

    async def unmark(self) -> None:
        """Take the mark back when the round failed and this process lives: nothing ended it."""
        if self._is_marked:
            with suppress(StoreUnavailable):
                async with self._marks.connection() as connection:
                    await connection.execute(SQL["unmark_run"], self._run_id)

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        """See the port."""
        mine = {each.task.task_id for each in self.due}
        if not mine.issuperset(task.task_id for task in changes.tasks):
            raise RowsGone("a task is not among those that are due; reading again")
        fired = await self._keep([f for f in changes.firings if f.occasion.task_id in mine])
        # Of several changes of one task the last one counts.
        moving = {task.task_id: task for task in changes.tasks}
        tasks = list(moving.values())
        moved: int = await self._connection.fetchval(
            SQL["apply_agenda"],
            *owed_columns([f.owed for f in fired if f.owed is not None]),
            self._consumer,
            *audit_columns([f.audit for f in fired if f.audit is not None]),
            [t.task_id for t in tasks],
            [moment(t.due_at) for t in tasks],
            [moment(t.remind_at) for t in tasks],
            [t.times_said for t in tasks],
            [t.is_paused for t in tasks],
        )
        if moved != len(tasks):
            raise RowsGone(f"{len(tasks) - moved} tasks are not due any more; reading again")
        if changes.buried:
            await self._bury(changes.buried)
        if self._is_marked:
            await self._connection.execute(SQL["unmark_run"], self._run_id)
        if survived := [
            each.task.task_id for each in self.due if each.deaths and each.task.task_id in moving
        ]:
            await self._connection.execute(SQL["survive_marks"], survived, self._run_id)
        return fired

    async def _bury(self, buried: Sequence[Buried]) -> None:
        letters = [each.letter for each in buried]
        await self._connection.execute(
            SQL["bury_tasks"],
            [letter.target for letter in letters],
            [letter.event_id for letter in letters],
            [letter.lane for letter in letters],
            [each.deaths for each in buried],
            [each.reason for each in buried],
            [letter.envelope for letter in letters],
        )

    async def _keep(self, firings: Sequence[Firing]) -> list[Firing]:
        """Keep the occasions and return the firings whose occasion was not acted on before, in their order."""
        named = [((f.occasion.task_id, moment(f.occasion.bucket)), f) for f in firings]
        # Of several firings of one occasion the first one counts.
        unique = dict(reversed(named))
        if not unique:
            return []
        rows = await self._connection.fetch(
            SQL["keep_firings"],
            [task_id for task_id, _ in unique],
            [bucket for _, bucket in unique],
            [f.occasion.kept.value for f in unique.values()],
            [f.occasion.reason for f in unique.values()],
        )
        kept = {(row["task_id"], row["bucket"]) for row in rows}
        return [firing for name, firing in named if name in kept and unique[name] is firing]


class PostgresAgenda:
    """See ``application.books.Agenda``. ``consumer`` names the scheduler in the audit.

    ``marks`` need not wait for the disk: a mark has to survive this process, not the server.
    """

    def __init__(self, pool: Pool, marks: Pool, *, run_id: UUID, consumer: str = SCHEDULER) -> None:
        self._pool = pool
        self._marks = marks
        self._run_id = run_id
        self._consumer = consumer

    @asynccontextmanager
    async def due(self, limit: int) -> AsyncIterator[PostgresAgendaRound]:
        """See the port."""
        current: PostgresAgendaRound | None = None
        try:
            async with self._pool.connection() as connection:
                await connection.execute("begin")
                current = PostgresAgendaRound(connection, self._marks, self._consumer, self._run_id)
                await current.read(limit)
                yield current
                await connection.execute("commit")
        except (Exception, asyncio.CancelledError):
            # Only after the rollback: what was applied may hold the lock of the mark's own row.
            if current is not None:
                await current.unmark()
            raise

"""What is due, in Postgres, as the role ``openclaw_scheduler``. See ``application.books.Agenda``.

Not here: when a task is due again (``domain.tasks``), and the other tasks of a scope (``tasks``).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.postgres.columns import audit_columns, owed_columns
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import moment, task_of
from application.agenda import AgendaChanges, DueTask, Firing
from domain.errors import RowsGone


class PostgresAgendaRound:
    """See ``application.books.AgendaRound``."""

    def __init__(self, connection: Connection, consumer: str) -> None:
        self._connection = connection
        self._consumer = consumer
        self.now = 0.0
        self.due: Sequence[DueTask] = ()

    async def read(self, limit: int) -> None:
        """Lock the first tasks that are due and that nobody has locked, and read what is known of their chats."""
        self.now = (await self._connection.fetchval(SQL["agenda_now"])).timestamp()
        rows = await self._connection.fetch(SQL["due_tasks"], limit)
        if not rows:
            return
        scopes = sorted({row["scope"] for row in rows})
        await self._connection.execute(SQL["name_scopes"], ",".join(scopes))
        settings: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        for row in await self._connection.fetch(SQL["read_settings"], scopes):
            settings[row["scope"]][row["name"]] = row["value"]
        gone = {row["scope"] for row in await self._connection.fetch(SQL["unreachable_scopes"], scopes)}
        self.due = [
            DueTask(row["scope"], task_of(row), row["scope"] not in gone, settings[row["scope"]])
            for row in rows
        ]

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        """See the port."""
        mine = {each.task.task_id for each in self.due}
        if not mine.issuperset(task.task_id for task in changes.tasks):
            raise RowsGone("a task is not among those that are due; reading again")
        fired = await self._keep([f for f in changes.firings if f.occasion.task_id in mine])
        # Of several changes of one task the last one counts.
        tasks = list({task.task_id: task for task in changes.tasks}.values())
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
        return fired

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
    """See ``application.books.Agenda``. ``consumer`` names the scheduler in the audit."""

    def __init__(self, pool: Pool, *, consumer: str = "scheduler") -> None:
        self._pool = pool
        self._consumer = consumer

    @asynccontextmanager
    async def due(self, limit: int) -> AsyncIterator[PostgresAgendaRound]:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute("begin")
            current = PostgresAgendaRound(connection, self._consumer)
            await current.read(limit)
            yield current
            await connection.execute("commit")

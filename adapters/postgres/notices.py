"""Dead letters as whoever tells of them sees them, in Postgres, as the role ``openclaw_brain``.

That role sees no letters but those of the brain: functions of the schema tell it how many died of what, and no more.
Not here: what admins are told (``application.notices``), and letters as operators see them (``dead_letters``).
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from adapters.postgres.access import PostgresAccess
from adapters.postgres.columns import audit_columns, owed_columns
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from application.changes import AuditRow, Owed
from application.notices import Fallen, LetterState
from domain.scope import bot_and_chat


class PostgresLetterTurn:
    """See ``application.notices.LetterTurn``."""

    def __init__(self, connection: Connection, consumer: str) -> None:
        self._connection = connection
        self._consumer = consumer
        self._is_mine = False
        self.access = PostgresAccess(connection)
        self.state = LetterState(0.0)

    async def read(self) -> None:
        """Take the turn if nobody has it, and read what stands."""
        self._is_mine = await self._connection.fetchval(SQL["lock_notice"])
        if self._is_mine:
            # Only now that the turn is ours: in one statement it might not see what the one before wrote.
            state = await self._connection.fetchrow(SQL["letter_state"])
            rows = await self._connection.fetch(SQL["unknown_letters"])
            self.state = LetterState(**dict(state), fallen=tuple(Fallen(**dict(row)) for row in rows))

    async def reachable(self, scopes: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        wanted = sorted(scopes)
        await self._connection.execute(SQL["name_scopes"], ",".join(wanted))
        chats = [bot_and_chat(scope) for scope in wanted]
        rows = await self._connection.fetch(
            SQL["reachable_chats"], wanted, [bot_id for bot_id, _ in chats], [chat_id for _, chat_id in chats]
        )
        found: dict[str, dict[str, str]] = {row["scope"]: {} for row in rows}
        for row in await self._connection.fetch(SQL["read_settings"], list(found)):
            found[row["scope"]][row["name"]] = row["value"]
        return found

    async def tell(self, bots: Collection[int]) -> Sequence[Fallen]:
        """See the port."""
        rows = await self._connection.fetch(SQL["tell_letters"], list(bots)) if self._is_mine else ()
        if rows:
            await self._connection.execute(SQL["letters_were_told"])
        return [Fallen(**dict(row)) for row in rows]

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """See the port."""
        await self._connection.execute(
            SQL["owe_and_audit"], "", [], *owed_columns(owed), self._consumer, *audit_columns(audit)
        )


class PostgresLetterWatch:
    """See ``application.notices.LetterWatch``. ``consumer`` names who tells in the audit."""

    def __init__(self, pool: Pool, *, consumer: str = "brain") -> None:
        self._pool = pool
        self._consumer = consumer

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[PostgresLetterTurn]:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute("begin")
            current = PostgresLetterTurn(connection, self._consumer)
            await current.read()
            yield current
            await connection.execute("commit")

"""Who was let in, in Postgres, and the operator's desk where it is decided. See ``application.ports.AccessBook``.

Not here: what to decide (``domain.access``, ``application.doorkeeper``).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from adapters.postgres.columns import audit_columns
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from application.changes import AuditRow, Owed
from domain.access import WRONG_CODES_S, Asking, Code, Person, Standing
from domain.decisions import (
    AccessEffect,
    AddInvitation,
    AskAccess,
    CountWrongCode,
    SetStanding,
    UseInvitation,
)
from domain.errors import RowsGone


class PostgresAccess:
    """The book of access within the transaction that is open on ``connection``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def people(self, subjects: Sequence[str]) -> Mapping[str, Person]:
        """See the port."""
        rows = await self._connection.fetch(SQL["read_people"], subjects, WRONG_CODES_S)
        return {row["subject"]: _person(row) for row in rows}

    async def codes(self, hashes: Sequence[str]) -> Mapping[str, Code]:
        """See the port."""
        # In one order, so that two transactions that want the same codes do not block each other.
        wanted = sorted(set(hashes))
        rows = await self._connection.fetch(SQL["read_codes"], wanted)
        rows += await self._connection.fetch(SQL["read_invitations"], wanted)
        return {row["code_hash"]: _code(row) for row in rows}

    async def asking(self, bot_id: int) -> Asking:
        """See the port."""
        await self._connection.execute(SQL["lock_asking"], str(bot_id))
        row = await self._connection.fetchrow(SQL["count_asking"], str(bot_id))
        return Asking(row["users"], row["chats"])

    async def listed(self, bot_id: int, limit: int) -> Sequence[tuple[str, Person]]:
        """See the port."""
        rows = await self._connection.fetch(SQL["list_people"], str(bot_id), limit, WRONG_CODES_S)
        return [(row["subject"], _person(row)) for row in rows]

    async def write(self, effects: Sequence[AccessEffect]) -> None:
        """See the port."""
        # In one order over all transactions, so that two that decide about the same people do not block each other.
        for effect in sorted(effects, key=lambda each: str(getattr(each, "subject", ""))):
            statement, values = _statement(effect)
            done = await self._connection.execute(SQL[statement], *values)
            if isinstance(effect, UseInvitation) and done != "DELETE 1":
                raise RowsGone("the invitation was used by another")


class PostgresDesk:
    """See ``application.ports.Desk``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def decide(self) -> AsyncIterator["PostgresDeciding"]:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute("begin")
            yield PostgresDeciding(connection)
            await connection.execute("commit")


class PostgresDeciding:
    """See ``application.ports.Deciding``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.access = PostgresAccess(connection)

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """See the port."""
        await self._connection.execute(
            SQL["note_decision"],
            [o.target for o in owed],
            [o.event_id for o in owed],
            [o.lane for o in owed],
            [o.envelope for o in owed],
            *audit_columns(audit),
        )


def _statement(effect: AccessEffect) -> tuple[str, tuple[object, ...]]:
    """Return the statement that an effect needs, by name, and its values."""
    match effect:
        case AskAccess():
            return "ask_access", (effect.subject, effect.name, effect.code_hash, effect.lasts_s)
        case SetStanding():
            return "set_standing", (effect.subject, effect.standing.value, effect.name, effect.decided_by)
        case AddInvitation():
            return "add_invitation", (
                effect.code_hash,
                effect.bot_id,
                effect.standing.value,
                effect.lasts_s,
                effect.made_by,
            )
        case UseInvitation():
            return "use_invitation", (effect.code_hash,)
        case CountWrongCode():
            return "count_wrong_code", (effect.subject, WRONG_CODES_S)


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        Standing(row["standing"]), row["name"], max(0.0, row["code_left_s"]), row["wrong_codes"], row["decided_by"],
        row["changed_at"],
    )  # fmt: skip


def _code(row: Mapping[str, Any]) -> Code:
    standing = Standing(row["standing"]) if row["standing"] is not None else None
    return Code(row["left_s"], row["subject"], row["name"], standing)

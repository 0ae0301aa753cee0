"""The truth in Postgres: rounds over owed rows as one transaction and a handful of set-based statements.

Not here: what to decide about a row (``application``), the edge (``intake``), what operators read (``records``).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid5

from adapters.postgres.access import PostgresAccess
from adapters.postgres.columns import audit_columns, ledger_columns, owed_columns
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import PostgresTasks, numbers_given_once
from application.agenda import doubted
from application.changes import Changes, Claim, Delivery, Due, Head, RateState
from application.ports import TellMode
from application.records import Figures, FirstRun
from domain.decisions import AccessEffect, MarkChat, MoveData, PutSetting, SetApiMode
from domain.errors import RowsGone, StoreUnavailable
from domain.scope import bot_and_chat, chat_scope

REASON_SEPARATOR = "\x1f"


# What a group owns follows it in this order.
MOVING = ("move_settings", "drop_digest", "move_occasions", "move_tasks", "move_memories")
# So many lanes one sweep looks at; the next one goes on behind them.
SWEPT_LANES_MAX = 20_000


class PostgresRound:
    """One open transaction. See ``application.ports.Round``."""

    def __init__(
        self, connection: Connection, marks: Pool, target: str, consumer: str, run_id: UUID, *, claims: bool
    ) -> None:
        self._connection = connection
        self._claims = claims
        self._marks = marks
        self._target = target
        self._consumer = consumer
        # One process may work for several targets at once, each with its own mark.
        self._run_id = uuid5(run_id, target)
        self._marked = False
        self.access = PostgresAccess(connection)
        self.tasks = PostgresTasks(connection)
        self.heads: Sequence[Head] = ()
        self.waiting: Mapping[str, float] = {}
        self.claimed: Collection[str] = ()
        self.idle: Collection[str] = ()

    async def read(self, lanes: Sequence[str]) -> None:
        """Lock what can be locked of ``lanes`` and read what the won ones offer."""
        won = [row[0] for row in await self._connection.fetch(SQL["lock_lanes"], self._target, lanes)]
        if not won:
            return
        statement = SQL["read_heads_and_claims" if self._claims else "read_heads"]
        rows = await self._connection.fetch(statement, self._target, won, self._run_id)
        heads, waiting = [], {}
        for row in rows:
            wait_s = max(row["due_in_s"], row["claimed_for_s"] or 0.0) if self._claims else row["due_in_s"]
            if wait_s > 0:
                waiting[row["lane"]] = wait_s
            else:
                heads.append(_head(self._target, row, claims=self._claims))
        self.heads, self.waiting = heads, waiting
        self.claimed = {row["lane"] for row in rows if self._claims and (row["claimed_for_s"] or 0.0) > 0}
        self.idle = set(won) - {row["lane"] for row in rows}

    async def mark(self, event_ids: Sequence[UUID]) -> None:
        """See the port. The mark is committed on a connection of its own."""
        self._marked = True
        async with self._marks.connection() as connection:
            await connection.execute(SQL["mark_run"], self._run_id, self._target, self._consumer, event_ids)

    async def unmark(self) -> None:
        """Take the mark back when the round failed and this process lives: nothing ended it."""
        if self._marked:
            with suppress(StoreUnavailable):
                async with self._marks.connection() as connection:
                    await connection.execute(SQL["unmark_run"], self._run_id)

    async def first_runs(self, traces: Sequence[str]) -> Mapping[str, FirstRun]:
        """See the port."""
        rows = await self._connection.fetch(SQL["first_runs"], traces)
        return {row["trace"]: FirstRun(row["key"], row["outcome"], row["reason"]) for row in rows}

    async def behind_a_retry(self, event_ids: Sequence[UUID]) -> Collection[UUID]:
        """See the port."""
        rows = await self._connection.fetch(SQL["behind_a_retry"], self._target, event_ids)
        return {row["event_id"] for row in rows}

    async def settings(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        await self._connection.execute(SQL["name_scopes"], ",".join(scopes))
        found: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
        for row in await self._connection.fetch(SQL["read_settings"], scopes):
            found[row["scope"]][row["name"]] = row["value"]
        return found

    async def rates(self, buckets: Sequence[str]) -> Mapping[str, RateState]:
        """See the port."""
        rows = await self._connection.fetch(SQL["lock_rates"], sorted(set(buckets)))
        return {row["bucket"]: RateState(row["full_in_s"], row["blocked_for_s"]) for row in rows}

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        """See the port."""
        rows = await self._connection.fetch(
            SQL["claim_chats"],
            self._target,
            self._consumer,
            [c.lane for c in claims],
            [c.event_id for c in claims],
            [c.token for c in claims],
            [c.key for c in claims],
            [c.hold_s for c in claims],
        )
        return {row["lane"] for row in rows}

    async def release(self, tokens: Mapping[str, UUID]) -> set[str]:
        """See the port."""
        rows = await self._connection.fetch(SQL["release_claims"], list(tokens), list(tokens.values()))
        return {row["lane"] for row in rows}

    async def delivered(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        """See the port."""
        rows = await self._connection.fetch(SQL["read_deliveries"], keys)
        return {row["key"]: Delivery(**dict(row)) for row in rows}

    async def apply(self, changes: Changes) -> None:
        """See the port."""
        # The sender keeps the ledger, all others leave marks; neither has rights to the other's table.
        more = ledger_columns(changes.deliveries) if self._claims else (self._run_id,)
        settled = await self._connection.fetchval(
            SQL["apply_deliveries" if self._claims else "apply_decisions"],
            self._target,
            changes.settled,
            *owed_columns(changes.owed),
            self._consumer,
            *audit_columns(changes.audit),
            *more,
        )
        if self._claims:
            await self._unmark_within()
        if settled != len(changes.settled):
            raise RowsGone(f"{len(changes.settled) - settled} rows were settled by another; reading again")
        await self._apply_failures(changes)
        await self._apply_effects(changes)
        await self._apply_delivery(changes)

    async def _unmark_within(self) -> None:
        """Take the mark back with what the round writes, where there is one."""
        if self._marked:
            await self._connection.execute(SQL["unmark_run"], self._run_id)

    async def _apply_failures(self, changes: Changes) -> None:
        if changes.deaths:
            await self._connection.execute(SQL["count_deaths"], self._target, changes.deaths, self._run_id)
        if changes.retries:
            await self._connection.execute(
                SQL["retry_rows"],
                self._target,
                [r.event_id for r in changes.retries],
                [r.attempt for r in changes.retries],
                [r.delay_s for r in changes.retries],
                [r.ordered for r in changes.retries],
            )
        if changes.dead:
            reasons = [REASON_SEPARATOR.join(d.reasons) for d in changes.dead]
            rows = await self._connection.fetch(
                SQL["bury_rows"],
                self._target,
                [d.event_id for d in changes.dead],
                reasons,
                [d.repeat for d in changes.dead],
            )
            await self.tasks.write([effect for row in rows if (effect := doubted(*row)) is not None])

    async def _apply_effects(self, changes: Changes) -> None:
        await self.tasks.write(changes.effects)
        puts = [(e.scope, e.effect) for e in changes.effects if isinstance(e.effect, PutSetting)]
        if puts:
            await self._connection.execute(SQL["name_scopes"], ",".join(sorted({scope for scope, _ in puts})))
            await self._connection.execute(
                SQL["put_settings"],
                [s for s, _ in puts],
                [p.name for _, p in puts],
                [p.value for _, p in puts],
            )
        for scoped in changes.effects:
            if isinstance(scoped.effect, SetApiMode):
                await self._connection.execute(SQL["put_mode"], scoped.effect.mode.value)
            elif isinstance(scoped.effect, MoveData):
                new = chat_scope(scoped.scope, scoped.effect.new_chat_id)
                await self._connection.execute(SQL["name_scopes"], f"{scoped.scope},{new}")
                await self._connection.execute(SQL["lock_tasks"], scoped.scope)
                with numbers_given_once():
                    for statement in MOVING:
                        await self._connection.execute(SQL[statement], scoped.scope, new)
                await self._connection.execute(SQL["forget_settings"], scoped.scope)
                bot_id, chat_id = bot_and_chat(scoped.scope)
                subjects = f"{bot_id}:{chat_id}", f"{bot_id}:{scoped.effect.new_chat_id}"
                await self._connection.execute(SQL["move_access"], *subjects)
                await self._connection.execute(SQL["move_chat"], bot_id, chat_id, scoped.effect.new_chat_id)
            elif isinstance(scoped.effect, MarkChat):
                await self._mark_chat(*bot_and_chat(scoped.scope), scoped.effect)
        await self.access.write([s.effect for s in changes.effects if isinstance(s.effect, AccessEffect)])

    async def _mark_chat(self, bot_id: int, chat_id: int, mark: MarkChat) -> None:
        if mark.is_reachable:
            await self._connection.execute(SQL["mark_reachable"], bot_id, chat_id)
        else:
            await self._connection.execute(SQL["mark_unreachable"], [bot_id], [chat_id], [mark.reason])

    async def _apply_delivery(self, changes: Changes) -> None:
        if changes.suspended:
            s = changes.suspended
            await self._connection.execute(
                SQL["suspend_claims"],
                self._target,
                self._consumer,
                [x.lane for x in s],
                [x.event_id for x in s],
                [x.token for x in s],
                [not x.ambiguous for x in s],
            )
        if changes.rates:
            states = list(changes.rates.values())
            await self._connection.execute(
                SQL["put_rates"],
                list(changes.rates),
                [s.full_in_s for s in states],
                [s.blocked_for_s for s in states],
            )
        if changes.unreachable:
            u = changes.unreachable
            await self._connection.execute(
                SQL["mark_unreachable"], [x.bot_id for x in u], [x.chat_id for x in u], [x.reason for x in u]
            )
        for move in changes.migrations:
            await self._connection.execute(SQL["move_chat"], move.bot_id, move.old_chat_id, move.new_chat_id)


class PostgresStore:
    """Owed rows in Postgres for one consumer process. See ``application.ports.Store``."""

    def __init__(self, pool: Pool, marks: Pool, *, consumer: str, run_id: UUID, claims: bool = False) -> None:
        """``consumer`` names this process in audit rows and marks; ``claims`` reads the delivery ledger with heads.

        ``marks`` need not wait for the disk: a mark has to survive this process, not the server.
        """
        self._pool = pool
        self._marks = marks
        self._consumer = consumer
        self._run_id = run_id
        self._claims = claims

    @asynccontextmanager
    async def round(self, target: str, lanes: Sequence[str]) -> AsyncIterator[PostgresRound]:
        """See the port."""
        current: PostgresRound | None = None
        try:
            async with self._pool.connection() as connection:
                await connection.execute("begin")
                current = PostgresRound(
                    connection, self._marks, target, self._consumer, self._run_id, claims=self._claims
                )
                if lanes:
                    await current.read(lanes)
                yield current
                await connection.execute("commit")
        except (Exception, asyncio.CancelledError):
            # Only after the rollback: what was applied may hold the lock of the mark's own row.
            if current is not None:
                await current.unmark()
            raise

    async def due_lanes(self, target: str, after: str, limit: int, grace_s: float) -> Due:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["due_lanes"], target, after, limit, grace_s, SWEPT_LANES_MAX)
        # Only a scan that reached one of its bounds has more behind its last lane.
        goes_on = len(rows) == limit or (rows and rows[-1]["is_last"])
        return Due(tuple(row["lane"] for row in rows if row["is_due"]), rows[-1]["lane"] if goes_on else "")

    async def api_mode(self) -> str | None:
        """See the port."""
        async with self._pool.connection() as connection:
            mode: str | None = await connection.fetchval(SQL["read_mode"])
            return mode

    async def apply_mode(self, tell: TellMode, *, force: bool = False) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            await connection.execute("begin")
            mode = await connection.fetchval(SQL["lock_mode"], force)
            if mode is not None:
                await tell(mode)
                await connection.execute(SQL["mode_applied"])
            await connection.execute("commit")

    async def figures(self) -> Figures:
        """See the port."""
        async with self._pool.connection() as connection:
            return await read_figures(connection)


async def read_figures(connection: Connection) -> Figures:
    """Return the sizes that both ``/status`` and ``openclaw status`` show."""
    rows = await connection.fetch(SQL["figures"])
    letters: int = await connection.fetchval(SQL["dead_letter_count"])
    oldest_s = {row["target"]: max(0.0, row["oldest_s"]) for row in rows}
    owed = {row["target"]: row["owed"] for row in rows}
    return Figures(owed, letters, max(oldest_s.values(), default=0.0), oldest_s)


def _head(target: str, row: Mapping[str, Any], *, claims: bool) -> Head:
    is_claimed = claims and row["claimed_event"] == row["event_id"]
    repeat = is_claimed or row["repeat"]
    names = (
        "event_id",
        "lane",
        "seq",
        "ordered",
        "attempt",
        "deaths",
        "cause",
        "envelope",
        "marked",
        "standing",
        "awaits",
    )
    values = {name: row[name] for name in names} | ({"blocked_for_s": row["blocked_for_s"]} if claims else {})
    ambiguous = is_claimed and not row["resolved"]
    abandoned = ambiguous and row["ran_out"]
    return Head(**values, target=target, ambiguous=ambiguous, abandoned=abandoned, repeat=repeat)

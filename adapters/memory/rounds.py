"""Rounds in memory: one open transaction each, which sees what is committed, and what it wrote itself.

Not here: who opens rounds (``adapters.memory.store``), and the tables (``adapters.memory.database``).
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from math import inf
from uuid import UUID, uuid5

from attrs import evolve

from adapters.memory.access import MemoryAccess
from adapters.memory.database import NO_TIME, ClaimRow, MemoryDatabase, Row, Tables, Writer
from adapters.memory.tasks import MemoryTasks, awaiting_scopes, rows_looked_at
from application.changes import Changes, Claim, Delivery, Head, RateState
from application.records import FirstRun
from domain.decisions import Outcome
from domain.errors import StoreUnavailable
from domain.scope import bot_and_chat, chat_scope

# As far back as a rate tells how long ago something was.
LONG_AGO_S = -1e6


class MemoryRound:
    """One open transaction. See ``application.ports.Round``."""

    def __init__(self, database: MemoryDatabase, target: str, consumer: str, run_id: UUID) -> None:
        self._database = database
        self._target = target
        self._consumer = consumer
        # As on Postgres: a mark for each target.
        self._run_id = uuid5(run_id, target)
        self._now = database.clock.now()
        self._view = database.tables.over()
        self._won: list[str] = []
        # The lanes that it has locked.
        self._locked: set[tuple[str, str]] = set()
        self._is_marked = False
        self.access = MemoryAccess(database, self._view, self, self._now)
        self.tasks = MemoryTasks(
            self._view.tasks, database.locks, self, self._now,
            is_unreachable=lambda scope: bot_and_chat(scope) in self._view.unreachable, moved_to=self._moved_to,
        )  # fmt: skip
        self.heads: Sequence[Head] = ()
        self.waiting: Mapping[str, float] = {}
        self.claimed: Collection[str] = ()
        self.idle: Collection[str] = ()

    def read(self, lanes: Sequence[str], *, claims: bool) -> None:
        """Lock what can be locked of ``lanes`` and read what the won ones offer."""
        locked = self._database.locked
        self._won = [lane for lane in dict.fromkeys(lanes) if (self._target, lane) not in locked]
        self._locked = {(self._target, lane) for lane in self._won}
        locked.update(self._locked)
        heads, waiting, idle, claimed = [], {}, set(), set()
        for lane in self._won:
            rows = self._database.rows(self._target, lane)
            offered = self._offered(rows)
            claim = self._view.claims.get(lane) if claims else None
            if offered is None:
                idle.add(lane)
                continue
            wait_s = offered.available_at - self._now
            if claim is not None and claim.until > self._now:
                claimed.add(lane)
                wait_s = max(wait_s, claim.until - self._now)
            if wait_s > 0:
                waiting[lane] = wait_s
            else:
                is_claimed = claim is not None and claim.event_id == offered.head.event_id
                ambiguous = claim is not None and is_claimed and not claim.resolved
                abandoned = claim is not None and ambiguous and claim.until > NO_TIME
                repeat = is_claimed or offered.head.repeat
                marked = self._ran_elsewhere(offered.head.event_id)
                known = None if claims else self._view.access.get(lane)
                standing = known.person.standing.value if known is not None else None
                head = evolve(
                    offered.head, marked=marked, ambiguous=ambiguous, abandoned=abandoned, repeat=repeat,
                    standing=standing, awaits=not claims and self._awaits(lane),
                    blocked_for_s=self._blocked_s(lane) if claims else 0.0,
                )  # fmt: skip
                heads.append(head)
        self.heads, self.waiting, self.idle, self.claimed = heads, waiting, idle, claimed

    def _offered(self, rows: Sequence[Row]) -> Row | None:
        ordered = [row for row in rows if row.head.ordered][:1]
        others = sorted((row for row in rows if not row.head.ordered), key=lambda row: row.available_at)[:1]
        return min(
            ordered + others, key=lambda row: (max(row.available_at, self._now), row.head.seq), default=None
        )

    def _blocked_s(self, lane: str) -> float:
        rates = self._view.rates
        names = (f"chat:{lane}", f"bot:{lane.partition(':')[0]}")
        return max([0.0, *(rates[name][1] - self._now for name in names if name in rates)])

    def _awaits(self, lane: str) -> bool:
        tables = self._view
        chats = {*tables.unreachable, *map(bot_and_chat, awaiting_scopes(tables.tasks))}
        return lane in {f"{bot_id}:{chat_id}" for bot_id, chat_id in chats}

    def _ran_elsewhere(self, event_id: UUID) -> bool:
        """Tell whether another run of the row did not end."""
        runs = self._view.runs.items()
        return any(
            run != self._run_id and target == self._target and event_id in ids for run, (target, ids) in runs
        )

    def unlock(self) -> None:
        """Let lanes and rows go. What others lock later stays theirs, also when this is called again."""
        self._database.locked.difference_update(self._locked)
        self._locked = set()
        self._database.locks.free(self)

    async def mark(self, event_ids: Sequence[UUID]) -> None:
        """See the port."""
        self._is_marked = True
        now = self._database.clock.now()

        def mark(tables: Tables) -> None:
            tables.runs[self._run_id] = (self._target, tuple(event_ids))
            tables.marked_at[self._run_id] = now

        await self._database.transact(mark)

    async def unmark(self) -> None:
        """Take the mark back when the round failed and this process lives: nothing ended it."""
        if self._is_marked:
            with suppress(StoreUnavailable):
                await self._database.transact(self._unmark)

    def _unmark(self, tables: Tables) -> None:
        if self._run_id in tables.runs:
            tables.runs[self._run_id] = (self._target, ())

    def _moved_to(self, scope: str) -> str | None:
        new_chat_id = self._view.moved.get(bot_and_chat(scope))
        return None if new_chat_id is None else chat_scope(scope, new_chat_id)

    async def first_runs(self, traces: Sequence[str]) -> Mapping[str, FirstRun]:
        """See the port."""
        found: dict[str, FirstRun] = {}
        runs = [
            entry for entry in (*self._database.tables.audit, *self._view.audit)
            if entry.row.trace_id in traces and entry.row.event_type == "message.received"
            and entry.consumer == "brain" and entry.row.outcome in (Outcome.PROCESSED, Outcome.IGNORED)
        ]  # fmt: skip
        for row in (entry.row for entry in sorted(runs, key=lambda entry: entry.at)):
            run = FirstRun(row.idempotency_key or "", row.outcome.value, row.reason)
            standing = found.get(row.trace_id or "")
            if standing is None or (standing.outcome == Outcome.IGNORED != run.outcome):
                found[row.trace_id or ""] = run
        return found

    async def behind_a_retry(self, event_ids: Sequence[UUID]) -> Collection[UUID]:
        """See the port."""
        heads = [row.head for row in self._view.outbox.values() if row.head.target == self._target]
        return {
            head.event_id
            for head in heads
            if head.event_id in event_ids
            and any(other.lane == head.lane and not other.ordered and other.seq < head.seq for other in heads)
        }

    async def settings(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        kept = self._view.settings.items()
        return {scope: {name: value for (owner, name), value in kept if owner == scope} for scope in scopes}

    async def rates(self, buckets: Sequence[str]) -> Mapping[str, RateState]:
        """See the port."""
        await self._database.locks.take(self, [("rates", bucket) for bucket in buckets])
        known, now = self._view.rates, self._now
        states = {bucket: known.get(bucket, (-inf, -inf)) for bucket in buckets}
        return {
            bucket: RateState(max(full - now, LONG_AGO_S), max(blocked - now, LONG_AGO_S))
            for bucket, (full, blocked) in states.items()
        }

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        """See the port."""
        wanted = [claim for claim in claims if claim.key not in self._view.deliveries]
        await self._database.locks.take(self, [("claims", claim.lane) for claim in wanted])
        now, won = self._database.clock.now(), set()
        for claim in wanted:
            if self._is_free(claim, now):
                row = ClaimRow(self._target, claim.event_id, claim.token, now + claim.hold_s)
                self._view.claims[claim.lane] = row
                won.add(claim.lane)
        return won

    def _is_free(self, claim: Claim, now: float) -> bool:
        standing = self._view.claims.get(claim.lane)
        return standing is None or (
            standing.until <= now
            and (
                standing.event_id == claim.event_id
                or (standing.target, standing.event_id) not in self._view.outbox
            )
        )

    async def release(self, tokens: Mapping[str, UUID]) -> set[str]:
        """See the port."""

        def release(tables: Tables) -> set[str]:
            held = {
                lane for lane, token in tokens.items()
                if lane in tables.claims and tables.claims[lane].token == token
            }  # fmt: skip
            for lane in held:
                del tables.claims[lane]
            return held

        return await self._database.write(self, self._view, release)

    async def delivered(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        """See the port."""
        known = self._view.deliveries
        return {key: known[key] for key in keys if key in known}

    async def apply(self, changes: Changes) -> None:
        """See the port."""

        def write(tables: Tables) -> None:
            Writer(self._database, tables, self._target, self._consumer, self._now).write(changes)
            if self._is_marked:
                self._unmark(tables)

        looked_at = rows_looked_at(self._view.tasks, changes.effects, self._now)
        await self._database.write(self, self._view, write, looked_at)

    def commit(self) -> None:
        """Make everything that was written take effect."""
        self._database.commit(self._view)

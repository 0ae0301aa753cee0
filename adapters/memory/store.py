"""The truth in memory: the same tables and rules as ``adapters.postgres``, held to them by the contract suite.

Not here: the tables themselves (``adapters.memory.database``), and row level security, which only a database can
enforce.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from uuid import UUID

from attrs import evolve

from adapters.memory.access import UNDECIDED, MemoryAccess
from adapters.memory.database import ClaimRow, MemoryDatabase, Row, Writer, add_owed, figures_of
from adapters.memory.tasks import MemoryTasks, awaiting_scopes
from application.changes import Arrival, AuditRow, Changes, Claim, Delivery, Due, Head, RateState
from application.ports import TellMode
from application.records import AuditEntry, AuditFilter, AuditMark, Figures, FirstRun
from domain.decisions import Outcome
from domain.errors import RowsGone
from domain.scope import bot_and_chat

# Longer than Telegram repeats an update, shorter than the week after which it may begin its ids anew.
INBOX_KEPT_S = 5 * 24 * 3600.0
# Longer than a year, for what recurs once a year.
OCCASIONS_KEPT_S = 400 * 24 * 3600.0


class MemoryRound:
    """One open transaction. See ``application.ports.Round``."""

    def __init__(self, database: MemoryDatabase, target: str, consumer: str, run_id: UUID) -> None:
        self._database = database
        self._target = target
        self._consumer = consumer
        self._run_id = run_id
        self._now = database.clock.now()
        self._won: list[str] = []
        self._claiming: set[tuple[str, str]] = set()
        self._writes: list[tuple[str, object]] = []
        self.access = MemoryAccess(database.tables, self._now, [])
        self.tasks = MemoryTasks(
            lambda: database.tables.tasks, database.task_locks, self._now,
            lambda scope: bot_and_chat(scope) in database.tables.unreachable,
        )  # fmt: skip
        self.heads: Sequence[Head] = ()
        self.waiting: Mapping[str, float] = {}
        self.claimed: Collection[str] = ()
        self.idle: Collection[str] = ()

    def read(self, lanes: Sequence[str], *, claims: bool) -> None:
        """Lock what can be locked of ``lanes`` and read what the won ones offer."""
        locked = self._database.locked
        self._won = [lane for lane in dict.fromkeys(lanes) if (self._target, lane) not in locked]
        locked.update((self._target, lane) for lane in self._won)
        heads, waiting, idle, claimed = [], {}, set(), set()
        for lane in self._won:
            rows = self._database.rows(self._target, lane)
            offered = self._offered(rows)
            claim = self._database.tables.claims.get(lane) if claims else None
            if offered is None:
                idle.add(lane)
            elif offered.available_at > self._now:
                waiting[lane] = offered.available_at - self._now
            elif claim is not None and claim.until > self._now:
                waiting[lane] = claim.until - self._now
                claimed.add(lane)
            else:
                is_claimed = claim is not None and claim.event_id == offered.head.event_id
                ambiguous = claim is not None and is_claimed and not claim.resolved
                repeat = is_claimed or offered.head.repeat
                marked = self._is_marked(offered.head.event_id)
                known = None if claims else self._database.tables.access.get(lane)
                standing = known.person.standing.value if known is not None else None
                head = evolve(
                    offered.head, marked=marked, ambiguous=ambiguous, repeat=repeat, standing=standing,
                    awaits=not claims and self._awaits(lane), blocked_for_s=self._blocked_s(lane) if claims else 0.0,
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
        rates = self._database.tables.rates
        names = (f"chat:{lane}", f"bot:{lane.partition(':')[0]}")
        return max((rates[name][1] - self._now for name in names if name in rates), default=0.0)

    def _awaits(self, lane: str) -> bool:
        tables = self._database.tables
        chats = {*tables.unreachable, *map(bot_and_chat, awaiting_scopes(tables.tasks))}
        return lane in {f"{bot_id}:{chat_id}" for bot_id, chat_id in chats}

    def _is_marked(self, event_id: UUID) -> bool:
        runs = self._database.tables.runs.items()
        return any(
            run != self._run_id and target == self._target and event_id in ids for run, (target, ids) in runs
        )

    def unlock(self) -> None:
        """Let the lanes go. What others lock later stays theirs, also when this is called again."""
        self._database.locked.difference_update((self._target, lane) for lane in self._won)
        self._database.locked.difference_update(self._claiming)
        self._won, self._claiming = [], set()
        self._database.task_locks.free(self.tasks)

    async def mark(self, event_ids: Sequence[UUID]) -> None:
        """See the port."""
        with self._database.transaction() as tables:
            tables.runs[self._run_id] = (self._target, list(event_ids))

    async def first_runs(self, traces: Sequence[str]) -> Mapping[str, FirstRun]:
        """See the port."""
        found: dict[str, FirstRun] = {}
        for entry in self._database.tables.audit:
            row = entry.row
            if (
                row.trace_id in traces
                and row.event_type == "message.received"
                and entry.consumer == "brain"
                and row.outcome in (Outcome.PROCESSED, Outcome.IGNORED)
            ):
                run = FirstRun(row.idempotency_key or "", row.outcome.value, row.reason)
                standing = found.get(row.trace_id or "")
                if standing is None or (standing.outcome == Outcome.IGNORED != run.outcome):
                    found[row.trace_id or ""] = run
        return found

    async def behind_a_retry(self, event_ids: Sequence[UUID]) -> Collection[UUID]:
        """See the port."""
        heads = [row.head for row in self._database.tables.outbox.values() if row.head.target == self._target]
        return {
            head.event_id
            for head in heads
            if head.event_id in event_ids
            and any(other.lane == head.lane and not other.ordered and other.seq < head.seq for other in heads)
        }

    async def settings(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        kept = self._database.tables.settings.items()
        return {scope: {name: value for (owner, name), value in kept if owner == scope} for scope in scopes}

    async def rates(self, buckets: Sequence[str]) -> Mapping[str, RateState]:
        """See the port."""
        known = self._database.tables.rates
        states = {bucket: known.get(bucket, (self._now, self._now)) for bucket in buckets}
        return {
            bucket: RateState(full - self._now, blocked - self._now)
            for bucket, (full, blocked) in states.items()
        }

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        """See the port."""
        won = set()
        tables = self._database.tables
        for claim in claims:
            standing = tables.claims.get(claim.lane)
            taken = standing is not None and (
                standing.until > self._now
                or (
                    standing.event_id != claim.event_id
                    and (standing.target, standing.event_id) in tables.outbox
                )
            )
            lock = ("a claim of", claim.lane)
            if claim.key in tables.deliveries or taken or lock in self._database.locked:
                continue
            self._database.locked.add(lock)
            self._claiming.add(lock)
            row = ClaimRow(self._target, claim.event_id, claim.token, self._now + claim.hold_s)
            self._writes.append((claim.lane, row))
            won.add(claim.lane)
        return won

    async def release(self, tokens: Mapping[str, UUID]) -> set[str]:
        """See the port."""
        standing = self._database.tables.claims
        held = {lane for lane, token in tokens.items() if lane in standing and standing[lane].token == token}
        self._writes.extend((lane, None) for lane in held)
        return held

    async def delivered(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        """See the port."""
        known = self._database.tables.deliveries
        return {key: known[key] for key in keys if key in known}

    async def apply(self, changes: Changes) -> None:
        """See the port."""
        for event_id in changes.settled:
            if (self._target, event_id) not in self._database.tables.outbox:
                raise RowsGone("rows were settled by another; reading again")
        self._writes.append(("", deepcopy(changes)))

    def commit(self) -> None:
        """Make everything that was written take effect."""
        with self._database.transaction() as tables:
            for lane, value in self._writes:
                if isinstance(value, Changes):
                    Writer(tables, self._target, self._consumer, self._now).write(value)
                    tables.runs.pop(self._run_id, None)
                elif isinstance(value, ClaimRow):
                    tables.claims[lane] = value
                else:
                    tables.claims.pop(lane, None)


class MemoryStore:
    """Owed rows in memory for one consumer. See ``application.ports.Store``."""

    def __init__(
        self, database: MemoryDatabase, *, consumer: str, run_id: UUID, claims: bool = False
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._run_id = run_id
        self._claims = claims

    @asynccontextmanager
    async def round(self, target: str, lanes: Sequence[str]) -> AsyncIterator[MemoryRound]:
        """See the port."""
        self._database.check()
        current = MemoryRound(self._database, target, self._consumer, self._run_id)
        try:
            current.read(lanes, claims=self._claims)
            yield current
            current.commit()
        except (Exception, asyncio.CancelledError):
            # This run's process lives, so nothing has ended it. A simulated kill is neither of the two.
            self._database.tables.runs.pop(self._run_id, None)
            raise
        finally:
            current.unlock()

    async def due_lanes(self, target: str, after: str, limit: int, grace_s: float) -> Due:
        """See the port."""
        self._database.check()
        due_by = self._database.clock.now() - grace_s
        rows = self._database.tables.outbox.values()
        lanes = sorted({r.head.lane for r in rows if r.head.target == target and r.head.lane > after})
        found = []
        for lane in lanes:
            all_rows = self._database.rows(target, lane)
            first = [row for row in all_rows if row.head.ordered][:1]
            if any(row.available_at <= due_by for row in first + [r for r in all_rows if not r.head.ordered]):
                found.append(lane)
        more = len(found) >= limit
        return Due(tuple(found[:limit]), found[limit - 1] if more else "")

    async def api_mode(self) -> str | None:
        """See the port."""
        self._database.check()
        return self._database.tables.mode[0] if self._database.tables.mode else None

    async def apply_mode(self, tell: TellMode, *, force: bool = False) -> None:
        """See the port."""
        self._database.check()
        mode = self._database.tables.mode
        if mode is not None and (force or not mode[1]):
            await tell(mode[0])
            self._database.tables.mode = (mode[0], True)

    async def figures(self) -> Figures:
        """See the port."""
        return figures_of(self._database)

    async def tidy(self) -> None:
        """See the port. There are no partitions to make here, and marks go with their rows."""
        self._database.check()
        tables = self._database.tables
        oldest = self._database.clock.now() - INBOX_KEPT_S
        day_ago = self._database.clock.now() - 24 * 3600.0
        tables.access = {
            subject: row for subject, row in tables.access.items()
            if row.person.standing not in UNDECIDED
            or row.code_until > self._database.clock.now()
            or max(row.person.changed_at, row.wrong_since or 0.0) >= day_ago
        }  # fmt: skip
        tables.invitations = {h: i for h, i in tables.invitations.items() if i[2] >= day_ago}
        tables.inbox = {key: at for key, at in tables.inbox.items() if at >= oldest}
        now = self._database.clock.now()
        tables.tasks.occasions = {
            name: row for name, row in tables.tasks.occasions.items()
            if row.occasion.at >= now - OCCASIONS_KEPT_S
        }  # fmt: skip
        owed = {event_id for _, event_id in tables.outbox}
        tables.claims = {lane: c for lane, c in tables.claims.items() if c.until >= now or c.event_id in owed}
        tables.runs = {run: (t, ids) for run, (t, ids) in tables.runs.items() if owed.intersection(ids)}


class MemoryIntake:
    """The edge in memory. See ``application.ports.Intake``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """See the port."""
        news = []
        with self._database.transaction() as tables:
            now = self._database.clock.now()
            for arrival in arrivals:
                new = arrival.key not in tables.inbox
                tables.inbox.setdefault(arrival.key, now)
                row = arrival.audit if new else evolve(arrival.audit, outcome=Outcome.DUPLICATE)
                tables.audit.append(AuditEntry(now, "gateway", row))
                if new and arrival.owed is not None:
                    add_owed(tables, arrival.owed, now)
                news.append(new)
        return news

    async def ready(self) -> None:
        """Raise StoreUnavailable while the database is down."""
        self._database.check()


class MemoryRecords:
    """What operators read. See ``application.ports.Records``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """See the port."""
        self._database.check()
        return [entry for entry in self._database.tables.audit if _matches(entry, wanted)][-wanted.limit :]

    async def audit_after(
        self, wanted: AuditFilter, mark: AuditMark | None
    ) -> tuple[list[AuditEntry], AuditMark]:
        """See the port. Transactions end one after the other here, so the number of rows is the mark."""
        self._database.check()
        rows, now = self._database.tables.audit, self._database.clock.now()
        if mark is None:
            return await self.audit(wanted), AuditMark(len(rows), now)
        found: list[AuditEntry] = []
        for position, entry in enumerate(rows[mark.position :], mark.position):
            if len(found) == wanted.limit:
                return found, AuditMark(position, now)
            if _matches(entry, wanted):
                found.append(entry)
        return found, AuditMark(len(rows), now)

    async def trace_of_delivery(self, bot_id: int, chat_id: int, message_id: int) -> str | None:
        """See the port."""
        self._database.check()
        lane = f"{bot_id}:{chat_id}"
        tables = self._database.tables
        keys = [d.key for d in tables.deliveries.values() if d.lane == lane and d.message_id == message_id]
        found = [e.row.trace_id for e in tables.audit if e.row.idempotency_key in keys and e.row.trace_id]
        return found[0] if found else None

    async def traces(self, prefix: str, limit: int) -> list[str]:
        """See the port."""
        self._database.check()
        found = {entry.row.trace_id for entry in self._database.tables.audit if entry.row.trace_id}
        return sorted(trace for trace in found if trace.startswith(prefix))[:limit]

    async def figures(self) -> Figures:
        """See the port."""
        return figures_of(self._database)


def _matches(entry: AuditEntry, wanted: AuditFilter) -> bool:
    row: AuditRow = entry.row
    pairs = (
        (wanted.trace_id, row.trace_id), (wanted.outcome, row.outcome.value), (wanted.consumer, entry.consumer),
        (wanted.event_type, row.event_type), (wanted.scope, row.scope), (wanted.event_id, row.event_id),
    )  # fmt: skip
    early = wanted.since is not None and entry.at < wanted.since
    return not early and all(want is None or want == got for want, got in pairs)

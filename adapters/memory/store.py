"""The truth in memory: the same tables and rules as ``adapters.postgres``, held to them by the contract suite.

Not here: rounds (``adapters.memory.rounds``), the tables (``adapters.memory.database``), and row level security, which
only a database can enforce.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Tables, add_owed, figures_of
from adapters.memory.rounds import MemoryRound
from application.changes import Arrival, AuditRow, Due
from application.ports import TellMode
from application.records import AuditEntry, AuditFilter, AuditMark, Crowds, Figures
from domain.decisions import Outcome

# What a chat owes in bulk counts for so much at most among what all owe.
BULK_COUNTED_MAX = 100


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
            # This run's process lives, so nothing has ended it. A simulated kill is neither of the two. Only after the
            # rollback: what was applied may hold the lock of the mark's own row.
            current.unlock()
            await current.unmark()
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
        """See the port. Nobody is held off here: what was changed meanwhile is told again."""
        self._database.check()
        tables = self._database.tables
        mode = tables.mode
        if mode is not None and (force or not mode[1]):
            await tell(mode[0])
            standing = tables.mode or mode
            tables.runtime["api_mode"] = (standing[0], standing == mode)

    async def figures(self) -> Figures:
        """See the port."""
        return figures_of(self._database)


class MemoryIntake:
    """The edge in memory. See ``application.ports.Intake``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """See the port."""
        now = self._database.clock.now()

        def accept(tables: Tables) -> list[bool]:
            return [self._accept(tables, arrival, now) for arrival in arrivals]

        return await self._database.transact(accept)

    def _accept(self, tables: Tables, arrival: Arrival, now: float) -> bool:
        is_new = arrival.key not in tables.inbox
        tables.inbox.setdefault(arrival.key, now)
        row = arrival.audit if is_new else evolve(arrival.audit, outcome=Outcome.DUPLICATE)
        tables.audit.append(AuditEntry(now, "gateway", row))
        if is_new and arrival.owed is not None:
            add_owed(tables, arrival.owed, now, next(self._database.seqs))
        return is_new

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        """See the port."""
        self._database.check()
        tables = self._database.tables
        heads = [row.head for row in tables.outbox.values()]
        lanes = Counter(head.lane for head in heads if head.target != "sender-bulk")
        bulk = Counter(head.lane for head in heads if head.target == "sender-bulk")
        crowded = sorted((-count, lane) for lane, count in lanes.items() if count >= owes)[:limit]
        admins = [s for s, row in tables.access.items() if row.person.standing.is_admin and ":-" not in s]
        return Crowds(
            lanes.total() + sum(min(BULK_COUNTED_MAX, count) for count in bulk.values()),
            {lane: -count for count, lane in crowded},
            frozenset(admins if with_admins else ()),
        )

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        """See the port."""
        self._database.check()
        return {key for key in keys if key in self._database.tables.inbox}

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
        found = [entry for entry in self._database.tables.audit if _matches(entry, wanted)]
        return sorted(found, key=lambda entry: entry.at)[-wanted.limit :]

    async def audit_after(
        self, wanted: AuditFilter, mark: AuditMark | None
    ) -> tuple[list[AuditEntry], AuditMark]:
        """See the port. Transactions end one after the other here, so the number of rows is the mark."""
        self._database.check()
        rows, now = self._database.tables.audit, self._database.clock.now()
        gone = self._database.tables.audit_forgotten
        if mark is None:
            return await self.audit(wanted), AuditMark(gone + len(rows), now)
        found: list[AuditEntry] = []
        begin = max(mark.position, gone)
        for position, entry in enumerate(rows[begin - gone :], begin):
            if len(found) == wanted.limit:
                return found, AuditMark(position, now)
            if _matches(entry, wanted):
                found.append(entry)
        return found, AuditMark(gone + len(rows), now)

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

"""The two legs of the storage contracts: one database in memory, one in Postgres under the services' own roles.

``elapse`` lets time go by without waiting: in memory the clock is moved, in Postgres every stored time is moved
back. Not here: the promises themselves (``test_store_contract`` and its neighbours).
"""

import time
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID, uuid5

import asyncpg

from adapters.memory.access import MemoryDesk
from adapters.memory.agenda import MemoryAgenda
from adapters.memory.archive import MemoryArchive
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.notices import MemoryLetterWatch
from adapters.memory.reminders import MemoryReminderRecords
from adapters.memory.store import MemoryIntake, MemoryRecords, MemoryStore
from adapters.postgres.access import PostgresDesk
from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.archive import PostgresArchive
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.intake import PostgresIntake
from adapters.postgres.notices import PostgresLetterWatch
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.reminders import PostgresReminderRecords
from adapters.postgres.store import PostgresStore
from application.books import Agenda, ReminderRecords
from application.changes import Arrival, AuditRow, Changes, Claim, Owed
from application.notices import LetterWatch
from application.ports import DeadLetters, Desk, Intake, Records, Store
from application.retention import Archive
from domain.decisions import Outcome

NAMES = UUID(int=7)
SENDER_TARGETS = ("sender", "sender-bulk")
# Every column that holds a time which decides something.
_TIMES = (
    ("outbox", ("available_at",)),
    ("claims", ("claimed_until",)),
    ("rates", ("full_at", "blocked_until")),
    ("runs", ("started_at",)),
    ("inbox", ("arrived_at",)),
    ("access", ("code_until", "wrong_since", "changed_at")),
    ("invitations", ("expires_at",)),
    ("dead_letters", ("dead_at",)),
    ("tasks", ("remind_at",)),
    ("occasions", ("at",)),
    ("runtime", ("updated_at",)),
)


class Leg(Protocol):
    """A database and how to reach it as each service."""

    intake: Intake
    records: Records
    letters: DeadLetters
    desk: Desk
    agenda: Agenda
    reminders: ReminderRecords
    archive: Archive
    watch: LetterWatch

    def store(self, role: str = "brain", run: str = "one") -> Store:
        """Return the store of the process ``run`` of a service; the sender's reads the delivery ledger."""

    def agenda_of(self, run: str) -> Agenda:
        """Return the agenda of the scheduler's process ``run``."""

    async def elapse(self, seconds: float) -> None:
        """Let time go by."""

    async def move_clock(self, seconds: float) -> None:
        """Let time go by for everything, also for what keeps when it was written and is never changed."""

    def now(self) -> float:
        """Return the instant by the database's clock."""

    async def close(self) -> None:
        """Let go of every connection."""


class MemoryLeg:
    """Everything in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.intake: Intake = MemoryIntake(self.database)
        self.records: Records = MemoryRecords(self.database)
        self.letters: DeadLetters = MemoryDeadLetters(self.database)
        self.desk: Desk = MemoryDesk(self.database)
        self.agenda = self.agenda_of("one")
        self.reminders: ReminderRecords = MemoryReminderRecords(self.database)
        self.archive: Archive = MemoryArchive(self.database)
        self.watch: LetterWatch = MemoryLetterWatch(self.database)

    def store(self, role: str = "brain", run: str = "one") -> Store:
        return MemoryStore(self.database, consumer=role, run_id=ident(run), claims=role == "sender")

    def agenda_of(self, run: str) -> Agenda:
        return MemoryAgenda(self.database, run_id=ident(run))

    async def elapse(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    async def move_clock(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    def now(self) -> float:
        return self.clock.now()

    async def close(self) -> None:
        return None


class PostgresLeg:
    """A fresh database, each service on a pool of its own under its own role."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self.pools = {
            role: Pool(admin_url, f"openclaw_{role}")
            for role in ("gateway", "brain", "sender", "scheduler", "operator")
        }
        self.intake: Intake = PostgresIntake(self.pools["gateway"])
        self.records: Records = PostgresRecords(self.pools["operator"])
        self.letters: DeadLetters = PostgresDeadLetters(self.pools["operator"])
        self.desk: Desk = PostgresDesk(self.pools["operator"])
        self.agenda = self.agenda_of("one")
        self.reminders: ReminderRecords = PostgresReminderRecords(self.pools["operator"])
        self.archive: Archive = PostgresArchive(self.pools["scheduler"])
        self._ahead_s = 0.0
        self.watch: LetterWatch = PostgresLetterWatch(self.pools["brain"])

    def store(self, role: str = "brain", run: str = "one") -> Store:
        pool = self.pools[role]
        return PostgresStore(pool, pool, consumer=role, run_id=ident(run), claims=role == "sender")

    def agenda_of(self, run: str) -> Agenda:
        pool = self.pools["scheduler"]
        return PostgresAgenda(pool, pool, run_id=ident(run))

    async def elapse(self, seconds: float) -> None:
        connection = await asyncpg.connect(self._admin_url)
        try:
            for table, columns in _TIMES:
                moved = ", ".join(f"{name} = {name} - make_interval(secs => $1)" for name in columns)
                await connection.execute(f"update openclaw.{table} set {moved}", seconds)
        finally:
            await connection.close()

    async def move_clock(self, seconds: float) -> None:
        self._ahead_s += seconds
        connection = await asyncpg.connect(self._admin_url)
        try:
            await connection.execute(
                "update openclaw.clock set ahead = make_interval(secs => $1)", self._ahead_s
            )
        finally:
            await connection.close()

    def now(self) -> float:
        # The server runs on this machine.
        return time.time() + self._ahead_s

    async def close(self) -> None:
        for pool in self.pools.values():
            await pool.close()


def ident(name: str) -> UUID:
    """Return the id that a test calls ``name``."""
    return uuid5(NAMES, name)


def owed(name: str, lane: str = "1:5", target: str = "brain", delay_s: float = 0.0) -> Owed:
    """Return an event to owe."""
    return Owed(target, ident(name), lane, None, name.encode(), delay_s)


def arrival(key: str, name: str | None = None, lane: str = "1:5") -> Arrival:
    """Return an update at the edge: one that becomes the event ``name``, or one that is ignored."""
    if name is None:
        return Arrival(key, AuditRow(Outcome.IGNORED, source="gateway", idempotency_key=key, reason="no use"))
    row = AuditRow(
        Outcome.ACCEPTED, ident(name), "message.received", "gateway", "brain", "a" * 32, key, scope="1:u5"
    )
    return Arrival(key, row, owed(name, lane))


def a_claim(name: str, lane: str = "1:5", token: str = "mine", hold_s: float = 30.0) -> Claim:
    """Return the claim of a call for the event ``name``, whose delivery has the key ``key-of-<name>``."""
    return Claim(lane, ident(name), ident(token), f"key-of-{name}", hold_s)


async def given_owed(leg: Leg, *rows: Owed) -> None:
    """Owe these events, in this order."""
    await when_applied(leg.store(), "brain", Changes(owed=list(rows)))


async def when_applied(store: Store, target: str, changes: Changes, lanes: Sequence[str] = ()) -> None:
    """Apply ``changes`` in a round of their own."""
    async with store.round(target, lanes) as current:
        await current.apply(changes)


async def when_settled(leg: Leg, *names: str, target: str = "brain") -> None:
    """Settle these events."""
    role = "sender" if target in SENDER_TARGETS else target
    await when_applied(leg.store(role), target, Changes(settled=[ident(name) for name in names]))


async def when_claimed(store: Store, *claims: Claim, target: str = "sender") -> set[str]:
    """Claim chats in a round of its own and return the lanes that were won."""
    async with store.round(target, [claim.lane for claim in claims]) as current:
        return await current.claim(claims)


async def offered(store: Store, target: str, *lanes: str) -> list[str]:
    """Return the names (the envelopes) of the rows that a round over ``lanes`` is offered, by lane's name."""
    async with store.round(target, lanes) as current:
        return [head.envelope.decode() for head in sorted(current.heads, key=lambda head: head.lane)]

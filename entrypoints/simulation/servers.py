"""The servers of a simulated system, as its processes and its faults see them; here those in memory.

Not here: what can go wrong on the way to any server (``links``), in open transactions (``sessions``), and to streams
(``outside``); real servers (``real``).
"""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Protocol

from attrs import define

from adapters.memory.agenda import MemoryAgenda
from adapters.memory.clock import START_S
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.liveness import MemoryLiveness
from adapters.memory.notices import MemoryLetterWatch
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from adapters.memory.store import MemoryIntake, MemoryRecords, MemoryStore
from adapters.memory.streams import MemoryStreams
from application.ports import DeadLetters, Records
from application.records import AuditEntry, AuditFilter
from application.runtime import RuntimeState
from domain.errors import StoreUnavailable, Unavailable
from domain.ids import event_id_of
from entrypoints.assembly import BRAIN, SENDER_TARGETS
from entrypoints.simulation.history import Standing
from entrypoints.simulation.links import Remote, Server
from entrypoints.simulation.loop import Process, SimulatedLoop
from entrypoints.simulation.outside import RemoteStreams
from entrypoints.simulation.sessions import RemoteAgenda, RemoteLetterWatch, RemoteStore, Sessions
from entrypoints.simulation.standing import of_memory

TARGETS = (BRAIN, *SENDER_TARGETS)
# None stays open for longer: shorter than the claims and bounds that a transaction must not outlast.
TRANSACTION_S = 4.0
# A task whose reminder comes within this time is waited for; what comes later is a matter of another run.
AHEAD_S = 600.0


@define
class SimulatedClock:
    """``application.ports.Clock`` on the loop's time; the wall of whoever has it may be set."""

    loop: SimulatedLoop
    shift_s: float = 0.0

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return START_S + self.loop.time() + self.shift_s

    def steady(self) -> float:
        """Return seconds that never go back."""
        return self.loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


class Servers(Protocol):
    """Postgres, with a clock of its own, and Redis: what processes take from them, and what is done to them.

    ``postgres`` and ``redis`` are what goes wrong on the way there. ``operators`` are two who look after dead letters.
    The adapters of a process end with it. What is returned as Any is one of the product's ports.
    """

    postgres: Server
    redis: Server
    clock: SimulatedClock
    records: Records
    operators: Sequence[DeadLetters]

    async def open(self) -> None:
        """Get ready; to be called inside of the loop, before anything else."""

    def store(self, process: Process, role: str, *, claims: bool) -> Any:
        """Return a process's ``application.ports.Store``."""

    def intake(self, process: Process) -> Any:
        """Return a process's ``application.ports.Intake``."""

    def agenda(self, process: Process) -> Any:
        """Return a process's ``application.books.Agenda``."""

    def watch(self, process: Process) -> Any:
        """Return a process's ``application.notices.LetterWatch``."""

    def streams(self, process: Process) -> Any:
        """Return a process's ``application.ports.Streams``."""

    def client(self, process: Process) -> Any:
        """Return a process's client for the runtime state."""

    def liveness(self, process: Process) -> Any:
        """Return a process's ``application.ports.Liveness``."""

    def end_of(self, process: Process) -> None:
        """Let its connections break, as the death of a process does."""

    def cut_postgres(self) -> None:
        """Let every connection to Postgres break."""

    def take_postgres(self) -> None:
        """Let Postgres go away, and with it every connection."""

    async def bring_postgres(self) -> None:
        """Let it come back."""

    def take_redis(self) -> None:
        """Let Redis go away."""

    def bring_redis(self) -> None:
        """Let it come back, with its data."""

    def wipe_redis(self) -> None:
        """Let Redis lose everything."""

    def lose_group(self, target: str) -> None:
        """Let Redis lose the consumer group of a target."""

    def intrude(self, target: str) -> None:
        """Append an entry of a stranger's to the stream of a target."""

    async def is_at_rest(self) -> bool:
        """Return whether nothing is owed, pending, or due soon."""

    async def standing(self) -> Standing:
        """Return what stands."""

    def close(self) -> None:
        """Give up everything; the last call, outside of the loop."""


class MakeServers(Protocol):
    """Makes the servers of one run, from its loop and its seed."""

    def __call__(self, loop: SimulatedLoop, seed: int) -> Servers: ...


class CommittedRecords(MemoryRecords):
    """The audit as it was committed: a clock that is set back tells another order."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self._tables = database

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Return everything; ``wanted`` does not matter."""
        return list(self._tables.tables.audit)


class MemoryServers:
    """See ``Servers``."""

    def __init__(self, loop: SimulatedLoop, seed: int) -> None:
        steady = SimulatedClock(loop)
        self.clock = SimulatedClock(loop)
        self.postgres = Server("Postgres", StoreUnavailable, Random(f"{seed} postgres"))
        self.redis = Server("Redis", Unavailable, Random(f"{seed} redis"))
        self.database = MemoryDatabase(self.clock)
        self.sessions = Sessions(loop, self.postgres, TRANSACTION_S)
        self._streams = MemoryStreams(steady)
        self._redis = MemoryRedis()
        self._liveness = MemoryLiveness(steady)
        self.records: Records = CommittedRecords(self.database)
        letters = MemoryDeadLetters(self.database)
        self.operators: Sequence[DeadLetters] = (letters, letters)

    async def open(self) -> None:
        """See the protocol."""

    def store(self, process: Process, role: str, *, claims: bool) -> Any:
        """See the protocol."""
        run_id = event_id_of(f"run:{process.name}")
        store = MemoryStore(self.database, consumer=role, run_id=run_id, claims=claims)
        return RemoteStore(store, self.sessions)

    def intake(self, process: Process) -> Any:
        """See the protocol."""
        return Remote(MemoryIntake(self.database), self.postgres)

    def agenda(self, process: Process) -> Any:
        """See the protocol."""
        run_id = event_id_of(f"run:{process.name}")
        return RemoteAgenda(MemoryAgenda(self.database, run_id=run_id), self.sessions)

    def watch(self, process: Process) -> Any:
        """See the protocol."""
        return RemoteLetterWatch(MemoryLetterWatch(self.database), self.sessions)

    def streams(self, process: Process) -> Any:
        """See the protocol."""
        return RemoteStreams(self._streams, self.redis)

    def client(self, process: Process) -> Any:
        """See the protocol."""
        return Remote(AsyncMemoryRedis(self._redis), self.redis)

    def liveness(self, process: Process) -> Any:
        """See the protocol."""
        return self._liveness

    def end_of(self, process: Process) -> None:
        """See the protocol."""
        self.sessions.end_of(process)

    def cut_postgres(self) -> None:
        """See the protocol."""
        self.sessions.end_all()

    def take_postgres(self) -> None:
        """See the protocol."""
        self.postgres.down = True
        self.sessions.end_all()

    async def bring_postgres(self) -> None:
        """See the protocol."""
        self.postgres.down = False

    def take_redis(self) -> None:
        """See the protocol."""
        self.redis.down = self._streams.down = True

    def bring_redis(self) -> None:
        """See the protocol."""
        self.redis.down = self._streams.down = False

    def wipe_redis(self) -> None:
        """See the protocol."""
        self._streams.wipe()
        self._redis.wipe()

    def lose_group(self, target: str) -> None:
        """See the protocol."""
        self._streams.lose_group(target)

    def intrude(self, target: str) -> None:
        """See the protocol."""
        self._streams.add_raw(target, {"lane": b"\xff", "event": b"{}", "attempt": b"x"})

    async def is_at_rest(self) -> bool:
        """See the protocol."""
        tables = self.database.tables
        ahead = self.clock.now() + AHEAD_S
        tasks = [row.task.remind_at for row in tables.tasks.tasks.values()]
        if tables.outbox or any(at is not None and at <= ahead for at in tasks):
            return False
        depths = [await self._streams.depth(target) for target in TARGETS]
        return not any(depth.length or depth.pending for depth in depths) and not any(
            ids for _, ids in tables.runs.values()
        )

    async def standing(self) -> Standing:
        """See the protocol."""
        mode = await RuntimeState(AsyncMemoryRedis(self._redis)).mode()
        in_force = mode.value if mode is not None else None
        return await of_memory(self.database, self._streams, mode_in_force=in_force)

    def close(self) -> None:
        """See the protocol."""

"""Real servers for a simulated system: the product's adapters and drivers, each process with connections of its own.

A run begins with an empty database and an empty Redis. Not here: starting servers (``machines``), the way to them
(``network``), and what they are made to do (``postgres_host``, ``redis_host``).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import asyncpg
import redis
from attrs import frozen

from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.intake import PostgresIntake
from adapters.postgres.notices import PostgresLetterWatch
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords, entry_of
from adapters.postgres.roles import role_of
from adapters.postgres.store import PostgresStore
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import DeadLetters, Records
from application.records import AuditEntry, AuditFilter
from application.runtime import RuntimeState
from domain.ids import event_id_of
from entrypoints.settings import Settings
from entrypoints.simulation.history import Standing
from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import Process, SimulatedLoop
from entrypoints.simulation.machines import DATABASE, TEMPLATE, Place
from entrypoints.simulation.network import Network
from entrypoints.simulation.postgres_host import PostgresHost
from entrypoints.simulation.redis_host import RedisHost
from entrypoints.simulation.servers import AHEAD_S, TARGETS, TRANSACTION_S, SimulatedClock
from entrypoints.simulation.standing import of_postgres

# What the server bounds by its own time is bounded by the simulated one; this only must not come before it.
HOLD_S = 600.0
# In one run of so many Postgres does not only seem to be away: it crashes.
CRASHING_ONE_IN = 4
OPERATORS = 2
_AT_REST = """
select not exists (select from openclaw.outbox) and not exists (select from openclaw.runs where event_ids <> '{}')
and not exists (select from openclaw.tasks where remind_at <= openclaw.now() + make_interval(secs => $1))
"""
# In the order in which it was committed: a clock that was set tells another.
_AUDIT = """
select extract(epoch from at)::float8 as at_s, a.* from openclaw.audit a
order by pg_xact_commit_timestamp(a.xmin), a.cmin::text::int, a.tableoid, a.ctid
"""


class CommittedRecords(PostgresRecords):
    """The same, but all of the audit is told in the order of its commits, as a simulated clock does not tell it."""

    def __init__(self, pool: Pool, admin: Callable[[], Any]) -> None:
        super().__init__(pool)
        self._connected = admin

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Return everything; ``wanted`` does not matter."""
        return [entry_of(row) for row in await self._connected().fetch(_AUDIT)]


@frozen
class At:
    """Makes the servers of a run out of those at a place."""

    place: Place

    def __call__(self, loop: SimulatedLoop, seed: int) -> "RealServers":
        """See ``servers.MakeServers``."""
        return RealServers(loop, seed, self.place)


class RealServers:
    """See ``servers.Servers``."""

    def __init__(self, loop: SimulatedLoop, seed: int, place: Place) -> None:
        self.clock = SimulatedClock(loop)
        self.postgres = Server("Postgres", ConnectionResetError, Random(f"{seed} postgres"))
        self.redis = Server("Redis", ConnectionResetError, Random(f"{seed} redis"))
        self._place = place
        self._control = redis.Redis.from_url(place.redis_url())
        self._postgres_host = PostgresHost(
            loop, self.postgres, place.postgres_path, self.clock.now, TRANSACTION_S
        )
        self._redis_host = RedisHost(loop, self.redis, place.redis_path, self._control)
        self._network = Network(loop, [self._postgres_host, self._redis_host])
        loop.connect = self._network.connect
        self._clients: dict[Process, Any] = {}
        self._pools: dict[Process, Pool] = {}
        self._all_streams: list[RedisStreams] = []
        self._hands: Any = None
        self._admin: Any = None
        self._crashes = seed % CRASHING_ONE_IN == 0
        pools = [self._pool("operator", size_max=1) for _ in range(OPERATORS)]
        self.records: Records = CommittedRecords(pools[0], lambda: self._admin)
        self.operators: Sequence[DeadLetters] = [PostgresDeadLetters(pool) for pool in pools]
        self._redis_of_world = connect(place.redis_url(), "simulation")
        self._streams = RedisStreams(self._redis_of_world)

    def _pool(self, service: str, *, size_max: int | None = None, wait_for_disk: bool = True) -> Pool:
        return Pool(
            self._place.postgres_url(service), role_of(service), hold_s=HOLD_S, wait_for_disk=wait_for_disk,
            size_max=size_max or Settings().postgres_pool_max, steady_plans=service != "operator",
        )  # fmt: skip

    def _pool_of(self, process: Process, size_max: int | None = None) -> Pool:
        """Return the pool that a process's adapters share, as its container has it."""
        if process not in self._pools:
            self._pools[process] = self._pool(_service(process), size_max=size_max)
        return self._pools[process]

    async def open(self) -> None:
        """See the protocol."""
        self._control.flushall()
        above = await asyncpg.connect(self._place.postgres_url(database="postgres"))
        await above.execute(f"drop database if exists {DATABASE} with (force)")
        await above.execute(f"create database {DATABASE} template {TEMPLATE}")
        await above.close()
        await self._administer()

    async def _administer(self) -> None:
        """Connect as the administrator: for the simulation's own hands, and for what is read at the end."""
        self._hands = await asyncpg.connect(self._place.postgres_url(database="postgres"))
        self._postgres_host.control = self._hands._transport
        self._admin = await asyncpg.connect(self._place.postgres_url())

    def store(self, process: Process, role: str, *, claims: bool) -> Any:
        """See the protocol."""
        pool = self._pool_of(process)
        marks = self._pool(role, size_max=1, wait_for_disk=False)
        return PostgresStore(
            pool, marks, consumer=role, run_id=event_id_of(f"run:{process.name}"), claims=claims
        )

    def intake(self, process: Process) -> Any:
        """See the protocol."""
        return PostgresIntake(self._pool_of(process))

    def agenda(self, process: Process) -> Any:
        """See the protocol."""
        marks = self._pool("scheduler", size_max=1, wait_for_disk=False)
        run_id = event_id_of(f"run:{process.name}")
        return PostgresAgenda(self._pool_of(process, size_max=2), marks, run_id=run_id)

    def watch(self, process: Process) -> Any:
        """See the protocol."""
        return PostgresLetterWatch(self._pool_of(process))

    def streams(self, process: Process) -> Any:
        """See the protocol."""
        self._all_streams.append(RedisStreams(self.client(process)))
        return self._all_streams[-1]

    def client(self, process: Process) -> Any:
        """See the protocol."""
        if process not in self._clients:
            service = _service(process)
            url, size = self._place.redis_url(service), Settings().redis_pool_max
            self._clients[process] = connect(url, f"openclaw-{service}", connections_max=size)
        return self._clients[process]

    def liveness(self, process: Process) -> Any:
        """See the protocol."""
        return RedisLiveness(self.client(process))

    def end_of(self, process: Process) -> None:
        """See the protocol."""
        self._network.end_of(process)

    def cut_postgres(self) -> None:
        """See the protocol."""
        lines = self._network.of(self._postgres_host)
        self._postgres_host.cut(line for line in lines if line.process is not None)

    def take_postgres(self) -> None:
        """See the protocol. In some runs it does not only seem so."""
        self.postgres.down = True
        if self._crashes and self._postgres_host.control is not None:
            self._postgres_host.crash(self._network.of(self._postgres_host))
        else:
            self.cut_postgres()

    async def bring_postgres(self) -> None:
        """See the protocol."""
        self.postgres.down = False
        if self._postgres_host.control is None:
            self._postgres_host.wait_until_recovered()
            await self._administer()

    def take_redis(self) -> None:
        """See the protocol."""
        self.redis.down = True
        for line in self._network.of(self._redis_host):
            if line.process is not None:
                line.break_off()

    def bring_redis(self) -> None:
        """See the protocol."""
        self.redis.down = False

    def wipe_redis(self) -> None:
        """See the protocol."""
        self._redis_host.wipe()

    def lose_group(self, target: str) -> None:
        """See the protocol."""
        with suppress(redis.ResponseError):
            self._control.xgroup_destroy(key_of(target), target)
        self._redis_host.wake()

    def intrude(self, target: str) -> None:
        """See the protocol."""
        self._control.xadd(key_of(target), {"lane": b"\xff", "event": b"{}", "attempt": b"x"})
        self._redis_host.wake()

    async def is_at_rest(self) -> bool:
        """See the protocol."""
        if not await self._admin.fetchval(_AT_REST, AHEAD_S):
            return False
        depths = [await self._streams.depth(target) for target in TARGETS]
        return not any(depth.length or depth.pending for depth in depths)

    async def standing(self) -> Standing:
        """See the protocol."""
        mode = await RuntimeState(self._redis_of_world).mode()
        in_force = mode.value if mode is not None else None
        return await of_postgres(self._admin, self._streams, mode_in_force=in_force)

    def close(self) -> None:
        """See the protocol."""
        self._network.close()
        self._control.close()
        asyncio.run(self._let_go())

    async def _let_go(self) -> None:
        """Let the drivers forget their connections, also those of the dead: they would say that they are open."""
        for streams in self._all_streams:
            await streams.close()
        for client in (self._redis_of_world, *self._clients.values()):
            await client.connection_pool.disconnect(inuse_connections=True)


def _service(process: Process) -> str:
    return process.name.partition("-")[0]

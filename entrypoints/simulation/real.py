"""Real servers for a simulated system: the product's own adapters and drivers, each process with connections of its own.

A run begins with an empty database and an empty Redis. Not here: starting servers (``machines``), the way to them
(``network``), and what they are made to do (``postgres_host``, ``redis_host``).
"""

import gc
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import asyncpg
import redis

from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.intake import PostgresIntake
from adapters.postgres.notices import PostgresLetterWatch
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.roles import role_of
from adapters.postgres.store import PostgresStore
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import DeadLetters, Records
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
OPERATORS = 2
_AT_REST = """
select not exists (select from openclaw.outbox) and not exists (select from openclaw.runs where event_ids <> '{}')
and not exists (select from openclaw.tasks where remind_at <= openclaw.now() + make_interval(secs => $1))
"""


def at(place: Place) -> Callable[[SimulatedLoop, int], "RealServers"]:
    """Return what makes the servers of a run out of those at a place."""
    return lambda loop, seed: RealServers(loop, seed, place)


class RealServers:
    """See ``servers.Servers``."""

    def __init__(self, loop: SimulatedLoop, seed: int, place: Place) -> None:
        self.clock = SimulatedClock(loop)
        # Chance is told from a seed on purpose.
        self.postgres = Server("Postgres", ConnectionResetError, Random(f"{seed} postgres"))  # noqa: S311
        self.redis = Server("Redis", ConnectionResetError, Random(f"{seed} redis"))  # noqa: S311
        self._place = place
        self._control = redis.Redis.from_url(place.redis_url())
        self._postgres_host = PostgresHost(
            loop, self.postgres, place.postgres_path, self.clock.now, TRANSACTION_S
        )
        self._redis_host = RedisHost(loop, self.redis, place.redis_path, self._control)
        self._network = Network(loop, [self._postgres_host, self._redis_host])
        loop.connect = self._network.connect
        self._clients: dict[Process, Any] = {}
        self._admin: Any = None
        pools = [self._pool("operator", size_max=1) for _ in range(OPERATORS)]
        self.records: Records = PostgresRecords(pools[0])
        self.operators: Sequence[DeadLetters] = [PostgresDeadLetters(pool) for pool in pools]
        self._streams = RedisStreams(connect(place.redis_url(), "simulation"))

    def _pool(self, service: str, *, size_max: int | None = None, wait_for_disk: bool = True) -> Pool:
        return Pool(
            self._place.postgres_url(service), role_of(service), hold_s=HOLD_S, wait_for_disk=wait_for_disk,
            size_max=size_max or Settings().postgres_pool_max, steady_plans=service != "operator",
        )  # fmt: skip

    async def open(self) -> None:
        """See the protocol."""
        self._control.flushall()
        above = await asyncpg.connect(self._place.postgres_url(database="postgres"))
        await above.execute(f"drop database if exists {DATABASE} with (force)")
        await above.execute(f"create database {DATABASE} template {TEMPLATE}")
        await above.close()
        control = await asyncpg.connect(self._place.postgres_url(database="postgres"))
        self._admin = await asyncpg.connect(self._place.postgres_url())
        self._postgres_host.control = control._transport
        self._keep = control

    def store(self, process: Process, role: str, *, claims: bool) -> Any:
        """See the protocol."""
        pool = self._pool(role)
        marks = pool if claims else self._pool(role, size_max=1, wait_for_disk=False)
        return PostgresStore(
            pool, marks, consumer=role, run_id=event_id_of(f"run:{process.name}"), claims=claims
        )

    def intake(self, process: Process) -> Any:
        """See the protocol."""
        return PostgresIntake(self._pool("gateway"))

    def agenda(self, process: Process) -> Any:
        """See the protocol."""
        return PostgresAgenda(self._pool("scheduler", size_max=2))

    def watch(self, process: Process) -> Any:
        """See the protocol."""
        return PostgresLetterWatch(self._pool("brain"))

    def streams(self, process: Process) -> Any:
        """See the protocol."""
        return RedisStreams(self.client(process))

    def client(self, process: Process) -> Any:
        """See the protocol."""
        if process not in self._clients:
            service = process.name.partition("-")[0]
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
        self._postgres_host.cut(self._network.of(self._postgres_host))

    def take_postgres(self) -> None:
        """See the protocol."""
        self.postgres.down = True
        self.cut_postgres()

    def bring_postgres(self) -> None:
        """See the protocol."""
        self.postgres.down = False

    def take_redis(self) -> None:
        """See the protocol."""
        self.redis.down = True
        for line in self._network.of(self._redis_host):
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
        mode = await RuntimeState(connect(self._place.redis_url(), "simulation")).mode()
        in_force = mode.value if mode is not None else None
        return await of_postgres(self._admin, self._streams, mode_in_force=in_force)

    def close(self) -> None:
        """See the protocol."""
        self._control.close()

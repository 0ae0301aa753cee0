"""A whole installation for a test: real servers, a simulated Telegram, and every service a process of its own.

The simulator lives in the test's event loop, so that a test plans faults and reads the record directly. Not here:
the load (``load``), and what may come of it (``entrypoints.simulation.checker``).
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import redis.asyncio
from attrs import define, field, frozen

from adapters.botworld import World
from adapters.embedded.files import free_port
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.roles import SERVICES, role_of
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams
from adapters.telegram.simulator import PushPolicy, SimulatorServer
from entrypoints.assembly import BRAIN, SENDER_TARGETS
from entrypoints.data_dir import with_login
from entrypoints.database import prepare_database
from entrypoints.simulation.history import History, Mishap, gather
from entrypoints.simulation.standing import left_in_postgres, of_postgres
from entrypoints.web import WEBHOOK_PATH
from tests.acceptance.load import Load, judge
from tests.acceptance.processes import Nursery, Service
from tests.acceptance.waiting import until

TOKEN = "1000:a-bot-of-the-tests"
REPLICAS = ("gateway-1", "brain-1", "brain-2", "sender-1", "sender-2")
TARGETS = (BRAIN, *SENDER_TARGETS)
READY_S, DRAIN_S, WORK_S = 30.0, 20.0, 40.0


@frozen
class Servers:
    """The servers that an installation stands on: the administrator's URL of each."""

    postgres_url: str
    redis_url: str


@define
class Cluster:
    """See ``running_cluster``."""

    nursery: Nursery
    servers: Servers
    folder: Path
    simulator: SimulatorServer
    database: Any
    client: redis.asyncio.Redis
    records: PostgresRecords
    letters: PostgresDeadLetters
    # What every service is given beside its servers, by name of the setting.
    settings: dict[str, object]
    services: dict[str, Service] = field(factory=dict)

    @property
    def world(self) -> World:
        """The simulated Telegram."""
        return self.simulator.world

    # Services

    def start(self, *names: str, **settings: object) -> None:
        """Start replicas by name: the role, a hyphen, a number. One that was there comes back under its name."""
        for name in names:
            role = name.partition("-")[0]
            login = with_login(self.servers.postgres_url, role_of(role), password_of(role))
            given = {"postgres_url": login, "instance": name, **self.settings, **settings}
            env = {f"OPENCLAW_{key.upper()}": str(value) for key, value in given.items()}
            log = self.folder / f"{name}.log"
            self.services[name] = self.nursery.start(name, [role], env, log)

    async def ready(self) -> None:
        """Wait until every service has said that it runs."""
        liveness = RedisLiveness(self.client)

        async def all_there() -> bool:
            ended = [s.name for s in self.services.values() if s.code is not None]
            assert not ended, f"{ended} could not start:\n{self.logs()}"
            return {each.instance for each in await liveness.alive()} >= set(self.services)

        await until(all_there, "every service to run", READY_S)

    async def stop(self) -> None:
        """Stop every service as its supervisor would; each must end well."""
        for service in self.services.values():
            service.stop()
        codes = {name: await service.end() for name, service in self.services.items()}
        self.services.clear()
        assert set(codes.values()) <= {0}, codes

    def logs(self) -> str:
        """Return the last lines of what the services wrote."""
        return "\n".join(
            f"{path.name}: {line}"
            for path in sorted(self.folder.glob("*.log"))
            for line in path.read_text("utf-8").splitlines()[-15:]
        )

    # What is there to see

    async def claimed(self) -> dict[str, UUID]:
        """Return the deliveries that are claimed now: the event of each lane."""
        return {
            row[0]: row[1] for row in await self.database.fetch("select lane, event_id from openclaw.claims")
        }

    async def reconnect(self) -> None:
        """Look at the database over a new session, after its server was away."""
        self.database = await asyncpg.connect(self.servers.postgres_url)

    @asynccontextmanager
    async def other_session(self) -> AsyncIterator[Any]:
        """Lend a session of the administrator for what stays open for a while."""
        session = await asyncpg.connect(self.servers.postgres_url)
        try:
            yield session
        finally:
            await session.close()

    async def left(self) -> Mapping[str, int]:
        """Return what lies about, by name; all zero when nothing is left to do."""
        return await left_in_postgres(self.database, RedisStreams(self.client))

    async def history(self, load: Load, *mishaps: Mishap) -> History:
        """Return all that is recorded; ``mishaps`` are the faults of the test that excuse something."""
        standing = await of_postgres(self.database, RedisStreams(self.client))
        return await gather(
            self.world, load.people.deeds, self.records, self.letters, standing, rested_at=time.time(),
            mishaps=mishaps, senders=2,
        )  # fmt: skip

    # The usual course

    async def answered(self, load: Load, count: int) -> None:
        """Wait until so many messages are answered."""
        await self._until(lambda: load.answered >= count, f"{count} answers", WORK_S)

    async def finish(self, load: Load, *mishaps: Mishap) -> None:
        """Let the load be worked off, stop everything, and judge."""
        load.say()
        await self._until(lambda: load.is_answered, "every answer", WORK_S)

        async def drained() -> bool:
            # Telegram keeps what nobody confirmed, as where a gateway died with its answer.
            waits = any(queue.pending() for queue in self.world.queues.values())
            return not waits and not any((await self.left()).values())

        with suppress(TimeoutError):
            # What is left after all is for the checker to tell.
            await until(drained, "nothing to be left", DRAIN_S)
        await self.stop()
        judge(await self.history(load, *mishaps))

    async def _until(self, condition: Any, what: str, within_s: float) -> None:
        try:
            await until(condition, what, within_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}; left: {await self.left()}\n{self.logs()}") from None


def password_of(service: str) -> str:
    """Return the password that a service has in the tests."""
    return f"password-of-the-{service}"


@asynccontextmanager
async def running_cluster(
    nursery: Nursery,
    servers: Servers,
    folder: Path,
    *,
    webhook: bool = False,
    deliveries: int = 1,
    answer_s_max: float = 60.0,
    **settings: object,
) -> AsyncIterator[Cluster]:
    """Lend an installation whose services are not started yet; ``settings`` win over what the tests usually set.

    ``deliveries`` and ``answer_s_max`` are the simulator's (``PushPolicy``).
    """
    await prepare_database(servers.postgres_url, {service: password_of(service) for service in SERVICES})
    database = await asyncpg.connect(servers.postgres_url)
    client = connect(servers.redis_url, "openclaw-test")
    pool = Pool(servers.postgres_url, role_of("operator"), size_max=1)
    simulator = SimulatorServer(push=PushPolicy(0.05, 0.5, answer_s_max, deliveries))
    simulator.world.add_bot(TOKEN)
    await simulator.start()
    usual = {
        "telegram_token": TOKEN, "telegram_api_url": simulator.base_url, "redis_url": servers.redis_url,
        "rate_bot_per_s": 0, "rate_chat_per_s": 0, "rate_group_per_min": 0, "sweep_grace_s": 0.3, "access": "open",
        "log_level": "warning",
    }  # fmt: skip
    if webhook:
        port = free_port()
        usual |= {
            "telegram_mode": "webhook", "webhook_url": f"http://127.0.0.1:{port}{WEBHOOK_PATH}",
            "webhook_secret": "secret-of-the-webhook", "webhook_listen": f"127.0.0.1:{port}",
        }  # fmt: skip
    cluster = Cluster(
        nursery,
        servers,
        folder,
        simulator,
        database,
        client,
        PostgresRecords(pool),
        PostgresDeadLetters(pool),
        {**usual, **settings},
    )
    try:
        yield cluster
    finally:
        for service in cluster.services.values():
            if service.code is None:
                await service.kill()
        await simulator.stop()
        await client.aclose()
        await pool.close()
        await cluster.database.close()

"""What the storm hits: two replicas of each role as processes, real servers, and a proxy on each way between them.

Services reach Postgres, Valkey and Telegram through proxies, and Telegram reaches the gateways through one that goes
on to whichever listens. What ends without having been hit is started again, as a supervisor would, and noted.
Not here: what is done to it (``strikes``), and when (``plan``).
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psutil
from attrs import define, field, frozen

from adapters.embedded.files import free_port
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import role_of
from entrypoints.data_dir import with_login
from entrypoints.web import WEBHOOK_PATH
from tests.acceptance.cluster import Cluster, Servers, password_of, running_cluster
from tests.acceptance.processes import Nursery
from tests.chaos.pacing import pass_time
from tests.chaos.plan import GATEWAYS, POSTGRES, REPLICAS, TELEGRAM, VALKEY, WEBHOOK
from tests.proxy import TcpProxy
from tests.servers import resume, short_dir

Server = EmbeddedPostgres | EmbeddedValkey
Result = TypeVar("Result")
# Eight services with their pools, the proxies' dead connections that Postgres has not noticed, and ours.
POSTGRES_SETTINGS = {"max_connections": "200"}
LOOK_S = 0.1
WATCH_S = 0.5
# How long Telegram waits for the answer of a gateway.
PUSH_S_MAX = 5.0
SECRET = "secret-of-the-webhook"


class Keeper:
    """The one thread that starts and stops servers: they end when it does, which is when this process does."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "keeper", _ignore_full_disks)

    async def __call__(self, step: Callable[[], Result]) -> Result:
        """Run ``step`` there, one after another."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, step)

    def close(self) -> None:
        """End the thread after what was asked of it."""
        self._thread.shutdown()


def _ignore_full_disks() -> None:
    """Let servers that are started here be told that a file cannot grow, instead of ending by a signal.

    A blocked signal stays blocked in the programs that are started (signal(7)).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXFSZ})


@frozen
class Ended:
    """A process that ended although nobody had hit it, and when (seconds since the epoch)."""

    name: str
    code: int | None
    at: float


@define
class Installation:
    """See ``installed``."""

    cluster: Cluster
    keeper: Keeper
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    ways: Mapping[str, TcpProxy]
    listens: Mapping[str, str]
    # Who is being hit; what happens to one victim happens one after another.
    held: dict[str, asyncio.Lock] = field(factory=dict)
    ended: list[Ended] = field(factory=list)
    # The most memory of its own that a process of each replica was seen to have, in MiB.
    memory: Counter[str] = field(factory=Counter)

    def __attrs_post_init__(self) -> None:
        self.held.update({name: asyncio.Lock() for name in (*REPLICAS, POSTGRES, VALKEY, TELEGRAM, WEBHOOK)})

    @property
    def servers(self) -> Mapping[str, Server]:
        """The servers by name."""
        return {POSTGRES: self.postgres, VALKEY: self.valkey}

    def start(self, name: str) -> None:
        """Start a replica, whose way to each server is through a proxy."""
        role = name.partition("-")[0]
        database = urlsplit(self.cluster.servers.postgres_url).path
        url = f"postgresql://127.0.0.1:{self.ways[POSTGRES].port}{database}"
        more = {"webhook_listen": self.listens[name]} if name in self.listens else {}
        self.cluster.start(name, postgres_url=with_login(url, role_of(role), password_of(role)), **more)

    async def supervise(self) -> None:
        """Start what ended unasked again, until cancelled."""
        while True:
            await pass_time(LOOK_S)
            for name in REPLICAS:
                if not self.held[name].locked() and (code := self.cluster.services[name].code) is not None:
                    self.ended.append(Ended(name, code, time.time()))
                    self.start(name)
            for name, server in self.servers.items():
                if not self.held[name].locked() and not server.is_running():
                    async with self.held[name]:
                        self.ended.append(Ended(name, None, time.time()))
                        await self.keeper(server.start)

    async def watch(self) -> None:
        """Look how much memory every service has, again and again, until cancelled."""
        while True:
            await pass_time(WATCH_S)
            for name in REPLICAS:
                with suppress(psutil.Error):
                    used = psutil.Process(self.cluster.services[name].pid).memory_info()
                    self.memory[name] = max(self.memory[name], (used.rss - used.shared) >> 20)

    async def start_all(self) -> None:
        """Start every replica and wait until each has said that it runs."""
        for name in REPLICAS:
            self.start(name)
        await self.cluster.ready()


@asynccontextmanager
async def installed(
    nursery: Nursery, folder: Path, settings: Mapping[str, object]
) -> AsyncIterator[Installation]:
    """Lend an installation whose services are not started yet; at the end nothing of it runs."""
    async with AsyncExitStack() as stack:
        keeper = Keeper()
        stack.callback(keeper.close)
        postgres = EmbeddedPostgres(stack.enter_context(short_dir()), settings=POSTGRES_SETTINGS)
        valkey = EmbeddedValkey(stack.enter_context(short_dir()))
        for server in (postgres, valkey):
            stack.push_async_callback(_end, keeper, server)
            await keeper(server.start)
        listens = {name: f"127.0.0.1:{free_port()}" for name in GATEWAYS}
        ports = [int(each.rpartition(":")[2]) for each in listens.values()]
        ways = {
            POSTGRES: TcpProxy(path=str(postgres.sockets / f".s.PGSQL.{postgres.port}")),
            VALKEY: TcpProxy(path=str(valkey.socket)),
            WEBHOOK: TcpProxy(ports[0], more_ports=ports[1:]),
        }
        for way in ways.values():
            await stack.enter_async_context(way)
        redis_url = with_login(f"redis://127.0.0.1:{ways[VALKEY].port}/0", "default", valkey.password)
        usual = {
            "telegram_mode": "webhook", "webhook_secret": SECRET, "redis_url": redis_url,
            "webhook_url": f"http://127.0.0.1:{ways[WEBHOOK].port}{WEBHOOK_PATH}",
        }  # fmt: skip
        cluster = await stack.enter_async_context(
            running_cluster(
                nursery, Servers(postgres.admin_url, valkey.admin_url), folder, answer_s_max=PUSH_S_MAX,
                **usual, **settings,
            )
        )  # fmt: skip
        ways[TELEGRAM] = TcpProxy(urlsplit(cluster.simulator.base_url).port or 0)
        await stack.enter_async_context(ways[TELEGRAM])
        cluster.settings["telegram_api_url"] = f"http://127.0.0.1:{ways[TELEGRAM].port}"
        yield Installation(cluster, keeper, postgres, valkey, ways, listens)


async def _end(keeper: Keeper, server: Server) -> None:
    """Stop a server, even one that was left paused."""

    def end() -> None:
        if server.is_running():
            resume(server)
        server.stop()

    await keeper(end)

"""The whole system in one process: every role at least twice, their servers, a Telegram, and a clock of its own.

The roles are the product's, put together as deployed ones are (``entrypoints.assembly``). Not here: what goes wrong
(``faults``), what people do (``people``), and the course of a run (``running``).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from attrs import define, evolve, field

from adapters.botworld import Fault, World, receive
from adapters.botworld.faults import FaultPlan
from adapters.calendar.recurrence import DateutilCalendar
from adapters.codec import Codec
from adapters.markdown import MarkdownFormatter
from adapters.memory.telegram import MemoryTelegram
from adapters.telegram.simulator.webhooks import PushPolicy, WebhookPusher
from application.consumer import Consumer
from application.crashpoints import CrashPoints
from application.gateway import ALLOWED_UPDATES, Gateway, introduce
from application.phrases import Phrases
from application.runtime import RuntimeState
from application.timing import Timing
from domain.errors import NoAnswer
from domain.formatting import Formatted
from entrypoints.assembly import Ports, brain, scheduler, sender
from entrypoints.harness import BOT_ID, BOT_NAME, TOKEN, CountedTokens
from entrypoints.settings import Settings
from entrypoints.simulation.history import Mishap
from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import Killed, Process, SimulatedLoop, State
from entrypoints.simulation.outside import Front, RemoteTelegram
from entrypoints.simulation.servers import MakeServers, MemoryServers, SimulatedClock
from entrypoints.version import version

ROLES = ("gateway", "brain", "sender", "scheduler")
REPLICAS = tuple(f"{role}-{number}" for role in ROLES for number in (1, 2))
# Short, so that a run of some minutes goes past every bound; each is as long as the one it must outlast asks for.
STOP_S = 8.0
PUSH = PushPolicy(retry_s=0.5, retry_s_max=4.0, answer_s_max=6.0)
POISON = "poison"
# Zone data and rules of languages are read once for all runs; they know nothing of any of them.
CALENDAR = Timing(Phrases(DateutilCalendar()))


class CountedFaults(FaultPlan):
    """Faults of calls to Telegram, and how many of each kind met a call."""

    def __init__(self) -> None:
        super().__init__()
        self.met: Counter[Fault] = Counter()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """See ``FaultPlan``."""
        fault = super().take(method, chat_id)
        if fault is not None:
            self.met[fault] += 1
        return fault


@define(eq=False)
class Replica:
    """One process of a role at a time, started again by its supervisor when it dies."""

    name: str
    process: Process
    gateway: Gateway | None = None
    consumers: list[Consumer] = field(factory=list)
    stops: list[Callable[[], None]] = field(factory=list)
    finishes: list[Callable[[], Awaitable[None]]] = field(factory=list)
    serving: list[asyncio.Task[None]] = field(factory=list)

    @property
    def role(self) -> str:
        """Return its role."""
        return self.name.partition("-")[0]


class System:
    """See the module. ``servers`` makes those that the processes use."""

    def __init__(self, seed: int, servers: MakeServers = MemoryServers, **settings: Any) -> None:
        self.seed = seed
        self.loop = SimulatedLoop(Random(f"{seed} loop"))
        self.settings = Settings(**settings)
        self.clock = SimulatedClock(self.loop)
        self.servers = servers(self.loop, seed)
        self.world = World(self.clock.now)
        self.world.add_bot(TOKEN, BOT_NAME)
        self.world.faults = self.planned = CountedFaults()
        self.postgres_server, self.redis_server = self.servers.postgres, self.servers.redis
        self.front_server = Server("front", NoAnswer, Random(f"{seed} front"))
        self.replicas: dict[str, Replica] = {}
        self.starts: Counter[str] = Counter()
        # Crash points that were passed; those at which the next process to pass dies; and where it did.
        self.passed: Counter[str] = Counter()
        self.armed: dict[str, int] = {}
        self.crashed: Counter[str] = Counter()
        # How often poison ended a process, by role.
        self.poisoned: Counter[str] = Counter()
        self.failures: list[str] = []
        self.deaths: list[Mishap] = []
        self.told: list[str] = []
        self._pusher: WebhookPusher | None = None

    # The outside

    def open(self) -> None:
        """Start every replica, and let Telegram push to the gateways. To be called inside of the loop."""
        front = Front(self.loop, self.front_server, self._gateways)
        self._pusher = WebhookPusher(self.world, PUSH, lambda webhook: front)
        params = {"url": "https://openclaw.example/", "allowed_updates": ALLOWED_UPDATES}
        with receive(self.world, TOKEN, "setWebhook", params) as call:
            call.perform()
        for name in REPLICAS:
            self.start(name)

    def _gateways(self) -> Sequence[tuple[Process, Gateway]]:
        return [
            (each.process, each.gateway) for each in self.replicas.values()
            if each.gateway is not None and each.process.state is not State.DEAD
        ]  # fmt: skip

    # Processes

    def start(self, name: str) -> None:
        """Start a replica, unless it runs."""
        standing = self.replicas.get(name)
        if standing is not None and standing.process.state is not State.DEAD:
            return
        self.starts[name] += 1
        replica = Replica(name, self.loop.process(f"{name}#{self.starts[name]}"))
        self.replicas[name] = replica
        self.loop.spawn(replica.process, self._main(replica))

    async def _main(self, replica: Replica) -> None:
        build = {
            "gateway": self._gateway,
            "brain": self._brain,
            "sender": self._sender,
            "scheduler": self._scheduler,
        }
        try:
            replica.serving = [asyncio.ensure_future(each()) for each in build[replica.role](replica)]
            await asyncio.gather(*replica.serving)
        except Exception as error:  # noqa: BLE001 - the supervisor starts it again, and the run is not clean
            self.failures.append(f"{replica.process.name} ended: {type(error).__name__}: {error}")
            self.kill(replica.name)

    def kill(self, name: str) -> None:
        """End a replica's process where it stands; its connections break."""
        self._end(name, self.replicas[name].process)

    def _end(self, name: str, process: Process) -> None:
        now = self.clock.now()
        self.deaths.append(Mishap("a death", name, now, now))
        self.loop.kill(process)
        self.servers.end_of(process)

    async def stop(self, name: str) -> None:
        """Ask a replica to finish, and end it when it did not in time; as its supervisor does."""
        replica = self.replicas[name]
        if replica.process.state is State.DEAD:
            return
        task = self.loop.spawn(replica.process, _finish(replica))
        # It may be paused or killed meanwhile, and then never answers.
        await asyncio.wait({task}, timeout=STOP_S)
        if replica is self.replicas[name]:
            self.kill(name)

    def crash(self, name: str, process: Process) -> CrashPoints:
        """Return what a process passes its crash points by."""

        def passing(point: str) -> None:
            self.passed[point] += 1
            if (left := self.armed.get(point)) is None:
                return
            if left > 1:
                self.armed[point] = left - 1
                return
            del self.armed[point]
            self.crashed[point] += 1
            self.told.append(f"{self.loop.time():.3f} {process.name} died at {point}")
            self.die(name, process)

        return passing

    def die(self, name: str, process: Process) -> None:
        """End the running process from within; this never returns."""
        self._end(name, process)
        raise Killed(f"{process.name} is dead")

    # Roles

    def _telegram(self) -> Any:
        chance = Random(f"{self.seed} telegram")
        return RemoteTelegram(MemoryTelegram(self.world, TOKEN, self.clock), self.loop, chance)

    def _ports(self, replica: Replica, *, claims: bool = False) -> Ports:
        process = replica.process
        store = self.servers.store(process, replica.role, claims=claims)
        formatter = Poisonous(lambda: self._poison(replica))
        crash, tokens = self.crash(replica.name, process), CountedTokens(process.name)
        return Ports(self.servers.streams(process), store, Codec(), formatter, self.clock, tokens, crash)

    def _poison(self, replica: Replica) -> None:
        self.poisoned[replica.role] += 1
        self.die(replica.name, replica.process)

    def _own_settings(self, replica: Replica) -> Settings:
        return evolve(self.settings, instance=replica.name)

    def _gateway(self, replica: Replica) -> Sequence[Callable[[], Awaitable[None]]]:
        intake, streams = self.servers.intake(replica.process), self.servers.streams(replica.process)
        crash = self.crash(replica.name, replica.process)
        gateway = Gateway(BOT_ID, intake, streams, Codec(), self.clock, crash)
        stopping = asyncio.Event()
        replica.gateway = gateway
        replica.stops.append(stopping.set)
        replica.finishes.append(gateway.finish)

        async def serve() -> None:
            await introduce(gateway, self._telegram(), stopping)
            await stopping.wait()

        return [serve]

    def _brain(self, replica: Replica) -> Sequence[Callable[[], Awaitable[None]]]:
        runtime = RuntimeState(self.servers.client(replica.process))
        liveness = self.servers.liveness(replica.process)
        settings = self._own_settings(replica)
        watch = self.servers.watch(replica.process)
        consumer = brain(self._ports(replica), settings, runtime, liveness, version(), CALENDAR, watch)
        return self._consuming(replica, [consumer])

    def _sender(self, replica: Replica) -> Sequence[Callable[[], Awaitable[None]]]:
        sendings = sender(self._ports(replica, claims=True), self._own_settings(replica), self._telegram())
        replica.finishes += [sending.deliverer.finish for sending in sendings]
        return self._consuming(replica, [sending.consumer for sending in sendings])

    def _consuming(
        self, replica: Replica, consumers: Sequence[Consumer]
    ) -> Sequence[Callable[[], Awaitable[None]]]:
        for consumer in consumers:
            consumer.limits = evolve(
                consumer.limits, abandoned_s=8.0, reconcile_s=3.0, backoff_max_s=1.0, block_s=2.0
            )
        replica.consumers += consumers
        replica.stops += [consumer.stop for consumer in consumers]
        return [consumer.run for consumer in consumers]

    def _scheduler(self, replica: Replica) -> Sequence[Callable[[], Awaitable[None]]]:
        agenda, streams = self.servers.agenda(replica.process), self.servers.streams(replica.process)
        crash = self.crash(replica.name, replica.process)
        made = scheduler(agenda, streams, Codec(), self.clock, CALENDAR, self.settings, crash)
        replica.stops.append(made.stop)
        return [made.run]


async def _finish(replica: Replica) -> None:
    for stop in replica.stops:
        stop()
    await asyncio.gather(*replica.serving, return_exceptions=True)
    for finish in replica.finishes:
        await finish()


@define
class Poisonous:
    """Markdown as usual, but a text that says so ends its process."""

    die: Callable[[], None]
    behind: MarkdownFormatter = field(factory=MarkdownFormatter)

    def format(self, markdown: str) -> Formatted:
        """See ``application.ports.Formatter``."""
        if markdown.startswith(POISON):
            self.die()
        return self.behind.format(markdown)

"""The course of a run: people write while strikes fall, then everything calms down, and what came of it is recorded.

Not here: what goes wrong (``plan``, ``strikes``), whether promises were kept (``entrypoints.simulation.checker``), and
how it is told (``report``).
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from adapters.postgres.clock import PostgresClock
from adapters.redis_streams.streams import RedisStreams
from application.runtime import RuntimeState
from entrypoints.simulation.history import History, Mishap, Size, gather
from entrypoints.simulation.people import ADMIN, People, Scale, plan
from entrypoints.simulation.standing import of_postgres
from tests.acceptance.cluster import TARGETS
from tests.acceptance.processes import Nursery
from tests.acceptance.waiting import until
from tests.chaos.installation import Ended, Installation, installed
from tests.chaos.pacing import pass_time
from tests.chaos.plan import EVERY_S, SENDERS, VALKEY, Kind, Strike, strikes
from tests.chaos.strikes import carry_out

# A transaction that is open for longer is ended by the server (``entrypoints.containers``).
ROUND_S_MAX = 5.0
# The shortest bounds that the settings allow (a claim outlasts a call by three seconds), so that a pause outlasts them
# soon; and no limits of rate, of which one bot's would be below what is offered.
SETTINGS = {
    "call_timeout_s": 2, "handler_timeout_s": 3, "claim_s": ROUND_S_MAX, "stop_timeout_s": 5, "sweep_grace_s": 1,
    "rate_bot_per_s": 0, "rate_chat_per_s": 0, "rate_group_per_min": 0, "admins": ADMIN,
}  # fmt: skip
CHATS = 120
# Some actions come to nothing, such as presses of buttons that are not there yet.
SPARE = 1.6
TICK_S = 0.02
CALM_S_MAX = 180.0
CANCEL_S = 1.0
# How soon after it goes on a process is ended that stood still for too long, and that is noticed.
WATCHED_S = 10.0
KEPT_MAX = 5_000_000
# What a service has of its own, whatever meets it.
MEMORY_MIB_MAX = 200


@frozen
class Options:
    """``storm_s`` seconds with ``rate`` things done a second by people, and a strike about every ``every_s``."""

    seed: int
    storm_s: float
    rate: float = 50.0
    every_s: float = EVERY_S


@frozen
class Struck:
    """A strike as it went: seconds since the epoch."""

    strike: Strike
    at: float
    until: float


@frozen
class Course:
    """What came of a run. ``calm_s``: how long it took after the storm until nothing was left to do."""

    options: Options
    struck: Sequence[Struck]
    ended: Sequence[Ended]
    history: History
    storm_s: float
    calm_s: float
    is_at_rest: bool

    @property
    def unforeseen(self) -> list[Ended]:
        """Which processes ended although nothing that was done to them explains it: a watchdog ends who stood still."""
        return [
            ended
            for ended in self.ended
            if not any(
                ended.name in each.strike.victims and each.until <= ended.at <= each.until + WATCHED_S
                for each in self.struck
                if each.strike.kind is Kind.ROLE_PAUSED_FOR_AGES
            )
        ]


@define
class Storm:
    """A storm over an installation."""

    it: Installation
    options: Options
    people: People
    struck: list[Struck] = field(factory=list)

    async def rage(self) -> float:
        """Let people write and strikes fall; return how many seconds it took until all strikes were over."""
        began_s = time.monotonic()
        print("the storm begins", flush=True)
        fallen = strikes(self.options.seed, self.options.storm_s, self.options.every_s)
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(each) for each in (self.it.supervise(), self.it.watch())]
            parts = [group.create_task(self._write(began_s))]
            parts += [group.create_task(self._strike(each, began_s)) for each in fallen]
            await asyncio.gather(*parts)
            for watcher in watchers:
                watcher.cancel()
        return time.monotonic() - began_s

    async def _write(self, began_s: float) -> None:
        """Let as much be done as is due by now, again and again."""
        k, options = 0, self.options
        while (passed_s := time.monotonic() - began_s) < options.storm_s:
            due = options.rate * passed_s
            while len(self.people.deeds) < due and k < len(self.people.plan):
                self.people.do(k)
                k += 1
            await pass_time(TICK_S)

    async def _strike(self, strike: Strike, began_s: float) -> None:
        await pass_time(max(0.0, began_s + strike.at_s - time.monotonic()))
        at = time.time()
        await carry_out(self.it, strike)
        self.struck.append(Struck(strike, at, time.time()))

    def mishaps(self) -> list[Mishap]:
        """Return what was done to whom, as the checker reads it."""
        return [
            Mishap(
                each.strike.kind.name.lower(), "redis" if victim == VALKEY else victim, each.at, each.until
            )
            for each in self.struck
            for victim in each.strike.victims
        ]


class Interrupted(Exception):
    """The run was asked to end before its end."""


async def weather(nursery: Nursery, folder: Path, options: Options, interrupted: asyncio.Event) -> Course:
    """Run a storm and the calm after it on an installation of its own. Raises Interrupted, nothing left running."""
    async with installed(nursery, folder, SETTINGS) as it:
        course = asyncio.create_task(_course(it, options))
        waiter = asyncio.create_task(interrupted.wait())
        await asyncio.wait({course, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if course.done():
            return course.result()
        # More than once, since a library that is met at the wrong moment keeps a cancellation to itself.
        while not course.done():
            course.cancel()
            await asyncio.wait({course}, timeout=CANCEL_S)
        raise Interrupted


async def _course(it: Installation, options: Options) -> Course:
    world = it.cluster.world
    world.record.kept_max = KEPT_MAX
    actions = plan(options.seed, Scale(int(options.rate * options.storm_s * SPARE), CHATS, 0.0))
    storm = Storm(it, options, People(world, actions))
    await it.start_all()
    storm_s = await storm.rage()
    began_s = time.monotonic()
    supervisor = asyncio.create_task(it.supervise())
    try:
        rested_at = await _calm(it)
    finally:
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
    calm_s = time.monotonic() - began_s
    await it.cluster.stop()
    history = await _recorded(it, storm, rested_at or time.time())
    return Course(options, storm.struck, it.ended, history, storm_s, calm_s, rested_at is not None)


async def _calm(it: Installation) -> float | None:
    """Wait until nothing is left to do; return when nothing due was left to do, None if it did not come."""
    cluster = it.cluster
    (bot_id,) = cluster.world.bots
    queue = cluster.world.queues[bot_id]
    clock = PostgresClock(cluster.servers.postgres_url)
    streams = RedisStreams(cluster.client)
    asked_at = 0.0

    async def at_rest() -> bool:
        nonlocal asked_at
        asked_at = time.time()
        if queue.pending() or not (await clock.look()).is_at_rest:
            return False
        depths = [await streams.depth(target) for target in TARGETS]
        return not any(depth.length or depth.pending for depth in depths)

    try:
        await until(at_rest, "rest", CALM_S_MAX)
    except TimeoutError:
        return None
    return asked_at


async def _recorded(it: Installation, storm: Storm, rested_at: float) -> History:
    """Return the history, once no service runs any more."""
    cluster = it.cluster
    in_force = await RuntimeState(cluster.client).mode()
    mode = in_force.value if in_force is not None else None
    async with cluster.other_session() as session:
        standing = await of_postgres(session, RedisStreams(cluster.client), mode_in_force=mode)
    if mode is None:
        # What a brain restores as soon as it is asked.
        standing = evolve(standing, mode_in_force=standing.mode_committed)
    sizes = {f"memory of {name} in MiB": Size(used, MEMORY_MIB_MAX) for name, used in it.memory.items()}
    history = await gather(
        cluster.world, storm.people.deeds, cluster.records, cluster.letters, standing,
        rested_at=rested_at, mishaps=storm.mishaps(), senders=len(SENDERS), sizes=sizes,
    )  # fmt: skip
    return evolve(history, round_s=ROUND_S_MAX)

"""What goes wrong in a simulated world: a table of faults, each with how it is done and how it is seen to have hit.

A plan of faults is made of values, so that it can be cut down and told. Not here: what people do (``people``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random

from attrs import define, field, frozen

from adapters.botworld import Fault as TelegramFault
from adapters.botworld import FaultKind
from adapters.botworld.values import blocked, http_500, rate_limited
from application.crashpoints import ALL_POINTS
from application.letters import LetterFilter
from domain.errors import OpenClawError
from entrypoints.simulation.history import Mishap
from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import State
from entrypoints.simulation.servers import TARGETS
from entrypoints.simulation.system import REPLICAS, System

CLOCK = "the clock stepped"
SLOW_S = 0.2
POINT = "a crash at "
REFUSED_TEXT = "Bad Request: not enough rights to send text messages to the chat"
# What the way to Postgres, to Redis and to the gateways may lose, and the name of it as a fault.
LOSSES: Mapping[str, tuple[str, str]] = {
    "Postgres: a request lost": ("postgres_server", "request"),
    "Postgres: an answer lost": ("postgres_server", "answer"),
    "Postgres: a commit lost": ("postgres_server", "commit"),
    "Postgres: the answer to a commit lost": ("postgres_server", "answer to a commit"),
    "Redis: a request lost": ("redis_server", "request"),
    "Redis: an answer lost": ("redis_server", "answer"),
    "Redis: out of memory": ("redis_server", "memory"),
    "Redis: an entry lost": ("redis_server", "entry"),
    "Redis: an entry delivered twice": ("redis_server", "once"),
    "Telegram: an update delivered again": ("front_server", "answer"),
}
# What becomes of calls to Telegram.
CALLS: Mapping[str, Callable[[float], TelegramFault]] = {
    "Telegram: a slow answer": lambda s: TelegramFault(FaultKind.SLOW, delay_s=s / 8),
    "Telegram: hangs before": lambda s: TelegramFault(FaultKind.HANG_BEFORE),
    "Telegram: hangs after": lambda s: TelegramFault(FaultKind.HANG_AFTER),
    "Telegram: cut before": lambda s: TelegramFault(FaultKind.RESET_BEFORE),
    "Telegram: cut after": lambda s: TelegramFault(FaultKind.RESET_AFTER),
    "Telegram: not reached": lambda s: TelegramFault(FaultKind.NOT_SENT),
    "Telegram: 429": lambda s: rate_limited(max(1, round(s))),
    "Telegram: 400": lambda s: TelegramFault(
        FaultKind.REFUSE, "sendMessage", code=400, description=REFUSED_TEXT
    ),
    "Telegram: 403": lambda s: blocked("sendMessage"),
    "Telegram: 500": lambda s: http_500(),
    "Telegram: 502": lambda s: TelegramFault(FaultKind.GATEWAY, code=502),
}


@frozen
class Fault:
    """One fault: when, which, whom it meets (a replica, a target, a crash point), how long or how often."""

    at_s: float
    kind: str
    who: str = ""
    for_s: float = 0.0
    count: int = 1

    def __str__(self) -> str:
        who = f" {self.who}" if self.who else ""
        return f"{self.at_s:8.3f} s  {self.kind}{who} ({self.for_s:.2f} s, {self.count})"


Doing = Callable[[System, Fault], Awaitable[None]]


async def _kill(system: System, fault: Fault) -> None:
    if system.replicas[fault.who].process.state is not State.DEAD:
        system.kill(fault.who)


async def _stop(system: System, fault: Fault) -> None:
    await system.stop(fault.who)


async def _pause(system: System, fault: Fault) -> None:
    process = system.replicas[fault.who].process
    system.loop.pause(process)
    await asyncio.sleep(fault.for_s)
    system.loop.resume(process)


async def _crash(system: System, fault: Fault) -> None:
    system.armed[fault.who] = fault.count


async def _wipe(system: System, fault: Fault) -> None:
    system.servers.wipe_redis()
    await _slowly(system.redis_server, min(fault.for_s, 2.0))


async def _lose_group(system: System, fault: Fault) -> None:
    system.servers.lose_group(fault.who)
    # Until the group is there again, much may come in.
    await _slowly(system.redis_server, min(fault.for_s, 2.0))


async def _redis_away(system: System, fault: Fault) -> None:
    system.servers.take_redis()
    await asyncio.sleep(fault.for_s)
    system.servers.bring_redis()


async def _postgres_away(system: System, fault: Fault) -> None:
    system.servers.take_postgres()
    await asyncio.sleep(fault.for_s)
    await system.servers.bring_postgres()


async def _cut(system: System, fault: Fault) -> None:
    system.servers.cut_postgres()


async def _slow(system: System, fault: Fault) -> None:
    await _slowly(system.postgres_server if fault.who == "Postgres" else system.redis_server, fault.for_s)


async def _slowly(server: Server, for_s: float) -> None:
    server.slow_s += SLOW_S
    await asyncio.sleep(for_s)
    server.slow_s = max(0.0, server.slow_s - SLOW_S)


async def _step_clock(system: System, fault: Fault) -> None:
    system.servers.clock.shift_s += fault.for_s


async def _stranger(system: System, fault: Fault) -> None:
    system.servers.intrude(fault.who)


async def _redrive(system: System, fault: Fault) -> None:
    """Two operators redrive everything, at the same time."""
    one, other = system.servers.operators
    ids = [letter.letter_id for letter in await one.newest(LetterFilter(), 1000)]
    await asyncio.gather(*(each.redrive(ids) for each in (one, other) if ids))


async def _lose(system: System, fault: Fault) -> None:
    server, what = LOSSES[fault.kind]
    getattr(system, server).losing[what] += fault.count


async def _call(system: System, fault: Fault) -> None:
    for _ in range(fault.count):
        system.world.faults.add(CALLS[fault.kind](fault.for_s))


DOING: Mapping[str, Doing] = {
    "a process killed": _kill,
    "a process stopped": _stop,
    "a process paused": _pause,
    "a crash": _crash,
    "Redis: wiped": _wipe,
    "Redis: a group lost": _lose_group,
    "Redis: away": _redis_away,
    "Redis: slow": _slow,
    "Redis: a stranger's entry": _stranger,
    "Postgres: away": _postgres_away,
    "Postgres: every connection cut": _cut,
    "Postgres: slow": _slow,
    CLOCK: _step_clock,
    "dead letters redriven by two at once": _redrive,
    **dict.fromkeys(LOSSES, _lose),
    **dict.fromkeys(CALLS, _call),
}
# What a campaign must have hit, each at least once.
KINDS = (*(kind for kind in DOING if kind != "a crash"), "poison", *(POINT + point for point in ALL_POINTS))


def planned(chance: Random, count: int, length_s: float, kinds: Sequence[str] = ()) -> list[Fault]:
    """Return so many faults within a length of time, in their order.

    Each run draws its own half of the kinds, so that some runs have much of what in others is rare: "swarm testing"
    (Groce, Zhang, Eide, Chen, Regehr 2012). ``kinds`` are those of a run that is after something.
    """
    # Processes die often, and at named points as often as anywhere.
    usual = (*DOING, "a crash", "a crash", "a crash", "a process killed", "a process paused")
    chosen = kinds or [kind for kind in usual if chance.random() < 0.5] or usual
    return sorted(
        (_one(chance, chance.choice(chosen), chance.random() * length_s) for _ in range(count)),
        key=lambda each: each.at_s,
    )


def _one(chance: Random, kind: str, at_s: float) -> Fault:
    # Mostly short; now and then longer than any bound.
    for_s = chance.choice((0.1, 0.5, 1.0, 2.0, 5.0, 12.0)) * (0.5 + chance.random())
    count = chance.choice((1, 1, 1, 2, 3, 6))
    who = ""
    if kind.startswith("a process"):
        who = chance.choice(REPLICAS)
    elif kind == "a crash":
        who = chance.choice(ALL_POINTS)
    elif kind in ("Redis: a group lost", "Redis: a stranger's entry"):
        who = chance.choice(TARGETS)
    elif kind in ("Redis: slow", "Postgres: slow"):
        who = kind.partition(":")[0]
    elif kind == CLOCK:
        for_s = chance.choice((-30.0, -2.0, 2.0, 30.0, 90.0)) * chance.random()
    return Fault(round(at_s, 3), kind, who, round(for_s, 3), count)


def hits(system: System, done: Sequence[Fault]) -> dict[str, int]:
    """Return how often each kind has hit: what was lost or met, not only what was planned to be."""
    found = dict.fromkeys(KINDS, 0)
    for fault in done:
        if fault.kind not in (*LOSSES, *CALLS, "a crash"):
            found[fault.kind] += 1
    for kind, (server, what) in LOSSES.items():
        found[kind] += getattr(system, server).lost[what]
    made = {CALLS[fault.kind](fault.for_s): fault.kind for fault in done if fault.kind in CALLS}
    for call, count in system.planned.met.items():
        found[made[call]] += count
    for point, count in system.crashed.items():
        found[POINT + point] += count
    found["poison"] += sum(system.poisoned.values())
    return found


def _met_by(fault: Fault) -> str:
    """Return whom a fault meets, as histories name them."""
    if fault.who in REPLICAS:
        return fault.who
    return "clock" if fault.kind == CLOCK else fault.kind.partition(":")[0].lower()


@define
class Doer:
    """Does faults as their time comes, and notes what was done."""

    system: System
    done: list[Fault] = field(factory=list)
    tasks: list[asyncio.Task[None]] = field(factory=list)
    lasting: list[Mishap] = field(factory=list)

    @property
    def mishaps(self) -> list[Mishap]:
        """Return everything that went wrong, deaths included, in order of time."""
        return sorted([*self.lasting, *self.system.deaths], key=lambda each: each.at)

    def do(self, fault: Fault) -> None:
        """Begin a fault; some last for a while."""
        self.done.append(fault)
        self.system.told.append(f"{self.system.loop.time():.3f} {fault.kind} {fault.who}")
        self.tasks.append(asyncio.ensure_future(self._do(fault)))

    async def _do(self, fault: Fault) -> None:
        now = self.system.clock.now
        began = now()
        with suppress(OpenClawError):
            # An operator's command may meet a server that is away.
            await DOING[fault.kind](self.system, fault)
        by_s = fault.for_s if fault.kind == CLOCK else 0.0
        self.lasting.append(Mishap(fault.kind, _met_by(fault), began, now(), by_s))

    async def end(self) -> None:
        """Wait for those that last, and let nothing go wrong from now on but by what went wrong before."""
        await asyncio.gather(*self.tasks)
        system = self.system
        system.armed.clear()
        system.world.faults.clear()
        for server in (system.postgres_server, system.redis_server, system.front_server):
            server.losing.clear()

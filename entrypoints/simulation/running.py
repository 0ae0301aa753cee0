"""One simulated run: a storm in which people talk and things go wrong, a calm, and what came of it.

Everything follows from the scenario. Not here: what is made of a run that fails (``shrinking``), and many runs
(``campaign``).
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from attrs import evolve, field, frozen

from application.hand import LANE_ENTRIES_MAX
from domain.access import AccessMode
from entrypoints.harness import BOT_ID
from entrypoints.simulation import people
from entrypoints.simulation.checker import Violation, violations
from entrypoints.simulation.faults import Doer, Fault, hits, planned
from entrypoints.simulation.history import History, Kind, Size, gather
from entrypoints.simulation.loop import State
from entrypoints.simulation.people import Action, People, Scale, chat_of
from entrypoints.simulation.servers import TRANSACTION_S, MakeServers, MemoryServers
from entrypoints.simulation.system import POISON, REPLICAS, System

STEPS = 60
# Of the steps of a run, so many are what people do; the others are faults.
PEOPLE_PART = 0.7
START_S = 1.0
SUPERVISED_S, REVIVED_ONE_IN = 0.25, 4
POISONED_ONE_IN = 4
QUIET_S_MAX = 900.0
SETTLED_S = 12.0
# A waiting gateway holds no more (``application.gateway.WAITING_MAX``).
WAITING_MAX = 2_000
# What a run goes by where it is not the thing to be tried: short bounds, so that minutes go past all of them.
SHORT: Mapping[str, Any] = {
    "access": AccessMode.OPEN, "admins": frozenset({people.ADMIN}), "instance": "simulated", "call_timeout_s": 2.0,
    "claim_s": 5.5, "handler_timeout_s": 3.0, "rate_bot_per_s": 0, "rate_chat_per_s": 0.0, "rate_group_per_min": 0,
    "notice_gather_s": 1.0, "notice_every_s": 5.0,
}  # fmt: skip
# Every third run keeps Telegram's limits, in which messages wait.
LIMITED: Mapping[str, Any] = {"rate_bot_per_s": 20, "rate_chat_per_s": 1.0, "rate_group_per_min": 20}


@frozen
class Scenario:
    """All that a run follows from: what people do, what goes wrong, and the seed of everything else."""

    seed: int
    actions: Sequence[Action]
    faults: Sequence[Fault]

    @property
    def steps(self) -> int:
        """How many things are done in it."""
        return len(self.actions) + len(self.faults)

    def told(self) -> list[str]:
        """Return the schedule as lines, in order of time."""
        at_s, lines = START_S, [(fault.at_s, str(fault)) for fault in self.faults]
        for action in self.actions:
            at_s += action.wait_s
            about = f" about m{action.about}" if action.about is not None else ""
            lines.append(
                (at_s, f"{at_s:8.3f} s  {action.kind.value} {action.token}{about} {action.what[:60]!r}")
            )
        return [line for _, line in sorted(lines)]


@frozen
class Run:
    """What came of a scenario. ``hits`` counts the faults that took place; ``told`` is their course, as lines."""

    scenario: Scenario
    history: History
    violations: Sequence[Violation]
    hits: Mapping[str, int]
    told: Sequence[str]
    simulated_s: float
    failures: Sequence[str] = field(factory=tuple)

    @property
    def digest(self) -> str:
        """Return what is the same for the same history, byte for byte."""
        return hashlib.sha256(repr(self.history).encode()).hexdigest()


def scenario(seed: int, steps: int = STEPS, kinds: Sequence[str] = ()) -> Scenario:
    """Return the scenario of a seed; with ``kinds`` only those faults are in it."""
    actions = people.plan(seed, Scale(actions=max(1, round(steps * PEOPLE_PART))))
    if seed % POISONED_ONE_IN == 0:
        actions = _poisoned(actions, Random(f"{seed} poison"))
    length_s = START_S + sum(action.wait_s for action in actions)
    count = max(0, steps - len(actions))
    return Scenario(seed, actions, planned(Random(f"{seed} faults"), count, length_s, kinds))


def _poisoned(actions: Sequence[Action], chance: Random) -> list[Action]:
    """Let one of the messages end whichever process looks at its text."""
    plain = [action.number for action in actions if action.kind is Kind.MESSAGE and chat_of(action.place) > 0]
    number = chance.choice(plain) if plain else None
    return [evolve(each, what=f"{POISON} {{token}}") if each.number == number else each for each in actions]


def run(made: Scenario, servers: MakeServers = MemoryServers) -> Run:
    """Run a scenario to its end and judge it."""
    quiet = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    limits = LIMITED if made.seed % 3 == 0 else {}
    system = System(made.seed, servers, **{**SHORT, **limits})
    try:
        done: Run = system.loop.run_until_complete(_course(system, made))
        return done
    finally:
        system.servers.close()
        system.loop.close()
        logging.disable(quiet)


async def _course(system: System, made: Scenario) -> Run:
    crowd, doer = People(system.world, made.actions), Doer(system)
    watch = Watch(system)
    await system.servers.open()
    system.open()
    helpers = [asyncio.ensure_future(each) for each in (_supervise(system), watch.run())]
    await asyncio.sleep(START_S)
    await asyncio.gather(_talk(crowd, made.actions), _break(doer, made.faults))
    await doer.end()
    is_quiet = await _until_quiet(system)
    for helper in helpers:
        helper.cancel()
    servers = system.servers
    history = await gather(
        system.world, crowd.deeds, servers.records, servers.operators[0], await servers.standing(),
        rested_at=servers.clock.now(), mishaps=doer.mishaps, sizes=watch.sizes, senders=2,
    )  # fmt: skip
    history = evolve(history, round_s=TRANSACTION_S, is_told=True)
    found = list(violations(history))
    failures = [*system.failures, *system.loop.troubles, *_innocent(system, history, made)]
    failures += [] if is_quiet else ["it did not come to rest"]
    return Run(made, history, found, hits(system, doer.done), system.told, system.loop.time(), failures)


def _innocent(system: System, history: History, made: Scenario) -> list[str]:
    """Return the dead letters that are said to have ended processes, unless they did or others' deaths are enough."""
    poison = {action.token for action in made.actions if action.what.startswith(POISON)}
    keys = {deed.key for deed in history.deeds if deed.token in poison}
    by_chance = sum(death.who.startswith("brain") for death in system.deaths) - system.poisoned["brain"]
    return [
        f"{letter.idempotency_key} is a dead letter for deaths that it did not cause"
        for letter in history.letters
        if letter.deaths >= system.settings.deaths_max > by_chance and letter.idempotency_key not in keys
    ]


async def _talk(crowd: People, actions: Sequence[Action]) -> None:
    for k, action in enumerate(actions):
        if action.wait_s:
            await asyncio.sleep(action.wait_s)
        crowd.do(k)


async def _break(doer: Doer, faults: Iterable[Fault]) -> None:
    loop = asyncio.get_running_loop()
    for fault in faults:
        await asyncio.sleep(max(0.0, fault.at_s - loop.time()))
        doer.do(fault)


async def _supervise(system: System) -> None:
    """Start again what died, as supervisors do: mostly soon, now and then late."""
    chance = Random(f"{system.seed} supervisor")
    while True:
        await asyncio.sleep(SUPERVISED_S)
        for name in REPLICAS:
            dead = system.replicas[name].process.state is State.DEAD
            if dead and chance.random() * REVIVED_ONE_IN < 1:
                system.start(name)


async def _until_quiet(system: System) -> bool:
    """Wait until everything is worked off; return whether it ever was."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + QUIET_S_MAX
    while loop.time() < deadline_s:
        await asyncio.sleep(1.0)
        if await _is_quiet(system):
            # Acknowledging may come after the work, and admins are told of what died; so long both take at most.
            await asyncio.sleep(SETTLED_S)
            if await _is_quiet(system):
                return True
    return False


async def _is_quiet(system: System) -> bool:
    if len(system.world.queues[BOT_ID]) or system.world.record.in_flight():
        return False
    return await system.servers.is_at_rest()


class Watch:
    """Looks again and again at what must stay small."""

    def __init__(self, system: System) -> None:
        self.sizes: dict[str, Size] = {}
        self._system = system

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            for replica in self._system.replicas.values():
                for consumer in replica.consumers:
                    hand = consumer.hand
                    bound = LANE_ENTRIES_MAX * len(hand)
                    self._see(f"entries in hand of {consumer.target}", len(hand.entry_ids), bound)
                if replica.gateway is not None:
                    self._see("updates that wait to be committed", replica.gateway.waiting, WAITING_MAX)

    def _see(self, name: str, size: int, bound: int) -> None:
        seen = self.sizes.get(name)
        if seen is None or size - bound > seen.seen - seen.bound:
            self.sizes[name] = Size(size, bound)


def without(made: Scenario, actions: Iterable[Action], faults: Iterable[Fault]) -> Scenario:
    """Return the scenario without these."""
    gone, spared = {action.number for action in actions}, set(faults)
    left = [fault for fault in made.faults if fault not in spared]
    return evolve(made, actions=people.without(made.actions, gone), faults=left)

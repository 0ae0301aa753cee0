"""Back pressure: who is turned away when too much is owed, in which order, and how it recovers by itself.

What is owed is set by hand here. Not here: commits (``test_gateway``), and counting (``tests/contract``).
"""

import asyncio
from collections.abc import Collection, Sequence

import pytest
from attrs import define, field

from adapters.memory.clock import ManualClock
from application.changes import Arrival
from application.pressure import (
    CHAT_HELD_MAX,
    CHAT_WAITING_MAX,
    HELD_S,
    LOOK_S,
    Bounds,
    Held,
    Pressure,
    Reason,
)
from application.records import Crowds
from domain.errors import StoreUnavailable
from tests.contract.legs import arrival

FLOOD, QUIET, NEW, ADMIN = "1:1", "1:2", "1:3", "1:4"


@define
class Counting:
    """An intake that answers with what is set, and notes how often it was asked."""

    owed: dict[str, int] = field(factory=dict)
    others: int = 0
    admins: frozenset[str] = frozenset()
    keys: set[str] = field(factory=set)
    asked: int = 0
    gate: asyncio.Event | None = None
    fault: Exception | None = None

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        raise NotImplementedError

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        lanes = {lane: count for lane, count in self.owed.items() if count >= owes}
        in_all = sum(self.owed.values()) + self.others
        return Crowds(in_all, lanes, self.admins if with_admins else frozenset())

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        return self.keys.intersection(keys)


@define
class Edge:
    """What decides, with its surroundings; updates are numbered as they come."""

    intake: Counting = field(factory=Counting)
    clock: ManualClock = field(factory=ManualClock)
    bounds: Bounds = field(factory=lambda: Bounds(100, 1_000))
    number: int = 0
    pressure: Pressure = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pressure = Pressure(self.intake, self.clock, self.bounds)

    def update(self, lane: str, number: int | None = None) -> Arrival:
        self.number = self.number + 1 if number is None else number
        return arrival(f"tg:1:{self.number}", f"update {self.number}", lane)

    async def offer(self, *arrivals: Arrival, insist: bool = False) -> list[Reason | None]:
        """Offer updates, and commit at once what is admitted."""
        faults = await self.pressure.admit(arrivals, insist=insist)
        for each, fault in zip(arrivals, faults, strict=True):
            if fault is None:
                self.pressure.done(each, taken=True)
        return faults

    async def comes(self, lane: str, number: int | None = None) -> Reason | None:
        (fault,) = await self.offer(self.update(lane, number))
        return fault


@pytest.fixture
def edge() -> Edge:
    return Edge()


# Who


async def test_a_chat_that_owes_its_bound_is_turned_away_and_no_other(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100, QUIET: 99}
    assert await edge.comes(FLOOD) is Reason.CHAT_OWES
    assert await edge.comes(QUIET) is None
    assert await edge.comes(NEW) is None
    assert edge.pressure.chats == 1


async def test_what_was_admitted_since_it_was_counted_is_reckoned(edge: Edge) -> None:
    """So no chat gets far beyond its bound between two counts; nobody else is counted for it."""
    edge.intake.owed = {FLOOD: 60}
    faults = [await edge.comes(FLOOD) for _ in range(40)]
    edge.intake.owed = {FLOOD: 100}
    assert faults == [None] * 40
    assert edge.intake.asked == 1
    assert await edge.comes(FLOOD) is Reason.CHAT_OWES
    assert edge.intake.asked == 2, "counted before it is turned away for what was only added up"
    assert [await edge.comes(FLOOD) for _ in range(50)] == [Reason.BEHIND] * 50
    assert edge.intake.asked == 2


async def test_a_quick_chat_whose_events_are_worked_off_is_never_turned_away(edge: Edge) -> None:
    assert [await edge.comes(QUIET) for _ in range(1_000)] == [None] * 1_000
    assert edge.intake.asked <= 11


async def test_the_fuller_it_is_the_less_a_chat_may_owe_and_who_owes_nothing_is_turned_away_last(
    edge: Edge,
) -> None:
    chats = {f"1:{1_000 + owes}": owes for owes in (0, 1, 10, 50, 90, 100)}
    turned_away = []
    for in_all in (400, 600, 800, 980, 1_000):
        edge = Edge()
        edge.intake.owed = {lane: owes for lane, owes in chats.items() if owes}
        edge.intake.others = in_all - sum(chats.values())
        turned_away.append({owes for lane, owes in chats.items() if await edge.comes(lane) is not None})
    assert turned_away == [{100}, {90, 100}, {50, 90, 100}, {10, 50, 90, 100}, {0, 1, 10, 50, 90, 100}]


async def test_of_a_chat_no_more_is_reckoned_to_what_all_owe_than_it_may_owe(edge: Edge) -> None:
    """As where polling had to take more of it in: it holds up nobody."""
    edge.intake.owed = {FLOOD: 50_000}
    assert await edge.comes(FLOOD) is Reason.CHAT_OWES
    assert await edge.comes(NEW) is None


async def test_admins_are_held_back_by_what_they_owe_themselves_and_by_nothing_else(edge: Edge) -> None:
    edge.intake.admins = frozenset({ADMIN})
    edge.intake.others = 5_000
    assert await edge.comes(NEW) is Reason.ALL_OWE
    await edge.clock.advance(LOOK_S)
    assert await edge.comes(ADMIN) is None
    named = Pressure(edge.intake, edge.clock, edge.bounds, always=frozenset({"1:9"}))
    assert await named.admit([edge.update("1:9"), edge.update(QUIET)]) == [None, Reason.ALL_OWE]
    edge.intake.owed = {ADMIN: 100}
    await edge.clock.advance(LOOK_S)
    assert await edge.comes(ADMIN) is Reason.CHAT_OWES


async def test_updates_that_are_ignored_owe_nothing_and_are_taken_in(edge: Edge) -> None:
    edge.intake.others = 5_000
    assert await edge.offer(arrival("tg:1:1")) == [None]


async def test_whoever_insists_is_not_turned_away_for_what_a_chat_owes_but_for_what_all_owe(
    edge: Edge,
) -> None:
    edge.intake.owed = {FLOOD: 100}
    flood = [edge.update(FLOOD) for _ in range(3)]
    assert await edge.offer(*flood) == [Reason.CHAT_OWES, Reason.BEHIND, Reason.BEHIND]
    assert await edge.offer(*flood, insist=True) == [None] * 3
    edge.intake.others = 5_000
    await edge.clock.advance(LOOK_S)
    assert await edge.offer(edge.update(FLOOD), insist=True) == [Reason.ALL_OWE]


# How it ends


async def test_a_chat_is_taken_in_again_by_itself_once_it_has_worked_off_half(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    edge.intake.owed = {FLOOD: 100}
    waiting = edge.update(FLOOD)
    for owes in (100, 80, 50):
        edge.intake.owed = {FLOOD: owes}
        await edge.clock.advance(LOOK_S)
        assert await edge.offer(waiting) == [Reason.CHAT_OWES]
    edge.intake.owed = {FLOOD: 49}
    await edge.clock.advance(LOOK_S)
    assert await edge.offer(waiting) == [None]
    assert edge.pressure.chats == 0
    told = [vars(record)["action"] for record in caplog.records]
    assert told == ["updates_turned_away", "updates_taken_in_again"], "told once, however often"


async def test_nothing_is_remembered_of_a_chat_that_owes_nothing_any_more(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100}
    await edge.comes(FLOOD)
    edge.intake.owed = {}
    await edge.clock.advance(HELD_S)
    await edge.comes(QUIET)
    assert edge.pressure._refusing == set()
    assert edge.pressure._held.keys == []
    assert not edge.pressure._inside
    assert not edge.pressure._admitted


async def test_after_a_restart_a_chat_that_owes_too_much_is_known_at_once(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100}
    await edge.comes(FLOOD)
    fresh = Edge(edge.intake)
    assert await fresh.comes(FLOOD) is Reason.CHAT_OWES


# Order


async def test_no_later_update_of_a_chat_is_taken_in_before_one_that_was_turned_away(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100}
    assert await edge.comes(FLOOD, 5) is Reason.CHAT_OWES
    edge.intake.owed = {}
    await edge.clock.advance(LOOK_S)
    assert await edge.comes(FLOOD, 7) is Reason.BEHIND
    assert await edge.comes(QUIET, 8) is None
    assert await edge.comes(FLOOD, 4) is None, "an earlier one is not behind it"
    assert await edge.comes(FLOOD, 5) is None
    assert await edge.comes(FLOOD, 8) is Reason.BEHIND
    assert await edge.comes(FLOOD, 7) is None
    assert await edge.comes(FLOOD, 8) is None


async def test_one_that_another_gateway_took_in_holds_nobody_back(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100}
    await edge.comes(FLOOD, 5)
    edge.intake.owed = {}
    edge.intake.keys = {"tg:1:5"}
    await edge.clock.advance(LOOK_S)
    assert await edge.comes(FLOOD, 6) is None


async def test_one_that_never_comes_again_holds_nobody_back_for_ever(edge: Edge) -> None:
    edge.intake.owed = {FLOOD: 100}
    await edge.comes(FLOOD, 5)
    edge.intake.owed = {}
    await edge.clock.advance(HELD_S - 1)
    assert await edge.comes(FLOOD, 6) is Reason.BEHIND
    await edge.clock.advance(1)
    assert await edge.comes(FLOOD, 6) is None


async def test_of_those_that_are_admitted_one_that_fails_turns_the_later_ones_away(edge: Edge) -> None:
    first, second = edge.update(FLOOD, 5), edge.update(FLOOD, 6)
    await edge.pressure.admit([first, second])
    assert not edge.pressure.is_behind(second)
    edge.pressure.done(first, taken=False)
    assert edge.pressure.is_behind(second)
    assert not edge.pressure.is_behind(edge.update(QUIET, 7))


def test_what_is_remembered_has_a_bound_and_what_came_first_is_remembered() -> None:
    held = Held()
    for number in range(CHAT_HELD_MAX * 2, 0, -1):
        held.add(FLOOD, number, f"tg:1:{number}", 0.0)
    assert sorted(held.keys, key=lambda key: int(key[5:])) == [f"tg:1:{n + 1}" for n in range(CHAT_HELD_MAX)]
    for lane in range(1_000):
        for number in range(50):
            held.add(f"1:{lane}", number, "key", 0.0)
    assert len(held.keys) <= 20_000
    held.drop(lambda *_: True)
    assert held.keys == []


# What waits, and what fails


async def test_what_waits_to_be_committed_is_bounded_by_chat_before_anything_is_asked(edge: Edge) -> None:
    """With a server that hangs, nothing piles up."""
    edge.intake.gate = asyncio.Event()
    flood = [asyncio.create_task(edge.comes(FLOOD)) for _ in range(CHAT_WAITING_MAX)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(edge.comes(FLOOD), 5) is Reason.CHAT_WAITING
    await asyncio.sleep(0)
    assert edge.intake.asked == 1, "and all of them wait for one count"
    edge.intake.gate.set()
    assert await asyncio.gather(*flood) == [None] * 100 + [Reason.CHAT_OWES] + [Reason.BEHIND] * 99


async def test_a_store_that_cannot_be_asked_turns_nobody_away_for_good(edge: Edge) -> None:
    edge.intake.fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await edge.comes(QUIET, 5)
    edge.intake.fault = None
    assert await edge.comes(QUIET, 6) is Reason.BEHIND
    assert await edge.comes(QUIET, 5) is None
    assert await edge.comes(QUIET, 6) is None
    assert not edge.pressure._inside


async def test_whoever_goes_away_while_it_is_counted_takes_nobody_along(edge: Edge) -> None:
    edge.intake.gate = asyncio.Event()
    gone, stays = (asyncio.create_task(edge.comes(lane)) for lane in (FLOOD, QUIET))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    edge.intake.gate.set()
    assert await stays is None


async def test_counting_that_takes_long_is_done_less_often(edge: Edge) -> None:
    await edge.comes(QUIET)
    edge.pressure._look_every_s = 10.0
    await edge.clock.advance(LOOK_S)
    await edge.comes(QUIET)
    assert edge.intake.asked == 1

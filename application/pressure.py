"""Back pressure: whose updates are turned away for a while, so that whoever causes a backlog waits and nobody else.

Two things are bounded: what waits to be committed, which is memory of this process, and what is owed, which lies in
Postgres. What is turned away leaves nothing behind, so Telegram keeps it and brings it again. Up to half of what may
be owed in all, each chat may owe its full bound; from there on less and less, so that chats that owe much are turned
away long before those that owe little, and those that owe nothing last. Of a chat no more is reckoned to what all owe
than it may owe. A chat that was turned away is taken in again once it has worked off half.

What is owed is counted in the store now and then, not for every update: in between, what was admitted is added, so that
no chat gets far beyond its bound. Nothing here waits for a chat, and nothing is remembered for long: all of it follows
from what is owed, so it recovers by itself, also after a restart.

Order: while an update of a chat is turned away, its later ones are, too, until it came again and was taken in, here or
by another gateway, or did not come for ``HELD_S``. Not here: commits (``gateway``), and counting (the port ``Intake``).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

from attrs import Factory, define, field, frozen

from application.changes import Arrival
from application.ports import Clock, Intake

log = logging.getLogger("openclaw.gateway")

WAITING_MAX = 2_000
# Of these a single chat takes so many at most; a batch of a poll has no more than a hundred.
CHAT_WAITING_MAX = 200
# What is owed is counted this often at most, and at most this share of the time goes into counting it.
LOOK_S = 0.5
LOOK_SHARE = 0.05
LANES_MAX = 10_000
# How long a chat's later updates wait for one that was turned away. Telegram brings it again after the second that it
# is told to wait, and after two minutes at most where it heeds no such word.
HELD_S = 150.0
# So many updates that were turned away are remembered of a chat, and of all: as many as Telegram sends at once.
CHAT_HELD_MAX = 100
HELD_MAX = 20_000


class Reason(StrEnum):
    """Why an update is turned away."""

    CHAT_WAITING = "chat_waiting"
    ALL_WAITING = "all_waiting"
    CHAT_OWES = "chat_owes"
    ALL_OWE = "all_owe"
    BEHIND = "behind"
    NO_NAME = "no_name"


SENTENCES = {
    Reason.CHAT_WAITING: "too many updates of one chat wait to be committed",
    Reason.ALL_WAITING: "too many updates wait to be committed",
    Reason.CHAT_OWES: "too much of one chat is owed",
    Reason.ALL_OWE: "too much is owed",
    Reason.BEHIND: "an earlier update of its chat was turned away and has not come again",
    Reason.NO_NAME: "the bot's name is not known yet, so nobody can tell what of a group is meant for it",
}


@frozen
class Bounds:
    """How many events a chat may owe, and all chats together, before their updates are turned away."""

    chat_max: int = 500
    all_max: int = 50_000


@define
class Held:
    """Updates that were turned away and have not been taken in yet: by chat, each with its number and since when."""

    _lanes: dict[str, dict[int, tuple[str, float]]] = Factory(dict)
    _count: int = 0

    @property
    def keys(self) -> list[str]:
        """The keys of all of them."""
        return [key for lane in self._lanes.values() for key, _ in lane.values()]

    def is_behind(self, lane: str, number: int) -> bool:
        """Tell whether an earlier update of the chat is among them."""
        held = self._lanes.get(lane)
        return held is not None and min(held) < number

    def add(self, lane: str, number: int, key: str, now_s: float) -> None:
        """Remember one, in place of a later one of its chat where there is no room."""
        held = self._lanes.get(lane, {})
        if number not in held:
            if len(held) >= CHAT_HELD_MAX:
                if (last := max(held)) < number:
                    return
                del held[last]
                self._count -= 1
            elif self._count >= HELD_MAX:
                return
            self._count += 1
        held[number] = key, now_s
        self._lanes[lane] = held

    def drop(self, is_over: Callable[[str, float], bool]) -> None:
        """Forget those of which the key and the time since when they are held say that it is over."""
        for lane in list(self._lanes):
            held = {number: each for number, each in self._lanes[lane].items() if not is_over(*each)}
            self._count -= len(self._lanes[lane]) - len(held)
            if held:
                self._lanes[lane] = held
            else:
                del self._lanes[lane]

    def take(self, lane: str, number: int) -> None:
        """Forget one that was taken in."""
        held = self._lanes.get(lane)
        if held is not None and held.pop(number, None) is not None:
            self._count -= 1
            if not held:
                del self._lanes[lane]


def number_of(arrival: Arrival) -> int:
    """Return the number of an update, by which those of a chat are in order."""
    return int(arrival.key.rpartition(":")[2])


@define
class Pressure:
    """Decides about updates on their way in. ``always``: lanes that only their own bound holds back, as admins'."""

    intake: Intake
    clock: Clock
    bounds: Bounds = field(factory=Bounds)
    always: frozenset[str] = frozenset()
    turned_away: Counter[Reason] = field(factory=Counter)
    # Updates that came and are neither turned away nor committed, by lane (empty: of none), and those admitted of them.
    _inside: Counter[str] = field(factory=Counter)
    _inside_in_all: int = 0
    _admitted: Counter[str] = field(factory=Counter)
    # What was counted: of each lane that owes much, of all, and whose chats are admins'; and what was admitted since.
    _owed: dict[str, int] = field(factory=dict)
    _owed_in_all: int = 0
    # What some chats owe beyond their bounds, which is not reckoned to what all owe.
    _beyond: int = 0
    _admins: frozenset[str] = frozenset()
    _since: Counter[str] = field(factory=Counter)
    _since_in_all: int = 0
    _refusing: set[str] = field(factory=set)
    _held: Held = field(factory=Held)
    _looked_at_s: float | None = None
    _look_every_s: float = LOOK_S
    _looking: "asyncio.Task[None] | None" = None
    _is_told: bool = False

    @property
    def chats(self) -> int:
        """How many chats are turned away for what they owe."""
        return len(self._refusing)

    async def admit(self, arrivals: Sequence[Arrival], *, insist: bool = False) -> list[Reason | None]:
        """Return for each update why it is turned away, or None: then ``done`` must be called for it.

        ``insist``: what a chat owes is no reason. Raises StoreUnavailable; then none is admitted.
        """
        entered = [self._enter(each) for each in arrivals]
        inside = [each for each, fault in zip(arrivals, entered, strict=True) if fault is None]
        try:
            if inside and (self._is_due or any(self._is_doubtful(_lane(each)) for each in inside)):
                await self._look()
        except BaseException:
            for each in inside:
                self._leave(_lane(each))
                self._hold(each)
            raise
        return [
            self._turn_away(each, fault) if fault is not None else self._judge(each, insist=insist)
            for each, fault in zip(arrivals, entered, strict=True)
        ]

    def done(self, arrival: Arrival, *, taken: bool) -> None:
        """Say that an admitted update was committed, or could not be."""
        lane = _lane(arrival)
        self._leave(lane)
        _less(self._admitted, lane)
        if not taken:
            self._hold(arrival)

    def is_behind(self, arrival: Arrival) -> bool:
        """Tell whether an earlier update of its chat was turned away since this one was admitted."""
        lane = _lane(arrival)
        return bool(lane) and self._held.is_behind(lane, number_of(arrival))

    def _enter(self, arrival: Arrival) -> Reason | None:
        lane = _lane(arrival)
        if lane and self._inside[lane] >= CHAT_WAITING_MAX:
            return Reason.CHAT_WAITING
        if self._inside_in_all >= WAITING_MAX:
            return Reason.ALL_WAITING
        self._inside[lane] += 1
        self._inside_in_all += 1
        return None

    def _leave(self, lane: str) -> None:
        _less(self._inside, lane)
        self._inside_in_all -= 1

    def _judge(self, arrival: Arrival, *, insist: bool) -> Reason | None:
        lane = _lane(arrival)
        fault = Reason.BEHIND if self.is_behind(arrival) else self._fault_of(lane, insist=insist)
        if fault is None:
            self._since_in_all += self._owes(lane) < self.bounds.chat_max
            for counter in (self._admitted, self._since):
                counter[lane] += 1
            if lane:
                self._held.take(lane, number_of(arrival))
            return None
        self._leave(lane)
        return self._turn_away(arrival, fault)

    def _turn_away(self, arrival: Arrival, fault: Reason) -> Reason:
        self.turned_away[fault] += 1
        self._hold(arrival)
        return fault

    def _hold(self, arrival: Arrival) -> None:
        if lane := _lane(arrival):
            self._held.add(lane, number_of(arrival), arrival.key, self.clock.steady())

    # What is owed

    def _owes(self, lane: str) -> int:
        return self._owed.get(lane, 0) + self._since[lane]

    @property
    def _allowance(self) -> int:
        """How much a chat may owe now; 0 while too much is owed in all."""
        bounds = self.bounds
        free = bounds.all_max - (self._owed_in_all - self._beyond) - self._since_in_all
        if free <= 0:
            return 0
        return max(1, min(bounds.chat_max, bounds.chat_max * free * 2 // bounds.all_max))

    def _allowance_of(self, lane: str) -> int:
        is_free = lane in self.always or lane in self._admins
        return self.bounds.chat_max if is_free else self._allowance

    def _fault_of(self, lane: str, *, insist: bool) -> Reason | None:
        if not lane:
            return None
        allowance = self._allowance_of(lane)
        if allowance == 0:
            return Reason.ALL_OWE
        if insist or not (lane in self._refusing or self._owes(lane) >= allowance):
            return None
        self._refusing.add(lane)
        return Reason.CHAT_OWES if allowance == self.bounds.chat_max else Reason.ALL_OWE

    def _is_doubtful(self, lane: str) -> bool:
        """Tell whether a chat would be turned away for what was only added up since it was counted."""
        is_added_up = self._since[lane] > 0 and lane not in self._refusing
        return bool(lane) and is_added_up and self._owes(lane) >= self._allowance_of(lane)

    @property
    def _is_due(self) -> bool:
        at_s = self._looked_at_s
        return at_s is None or self.clock.steady() - at_s >= self._look_every_s

    async def _look(self) -> None:
        """Count what is owed, once for everybody who asks meanwhile."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._count())
            self._looking.add_done_callback(self._looked)
        await asyncio.shield(self._looking)

    def _looked(self, task: "asyncio.Task[None]") -> None:
        self._looking = None
        # Whoever asked may have gone away.
        if not task.cancelled():
            task.exception()

    async def _count(self) -> None:
        began_s = self.clock.steady()
        self._since, self._since_in_all = self._admitted.copy(), self._admitted.total()
        allowance = self._allowance
        crowds = await self.intake.crowds(
            max(1, allowance // 10), LANES_MAX, with_admins=allowance < self.bounds.chat_max
        )
        self._owed, self._owed_in_all, self._admins = dict(crowds.lanes), crowds.owed, crowds.admins
        self._beyond = sum(max(0, owes - self.bounds.chat_max) for owes in self._owed.values())
        if keys := self._held.keys:
            taken = await self.intake.taken_in(keys)
            self._held.drop(lambda key, since_s: key in taken or began_s - since_s >= HELD_S)
        self._looked_at_s = self.clock.steady()
        self._look_every_s = max(LOOK_S, (self._looked_at_s - began_s) / LOOK_SHARE)
        self._let_in()

    def _let_in(self) -> None:
        """Take those in again that have worked off half, and tell once when there are some and none any more."""
        for lane in list(self._refusing):
            owes, allowance = self._owed.get(lane, 0), self._allowance_of(lane)
            if owes * 2 < allowance or (owes == 0 < allowance):
                self._refusing.discard(lane)
        is_over = bool(self._refusing) or self._allowance == 0
        if is_over and not self._is_told:
            log.warning(
                "%d chats owe too much, of %d events in all; Telegram keeps their updates for now",
                len(self._refusing), self._owed_in_all, extra={"action": "updates_turned_away"},
            )  # fmt: skip
        elif self._is_told and not is_over:
            log.info("every chat is taken in again", extra={"action": "updates_taken_in_again"})
        self._is_told = is_over


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]


def _lane(arrival: Arrival) -> str:
    return arrival.owed.lane if arrival.owed is not None else ""

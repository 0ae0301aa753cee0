"""What one consumer has in hand: which lanes wait for a round, and which stream entries woke them.

Every part of it is bounded, because rows are the truth and the sweep comes back to them: what does not fit is let
go. Not here: streams, the store, or time; the caller brings the readings of its clock.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from uuid import UUID

from attrs import Factory, define

from application.ports import Entry

LANE_ENTRIES_MAX = 4
LANES_MAX = 5_000
QUEUED_MAX = 20_000
# A lane whose timer rings within this time is left to it.
SOON_S = 1.0

# What lanes in a queue are sorted by: their turn, as ``application.turns`` has it, then the number of their row.
Place = tuple[bool, str, int]


@define
class _Lane:
    entries: deque[tuple[str, UUID]] = Factory(deque)
    # More rows may stand behind those whose entries are in hand.
    more: bool = False
    busy: bool = False
    # What there was when the lane was taken for a round: so many entries, and whether there might be more.
    taken: int = 0
    had_more: bool = False


class Hand:
    """Lanes in the order in which they asked for a round. A lane that is taken is busy until it is given back.

    Lanes that wait for something that all of them share stand in a queue, of which only the first few are taken when
    there is some of it again: to try every one of thousands would cost more than what they wait for.
    """

    def __init__(self, lanes_max: int = LANES_MAX) -> None:
        self._lanes_max = lanes_max
        self._lanes: dict[str, _Lane] = {}
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._timers: list[tuple[float, str]] = []
        self._timed: dict[str, float] = {}
        self._queue: list[tuple[Place, str]] = []
        self._queued: set[str] = set()
        self._queue_at = 0.0
        self._ahead = 0

    def __len__(self) -> int:
        return len(self._lanes.keys() | self._queued)

    @property
    def has_ready(self) -> bool:
        """Whether a lane waits for a round now."""
        return bool(self._ready)

    @property
    def is_full(self) -> bool:
        """Whether no further lane finds room."""
        return len(self._lanes) >= self._lanes_max

    @property
    def entry_ids(self) -> set[str]:
        """The ids of all entries in hand."""
        return {entry_id for lane in self._lanes.values() for entry_id, _ in lane.entries}

    def add(self, entries: Iterable[Entry]) -> list[str]:
        """Take entries in hand; return the ids of those to let go at once (no wake-up, or no room)."""
        let_go = []
        for entry in entries:
            wakeup = entry.wakeup
            if wakeup is None:
                let_go.append(entry.entry_id)
                continue
            lane = self._lanes.get(wakeup.lane)
            if lane is None:
                if self.is_full:
                    let_go.append(entry.entry_id)
                    continue
                lane = self._lanes[wakeup.lane] = _Lane()
            if len(lane.entries) >= LANE_ENTRIES_MAX:
                lane.more = True
                let_go.append(entry.entry_id)
                continue
            lane.entries.append((entry.entry_id, wakeup.event_id))
            self._make_ready(wakeup.lane, lane)
        return let_go

    def wake(self, names: Iterable[str], now: float) -> None:
        """Ask for a round for lanes that the sweep found, unless their timer rings soon anyway."""
        for name in names:
            rings_soon = self._timed.get(name, now + SOON_S + 1) <= now + SOON_S
            if rings_soon or name in self._queued or (name not in self._lanes and self.is_full):
                continue
            lane = self._lanes.setdefault(name, _Lane())
            lane.more = True
            self._make_ready(name, lane)

    def wake_at(self, name: str, at: float) -> None:
        """Ask for a round for a lane when the clock reads ``at``. A timer that is lost costs a sweep, no more."""
        if len(self._timed) < self._lanes_max:
            self._timed[name] = at
            heapq.heappush(self._timers, (at, name))

    def queue_up(self, places: Mapping[str, Place], at: float, ahead: int) -> None:
        """Let lanes stand in the queue in the order of their places. When the clock reads ``at``, ``ahead`` go on.

        What finds no room in the queue costs a sweep, no more.
        """
        for name, place in places.items():
            if name not in self._queued and len(self._queued) < QUEUED_MAX:
                self._ready.pop(name, None)
                self._queued.add(name)
                heapq.heappush(self._queue, (place, name))
        self._queue_at, self._ahead = at, ahead

    def ring(self, now: float) -> float | None:
        """Wake the lanes whose time has come; return the clock's reading when more is to do, if that is known."""
        while self._timers and self._timers[0][0] <= now:
            at, name = heapq.heappop(self._timers)
            if self._timed.get(name) == at:
                del self._timed[name]
                self.wake([name], now)
        times = [self._timers[0][0]] if self._timers else []
        if self._queue and self._queue_at > now:
            times.append(self._queue_at)
        return min(times, default=None)

    def take(self, limit: int, now: float = 0.0) -> list[str]:
        """Return up to ``limit`` lanes: the first of the queue, then those that wait for a round the longest.

        They are busy from now on. The queue goes along with those that come new, so that none of them overtakes it.
        """
        names: list[str] = []
        is_time = now >= self._queue_at or self._ready
        while self._queue and is_time and len(names) < min(limit, self._ahead):
            _, name = heapq.heappop(self._queue)
            self._queued.discard(name)
            names.append(name)
        if names:
            # Until some are told to wait again, there may be enough for many.
            self._ahead *= 2
        left = min(limit - len(names), len(self._ready))
        names += [self._ready.popitem(last=False)[0] for _ in range(left)]
        for name in names:
            lane = self._lanes.setdefault(name, _Lane())
            lane.busy = True
            lane.taken = len(lane.entries)
            lane.had_more, lane.more = lane.more, False
        return names

    def has(self, name: str, event_id: UUID) -> bool:
        """Whether an entry of this event is in hand."""
        lane = self._lanes.get(name)
        return lane is not None and any(event == event_id for _, event in lane.entries)

    def settle(self, name: str, event_id: UUID) -> list[str]:
        """Return the ids of the lane's entries for an event that is settled; they leave the hand."""
        lane = self._lanes.get(name)
        if lane is None:
            return []
        gone = [entry_id for entry_id, event in lane.entries if event == event_id]
        if gone:
            lane.taken -= len(gone)
            lane.entries = deque(pair for pair in lane.entries if pair[1] != event_id)
        return gone

    def give_back(self, name: str) -> None:
        """End a lane's being busy. It asks for another round while it has entries or may have more rows."""
        lane = self._lanes.get(name)
        if lane is None:
            return
        lane.busy = False
        lane.more, lane.had_more = lane.more or lane.had_more, False
        if lane.entries or lane.more:
            self._make_ready(name, lane)
        else:
            del self._lanes[name]

    def rest(self, name: str) -> None:
        """End a lane's being busy without asking for a round; a timer or a new entry does that."""
        if (lane := self._lanes.get(name)) is not None:
            lane.busy = False
            lane.more, lane.had_more = lane.more or lane.had_more, False

    def drop(self, name: str) -> list[str]:
        """Let a lane go that had nothing to do; return the ids of the entries that it had when it was taken.

        Entries that came since are of rows that the round may not have seen: with them the lane asks for another.
        """
        lane = self._lanes.get(name)
        if lane is None:
            return []
        gone = [lane.entries.popleft()[0] for _ in range(min(lane.taken, len(lane.entries)))]
        lane.had_more = False
        self.give_back(name)
        return gone

    def _make_ready(self, name: str, lane: _Lane) -> None:
        if not lane.busy and name not in self._ready and name not in self._queued:
            self._ready[name] = None

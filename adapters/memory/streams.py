"""The event streams in memory: stored as encoded bytes, with the faults of a real server on demand.

Not here: what makes an event true (the in-memory store).
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from attrs import define, field

from application.ports import Clock, Depth, Entry, Wakeup
from domain.errors import Unavailable
from domain.scope import is_lane

LENGTH_MAX = 10_000

Encoded = dict[str, bytes]
EntryId = tuple[int, int]


@define
class _Held:
    consumer: str
    since_s: float
    deliveries: int = 1


@define
class _Group:
    last: EntryId = (0, 0)
    held: dict[EntryId, _Held] = field(factory=dict)
    seen_s: dict[str, float] = field(factory=dict)


@define
class _Stream:
    entries: dict[EntryId, Encoded] = field(factory=dict)
    group: _Group | None = None


class MemoryStreams:
    """``application.ports.Streams`` in one process.

    ``clock`` decides about idle times and about how long a read blocks. ``wipe`` is ``FLUSHALL``, ``lose_group``
    deletes one group, and while ``down`` is true every call raises Unavailable.
    """

    def __init__(self, clock: Clock, length_max: int = LENGTH_MAX) -> None:
        self._clock = clock
        self._length_max = length_max
        self._streams: dict[str, _Stream] = {}
        self._sequence = 0
        self._changed = asyncio.Event()
        self._down = False

    @property
    def down(self) -> bool:
        """Whether the server is away."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        self._wake()

    def wipe(self) -> None:
        """Lose every stream and group."""
        self._streams.clear()
        self._wake()

    def lose_group(self, target: str) -> None:
        """Delete the group of ``target``, keeping its entries."""
        self._stream(target).group = None
        self._wake()

    def add_raw(self, target: str, fields: Encoded) -> str:
        """Append an entry as a stranger would, with any fields, and return its id."""
        self._sequence += 1
        entry_id = (self._sequence, 0)
        self._stream(target).entries[entry_id] = dict(fields)
        self._wake()
        return _id_text(entry_id)

    def delete_entry(self, target: str, entry_id: str) -> None:
        """Delete an entry as a stranger would; who holds it still holds its id."""
        self._stream(target).entries.pop(_id(entry_id), None)

    def consumers(self, target: str) -> set[str]:
        """Return the names of the consumers that the group of ``target`` knows."""
        group = self._stream(target).group
        return set(group.seen_s) if group else set()

    def has_group(self, target: str) -> bool:
        """Whether the stream of ``target`` has its group; a read makes it again where it was lost."""
        return self._stream(target).group is not None

    async def wait(self, target: str, block_s: float) -> None:
        """Return when there is something to read, the group was lost, the server went away, or time has passed."""
        over = asyncio.ensure_future(self._clock.sleep(block_s))
        try:
            while not self._down and not over.done() and self.has_group(target) and not self._fresh(target):
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({over, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            over.cancel()

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """Append each wake-up to the stream of its target, in order."""
        self._check()
        full = {w.target for w in wakeups if len(self._stream(w.target).entries) >= self._length_max}
        for wakeup in wakeups:
            if wakeup.target not in full:
                self.add_raw(wakeup.target, _encode(wakeup))

    async def create_group(self, target: str) -> None:
        """Create stream and group, the group reading from the first entry; fine if they exist."""
        self._check()
        self._group(target)

    async def consume(self, target: str, consumer: str, count: int, block_s: float) -> list[Entry]:
        """Return up to ``count`` entries never delivered before, waiting up to ``block_s`` seconds for the first."""
        self._check()
        if block_s > 0:
            self._group(target)
            await self.wait(target, block_s)
        self._check()
        group = self._group(target)
        now_s = group.seen_s[consumer] = self._clock.steady()
        fresh = self._fresh(target)[:count]
        for entry_id in fresh:
            group.held[entry_id] = _Held(consumer, now_s)
            group.last = entry_id
        return [self._entry(target, entry_id) for entry_id in fresh]

    async def ack(self, target: str, entry_ids: Sequence[str]) -> None:
        """Acknowledge and delete the entries; unknown ids are ignored."""
        self._check()
        stream = self._stream(target)
        for text in entry_ids:
            entry_id = _id(text)
            stream.entries.pop(entry_id, None)
            if stream.group is not None:
                stream.group.held.pop(entry_id, None)

    async def pending(self, target: str, consumer: str, count: int) -> list[str]:
        """Return up to ``count`` ids of entries delivered to ``consumer`` and not acknowledged, oldest first."""
        self._check()
        group = self._stream(target).group or _Group()
        return [
            _id_text(entry_id) for entry_id, held in sorted(group.held.items()) if held.consumer == consumer
        ][:count]

    async def claim(self, target: str, consumer: str, idle_s: float, count: int) -> list[Entry]:
        """Take over up to ``count`` entries held for ``idle_s`` seconds or longer; remove idle, empty consumers."""
        self._check()
        stream = self._stream(target)
        group = stream.group
        if group is None:
            return []
        now_s = self._clock.steady()
        idle = [entry_id for entry_id, held in sorted(group.held.items()) if now_s - held.since_s >= idle_s][
            :count
        ]
        for entry_id in idle:
            if entry_id in stream.entries:
                group.held[entry_id] = _Held(consumer, now_s, group.held[entry_id].deliveries)
                group.seen_s[consumer] = now_s
            else:
                del group.held[entry_id]
        holders = {held.consumer for held in group.held.values()}
        for name, seen_s in list(group.seen_s.items()):
            if name not in holders and name != consumer and now_s - seen_s >= idle_s:
                del group.seen_s[name]
        return [self._entry(target, entry_id) for entry_id in idle if entry_id in stream.entries]

    async def depth(self, target: str) -> Depth:
        """Return the size of the target's stream; zero when there is none."""
        self._check()
        stream = self._streams.get(target, _Stream())
        return Depth(len(stream.entries), len(stream.group.held) if stream.group else 0)

    async def close(self) -> None:
        """Nothing to close; present because the real adapter has connections."""

    def _stream(self, target: str) -> _Stream:
        return self._streams.setdefault(target, _Stream())

    def _group(self, target: str) -> _Group:
        stream = self._stream(target)
        if stream.group is None:
            stream.group = _Group()
        return stream.group

    def _fresh(self, target: str) -> list[EntryId]:
        group = self._group(target)
        return [entry_id for entry_id in self._stream(target).entries if entry_id > group.last]

    def _entry(self, target: str, entry_id: EntryId) -> Entry:
        return Entry(_id_text(entry_id), _decode(target, self._stream(target).entries[entry_id]))

    def _wake(self) -> None:
        """Wake every waiting reader, once."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _check(self) -> None:
        if self._down:
            raise Unavailable("the in-memory streams are switched off")


def _encode(wakeup: Wakeup) -> Encoded:
    return {
        "lane": wakeup.lane.encode(),
        "event_id": str(wakeup.event_id).encode(),
        "attempt": str(wakeup.attempt).encode(),
        "event": wakeup.envelope,
    }


def _decode(target: str, fields: Encoded) -> Wakeup | None:
    try:
        wakeup = Wakeup(
            target=target,
            lane=fields["lane"].decode(),
            event_id=UUID(fields["event_id"].decode()),
            attempt=int(fields["attempt"]),
            envelope=fields["event"],
        )
    except (KeyError, ValueError):
        return None
    return wakeup if is_lane(wakeup.lane) else None


def _id(text: str) -> EntryId:
    left, _, right = text.partition("-")
    return int(left), int(right or 0)


def _id_text(entry_id: EntryId) -> str:
    return f"{entry_id[0]}-{entry_id[1]}"

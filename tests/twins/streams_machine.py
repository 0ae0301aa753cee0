"""The streams side by side: what consumers, strangers and losses do to the streams of two targets.

Ids of entries are the server's own, so an entry is told by its place among all that were ever added. Not here: idle
times between nothing and an hour, and reads that wait, which take real time (``tests/contract``).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.memory.clock import ManualClock
from adapters.memory.streams import MemoryStreams
from adapters.redis_streams.connect import connect
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import Entry, Wakeup
from tests.contract.legs import ident
from tests.twins.sides import Machine, Sides, Told, told

TARGETS = ("brain", "sender")
CONSUMERS = ("one", "two", "three")
HOUR_S = 3600.0
GOOD = {"lane": b"1:2", "event_id": str(UUID(int=7)).encode(), "attempt": b"0", "event": b"{}"}
STRANGE = (
    {"x": b"y"}, GOOD | {"attempt": b"often"}, GOOD | {"event_id": b"none"}, GOOD | {"lane": b"\xff"}, GOOD,
    GOOD | {"attempt": b" +1_0 "}, GOOD | {"attempt": b""}, GOOD | {"more": b""}, GOOD | {"event": b"\x00\xff"},
    GOOD | {"event_id": b"{00000000-0000-0000-0000-000000000007}"}, GOOD | {"attempt": "\u0663".encode()},
)  # fmt: skip

targets, consumers, counts = (
    st.sampled_from(TARGETS),
    st.sampled_from(CONSUMERS),
    st.sampled_from([1, 2, 100]),
)
# Places among the entries that were added, from the last one back; far ones are none.
places = st.lists(st.integers(0, 9), max_size=3)


class StreamsStage(Sides):
    """The streams on a server and in memory. ``ids`` are those of the entries of each side, by target."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.client = connect(url)
        self.begin()

    def begin(self) -> None:
        """Begin anew, with no stream on either side."""
        self.has_diverged = False
        self.run(self.client.flushall())
        self.real, self.fake = RedisStreams(self.client), MemoryStreams(ManualClock())
        self.ids: dict[tuple[object, str], list[str]] = {}

    def ids_of(self, side: object, target: str) -> list[str]:
        """Return the ids of a target's entries on a side, in the order in which they were added."""
        return self.ids.setdefault((side, target), [])

    def at(self, side: object, target: str, places: Sequence[int]) -> list[str]:
        """Return the ids at these places, counted from the last; of places where there is none an id of none."""
        known = self.ids_of(side, target)
        return [known[-1 - place] if place < len(known) else f"{place}-1" for place in places]

    def end(self) -> None:
        """Let go of everything."""
        self.run(self.real.close())
        self.run(self.client.aclose())
        super().end()


class StreamsMachine(Machine):
    """See the module."""

    stage: StreamsStage

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()

    def teardown(self) -> None:
        self.stage.run(self.stage.real.close())

    @rule(sent=st.lists(st.tuples(targets, st.integers(0, 5), st.integers(0, 2)), max_size=4))
    def publish(self, sent: list[tuple[str, int, int]]) -> None:
        wakeups = [
            Wakeup(target, f"1:{n}", ident(str(n)), attempt, bytes([n, 0, 255]))
            for target, n, attempt in sent
        ]
        self._both(lambda side: side.publish(wakeups))
        self._note_new()

    @rule(target_=targets, fields=st.sampled_from(STRANGE))
    def add_strange(self, target_: str, fields: dict[str, bytes]) -> None:
        self.stage.run(self.stage.client.xadd(key_of(target_), dict(fields)))
        self.stage.fake.add_raw(target_, fields)
        self._note_new()

    @rule(target_=targets, consumer=consumers, count=counts)
    def consume(self, target_: str, consumer: str, count: int) -> None:
        self._both(lambda side: side.consume(target_, consumer, count, 0), self._entries(target_))

    @rule(target_=targets, places=places)
    def ack(self, target_: str, places: list[int]) -> None:
        self._both(lambda side: side.ack(target_, self.stage.at(side, target_, places)))

    @rule(target_=targets, consumer=consumers, count=counts, idle_s=st.sampled_from([0.0, HOUR_S]))
    def claim(self, target_: str, consumer: str, count: int, idle_s: float) -> None:
        self._both(lambda side: side.claim(target_, consumer, idle_s, count), self._entries(target_))

    @rule(target_=targets, place=st.integers(0, 5))
    def delete(self, target_: str, place: int) -> None:
        stage = self.stage
        (entry_id,) = stage.at(stage.real, target_, [place])
        stage.run(stage.client.xdel(key_of(target_), entry_id))
        stage.fake.delete_entry(target_, *stage.at(stage.fake, target_, [place]))
        self._look()

    @rule(target_=targets, how=st.sampled_from(["group", "group", "all"]))
    def lose(self, target_: str, how: str) -> None:
        stage = self.stage
        if how == "all":
            stage.run(stage.client.flushall())
            stage.fake.wipe()
        else:
            stage.run(_without_group(stage.client, target_))
            stage.fake.lose_group(target_)
        self._look()

    @rule(target_=targets)
    def create_group(self, target_: str) -> None:
        self._both(lambda side: side.create_group(target_))

    def _entries(self, target: str) -> Callable[[object, Sequence[Entry]], object]:
        def told(side: object, entries: Sequence[Entry]) -> object:
            known = self.stage.ids_of(side, target)
            return [(known.index(entry.entry_id), entry.wakeup) for entry in entries]

        return told

    def _both(
        self, act: Callable[[Any], Awaitable[Any]], normal: Callable[[object, Any], object] | None = None
    ) -> None:
        self._same(act, normal)
        self._look()

    def _same(
        self, act: Callable[[Any], Awaitable[Any]], normal: Callable[[object, Any], object] | None
    ) -> None:
        stage, came = self.stage, list[Told]()
        for side in (stage.real, stage.fake):
            came.append(
                stage.run(told(act(side), lambda value, side=side: normal(side, value) if normal else value))
            )  # type: ignore[misc]
        stage.count("operations", came[0])
        stage.agreed(*came)

    def _note_new(self) -> None:
        """Note the ids of entries that were added."""
        stage = self.stage
        for target in TARGETS:
            real = [entry_id.decode() for entry_id, _ in stage.run(stage.client.xrange(key_of(target)))]
            for side, ids in ((stage.real, real), (stage.fake, _entry_ids(stage.fake, target))):
                known = stage.ids_of(side, target)
                known.extend(entry_id for entry_id in ids if entry_id not in known)

    def _look(self) -> None:
        """Compare what can be read without changing anything."""
        for target in TARGETS:
            self._same(lambda side, target=target: side.depth(target), None)  # type: ignore[misc]
            for consumer in CONSUMERS:
                self._same(
                    lambda side, target=target, consumer=consumer: side.pending(target, consumer, 3),  # type: ignore[misc]
                    lambda side, ids, target=target: [
                        self.stage.ids_of(side, target).index(each) for each in ids
                    ],  # type: ignore[misc]
                )
            self._same_consumers(target)

    def _same_consumers(self, target: str) -> None:
        real = self.stage.run(_consumers(self.stage.client, target))
        self.stage.agreed(Told(real), Told(self.stage.fake.consumers(target)))


def _entry_ids(streams: MemoryStreams, target: str) -> list[str]:
    return [f"{left}-{right}" for left, right in streams._stream(target).entries]


async def _without_group(client: Any, target: str) -> None:
    if await client.exists(key_of(target)):
        await client.xgroup_destroy(key_of(target), target)


async def _consumers(client: Any, target: str) -> set[str]:
    if not await client.exists(key_of(target)):
        return set()
    groups = await client.xinfo_groups(key_of(target))
    rows = await client.xinfo_consumers(key_of(target), target) if groups else []
    return {row["name"].decode() for row in rows}

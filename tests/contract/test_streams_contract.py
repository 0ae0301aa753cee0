"""What every implementation of the Streams port promises, on three legs: memory, fakeredis, a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol
from uuid import UUID, uuid5

import fakeredis
import pytest
import redis.asyncio

from adapters.memory.clock import ManualClock
from adapters.memory.streams import MemoryStreams
from adapters.redis_streams.connect import connect
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import Depth, Entry, Streams, Wakeup

NAMES = UUID(int=7)
IDLE_S = 0.05
PATIENCE_S = 10.0
LENGTH_MAX = 30


class Server(Protocol):
    """What a test needs of the server behind the port, beside the port itself."""

    async def pass_time(self, seconds: float) -> None: ...
    async def wipe(self) -> None: ...
    async def lose_group(self, target: str) -> None: ...
    async def add_raw(self, target: str, fields: dict[str, bytes]) -> str: ...
    async def delete_entry(self, target: str, entry_id: str) -> None: ...
    async def consumers(self, target: str) -> set[str]: ...


class MemoryServer:
    def __init__(self, clock: ManualClock, streams: MemoryStreams) -> None:
        self._clock = clock
        self._streams = streams

    async def pass_time(self, seconds: float) -> None:
        await self._clock.advance(seconds + 1e-6)

    async def wipe(self) -> None:
        self._streams.wipe()

    async def lose_group(self, target: str) -> None:
        self._streams.lose_group(target)

    async def add_raw(self, target: str, fields: dict[str, bytes]) -> str:
        return self._streams.add_raw(target, fields)

    async def delete_entry(self, target: str, entry_id: str) -> None:
        self._streams.delete_entry(target, entry_id)

    async def consumers(self, target: str) -> set[str]:
        return self._streams.consumers(target)


class RedisServer:
    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def pass_time(self, seconds: float) -> None:
        """Wait until the server's own clock has moved on."""
        start_s, start_us = await self._client.time()
        while True:
            now_s, now_us = await self._client.time()
            if now_s - start_s + (now_us - start_us) / 1e6 > seconds + 0.005:
                return
            await asyncio.sleep(0)

    async def wipe(self) -> None:
        await self._client.flushall()

    async def lose_group(self, target: str) -> None:
        await self._client.xgroup_destroy(key_of(target), target)

    async def add_raw(self, target: str, fields: dict[str, bytes]) -> str:
        entry_id: bytes = await self._client.xadd(key_of(target), fields)
        return entry_id.decode()

    async def delete_entry(self, target: str, entry_id: str) -> None:
        await self._client.xdel(key_of(target), entry_id)

    async def consumers(self, target: str) -> set[str]:
        return {row["name"].decode() for row in await self._client.xinfo_consumers(key_of(target), target)}


def wakeup(name: str, target: str = "brain", lane: str = "1:2", envelope: bytes = b"{}") -> Wakeup:
    return Wakeup(target, lane, uuid5(NAMES, name), 3, envelope)


def wakeups_of(entries: list[Entry]) -> list[Wakeup | None]:
    return [entry.wakeup for entry in entries]


def ids_of(entries: list[Entry]) -> list[str]:
    return [entry.entry_id for entry in entries]


class StreamsContract:
    """The promises of the port."""

    async def test_what_is_published_is_consumed_once_in_order_and_unchanged(self, streams: Streams) -> None:
        sent = [
            wakeup(str(n), lane=f"1:-{n}", envelope=bytes([n, 0, 255]) + "é\r\n".encode()) for n in range(20)
        ]
        await streams.publish(sent)
        assert wakeups_of(await streams.consume("brain", "one", 100, 0)) == sent
        assert await streams.consume("brain", "one", 100, 0) == []

    async def test_publishing_nothing_does_nothing(self, streams: Streams) -> None:
        await streams.publish([])
        assert await streams.depth("brain") == Depth(0, 0)

    async def test_a_stream_that_is_too_long_gets_nothing_until_it_is_shorter(self, streams: Streams) -> None:
        for each in [*(wakeup(str(n)) for n in range(LENGTH_MAX + 5)), wakeup("of another", "sender")]:
            await streams.publish([each])
        assert (await streams.depth("brain")).length == LENGTH_MAX
        assert (await streams.depth("sender")).length == 1, "one that is too long holds up no other"
        await streams.ack("brain", ids_of(await streams.consume("brain", "one", 10, 0)))
        await streams.publish([wakeup("again")])
        assert (await streams.consume("brain", "one", 100, 0))[-1].wakeup == wakeup("again")

    async def test_each_target_has_its_own_stream(self, streams: Streams) -> None:
        await streams.publish([wakeup("a", "brain"), wakeup("b", "sender"), wakeup("c", "brain")])
        brain = await streams.consume("brain", "one", 10, 0)
        sender = await streams.consume("sender", "one", 10, 0)
        assert wakeups_of(brain) == [wakeup("a", "brain"), wakeup("c", "brain")]
        assert wakeups_of(sender) == [wakeup("b", "sender")]

    async def test_no_more_than_count_entries_come_at_once(self, streams: Streams) -> None:
        await streams.publish([wakeup(str(n)) for n in range(5)])
        sizes = [len(await streams.consume("brain", "one", 2, 0)) for _ in range(4)]
        assert sizes == [2, 2, 1, 0]

    async def test_two_consumers_share_the_entries(self, streams: Streams) -> None:
        await streams.publish([wakeup(str(n)) for n in range(4)])
        one = await streams.consume("brain", "one", 2, 0)
        two = await streams.consume("brain", "two", 2, 0)
        assert wakeups_of(one + two) == [wakeup(str(n)) for n in range(4)]

    async def test_a_group_created_late_reads_from_the_first_entry(self, streams: Streams) -> None:
        await streams.publish([wakeup("before")])
        await streams.create_group("brain")
        await streams.create_group("brain")
        assert wakeups_of(await streams.consume("brain", "one", 10, 0)) == [wakeup("before")]

    async def test_what_is_acknowledged_is_gone_from_stream_and_pending_list(self, streams: Streams) -> None:
        await streams.publish([wakeup("a"), wakeup("b"), wakeup("c")])
        entries = await streams.consume("brain", "one", 10, 0)
        assert await streams.depth("brain") == Depth(3, 3)
        await streams.ack("brain", ids_of(entries)[:2])
        assert await streams.depth("brain") == Depth(1, 1)
        assert await streams.pending("brain", "one", 10) == ids_of(entries)[2:]

    async def test_acknowledging_unknown_or_no_entries_is_fine(self, streams: Streams) -> None:
        await streams.ack("brain", ["1-1"])
        await streams.ack("brain", [])
        await streams.create_group("brain")
        await streams.ack("brain", ["1-1"])

    async def test_pending_lists_one_consumers_entries_oldest_first(self, streams: Streams) -> None:
        await streams.publish([wakeup(str(n)) for n in range(4)])
        one = await streams.consume("brain", "one", 3, 0)
        two = await streams.consume("brain", "two", 3, 0)
        assert await streams.pending("brain", "one", 2) == ids_of(one)[:2]
        assert await streams.pending("brain", "one", 10) == ids_of(one)
        assert await streams.pending("brain", "two", 10) == ids_of(two)
        assert await streams.pending("brain", "three", 10) == []

    async def test_a_target_that_was_never_used_is_empty_everywhere(self, streams: Streams) -> None:
        assert await streams.depth("brain") == Depth(0, 0)
        assert await streams.pending("brain", "one", 10) == []
        assert await streams.claim("brain", "one", 0, 10) == []
        assert await streams.consume("brain", "one", 10, 0) == []

    async def test_depth_counts_a_stream_without_a_group(self, streams: Streams) -> None:
        await streams.publish([wakeup("a")])
        assert await streams.depth("brain") == Depth(1, 0)

    async def test_entries_held_for_long_are_claimed_with_their_content(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup(str(n)) for n in range(3)])
        held = await streams.consume("brain", "gone", 10, 0)
        await server.pass_time(IDLE_S)
        assert await streams.claim("brain", "one", IDLE_S, 2) == held[:2]
        assert await streams.pending("brain", "one", 10) == ids_of(held)[:2]
        assert await streams.claim("brain", "one", IDLE_S, 10) == held[2:]

    async def test_entries_held_for_a_short_time_are_left_alone(self, streams: Streams) -> None:
        await streams.publish([wakeup("a")])
        held = await streams.consume("brain", "busy", 10, 0)
        assert await streams.claim("brain", "one", 3600, 10) == []
        assert await streams.pending("brain", "busy", 10) == ids_of(held)

    async def test_claimed_entries_are_not_claimed_again_at_once(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup("a")])
        await streams.consume("brain", "gone", 10, 0)
        await server.pass_time(0.5)
        assert len(await streams.claim("brain", "one", 0.5, 10)) == 1
        assert await streams.claim("brain", "two", 0.5, 10) == []

    async def test_entries_deleted_while_held_are_not_claimed_and_not_pending(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup("a"), wakeup("b")])
        held = await streams.consume("brain", "gone", 10, 0)
        await server.delete_entry("brain", held[0].entry_id)
        await server.pass_time(IDLE_S)
        assert await streams.claim("brain", "one", IDLE_S, 10) == held[1:]
        await streams.ack("brain", ids_of(held[1:]))
        assert await streams.depth("brain") == Depth(0, 0)

    async def test_a_consumer_that_is_gone_is_removed_once_it_holds_nothing(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup("a")])
        held = await streams.consume("brain", "holds", 10, 0)
        await streams.consume("brain", "empty", 10, 0)
        await server.pass_time(IDLE_S)
        await streams.consume("brain", "one", 10, 0)
        assert await streams.claim("brain", "one", IDLE_S, 10) == held
        await server.pass_time(IDLE_S)
        await streams.claim("brain", "one", IDLE_S, 10)
        assert await server.consumers("brain") == {"one"}

    async def test_a_consumer_in_use_is_not_removed(self, streams: Streams, server: Server) -> None:
        await streams.publish([wakeup("a")])
        await streams.consume("brain", "busy", 10, 0)
        await streams.consume("brain", "empty", 10, 0)
        await streams.claim("brain", "one", 3600, 10)
        assert {"busy", "empty"} <= await server.consumers("brain")

    async def test_a_strangers_entry_comes_without_a_wakeup_and_can_be_acknowledged(
        self, streams: Streams, server: Server
    ) -> None:
        good = {"lane": b"1:2", "event_id": str(NAMES).encode(), "attempt": b"0", "event": b"{}"}
        bad = [
            good | {"event_id": b"no uuid"},
            good | {"attempt": b"often"},
            good | {"lane": b"\xff"},
            {"x": b"y"},
        ]
        bad += [{name: value for name, value in good.items() if name != missing} for missing in good]
        ids = [await server.add_raw("brain", fields) for fields in bad]
        entries = await streams.consume("brain", "one", 20, 0)
        assert entries == [Entry(entry_id, None) for entry_id in ids]
        await server.pass_time(IDLE_S)
        assert await streams.claim("brain", "two", IDLE_S, 20) == entries
        await streams.ack("brain", ids)
        assert await streams.depth("brain") == Depth(0, 0)

    async def test_unknown_fields_are_ignored(self, streams: Streams, server: Server) -> None:
        fields = {
            "new": b"field",
            "lane": b"1:2",
            "event_id": str(NAMES).encode(),
            "attempt": b"0",
            "event": b"{}",
        }
        await server.add_raw("brain", fields)
        entries = await streams.consume("brain", "one", 1, 0)
        assert wakeups_of(entries) == [Wakeup("brain", "1:2", NAMES, 0, b"{}")]

    async def test_after_all_data_is_lost_everything_starts_anew(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup("a")])
        held = await streams.consume("brain", "one", 10, 0)
        await server.wipe()
        await streams.ack("brain", ids_of(held))
        assert await streams.pending("brain", "one", 10) == []
        await streams.publish([wakeup("b")])
        assert wakeups_of(await streams.consume("brain", "one", 10, 0)) == [wakeup("b")]

    async def test_a_group_that_was_lost_reads_what_is_left_from_the_first_entry(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.publish([wakeup("a"), wakeup("b")])
        entries = await streams.consume("brain", "one", 10, 0)
        await streams.ack("brain", ids_of(entries)[:1])
        await server.lose_group("brain")
        assert wakeups_of(await streams.consume("brain", "one", 10, 0)) == [wakeup("b")]

    async def test_the_port_is_what_the_adapter_is(self, streams: Streams) -> None:
        assert isinstance(streams, Streams)


class BlockingContract:
    """The promises about waiting reads; fakeredis does not wait, so that leg stands aside."""

    async def test_a_waiting_read_returns_when_something_is_published(self, streams: Streams) -> None:
        await streams.create_group("brain")
        reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
        await asyncio.sleep(0)
        await streams.publish([wakeup("a")])
        assert wakeups_of(await asyncio.wait_for(reading, PATIENCE_S)) == [wakeup("a")]

    async def test_a_waiting_read_does_not_hold_up_other_calls(self, streams: Streams) -> None:
        reading = [
            asyncio.create_task(streams.consume("brain", name, 1, PATIENCE_S)) for name in ("one", "two")
        ]
        await asyncio.sleep(0)
        for name in ("a", "b"):
            await streams.publish([wakeup(name)])
        entries = await asyncio.wait_for(asyncio.gather(*reading), PATIENCE_S)
        assert {entry.wakeup for batch in entries for entry in batch} == {wakeup("a"), wakeup("b")}

    async def test_a_waiting_read_that_brings_nothing_ends_in_time(
        self, streams: Streams, server: Server
    ) -> None:
        reading = asyncio.create_task(streams.consume("brain", "one", 10, 0.02))
        await asyncio.sleep(0)
        await server.pass_time(0.05)
        assert await asyncio.wait_for(reading, PATIENCE_S) == []

    async def test_a_waiting_read_survives_the_loss_of_all_data(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.create_group("brain")
        reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
        await server.pass_time(0.02)
        await server.wipe()
        await streams.publish([wakeup("after")])
        assert wakeups_of(await asyncio.wait_for(reading, PATIENCE_S)) == [wakeup("after")]

    async def test_a_waiting_read_survives_the_loss_of_its_group(
        self, streams: Streams, server: Server
    ) -> None:
        await streams.create_group("brain")
        reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
        await server.pass_time(0.02)
        await server.lose_group("brain")
        await streams.publish([wakeup("after")])
        assert wakeups_of(await asyncio.wait_for(reading, PATIENCE_S)) == [wakeup("after")]

    async def test_a_cancelled_read_loses_nothing_and_harms_no_later_call(self, streams: Streams) -> None:
        await streams.create_group("brain")
        reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await streams.publish([wakeup("a")])
        assert wakeups_of(await streams.consume("brain", "one", 10, PATIENCE_S)) == [wakeup("a")]
        assert await streams.depth("brain") == Depth(1, 1)


class TestMemory(StreamsContract, BlockingContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def streams(self, clock: ManualClock) -> MemoryStreams:
        return MemoryStreams(clock, LENGTH_MAX)

    @pytest.fixture
    def server(self, clock: ManualClock, streams: MemoryStreams) -> Server:
        return MemoryServer(clock, streams)


class TestFakeRedis(StreamsContract):
    @pytest.fixture
    async def client(self) -> AsyncIterator[fakeredis.FakeAsyncRedis]:
        async with fakeredis.FakeAsyncRedis(protocol=2) as client:
            yield client

    @pytest.fixture
    async def streams(self, client: fakeredis.FakeAsyncRedis) -> AsyncIterator[RedisStreams]:
        streams = RedisStreams(client, LENGTH_MAX)
        yield streams
        await streams.close()

    @pytest.fixture
    def server(self, client: fakeredis.FakeAsyncRedis) -> Server:
        return RedisServer(client)


class TestRealServer(StreamsContract, BlockingContract):
    @pytest.fixture
    async def streams(self, valkey_url: str) -> AsyncIterator[RedisStreams]:
        client = connect(valkey_url)
        await client.flushall()
        streams = RedisStreams(client, LENGTH_MAX)
        yield streams
        await streams.close()
        await client.aclose()

    @pytest.fixture
    async def server(self, valkey_url: str) -> AsyncIterator[Server]:
        client = connect(valkey_url)
        yield RedisServer(client)
        await client.aclose()

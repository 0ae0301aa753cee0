"""What only a real server can show of the Redis Streams adapter: cuts, restarts, refusals, dead connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import pytest
import redis
import redis.asyncio

from adapters.embedded.valkey import EmbeddedValkey
from adapters.redis_streams.connect import connect, connect_blocking
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import Depth, Entry, Wakeup
from domain.errors import Unavailable
from tests.proxy import TcpProxy
from tests.servers import kill

PATIENCE_S = 10.0


def wakeup(name: str, envelope: bytes = b"{}") -> Wakeup:
    return Wakeup("brain", "1:2", uuid5(UUID(int=7), name), 0, envelope)


def wakeups_of(entries: list[Entry]) -> list[Wakeup | None]:
    return [entry.wakeup for entry in entries]


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that another task brings about."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0)


async def until_blocked(client: redis.asyncio.Redis) -> None:
    """Wait until the server has a client in a blocking read."""
    async with asyncio.timeout(PATIENCE_S):
        while not (await client.info("clients"))["blocked_clients"]:
            await asyncio.sleep(0)


@pytest.fixture
async def direct(valkey_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client that goes round the proxy."""
    client = connect(valkey_url)
    yield client
    await client.aclose()


@pytest.fixture
async def proxy(valkey_url: str) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(path=urlsplit(valkey_url).path) as proxy:
        yield proxy


@pytest.fixture
async def streams(valkey_url: str, proxy: TcpProxy) -> AsyncIterator[RedisStreams]:
    """The adapter, connected through the proxy."""
    login = urlsplit(valkey_url).netloc.rpartition("@")[0]
    client = connect(f"redis://{login}@127.0.0.1:{proxy.port}/0", timeout_s=2.0)
    streams = RedisStreams(client)
    yield streams
    await streams.close()
    await client.aclose()


async def test_a_connection_cut_after_the_read_leaves_the_entries_pending(
    streams: RedisStreams, proxy: TcpProxy, direct: redis.asyncio.Redis
) -> None:
    await streams.create_group("brain")
    await streams.consume("brain", "one", 10, 0)
    await streams.publish([wakeup("a"), wakeup("b")])
    proxy.answers.clear()
    reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
    while (await direct.xpending(key_of("brain"), "brain"))["pending"] < 2:
        await asyncio.sleep(0)
    proxy.cut()
    with pytest.raises(Unavailable) as fault:
        await reading
    assert isinstance(fault.value.__cause__, redis.ConnectionError)
    proxy.answers.set()

    assert len(await streams.pending("brain", "one", 10)) == 2
    assert wakeups_of(await streams.claim("brain", "one", 0, 10)) == [wakeup("a"), wakeup("b")]


async def test_claiming_does_not_raise_the_delivery_count(
    streams: RedisStreams, direct: redis.asyncio.Redis
) -> None:
    await streams.publish([wakeup("a")])
    await streams.consume("brain", "one", 10, 0)
    for consumer in ("two", "three"):
        await streams.claim("brain", consumer, 0, 10)
    held = await direct.xpending_range(key_of("brain"), "brain", "-", "+", 10)
    assert [(row["consumer"], row["times_delivered"]) for row in held] == [(b"three", 1)]


async def test_an_idle_connection_that_was_cut_is_replaced_without_an_error(
    streams: RedisStreams, proxy: TcpProxy
) -> None:
    await streams.publish([wakeup("a")])
    await streams.consume("brain", "one", 10, 0)
    proxy.cut()
    await streams.publish([wakeup("b")])
    assert await streams.depth("brain") == Depth(2, 1)


async def test_a_reader_whose_connection_was_cut_fails_once_and_then_goes_on(
    streams: RedisStreams, proxy: TcpProxy, direct: redis.asyncio.Redis
) -> None:
    await streams.create_group("brain")
    reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
    await until_blocked(direct)
    proxy.cut()
    with pytest.raises(Unavailable):
        await reading
    await streams.publish([wakeup("a")])
    assert wakeups_of(await streams.consume("brain", "one", 10, PATIENCE_S)) == [wakeup("a")]


async def test_a_server_that_accepts_and_never_answers_is_unavailable_in_bounded_time(
    streams: RedisStreams, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.redis_streams.streams.READ_MARGIN_S", 0.1)
    await streams.consume("brain", "one", 10, 0)
    proxy.answers.clear()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Unavailable) as fault:
            await streams.consume("brain", "one", 10, 0.1)
    assert isinstance(fault.value.__cause__, redis.TimeoutError)


async def test_a_cancelled_command_does_not_leave_its_answer_to_the_next_one(
    streams: RedisStreams, proxy: TcpProxy
) -> None:
    await streams.publish([wakeup(str(n)) for n in range(3)])
    entries = await streams.consume("brain", "one", 10, 0)
    for _ in range(5):
        proxy.answers.clear()
        command = asyncio.create_task(streams.publish([wakeup("late")]))
        answered = proxy.answered_bytes
        await until(lambda before=answered: proxy.answered_bytes > before)
        command.cancel()
        with suppress(asyncio.CancelledError):
            await command
        proxy.answers.set()
        assert await streams.pending("brain", "one", 10) == [entry.entry_id for entry in entries]
    assert (await streams.depth("brain")).length == 8


async def test_closing_ends_a_read_in_flight(streams: RedisStreams, direct: redis.asyncio.Redis) -> None:
    reading = asyncio.create_task(streams.consume("brain", "one", 10, PATIENCE_S))
    await until_blocked(direct)
    await streams.close()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(reading, 1.0)


async def test_a_consumer_that_woke_up_before_its_removal_loses_nothing(
    streams: RedisStreams, direct: redis.asyncio.Redis
) -> None:
    await streams.publish([wakeup("a"), wakeup("b")])
    held = await streams.consume("brain", "woken", 10, 0)
    moved = await streams._remove("brain", "woken", "one")
    assert [entry_id.decode() for entry_id in moved] == [entry.entry_id for entry in held]
    assert await streams.pending("brain", "one", 10) == [entry.entry_id for entry in held]
    assert [row["name"] for row in await direct.xinfo_consumers(key_of("brain"), "brain")] == [b"one"]


async def test_a_restarted_server_still_has_what_was_published_and_held(
    private_valkey: Callable[..., EmbeddedValkey],
) -> None:
    server = private_valkey(config=["appendfsync always"])
    client = connect(server.admin_url)
    streams = RedisStreams(client)
    await streams.publish([wakeup("a"), wakeup("b")])
    held = await streams.consume("brain", "one", 1, 0)
    kill(server)
    for attempt in (
        streams.publish([wakeup("c")]),
        streams.consume("brain", "one", 1, 0.1),
        streams.create_group("brain"),
        streams.ack("brain", ["1-1"]),
        streams.pending("brain", "one", 1),
        streams.claim("brain", "one", 0, 1),
        streams.depth("brain"),
    ):
        with pytest.raises(Unavailable) as fault:
            await attempt
        assert fault.value.__cause__ is not None
        assert server.password not in str(fault.value)
    server.start()
    assert await streams.pending("brain", "one", 10) == [held[0].entry_id]
    assert wakeups_of(await streams.consume("brain", "one", 10, 0)) == [wakeup("b")]
    await streams.close()
    await client.aclose()


async def test_a_full_server_refuses_and_keeps_what_it_has(
    private_valkey: Callable[..., EmbeddedValkey],
) -> None:
    server = private_valkey()
    client = connect(server.admin_url)
    streams = RedisStreams(client)
    await streams.publish([wakeup("before")])
    await client.config_set("maxmemory", 1)
    with pytest.raises(Unavailable) as fault:
        await streams.publish([wakeup("secret", b"text of a message")])
    assert isinstance(fault.value.__cause__, redis.OutOfMemoryError)
    assert "text of a message" not in f"{fault.value!r} {fault.value.__cause__!r}"
    await client.config_set("maxmemory", 0)
    assert wakeups_of(await streams.consume("brain", "one", 10, 0)) == [wakeup("before")]
    await streams.close()
    await client.aclose()


def test_the_blocking_client_reaches_the_same_server(valkey_url: str) -> None:
    with connect_blocking(valkey_url) as client:
        assert client.ping()

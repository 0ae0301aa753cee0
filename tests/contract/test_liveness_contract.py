"""What every implementation of the Liveness port promises, on three legs: memory, fakeredis, a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import fakeredis
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.liveness import MemoryLiveness
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import PREFIX, RedisLiveness
from application.ports import Liveness
from domain.errors import Unavailable

EXPIRY_S = 0.3
PATIENCE_S = 10.0
Pass = Callable[[], Awaitable[None]]


async def names(liveness: Liveness) -> list[tuple[str, str, str]]:
    return [(service.role, service.instance, service.version) for service in await liveness.alive()]


class LivenessContract:
    """The promises of the port. ``until_forgotten`` lets the time pass after which silence means gone."""

    async def test_nobody_is_alive_at_first(self, liveness: Liveness) -> None:
        assert await liveness.alive() == []
        assert isinstance(liveness, Liveness)

    async def test_those_who_announced_themselves_are_alive_sorted_by_role_and_instance(
        self, liveness: Liveness
    ) -> None:
        for role, instance in (("sender", "b:1"), ("brain", "b:1"), ("sender", "a")):
            await liveness.announce(role, instance, "0.1.0")
        expected = [("brain", "b:1", "0.1.0"), ("sender", "a", "0.1.0"), ("sender", "b:1", "0.1.0")]
        assert await names(liveness) == expected

    async def test_announcing_again_keeps_one_entry_with_the_newest_version(self, liveness: Liveness) -> None:
        await liveness.announce("brain", "a", "0.1.0")
        await liveness.announce("brain", "a", "0.2.0")
        assert await names(liveness) == [("brain", "a", "0.2.0")]

    async def test_ages_are_never_negative_and_the_start_is_not_after_the_last_sign(
        self, liveness: Liveness
    ) -> None:
        await liveness.announce("brain", "a", "0.1.0")
        (service,) = await liveness.alive()
        assert 0 <= service.seen_s < EXPIRY_S
        assert 0 <= service.up_s < PATIENCE_S

    async def test_who_withdraws_is_gone_at_once(self, liveness: Liveness) -> None:
        await liveness.announce("brain", "a", "0.1.0")
        await liveness.announce("brain", "b", "0.1.0")
        await liveness.withdraw("brain", "a")
        await liveness.withdraw("brain", "never")
        assert await names(liveness) == [("brain", "b", "0.1.0")]

    async def test_who_falls_silent_is_forgotten(self, liveness: Liveness, until_forgotten: Pass) -> None:
        await liveness.announce("brain", "a", "0.1.0")
        await until_forgotten()
        assert await liveness.alive() == []

    async def test_who_comes_back_after_a_silence_keeps_its_start(
        self, liveness: Liveness, until_forgotten: Pass
    ) -> None:
        await liveness.announce("brain", "a", "0.1.0")
        await until_forgotten()
        await liveness.announce("brain", "a", "0.1.0")
        (service,) = await liveness.alive()
        assert service.up_s >= EXPIRY_S
        assert service.seen_s < EXPIRY_S


class TestMemory(LivenessContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def liveness(self, clock: ManualClock) -> MemoryLiveness:
        return MemoryLiveness(clock, EXPIRY_S)

    @pytest.fixture
    def until_forgotten(self, clock: ManualClock) -> Pass:
        return lambda: clock.advance(EXPIRY_S)

    async def test_a_switched_off_fake_is_unavailable(self, liveness: MemoryLiveness) -> None:
        liveness.down = True
        for attempt in (liveness.alive(), liveness.announce("a", "b", "c"), liveness.withdraw("a", "b")):
            with pytest.raises(Unavailable):
                await attempt


class RedisLeg(LivenessContract):
    """What the legs on a Redis client have in common."""

    @pytest.fixture
    def until_forgotten(self, liveness: Liveness) -> Pass:
        async def wait() -> None:
            async with asyncio.timeout(PATIENCE_S):
                while await liveness.alive():
                    await asyncio.sleep(0)

        return wait


class TestFakeRedis(RedisLeg):
    @pytest.fixture
    async def liveness(self) -> AsyncIterator[RedisLiveness]:
        async with fakeredis.FakeAsyncRedis(protocol=2) as client:
            yield RedisLiveness(client, EXPIRY_S)


class TestRealServer(RedisLeg):
    @pytest.fixture
    async def liveness(self, valkey_url: str) -> AsyncIterator[RedisLiveness]:
        client = connect(valkey_url)
        yield RedisLiveness(client, EXPIRY_S)
        await client.aclose()

    async def test_keys_of_strangers_are_ignored(self, liveness: RedisLiveness, valkey_url: str) -> None:
        client = connect(valkey_url)
        for number, content in enumerate(
            (b"", b"no json", b"[]", b"{}", b'{"version":1,"started_at":"x"}', b"\xff")
        ):
            await client.set(f"{PREFIX}brain:{number}", content)
        await client.aclose()
        await liveness.announce("brain", "good", "0.1.0")
        assert await names(liveness) == [("brain", "good", "0.1.0")]

    async def test_a_server_that_is_away_is_unavailable(self, short_path: object) -> None:
        client = connect(f"unix://{short_path}/nowhere.sock")
        liveness = RedisLiveness(client)
        for attempt in (liveness.alive(), liveness.announce("a", "b", "c"), liveness.withdraw("a", "b")):
            with pytest.raises(Unavailable):
                await attempt
        await client.aclose()

"""Servers that go away, in memory: Redis loses its data, its groups or itself, and Postgres comes back later."""

from typing import Any

import pytest

from domain.errors import StoreUnavailable
from entrypoints.harness import Harness
from tests.acceptance.business import then_all_is_done, when_time_passes


@pytest.fixture
async def harness() -> Harness:
    """A harness whose chats 7 and 8 have talked to the bot."""
    made = Harness()
    for chat in (7, 8):
        await made.say(chat, chat, "/start")
    return made


def texts(harness: Harness, chat: int) -> list[str]:
    """Return what reached the chat after the greeting."""
    return harness.texts(chat)[1:]


async def test_streams_that_are_wiped_on_the_way_lose_nothing(harness: Harness) -> None:
    for n in range(10):
        harness.world.say(7 + n % 2, 7 + n % 2, f"message {n}")
    await harness.take_in()
    harness.streams.wipe()
    await harness.brain.step()
    harness.streams.wipe()
    await when_time_passes(harness, 10)
    assert [texts(harness, chat) for chat in (7, 8)] == [
        [f"message {n}" for n in range(10) if n % 2 == parity] for parity in (0, 1)
    ]
    await then_all_is_done(harness)


async def test_wiping_the_streams_between_all_steps_loses_nothing(harness: Harness) -> None:
    harness.world.say(7, 7, "a")
    harness.world.say(7, 7, "b")
    await harness.take_in()
    for _ in range(8):
        harness.streams.wipe()
        await harness.brain.step()
        harness.streams.wipe()
        await harness.advance(1.5)
    assert texts(harness, 7) == ["a", "b"]
    await then_all_is_done(harness)


async def test_with_redis_down_everything_still_works_only_slower(harness: Harness) -> None:
    harness.streams.down = harness.redis.down = harness.liveness.down = True
    assert await harness.say(7, 7, "hello") == []
    assert await harness.say(7, 7, "/status") == []
    await when_time_passes(harness, 10)
    hello, status = texts(harness, 7)
    assert hello == "hello"
    assert "mode: auto" in status
    assert harness.owed == 0
    harness.streams.down = harness.redis.down = harness.liveness.down = False
    assert await harness.say(7, 7, "again") == ["again"]
    await then_all_is_done(harness)


async def test_a_lost_group_is_made_again_and_nothing_is_done_twice(harness: Harness) -> None:
    harness.world.say(7, 7, "hello")
    await harness.take_in()
    await harness.brain.step()
    for target in ("brain", "sender"):
        harness.streams.lose_group(target)
    await harness.settle()
    assert texts(harness, 7) == ["hello"]
    await then_all_is_done(harness)


async def test_forged_and_strange_entries_change_nothing(harness: Harness) -> None:
    harness.streams.add_raw("brain", {"x": b"y"})
    forged = {"lane": b"1000:7", "event_id": b"6f70656e-636c-5177-8000-6576656e7473", "attempt": b"0"}
    harness.streams.add_raw("brain", {**forged, "event": b"{}"})
    assert await harness.say(7, 7, "hello") == ["hello"]
    await then_all_is_done(harness)


async def test_while_the_database_is_down_no_update_is_acknowledged_and_none_is_lost(
    harness: Harness,
) -> None:
    harness.database.down = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await harness.say(7, 7, "hello")
    harness.database.down = False
    await harness.settle()
    assert texts(harness, 7) == ["hello"] * 3
    await then_all_is_done(harness)


async def test_a_database_that_goes_away_before_an_answer_is_settled_is_waited_for(harness: Harness) -> None:
    send = harness.sendings[0].deliverer.telegram

    class Telegram:
        async def call(self, *call: Any) -> object:
            answer = await send.call(*call)
            harness.database.down = True
            return answer

    harness.sendings[0].deliverer.telegram = Telegram()
    await harness.say(7, 7, "hello")
    assert texts(harness, 7) == ["hello"]
    assert harness.owed == 1
    harness.database.down = False
    await when_time_passes(harness, 10)
    assert texts(harness, 7) == ["hello"], "the answer was kept, so nothing is repeated"
    await then_all_is_done(harness)

"""The typing action: shown where a reply has to wait, and never in the way of anything."""

from adapters.botworld import FaultKind
from entrypoints.harness import Harness
from tests.acceptance.business import given_fault, then_all_is_done, when_reminded, when_time_passes

CHAT = 7


def slow(**more: object) -> Harness:
    """Return a bot that writes to a chat once a second."""
    return Harness(rate_chat_per_s=1.0, rate_chat_burst=1, **more)


def shown(harness: Harness) -> int:
    return harness.world.record.total["sendChatAction"]


async def test_whoever_waits_for_the_next_message_sees_that_it_comes() -> None:
    harness = slow()
    await harness.say(CHAT, CHAT, "first")
    assert shown(harness) == 0
    await harness.say(CHAT, CHAT, "second")
    assert harness.texts(CHAT) == ["first"]
    assert shown(harness) == 1
    await when_time_passes(harness, 3)
    assert harness.texts(CHAT) == ["first", "second"]
    await then_all_is_done(harness)


async def test_it_is_not_shown_again_while_it_is_shown() -> None:
    harness = slow()
    for n in range(8):
        harness.world.say(CHAT, CHAT, f"message {n}")
    await harness.settle()
    await when_time_passes(harness, 4)
    assert shown(harness) == 1
    await when_time_passes(harness, 8)
    assert shown(harness) == 2
    assert harness.texts(CHAT) == [f"message {n}" for n in range(8)]


async def test_a_reminder_that_waits_shows_nothing() -> None:
    harness = slow()
    await harness.say(CHAT, CHAT, "first")
    for n in range(3):
        await when_reminded(harness, f"reminder {n}", CHAT)
    await harness.settle()
    assert shown(harness) == 0
    await when_time_passes(harness, 6)
    assert len(harness.texts(CHAT)) == 4


async def test_what_becomes_of_it_is_nobodys_concern() -> None:
    harness = slow()
    given_fault(
        harness, FaultKind.REFUSE, method="sendChatAction", code=403, description="Forbidden: no rights"
    )
    await harness.say(CHAT, CHAT, "first")
    await harness.say(CHAT, CHAT, "second")
    await when_time_passes(harness, 3)
    assert harness.texts(CHAT) == ["first", "second"]
    assert harness.database.tables.unreachable == {}
    await then_all_is_done(harness)

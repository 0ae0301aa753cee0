"""Back pressure in the whole system: whoever floods waits at Telegram and nobody else does; nothing is lost or doubled.

Polling, which can turn nobody away without what waits behind. Not here: webhooks (``test_backlog``), and who is turned
away in which order (``tests/unit/test_pressure.py``).
"""

import pytest

from entrypoints.harness import Harness
from tests.acceptance.business import then_all_is_done

FLOOD, QUIET = 7, 8


@pytest.fixture
def harness() -> Harness:
    return Harness(backlog_chat_max=10, backlog_max=100)


def when_written(harness: Harness, chat: int, *texts: str) -> None:
    for text in texts:
        harness.world.say(chat, chat, text)


def numbered(count: int) -> list[str]:
    return [f"message {n}" for n in range(count)]


async def owed(harness: Harness) -> dict[str, int]:
    """Return how much each chat owes, without what is in bulk."""
    return dict((await harness.gateway.intake.crowds(1, 100, with_admins=False)).lanes)


async def when_worked_off(harness: Harness, seconds: int) -> None:
    for _ in range(seconds):
        await harness.advance(1)


async def outcomes(harness: Harness) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in await harness.audit(consumer="gateway"):
        found[row.outcome.value] = found.get(row.outcome.value, 0) + 1
    return found


async def test_while_a_chat_floods_it_alone_waits_and_in_the_end_every_message_is_answered_once(
    harness: Harness,
) -> None:
    when_written(harness, FLOOD, *numbered(35))
    when_written(harness, QUIET, "hello")
    await harness.take_in()
    assert await owed(harness) == {f"1000:{FLOOD}": 10, f"1000:{QUIET}": 1}
    await harness.settle()
    assert harness.texts(QUIET) == ["hello"]
    when_written(harness, QUIET, "and I am still here")
    await harness.settle()
    assert harness.texts(QUIET)[1:] == ["and I am still here"]
    assert harness.texts(FLOOD) == numbered(10)
    await when_worked_off(harness, 5)
    assert harness.texts(FLOOD) == numbered(35)
    assert await outcomes(harness) == {"accepted": 37}, "what was taken in is not offered again"
    await then_all_is_done(harness)


async def test_a_flood_that_fills_what_telegram_returns_holds_up_nobody_behind_it(harness: Harness) -> None:
    when_written(harness, FLOOD, *numbered(250))
    when_written(harness, QUIET, "hello")
    await harness.take_in()
    assert (await owed(harness))[f"1000:{QUIET}"] == 1
    await harness.settle()
    assert harness.texts(QUIET) == ["hello"]
    await when_worked_off(harness, 10)
    assert harness.texts(FLOOD) == numbered(250)
    await then_all_is_done(harness)


async def test_what_was_turned_away_survives_the_death_of_every_process(harness: Harness) -> None:
    when_written(harness, FLOOD, *numbered(35))
    when_written(harness, QUIET, "hello")
    await harness.take_in()
    harness.restart()
    await harness.take_in()
    assert await owed(harness) == {f"1000:{FLOOD}": 10, f"1000:{QUIET}": 1}
    await when_worked_off(harness, 8)
    assert harness.texts(FLOOD) == numbered(35)
    assert harness.texts(QUIET) == ["hello"]
    await then_all_is_done(harness)


async def test_while_all_owe_too_much_telegram_keeps_everything_and_gives_it_when_there_is_room(
    harness: Harness,
) -> None:
    chats = range(100, 130)
    for _ in range(6):
        for chat in chats:
            when_written(harness, chat, "hello")
    await harness.take_in()
    owes = await owed(harness)
    assert sum(owes.values()) <= 100
    assert set(owes.values()) <= {3, 4}, "the bound of each shrinks for all alike"
    when_written(harness, QUIET, "hello")
    await when_worked_off(harness, 10)
    assert {len(harness.texts(chat)) for chat in chats} == {6}
    assert harness.texts(QUIET) == ["hello"]
    await then_all_is_done(harness)


async def test_the_owner_is_heard_while_nobody_else_is() -> None:
    harness = Harness(backlog_chat_max=10, backlog_max=100, owner=QUIET)
    for chat in range(200, 260):
        when_written(harness, chat, "hello", "hello")
    await harness.take_in()
    when_written(harness, 300, "hello")
    when_written(harness, QUIET, "/status")
    before = harness.gateway.pressure.turned_away.total()
    await harness.take_in()
    assert f"1000:{QUIET}" in await owed(harness)
    assert "1000:300" not in await owed(harness)
    assert harness.gateway.pressure.turned_away.total() > before
    await when_worked_off(harness, 10)
    await then_all_is_done(harness)


async def test_a_stream_that_is_full_costs_the_grace_of_a_sweep_and_nothing_else() -> None:
    harness = Harness(stream_max=100)
    for chat in range(100, 350):
        when_written(harness, chat, "hello")
    await harness.take_in()
    assert (await harness.streams.depth("brain")).length <= 200
    await when_worked_off(harness, 5)
    assert {len(harness.texts(chat)) for chat in range(100, 350)} == {1}
    await then_all_is_done(harness)

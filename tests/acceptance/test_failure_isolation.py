"""One bad thing harms nothing else: how long others wait for it, in seconds of a clock that is moved by hand.

Most of them wait for no second at all. Not here: the same in real processes (``test_process_faults``,
``test_flooding_chats``), and where what is bad ends (``test_dlq_routing``).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from adapters.botworld import Fault, FaultKind
from application.brain import on_message
from application.changes import Changes
from application.facts import Facts
from application.ports import Round, Store
from application.rounds import Decider
from domain.decisions import Decision
from domain.envelope import Event
from domain.events.telegram import MessageReceived, TelegramSend
from entrypoints.harness import BOT_ID, Harness
from tests.acceptance.business import (
    Handle,
    Killed,
    expect_deaths,
    given_handler,
    given_refusal,
    outcomes,
    when_owed,
    when_time_passes,
)

BAD, NEAR, FAR = 7, 8, 9
GREETED = 1
LIMITS = {"rate_bot_per_s": 30, "rate_chat_per_s": 1.0, "rate_chat_burst": 3, "rate_group_per_min": 20}


async def given_harness(**settings: Any) -> Harness:
    """Have a harness whose chats have talked to the bot, with time enough since then for every limit."""
    expect_deaths()
    harness = Harness(**settings)
    for chat in (BAD, NEAR, FAR):
        await harness.say(chat, chat, "/start")
    await harness.advance(60)
    return harness


def text_of(event: Event) -> str:
    assert isinstance(event.payload, MessageReceived)
    return event.payload.text or ""


def given_bad_word(harness: Harness, fails: Handle) -> None:
    """Let the message "bad" be handled by ``fails``, and every other one as always."""
    given_handler(
        harness, lambda event, facts: (fails if text_of(event) == "bad" else on_message)(event, facts)
    )


async def answered_after_s(
    harness: Harness, chat: int, text: str, within_s: float, step_s: float = 1.0
) -> float:
    """Write, and return after how many seconds of the clock the answer came; fails where it takes longer."""
    began_s = harness.clock.now()
    harness.world.say(chat, chat, text)
    await harness.settle()
    while text not in harness.texts(chat):
        assert harness.clock.now() - began_s < within_s, f"{text!r} is not answered within {within_s} s"
        await harness.advance(step_s)
    return harness.clock.now() - began_s


async def then_nobody_waits(harness: Harness, *chats: int) -> None:
    """Others are answered, in the same instant of the clock."""
    for chat in chats or (NEAR, FAR):
        assert await answered_after_s(harness, chat, f"hello from {chat}", within_s=0.001) == 0


async def test_failure_isolation_a_bad_event_delays_neither_others_nor_what_stands_behind_it() -> None:
    harness = await given_harness()
    event = await harness.owe(TelegramSend(bot_id=BOT_ID, chat_id=BAD, text="x"), "forged", target="brain")
    row = harness.database.tables.outbox[("brain", event.event_id)]
    row.head = evolve(row.head, envelope=b"\x00 no event")
    await then_nobody_waits(harness, BAD, NEAR, FAR)
    assert len(await harness.dead_letters()) == 1


async def test_failure_isolation_a_handler_that_raises_delays_nobody_for_as_long_as_it_is_tried() -> None:
    harness = await given_harness()

    def fails(event: Event, facts: Facts) -> Decision:
        raise KeyError("planted")

    given_bad_word(harness, fails)
    harness.world.say(BAD, BAD, "bad")
    for n in range(40):
        assert await answered_after_s(harness, NEAR, f"near {n}", within_s=0.001) == 0
        assert await answered_after_s(harness, BAD, f"behind {n}", within_s=0.001) == 0
        await harness.advance(1)
    (letter,) = await harness.dead_letters()
    assert letter.attempt == 5
    assert (await outcomes(harness, consumer="brain", outcome="retried"))["retried"] == 5


async def test_failure_isolation_a_handler_that_hangs_is_cancelled_and_delays_nobody_else() -> None:
    harness = await given_harness(handler_timeout_s=0.01)

    async def hangs(event: Event, facts: Facts) -> Decision:
        await asyncio.Event().wait()
        raise AssertionError

    given_bad_word(harness, hangs)
    harness.world.say(BAD, BAD, "bad")
    for n in range(30):
        assert await answered_after_s(harness, NEAR, f"near {n}", within_s=0.001) == 0
        await harness.advance(1)
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 attempts failed, the last one: its handler took longer than 0.01 s",)


async def test_failure_isolation_a_handler_that_kills_its_process_costs_others_its_restarts_and_no_more() -> (
    None
):
    """Each death costs the others a start and the sweep's grace, a second here; after the first one it runs alone."""
    harness = await given_harness()

    def kills(event: Event, facts: Facts) -> Decision:
        raise Killed

    given_bad_word(harness, kills)
    began_s, deaths, behind_s = harness.clock.now(), 0, {}
    for chat, text in ((BAD, "bad"), (BAD, "behind it"), (NEAR, "near"), (FAR, "far")):
        harness.world.say(chat, chat, text)
    for _ in range(30):
        try:
            await harness.advance(1)
        except Killed:
            deaths += 1
            harness.restart()
            given_bad_word(harness, kills)
        for chat, text in ((BAD, "behind it"), (NEAR, "near"), (FAR, "far")):
            if text in harness.texts(chat):
                behind_s.setdefault(text, harness.clock.now() - began_s)
    assert deaths == harness.settings.deaths_max
    assert set(behind_s) == {"near", "far", "behind it"}
    assert max(behind_s.values()) <= deaths + 2
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("it ended its process",)
    await then_nobody_waits(harness, BAD, NEAR, FAR)


class FaultyStore:
    """A store whose transactions fail when they would settle an event of one scope as processed."""

    def __init__(self, store: Store, scope: str) -> None:
        self._store, self._scope = store, scope

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def round(self, target: str, lanes: Sequence[str]) -> AsyncIterator[Round]:
        async with self._store.round(target, lanes) as current:
            apply = current.apply

            async def refusing(changes: Changes) -> None:
                if any(row.scope == self._scope and row.outcome == "processed" for row in changes.audit):
                    raise ValueError("planted")
                await apply(changes)

            current.apply = refusing
            yield current


async def test_failure_isolation_an_event_that_its_transaction_cannot_take_delays_none_of_its_round() -> None:
    harness = await given_harness()
    decider = harness.brain.runner
    assert isinstance(decider, Decider)
    decider.store = FaultyStore(decider.store, f"{BOT_ID}:u{BAD}")
    chats = range(20, 40)
    for chat in (*chats, BAD):
        harness.world.say(chat, chat, "hello")
    await harness.settle()
    assert [chat for chat in chats if harness.texts(chat) != ["hello"]] == []
    await when_time_passes(harness, 60)
    (letter,) = await harness.dead_letters()
    assert letter.lane == f"{BOT_ID}:{BAD}"


async def test_failure_isolation_a_slow_chat_delays_nobody() -> None:
    """Calls for one chat take ten seconds each; the others' are made meanwhile."""
    harness = await given_harness()
    harness.world.faults.add(Fault(FaultKind.SLOW, "sendMessage", BAD, count=3, delay_s=10.0))
    for n in range(3):
        harness.world.say(BAD, BAD, f"slow {n}")
    began_s, came_s = harness.clock.now(), {}
    for n in range(31):
        assert await answered_after_s(harness, NEAR, f"near {n}", within_s=0.001) == 0
        await harness.advance(1)
        for text in harness.texts(BAD)[GREETED:]:
            came_s.setdefault(text, harness.clock.now() - began_s)
    assert came_s == {"slow 0": 10, "slow 1": 20, "slow 2": 30}


async def test_failure_isolation_slow_chats_that_take_every_call_of_a_sender_delay_others_by_one_call() -> (
    None
):
    """More chats than calls at once: who comes then waits until the first of them is answered, or given up."""
    harness = await given_harness(sender_concurrency=8, call_timeout_s=5.0, claim_s=11.0)
    for chat in range(20, 50):
        harness.world.faults.add(Fault(FaultKind.HANG_BEFORE, "sendMessage", chat, count=1))
        harness.world.say(chat, chat, "hang")
    await harness.settle()
    assert await answered_after_s(harness, NEAR, "hello", within_s=26) <= 25


async def test_failure_isolation_while_telegram_is_dead_for_one_chat_nobody_else_waits() -> None:
    harness = await given_harness()
    harness.world.faults.add(
        Fault(FaultKind.REFUSE, "sendMessage", BAD, count=None, code=502, description="Bad Gateway")
    )
    for text in ("lost 1", "lost 2"):
        harness.world.say(BAD, BAD, text)
    for n in range(90):
        assert await answered_after_s(harness, NEAR, f"near {n}", within_s=0.001) == 0
        await harness.advance(1)
    assert [letter.lane for letter in await harness.dead_letters()] == [f"{BOT_ID}:{BAD}"] * 2
    harness.world.faults.clear()
    await then_nobody_waits(harness, BAD)
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert sorted(harness.texts(BAD)[-2:]) == ["lost 1", "lost 2"]


async def test_failure_isolation_a_chat_that_is_told_to_wait_for_an_hour_waits_alone() -> None:
    harness = await given_harness()
    given_refusal(harness, 429, "Too Many Requests: retry after 3600", retry_after_s=3600, chat_id=BAD)
    harness.world.say(BAD, BAD, "patience")
    for n in range(60):
        assert await answered_after_s(harness, NEAR, f"near {n}", within_s=0.001) == 0
        await harness.advance(60)
    assert harness.texts(BAD)[GREETED:] == ["patience"]


@pytest.mark.parametrize("messages", [50, 200])
async def test_failure_isolation_a_flooding_chat_delays_others_by_a_second_however_much_it_writes(
    messages: int,
) -> None:
    """Within Telegram's limits, which the flood has used up for its own chat alone."""
    harness = await given_harness(**LIMITS)
    for n in range(messages):
        harness.world.say(BAD, BAD, f"flood {n}")
    await harness.settle()
    for n in range(5):
        for chat in (NEAR, FAR):
            assert await answered_after_s(harness, chat, f"{n} from {chat}", within_s=2.5, step_s=0.1) <= 2
    assert len(harness.texts(BAD)) < messages / 2, "the flood is still on its way"


async def test_failure_isolation_a_flood_of_dead_letters_delays_nobody_and_makes_one_notice() -> None:
    harness = await given_harness(owner=FAR)
    for chat in range(20, 220):
        given_refusal(harness, 400, "Bad Request: odd", chat_id=chat)
        await when_owed(harness, "x", chat)
    await then_nobody_waits(harness, NEAR)
    assert len(await harness.dead_letters()) == 200
    await when_time_passes(harness, 60)
    await then_nobody_waits(harness)
    told = [text for text in harness.texts(FAR) if "openclaw dlq" in text]
    assert len(told) == 1
    assert "200 new" in told[0]

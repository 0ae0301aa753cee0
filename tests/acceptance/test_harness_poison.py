"""Messages that kill the sender, or have it wait for ever, in memory.

What kills the brain is in ``test_harness_faults``.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from adapters.codec import Codec
from application.ports import Telegram
from application.sender import Deliverer
from domain.envelope import Event
from domain.tasks.values import Kept
from entrypoints.harness import Harness
from tests.acceptance.business import (
    Killed,
    expect_deaths,
    then_streams_are_empty,
    when_time_passes,
)

REPEAT = "\n\n(may be a repeat)"


@pytest.fixture
async def harness() -> Harness:
    """A harness whose chats 7 and 8 have talked to the bot."""
    expect_deaths()
    made = Harness()
    for chat in (7, 8):
        await made.say(chat, chat, "/start")
    return made


def texts(harness: Harness, chat: int) -> list[str]:
    """Return what reached the chat after the greeting."""
    return harness.texts(chat)[1:]


async def then_streams_are_empty_after_the_dead(harness: Harness) -> None:
    """What dead processes held is let go of by whoever compares it with what is in hand."""
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    await harness.settle()
    await then_streams_are_empty(harness)


class DeadlyCodec(Codec):
    """A codec whose process dies of reading an event with the word in it."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word.encode()

    def decode(self, raw: bytes) -> Event:
        if self.word in raw:
            raise Killed
        return super().decode(raw)


class DeadlyTelegram:
    """A Bot API whose caller dies of a word; it notes who was in flight then. The dead make no further call."""

    def __init__(
        self, deliverer: Deliverer, telegram: Telegram, flying: list[set[str]], word: str = "poison"
    ) -> None:
        self._deliverer, self._telegram, self._flying, self._word = deliverer, telegram, flying, word
        self._deaths = len(flying)

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        if len(self._flying) > self._deaths:
            raise Killed
        if self._word in str(params.get("text")):
            self._flying.append({lane for _, lane in self._deliverer.air.flying})
            raise Killed
        return await self._telegram.call(method, params, timeout_s)


def given_deadly(harness: Harness, word: str) -> None:
    for sending in harness.sendings:
        sending.deliverer.interpreter.codec = DeadlyCodec(word)


async def when_senders_die(harness: Harness, given: Callable[[Harness], None], times: int) -> int:
    """Let time pass, and start anew whenever the process dies; return how often it died."""
    deaths = 0
    for _ in range(times):
        given(harness)
        try:
            await harness.advance(2)
        except Killed:
            deaths += 1
            harness.restart()
    return deaths


async def test_a_message_whose_reading_kills_the_sender_is_buried_and_the_others_arrive(
    harness: Harness,
) -> None:
    for chat, text in ((7, "poison"), (7, "behind"), (8, "beside"), (9, "near")):
        harness.world.say(chat, chat, text)
    deaths = await when_senders_die(harness, lambda it: given_deadly(it, "poison"), 20)
    # The first one left no mark, since this process was the first to be told of the row.
    assert deaths == harness.settings.deaths_max + 1
    assert (texts(harness, 7), texts(harness, 8), harness.texts(9)) == (["behind"], ["beside"], ["near"])
    (letter,) = await harness.dead_letters()
    assert (letter.target, letter.reasons, letter.deaths) == ("sender", ("it ended its process",), 3)
    assert harness.owed == 0
    await then_streams_are_empty_after_the_dead(harness)


async def test_a_message_whose_call_kills_the_sender_is_buried_as_one_that_may_have_arrived(
    harness: Harness,
) -> None:
    flying: list[set[str]] = []

    def given(it: Harness) -> None:
        for sending in it.sendings:
            sending.deliverer.telegram = DeadlyTelegram(sending.deliverer, sending.deliverer.telegram, flying)

    for chat, text in ((7, "poison"), (8, "beside")):
        harness.world.say(chat, chat, text)
    for _ in range(100):
        given(harness)
        seen = len(flying)
        await harness.advance(2)
        if len(flying) > seen:
            harness.restart()
            harness.world.say(9, 9, f"another {len(flying)}")
    assert len(flying) == harness.settings.deaths_max
    assert flying[-1] == {"1000:7"}, "what ended two processes flies alone"
    assert texts(harness, 8)[0].startswith("beside")
    (letter,) = await harness.dead_letters()
    assert (letter.target, letter.reasons, letter.deaths) == ("sender", ("it ended its process",), 3)
    last = (await harness.audit(event_id=letter.event_id))[-2:]
    assert [row.outcome for row in last] == ["ambiguous", "dead_lettered"]
    assert all(row.reason.endswith("; 3 earlier runs did not end") for row in last)
    assert harness.owed == 0


async def test_a_call_that_waits_for_ever_ends_by_its_bound(harness: Harness) -> None:
    deliverer = harness.sendings[0].deliverer
    deliverer.limits = evolve(deliverer.limits, call_timeout_s=0.02, margin_s=0.0)
    good = deliverer.telegram

    async def never(method: str, params: Any, timeout_s: float) -> object:
        return await asyncio.Event().wait()

    deliverer.telegram = SimpleNamespace(call=never)
    harness.world.say(7, 7, "hello")
    await harness.take_in()
    await harness.brain.step()
    await harness.sendings[0].consumer.step()
    await deliverer.finish()
    (row,) = await harness.audit(outcome="retried")
    assert row.reason == "the call did not end in its time"
    deliverer.telegram = good
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["hello" + REPEAT]


@pytest.mark.parametrize("deaths_max", [2, 3])
async def test_what_flies_beside_it_is_not_buried_with_it(deaths_max: int) -> None:
    expect_deaths()
    harness = Harness(deaths_max=deaths_max)
    flying: list[set[str]] = []
    for chat, text in ((7, "poison"), (8, "beside"), (9, "near")):
        harness.world.say(chat, chat, text)
    for _ in range(150):
        for sending in harness.sendings:
            sending.deliverer.telegram = DeadlyTelegram(sending.deliverer, sending.deliverer.telegram, flying)
        seen = len(flying)
        await harness.advance(2)
        if len(flying) > seen:
            harness.restart()
    assert [len(lanes) for lanes in flying] == [3] * (deaths_max - 1) + [1]
    (letter,) = await harness.dead_letters()
    assert letter.lane == "1000:7"
    assert [len(harness.texts(chat)) for chat in (8, 9)] == [1, 1]


async def test_a_reminder_that_was_in_flight_at_every_death_is_told_as_one_that_may_be_missing() -> None:
    expect_deaths()
    harness = Harness()
    await harness.say(7, 7, "/remind in 20 min cake")
    await harness.clock.advance(1200)
    flying: list[set[str]] = []
    while not flying:
        for sending in harness.sendings:
            sending.deliverer.telegram = DeadlyTelegram(
                sending.deliverer, sending.deliverer.telegram, flying, word="cake"
            )
        await harness.advance(1)
    harness.restart()
    (row,) = [row for row in harness.database.tables.outbox.values() if row.head.target == "sender-bulk"]
    # Two processes that were to say so died before they could.
    harness.database.tables.outbox[row.head.target, row.head.event_id] = evolve(
        row, head=evolve(row.head, deaths=2)
    )
    await when_time_passes(harness, 60)
    assert len(flying) == 1
    assert await harness.dead_letters() == []
    (occasion,) = harness.database.tables.tasks.occasions.values()
    assert occasion.occasion.kept is Kept.AMBIGUOUS
    assert any("cake" in text for text in (await harness.say(7, 7, "hello"))), "the next contact says so"

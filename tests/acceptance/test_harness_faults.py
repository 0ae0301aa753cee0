"""Faults of our own, in memory: handlers and transactions that fail, runs that kill their process.

Servers that go away are in ``test_harness_servers``.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from attrs import evolve

from application.brain import reply
from application.changes import Changes
from application.crashpoints import BRAIN_POINTS, SENDER_POINTS
from application.facts import Facts
from application.ports import Round, Store
from application.rounds import Decider
from domain.decisions import Decision, Emit
from domain.envelope import Event
from domain.errors import Permanent, Transient
from domain.events.telegram import MessageReceived, TelegramSend
from entrypoints.harness import Harness
from tests.acceptance.business import (
    Handle,
    KillAt,
    Killed,
    expect_deaths,
    given_handler,
    outcomes,
    sends,
    then_all_is_done,
    then_streams_are_empty,
    when_time_passes,
)

REPEAT = "\n\n(may be a repeat)"
# Between the commit of a claim and that of its settlement nobody knows whether the call was made.
IN_FLIGHT = {
    f"sender.{step}"
    for step in ("claim_committed", "published", "before_call", "after_call", "released", "settled")
}


@pytest.fixture
async def kill() -> KillAt:
    expect_deaths()
    return KillAt()


@pytest.fixture
async def harness(kill: KillAt) -> Harness:
    """A harness whose chats 7 and 8 have talked to the bot."""
    made = Harness(crash=kill, handler_timeout_s=0.02)
    for chat in (7, 8):
        await made.say(chat, chat, "/start")
    return made


def texts(harness: Harness, chat: int) -> list[str]:
    """Return what reached the chat after the greeting."""
    return harness.texts(chat)[1:]


def text_of(event: Event) -> str:
    assert isinstance(event.payload, MessageReceived)
    return event.payload.text or ""


def echo(event: Event, text: str | None = None) -> Decision:
    assert isinstance(event.payload, MessageReceived)
    return reply(event.payload, text or text_of(event))


# Handlers that fail


async def test_a_handler_that_raises_is_retried_alone_while_the_others_go_on(harness: Harness) -> None:
    tries: list[str] = []

    def handle(event: Event, facts: Facts) -> Decision:
        if text_of(event) == "bad" and len(tries) < 2:
            tries.append("bad")
            raise KeyError("a secret of the user's")
        return echo(event)

    given_handler(harness, handle)
    for text in ("bad", "good"):
        harness.world.say(7, 7, text)
    harness.world.say(8, 8, "other")
    await harness.settle()
    assert (texts(harness, 7), texts(harness, 8)) == (["good"], ["other"]), (
        "a retry does not hold up its chat"
    )
    await when_time_passes(harness, 10)
    assert texts(harness, 7) == ["good", "bad"]
    rows = await harness.audit(outcome="retried")
    assert [row.reason for row in rows] == ["KeyError in the handler"] * 2, (
        "no text of a foreign error is kept"
    )
    assert [row.attempt for row in rows] == [0, 1]
    await then_all_is_done(harness)


async def test_a_handler_that_always_raises_ends_in_a_dead_letter(harness: Harness) -> None:
    def handle(event: Event, facts: Facts) -> Decision:
        raise Transient("the weather is bad")

    given_handler(harness, handle)
    await harness.say(7, 7, "hello")
    await when_time_passes(harness, 120)
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 attempts failed, the last one: the weather is bad",)
    assert (await outcomes(harness, consumer="brain"))["retried"] == 5
    await then_streams_are_empty(harness)


async def test_what_can_never_succeed_is_not_tried_again(harness: Harness) -> None:
    def handle(event: Event, facts: Facts) -> Decision:
        if text_of(event) == "never":
            raise Permanent("this cannot be done")
        return Decision(events=(Emit("reply", TelegramSend(bot_id=0, chat_id=7, text="")),))

    given_handler(harness, handle)
    await harness.say(7, 7, "never")
    await harness.say(7, 7, "an invalid event")
    first, second = await harness.dead_letters()
    assert first.reasons == ("this cannot be done",)
    assert second.reasons[0].startswith("its handler made an invalid event: payload.bot_id: ")
    assert (await outcomes(harness, consumer="brain"))["retried"] == 0


async def test_a_handler_that_hangs_is_cancelled_by_its_bound(harness: Harness) -> None:
    ended: list[str] = []

    async def handle(event: Event, facts: Facts) -> Decision:
        if text_of(event) == "hang" and not ended:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("cancelled")
        return echo(event)

    given_handler(harness, handle)
    harness.world.say(8, 8, "other")
    assert await harness.say(7, 7, "hang") == []
    assert ended == ["cancelled"]
    assert texts(harness, 8) == ["other"]
    (row,) = await harness.audit(outcome="retried")
    assert row.reason == "its handler took longer than 0.02 s"
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["hang"]
    await then_all_is_done(harness)


async def test_bytes_that_are_no_event_are_rejected_with_every_reason(harness: Harness) -> None:
    event = await harness.owe(TelegramSend(bot_id=1000, chat_id=7, text="x"), "forged", target="brain")
    row = harness.database.tables.outbox[("brain", event.event_id)]
    row.head = evolve(row.head, envelope=b'{"payload": {}}')
    await harness.settle()
    (letter,) = await harness.dead_letters()
    assert letter.envelope == b'{"payload": {}}'
    assert letter.reasons[:2] == ("event_id: missing", "event_type: missing")
    (rejected,) = await harness.audit(outcome="rejected")
    assert rejected.reason == "; ".join(letter.reasons)
    assert rejected.event_id == event.event_id


async def test_an_event_that_its_target_cannot_handle_is_a_dead_letter(harness: Harness) -> None:
    await harness.owe(TelegramSend(bot_id=1000, chat_id=7, text="x"), "lost", target="brain")
    await harness.settle()
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("brain has no handler for telegram.send",)


# Transactions that fail


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
                    raise ValueError("the data of one event")
                await apply(changes)

            current.apply = refusing
            yield current


async def test_a_transaction_that_fails_is_split_until_the_guilty_event_stands_alone(
    harness: Harness,
) -> None:
    decider = harness.brain.runner
    assert isinstance(decider, Decider)
    good = decider.store
    decider.store = FaultyStore(good, "1000:u13")
    for chat in range(10, 20):
        harness.world.say(chat, chat, "hello")
    await harness.settle()
    assert [chat for chat in range(10, 20) if harness.texts(chat) != ["hello"]] == [13]
    (row,) = await harness.audit(outcome="retried")
    assert (row.reason, row.scope) == ("its transaction failed (ValueError)", "1000:u13")
    decider.store = good
    await when_time_passes(harness, 5)
    assert harness.texts(13) == ["hello"]
    await then_all_is_done(harness)


async def test_finding_out_what_handlers_need_may_fail_for_one_event_without_harming_others(
    harness: Harness,
) -> None:
    decider = harness.brain.runner
    assert isinstance(decider, Decider)
    good = decider.gather

    async def gather(current: Round, events: Sequence[Event]) -> Facts:
        if any(text_of(event) == "bad" for event in events):
            raise ValueError("the data of one event")
        return await good(current, events)

    decider.gather = gather
    for chat, text in ((7, "good"), (8, "bad"), (9, "fine")):
        harness.world.say(chat, chat, text)
    await harness.settle()
    await when_time_passes(harness, 120)
    assert (texts(harness, 7), texts(harness, 8), harness.texts(9)) == (["good"], [], ["fine"])
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 attempts failed, the last one: its transaction failed (ValueError)",)


# Runs that kill their process


async def when_killed_and_started_again(harness: Harness, handle: Handle, times: int) -> int:
    """Let time pass, and start anew whenever the process dies; return how often it died."""
    deaths = 0
    for _ in range(times):
        given_handler(harness, handle)
        try:
            await harness.advance(2)
        except Killed:
            deaths += 1
            harness.restart()
    return deaths


async def test_an_event_that_kills_its_process_is_set_apart_and_the_others_go_on(harness: Harness) -> None:
    def handle(event: Event, facts: Facts) -> Decision:
        if text_of(event) == "poison":
            raise Killed
        return echo(event)

    for chat, text in ((7, "poison"), (7, "behind"), (8, "beside"), (9, "near")):
        harness.world.say(chat, chat, text)
    deaths = await when_killed_and_started_again(harness, handle, 20)
    assert deaths == harness.settings.deaths_max
    assert (texts(harness, 7), texts(harness, 8), harness.texts(9)) == (["behind"], ["beside"], ["near"])
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("it ended its process",)
    assert letter.deaths == harness.settings.deaths_max
    (row,) = await harness.audit(outcome="dead_lettered")
    assert row.reason == "it ended its process; 3 earlier runs did not end"
    beside = [row for row in await harness.audit(scope="1000:u8", outcome="processed", consumer="brain")][-1]
    assert beside.reason == "1 earlier run did not end"
    await then_streams_are_empty_after_the_dead(harness)


async def then_streams_are_empty_after_the_dead(harness: Harness) -> None:
    """What dead processes held is let go of by whoever compares it with what is in hand."""
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    await harness.settle()
    await then_streams_are_empty(harness)


@pytest.mark.parametrize("point", BRAIN_POINTS)
async def test_the_brain_may_die_at_any_point_and_the_answer_comes_once(
    harness: Harness, kill: KillAt, point: str
) -> None:
    kill.point, kill.left = point, 1
    with pytest.raises(Killed):
        await harness.say(7, 7, "hello")
    harness.restart()
    await when_time_passes(harness, 10)
    assert texts(harness, 7) == ["hello"]
    assert harness.owed == 0
    await then_streams_are_empty_after_the_dead(harness)
    assert (await outcomes(harness, consumer="brain", scope="1000:u7"))["processed"] == 2


@pytest.mark.parametrize("point", SENDER_POINTS)
async def test_the_sender_may_die_at_any_point_and_only_a_call_in_flight_is_repeated(
    harness: Harness, kill: KillAt, point: str
) -> None:
    kill.point, kill.left = point, 1
    harness.world.say(7, 7, "hello")
    with suppress(Killed):
        await harness.settle()
    assert kill.left == 0, "the point was reached"
    harness.restart()
    await when_time_passes(harness, 60)
    arrived = texts(harness, 7)
    in_flight = point in IN_FLIGHT
    ambiguous = (await sends(harness))["ambiguous"]
    assert ambiguous == int(in_flight)
    assert [text.removesuffix(REPEAT) for text in arrived] == ["hello"] * len(arrived)
    assert sum(REPEAT in text for text in arrived) == ambiguous
    assert 1 <= len(arrived) <= 1 + ambiguous
    assert harness.owed == 0
    await then_streams_are_empty_after_the_dead(harness)


async def test_a_sender_that_was_paused_past_its_claim_does_not_begin_the_call(harness: Harness) -> None:
    deliverer = harness.sendings[0].deliverer
    good = deliverer.crash
    waited = [60.0]

    def pause(point: str) -> None:
        if point == "sender.claim_committed" and waited:
            harness.clock._steady_s += waited.pop()
        good(point)

    deliverer.crash = pause
    await harness.say(7, 7, "hello")
    assert texts(harness, 7) == []
    (row,) = await harness.audit(outcome="retried")
    assert row.reason == "the claim was about to run out, so the call was not begun"
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["hello"]
    await then_all_is_done(harness)

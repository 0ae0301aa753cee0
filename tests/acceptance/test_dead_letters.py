"""Dead letters end to end, in memory: what was redriven is handled once, what was discarded never."""

import pytest
from attrs import evolve

from adapters.botworld import FaultKind
from application.brain import HANDLERS
from application.facts import Facts
from application.letters import Moved
from domain.decisions import Decision
from domain.envelope import Event
from domain.errors import Permanent
from domain.events.telegram import MessageClass, MessageReceived
from entrypoints.harness import Harness
from tests.acceptance.business import (
    given_fault,
    given_handler,
    given_refusal,
    outcomes,
    sends,
    then_all_is_done,
    when_owed,
    when_time_passes,
)

REPEAT = "\n\n(may be a repeat)"


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


async def given_dead(harness: Harness, text: str) -> None:
    """Let a message to chat 7 die, since Telegram refuses it."""
    given_refusal(harness, 400, "Bad Request: message text is odd")
    await when_owed(harness, text, 7)
    await harness.settle()
    assert len(await harness.dead_letters()) == 1


async def given_dead_after_unknown_calls(harness: Harness, text: str, **more: object) -> None:
    """Let a message to chat 7 die whose calls all reached it without an answer."""
    for _ in range(harness.settings.attempts_max):
        given_fault(harness, FaultKind.RESET_AFTER)
    await when_owed(harness, text, 7, **more)
    await harness.settle()
    await when_time_passes(harness, 400, step_s=10)


async def test_a_redriven_dead_letter_is_handled_once(harness: Harness) -> None:
    mended: list[bool] = []

    def handle(event: Event, facts: Facts) -> Decision:
        assert isinstance(event.payload, MessageReceived)
        if not mended:
            raise Permanent("the handler is broken")
        return good(event, facts)

    good = HANDLERS["message.received"]
    given_handler(harness, handle)
    await harness.say(7, 7, "hello")
    (letter,) = await harness.dead_letters()
    mended.append(True)
    assert await harness.redrive() == Moved((letter.letter_id,))
    assert await harness.redrive(letter.letter_id) == Moved(), "it is not there any more"
    await when_time_passes(harness, 30)
    assert texts(harness, 7) == ["hello"]
    way = [row.outcome.value for row in await harness.audit(trace_id=letter.trace_id)]
    assert way == ["accepted", "dead_lettered", "redriven", "processed", "processed", "accepted"]
    await then_all_is_done(harness)


async def test_what_is_redriven_too_early_dies_again_and_can_be_redriven_again(harness: Harness) -> None:
    await given_dead(harness, "odd")
    given_refusal(harness, 400, "Bad Request: still odd")
    await harness.redrive()
    await when_time_passes(harness, 5)
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("Telegram: 400 Bad Request: still odd",)
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["odd"]
    await then_all_is_done(harness)


async def test_a_redriven_message_takes_its_place_behind_what_waits(harness: Harness) -> None:
    await given_dead(harness, "first")
    await when_owed(harness, "second", 7)
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["second", "first"]
    await then_all_is_done(harness)


async def test_a_redriven_message_that_was_delivered_meanwhile_is_not_sent_again(harness: Harness) -> None:
    await given_dead(harness, "once")
    (letter,) = await harness.dead_letters()
    # Whatever led to the message is handled again, and so makes the same message with the same key.
    await when_owed(harness, "once", 7)
    await harness.settle()
    assert texts(harness, 7) == ["once"]
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["once"]
    (row,) = await harness.audit(outcome="duplicate")
    assert (row.event_id, row.reason) == (letter.event_id, "delivered before")
    await then_all_is_done(harness)


@pytest.mark.parametrize("tidied", [False, True])
async def test_a_redriven_message_that_may_have_arrived_says_so(harness: Harness, tidied: bool) -> None:
    await given_dead_after_unknown_calls(harness, "perhaps")
    arrived = len(texts(harness, 7))
    (letter,) = await harness.dead_letters()
    assert letter.repeat
    if tidied:
        await harness.retention.once()
    await when_owed(harness, "next", 7)
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert texts(harness, 7)[arrived:] == ["next", "perhaps" + REPEAT]
    await then_all_is_done(harness)


async def test_a_redriven_reminder_that_may_have_arrived_is_not_sent_again(harness: Harness) -> None:
    await given_dead(harness, "remember")
    ((number, letter),) = harness.database.tables.letters.items()
    envelope = letter.envelope.replace(b'"reply"', f'"{MessageClass.REMINDER}"'.encode())
    harness.database.tables.letters[number] = evolve(letter, envelope=envelope, repeat=True)
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == []
    (row,) = await harness.audit(outcome="ambiguous")
    assert row.reason == "whether the reminder was delivered is unknown; it is not repeated in its window"
    await then_all_is_done(harness)


async def test_bytes_that_are_no_event_come_back_when_they_are_redriven(harness: Harness) -> None:
    event = await when_owed(harness, "forged", 7)
    row = harness.database.tables.outbox[("sender", event.event_id)]
    row.head = evolve(row.head, envelope=b'{"payload": {}}')
    await harness.settle()
    (first,) = await harness.dead_letters()
    await harness.redrive()
    await when_time_passes(harness, 5)
    (second,) = await harness.dead_letters()
    assert (second.reasons, second.envelope) == (first.reasons, first.envelope)
    assert second.letter_id > first.letter_id
    assert dict(await outcomes(harness, event_id=event.event_id)) == {"rejected": 2, "redriven": 1}


async def test_what_is_discarded_is_never_done_and_the_audit_keeps_why(harness: Harness) -> None:
    await given_dead(harness, "gone")
    (letter,) = await harness.dead_letters()
    await harness.discard(letter.letter_id, why="nobody needs it")
    await harness.redrive(letter.letter_id)
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == []
    (row,) = await harness.audit(outcome="discarded")
    assert (row.event_id, row.reason) == (letter.event_id, "nobody needs it")
    assert (await sends(harness))["processed"] == 2, "the greetings"
    await then_all_is_done(harness)

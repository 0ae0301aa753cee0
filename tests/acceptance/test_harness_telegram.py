"""Every fault of Telegram, in memory: what is repeated, what is not, and who waits for whom."""

from collections.abc import Mapping

import pytest

from adapters.botworld import FaultKind, RateLimits
from application.ports import Telegram
from application.settling import CHATS_WAITING_FOR_BOT
from domain.events.telegram import Entity, TelegramEdit
from entrypoints.harness import BOT_ID, BOT_NAME, Harness
from tests.acceptance.business import (
    given_fault,
    given_refusal,
    outcomes,
    sends,
    then_all_is_done,
    then_streams_are_empty,
    when_owed,
    when_reminded,
    when_time_passes,
)

REPEAT = "\n\n(may be a repeat)"
TOO_MANY = "Too Many Requests: retry after"


@pytest.fixture
async def harness() -> Harness:
    """A harness whose chats 7, 8 and 9 have talked to the bot."""
    made = Harness()
    for chat in (7, 8, 9):
        await made.say(chat, chat, "/start")
    return made


def texts(harness: Harness, chat: int) -> list[str]:
    """Return what reached the chat after the greeting."""
    return harness.texts(chat)[1:]


# 429


async def test_a_chat_that_is_told_to_wait_waits_in_full_and_alone(harness: Harness) -> None:
    given_refusal(harness, 429, f"{TOO_MANY} 300", retry_after_s=300, chat_id=7)
    assert await harness.say(7, 7, "slow") == []
    assert await harness.say(8, 8, "quick") == ["quick"]
    assert await harness.say(7, 7, "behind") == [], "nothing of that chat goes before its turn"
    await when_time_passes(harness, 298)
    assert texts(harness, 7) == []
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == ["slow", "behind"]
    assert harness.world.record.total["sendMessage"] == 3 + 1 + 1 + 2, "it was not asked again in between"
    assert (await sends(harness))["retried"] == 1
    await then_all_is_done(harness)


async def test_waiting_as_told_counts_as_no_attempt(harness: Harness) -> None:
    given_refusal(harness, 429, f"{TOO_MANY} 2", retry_after_s=2, chat_id=7, count=20)
    await harness.say(7, 7, "patient")
    await when_time_passes(harness, 120)
    assert texts(harness, 7) == ["patient"]
    await then_all_is_done(harness)


@pytest.mark.parametrize("lifted", [True, False])
async def test_when_several_chats_are_told_to_wait_the_whole_bot_does(lifted: bool) -> None:
    limits = {} if lifted else {"rate_bot_per_s": 30, "rate_chat_per_s": 1.0, "rate_group_per_min": 20}
    harness = Harness(**limits)
    limited = range(10, 10 + CHATS_WAITING_FOR_BOT)
    for chat in (9, *limited):
        await harness.say(chat, chat, "/start")
    await when_time_passes(harness, 10)
    for chat in limited:
        given_refusal(harness, 429, f"{TOO_MANY} {chat * 3}", retry_after_s=chat * 3, chat_id=chat)
        harness.world.say(chat, chat, "limited")
    await harness.settle()
    assert await harness.say(9, 9, "another") == []
    await when_time_passes(harness, 28)
    assert texts(harness, 9) == [], "until the first of them may be asked again"
    await when_time_passes(harness, 40)
    assert texts(harness, 9) == ["another"]
    assert all(texts(harness, chat) == ["limited"] for chat in limited)
    await then_all_is_done(harness)


# Refusals


@pytest.mark.parametrize(
    ("kind", "code"), [(FaultKind.REFUSE, 500), (FaultKind.GATEWAY, 502), (FaultKind.GATEWAY, 504)]
)
async def test_a_server_error_is_retried_in_the_chats_order(
    harness: Harness, kind: FaultKind, code: int
) -> None:
    given_fault(harness, kind, code=code, chat_id=7, count=2)
    assert await harness.say(7, 7, "first") == []
    assert await harness.say(7, 7, "second") == []
    assert await harness.say(8, 8, "other") == ["other"]
    await when_time_passes(harness, 10)
    assert texts(harness, 7) == ["first", "second"]
    assert (await sends(harness))["retried"] == 2
    await then_all_is_done(harness)


async def test_an_error_that_stays_ends_as_a_dead_letter_and_the_chat_goes_on(harness: Harness) -> None:
    given_fault(harness, FaultKind.REFUSE, chat_id=7, count=harness.settings.attempts_max)
    await harness.say(7, 7, "doomed")
    await harness.say(7, 7, "next")
    await when_time_passes(harness, 120)
    assert texts(harness, 7) == ["next"]
    (letter,) = await harness.dead_letters()
    assert letter.reasons[0].startswith("6 attempts failed, the last one: Telegram: 500")
    assert await sends(harness) == {"processed": 4, "retried": 5, "dead_lettered": 1}
    await then_streams_are_empty(harness)


async def test_a_bad_request_is_a_dead_letter_at_once(harness: Harness) -> None:
    given_refusal(harness, 400, "Bad Request: chat not found")
    await harness.say(7, 7, "doomed")
    assert await harness.say(7, 7, "next") == ["next"]
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("Telegram: 400 Bad Request: chat not found",)
    assert letter.target == "sender"


async def test_a_text_that_telegram_cannot_parse_is_sent_once_more_as_plain_text(harness: Harness) -> None:
    given_refusal(harness, 400, "Bad Request: can't parse entities: Can't find end")
    await when_owed(harness, "bold text", 7, entities=(Entity("bold", 0, 4),))
    await harness.settle()
    assert texts(harness, 7) == ["bold text"]
    assert "entities" not in harness.world.record.of_chat(7)[-1].params
    await then_all_is_done(harness)


async def test_a_plain_text_that_is_refused_too_is_not_tried_for_ever(harness: Harness) -> None:
    given_refusal(harness, 400, "Bad Request: can't parse entities: Can't find end", count=2)
    await when_owed(harness, "bold text", 7, entities=(Entity("bold", 0, 4),))
    await when_time_passes(harness, 5)
    assert texts(harness, 7) == []
    assert len(await harness.dead_letters()) == 1


async def test_a_chat_that_blocked_the_bot_is_unreachable_and_its_message_a_dead_letter(
    harness: Harness,
) -> None:
    harness.world.block(7)
    await when_owed(harness, "hello?", 7)
    await harness.settle()
    assert list(harness.database.tables.unreachable) == [(BOT_ID, 7)]
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("Telegram: 403 Forbidden: bot was blocked by the user",)


async def test_a_token_that_telegram_does_not_know_loses_nothing(harness: Harness) -> None:
    given_refusal(harness, 401, "Unauthorized", count=3)
    assert await harness.say(7, 7, "hello") == []
    await when_time_passes(harness, 120)
    assert texts(harness, 7) == ["hello"]
    await then_all_is_done(harness)


# No request, no answer


async def test_a_request_that_did_not_leave_is_plainly_retried(harness: Harness) -> None:
    given_fault(harness, FaultKind.NOT_SENT, count=3)
    assert await harness.say(7, 7, "hello") == []
    await when_time_passes(harness, 30)
    assert texts(harness, 7) == ["hello"]
    assert await sends(harness) == {"processed": 4, "retried": 3}
    await then_all_is_done(harness)


@pytest.mark.parametrize(
    ("kind", "arrived"),
    [
        (FaultKind.RESET_AFTER, ["hello"]),
        (FaultKind.HANG_AFTER, ["hello"]),
        (FaultKind.RESET_BEFORE, []),
        (FaultKind.HANG_BEFORE, []),
    ],
)
async def test_a_reply_whose_answer_never_came_is_repeated_and_says_so(
    harness: Harness, kind: FaultKind, arrived: list[str]
) -> None:
    given_fault(harness, kind, chat_id=7)
    await harness.say(7, 7, "hello")
    assert await harness.say(8, 8, "other") == ["other"]
    await when_time_passes(harness, 60)
    assert texts(harness, 7) == [*arrived, "hello" + REPEAT]
    counted = await sends(harness)
    assert counted["ambiguous"] == 1, "one row for the one call of which nobody knows"
    assert (await harness.audit(event_type="telegram.delivered"))[-1].outcome.value == "accepted"
    await then_all_is_done(harness)


async def test_each_call_of_which_nobody_knows_has_its_row_and_their_number_is_bounded(
    harness: Harness,
) -> None:
    given_fault(harness, FaultKind.RESET_AFTER, chat_id=7, count=None)
    await harness.say(7, 7, "hello")
    await when_time_passes(harness, 600)
    assert texts(harness, 7) == ["hello"] + ["hello" + REPEAT] * 5
    assert (await sends(harness))["ambiguous"] == 6
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 calls were made and whether one took effect is unknown",)
    harness.world.faults.clear()
    assert await harness.say(7, 7, "next") == ["next"], "the chat goes on, and this is no repeat"


async def test_after_an_ambiguous_call_a_plain_retry_still_says_that_it_may_be_a_repeat(
    harness: Harness,
) -> None:
    given_fault(harness, FaultKind.RESET_AFTER)
    given_fault(harness, FaultKind.REFUSE, code=500)
    await harness.say(7, 7, "hello")
    await when_time_passes(harness, 30)
    assert texts(harness, 7) == ["hello", "hello" + REPEAT]
    assert (await sends(harness))["ambiguous"] == 1
    await then_all_is_done(harness)


async def test_a_reminder_of_which_nobody_knows_is_not_repeated(harness: Harness) -> None:
    given_fault(harness, FaultKind.RESET_BEFORE, chat_id=7)
    await when_reminded(harness, "water the plants", 7)
    await harness.settle()
    await when_time_passes(harness, 60)
    assert texts(harness, 7) == []
    counted = await sends(harness)
    assert counted["ambiguous"] == 1
    assert await harness.say(7, 7, "next") == ["next"]
    await then_all_is_done(harness)


async def test_an_edit_is_repeated_without_a_word_since_a_second_one_changes_nothing(
    harness: Harness,
) -> None:
    sent = await when_owed(harness, "working", 7)
    await harness.settle()
    given_fault(harness, FaultKind.RESET_AFTER, method="editMessageText")
    edit = TelegramEdit(bot_id=BOT_ID, chat_id=7, delivery_key=sent.idempotency_key, text="done")
    await harness.owe(edit, "edit:1")
    await harness.settle()
    await when_time_passes(harness, 30)
    assert texts(harness, 7) == ["working", "done"], "the second was not modified, which is a success"
    assert (await outcomes(harness, event_type="telegram.edit", consumer="sender"))["ambiguous"] == 1
    await then_all_is_done(harness)


async def test_a_slow_chat_holds_up_no_other(harness: Harness) -> None:
    given_fault(harness, FaultKind.SLOW, chat_id=7, delay_s=10.0)
    await harness.say(7, 7, "slow")
    assert texts(harness, 7) == []
    assert await harness.say(8, 8, "quick") == ["quick"]
    await harness.say(7, 7, "behind")
    await when_time_passes(harness, 11)
    assert texts(harness, 7) == ["slow", "behind"]
    assert harness.world.record.in_flight_peak_of_chat[7] == 1
    await then_all_is_done(harness)


class Faulty:
    """A Telegram whose client fails once in a way that no port allows."""

    def __init__(self, good: Telegram) -> None:
        self._good = good
        self._left = 1

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        if self._left:
            self._left -= 1
            raise ZeroDivisionError
        return await self._good.call(method, params, timeout_s)


async def test_a_fault_of_our_own_in_a_call_holds_its_chat_up_for_a_while_and_no_other(
    harness: Harness,
) -> None:
    deliverer = harness.sendings[0].deliverer
    deliverer.telegram = Faulty(deliverer.telegram)
    await harness.say(7, 7, "hello")
    assert await harness.say(8, 8, "other") == ["other"]
    await when_time_passes(harness, 30)
    assert texts(harness, 7) == ["hello" + REPEAT]
    await then_all_is_done(harness)


# Rates


async def test_telegrams_own_limits_are_never_reached() -> None:
    harness = Harness(rate_bot_per_s=30, rate_chat_per_s=1.0, rate_group_per_min=20)
    harness.world.limit_rates(RateLimits())
    harness.world.add_group(-5)
    for n in range(20):
        harness.world.say(7, 7, f"private {n}")
        harness.world.say(-5, 8, f"@{BOT_NAME} group {n}")
    await harness.settle()
    await when_time_passes(harness, 120)
    assert harness.texts(7) == [f"private {n}" for n in range(20)]
    assert harness.texts(-5) == [f"@{BOT_NAME} group {n}" for n in range(20)]
    assert harness.world.record.refused == {}
    times = [effect.received_at for effect in harness.world.record.of_chat(-5, method="sendMessage")]
    assert all(sum(start <= at < start + 60 for at in times) <= 20 for start in times)
    await then_all_is_done(harness)


async def test_a_chat_over_its_limit_waits_and_no_other_does() -> None:
    harness = Harness(rate_chat_per_s=1.0, rate_chat_burst=2)
    for n in range(5):
        harness.world.say(7, 7, f"flood {n}")
    harness.world.say(8, 8, "calm")
    await harness.settle()
    assert len(harness.texts(7)) == 2
    assert harness.texts(8) == ["calm"]
    await when_time_passes(harness, 5)
    assert harness.texts(7) == [f"flood {n}" for n in range(5)]
    assert (await sends(harness))["retried"] == 0, "waiting is no attempt"


async def test_bulk_messages_never_stand_before_a_reply() -> None:
    harness = Harness(rate_bot_per_s=30)
    for chat in range(10, 210):
        await harness.say(chat, chat, "/start")
        if chat % 5 == 0:
            await when_time_passes(harness, 1)
    for chat in range(10, 210):
        await when_reminded(harness, "reminder", chat)
    assert await harness.say(7, 7, "me first") == ["me first"]
    await when_time_passes(harness, 15, step_s=0.2)
    assert all(harness.texts(chat)[-1] == "reminder" for chat in range(10, 210))


async def test_a_reply_and_a_reminder_for_one_chat_are_never_in_flight_together(harness: Harness) -> None:
    given_fault(harness, FaultKind.SLOW, chat_id=7, delay_s=5.0, count=2)
    await when_reminded(harness, "reminder", 7)
    await harness.settle()
    await harness.say(7, 7, "reply")
    await when_time_passes(harness, 20)
    assert sorted(texts(harness, 7)) == ["reminder", "reply"]
    assert harness.world.record.in_flight_peak_of_chat[7] == 1
    await then_all_is_done(harness)

"""The rules of the business in memory: who gets which answer, once, in order, and what is kept.

Faults are in ``test_harness_telegram`` (Telegram's) and ``test_harness_faults`` (ours).
"""

import pytest

from application.brain import reply
from application.facts import Facts
from domain.commands.table import COMMANDS
from domain.decisions import Decision, Emit
from domain.envelope import Event
from domain.events.telegram import Button, MessageReceived, TelegramEdit, TelegramSend
from domain.text import utf16_length
from entrypoints.harness import BOT_ID, BOT_NAME, Harness
from tests.acceptance.business import (
    ADMIN,
    given_handler,
    outcomes,
    sends,
    then_all_is_done,
    when_owed,
    when_time_passes,
)
from tests.unit.given import an_update

GROUP = -1005


@pytest.fixture
def harness() -> Harness:
    return Harness(admins=[ADMIN])


def message_of(event: Event) -> MessageReceived:
    assert isinstance(event.payload, MessageReceived)
    return event.payload


# Answers


async def test_a_message_is_answered_once_and_every_step_of_it_is_audited(harness: Harness) -> None:
    assert await harness.say(7, 7, "hello") == ["hello"]
    rows = await harness.audit()
    assert [(row.source, row.event_type, row.outcome.value) for row in rows] == [
        ("gateway", "message.received", "accepted"),
        ("gateway", "message.received", "processed"),
        ("brain", "telegram.send", "processed"),
        ("sender", "telegram.delivered", "accepted"),
    ]
    assert len({row.trace_id for row in rows}) == 1
    assert {row.scope for row in rows} == {f"{BOT_ID}:u7"}
    assert [row.cause for row in rows] == [None, None, rows[0].event_id, rows[2].event_id]
    await then_all_is_done(harness)


async def test_no_audit_row_holds_the_text_of_a_message(harness: Harness) -> None:
    await harness.say(7, 7, "a-private-word")
    await harness.say(7, 7, "/a-private-word")
    assert "a-private-word" not in repr(await harness.audit())


async def test_messages_of_a_chat_are_answered_in_their_order_and_chats_apart(harness: Harness) -> None:
    for n in range(30):
        harness.world.say(7 + n % 3, 7 + n % 3, f"message {n}")
    await harness.settle()
    for chat in (7, 8, 9):
        assert harness.texts(chat) == [f"message {n}" for n in range(30) if 7 + n % 3 == chat]
    await then_all_is_done(harness)


async def test_every_update_delivered_three_times_takes_effect_once(harness: Harness) -> None:
    await harness.say(7, 7, "/start")
    updates = [an_update(update=n, text=f"message {n}") for n in range(100, 110)]
    for batch in (updates[:5], updates[:5] * 2, updates[5:], updates[5:], updates[5:][::-1]):
        await harness.gateway.accept(batch)
        await harness.settle()
    assert harness.texts(7)[1:] == [f"message {n}" for n in range(100, 110)]
    assert await outcomes(harness, consumer="gateway") == {"accepted": 11, "duplicate": 20}
    await then_all_is_done(harness)


async def test_a_long_text_comes_in_parts_in_order_and_only_the_first_answers(harness: Harness) -> None:
    text = "\n\n".join(f"paragraph {n} " + "word " * 60 for n in range(40))
    button = Button("More", "more")

    def tell_all(event: Event, facts: Facts) -> Decision:
        message = message_of(event)
        send = TelegramSend(
            bot_id=BOT_ID, chat_id=message.chat_id, text=text, buttons=((button,),),
            reply_to_message_id=message.message_id,
        )  # fmt: skip
        return Decision(events=(Emit("reply", send),))

    given_handler(harness, tell_all)
    parts = await harness.say(7, GROUP, f"@{BOT_NAME} tell me all")
    assert len(parts) > 2
    assert all(utf16_length(part) <= 4096 for part in parts)
    assert " ".join(parts).split() == text.split()
    effects = harness.world.record.of_chat(GROUP)
    assert ["reply_parameters" in effect.params for effect in effects] == [True] + [False] * (len(parts) - 1)
    assert ["reply_markup" in effect.params for effect in effects] == [False] * (len(parts) - 1) + [True]
    keys = [
        row.idempotency_key for row in await harness.audit(event_type="telegram.send", outcome="processed")
    ]
    assert len(set(keys)) == len(parts)
    await then_all_is_done(harness)


async def test_a_group_is_answered_in_its_topic_as_a_reply(harness: Harness) -> None:
    harness.world.add_group(GROUP, is_forum=True)
    await harness.say(7, GROUP, f"@{BOT_NAME} in a topic", thread_id=5)
    await harness.say(7, GROUP, f"@{BOT_NAME} in general")
    topic, general = (effect.params for effect in harness.world.record.of_chat(GROUP))
    assert topic["message_thread_id"] == 5
    assert topic["reply_parameters"]["message_id"] > 0
    assert "message_thread_id" not in general
    assert "reply_parameters" not in (await last_params(harness, 7, "hello"))


async def last_params(harness: Harness, chat: int, text: str) -> dict[str, object]:
    await harness.say(chat, chat, text)
    return dict(harness.world.record.of_chat(chat)[-1].params)


async def test_what_is_not_answered_is_audited_with_its_reason(harness: Harness) -> None:
    await harness.say(7, 7, "first")
    harness.world.say(7, 7, None, extra={"sticker": {"emoji": "x"}})
    harness.world.say(GROUP, 7, "/status@another_bot")
    harness.world.block(7)
    await harness.settle()
    assert harness.texts(7) == ["first"]
    reasons = {row.reason for row in await harness.audit(outcome="ignored")}
    assert reasons == {
        "sticker without text",
        "a command for another bot",
    }
    await then_all_is_done(harness)


async def test_the_press_of_a_button_is_answered(harness: Harness) -> None:
    await harness.say(7, 7, "/start")
    await when_owed(harness, "choose", 7, buttons=((Button("Yes", "y"),),))
    await harness.settle()
    shown = harness.world.record.of_chat(7)[-1].message_id
    assert await harness.press(7, 7, shown or 0, "y") == ["This button does nothing any more."]
    assert harness.world.record.of_chat(7)[-1].method == "answerCallbackQuery"
    await then_all_is_done(harness)


# Commands


async def test_help_names_every_command_and_unknown_ones_are_told(harness: Harness) -> None:
    (text,) = await harness.say(7, 7, "/help")
    assert [line.split()[0] for line in text.splitlines()[1:]] == [f"/{name}" for name in COMMANDS]
    (text,) = await harness.say(7, 7, "/nonsense with words")
    assert text.startswith("I do not know /nonsense.")


async def test_start_greets_each_scope_once(harness: Harness) -> None:
    (first,) = await harness.say(7, 7, "/start")
    (again,) = await harness.say(7, 7, "/START")
    (other,) = await harness.say(8, 8, "/start")
    (group,) = await harness.say(7, GROUP, "/start@openclaw_bot")
    (group_again,) = await harness.say(8, GROUP, "/start")
    assert first == other == group != again == group_again


async def test_the_mode_is_for_admins_to_set_and_for_all_to_see(harness: Harness) -> None:
    assert (await harness.say(7, 7, "/api"))[0].startswith("API mode: auto")
    assert (await harness.say(7, 7, "/api kimi"))[0].startswith("Only admins")
    assert (await harness.say(ADMIN, ADMIN, "/api nonsense"))[0].startswith("That is not an API mode")
    assert (await harness.say(7, 7, "/api"))[0].startswith("API mode: auto")
    assert await harness.say(ADMIN, ADMIN, "/api kimi") == ["API mode is now kimi."]
    assert (await harness.say(7, 7, "/api"))[0].startswith("API mode: kimi")


async def test_who_writes_in_the_name_of_a_group_is_no_admin(harness: Harness) -> None:
    harness.world.add_group(GROUP)
    assert (await harness.say(ADMIN, GROUP, "/api kimi", anonymous=True))[0].startswith("Only admins")
    assert await harness.say(ADMIN, GROUP, "/api kimi") == ["API mode is now kimi."]


async def test_the_mode_survives_a_flush_of_redis_and_a_restart(harness: Harness) -> None:
    await harness.say(ADMIN, ADMIN, "/api openai")
    harness.redis.wipe()
    assert (await harness.say(7, 7, "/api"))[0].startswith("API mode: openai")
    assert harness.redis.get("openclaw:api_mode") == b"openai", "and stands in Redis again"
    harness.redis.wipe()
    harness.restart()
    assert (await harness.say(7, 7, "/status"))[0].splitlines()[1] == "mode: openai"


async def test_a_mode_chosen_while_redis_is_away_takes_effect_later(harness: Harness) -> None:
    await harness.say(ADMIN, ADMIN, "/api custom")
    harness.redis.down = True
    assert await harness.say(ADMIN, ADMIN, "/api kimi") == ["API mode is now kimi."]
    assert (await harness.say(7, 7, "/api"))[0].startswith("API mode: kimi"), "from what is committed"
    harness.redis.down = False
    assert harness.brain.chore is not None
    await harness.brain.chore()
    assert harness.redis.get("openclaw:api_mode") == b"kimi"


async def test_the_status_tells_what_is_owed_and_dead_beside_itself(harness: Harness) -> None:
    lines = (await harness.say(7, 7, "/status"))[0].splitlines()
    assert lines[1:] == [
        "mode: auto",
        "provider: none",
        "fallbacks: 0",
        "last provider error: none",
        "services: none",
        "backlog: none",
        "dead letters: 0",
    ]
    await harness.liveness.announce("brain", "one", "0.1.0")
    await when_owed(harness, "later", 8, bulk=True)
    harness.world.say(7, 7, "/status")
    await harness.take_in()
    await harness.brain.step()
    await harness.settle()
    text = harness.texts(7)[-1]
    assert "services:\n  brain one: 0.1.0, up 0s, seen 0s ago" in text
    assert "backlog:\n  sender-bulk: 1" in text


# Edits


async def test_an_edit_finds_its_message_by_the_key_of_its_delivery(harness: Harness) -> None:
    await harness.say(7, 7, "/start")
    sent = await when_owed(harness, "working on it", 7)
    edit = TelegramEdit(bot_id=BOT_ID, chat_id=7, delivery_key=sent.idempotency_key, text="done")
    await harness.owe(edit, "edit:1")
    await harness.settle()
    first, second = harness.world.record.of_chat(7)[-2:]
    assert (first.text, second.text) == ("working on it", "done"), "and never before its message"
    assert first.message_id == second.message_id
    await harness.owe(edit, "edit:2")
    await harness.settle()
    assert (await outcomes(harness, event_type="telegram.edit", consumer="sender")) == {"processed": 2}
    await then_all_is_done(harness)


async def test_an_edit_of_a_message_that_was_never_delivered_is_a_dead_letter(harness: Harness) -> None:
    await harness.say(7, 7, "/start")
    await harness.owe(TelegramEdit(bot_id=BOT_ID, chat_id=7, delivery_key="nothing", text="done"), "edit:1")
    await harness.settle()
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("the message it edits was never delivered",)


# Groups that move


async def test_what_belongs_to_a_group_follows_it_when_it_becomes_a_supergroup(harness: Harness) -> None:
    harness.world.add_group(-5, kind="group")
    await harness.say(7, -5, "/start")
    harness.world.migrate(-5, GROUP)
    await harness.settle()
    assert (await harness.say(7, GROUP, "/start"))[0].startswith("Welcome back")
    assert (await outcomes(harness, event_type="chat.migrated"))["processed"] == 1


async def test_a_message_to_a_group_that_moved_is_sent_where_it_is_now(harness: Harness) -> None:
    harness.world.add_group(-5, kind="group")
    await harness.say(7, -5, "/start")
    harness.world.migrate(-5, GROUP)
    await when_owed(harness, "late news", -5)
    await harness.settle()
    assert harness.texts(GROUP) == ["late news"]
    assert harness.database.tables.moved == {(BOT_ID, -5): GROUP}
    assert (await harness.say(7, GROUP, "/start"))[0].startswith("Welcome back")
    await then_all_is_done(harness)


# Delays


async def test_an_event_with_a_delay_waits_for_its_time(harness: Harness) -> None:
    def later(event: Event, facts: Facts) -> Decision:
        (emit,) = reply(message_of(event), "later").events
        return Decision(events=(Emit(emit.name, emit.payload, delay_s=60.0),))

    given_handler(harness, later)
    assert await harness.say(7, 7, "remind me") == []
    await when_time_passes(harness, 59)
    assert harness.texts(7) == []
    await when_time_passes(harness, 3)
    assert harness.texts(7) == ["later"]
    assert await sends(harness) == {"processed": 1}

"""The brain's steps: who is answered and how."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from application.brain import HANDLERS, LATE_S, on_callback, on_message, on_migrated
from application.corrections import acts
from application.facts import Door, Facts
from application.messages import render
from application.notices import LANGUAGE
from domain.access import AccessMode, Policy
from domain.catalogue import CATALOGUE
from domain.decisions import AddTask, Decision, MoveData, Outcome, PutSetting, SetApiMode
from domain.events.telegram import (
    CallbackReceived,
    ChatMigrated,
    ChatType,
    MessageKind,
    TelegramAnswer,
    TelegramSend,
)
from domain.runtime_state import Mode
from tests.calendars import SmallCalendar
from tests.unit.given import BOT, NOON, AsItIs, a_message, event_of

ADMIN, STRANGER = 1, 7
FACTS = Facts(AsItIs(), Door(Policy(AccessMode.OPEN, admins=frozenset({ADMIN}))))


def sent(decision: Decision) -> TelegramSend:
    (emit,) = decision.events
    assert isinstance(emit.payload, TelegramSend)
    return emit.payload


# Routing


def test_event_to_response() -> None:
    """Free text comes back as an echo, in the same chat and topic."""
    decision = on_message(a_message("hello"), FACTS)
    assert sent(decision) == TelegramSend(bot_id=BOT, chat_id=7, text="hello")
    assert decision.events[0].name == "reply"
    assert (decision.effects, decision.outcome) == ((), Outcome.PROCESSED)


def test_in_a_group_the_answer_is_a_reply_in_the_topic() -> None:
    answer = sent(on_message(a_message("hello", chat=-5, thread_id=3, update=9), FACTS))
    assert (answer.chat_id, answer.thread_id, answer.reply_to_message_id) == (-5, 3, 9)


@pytest.mark.parametrize("kind", [MessageKind.CHANNEL_POST, MessageKind.EDITED_CHANNEL_POST])
def test_posts_of_channels_are_not_answered_unless_they_name_the_bot(kind: MessageKind) -> None:
    decision = on_message(a_message("/status", kind=kind), FACTS)
    assert (decision.events, decision.outcome) == ((), Outcome.IGNORED)
    assert decision.reason == f"{kind.value} without a command that names the bot"


@pytest.mark.parametrize("text", [None, ""])
def test_a_message_without_text_is_ignored_with_what_it_carries(text: str | None) -> None:
    decision = on_message(a_message(text, content="sticker"), FACTS)
    assert (decision.outcome, decision.reason) == (Outcome.IGNORED, "sticker without text")


def test_an_unknown_command_is_told_by_name() -> None:
    assert sent(on_message(a_message("/Nothing at all"), FACTS)).text == render(
        "unknown_command", {"name": "nothing"}
    )


def test_a_press_is_told_that_the_button_is_stale() -> None:
    press = CallbackReceived(
        bot_id=BOT, chat_id=7, chat_type=ChatType.PRIVATE, user_id=7, callback_id="9", data="gone"
    )
    (emit,) = on_callback(event_of(press), FACTS).events
    assert emit.payload == TelegramAnswer(
        bot_id=BOT, chat_id=7, callback_id="9", text=render("stale_button", {})
    )


def test_a_group_that_moved_takes_its_data_along() -> None:
    event = event_of(ChatMigrated(bot_id=BOT, chat_id=-5, new_chat_id=-1005))
    assert on_migrated(event, FACTS) == Decision(effects=(MoveData(-1005),))


def test_every_type_that_is_addressed_to_the_brain_by_what_is_built_has_a_handler() -> None:
    later = {"agent.responded"}
    assert HANDLERS.keys() == {kind.name for kind in CATALOGUE.values() if kind.target == "brain"} - later


# The admins' rule


@pytest.mark.parametrize(
    ("user", "sender_chat", "allowed"),
    [
        (ADMIN, None, True),
        (STRANGER, None, False),
        (None, None, False),
        (ADMIN, -5, False),
        (1087968824, -5, False),
    ],
)
def test_only_admins_in_their_own_name_change_what_concerns_everyone(
    user: int | None, sender_chat: int | None, allowed: bool
) -> None:
    decision = on_message(a_message("/api kimi", chat=-5, user=user, sender_chat_id=sender_chat), FACTS)
    assert decision.effects == ((SetApiMode(Mode.KIMI),) if allowed else ())
    assert ("Only admins" in sent(decision).text) != allowed


def test_a_command_knows_the_settings_of_its_own_scope_only() -> None:
    facts = evolve(FACTS, settings={f"{BOT}:u8": {"greeted": "yes"}})
    assert on_message(a_message("/start"), facts).effects == (PutSetting("greeted", "yes"),)
    assert on_message(a_message("/start", chat=8, user=8), facts).effects == ()


# Groups, forwards, albums


def test_what_is_not_meant_for_the_bot_is_not_answered() -> None:
    decision = on_message(a_message("hello all", chat=-5, addressed=False), FACTS)
    assert (decision.events, decision.outcome, decision.reason) == (
        (),
        Outcome.IGNORED,
        "not meant for the bot",
    )


def test_a_command_that_is_merely_passed_on_is_not_obeyed() -> None:
    decision = on_message(a_message("/api kimi", chat=ADMIN, user=ADMIN, forwarded=True), FACTS)
    assert not acts(decision.effects)
    assert sent(decision).text == "/api kimi"


def test_of_an_album_one_part_is_answered() -> None:
    first = on_message(a_message("look", album="a1", content="photo"), FACTS)
    assert first.effects == (PutSetting("album", "a1"),)
    facts = evolve(FACTS, settings={f"{BOT}:u7": {"album": "a1"}})
    second = on_message(a_message("and this", album="a1", content="photo", update=2), facts)
    assert (second.events, second.reason) == ((), "another part of an album that was answered")
    other = on_message(a_message("new", album="a2", content="photo", update=3), facts)
    assert sent(other).text == "new"


# Messages that waited


def when_waited(text: str, seconds: float, *, facts: Facts = FACTS, **more: object) -> Decision:
    sent_at = datetime.fromisoformat(NOON) - timedelta(seconds=seconds)
    written = sent_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    now = datetime.fromisoformat(NOON).timestamp()
    return on_message(a_message(text, sent_at=written, **more), evolve(facts, now=now))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(LATE_S, "10 min"), (7_300, "2 h 2 min"), (86_400 * 3, "3 days"), (7_199, "2 h"), (5_400, "1 h 30 min")],
)
def test_the_answer_to_a_message_that_waited_says_so_and_what_it_answers(seconds: float, told: str) -> None:
    answer = sent(when_waited("hello", seconds))
    assert answer.text == f"hello\n\n{render('late', {'waited': told})}"
    assert answer.reply_to_message_id == 1


def test_a_message_that_came_in_time_is_answered_plainly() -> None:
    answer = sent(when_waited("hello", LATE_S - 1))
    assert (answer.text, answer.reply_to_message_id) == ("hello", None)


@pytest.mark.parametrize("known", [None, "", "de", "en-GB"])
@pytest.mark.parametrize("language", [None, "de"])
def test_the_language_of_an_admin_is_noted_where_it_is_another_one(
    known: str | None, language: str | None
) -> None:
    settings = {f"{BOT}:u{ADMIN}": {} if known is None else {LANGUAGE: known}}
    facts = evolve(FACTS, settings=settings)
    effects = on_message(a_message("hello", chat=ADMIN, user=ADMIN, language=language), facts).effects
    is_new = known is None or known != (language or "")
    assert effects == ((PutSetting(LANGUAGE, language or ""),) if is_new else ())


@pytest.mark.parametrize(("chat", "user"), [(7, 7), (-5, ADMIN), (ADMIN, None)])
def test_the_language_of_nobody_else_is_noted_and_none_in_groups(chat: int, user: int | None) -> None:
    assert on_message(a_message("hello", chat=chat, user=user, language="de"), FACTS).effects == ()


def test_an_old_command_takes_no_effect_on_everybody_and_says_so() -> None:
    decision = when_waited("/api kimi", 10_800, chat=ADMIN, user=ADMIN)
    assert not acts(decision.effects)
    assert sent(decision).text == render("late_command", {"waited": "3 h"})
    assert not acts(when_waited("/api", 10_800, chat=ADMIN, user=ADMIN).effects)
    assert when_waited("/start", 10_800).effects == (PutSetting("greeted", "yes"),)


def test_an_old_command_of_tasks_is_carried_out_as_of_when_it_was_written() -> None:
    decision = when_waited("/remind in 20 min tea", 10_800, facts=evolve(FACTS, calendar=SmallCalendar()))
    (made,) = [effect.task for effect in decision.effects if isinstance(effect, AddTask)]
    assert made.due_at == datetime.fromisoformat(NOON).timestamp() - 10_800 + 1_200
    assert isinstance(reply := decision.events[0].payload, TelegramSend)
    assert render("late", {"waited": "3 h"}) in reply.text


def test_an_unknown_command_of_a_group_is_left_to_other_bots_unless_it_names_this_one() -> None:
    silent = on_message(a_message("/weather", chat=-5), FACTS)
    assert (silent.events, silent.reason) == ((), "an unknown command that names no bot")
    assert "weather" in sent(on_message(a_message("/weather@openclaw_bot", chat=-5), FACTS)).text

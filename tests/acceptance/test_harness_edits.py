"""Edited messages: what is corrected, what is refused, and what the reader is told."""

import pytest

from application.brain import HANDLERS
from application.facts import Facts
from application.messages import render
from domain.access import AccessMode
from domain.decisions import Decision
from domain.envelope import Event
from domain.errors import Transient
from entrypoints.harness import BOT_NAME, Harness
from tests.acceptance.business import ADMIN, given_handler, then_all_is_done, when_time_passes

CHAT, GROUP = 7, -50


@pytest.fixture
def harness() -> Harness:
    return Harness(admins=[ADMIN])


async def when_edited(harness: Harness, chat: int, message: int, text: str) -> list[tuple[str, object]]:
    """Edit a message and return the calls that it led to, each by its method and text."""
    before = len(harness.world.record.of_chat(chat))
    harness.world.edit(chat, message, text)
    await harness.settle()
    return [(e.method, e.params.get("text")) for e in harness.world.record.of_chat(chat)[before:]]


async def test_an_edit_corrects_the_answer_that_the_message_got(harness: Harness) -> None:
    await harness.say(CHAT, CHAT, "frist")
    answer = harness.world.record.of_chat(CHAT)[-1].message_id
    assert await when_edited(harness, CHAT, 1, "first") == [("editMessageText", "first")]
    assert harness.world.record.of_chat(CHAT)[-1].params["message_id"] == answer
    assert await when_edited(harness, CHAT, 1, "/help") == [("editMessageText", render("help", {}))]
    await then_all_is_done(harness)


async def test_an_edit_that_comes_before_the_answer_was_sent_waits_for_it(harness: Harness) -> None:
    harness.world.say(CHAT, CHAT, "frist")
    harness.world.edit(CHAT, 1, "first")
    await harness.settle()
    assert [e.method for e in harness.world.record.of_chat(CHAT)] == ["sendMessage", "editMessageText"]
    await then_all_is_done(harness)


async def test_an_edited_command_takes_no_effect_and_says_so(harness: Harness) -> None:
    await harness.say(ADMIN, ADMIN, "/api nonsense")
    assert await when_edited(harness, ADMIN, 1, "/api kimi") == [("sendMessage", render("edit.not_done", {}))]
    assert "API mode: auto" in (await harness.say(ADMIN, ADMIN, "/api"))[0]


async def test_what_a_message_did_is_not_taken_back_by_editing_it(harness: Harness) -> None:
    await harness.say(ADMIN, ADMIN, "/api kimi")
    assert await when_edited(harness, ADMIN, 1, "/help") == [("sendMessage", render("edit.stays_done", {}))]
    assert "API mode: kimi" in (await harness.say(ADMIN, ADMIN, "/api"))[0]


async def test_an_answer_in_parts_is_not_corrected_and_says_so(harness: Harness) -> None:
    harness.world.say(CHAT, CHAT, "short")
    await harness.settle()
    told = [("sendMessage", render("edit.in_parts", {}))]
    await harness.say(CHAT, CHAT, "word " * 810)
    long = harness.world.record.of_chat(CHAT)[-1].message_id or 0
    parts = len(harness.world.record.of_chat(CHAT)) - 1
    assert parts == 2
    assert await when_edited(harness, CHAT, long - parts, "short again") == told
    assert await when_edited(harness, CHAT, 1, "word " * 810) == told


async def test_a_message_that_becomes_meant_for_the_bot_is_answered_then(harness: Harness) -> None:
    assert await harness.say(CHAT, GROUP, f"/help@{BOT_NAME}") != []
    assert await harness.say(CHAT, GROUP, "/helo@another_bot") == []
    calls = await when_edited(harness, GROUP, 3, f"/help@{BOT_NAME}")
    assert calls == [("sendMessage", render("help", {}))]


async def test_further_edits_correct_the_answer_that_the_first_edit_got(harness: Harness) -> None:
    assert await harness.say(CHAT, GROUP, "/helo@another_bot") == []
    calls = [await when_edited(harness, GROUP, 1, f"@{BOT_NAME} {n}") for n in range(3)]
    assert [method for each in calls for method, _ in each] == [
        "sendMessage",
        "editMessageText",
        "editMessageText",
    ]


async def test_an_edit_waits_for_the_message_that_is_tried_again(harness: Harness) -> None:
    fail_first(harness)
    harness.world.say(CHAT, CHAT, "frist")
    harness.world.edit(CHAT, 1, "first")
    await harness.settle()
    await when_time_passes(harness, 120)
    calls = [(e.method, e.params["text"]) for e in harness.world.record.of_chat(CHAT)]
    assert calls == [("sendMessage", "frist"), ("editMessageText", "first")]
    await then_all_is_done(harness)


def fail_first(harness: Harness) -> None:
    """Let the first message fail once."""
    handle, failed = HANDLERS["message.received"], []

    def fail_once(event: Event, facts: Facts) -> Decision:
        if not failed:
            failed.append(event)
            raise Transient("not yet")
        decision = handle(event, facts)
        assert isinstance(decision, Decision)
        return decision

    given_handler(harness, fail_once)


async def test_what_let_somebody_in_is_not_overwritten_by_an_edit() -> None:
    harness = Harness(access=AccessMode.PAIRING, owner=ADMIN)
    (shown,) = await harness.say(ADMIN, ADMIN, "/access invite")
    await harness.say(CHAT, CHAT, shown.splitlines()[-1])
    assert await when_edited(harness, CHAT, 1, "/help") == [("sendMessage", render("edit.stays_done", {}))]


async def test_an_edit_to_the_same_answer_changes_nothing_and_fails_nothing(harness: Harness) -> None:
    await harness.say(CHAT, CHAT, "/help")
    await when_edited(harness, CHAT, 1, "/help ")
    await then_all_is_done(harness)
    assert len(harness.texts(CHAT)) in (1, 2)


async def test_an_edit_of_whoever_is_not_let_in_is_not_answered() -> None:
    harness = Harness(access=AccessMode.ALLOWLIST)
    await harness.say(CHAT, CHAT, "hello")
    assert await when_edited(harness, CHAT, 1, "hello again") == []

"""Admins are told of dead letters, end to end in memory: once for many, again only where that says something new.

Not here: the words and the rule alone (``tests/unit/test_notices.py``), deaths (``tests/crash``).
"""

from typing import Any

import pytest

from adapters.botworld import FaultKind
from entrypoints.assembly import notices_of
from entrypoints.harness import Harness
from tests.acceptance.business import (
    given_fault,
    given_refusal,
    outcomes,
    sends,
    then_streams_are_empty,
    when_owed,
    when_time_passes,
)

OWNER, ADMIN, OTHER, PERSON = 1, 2, 3, 7
EVERY_S, GAP_S = 21_600.0, 600.0


async def given_harness(**settings: Any) -> Harness:
    """Have an owner, an admin with an app in German, an admin who never wrote to the bot, and somebody else."""
    harness = Harness(owner=OWNER, admins=[ADMIN, OTHER], **settings)
    for user in (OWNER, ADMIN, PERSON):
        language = {"from": {"id": user, "is_bot": False, "first_name": "X", "language_code": "de"}}
        await harness.say(user, user, "/start", **({"extra": language} if user == ADMIN else {}))
    return harness


@pytest.fixture
async def harness() -> Harness:
    return await given_harness()


def notices(harness: Harness, chat: int = OWNER) -> list[str]:
    """Return what was told of dead letters in a chat."""
    return [text for text in harness.texts(chat) if "openclaw dlq" in text]


def new_in(notice: str) -> int:
    """Return how many letters a notice tells of for the first time."""
    return int(notice.split("Dead letters: ")[1].split()[0])


async def when_dies(harness: Harness, *texts: str, chat: int = PERSON) -> None:
    """Let messages to a chat become dead letters, since Telegram refuses them."""
    for text in texts:
        given_refusal(harness, 400, "Bad Request: odd")
        await when_owed(harness, text, chat)
        await harness.settle()


async def test_the_admins_get_one_message_when_dead_letters_appear_and_not_one_each(harness: Harness) -> None:
    await when_dies(harness, "a", "b", "c")
    await when_time_passes(harness, 29)
    assert notices(harness) == []
    await when_dies(harness, "d")
    await when_time_passes(harness, 300)
    (told,) = notices(harness)
    assert "Dead letters: 4 new since 2025-06-15 " in told
    assert "4 × telegram.send (sender): Telegram refused it" in told
    (in_german,) = notices(harness, ADMIN)
    assert in_german.startswith("Etwas ließ sich nicht erledigen. Dead letters: 4 neu seit 2025-06-15 ")
    assert harness.texts(OTHER) == []
    assert len(harness.texts(PERSON)) == 1
    await then_streams_are_empty(harness)
    assert harness.owed == 0


async def test_each_notice_is_audited_from_its_making_to_its_delivery(harness: Harness) -> None:
    await when_dies(harness, "a")
    await when_time_passes(harness, 60)
    made = [
        row for row in await harness.audit(consumer="brain", outcome="accepted")
        if row.event_type == "telegram.send"
    ]  # fmt: skip
    assert [(row.idempotency_key, row.reason) for row in made] == [
        (f"notice:1000:1:{chat}", "tells of 1 dead letter, the last of them 1") for chat in (OWNER, ADMIN)
    ]  # fmt: skip
    assert len({row.trace_id for row in made}) == 1
    trace = await harness.audit(trace_id=made[0].trace_id)
    assert [row.outcome.value for row in trace if row.event_type == "telegram.send"].count("processed") == 2


async def test_letters_of_every_service_are_told_of_together(harness: Harness) -> None:
    await when_dies(harness, "a")
    await when_owed(harness, "x", 7, bulk=True)
    row = next(iter(harness.database.tables.outbox.values()))
    harness.database.tables.outbox[("sender-bulk", row.head.event_id)] = row
    given_refusal(harness, 403, "Forbidden: bot was blocked by the user")
    await harness.settle()
    await when_time_passes(harness, 60)
    (told,) = notices(harness)
    assert "1 × telegram.send (sender): Telegram refused it" in told
    assert "1 × telegram.send (sender-bulk): Telegram does not reach the chat" in told


async def test_while_nobody_looks_the_queue_that_grows_is_told_of_once_in_hours(harness: Harness) -> None:
    await when_dies(harness, "first")
    await when_time_passes(harness, 60)
    for n in range(20):
        await when_dies(harness, f"letter {n}")
        await when_time_passes(harness, EVERY_S / 10, step_s=EVERY_S / 40)
    assert [new_in(text) for text in notices(harness)] == [1, 10, 10]
    assert "10 new since" in notices(harness)[2]
    assert "21 in all" in notices(harness)[2]
    await when_time_passes(harness, 5 * EVERY_S, step_s=EVERY_S / 4)
    assert len(notices(harness)) == 3, "what does not grow is not told of again"


async def test_after_somebody_looked_the_next_letters_are_told_of_soon(harness: Harness) -> None:
    await when_dies(harness, "a")
    await when_time_passes(harness, 60)
    await harness.letters.seen([1])
    await when_dies(harness, "b")
    await when_time_passes(harness, 120)
    assert len(notices(harness)) == 1, "not in a row"
    await when_time_passes(harness, GAP_S, step_s=10)
    assert len(notices(harness)) == 2


async def test_what_somebody_looked_at_at_once_is_not_told_of(harness: Harness) -> None:
    await when_dies(harness, "a")
    await harness.letters.seen([1])
    await when_time_passes(harness, 2 * EVERY_S, step_s=600)
    assert notices(harness) == []


async def test_after_the_queue_was_emptied_the_next_letters_are_told_of_soon(harness: Harness) -> None:
    await when_dies(harness, "a")
    await when_time_passes(harness, 60)
    await harness.discard(why="tested")
    await when_time_passes(harness, GAP_S, step_s=10)
    assert len(notices(harness)) == 1, "that it is empty is nothing to be told of"
    await when_dies(harness, "b")
    await when_time_passes(harness, 31)
    assert len(notices(harness)) == 2
    assert "1 new" in notices(harness)[1]


async def test_a_letter_that_is_redriven_and_dies_again_is_told_of_but_not_in_a_loop(
    harness: Harness,
) -> None:
    await when_dies(harness, "a")
    for _ in range(20):
        given_refusal(harness, 400, "Bad Request: odd")
        await harness.redrive()
        await when_time_passes(harness, 60)
    assert len(notices(harness)) <= 1 + 20 * 60 / GAP_S


async def test_a_notice_that_becomes_a_dead_letter_causes_none(harness: Harness) -> None:
    await when_dies(harness, "a")
    given_refusal(harness, 403, "Forbidden: bot was blocked by the user")
    given_refusal(harness, 400, "Bad Request: odd")
    await when_time_passes(harness, 3 * EVERY_S, step_s=300)
    letters = await harness.dead_letters()
    assert len(letters) == 3
    assert [str(letter.idempotency_key)[:7] for letter in letters[1:]] == ["notice:"] * 2
    accepted = await outcomes(harness, consumer="brain", outcome="accepted")
    assert accepted["accepted"] == 2
    await when_dies(harness, "b")
    await when_time_passes(harness, EVERY_S, step_s=300)
    assert len(notices(harness, OWNER)) + len(notices(harness, ADMIN)) == 1, "who blocked the bot is skipped"


async def test_a_notice_whose_answer_is_lost_comes_again_and_says_so(harness: Harness) -> None:
    await when_dies(harness, "a")
    given_fault(harness, FaultKind.RESET_AFTER)
    await when_time_passes(harness, 120)
    told = [text.endswith("(may be a repeat)") for chat in (OWNER, ADMIN) for text in notices(harness, chat)]
    assert sorted(told) == [False, False, True]
    assert (await sends(harness))["ambiguous"] == 1


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.GATEWAY, FaultKind.RESET_BEFORE])
async def test_a_notice_outlasts_the_absence_of_telegram_that_it_is_about(
    harness: Harness, kind: FaultKind
) -> None:
    given_fault(harness, kind, code=502, description="Bad Gateway", count=None)
    for chat in (PERSON, 8, 9):
        await when_owed(harness, "a", chat)
    await when_time_passes(harness, 2 * 3600, step_s=10)
    assert notices(harness) == []
    harness.world.faults.clear()
    await when_time_passes(harness, 400, step_s=10)
    (told,) = notices(harness)
    assert "3 × telegram.send (sender): " in told
    assert len(await harness.dead_letters()) == 3
    assert harness.owed == 0


async def test_a_notice_outlasts_one_call_of_which_nobody_knows_late_in_an_absence(harness: Harness) -> None:
    given_fault(harness, FaultKind.REFUSE, code=502, description="Bad Gateway", count=None)
    await when_owed(harness, "a", PERSON)
    await when_time_passes(harness, 3600, step_s=10)
    harness.world.faults.clear()
    given_fault(harness, FaultKind.RESET_BEFORE, count=2)
    await when_time_passes(harness, 400, step_s=10)
    assert [len(notices(harness, chat)) for chat in (OWNER, ADMIN)] == [1, 1]


async def test_the_chat_of_an_admin_is_not_held_for_long_by_a_notice_of_which_nobody_knows(
    harness: Harness,
) -> None:
    given_fault(harness, FaultKind.RESET_BEFORE, count=None)
    await when_owed(harness, "a", PERSON)
    await when_time_passes(harness, 3600, step_s=10)
    harness.world.faults.clear()
    await harness.say(OWNER, OWNER, "hello")
    await when_time_passes(harness, 70, step_s=5)
    assert "hello" in harness.texts(OWNER)


async def test_between_two_looks_no_memory_is_needed(harness: Harness) -> None:
    await when_dies(harness, "a")
    for _ in range(40):
        await when_time_passes(harness, 5, step_s=5)
        harness.restart()
    assert (len(notices(harness)), len(notices(harness, ADMIN))) == (1, 1)


async def test_nobody_is_told_where_it_was_switched_off_or_there_is_nobody() -> None:
    for given in ({"notice_every_s": 0.0}, {"owner": None, "admins": ()}):
        harness = Harness(**{"owner": OWNER, **given})
        for user in (OWNER, PERSON):
            await harness.say(user, user, "/start")
        await when_dies(harness, "a")
        await when_time_passes(harness, 300)
        assert notices(harness) == notices(harness, PERSON) == []


async def test_the_same_run_says_the_same_with_the_same_ids() -> None:
    def told(harness: Harness) -> object:
        return harness.database.tables.audit, notices(harness)

    runs = []
    for _ in range(2):
        harness = await given_harness()
        await when_dies(harness, "a", "b")
        await when_time_passes(harness, 60)
        runs.append(told(harness))
    assert runs[0] == runs[1]


def test_the_settings_are_those_of_the_rule() -> None:
    rule = notices_of(Harness(notice_gather_s=5.0, notice_every_s=7.0).settings)
    assert (rule.gather_s, rule.every_s) == (5.0, 7.0)

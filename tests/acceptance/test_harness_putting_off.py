"""Tasks that are put off, by buttons and by ``/snooze``: until when, by whose clocks, and how often."""

import pytest

from entrypoints.harness import Harness, text_of
from tests.acceptance.pressing import (
    ANN,
    BEN,
    DAY_S,
    buttons,
    given_reminder,
    shown,
    when_pressed,
)
from tests.calendars import SmallCalendar


@pytest.fixture
async def harness() -> Harness:
    """A bot to whom Ann has told her zone: by her clocks it is Sunday 17:06."""
    made = Harness(calendar=SmallCalendar())
    await made.say(ANN, ANN, "/timezone Berlin")
    return made


async def test_a_second_snooze_within_the_minute_is_a_slip_of_the_finger(harness: Harness) -> None:
    message = await given_reminder(harness, "in 54 min cake")
    assert message.message_id is not None
    for _ in range(2):
        harness.world.press(ANN, ANN, message.message_id, buttons(message)["10 min"])
    await harness.settle()
    assert harness.texts(ANN).count("Put off: today 18:10") == 2
    assert [row.reason for row in await harness.audit(event_type="callback.received")][-2:] == [
        "task 1 put off", "it is put off until then already",
    ]  # fmt: skip


async def test_an_open_task_that_is_said_again_by_then_anyway_is_put_off_all_the_same(
    harness: Harness,
) -> None:
    await given_reminder(harness, "in 54 min cake")
    assert await when_pressed(harness, "1 h") == [
        "Put off: today 19:00", "Task 1: cake\n2025-06-15 18:00 (+2)\nPut off: today 19:00",
    ]  # fmt: skip


async def test_a_snooze_of_a_task_that_repeats_lasts_until_it_comes_again(harness: Harness) -> None:
    await given_reminder(harness)
    assert await harness.say(ANN, ANN, "/snooze 1 in 99 h") == [
        "It comes again before that: 1. Water the plants\nNext reminder: 2025-06-16 18:00 (+2)"
    ]
    await harness.advance(DAY_S)
    assert text_of(shown(harness)) == "⏰ Water the plants\n(task 1)\nNext: tomorrow 18:00"


async def test_a_task_without_a_time_is_put_off_by_the_clocks_of_the_chat(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/task cake")
    await harness.say(ANN, ANN, "/snooze 1")
    assert (await when_pressed(harness, "Tomorrow"))[0] == "Put off: tomorrow 09:00"
    await harness.advance(57_200)
    assert text_of(shown(harness)) == "⏰ cake\n(task 1)"


async def test_tomorrow_is_nothing_that_can_be_known_without_a_zone() -> None:
    harness = Harness(calendar=SmallCalendar())
    await harness.say(BEN, BEN, "/task cake")
    await harness.say(BEN, BEN, "/snooze 1")
    assert (await when_pressed(harness, "Tomorrow", BEN, BEN))[0].startswith("For that I need to know")
    await harness.say(BEN, BEN, "/timezone Berlin")
    question = [each for each in harness.world.record.of_chat(BEN) if "Tomorrow" in buttons(each)][-1]
    assert question.message_id is not None
    assert (await harness.press(BEN, BEN, question.message_id, buttons(question)["Tomorrow"]))[0] == (
        "Put off: tomorrow 09:00"
    )


async def test_tomorrow_is_the_next_morning(harness: Harness) -> None:
    await given_reminder(harness, "in 54 min cake")
    assert (await when_pressed(harness, "Tomorrow"))[0] == "Put off: tomorrow 09:00"

"""Tasks as people meet them in the chat: made, listed, reminded of, put off, done; alone and in groups."""

import pytest

from adapters.botworld.values import FaultKind
from domain.access import AccessMode
from domain.tasks.values import Kept, Status
from entrypoints.harness import BOT_ID, BOT_NAME, Harness, text_of
from tests.acceptance.business import given_fault, then_all_is_done
from tests.acceptance.pressing import (
    ANN,
    BEN,
    DAY_S,
    GROUP,
    HOUR_S,
    buttons,
    given_reminder,
    shown,
    when_pressed,
)
from tests.calendars import SmallCalendar

STALE = "This button does nothing any more."


@pytest.fixture
async def harness() -> Harness:
    """A bot to whom Ann has told her zone: by her clocks it is Sunday 17:06."""
    made = Harness(calendar=SmallCalendar())
    await made.say(ANN, ANN, "/timezone Berlin")
    return made


def kept(harness: Harness) -> list[Kept]:
    rows = sorted(harness.database.tables.tasks.occasions.values(), key=lambda row: row.occasion.bucket)
    return [row.occasion.kept for row in rows]


def statuses(harness: Harness) -> list[Status]:
    return [row.task.status for row in harness.database.tables.tasks.tasks.values()]


async def test_a_day_with_tasks(harness: Harness) -> None:
    assert await harness.say(ANN, ANN, "/remind in 20 min take the cake out") == [
        "Noted.\nTask 1: take the cake out\n2025-06-15 17:26 (+2)"
    ]
    await harness.say(ANN, ANN, "/task Water the plants every day 9 #home")
    await harness.say(ANN, ANN, "/task Buy milk !high")
    assert await harness.say(ANN, ANN, "/tasks") == [
        "Open tasks (3):\n3. Buy milk · !high\n1. take the cake out · today 17:26\n"
        "2. Water the plants · tomorrow 09:00 · ↻ · #home"
    ]
    await harness.advance(20 * 60)
    assert text_of(shown(harness)) == "⏰ take the cake out\n(task 1)"
    assert list(buttons(shown(harness))) == ["Done", "10 min", "1 h", "Tomorrow"]
    assert await when_pressed(harness, "10 min") == [
        "Put off: today 17:36",
        "Task 1: take the cake out\n2025-06-15 17:26 (+2)\nPut off: today 17:36",
    ]
    await harness.advance(10 * 60)
    assert text_of(shown(harness)) == "⏰ Still open: take the cake out\n(task 1)\nIt was due today 17:26."
    assert (await when_pressed(harness, "Done"))[0] == "Done."
    assert text_of(shown(harness)) == "Task 1: take the cake out\n2025-06-15 17:26 (+2)\n✓ Done"
    await harness.advance(16 * HOUR_S)
    assert text_of(shown(harness)) == (
        "⏰ Water the plants\n(task 2)\nThis is late by 37 min: it was due today 09:00.\nNext: tomorrow 09:00"
    )
    assert list(buttons(shown(harness)))[-2:] == ["Skip this one", "Stop repeating"]
    assert await harness.say(ANN, ANN, "/done 2 3") == [
        "Done for now: 2. Water the plants\nNext: tomorrow 09:00\nDone: 3. Buy milk"
    ]
    assert await harness.say(ANN, ANN, "/tasks") == [
        "Open tasks (1):\n2. Water the plants · tomorrow 09:00 · ↻ · #home"
    ]
    assert kept(harness) == [Kept.FIRED, Kept.FIRED, Kept.LATE]
    await then_all_is_done(harness)


async def test_a_reminder_has_the_key_of_its_occasion_and_the_class_of_a_reminder(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/remind in 20 min cake")
    await harness.advance(20 * 60)
    (task,) = [row.task for row in harness.database.tables.tasks.tasks.values()]
    (key,) = [key for key in harness.database.tables.deliveries if key.startswith("rem:")]
    assert key == f"rem:{task.task_id}:2025-06-15T15:26:40.000000Z"


# Presses


async def test_a_button_of_an_occurrence_that_has_passed_does_nothing(harness: Harness) -> None:
    first = await given_reminder(harness)
    await harness.advance(DAY_S)
    assert first.message_id is not None
    before = kept(harness)
    for label in ("Done", "1 h", "Skip this one", "Stop repeating"):
        assert await harness.press(ANN, ANN, first.message_id, buttons(first)[label]) == [STALE]
    assert (kept(harness), statuses(harness)) == (before, [Status.OPEN])


async def test_presses_at_the_same_moment_act_once(harness: Harness) -> None:
    message = await given_reminder(harness, "in 54 min cake")
    assert message.message_id is not None
    for label in ("Done", "Done", "1 h"):
        harness.world.press(ANN, ANN, message.message_id, buttons(message)[label])
    await harness.settle()
    texts = [text_of(effect) for effect in harness.world.record.of_chat(ANN)
             if effect.method == "answerCallbackQuery"]  # fmt: skip
    assert texts == ["Done.", "It was done already.", "It was done already."]
    for label in ("Undo", "Undo"):
        harness.world.press(ANN, ANN, message.message_id, buttons(shown(harness))[label])
    await harness.settle()
    assert statuses(harness) == [Status.OPEN]
    assert "It is open already." in harness.texts(ANN)


async def test_a_task_can_be_left_out_once_or_stop_repeating(harness: Harness) -> None:
    await given_reminder(harness)
    assert (await when_pressed(harness, "Skip this one"))[1].endswith(
        "Left out this time. Next: tomorrow 18:00"
    )
    await harness.advance(DAY_S)
    assert (await when_pressed(harness, "Stop repeating"))[1].endswith("Repeating stopped")
    assert (await when_pressed(harness, "Done"))[0] == "Done."
    assert statuses(harness) == [Status.DONE]


async def test_a_list_is_turned_and_ticked_off_in_place(harness: Harness) -> None:
    for n in range(1, 13):
        await harness.say(ANN, ANN, f"/task Task number {n}")
    await harness.say(ANN, ANN, "/tasks")
    listed = shown(harness)
    assert (await when_pressed(harness, "▶"))[1] == (
        "Open tasks (12), page 2 of 2:\n11. Task number 11\n12. Task number 12"
    )
    assert shown(harness).message_id == listed.message_id
    assert (await when_pressed(harness, "✓ 11"))[0] == "Done."
    assert text_of(shown(harness)) == (
        "Open tasks (12), page 2 of 2:\n✓ 11. Task number 11\n12. Task number 12"
    )
    assert list(buttons(shown(harness))) == ["✓ 12", "◀"]
    await when_pressed(harness, "◀")
    assert len((text_of(shown(harness)) or "").splitlines()) == 11


async def test_a_page_that_is_gone_is_not_told_as_an_empty_list(harness: Harness) -> None:
    for n in range(1, 12):
        await harness.say(ANN, ANN, f"/task Task number {n}")
    await harness.say(ANN, ANN, "/tasks")
    listed = shown(harness)
    await harness.say(ANN, ANN, "/done 1 2 3")
    assert listed.message_id is not None
    turned = await harness.press(ANN, ANN, listed.message_id, buttons(listed)["▶"])
    assert turned[1] == "Open tasks (8): there is no page 2 any more."
    assert list(buttons(shown(harness))) == ["◀"]


async def test_a_page_of_long_titles_stays_one_message(harness: Harness) -> None:
    for _ in range(10):
        harness.world.say(ANN, ANN, "/task " + "👩‍👩‍👧" * 100)
    await harness.settle()
    (listed,) = await harness.say(ANN, ANN, "/tasks")
    assert all(line.endswith("👩‍👩‍👧…") for line in listed.splitlines()[1:])


async def test_of_an_unclear_time_one_press_chooses(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/task Buy milk at 5")
    question = shown(harness)
    assert await when_pressed(harness, "2025-06-16 17:00 (+2)") == [
        "All right.", "Noted.\nTask 1: Buy milk\n2025-06-16 17:00 (+2)",
    ]  # fmt: skip
    assert shown(harness).message_id == question.message_id
    assert len(statuses(harness)) == 1


async def test_what_only_looks_like_a_time_may_be_a_part_of_the_title(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/task Look at 5 houses #home")
    assert await when_pressed(harness, "None: it is a part of the text") == [
        "All right.", "Noted.\nTask 1: Look at 5 houses\n#home",
    ]  # fmt: skip


async def test_a_question_that_was_answered_or_followed_by_another_is_stale(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/task Buy milk at 5")
    first = shown(harness)
    await harness.say(ANN, ANN, "/task Buy oat milk at 6")
    assert first.message_id is not None
    for data in buttons(first).values():
        assert await harness.press(ANN, ANN, first.message_id, data) == [
            "That question is not open any more. Send the command again if it still holds."
        ]
    assert statuses(harness) == []


async def test_the_zone_is_asked_for_once_and_then_known() -> None:
    harness = Harness(calendar=SmallCalendar())
    (asked,) = await harness.say(BEN, BEN, "/remind tomorrow 9 call mum")
    assert asked.startswith("For that I need to know the time zone here.")
    await harness.say(BEN, BEN, "/timezone Springfield")
    assert (await when_pressed(harness, "-5", BEN, BEN))[1] == (
        "The time zone here is now -5, where it is 10:06.\n\nNoted.\nTask 1: call mum\n2025-06-16 09:00 (-5)"
    )
    assert "Noted" in (await harness.say(BEN, BEN, "/remind tomorrow 10 call dad"))[0]


async def test_without_a_zone_a_time_of_day_is_none_that_passes_from_now_on() -> None:
    harness = Harness()
    assert "20 min" not in (await harness.say(BEN, BEN, "/remind 9:20 tea"))[0]
    assert (await harness.say(BEN, BEN, "/timezone +0"))[0].endswith("Mon 16 Jun 2025, 09:20 (UTC)")
    (told,) = await Harness().say(BEN, BEN, "/remind 5 min tea")
    assert told.startswith("Noted.\nTask 1: tea\nSun 15 Jun 2025, 15:12")


# Groups


async def test_in_a_group_tasks_belong_to_the_chat_and_say_who_did_what(harness: Harness) -> None:
    bot = f"@{BOT_NAME}"
    await harness.say(ANN, GROUP, f"/timezone{bot} Berlin")
    assert await harness.say(ANN, GROUP, f"/task{bot} @ben_b Buy milk in 20 min") == [
        "Noted.\nTask 1: Buy milk\n2025-06-15 17:26 (+2)\nfor ben_b\nMade by User 7"
    ]
    await harness.advance(20 * 60)
    assert text_of(shown(harness, GROUP)) == "⏰ Buy milk\n(task 1)\nfor @ben_b"
    assert (await when_pressed(harness, "Done", BEN, GROUP))[1].endswith("✓ Done by User 8")
    assert (await harness.say(ANN, GROUP, f"/tasks{bot} done")) == [
        "Done tasks (1):\n✓ 1. Buy milk · today 17:26 · for ben_b · by User 8"
    ]
    assert await harness.say(ANN, ANN, "/tasks all") == ["All tasks: none."]


async def test_a_group_reads_on_in_the_language_of_its_reminder(harness: Harness) -> None:
    harness.world.add_user(BEN, language_code="de")
    await harness.say(ANN, GROUP, "/remind in 20 min cake")
    await harness.advance(20 * 60)
    assert await when_pressed(harness, "Done", BEN, GROUP) == [
        "Erledigt.", "Task 1: cake\n2025-06-15 15:26 (UTC)\nMade by User 7\n✓ Done by User 8",
    ]  # fmt: skip


async def test_who_has_no_user_name_is_notified_by_the_reminder_and_not_by_a_list(harness: Harness) -> None:
    bot = f"@{BOT_NAME}"
    await harness.say(ANN, GROUP, f"/timezone{bot} Berlin")
    command = f"/remind{bot}"
    entities = [
        {"type": "bot_command", "offset": 0, "length": len(command)},
        # Each part of the flag takes two units.
        {
            "type": "text_mention",
            "offset": len(command) + 6,
            "length": 6,
            "user": {"id": BEN, "first_name": "Ben"},
        },
    ]
    assert await harness.say(ANN, GROUP, f"{command} 🇩🇪 Ben M. in 20 min buy 🥛", entities=entities) == [
        "Noted.\nTask 1: 🇩🇪 buy 🥛\n2025-06-15 17:26 (+2)\nfor Ben\nMade by User 7"
    ]
    await harness.advance(20 * 60)
    reminder = shown(harness, GROUP)
    assert text_of(reminder) == "⏰ 🇩🇪 buy 🥛\n(task 1)\nfor Ben"
    (entity,) = reminder.params["entities"]
    assert (entity["type"], entity["offset"], entity["length"], entity["user"]["id"]) == (
        "text_mention", 27, 3, BEN,
    )  # fmt: skip
    await harness.say(ANN, GROUP, f"/tasks{bot}")
    assert "entities" not in shown(harness, GROUP).params


async def test_only_who_was_asked_answers_a_question_in_a_group(harness: Harness) -> None:
    bot = f"@{BOT_NAME}"
    await harness.say(ANN, GROUP, f"/timezone{bot} Berlin")
    await harness.say(ANN, GROUP, f"/task{bot} Buy milk at 5")
    label = "2025-06-16 05:00 (+2)"
    assert await when_pressed(harness, label, BEN, GROUP) == [
        "Somebody else was asked. Send a command of your own."
    ]
    assert (await when_pressed(harness, label, ANN, GROUP))[0] == "All right."


async def test_a_question_to_an_anonymous_admin_is_answered_by_whoever_presses(harness: Harness) -> None:
    """A press always tells whose it is, so nobody could answer in the group's name."""
    await harness.say(ANN, GROUP, "/timezone Berlin")
    await harness.say(ANN, GROUP, "/task Buy milk at 5", anonymous=True)
    assert (await when_pressed(harness, "2025-06-16 05:00 (+2)", BEN, GROUP))[1] == (
        "Noted.\nTask 1: Buy milk\n2025-06-16 05:00 (+2)"
    )


async def test_a_button_of_a_task_of_another_chat_does_nothing(harness: Harness) -> None:
    message = await given_reminder(harness, "in 54 min cake")
    await harness.say(BEN, BEN, "/task tea")
    await harness.say(BEN, BEN, "/tasks")
    own = shown(harness, BEN)
    assert own.message_id is not None
    # As if somebody had made up the data of a press.
    box = harness.world.box(BOT_ID, harness.world.known(BEN))
    box.messages[own.message_id]["reply_markup"] = message.params["reply_markup"]
    for data in buttons(message).values():
        assert await harness.press(BEN, BEN, own.message_id, data) == [STALE]
    assert statuses(harness) == [Status.OPEN, Status.OPEN]


async def test_whoever_was_turned_away_is_told_so_and_does_nothing() -> None:
    harness = Harness(calendar=SmallCalendar(), access=AccessMode.OPEN, owner=1)
    await harness.say(ANN, ANN, "/task cake")
    await harness.say(ANN, ANN, "/tasks")
    await harness.say(1, 1, f"/access revoke {ANN}")
    assert await when_pressed(harness, "✓ 1") == ["You may not do that here."]
    assert statuses(harness) == [Status.OPEN]


# Edits


async def test_an_edited_command_about_tasks_does_nothing(harness: Harness) -> None:
    await harness.say(ANN, ANN, "hello")
    message = harness.world.say(ANN, ANN, "/tasks")
    await harness.settle()
    harness.world.edit(ANN, message.message_id, "/task Buy milk")
    await harness.settle()
    assert harness.texts(ANN)[-1] == "I do not carry out an edited command. Send it again as a new message."
    harness.world.edit(ANN, message.message_id, "/timezone Springfield")
    await harness.settle()
    harness.world.edit(ANN, message.message_id, "/timezone UTC")
    await harness.settle()
    assert harness.texts(ANN)[-1] == "I do not carry out an edited command. Send it again as a new message."
    assert harness.database.tables.settings[f"{BOT_ID}:u{ANN}", "zone"] == "+2"


# What may be missing, and who was away


async def test_after_a_reminder_that_may_be_missing_the_next_contact_says_so_once(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/remind in 20 min cake")
    given_fault(harness, FaultKind.RESET_AFTER)
    await harness.advance(20 * 60)
    for _ in range(3):
        await harness.advance(60)
    assert kept(harness) == [Kept.AMBIGUOUS]
    (answer,) = await harness.say(ANN, ANN, "hello")
    assert answer == "hello\n\nA reminder may not have reached this chat: 1. cake, today 17:26"
    assert await harness.say(ANN, ANN, "hello") == ["hello"]


async def test_a_chat_that_blocked_the_bot_is_reminded_once_it_is_back(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/remind in 20 min cake")
    await harness.say(ANN, ANN, "/escalation off")
    harness.world.block(ANN)
    await harness.settle()
    await harness.advance(20 * 60)
    await harness.advance(3 * HOUR_S)
    assert kept(harness) == [Kept.PAUSED]
    harness.world.unblock(ANN)
    await harness.settle()
    assert (text_of(shown(harness)) or "").splitlines()[-1] == "This is late by 3 h: it was due today 17:26."
    assert kept(harness) == [Kept.LATE]
    await harness.advance(DAY_S)
    assert kept(harness) == [Kept.LATE]


async def test_a_task_that_was_done_before_its_reminder_was_told_is_not_told(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/remind in 20 min cake")
    before = len(harness.texts(ANN))
    await harness.clock.advance(20 * 60)
    harness.world.say(ANN, ANN, "/done 1")
    await harness.take_in()
    await harness.scheduler.tick()
    await harness.settle()
    assert harness.texts(ANN)[before:] == ["Done: 1. cake"]
    assert kept(harness) == [Kept.SUPERSEDED]

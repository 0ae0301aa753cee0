"""Commands that make, close and change tasks: what each answers, and what it does."""

import pytest
from attrs import evolve

from domain.commands.base import Mentioned, TasksKnown, Wants
from domain.commands.table import COMMANDS
from domain.commands.timing import Pending
from domain.decisions import AddTask, KeepOccasion, PutSetting, PutTask
from domain.events.tasks import TaskCancelled, TaskCompleted, TaskCreated
from domain.tasks.policy import QUIET
from domain.tasks.values import (
    OPEN_TASKS_MAX,
    TAGS_MAX,
    TITLE_CHARS_MAX,
    Kept,
    Late,
    Occasion,
    Priority,
    Status,
    Task,
    Who,
)
from domain.wording import Said
from tests.times import DAY_S, daily
from tests.unit.task_given import ANN, FRESH, IN_GROUP, NOW, TEN, a_task, known, made, put, said, when

WAITING = Pending("00000000", "task", "Buy milk tomorrow 10", 7, by_name="Ann", asked_at=NOW)
BEN = Who(8, "Ben")

# Making


@pytest.mark.parametrize(
    ("text", "title", "at", "priority", "tags"),
    [
        ("/task Buy milk", "Buy milk", None, Priority.NORMAL, ()),
        ("/task Buy milk tomorrow 10", "Buy milk", TEN, Priority.NORMAL, ()),
        ("/task tomorrow 10 Buy milk", "Buy milk", TEN, Priority.NORMAL, ()),
        ("/task Buy milk in 20 min !high #Shop", "Buy milk", NOW + 1200, Priority.HIGH, ("shop",)),
        ("/task !low Buy #a  milk #b #a", "Buy milk", None, Priority.LOW, ("a", "b")),
        ("/task Fix #3 and call !me", "Fix #3 and call !me", None, Priority.NORMAL, ()),
        ("/task Milch kaufen !hoch", "Milch kaufen", None, Priority.HIGH, ()),
        ("/task Mail @ann_b", "Mail @ann_b", None, Priority.NORMAL, ()),
        ("/task Buy\nmilk", "Buy milk", None, Priority.NORMAL, ()),
        ("/task \u202eBuy milk", "Buy milk", None, Priority.NORMAL, ()),
        ("/task שלום *b* [x](y) 👩‍👧", "שלום *b* [x](y) 👩‍👧", None, Priority.NORMAL, ()),
        ("/remind in 20 min take the cake out", "take the cake out", NOW + 1200, Priority.NORMAL, ()),
    ],
)
def test_a_task_is_made_of_what_was_written(
    text: str, title: str, at: float | None, priority: Priority, tags: tuple[str, ...]
) -> None:
    answer = when(text)
    task = made(answer)
    assert (task.title, task.due_at, task.remind_at, task.priority, task.tags) == (
        title,
        at,
        at,
        priority,
        tags,
    )
    assert (task.task_id, task.number, task.made_by, task.created_at) == (FRESH, 4, ANN, NOW)
    assert [type(each) for each in answer.events] == [TaskCreated]
    assert answer.reason == "task 4 made"
    assert title in said(answer)


def test_what_was_understood_is_told_in_full() -> None:
    answer = when("/task Buy milk tomorrow 10 !high #shop")
    assert said(answer) == "Noted.\nTask 4: Buy milk\n2025-06-16 10:00 (+2)\n!high · #shop"
    assert said(answer, "de") == "Notiert.\nAufgabe 4: Buy milk\n2025-06-16 10:00 (+2)\n!hoch · #shop"


def test_a_rule_stands_in_the_task_with_its_zone() -> None:
    task = made(when("/task Water the plants every day 10"))
    assert (task.rule, task.zone, task.due_at) == (daily(TEN), "+2", TEN)


def test_in_a_group_a_task_is_for_who_is_named_and_says_who_made_it() -> None:
    answer = when("/task @ann_b Buy milk", ask=IN_GROUP)
    assert made(answer).assigned_to == Who(0, "@ann_b")
    assert said(answer) == "Noted.\nTask 4: Buy milk\nfor ann_b\nMade by Ann"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/task", "task.usage"),
        ("/task #tag !high", "task.usage"),
        ("/task \u200b\u2066", "task.usage"),
        ("/task \u200b tomorrow 10", "task.no_title"),
        ("/task tomorrow 10", "task.no_title"),
        ("/task " + "x" * (TITLE_CHARS_MAX + 1), "task.too_long"),
        ("/task x " + " ".join(f"#t{n}" for n in range(TAGS_MAX + 1)), "task.too_many_tags"),
        ("/task Buy milk yesterday", "time.refused"),
        ("/remind", "remind.usage"),
        ("/remind take the cake out", "remind.no_time"),
        ("/remind in 20 min", "task.no_title"),
        ("/done", "numbers.usage"),
        ("/done milk", "numbers.usage"),
        ("/cancel " + " ".join(map(str, range(1, 22))), "numbers.usage"),
        ("/edit", "edit_task.usage"),
        ("/edit 3", "edit_task.usage"),
        ("/edit milk", "edit_task.usage"),
        ("/edit 9 Buy milk", "task.unknown"),
        ("/edit 3 yesterday", "time.refused"),
        ("/snooze", "snooze.usage"),
        ("/snooze 3", "snooze.when"),
        ("/snooze 3 whenever", "snooze.no_time"),
        ("/snooze 3 tomorrow 9 or so", "snooze.no_time"),
        ("/snooze 3 every day 9", "snooze.once"),
        ("/late 3", "lines"),
        ("/late 3 never", "lines"),
        ("/why", "why.usage"),
        ("/timezone Atlantis", "zone.unknown"),
        ("/quiet all night", "quiet.usage"),
        ("/quiet 25:00-07:00", "quiet.usage"),
        ("/escalation soon", "escalation.usage"),
        ("/escalation 1h, soon", "escalation.usage"),
        ("/escalation 1m,2d,99d", "escalation.usage"),
    ],
)
def test_what_is_refused_changes_nothing_and_says_why(text: str, key: str) -> None:
    answer = when(text, known(a_task()))
    assert (answer.key, answer.effects, answer.events) == (key, (), ())
    assert said(answer) != said(answer, "de")


def test_there_is_an_end_to_open_tasks() -> None:
    full = evolve(known(), tasks=TasksKnown(open_tasks=OPEN_TASKS_MAX))
    assert (when("/task one more", full).key, when("/task one more", full).effects) == ("task.too_many", ())


# Time that cannot be taken at once


def test_without_a_zone_it_is_asked_for_and_the_command_waits() -> None:
    answer = when("/task Buy milk tomorrow 10", known(settings={}))
    (effect,) = answer.effects
    assert (answer.key, effect) == (
        "zone.needed",
        PutSetting("pending", WAITING.text, is_choice=True),
    )


def test_what_needs_no_zone_is_made_without_one() -> None:
    assert made(when("/task Buy milk in 20 min", known(settings={}))).due_at == NOW + 1200


def test_the_zone_lets_the_command_go_on_that_waited_for_it() -> None:
    waiting = {"pending": WAITING.text}
    assert COMMANDS["timezone"].wants("Berlin", waiting) == Wants(tally=True, digest=True)
    answer = when("/timezone Berlin", known(settings=waiting))
    zone, pending, task = answer.effects
    assert zone == PutSetting("zone", "+2", is_choice=True)
    assert pending == PutSetting("pending", "", is_choice=True)
    assert isinstance(task, AddTask)
    assert (task.task.title, task.task.due_at) == ("Buy milk", TEN)
    assert said(answer).startswith("The time zone here is now +2, where it is 15:00.")
    assert said(answer).endswith("Noted.\nTask 4: Buy milk\n2025-06-16 10:00 (+2)")


def test_a_command_that_waits_for_the_zone_goes_on_whoever_sets_it_and_stays_of_who_gave_it() -> None:
    waiting = {"pending": evolve(WAITING, by=8, by_name="Ben").text}
    answer = when("/timezone Berlin", known(settings=waiting), IN_GROUP)
    assert isinstance(answer.effects[-1], AddTask)
    assert answer.effects[-1].task.made_by == Who(8, "Ben")


def test_a_command_waits_for_the_zone_for_an_hour() -> None:
    waiting = {"pending": evolve(WAITING, asked_at=NOW - 3601).text}
    assert when("/timezone Berlin", known(settings=waiting)).effects == (
        PutSetting("zone", "+2", is_choice=True),
    )


def test_tasks_keep_their_zone_which_is_said_where_the_zone_changes() -> None:
    assert said(when("/timezone Berlin")) == "The time zone here is now +2, where it is 15:00."
    assert said(when("/timezone utc")).endswith("Tasks that exist keep their time zone.")


def test_several_zones_are_offered() -> None:
    answer = when("/timezone Springfield")
    assert [[each.data for each in row] for row in answer.buttons] == [["z1:-5"], ["z1:-6"]]
    assert answer.effects == ()


def test_a_place_that_is_only_named_nearly_so_is_offered_and_not_taken() -> None:
    answer = when("/timezone Berln")
    assert (answer.key, answer.effects) == ("zone.alike", ())
    assert [[each.data for each in row] for row in answer.buttons] == [["z1:+2"]]


def test_the_zone_is_shown() -> None:
    assert (
        said(when("/timezone"))
        == "The time zone here is +2, where it is 15:00. To change it: /timezone Berlin"
    )
    assert when("/timezone", known(settings={})).key == "zone.none"


def test_an_unclear_time_is_asked_about_with_a_button_for_each_answer() -> None:
    answer = when("/task Buy milk at 5 #shop")
    assert said(answer) == "Do you mean the morning or the afternoon? “at 5” can be either. Choose:"
    assert [(each.label, each.data) for (each,) in answer.buttons] == [
        ("2025-06-16 05:00 (+2)", "q1:00000000:0"),
        ("2025-06-16 17:00 (+2)", "q1:00000000:1"),
        (Said("time.none"), "q1:00000000:2"),
    ]
    (effect,) = answer.effects
    assert isinstance(effect, PutSetting)
    assert Pending.of_text(effect.value) == Pending(
        "00000000",
        "task",
        "Buy milk at 5 #shop",
        7,
        ("2025-06-16 05:00 (+2)", "2025-06-16 17:00 (+2)"),
        "Buy milk",
        by_name="Ann",
        asked_at=NOW,
    )


@pytest.mark.parametrize("text", [None, "", "{", "[]", "[1, 2]", "null", "7"])
def test_a_setting_that_holds_no_question_is_none(text: str | None) -> None:
    assert Pending.of_text(text) is None


# Closing


def test_tasks_are_done_and_each_is_told_what_became_of_it() -> None:
    told = known(a_task(3), a_task(4, "Call mum", status=Status.DONE))
    answer = when("/done 3, #4 5 3", told)
    assert said(answer).splitlines() == [
        "Done: 3. Buy milk", "It was done already: 4. Call mum", "There is no task 5 here. /tasks shows what there is.",
    ]  # fmt: skip
    task = put(answer)
    assert (task.status, task.closed_by, task.closed_at, len(answer.effects)) == (Status.DONE, ANN, NOW, 1)
    assert [type(each) for each in answer.events] == [TaskCompleted]
    assert answer.reason == "tasks 3"


def test_a_task_that_repeats_is_done_for_now_and_comes_again() -> None:
    due = NOW - 3600
    answer = when("/done 3", known(a_task(due_at=due, remind_at=NOW + 60, times_said=1, rule=daily(due))))
    assert (put(answer).status, put(answer).due_at) == (Status.OPEN, due + DAY_S)
    assert said(answer) == "Done for now: 3. Buy milk\nNext: tomorrow 14:00"


def test_a_task_is_cancelled_and_opened_again() -> None:
    answer = when("/cancel 3", known(a_task()))
    assert (put(answer).status, [type(each) for each in answer.events]) == (Status.CANCELLED, [TaskCancelled])
    again = when("/undone 3", known(put(answer)))
    assert (put(again).status, said(again)) == (Status.OPEN, "Open again.\nTask 3: Buy milk")
    assert said(when("/undone 3", known(a_task()))) == "It is open already: 3. Buy milk"
    assert said(when("/done 3", known(put(answer)))) == "It was cancelled: 3. Buy milk"


# Changing


@pytest.mark.parametrize(
    ("words", "title", "at"),
    [
        ("Buy oat milk", "Buy oat milk", None),
        ("tomorrow 10", "Buy milk", TEN),
        ("Buy oat milk tomorrow 10", "Buy oat milk", TEN),
        ("!high #shop", "Buy milk", None),
    ],
)
def test_an_edit_changes_what_it_names_and_nothing_else(words: str, title: str, at: float | None) -> None:
    task = put(when(f"/edit 3 {words}", known(a_task(tags=("old",), late=Late.SKIP))))
    assert (task.title, task.due_at, task.remind_at, task.late) == (title, at, at, Late.SKIP)
    assert task.tags[0] == "old"
    assert (task.priority is Priority.HIGH) == words.startswith("!")


@pytest.mark.parametrize("between", ["\n", "\t", ". ", ": "])
def test_what_stands_behind_a_number_is_read_however_it_is_set_apart(between: str) -> None:
    assert put(when(f"/edit 3{between}Buy oat milk", known(a_task()))).title == "Buy oat milk"


@pytest.mark.parametrize("words", ["never", "No time", "ohne  Zeit", "nie !low"])
def test_a_task_loses_its_time_and_its_rule_by_a_word(words: str) -> None:
    answer = when(f"/edit 3 {words}", known(a_task(due_at=TEN, remind_at=TEN, rule=daily(TEN))))
    task = put(answer)
    assert (task.title, task.due_at, task.remind_at, task.rule) == ("Buy milk", None, None, None)
    assert len(answer.effects) == 1
    assert said(answer).endswith("\nNo time: I do not remind of it.")
    assert said(answer, "de").endswith("\nOhne Zeit: Ich erinnere nicht daran.")


@pytest.mark.parametrize("words", ["never", "tomorrow 10"])
def test_another_time_takes_the_place_of_an_occasion_that_was_not_said_yet(words: str) -> None:
    answer = when(f"/edit 3 {words}", known(a_task(due_at=NOW - 60, remind_at=NOW + 3600)))
    kept = answer.effects[1]
    assert isinstance(kept, KeepOccasion)
    assert (kept.occasion.bucket, kept.occasion.kept) == (NOW - 60, Kept.SUPERSEDED)
    assert len(when(f"/edit 3 {words}", known(a_task(due_at=NOW - 60, times_said=1))).effects) == 1


def test_an_edit_says_for_whom_a_task_is() -> None:
    ask = evolve(IN_GROUP, mentioned=(Mentioned(BEN, 8, 8),))
    task = put(when("/edit 3 Ben Miau", known(a_task(due_at=TEN, remind_at=TEN)), ask))
    assert (task.assigned_to, task.title, task.due_at) == (BEN, "Buy milk", TEN)


def test_who_was_mentioned_is_remembered_while_something_is_asked() -> None:
    ask = evolve(IN_GROUP, mentioned=(Mentioned(BEN, 22, 8),))
    answer = when("/task Ben Miau Buy milk at 5", ask=ask)
    (effect,) = answer.effects
    assert isinstance(effect, PutSetting)
    pending = Pending.of_text(effect.value)
    assert pending is not None
    assert pending.again(IN_GROUP) == evolve(ask, args="Ben Miau Buy milk at 5")
    assert pending.rest == "Buy milk"


@pytest.mark.parametrize("words", ["in 2 h", "2 h"])
def test_a_snooze_moves_the_reminder_and_not_when_the_task_is_due(words: str) -> None:
    answer = when(f"/snooze 3 {words}", known(a_task(due_at=NOW - 60, times_said=1)))
    task = put(answer)
    assert (task.due_at, task.remind_at) == (NOW - 60, NOW + 7200)
    assert said(answer) == "Put off: 3. Buy milk\nNext reminder: 2025-06-15 17:00 (+2)"


def test_a_snooze_before_its_time_keeps_that_the_occasion_was_put_off() -> None:
    answer = when("/snooze 3 tomorrow 10", known(a_task(due_at=NOW + 60, remind_at=NOW + 60)))
    assert [type(each) for each in answer.effects] == [PutTask, KeepOccasion]


def test_a_closed_task_is_not_changed() -> None:
    for text in ("/edit 3 Buy oat milk", "/snooze 3 in 2 h", "/late 3 skip"):
        answer = when(text, known(a_task(status=Status.DONE)))
        assert (answer.key, answer.effects) == ("task.is_closed", ())


def test_late_sets_what_becomes_of_late_reminders() -> None:
    answer = when("/late 3 skip", known(a_task()))
    assert (put(answer).late, said(answer)) == (
        Late.SKIP,
        "When a reminder of task 3 is late: leave it out and say so.",
    )


def test_the_occurrence_that_has_passed_is_not_told_as_the_next_one() -> None:
    due = NOW - 3600
    overdue = a_task(due_at=due, remind_at=NOW + 60, times_said=1, rule=daily(due))
    assert said(when("/why 3", known(overdue))).splitlines()[1:4] == [
        "every day, next 2025-06-16 14:00 (+2)", "It was due today 14:00.", "Next reminder: today 15:01",
    ]  # fmt: skip


def test_late_asks_for_the_task_that_is_meant() -> None:
    assert "/late 3 skip" in said(when("/late 3", known(a_task())))
    assert "/late 3 auslassen" in said(when("/late", known()), "de")


def test_why_tells_the_ledger_in_words() -> None:
    task = a_task(due_at=NOW - DAY_S, remind_at=NOW + 3600, times_said=2)
    kept = [Occasion(task.task_id, NOW - n * 3600, each) for n, each in enumerate(Kept)]
    told = known(task)
    answer = when("/why 3", evolve(told, tasks=evolve(told.tasks, occasions=kept)))
    assert said(answer).splitlines() == [
        "Task 3: Buy milk",
        "2025-06-14 15:00 (+2)",
        "Next reminder: today 16:00",
        "today 15:00: reminded",
        "today 14:00: reminded late",
        "today 13:00: left out",
        "today 12:00: not said, since a later one or what somebody did took its place",
        "today 11:00: waits, the chat could not be reached",
        "today 10:00: may not have arrived",
    ]
    quiet = when("/why 3", evolve(told, settings={**told.settings, QUIET: "15:30-18:00"}))
    assert "Next reminder: today 18:00" in said(quiet)
    assert COMMANDS["why"].wants("3", {}) == Wants(numbers=frozenset({3}), history=True)


@pytest.mark.parametrize(
    ("task", "line"),
    [
        (a_task(status=Status.DONE, closed_by=ANN), "It was done by Ann."),
        (a_task(is_paused=True), "Its reminders wait, since this chat could not be reached."),
        (a_task(), "It has no time, so there is no reminder. To set one: /edit 3 tomorrow 9"),
        (a_task(due_at=NOW - 60, times_said=6), "No further reminder is planned."),
    ],
)
def test_why_tells_what_comes_next(task: Task, line: str) -> None:
    assert line in said(when("/why 3", known(task), IN_GROUP))

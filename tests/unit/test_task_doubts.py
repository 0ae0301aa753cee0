"""What looks like a time and is not taken: the task is made without one, and says so and how to be reminded."""

import pytest
from attrs import evolve

from adapters.calendar.recurrence import DateutilCalendar
from application.phrases import Phrases
from application.timing import Timing
from domain.commands.base import Known
from domain.commands.presses import step as press
from domain.decisions import AddTask, PutSetting, PutTask
from domain.tasks.buttons import OnOption, read
from domain.tasks.values import Task
from tests.unit.task_given import ASK, FRESH, a_task, known, made, put, said, when
from tests.unit.whens import instant

CALENDAR = Timing(Phrases(DateutilCalendar()))
NOW_S = instant("2026-11-27 10:00")
BERLIN = {"zone": "Europe/Berlin"}


def told(*tasks: Task, settings: dict[str, str] | None = None) -> Known:
    return known(*tasks, settings=BERLIN if settings is None else settings, calendar=CALENDAR, now=NOW_S)


def test_a_time_within_the_text_is_no_time_and_can_be_made_one_by_a_press() -> None:
    answer = when("/task call mom tomorrow at 5 about the car", told())
    assert said(answer) == (
        "Noted.\nTask 4: call mom tomorrow at 5 about the car\n"
        "“tomorrow at 5” within the text was not taken as a time and sets no reminder. "
        "To be reminded then: /edit 4 tomorrow at 5"
    )
    labels = [choice.label for (choice,) in answer.buttons]
    assert labels == [
        "Sat 28 Nov 2026, 05:00 (Europe/Berlin, UTC+1)",
        "Sat 28 Nov 2026, 17:00 (Europe/Berlin, UTC+1)",
    ]
    setting = answer.effects[1]
    assert isinstance(setting, PutSetting)
    task = a_task(4, "call mom tomorrow at 5 about the car", zone="UTC")
    settings = {**BERLIN, "pending": setting.value}
    data = read(answer.buttons[1][0].data)
    assert data is not None
    pressed = press(ASK, told(task, settings=settings), data)
    changed = next(each for each in pressed.effects if isinstance(each, PutTask)).task
    assert (changed.title, changed.due_at) == (task.title, instant("2026-11-28 17:00"))


@pytest.mark.parametrize(
    ("text", "told_of"),
    [
        (
            "/task read 1984 tomorrow land",
            "“tomorrow” within the text was not taken as a time and sets no reminder.",
        ),
        ("/task Monday call Bob", "“Monday” within the text was not taken as a time"),
        (
            "/task dentist wendsday",
            "I do not know the word “wendsday”, so it sets no reminder. If you mean “wednesday”",
        ),
        ("/task gym tommorw at 9", "If you mean “tomorrow at 9”: /edit 4 tomorrow at 9"),
        (
            "/task water plants every day except sunday",
            "I do not understand “every day except sunday” as a time",
        ),
        ("/task every twice daily walk dog", "I do not understand “every twice daily” as a time"),
        ("/task pay rent before friday", "I do not understand “before friday” as a time"),
    ],
)
def test_what_may_be_a_time_is_told_and_the_task_is_kept_with_its_words(text: str, told_of: str) -> None:
    answer = when(text, told())
    added = answer.effects[0]
    assert isinstance(added, AddTask)
    task = added.task
    assert (task.title, task.due_at, task.remind_at) == (text.removeprefix("/task "), None, None)
    assert told_of in said(answer)
    assert said(answer) != said(answer, "de")


@pytest.mark.parametrize(
    "text",
    [
        "/task May bank holiday notes",
        "/task say good morning to bob",
        "/task plan Christmas party",
        "/task read 5",
    ],
)
def test_of_words_that_are_in_titles_all_the_time_nothing_is_told(text: str) -> None:
    answer = when(text, told())
    assert (len(answer.effects), answer.buttons, said(answer).count("\n")) == (1, (), 1)


def test_without_a_zone_the_task_is_made_and_the_words_are_told_without_times_to_press() -> None:
    answer = when("/task buy Sunday newspaper", told(settings={}))
    assert made(answer).title == "buy Sunday newspaper"
    assert "/edit 4 Sunday" in said(answer)
    assert answer.buttons == ()


def test_beside_a_time_that_is_taken_another_that_is_certain_is_told() -> None:
    answer = when("/task Dentist 3 Dec 14:30 bring card by friday", told())
    assert "“3 Dec 14:30” stayed in the text and sets no reminder" in said(answer)
    assert "stayed" not in said(when("/task buy Sunday newspaper tomorrow", told()))


def test_a_reminder_is_asked_about_since_it_must_have_a_time() -> None:
    answer = when("/remind call mom tomorrow at 9 about the car", told())
    assert said(answer) == "“tomorrow at 9” stands within the text. Is it the time? Choose:"
    (effect,) = answer.effects
    assert isinstance(effect, PutSetting)
    pressed = press(ASK, told(settings={**BERLIN, "pending": effect.value}), OnOption(FRESH.hex[:8], 0))
    task = next(each for each in pressed.effects if isinstance(each, AddTask)).task
    assert (task.title, task.due_at) == ("call mom about the car", instant("2026-11-28 09:00"))


def test_an_edit_tells_it_as_well_and_leaves_the_time() -> None:
    timed = evolve(a_task(), due_at=NOW_S + 60, remind_at=NOW_S + 60, zone="UTC")
    answer = when("/edit 3 call mom tomorrow at 9 about the car", told(timed))
    assert put(answer).due_at == NOW_S + 60
    assert "/edit 3 tomorrow at 9" in said(answer)


@pytest.mark.parametrize(
    ("text", "title", "local"),
    [
        ("/remind me in 20 minutes to call mom", "call mom", "2026-11-27 10:20"),
        ("/remind me tomorrow at 8 that I go", "I go", "2026-11-28 08:00"),
        ("/remind 20 min tea", "tea", "2026-11-27 10:20"),
        ("/remind 2 h 10 min tea", "tea", "2026-11-27 12:10"),
        ("/remind 20 Minuten Tee", "Tee", "2026-11-27 10:20"),
        ("/remind nine thirty call", "call", "2026-11-28 09:30"),
    ],
)
def test_what_one_says_to_be_reminded_is_taken(text: str, title: str, local: str) -> None:
    (added,) = when(text, told()).effects
    assert isinstance(added, AddTask)
    assert (added.task.title, added.task.remind_at) == (title, instant(local))


@pytest.mark.parametrize(
    "text", ["/remind 25:00 foo", "/remind 12:75 foo", "/remind 2 days before christmas foo"]
)
def test_a_time_that_does_not_exist_is_no_length_of_time(text: str) -> None:
    assert not when(text, told()).effects


def test_putting_off_to_an_hour_that_comes_twice_says_which_is_meant() -> None:
    given = evolve(told(a_task(4)), now=instant("2027-10-30 12:00"))
    assert "02:30 comes twice" in said(when("/snooze 4 tomorrow 2:30", given))
    assert "twice" not in said(when("/snooze 4 tomorrow 3:30", given))

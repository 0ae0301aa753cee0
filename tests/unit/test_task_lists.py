"""Lists of tasks, what is set for a chat, and how the words of commands are taken apart."""

import pytest
from attrs import evolve

from application.messages import render
from domain.commands.base import Known, Mentioned, TasksKnown, Wants
from domain.commands.draft import draft, number_and_rest, numbers_of
from domain.commands.table import COMMANDS
from domain.commands.tasks import SIZE, List, list_of
from domain.commands.views import span
from domain.decisions import PutSetting
from domain.tasks.values import UNZONED, Page, Priority, Status, Task, Who
from tests.times import DAY_S, daily
from tests.unit.task_given import ANN, IN_GROUP, NOW, TEN, a_task, known, said, when

# Habits


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("/quiet 22:00-07:00", "quiet", "22:00-07:00"),
        ("/quiet 22:00 – 7:00", "quiet", "22:00-07:00"),
        ("/quiet 22-7", "quiet", "22:00-07:00"),
        ("/quiet off", "quiet", "off"),
        ("/quiet AUS", "quiet", "off"),
        ("/escalation off", "escalation", "off"),
        ("/escalation 1h, 4h,24h", "escalation", "3600,14400,86400"),
        ("/escalation 30 min", "escalation", "1800"),
        ("/escalation 1 hour, 2 Tage, 3 Std.", "escalation", "3600,172800,10800"),
        ("/escalation default", "escalation", "3600,14400,86400,86400,86400"),
    ],
)
def test_a_habit_is_kept_as_the_scheduler_reads_it(text: str, name: str, value: str) -> None:
    answer = when(text)
    assert answer.effects == (PutSetting(name, value, is_choice=True),)
    assert said(answer) != said(when(f"/{name}", known(settings={})))


def test_a_habit_is_shown() -> None:
    assert when("/quiet", known(settings={})).key == "quiet.none"
    assert "22:00-07:00 (+2)." in said(when("/quiet", known(settings={"quiet": "22:00-07:00", "zone": "+2"})))
    unzoned = said(when("/quiet 22-7", known(settings={})))
    assert "22:00-07:00 (UTC)." in unzoned
    assert "I do not know the time zone here." in unzoned
    shown = said(when("/escalation"))
    assert "after 1 h, 4 h, 24 h, 24 h, 24 h, each counted" in shown
    assert when("/escalation", known(settings={"escalation": "off"})).key == "escalation.off"


# Lists


@pytest.mark.parametrize(
    ("args", "shown", "page"),
    [
        ("", "open", Page()),
        ("Open", "open", Page()),
        ("erledigt", "done", Page(Status.DONE)),
        ("overdue", "overdue", Page(is_overdue=True)),
        ("all", "all", Page(None)),
        ("#Shop", "#shop", Page(tag="shop")),
        ("milk  and honey", "?milk and honey", Page(None, words="milk and honey")),
        ("#", "?#", Page(None, words="#")),
    ],
)
def test_a_list_shows_what_its_words_ask_for(args: str, shown: str, page: Page) -> None:
    assert list_of(args) == List(shown)
    assert COMMANDS["tasks"].wants(args, {}) == Wants(page=page)


def listed(*tasks: Task, total: int | None = None) -> Known:
    found = TasksKnown(page=tasks, total=len(tasks) if total is None else total)
    return evolve(known(), tasks=found)


def test_a_list_has_a_line_and_a_button_for_each_task() -> None:
    answer = when(
        "/tasks",
        listed(
            a_task(1, "Call mum", due_at=NOW - 60, priority=Priority.HIGH),
            a_task(2, "Water the plants", due_at=TEN, rule=daily(TEN), tags=("home",)),
            a_task(3, due_at=NOW + 5 * DAY_S, zone="-5"),
            a_task(5, "Tea", due_at=NOW + 3600, zone=UNZONED),
            a_task(4, "Sleep"),
        ),
    )
    assert said(answer).splitlines() == [
        "Open tasks (5):",
        "1. Call mum · today 14:59 · overdue · !high",
        "2. Water the plants · tomorrow 10:00 · ↻ · #home",
        "3. Buy milk · Fri 20 Jun 08:00 (-5)",
        "5. Tea · today 16:00",
        "4. Sleep",
    ]
    assert [[each.label for each in row] for row in answer.buttons] == [["✓ 1", "✓ 2", "✓ 3", "✓ 5", "✓ 4"]]


def test_a_long_list_has_pages() -> None:
    answer = when("/tasks", listed(*(a_task(n) for n in range(1, SIZE + 1)), total=25))
    assert said(answer).startswith("Open tasks (25), page 1 of 3:")
    assert [[each.label for each in row] for row in answer.buttons][-1] == ["▶"]
    assert answer.buttons[-1][0].data == "l1:2:open"


def test_a_list_whose_name_fits_into_no_button_shows_its_beginning() -> None:
    words = "ä" * 40
    answer = when(f"/tasks {words}", listed(*(a_task(n) for n in range(1, SIZE + 1)), total=25))
    assert (answer.key, answer.buttons) == ("tasks.beginning", ())


def test_a_group_sees_who_closed_a_task_and_for_whom_one_is() -> None:
    told = listed(a_task(status=Status.DONE, closed_by=ANN), a_task(4, assigned_to=Who(0, "@ben")))
    assert said(when("/tasks all", told, IN_GROUP)).splitlines()[1:] == [
        "✓ 3. Buy milk · by Ann", "4. Buy milk · for ben",
    ]  # fmt: skip
    assert said(when("/tasks", listed())) == "Open tasks: none. To note one: /task Buy milk"
    assert said(when("/tasks done", listed())) == "Done tasks: none."


# Small parts


def test_marks_are_told_from_words() -> None:
    found = draft("@bob_1 fix @b it !urgent #Ä-1 #2x", is_private=False)
    assert (found.text, found.priority, found.tags) == ("fix @b it #2x", Priority.HIGH, ("ä-1",))
    assert found.assigned_to == Who(0, "@bob_1")


BOB = Who(8, "Bob Miller")


@pytest.mark.parametrize(
    ("words", "from_end", "text", "who"),
    [
        ("Bob fix it", 10, "fix it", BOB),
        ("Bob: fix it", 11, "fix it", BOB),
        ("fix it, Bob", 3, "fix it,", BOB),
        ("fix Bob it #x", 9, "fix it", BOB),
        ("@anna fix Bob it", 6, "fix Bob it", Who(0, "@anna")),
        ("@anna: fix it", 99, "fix it", Who(0, "@anna")),
        ("Bob @anna fix it", 16, "@anna fix it", BOB),
    ],
)
def test_a_task_is_for_whoever_is_named_first(words: str, from_end: int, text: str, who: Who) -> None:
    found = draft(words, is_private=False, mentioned=[Mentioned(BOB, from_end, 3)])
    assert (found.text, found.assigned_to) == (text, who)
    alone = draft("Bob fix it", is_private=True, mentioned=[Mentioned(BOB, 10, 3)])
    assert (alone.text, alone.assigned_to) == ("Bob fix it", None)


@pytest.mark.parametrize(
    ("args", "numbers"),
    [("3", (3,)), ("#3 4,5", (3, 4, 5)), ("", None), ("3 x", None), ("-3", None), ("9999999999", None)],
)
def test_numbers_are_read(args: str, numbers: tuple[int, ...] | None) -> None:
    assert numbers_of(args) == numbers
    assert number_and_rest("3  new text ") == (3, "new text")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 min"), (130, "2 min"), (3600, "1 h"), (5400, "1 h 30 min"), (90_000, "25 h"), (2 * DAY_S, "2 days"),
        (3 * DAY_S + 7200, "3 days 2 h"),
    ],
)  # fmt: skip
def test_a_length_of_time_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert render("lines", {"lines": span(seconds)}) == text


@pytest.mark.parametrize("args", ["3", "#3", "3.", "3,", "3;4", "3, 4", "#3 #4", " 3\n4 "])
def test_numbers_are_taken_as_people_write_them_and_as_lists_show_them(args: str) -> None:
    assert when(f"/done {args}", known(a_task(3), a_task(4))).key == "lines"


@pytest.mark.parametrize("args", ["3 milk", "milk", "-3", "3-4", "1e3", "1234567890", ",", "٣"])
def test_what_is_no_list_of_numbers_closes_nothing(args: str) -> None:
    assert when(f"/done {args}", known(a_task(3))).key == "numbers.usage"


@pytest.mark.parametrize("text", ["/task Buy milk in 10 h", "/edit 3 in 10 h", "/snooze 3 in 10 h"])
def test_a_time_in_quiet_hours_is_told_with_when_the_reminder_comes_instead(text: str) -> None:
    quiet = {"zone": "+2", "quiet": "22:00-07:00"}
    line = "That is in the quiet hours (22:00-07:00): the reminder comes tomorrow 07:00."
    assert line in said(when(text, known(a_task(), settings=quiet)))
    assert line not in said(when(text, known(a_task())))
    assert (
        line not in said(when(text, known(a_task(priority=Priority.HIGH), settings=quiet))) or "/task" in text
    )

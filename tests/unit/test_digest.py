"""The digest of the day: when it is set, when it comes, what it says, and that nobody takes it for a task."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from adapters.calendar.recurrence import DateutilCalendar
from application.agenda import Contact
from application.brain import on_message
from application.interpreter import parts_of
from application.phrases import Phrases
from application.reminders import on_due
from application.taskfacts import wants_of
from application.timing import Timing
from domain.commands import presses
from domain.commands.base import Answer, Known, TasksKnown
from domain.commands.timing import Pending
from domain.decisions import AddTask, KeepOccasion, PutSetting, PutTask
from domain.envelope import Event, timestamp_of
from domain.events.tasks import ReminderDue, ReminderKind
from domain.events.telegram import MessageClass, TelegramSend
from domain.tasks.buttons import Action, OnTask, bucket_of
from domain.tasks.keys import instant_of, reminder_key
from domain.tasks.moves import timed
from domain.tasks.policy import HOUR_S, Policy, Quiet
from domain.tasks.rules import Saying, act
from domain.tasks.values import Kept, Occasion, Page, Priority, Status, Task
from tests.times import DAY_S, TestTimes, daily
from tests.unit.given import BOT, NOON, a_message, event_of
from tests.unit.task_given import ASK, FRESH, IN_GROUP, said, when
from tests.unit.test_reminders import ANN as SCOPE
from tests.unit.test_reminders import OPEN_TO_ALL

CALENDAR = Timing(Phrases(DateutilCalendar()))
BERLIN = "Europe/Berlin"
IN_BERLIN = {"zone": BERLIN}


def berlin(text: str) -> float:
    """Return when the clocks of Berlin show ``text``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()


# A Friday; the clocks are put back in the night to Sunday.
NOW = berlin("2026-10-23T10:00")
EIGHT = berlin("2026-10-24T08:00")


def known(digest: Task | None = None, settings: dict[str, str] | None = None) -> Known:
    return Known(
        settings=IN_BERLIN if settings is None else settings, tasks=TasksKnown(digest=digest), calendar=CALENDAR,
        now=NOW, fresh_id=FRESH,
    )  # fmt: skip


def a_digest(**more: object) -> Task:
    (effect,) = when("/digest 8", known()).effects
    assert isinstance(effect, AddTask)
    return evolve(effect.task, **more)


def the_task(answer: Answer) -> Task:
    (found,) = [each.task for each in answer.effects if isinstance(each, AddTask | PutTask)]
    return found


# Setting


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("8", "08:00"), ("08:00", "08:00"), ("at 8", "08:00"), ("um 8 Uhr", "08:00"), ("7:30", "07:30"),
        ("7pm", "19:00"), ("noon", "12:00"), ("every day at 7:30", "07:30"), ("0", "00:00"), ("05:00", "05:00"),
    ],
)  # fmt: skip
def test_a_time_of_day_is_taken_as_every_day(words: str, shown: str) -> None:
    answer = when(f"/digest {words}", known(), evolve(ASK, language="de" if "Uhr" in words else "en"))
    assert answer.key == "digest.set"
    assert shown in said(answer)
    task = the_task(answer)
    assert task.due_at is not None
    assert task.due_at > NOW
    wall = CALENDAR.wall(task.due_at, BERLIN)
    assert f"{wall.hour:02}:{wall.minute:02}" == shown


@pytest.mark.parametrize(
    "words",
    [
        "in 20 min", "20 min", "friday 8", "25 dec 18:00", "every monday at 9", "every 2 hours", "8 banana", "please",
        "8 UTC+5", "every day at 8 and 18", "on", "8 for 3 days",
    ],
)  # fmt: skip
def test_what_is_no_time_of_day_by_the_clocks_here_is_not_taken(words: str) -> None:
    answer = when(f"/digest {words}", known())
    assert answer.effects == ()
    assert answer.key in ("digest.usage", "time.refused")


def test_what_was_set_is_told_in_full_in_both_languages() -> None:
    answer = when("/digest 8", known())
    assert said(answer) == (
        "Digest of the day: every day at 08:00 (Europe/Berlin), next Sat 24 Oct 2026. It will list what is overdue and "
        "what is due that day; on a day without any of that it stays away."
    )
    german = when("/digest", known(a_digest()), evolve(ASK, language="de"))
    assert said(german, "de") == (
        "Tagesübersicht: jeden Tag um 08:00 (Europe/Berlin), nächstes Mal Sa 24. Okt 2026. Sie zeigt, was überfällig "
        "und was an dem Tag fällig ist; an einem Tag ohne beides bleibt sie aus. Abschalten: /digest off"
    )


def test_it_is_one_row_of_its_scope_whatever_is_set_how_often() -> None:
    first = a_digest()
    assert (first.task_id, first.number, first.remind_at, first.is_digest) == (FRESH, 0, EIGHT, True)
    again = when("/digest 9", known(evolve(first, times_said=1, is_paused=True)), evolve(ASK, thread_id=4))
    assert again.effects == (PutTask(the_task(again)),)
    task = the_task(again)
    assert (task.task_id, task.thread_id, task.times_said, task.is_paused) == (FRESH, 4, 0, False)
    assert task.remind_at == EIGHT + HOUR_S


def test_one_that_was_put_off_when_it_is_given_another_time_stands_as_superseded() -> None:
    """Quiet hours had it wait, say."""
    waiting = a_digest(due_at=EIGHT - DAY_S, remind_at=NOW + 60)
    for words in ("/digest 9", "/timezone Tokyo"):
        kept = [
            each.occasion for each in when(words, known(waiting)).effects if isinstance(each, KeepOccasion)
        ]
        assert [(each.bucket, each.kept) for each in kept] == [(EIGHT - DAY_S, Kept.SUPERSEDED)]
    off = evolve(waiting, due_at=EIGHT - 9 * DAY_S, status=Status.CANCELLED)
    assert [type(each) for each in when("/digest 9", known(off)).effects] == [PutTask]


def test_it_is_ended_and_begun_again() -> None:
    assert when("/digest", known()).key == when("/digest off", known()).key == "digest.none"
    off = when("/digest aus", known(a_digest()))
    ended = the_task(off)
    assert (off.key, ended.status, ended.remind_at) == ("digest.off", Status.CANCELLED, None)
    assert when("/digest", known(ended)).key == when("/digest off", known(ended)).key == "digest.none"
    begun = the_task(when("/digest 8", known(ended)))
    assert (begun.status, begun.closed_at, begun.remind_at) == (Status.OPEN, None, EIGHT)


def test_without_a_zone_it_is_asked_for_and_the_answer_sets_it() -> None:
    asked = when("/digest 8", known(settings={}))
    (effect,) = asked.effects
    assert isinstance(effect, PutSetting)
    assert asked.key == "zone.needed"
    answer = when("/timezone Berlin", known(settings={"pending": effect.value}))
    assert the_task(answer).remind_at == EIGHT
    assert "08:00 (Europe/Berlin)" in said(answer)


def test_an_hour_that_may_be_of_the_morning_or_the_evening_is_asked_about() -> None:
    told = known()
    asked = when("/digest 6", told)
    assert asked.key == "time.which"
    (effect,) = asked.effects
    assert isinstance(effect, PutSetting)
    pending = Pending.of_text(effect.value)
    assert pending is not None
    answered = evolve(told, settings={**IN_BERLIN, "pending": effect.value})
    button = presses.OnOption(pending.token, 1)
    pressed = presses.step(ASK, answered, button)
    assert presses.wants(button, answered.settings).digest
    (task,) = [each.task for each in pressed.effects if isinstance(each, AddTask)]
    assert task.remind_at == berlin("2026-10-24T06:00")


def test_it_goes_by_the_zone_that_is_set_later() -> None:
    answer = when("/timezone Tokyo", known(a_digest()))
    moved = the_task(answer)
    wall = CALENDAR.wall(moved.remind_at or 0, "Asia/Tokyo")
    assert (wall.hour, wall.minute, moved.zone) == (8, 0, "Asia/Tokyo")
    assert said(answer).endswith("The digest of the day goes by the new one, at 08:00.")
    for digest in (None, a_digest(status=Status.CANCELLED, remind_at=None), a_digest(zone="Asia/Tokyo")):
        assert not any(isinstance(each, PutTask) for each in when("/timezone Tokyo", known(digest)).effects)


def test_when_the_clocks_are_put_back_it_keeps_its_time_of_day() -> None:
    found, at = [], EIGHT
    task = a_digest()
    for _ in range(3):
        found.append(at)
        acted = act(evolve(task, due_at=at, remind_at=at), at, Policy(), CALENDAR)
        assert acted.task.remind_at is not None
        at = acted.task.remind_at
    assert found == [berlin(f"2026-10-{day}T08:00") for day in (24, 25, 26)]


# When its time comes

BY_RULE = timed(Task(UUID(int=3), 0, "digest"), EIGHT, daily(EIGHT), "UTC")
TIMES = TestTimes()


def test_it_is_said_once_a_day_and_never_again() -> None:
    acted = act(BY_RULE, EIGHT + 1, Policy(), TIMES)
    assert acted.saying == Saying(EIGHT, ReminderKind.DIGEST)
    assert acted.task.remind_at == EIGHT + DAY_S
    assert [each.kept for each in acted.occasions] == [Kept.FIRED]


def test_digests_that_were_missed_are_one_that_is_late() -> None:
    acted = act(BY_RULE, EIGHT + 3 * DAY_S + HOUR_S, Policy(), TIMES)
    assert acted.saying == Saying(EIGHT + 3 * DAY_S, ReminderKind.DIGEST, HOUR_S)
    assert [each.kept for each in acted.occasions] == [Kept.SUPERSEDED] * 3 + [Kept.LATE]


def test_quiet_hours_put_it_off_and_a_chat_that_is_gone_pauses_it() -> None:
    at_seven = evolve(BY_RULE, due_at=7 * HOUR_S, remind_at=7 * HOUR_S, rule=daily(7 * HOUR_S))
    quiet = Policy(quiet=Quiet(22 * 60, 9 * 60))
    put_off = act(at_seven, 7 * HOUR_S, quiet, TIMES)
    assert (put_off.saying, put_off.task.remind_at) == (None, 9 * HOUR_S)
    told = act(put_off.task, 9 * HOUR_S, quiet, TIMES)
    assert told.saying == Saying(7 * HOUR_S, ReminderKind.DIGEST), "it is not late: it was put off"
    paused = act(BY_RULE, EIGHT, Policy(), TIMES, is_reachable=False)
    assert (paused.saying, paused.task.is_paused) == (None, True)


# What it says

MORNING = instant_of(NOON)
MILK = Task(UUID(int=4), 1, "Buy milk", due_at=MORNING + 6 * HOUR_S, zone="UTC")
RENT = Task(
    UUID(int=5), 2, "Pay rent", due_at=MORNING - DAY_S, zone="UTC", priority=Priority.HIGH, tags=("home",)
)


def due(late_s: int = 0, at: float = MORNING) -> Event:
    return event_of(
        ReminderDue(
            task_id=UUID(int=3), bot_id=BOT, chat_id=7, title="digest", due_at=timestamp_of(at), late_s=late_s,
            reminder_key=reminder_key(UUID(int=3), at), kind=ReminderKind.DIGEST,
        ),
        source="scheduler",
    )  # fmt: skip


def told_of(*tasks: Task, total: int | None = None, language: str = "en", **more: object) -> TasksKnown:
    digest = evolve(BY_RULE, **{"due_at": MORNING, "language": language, **more})
    return TasksKnown(by_id={UUID(int=3): digest}, page=tasks, total=len(tasks) if total is None else total)


def sent(tasks: TasksKnown, event: Event) -> TelegramSend:
    (emit,) = on_due(event, evolve(OPEN_TO_ALL, tasks={SCOPE: tasks})).events
    assert isinstance(emit.payload, TelegramSend)
    assert isinstance(event.payload, ReminderDue)
    assert (emit.key, emit.target) == (event.payload.reminder_key, "sender-bulk")
    assert emit.payload.message_class is MessageClass.REMINDER
    assert len(parts_of(emit)) == 1
    return emit.payload


def test_it_lists_what_is_due_as_lists_do_with_a_button_for_each() -> None:
    message = sent(told_of(RENT, MILK), due())
    assert message.text == (
        "Overdue and due today (2):\n2. Pay rent · yesterday 12:00 · overdue · !high · #home\n1. Buy milk · today 18:00"
    )
    assert [[each.text for each in row] for row in message.buttons] == [["✓ 2", "✓ 1"]]
    german = sent(told_of(MILK, total=12, language="de"), due())
    assert german.text == "Überfällig und heute fällig (12), Seite 1 von 2:\n1. Buy milk · heute 18:00"
    assert german.buttons[-1][-1].text == "▶"


def test_one_that_is_late_says_so() -> None:
    message = sent(told_of(MILK), due(7200, MORNING))
    assert message.text == (
        "This digest is late by 2 h: it was meant for today 12:00.\n\nOverdue and due today (1):\n"
        "1. Buy milk · today 18:00"
    )


def test_it_is_one_message_however_much_there_is_to_say() -> None:
    tasks = [evolve(RENT, title="x" * 500, tags=tuple("y" * 32 for _ in range(10))) for _ in range(10)]
    assert len(sent(told_of(*tasks), due()).text) > 3_500


def test_with_nothing_due_nothing_is_said_and_the_ledger_says_why() -> None:
    decision = on_due(due(), evolve(OPEN_TO_ALL, tasks={SCOPE: told_of()}))
    occasion = Occasion(UUID(int=3), MORNING, Kept.SKIPPED, reason="nothing is due that day")
    assert (decision.events, decision.effects) == ((), (KeepOccasion(occasion),))


def test_one_that_was_ended_or_has_another_time_by_now_is_not_said() -> None:
    for changed in ({"status": Status.CANCELLED}, {"due_at": MORNING + HOUR_S}):
        decision = on_due(due(), evolve(OPEN_TO_ALL, tasks={SCOPE: told_of(MILK, **changed)}))
        assert decision.events == ()


def test_the_next_contact_names_one_that_may_be_missing_as_a_digest() -> None:
    untold = Contact(((BY_RULE, Occasion(UUID(int=3), MORNING - 4 * HOUR_S, Kept.AMBIGUOUS)),))
    decision = on_message(a_message("hello"), evolve(OPEN_TO_ALL, contacts={SCOPE: untold}))
    (emit,) = decision.events
    assert isinstance(emit.payload, TelegramSend)
    assert emit.payload.text.endswith(
        "A digest of the day may not have reached this chat, today 08:00. /tasks today shows what is due."
    )


# Which tasks it is about


@pytest.mark.parametrize(
    ("at", "midnight"),
    [
        ("2026-10-24T23:59", "2026-10-25T00:00"), ("2026-10-25T00:00", "2026-10-26T00:00"),
        ("2026-03-29T08:00", "2026-03-30T00:00"), ("2026-12-31T08:00", "2027-01-01T00:00"),
    ],
)  # fmt: skip
def test_the_day_ends_at_midnight_by_the_clocks_of_the_scope(at: str, midnight: str) -> None:
    until = Page(due_before=berlin(midnight))
    for event in (due(), a_message("/tasks heute")):
        moved = evolve(event, envelope=evolve(event.envelope, timestamp=timestamp_of(berlin(at))))
        assert wants_of(moved, IN_BERLIN, CALENDAR, NOW).page == until
        assert wants_of(moved, {}, CALENDAR, NOW).page is None


def test_todays_list_needs_a_zone() -> None:
    assert when("/tasks today", known(settings={})).key == "zone.none"
    assert said(when("/tasks today", known())) == "Overdue and due today: none."


def test_a_press_that_names_it_does_nothing() -> None:
    told = evolve(known(), tasks=TasksKnown(by_id={BY_RULE.task_id: BY_RULE}))
    pressed = OnTask(Action.DONE, BY_RULE.task_id, bucket_of(BY_RULE.due_at))
    assert presses.step(IN_GROUP, told, pressed) == presses.STALE

"""What a reminder says, what is kept of what became of it, and what contact with a chat is for."""

from uuid import UUID

import pytest
from attrs import evolve

from application.agenda import Contact
from application.brain import on_message
from application.facts import Door, Facts
from application.presses import on_callback
from application.reminders import on_due, on_settled
from domain.access import AccessMode, Person, Policy, Standing
from domain.commands.base import TasksKnown
from domain.decisions import (
    Decision,
    Emit,
    KeepOccasion,
    MarkChat,
    Outcome,
    PutTask,
    ResumeTasks,
    ToldOccasions,
)
from domain.envelope import Event, timestamp_of
from domain.errors import Transient
from domain.events.tasks import ReminderDue, ReminderKind, ReminderOutcome, ReminderSettled
from domain.events.telegram import (
    CallbackReceived,
    ChatType,
    Entity,
    MessageClass,
    TelegramAnswer,
    TelegramSend,
)
from domain.tasks.keys import instant_of, reminder_key
from domain.tasks.values import Kept, Occasion, Status, Task, Who
from tests.calendars import SmallCalendar
from tests.times import DAY_S, daily
from tests.unit.given import BOT, NOON, AsItIs, a_message, event_of

NOW = instant_of(NOON)
ANN, GROUP = f"{BOT}:u7", f"{BOT}:c-5"
ZONED = {scope: {"zone": "UTC"} for scope in (ANN, GROUP)}
OPEN_TO_ALL = Facts(AsItIs(), Door(Policy(AccessMode.OPEN)), settings=ZONED, calendar=SmallCalendar())


def a_task(**more: object) -> Task:
    return evolve(Task(UUID(int=3), 3, "Buy milk", due_at=NOW, remind_at=NOW + 3600, times_said=1), **more)


def facts(*tasks: Task, scope: str = ANN, **more: object) -> Facts:
    known = TasksKnown(by_id={task.task_id: task for task in tasks})
    return evolve(OPEN_TO_ALL, tasks={scope: known}, **more)


def a_due(at: float = NOW, chat: int = 7, bucket: float | None = None, **more: object) -> Event:
    key = reminder_key(UUID(int=3), at if bucket is None else bucket)
    payload = ReminderDue(
        task_id=UUID(int=3),
        bot_id=BOT,
        chat_id=chat,
        title="Buy milk",
        due_at=timestamp_of(at),
        reminder_key=key,
    )
    return event_of(evolve(payload, **more), source="scheduler")


def a_settled(outcome: ReminderOutcome, at: float = NOW, chat: int = 7) -> Event:
    payload = ReminderSettled(
        task_id=UUID(int=3), bot_id=BOT, chat_id=chat, bucket=timestamp_of(at), outcome=outcome,
        delivery_key=reminder_key(UUID(int=3), at),
    )  # fmt: skip
    return event_of(payload, source="sender")


def sent(decision: Decision) -> tuple[Emit, TelegramSend]:
    (emit,) = decision.events
    assert isinstance(emit.payload, TelegramSend)
    return emit, emit.payload


@pytest.mark.parametrize(
    ("task", "due", "text"),
    [
        (a_task(), a_due(), "⏰ Buy milk\n(task 3)"),
        (
            a_task(due_at=NOW - 7200),
            a_due(NOW - 7200, late_s=7200),
            "⏰ Buy milk\n(task 3)\nThis is late by 2 h: it was due today 10:00.",
        ),
        (
            a_task(rule=daily(NOW)),
            a_due(),
            "⏰ Buy milk\n(task 3)\nNext: tomorrow 12:00",
        ),
        (
            a_task(due_at=NOW - 3600),
            a_due(NOW - 3600, bucket=NOW, kind=ReminderKind.NAG),
            "⏰ Still open: Buy milk\n(task 3)\nIt was due today 11:00.",
        ),
        (
            a_task(due_at=NOW + DAY_S),
            a_due(NOW + DAY_S, bucket=NOW, kind=ReminderKind.NAG),
            "⏰ Buy milk\n(task 3)\nIt is due tomorrow 12:00.",
        ),
        (
            a_task(due_at=NOW - 3 * DAY_S),
            a_due(NOW - 3 * DAY_S, kind=ReminderKind.SKIPPED, late_s=3 * 86_400),
            "I missed a reminder and left it out, as set: Buy milk\n(task 3)\nIt was due Thu 19 Nov 12:00, 3 days ago.",
        ),
        (
            a_task(language="de", due_at=NOW - DAY_S, assigned_to=Who(0, "@ben")),
            a_due(NOW - DAY_S, bucket=NOW, kind=ReminderKind.NAG),
            "⏰ Noch offen: Buy milk\n(Aufgabe 3)\nFällig war sie gestern 12:00.\nfür @ben",
        ),
    ],
)
def test_a_reminder_says_why_it_comes(task: Task, due: Event, text: str) -> None:
    emit, send = sent(on_due(due, facts(task)))
    assert send.text == text
    assert (send.message_class, emit.target) == (MessageClass.REMINDER, "sender-bulk")
    assert isinstance(due.payload, ReminderDue)
    assert emit.key == due.payload.reminder_key


def test_a_reminder_names_the_zone_of_its_times_where_it_is_not_that_of_the_chat() -> None:
    due = a_due(NOW - 3600, bucket=NOW, kind=ReminderKind.NAG)
    elsewhere = facts(a_task(due_at=NOW - 3600, zone="+3"), settings={ANN: {"zone": "+2"}})
    assert sent(on_due(due, elsewhere))[1].text.endswith("It was due today 14:00 (+3).")
    unzoned = facts(a_task(due_at=NOW - 3600), settings={ANN: {"zone": "+2"}})
    assert sent(on_due(due, unzoned))[1].text.endswith("It was due today 13:00.")


def test_a_reminder_that_quiet_hours_put_off_says_when_it_was_due() -> None:
    due = a_due(NOW - 3600)
    assert sent(on_due(due, facts(a_task(due_at=NOW - 3600))))[1].text == (
        "⏰ Buy milk\n(task 3)\nIt was due today 11:00."
    )


@pytest.mark.parametrize(("who", "entities"), [
    (Who(8, "für ⏰"), (Entity("text_mention", 27, 5, user_id=8),)), (Who(0, "@ben"), ()), (None, ()),
])  # fmt: skip
def test_a_reminder_lets_telegram_notify_whom_its_task_is_for(
    who: Who | None, entities: tuple[Entity, ...]
) -> None:
    _, send = sent(on_due(a_due(), facts(a_task(language="de", assigned_to=who))))
    assert send.entities == entities
    assert [send.text[each.offset : each.offset + each.length] for each in entities] == [
        "für ⏰" for _ in entities
    ]


def test_a_task_without_a_time_reminds_only_as_it_was_asked_to_by_hand() -> None:
    task = a_task(due_at=None)
    assert sent(on_due(a_due(kind=ReminderKind.NAG), facts(task)))[1].text == "⏰ Buy milk\n(task 3)"
    for due in (a_due(), a_due(bucket=NOW + 60, kind=ReminderKind.NAG)):
        decision = on_due(due, facts(task))
        assert (decision.events, decision.reason) == ((), "the task has no time any more")


@pytest.mark.parametrize(
    "task", [a_task(status=Status.DONE), a_task(status=Status.CANCELLED), a_task(due_at=NOW + 60)]
)
def test_an_occasion_that_does_not_stand_any_more_is_not_told_and_the_ledger_says_so(task: Task) -> None:
    decision = on_due(a_due(), facts(task))
    (kept,) = decision.effects
    assert isinstance(kept, KeepOccasion)
    assert (kept.occasion.kept, kept.occasion.bucket, decision.events) == (Kept.SUPERSEDED, NOW, ())


@pytest.mark.parametrize("outcome", sorted(set(ReminderOutcome) - {ReminderOutcome.DELIVERED}))
def test_that_a_reminder_may_be_missing_is_not_dropped_where_its_task_has_not_moved_yet(
    outcome: ReminderOutcome,
) -> None:
    with pytest.raises(Transient):
        on_settled(a_settled(outcome), facts())


def test_a_reminder_of_a_task_that_is_gone_is_ignored() -> None:
    for decision in (on_due(a_due(), facts()), on_settled(a_settled(ReminderOutcome.DELIVERED), facts())):
        assert (decision.outcome, decision.reason) == (Outcome.IGNORED, "the task is gone")


def test_a_reminder_follows_to_the_supergroup_that_has_its_task() -> None:
    moved = facts(scope=GROUP, moved={GROUP: f"{BOT}:c-1005"})
    for event in (a_due(chat=-5), a_settled(ReminderOutcome.AMBIGUOUS, chat=-5)):
        handle = on_due if isinstance(event.payload, ReminderDue) else on_settled
        (emit,) = handle(event, moved).events
        assert emit.payload == evolve(event.payload, chat_id=-1005)


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (ReminderOutcome.DELIVERED, None),
        (ReminderOutcome.AMBIGUOUS, Kept.AMBIGUOUS),
        (ReminderOutcome.FAILED, Kept.AMBIGUOUS),
        (ReminderOutcome.UNREACHABLE, Kept.PAUSED),
    ],
)
def test_what_became_of_a_reminder_stands_in_the_ledger(outcome: ReminderOutcome, kept: Kept | None) -> None:
    effects = on_settled(a_settled(outcome), facts(a_task())).effects
    assert [each.occasion.kept for each in effects if isinstance(each, KeepOccasion)] == (
        [kept] if kept else []
    )
    waiting = [each.task for each in effects if isinstance(each, PutTask)]
    expected = a_task(remind_at=None, is_paused=True, times_said=0)
    assert waiting == ([expected] if outcome is ReminderOutcome.UNREACHABLE else [])


def test_a_closed_task_does_not_wait_for_contact() -> None:
    decision = on_settled(a_settled(ReminderOutcome.UNREACHABLE), facts(a_task(status=Status.DONE)))
    assert [type(each) for each in decision.effects] == [KeepOccasion]


# Contact

UNTOLD = Contact(((a_task(), Occasion(UUID(int=3), NOW - 3600, Kept.AMBIGUOUS)),))
MISSING = "A reminder may not have reached this chat: 3. Buy milk, today 11:00"


def test_the_answer_says_which_reminder_may_be_missing() -> None:
    decision = on_message(a_message("hello"), facts(contacts={ANN: UNTOLD}))
    assert sent(decision)[1].text == f"hello\n\n{MISSING}"
    assert decision.effects == (ToldOccasions((UUID(int=3),), (NOW - 3600,)),)


def test_where_there_is_no_answer_or_a_long_one_it_is_a_message_of_its_own() -> None:
    told = facts(contacts={ANN: UNTOLD})
    sticker = on_message(a_message(None, content="sticker"), told)
    assert (sticker.outcome, sent(sticker)[1].text) == (Outcome.IGNORED, MISSING)
    long = on_message(a_message("x" * 3_990), told)
    assert [emit.payload.text for emit in long.events if isinstance(emit.payload, TelegramSend)][1:] == [
        MISSING
    ]


def test_a_press_is_contact_too() -> None:
    decision = on_callback(a_press("y"), facts(contacts={ANN: UNTOLD}))
    answer, missing = [emit.payload for emit in decision.events]
    assert isinstance(answer, TelegramAnswer)
    assert isinstance(missing, TelegramSend)
    assert missing.text == MISSING


def a_press(data: str) -> Event:
    return event_of(
        CallbackReceived(
            bot_id=BOT,
            chat_id=7,
            chat_type=ChatType.PRIVATE,
            user_id=7,
            callback_id="9",
            data=data,
            message_id=5,
        )
    )


@pytest.mark.parametrize("contact", [Contact(has_paused=True), Contact(is_unreachable=True)])
def test_contact_says_that_the_chat_can_be_reached_and_lets_paused_tasks_go_on(contact: Contact) -> None:
    decision = on_message(a_message("hello"), facts(contacts={ANN: contact}))
    assert decision.effects == (MarkChat(True), ResumeTasks())


def test_whoever_was_turned_away_is_told_nothing_of_tasks() -> None:
    door = Door(Policy(AccessMode.OPEN), {f"{BOT}:7": Person(Standing.REVOKED)})
    away = facts(contacts={ANN: UNTOLD}, door=door)
    message = on_message(a_message("hello"), away)
    assert (message.events, message.effects) == ((), ())
    (emit,) = on_callback(a_press("y"), away).events
    assert isinstance(emit.payload, TelegramAnswer)
    assert emit.payload.text == "You may not do that here."

"""Reminders in memory: what is due is said once, whatever dies, sleeps, blocks or sets its clock meanwhile.

Death at each point is in ``tests/crash``; what a tick writes in ``tests/unit/test_scheduler``.
"""

import asyncio

import pytest
from attrs import evolve

from adapters.botworld import FaultKind
from application.changes import Changes, ScopedEffect
from application.facts import Facts
from domain.decisions import AddTask, Decision, PutTask
from domain.envelope import Event
from domain.ids import event_id_of
from domain.tasks.keys import reminder_key
from domain.tasks.policy import HOUR_S
from domain.tasks.values import Kept, Late, Status, Task
from entrypoints.harness import BOT_ID, Harness
from tests.acceptance.business import (
    Killed,
    given_fault,
    given_refusal,
    then_all_is_done,
    when_time_passes,
)
from tests.times import DAY_S, TestTimes, daily, every

PLANTS = "water the plants"


@pytest.fixture
async def harness() -> Harness:
    """A system in which chat 7 has said something, as Telegram asks for before it lets a bot write."""
    harness = Harness(calendar=TestTimes(), call_timeout_s=1, claim_s=4)
    assert await harness.say(7, 7, "hello") == ["hello"]
    return harness


async def given_task(
    harness: Harness,
    in_s: float = 10.0,
    *,
    chat: int = 7,
    number: int = 1,
    title: str = PLANTS,
    **more: object,
) -> Task:
    """Have a task of ``chat`` that is due in so many seconds."""
    at = harness.clock.now() + in_s
    task = Task(event_id_of(f"{chat}:{number}"), number, title, due_at=at, remind_at=at)
    task = evolve(task, **more)
    await when_written(harness, AddTask(task), chat)
    return task


async def when_written(harness: Harness, effect: AddTask | PutTask, chat: int = 7) -> None:
    scope = f"{BOT_ID}:u{chat}" if chat > 0 else f"{BOT_ID}:c{chat}"
    async with harness.brain.runner.store.round("brain", ()) as current:
        await current.apply(Changes(effects=[ScopedEffect(scope, effect)]))


def said(harness: Harness, title: str = PLANTS, chat: int = 7) -> list[str]:
    """Return the texts about a task that reached its chat."""
    return [text for text in harness.texts(chat) if title in text]


def stands(harness: Harness, task: Task) -> dict[float, str]:
    """Return the ledger of a task: what stands of each occasion, by seconds after it was first due."""
    found = harness.database.tables.tasks.occasions
    assert task.due_at is not None
    return {
        bucket - task.due_at: row.occasion.kept.value
        for (of, bucket), row in sorted(found.items()) if of == task.task_id
    }  # fmt: skip


def now_of(harness: Harness, task: Task) -> Task:
    return harness.database.tables.tasks.tasks[task.task_id].task


async def test_overdue_detection_one_message_comes_when_a_task_is_due_and_not_before(
    harness: Harness,
) -> None:
    task = await given_task(harness)
    await harness.advance(9)
    assert said(harness) == []
    await harness.advance(1)
    assert len(said(harness)) == 1
    await when_time_passes(harness, 600, step_s=60)
    assert len(said(harness)) == 1
    assert now_of(harness, task).is_overdue(harness.clock.now())
    assert stands(harness, task) == {0: "fired"}
    await then_all_is_done(harness)


async def test_what_stands_of_a_reminder_can_be_told_from_the_audit_alone(harness: Harness) -> None:
    task = await given_task(harness, 0)
    await harness.advance(1)
    rows = (await harness.audit())[4:]
    assert [(row.source, row.event_type, row.outcome.value) for row in rows] == [
        ("scheduler", "reminder.due", "accepted"),
        ("scheduler", "reminder.due", "processed"),
        ("brain", "telegram.send", "processed"),
        ("sender", "telegram.delivered", "accepted"),
        ("sender", "reminder.settled", "processed"),
    ]
    assert len({row.trace_id for row in rows}) == 1
    assert task.due_at is not None
    assert {row.idempotency_key for row in rows[:3]} == {reminder_key(task.task_id, task.due_at)}
    assert PLANTS not in str(rows)


async def test_a_restart_between_planning_and_the_time_loses_and_repeats_nothing(harness: Harness) -> None:
    task = await given_task(harness)
    harness.restart()
    await harness.advance(10)
    harness.restart()
    await when_time_passes(harness, 30, step_s=5)
    assert len(said(harness)) == 1
    assert stands(harness, task) == {0: "fired"}


async def test_after_a_downtime_the_missed_windows_are_one_reminder_that_says_so(harness: Harness) -> None:
    task = await given_task(harness, rule=daily(harness.clock.now() + 10))
    await harness.clock.advance(3 * DAY_S + 7210)
    harness.restart()
    await harness.settle()
    (text,) = said(harness)
    assert "2" in text, "it says how late it is"
    assert text != PLANTS
    assert stands(harness, task) == {
        0: "superseded", DAY_S: "superseded", 2 * DAY_S: "superseded", 3 * DAY_S: "late",
    }  # fmt: skip


@pytest.mark.parametrize(("late", "messages"), [(Late.LABEL, 1), (Late.SKIP, 1), (Late.EXPIRE, 0)])
async def test_a_late_reminder_does_what_its_task_says(harness: Harness, late: Late, messages: int) -> None:
    task = await given_task(harness, late=late)
    await harness.clock.advance(HOUR_S)
    await harness.settle()
    assert len(said(harness)) == messages
    assert stands(harness, task) == {0: "late" if late is Late.LABEL else "skipped"}


async def test_duplicate_prevention_of_three_schedulers_one_reminds(harness: Harness) -> None:
    tasks = [await given_task(harness, number=n, title=f"task {n}.") for n in range(1, 41)]
    schedulers = [harness.new_scheduler(f"scheduler-{n}") for n in range(3)]
    await harness.clock.advance(10)
    while sum(await asyncio.gather(*(each.tick() for each in schedulers))):
        pass
    await harness.settle()
    for task in tasks:
        assert len(said(harness, task.title)) == 1
        assert stands(harness, task) == {0: "fired"}


async def test_an_open_task_is_said_again_until_it_is_done(harness: Harness) -> None:
    task = await given_task(harness, 0)
    await harness.advance(1)
    await harness.advance(HOUR_S)
    assert len(said(harness)) == 2
    await when_written(harness, PutTask(evolve(now_of(harness, task), status=Status.DONE, remind_at=None)))
    await when_time_passes(harness, 5 * DAY_S, step_s=HOUR_S)
    assert len(said(harness)) == 2
    assert list(stands(harness, task).values()) == ["fired", "fired"]


async def test_nags_end(harness: Harness) -> None:
    task = await given_task(harness, 0)
    await when_time_passes(harness, 10 * DAY_S, step_s=HOUR_S)
    assert len(said(harness)) == 6
    assert now_of(harness, task).remind_at is None
    assert now_of(harness, task).status is Status.OPEN


async def test_a_reminder_that_is_on_its_way_when_the_task_is_done_is_not_said(harness: Harness) -> None:
    task = await given_task(harness, 0)
    assert await harness.scheduler.tick() == 1
    await when_written(harness, PutTask(evolve(now_of(harness, task), status=Status.DONE, remind_at=None)))
    await harness.settle()
    assert said(harness) == []
    assert stands(harness, task) == {0: "superseded"}


async def test_clocks_set_back_and_forth_remind_once_a_window(harness: Harness) -> None:
    task = await given_task(harness, rule=daily(harness.clock.now() + 10))
    await harness.advance(10)
    harness.clock.jump(-HOUR_S / 2)
    await harness.advance(1)
    assert len(said(harness)) == 1
    harness.clock.jump(DAY_S + HOUR_S / 2)
    await harness.advance(1)
    assert len(said(harness)) == 2
    harness.clock.jump(-DAY_S)
    await harness.advance(1)
    harness.clock.jump(DAY_S)
    await harness.advance(1)
    assert len(said(harness)) == 2
    assert stands(harness, task) == {0: "fired", HOUR_S: "superseded", DAY_S: "fired"}


async def test_a_blocked_chat_pauses_and_resumes_with_the_first_contact(harness: Harness) -> None:
    rule = every(HOUR_S, harness.clock.now() + 10)
    task = await given_task(harness, rule=rule)
    harness.world.block(7)
    await harness.settle()
    await when_time_passes(harness, 3 * HOUR_S, step_s=HOUR_S / 2)
    assert said(harness) == []
    assert stands(harness, task) == {0: "paused"}
    assert now_of(harness, task).is_paused
    harness.world.unblock(7)
    await harness.say(7, 7, "I am back")
    await harness.advance(1)
    assert len(said(harness)) == 1
    assert list(stands(harness, task).values()) == ["superseded"] * 2 + ["late"]
    assert not now_of(harness, task).is_paused


async def test_a_chat_that_turns_out_to_be_gone_pauses_and_is_told_once_it_is_back(harness: Harness) -> None:
    given_fault(
        harness, FaultKind.REFUSE, method="sendMessage", code=403,
        description="Forbidden: bot was blocked by the user",
    )  # fmt: skip
    task = await given_task(harness)
    await harness.advance(10)
    assert said(harness) == []
    assert stands(harness, task) == {0: "paused"}
    await harness.say(7, 7, "I am back")
    await harness.advance(1)
    assert len(said(harness)) == 1
    assert stands(harness, task)[0] in {"fired", "late"}


async def test_after_contact_with_a_chat_that_had_blocked_the_bot_its_new_tasks_remind(
    harness: Harness,
) -> None:
    given_fault(
        harness, FaultKind.REFUSE, method="sendMessage", code=403,
        description="Forbidden: bot was blocked by the user",
    )  # fmt: skip
    assert await harness.say(7, 7, "are you there?") == []
    assert await harness.say(7, 7, "and now?") == ["and now?"]
    task = await given_task(harness)
    await harness.advance(10)
    assert len(said(harness)) == 1
    assert stands(harness, task) == {0: "fired"}


async def test_paused_tasks_of_a_group_that_becomes_a_supergroup_resume_with_contact_there(
    harness: Harness,
) -> None:
    harness.world.add_group(-5, kind="group")
    await harness.say(7, -5, "/start")
    task = await given_task(harness, chat=-5)
    given_fault(
        harness, FaultKind.REFUSE, method="sendMessage", code=403,
        description="Forbidden: not enough rights to send text messages to the chat",
    )  # fmt: skip
    await harness.advance(10)
    assert stands(harness, task) == {0: "paused"}
    harness.world.migrate(-5, -1_000_050)
    await harness.settle()
    await harness.say(7, -1_000_050, "what about the plants?")
    await harness.advance(1)
    assert len(said(harness, chat=-1_000_050)) == 1
    assert stands(harness, task)[0] in {"fired", "late"}


async def test_a_reminder_that_may_be_lost_is_not_repeated_and_the_next_contact_says_so(
    harness: Harness,
) -> None:
    given_fault(harness, FaultKind.RESET_BEFORE)
    task = await given_task(harness)
    await harness.advance(10)
    await when_time_passes(harness, 60)
    assert said(harness) == []
    assert stands(harness, task) == {0: Kept.AMBIGUOUS.value}
    assert await harness.dead_letters() == []
    answers = await harness.say(7, 7, "anything new?")
    assert sum(PLANTS in text for text in answers) == 1
    assert await harness.say(7, 7, "and now?") == ["and now?"], "it is told once"


@pytest.mark.parametrize("kills", [False, True])
async def test_of_a_reminder_that_became_a_dead_letter_the_next_contact_says_that_it_may_be_missing(
    harness: Harness, kills: bool
) -> None:
    def fails(event: Event, facts: Facts) -> Decision:
        raise Killed if kills else ZeroDivisionError

    task = await given_task(harness, 0)
    handlers = harness.brain.runner.handlers
    for _ in range(30):
        harness.brain.runner.handlers = {**handlers, "reminder.due": fails}
        try:
            await harness.advance(20)
        except Killed:
            harness.restart()
    (letter,) = await harness.dead_letters()
    assert letter.event_type == "reminder.due"
    assert stands(harness, task) == {0: "ambiguous"}
    harness.brain.runner.handlers = handlers
    (answer,) = await harness.say(7, 7, "anything new?")
    assert PLANTS in answer
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert len(said(harness)) == 2


async def test_a_reminder_that_reached_its_chat_by_being_redriven_stands_as_said(
    harness: Harness,
) -> None:
    task = await given_task(harness, 0)
    given_refusal(harness, 403, "Forbidden: bot was blocked by the user")
    await harness.advance(10)
    await when_time_passes(harness, 5)
    assert (said(harness), stands(harness, task)) == ([], {0: "paused"})
    await harness.redrive()
    await when_time_passes(harness, 5)
    assert (len(said(harness)), stands(harness, task)) == (1, {0: "late"})
    (answer,) = await harness.say(7, 7, "/done 1")
    await when_time_passes(harness, 60)
    assert (len(said(harness)), stands(harness, task)) == (2, {0: "late"})
    assert answer == said(harness)[1]


async def test_without_redis_reminders_come_by_the_sweep(harness: Harness) -> None:
    await given_task(harness)
    harness.streams.down = True
    await harness.advance(10)
    harness.streams.down = False
    await when_time_passes(harness, 5)
    assert len(said(harness)) == 1


async def test_a_burst_does_not_keep_an_answer_waiting(harness: Harness) -> None:
    """A reply has its own lane of traffic: it is called for in the first round, not behind the reminders."""
    for chat in range(100, 160):
        await harness.say(chat, chat, "hello")
        await given_task(harness, chat=chat)
    await harness.clock.advance(10)
    harness.world.say(7, 7, "and me?")
    await harness.take_in()
    for _ in range(3):
        await harness.step()
    assert harness.texts(7) == ["hello", "and me?"]
    await harness.settle()
    assert all(len(said(harness, chat=chat)) == 1 for chat in range(100, 160))


async def test_of_a_reminder_lost_on_its_way_to_the_new_supergroup_the_next_contact_says_so(
    harness: Harness,
) -> None:
    """The sender is told of the move before the brain is, and of a lost answer, too, while the brain is away."""
    harness.world.add_group(-5, kind="group")
    await harness.say(7, -5, "/start")
    task = await given_task(harness, 0, chat=-5)
    await harness.clock.advance(1)
    await harness.scheduler.tick()
    await harness.brain.step()
    harness.world.migrate(-5, -1_000_050)
    given_fault(harness, FaultKind.RESET_BEFORE, chat_id=-1_000_050)
    for _ in range(40):
        await harness.clock.advance(1)
        for sending in harness.sendings:
            await sending.consumer.sweep()
            await sending.consumer.step()
            await harness._let_call(sending.deliverer)
    assert harness.database.tables.moved == {(BOT_ID, -5): -1_000_050}
    await when_time_passes(harness, 60)
    assert stands(harness, task) == {0: "ambiguous"}
    (answer,) = await harness.say(7, -1_000_050, "/start")
    assert PLANTS in answer

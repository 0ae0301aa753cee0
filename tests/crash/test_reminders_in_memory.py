"""Every crash point that a reminder passes: a window reminds once at most, and never goes missing without a word.

Not here: the points of messages (``test_points_in_memory``).
"""

import asyncio

import pytest

from adapters.memory.database import Tables
from application.changes import Changes, ScopedEffect
from application.crashpoints import BRAIN_POINTS, SCHEDULER_POINTS, SENDER_POINTS
from domain.decisions import AddTask
from domain.ids import event_id_of
from domain.tasks.policy import HOUR_S
from domain.tasks.values import Kept, Task
from entrypoints.harness import BOT_ID, Harness
from tests.crash.killing import Killer, live_until_killed, overlook_deaths
from tests.times import TestTimes, every

CHATS = (7, 8, 9)
WINDOWS = 3
# Longer than a claim, so that what was being called is taken up again.
PATIENCE_S = 20


async def given_tasks(harness: Harness) -> list[Task]:
    """Have a task in each chat that is due now and every hour, and that says nothing between."""
    made = []
    for chat in CHATS:
        await harness.say(chat, chat, "hello")
        at = harness.clock.now()
        task = Task(
            event_id_of(f"task {chat}"), 1, f"title {chat}.", due_at=at, remind_at=at, rule=every(HOUR_S, at)
        )
        async with harness.brain.runner.store.round("brain", ()) as current:
            await current.apply(Changes(effects=[ScopedEffect(f"{BOT_ID}:u{chat}", AddTask(task))]))
        made.append(task)
    return made


async def live_again(harness: Harness) -> None:
    harness.restart()
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    for _ in range(PATIENCE_S):
        await harness.advance(1.0)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("point", [*SCHEDULER_POINTS, *BRAIN_POINTS, *SENDER_POINTS])
async def test_a_death_there_reminds_once_a_window_or_says_that_one_may_be_missing(
    point: str, count: int
) -> None:
    asyncio.get_running_loop().set_exception_handler(overlook_deaths)
    killer = Killer()
    harness = Harness(crash=killer, calendar=TestTimes(), call_timeout_s=1, claim_s=4)
    tasks = await given_tasks(harness)

    def tables() -> Tables:
        return harness.database.tables

    claimed = 0
    killer.aim(point, count)
    for _ in range(WINDOWS):
        if not killer.died.is_set():
            await live_until_killed(harness, killer)
        if killer.died.is_set():
            claimed = len(tables().claims)
            killer.allow_life()
            await live_again(harness)
        await harness.clock.advance(HOUR_S)
    assert killer.reached[point] >= count, "the point was never reached"
    await live_again(harness)
    ambiguous = 0
    for chat, task in zip(CHATS, tasks, strict=True):
        said = sum(task.title in text for text in harness.texts(chat))
        occasions = tables().tasks.occasions
        stands = [row.occasion.kept for (of, _), row in occasions.items() if of == task.task_id]
        assert len(stands) == WINDOWS + 1, "each window stands in the ledger"
        assert set(stands) <= {Kept.FIRED, Kept.LATE, Kept.AMBIGUOUS}
        missing = stands.count(Kept.AMBIGUOUS)
        # What is ambiguous may have arrived, once.
        assert len(stands) - missing <= said <= len(stands)
        answers = await harness.say(chat, chat, "hello again")
        assert sum(task.title in text for text in answers) == missing
        ambiguous += missing
    assert ambiguous == claimed
    assert harness.owed == 0
    assert await harness.dead_letters() == []


async def test_the_list_of_points_is_what_a_due_task_passes_on_its_way() -> None:
    killer = Killer()
    harness = Harness(crash=killer, calendar=TestTimes())
    await given_tasks(harness)
    killer.reached.clear()
    await harness.settle()
    assert set(killer.reached) == {*SCHEDULER_POINTS, *BRAIN_POINTS, *SENDER_POINTS}

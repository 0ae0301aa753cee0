"""Reminders that wait for a service that is away, in memory: one comes, by how its task is then, and tells how late.

Not here: waiting for the scheduler, and everything else that may happen to one (``test_harness_reminders``).
"""

import pytest

from domain.tasks.policy import HOUR_S
from domain.tasks.values import Late
from entrypoints.harness import Harness
from tests.acceptance.business import then_all_is_done, when_time_passes
from tests.acceptance.test_harness_reminders import given_task, said, stands
from tests.times import DAY_S, TestTimes


@pytest.fixture
async def harness() -> Harness:
    """A system in which chat 7 has said something."""
    harness = Harness(calendar=TestTimes(), call_timeout_s=1, claim_s=4)
    assert await harness.say(7, 7, "hello") == ["hello"]
    return harness


async def when_the_brain_is_away(harness: Harness, seconds: float, step_s: float = HOUR_S / 4) -> None:
    """Let time go by in which the scheduler goes on, and then begin anew."""
    for _ in range(int(seconds / step_s)):
        await harness.clock.advance(step_s)
        while await harness.scheduler.tick():
            pass
    harness.restart()
    await harness.advance(1)


async def test_what_waited_for_the_brain_is_one_reminder_that_says_how_late_it_is(harness: Harness) -> None:
    task = await given_task(harness, HOUR_S / 4)
    await when_the_brain_is_away(harness, 6 * HOUR_S)
    (text,) = said(harness)
    assert "This is late by 5 h 45 min" in text
    assert list(stands(harness, task).values()) == ["superseded", "superseded", "late"]
    await when_time_passes(harness, 2 * HOUR_S, step_s=HOUR_S / 4)
    assert len(said(harness)) == 1


@pytest.mark.parametrize(("late", "messages"), [(Late.SKIP, 1), (Late.EXPIRE, 0)])
async def test_a_reminder_that_waited_for_the_brain_does_what_its_task_says(
    harness: Harness, late: Late, messages: int
) -> None:
    task = await given_task(harness, HOUR_S / 4, late=late)
    await when_the_brain_is_away(harness, HOUR_S / 2)
    assert len(said(harness)) == messages
    assert list(stands(harness, task).values()) == ["skipped"]
    await when_time_passes(harness, 3 * DAY_S, step_s=HOUR_S)
    assert len(said(harness)) == messages


async def when_the_sender_is_away(harness: Harness, seconds: float, step_s: float = HOUR_S / 4) -> None:
    """Let time go by in which everything else goes on."""
    for _ in range(int(seconds / step_s)):
        await harness.clock.advance(step_s)
        await harness.take_in()
        while await harness.scheduler.tick() or await harness.brain.step():
            pass


async def test_what_waited_for_the_sender_is_one_reminder_by_how_the_task_is_now(harness: Harness) -> None:
    task = await given_task(harness, HOUR_S / 4)
    await when_the_sender_is_away(harness, 6 * HOUR_S)
    await harness.advance(1)
    assert len(said(harness)) == 1
    assert list(stands(harness, task).values()) == ["superseded", "superseded", "late"]
    await then_all_is_done(harness)


async def test_a_task_that_was_done_while_its_reminder_waited_for_the_sender_is_not_told(
    harness: Harness,
) -> None:
    task = await given_task(harness, HOUR_S / 4)
    await when_the_sender_is_away(harness, HOUR_S / 2)
    harness.world.say(7, 7, "/done 1")
    await when_the_sender_is_away(harness, 60, step_s=60)
    await harness.advance(1)
    assert [text for text in said(harness) if not text.startswith("Done")] == []
    assert list(stands(harness, task).values()) == ["superseded"]

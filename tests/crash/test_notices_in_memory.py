"""Every crash point that a notice of dead letters passes: each admin is told once, or twice with the second marked.

Not here: the points of messages (``test_points_in_memory``).
"""

import asyncio

import pytest

from adapters.botworld import Fault, FaultKind
from application.crashpoints import NOTICE_POINTS, SENDER_POINTS
from entrypoints.harness import Harness
from tests.crash.killing import Killed, Killer, live_until_killed, overlook_deaths

ADMINS = (1, 2)
MARK = "(may be a repeat)"
# Longer than a claim, so that what was being called is taken up again.
PATIENCE_S = 20


async def given_letters(harness: Harness) -> None:
    """Let three messages die, and time pass until the admins are to be told."""
    for admin in ADMINS:
        await harness.say(admin, admin, "/start")
    for n in range(3):
        harness.world.faults.add(
            Fault(FaultKind.REFUSE, "sendMessage", code=400, description="Bad Request: odd")
        )
        await harness.say(7, 7, f"message {n}")
    assert len(await harness.dead_letters()) == 3
    await harness.clock.advance(31)


async def when_told_until_killed(harness: Harness, killer: Killer) -> None:
    chore = harness.brain.chore
    assert chore is not None
    try:
        await chore()
    except Killed:
        return
    await live_until_killed(harness, killer)


async def live_again(harness: Harness) -> None:
    harness.restart()
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    for _ in range(PATIENCE_S):
        await harness.advance(1.0)


@pytest.mark.parametrize("point", [*NOTICE_POINTS, *SENDER_POINTS])
async def test_a_death_there_tells_each_admin_once_or_marks_the_repeat(point: str) -> None:
    asyncio.get_running_loop().set_exception_handler(overlook_deaths)
    killer = Killer()
    harness = Harness(crash=killer, admins=ADMINS, call_timeout_s=1, claim_s=4)
    await given_letters(harness)
    killer.reached.clear()
    killer.aim(point, 1)
    await when_told_until_killed(harness, killer)
    assert killer.reached[point] == 1, "the point was never reached"
    claimed = len(harness.database.tables.claims)
    killer.allow_life()
    await live_again(harness)
    await then_each_admin_was_told_once(harness, claimed)


async def test_a_brain_that_dies_again_and_again_tells_once_in_the_end() -> None:
    asyncio.get_running_loop().set_exception_handler(overlook_deaths)
    killer = Killer()
    harness = Harness(crash=killer, admins=ADMINS)
    await given_letters(harness)
    for point in ("notice.read", "notice.noted", "notice.noted", "notice.committed"):
        killer.aim(point, 1)
        await when_told_until_killed(harness, killer)
        assert killer.reached[point] == 1
        killer.allow_life()
        harness.restart()
    await live_again(harness)
    await then_each_admin_was_told_once(harness, 0)


async def then_each_admin_was_told_once(harness: Harness, claimed: int) -> None:
    """Every admin was told, and once more where a call was under way, which then says so."""
    marked = 0
    for admin in ADMINS:
        told = [text for text in harness.texts(admin) if "openclaw dlq" in text]
        repeats = [text for text in told if text.endswith(MARK)]
        assert len(told) - len(repeats) <= 1 <= len(told)
        marked += len(repeats)
    ambiguous = [row for row in await harness.audit(outcome="ambiguous") if row.event_type == "telegram.send"]
    assert marked <= len(ambiguous) == claimed
    assert harness.owed == 0
    made = await harness.audit(outcome="accepted", consumer="brain")
    assert len(made) == len(ADMINS) == len({row.event_id for row in made})


async def test_the_list_of_points_is_what_a_notice_passes() -> None:
    killer = Killer()
    harness = Harness(crash=killer, admins=ADMINS)
    await given_letters(harness)
    killer.reached.clear()
    await when_told_until_killed(harness, killer)
    assert {point for point in killer.reached if point.startswith("notice.")} == set(NOTICE_POINTS)

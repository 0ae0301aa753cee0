"""Every crash point, at its first, second, third and sixth passing, in memory: quick, and the same promises.

Death is an exception that nobody catches; what ran before it never runs again. Not here: real kills
(``test_killed_processes``).
"""

import asyncio

import pytest

from application.crashpoints import POINTS
from entrypoints.harness import Harness
from entrypoints.simulation.history import History, Mishap, gather
from entrypoints.simulation.standing import of_memory
from tests.acceptance.load import Load, death, judge
from tests.crash.killing import Killer, live_until_killed, overlook_deaths

# Longer than a claim, so that what was being called is taken up again.
PATIENCE_S = 60
# Where a run is marked that is killed, and where a call may be under way. Both show in the audit row of the next run.
MARKED = ("brain.marked", "brain.decided", "brain.applied")
CLAIMED = (
    "sender.claim_committed", "sender.before_call", "sender.after_call", "sender.released", "sender.settled",
)  # fmt: skip
DEADLY = {*MARKED, *CLAIMED, "sender.published"}


async def live_again(harness: Harness) -> None:
    """Start every service anew, as its supervisor does, and let time pass."""
    harness.restart()
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    for _ in range(PATIENCE_S):
        await harness.advance(1.0)


async def history_of(harness: Harness, load: Load, mishap: Mishap) -> History:
    standing = await of_memory(harness.database, harness.streams)
    return await gather(
        harness.world, load.people.deeds, harness.records, harness.letters, standing,
        rested_at=harness.clock.now(), mishaps=[mishap],
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("point", POINTS)
async def test_a_death_there_leaves_nothing_undone_and_does_nothing_twice(point: str, count: int) -> None:
    asyncio.get_running_loop().set_exception_handler(overlook_deaths)
    killer = Killer(point, count)
    harness = Harness(crash=killer)
    load = Load(harness.world, seed=count, chats=3, each=8)
    while not killer.died.is_set() and load.said < load.total:
        load.say(4)
        await live_until_killed(harness, killer)
    assert killer.died.is_set()
    assert killer.reached[point] == count
    claimed = {lane: claim.event_id for lane, claim in harness.database.tables.claims.items()}
    died = death(harness.world, f"{point.partition('.')[0]}-1", claimed)
    killer.allow_life()
    load.say()
    await live_again(harness)
    history = await history_of(harness, load, died)
    judge(history)
    assert any("did not end" in entry.row.reason for entry in history.audit) == (point in DEADLY)
    assert bool(claimed) or point not in CLAIMED


async def test_the_list_of_points_is_what_an_update_passes_on_its_way() -> None:
    killer = Killer()
    harness = Harness(crash=killer)
    assert await harness.say(user=7, chat=7, text="hello") == ["hello"]
    assert set(killer.reached) == set(POINTS)

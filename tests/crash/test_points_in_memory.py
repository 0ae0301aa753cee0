"""Every crash point, at its first, second, third and sixth passing, in memory: quick, and the same promises.

Death is an exception that nobody catches; what ran before it never runs again. Not here: real kills
(``test_killed_processes``).
"""

import asyncio

import pytest

from application.crashpoints import POINTS
from application.records import AuditFilter
from entrypoints.assembly import BRAIN, SENDER_TARGETS
from entrypoints.harness import Harness
from tests.acceptance.judge import Allowed, History, judge
from tests.acceptance.load import Load
from tests.crash.killing import Killer, live_until_killed, overlook_deaths

# Longer than a claim, so that what was being called is taken up again.
PATIENCE_S = 60
# Where a run that is killed shows in the audit row of the run after it, and where a call may be under way.
MARKED = ("brain.marked", "brain.decided", "brain.applied")
CLAIMED = (
    "sender.claim_committed", "sender.before_call", "sender.after_call", "sender.released", "sender.settled",
)  # fmt: skip


async def live_again(harness: Harness) -> None:
    """Start every service anew, as its supervisor does, and let time pass."""
    harness.restart()
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        await consumer.reconcile()
    for _ in range(PATIENCE_S):
        await harness.advance(1.0)


async def history_of(harness: Harness, load: Load) -> History:
    tables = harness.database.tables
    left = {
        "owed rows": harness.owed,
        "dead letters": len(tables.letters),
        "claims": len(tables.claims),
        "marks of runs that did not end": sum(bool(ids) for _, ids in tables.runs.values()),
    }
    for target in (BRAIN, *SENDER_TARGETS):
        depth = await harness.streams.depth(target)
        left |= {f"entries for {target}": depth.length, f"pending entries of {target}": depth.pending}
    return History(load.said, load.answers(), await harness.records.audit(AuditFilter(limit=1_000_000)), left)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("point", POINTS)
async def test_a_death_there_leaves_nothing_undone_and_does_nothing_twice(point: str, count: int) -> None:
    asyncio.get_running_loop().set_exception_handler(overlook_deaths)
    killer = Killer(point, count)
    harness = Harness(crash=killer)
    load = Load(harness.world, seed=count, chats=3, each=8)
    while not killer.died.is_set() and len(load.said) < load.total:
        load.say(4)
        await live_until_killed(harness, killer)
    assert killer.died.is_set()
    assert killer.reached[point] == count
    claimed = {lane: claim.event_id for lane, claim in harness.database.tables.claims.items()}
    killer.allow_life()
    load.say()
    await live_again(harness)
    deliveries = None if point.startswith("gateway") else 1
    history = await history_of(harness, load)
    judge(history, Allowed(load.replies_of(claimed), deliveries))
    assert any("did not end" in entry.row.reason for entry in history.audit) == (point in MARKED)
    assert bool(claimed) or point not in CLAIMED


async def test_the_list_of_points_is_what_an_update_passes_on_its_way() -> None:
    killer = Killer()
    harness = Harness(crash=killer)
    assert await harness.say(user=7, chat=7, text="hello") == ["hello"]
    assert set(killer.reached) == set(POINTS)

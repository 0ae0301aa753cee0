"""Services are killed and paused in the middle of the load, while calls to Telegram are in flight.

Calls that are in flight are held by the simulator, so that each test knows which they are.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from adapters.botworld import Fault, FaultKind
from adapters.redis_streams.streams import key_of
from tests.acceptance.cluster import REPLICAS, WORK_S, Cluster
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.load import Load, death
from tests.acceptance.waiting import until

MIDDLE = 300
PIECE = 5
# The shortest bounds that the settings allow: a claim outlasts a call by three seconds.
SHORT = {"call_timeout_s": 2, "claim_s": 5, "handler_timeout_s": 3}
# Six calls at once for replies, two for bulk.
CONCURRENCY = 8
CALLS = 6
# Sessions whose transaction is open while the brain does something else.
IN_ROUND = "application_name = 'openclaw_brain' and state = 'idle in transaction'"
FOR_LONG = "state_change < clock_timestamp() - interval '0.5 s'"


async def half_way(it: Cluster, load: Load) -> None:
    """Return in the middle: much is answered, much is under way, and much is still to come."""
    it.start(*REPLICAS)
    await it.ready()
    load.say(2 * MIDDLE)
    await it.answered(load, MIDDLE)


async def hold_calls(it: Cluster, load: Load, fault: Fault) -> Mapping[str, UUID]:
    """Let both senders fill up with calls that meet ``fault``; return what they have claimed then."""
    it.world.faults.add(fault)
    load.say(MIDDLE)

    async def full() -> bool:
        return len(it.world.record.in_flight("sendMessage")) == len(await it.claimed()) == 2 * CALLS

    await until(full, "every call to be in flight", WORK_S)
    it.world.faults.clear()
    return await it.claimed()


async def test_services_that_are_stopped_finish_what_they_are_doing(cluster: OpenCluster, seed: int) -> None:
    async with cluster(sender_concurrency=CONCURRENCY) as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        await hold_calls(it, load, Fault(FaultKind.SLOW, "sendMessage", count=None, delay_s=0.5))
        await it.stop()
        assert await it.claimed() == {}
        it.start(*REPLICAS)
        await it.finish(load)
        assert repeats(load) == []


async def test_a_brain_that_is_killed_loses_and_repeats_nothing(cluster: OpenCluster, seed: int) -> None:
    async with cluster() as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        async with brains_held_up(it, load):
            held = await it.client.xpending_range(
                key_of("brain"), "brain", "-", "+", 1, consumername="brain-1"
            )
            assert held
            await it.services["brain-1"].kill()
        it.start("brain-1")
        await it.finish(load)


async def test_what_a_killed_sender_was_calling_is_repeated_once_and_marked(
    cluster: OpenCluster, seed: int
) -> None:
    async with cluster(sender_concurrency=CONCURRENCY, **SHORT) as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        claimed = await hold_calls(it, load, Fault(FaultKind.SLOW, "sendMessage", count=None, delay_s=1.0))
        assert len(it.world.record.in_flight("sendMessage")) == 2 * CALLS
        killed = death(it.world, "sender-1", claimed)
        await it.services["sender-1"].kill()
        it.start("sender-1")
        await it.finish(load, killed)
        assert len(repeats(load)) == CALLS


async def test_what_a_paused_sender_was_calling_is_repeated_once_and_marked(
    cluster: OpenCluster, seed: int
) -> None:
    async with cluster(sender_concurrency=CONCURRENCY, **SHORT) as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        claimed = await hold_calls(it, load, Fault(FaultKind.SLOW, "sendMessage", count=None, delay_s=1.0))
        paused = death(it.world, "sender-1", claimed)
        it.services["sender-1"].pause()
        assert len(it.world.record.in_flight("sendMessage")) == 2 * CALLS
        await it.answered(load, load.said)
        await until(lambda: len(repeats(load)) == CALLS, "the repeats of what was being called", WORK_S)
        it.services["sender-1"].resume()
        await it.finish(load, paused)
        assert len(repeats(load)) == CALLS


async def test_a_brain_that_is_paused_past_its_bounds_holds_up_nobody_for_longer(
    cluster: OpenCluster, seed: int
) -> None:
    async with cluster() as it:
        load = Load(it.world, seed)
        it.start("gateway-1", "brain-1", "sender-1", "sender-2")
        it.start("brain-2", call_timeout_s=0.5, claim_s=3.5, handler_timeout_s=3)
        await it.ready()
        load.say(2 * MIDDLE)
        await it.answered(load, MIDDLE)
        async with brains_held_up(it, load):
            it.services["brain-2"].pause()

        async def only_the_paused() -> bool:
            return await sessions(it, f"{IN_ROUND} and {FOR_LONG}") == 1

        await until(only_the_paused, "the session of the paused brain", WORK_S)
        await it.answered(load, load.said)

        async def nobody() -> bool:
            return await sessions(it, f"{IN_ROUND} and {FOR_LONG}") == 0

        await until(nobody, "the end of the paused brain's session, by its bound", WORK_S)
        it.services["brain-2"].resume()
        await it.finish(load)
        history = await it.history(load)
        assert any("did not end" in entry.row.reason for entry in history.audit)


@asynccontextmanager
async def brains_held_up(it: Cluster, load: Load) -> AsyncIterator[None]:
    """Hold both brains up in their rounds, with entries in hand and transactions open, for the length of the block."""
    async with it.other_session() as session, session.transaction():
        # Both are about to note there what they run, which they only do for lanes that they won.
        await session.execute("lock table openclaw.runs in share mode")
        upto = load.said + MIDDLE

        async def both() -> bool:
            if await marking(it) == 2 and await both_hold(it):
                return True
            # A few at a time, so that one of them does not win the lanes of all.
            if load.said < upto:
                load.say(PIECE)
            return False

        await until(both, "both brains to be in a round", WORK_S)
        load.say(upto - load.said)
        yield


async def marking(it: Cluster) -> int:
    """Return how many brains wait to note what they run."""
    waiting = "l.relation = 'openclaw.runs'::regclass and not l.granted and a.usename = 'openclaw_brain'"
    query = f"select count(*) from pg_locks l join pg_stat_activity a using (pid) where {waiting}"
    return int(await it.database.fetchval(query))


async def both_hold(it: Cluster) -> bool:
    """Tell whether both brains were given entries that they did not acknowledge."""
    held = await it.client.xpending(key_of("brain"), "brain")
    return len(held["consumers"]) == 2


async def sessions(it: Cluster, where: str) -> int:
    """Return how many sessions Postgres has of that kind."""
    return int(await it.database.fetchval(f"select count(*) from pg_stat_activity where {where}"))


def repeats(load: Load) -> list[str]:
    """Return the answers that are marked as possible repeats."""
    return [text for texts in load.answers().values() for text in texts if text.endswith("(may be a repeat)")]

"""At each step between the update and the settled delivery: the process is killed there, comes back, all is well.

Real processes on real servers. Not here: second and later passings of a point (``test_points_in_memory``).
"""

import signal

import pytest

from adapters.redis_streams.liveness import RedisLiveness
from application.crashpoints import POINTS
from tests.acceptance.cluster import WORK_S
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.load import Load, death
from tests.acceptance.waiting import until


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_killed_there_leaves_nothing_undone_and_does_nothing_twice(
    cluster: OpenCluster, point: str
) -> None:
    async with cluster(call_timeout_s=1, claim_s=4, handler_timeout_s=3) as it:
        load = Load(it.world, seed=1, chats=3, each=2)
        doomed = f"{point.partition('.')[0]}-1"
        it.start(*{"gateway-1", "brain-1", "sender-1"} - {doomed})
        it.start(doomed, crash_at=point)
        load.say()
        killed = it.services[doomed]
        await until(lambda: killed.code is not None, f"the death at {point}", WORK_S)
        assert killed.code == -signal.SIGKILL, it.logs()
        killed_there = death(it.world, doomed, await it.claimed())
        # The killed one still counts as alive for some seconds; its successor is to be waited for.
        await RedisLiveness(it.client).withdraw(doomed.partition("-")[0], doomed)
        it.start(doomed)
        await it.ready()
        await it.finish(load, killed_there)

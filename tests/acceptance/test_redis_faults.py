"""Redis loses everything, its connections or its groups in the middle of the load, and nobody notices."""

from adapters.embedded.valkey import EmbeddedValkey
from adapters.redis_streams.streams import key_of
from entrypoints.data_dir import with_login
from tests.acceptance.cluster import REPLICAS, TARGETS, WORK_S, Cluster
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.load import Load
from tests.acceptance.waiting import until
from tests.proxy import TcpProxy

MIDDLE = 300


async def half_way(it: Cluster, load: Load) -> None:
    """Return in the middle: much is answered, much is under way, and much is still to come."""
    it.start(*REPLICAS)
    await it.ready()
    load.say(2 * MIDDLE)
    await it.answered(load, MIDDLE)


async def test_flushall_in_the_middle_loses_nothing(cluster: OpenCluster, seed: int) -> None:
    async with cluster() as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        await it.client.flushall()
        await it.finish(load)


async def test_deleted_groups_in_the_middle_lose_nothing(cluster: OpenCluster, seed: int) -> None:
    async with cluster() as it:
        load = Load(it.world, seed)
        await half_way(it, load)
        destroyed = [await it.client.xgroup_destroy(key_of(target), target) for target in TARGETS]
        assert all(destroyed)
        await it.finish(load)


async def test_connections_that_break_after_a_read_lose_nothing(
    cluster: OpenCluster, seed: int, valkey_server: EmbeddedValkey
) -> None:
    async with TcpProxy(path=str(valkey_server.socket)) as proxy:
        through = with_login(f"redis://127.0.0.1:{proxy.port}/0", "default", valkey_server.password)
        async with cluster(redis_url=through) as it:
            load = Load(it.world, seed)
            await half_way(it, load)
            await it.answered(load, load.said)
            # Whoever is given entries from now on never hears of them.
            proxy.drop_answers_with = key_of("brain").encode()
            load.say(MIDDLE)
            await until(lambda: proxy.deaf >= 2, "both brains to read in vain", WORK_S)
            proxy.drop_answers_with = None
            assert (await it.client.xpending(key_of("brain"), "brain"))["pending"]
            proxy.cut()
            await it.finish(load)

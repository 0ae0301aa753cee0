"""Postgres dies in the middle of the load, and comes back after a while: everything waits for it, and goes on."""

from collections.abc import Callable
from pathlib import Path

from adapters.embedded.postgres import EmbeddedPostgres
from tests.acceptance.cluster import REPLICAS, Servers, running_cluster
from tests.acceptance.load import Load
from tests.acceptance.processes import Nursery
from tests.servers import Databases, apart, kill

MIDDLE = 300


async def test_a_postgres_that_is_killed_and_comes_back_has_lost_nothing(
    nursery: Nursery,
    private_postgres: Callable[..., EmbeddedPostgres],
    valkey_url: str,
    tmp_path: Path,
    seed: int,
) -> None:
    server = private_postgres(settings={"max_connections": "80"})
    with Databases(server).fresh() as database:
        async with running_cluster(nursery, Servers(database, valkey_url), tmp_path) as it:
            load = Load(it.world, seed)
            it.start(*REPLICAS)
            await it.ready()
            load.say(2 * MIDDLE)
            await it.answered(load, MIDDLE)
            apart(lambda: kill(server))
            load.say(MIDDLE)
            server.start()
            await it.reconnect()
            await it.finish(load)

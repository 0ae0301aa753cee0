"""A thousand messages over fifty chats, with two brains and two senders, and nothing going wrong."""

from collections import Counter

import pytest

from tests.acceptance.cluster import REPLICAS
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.load import Load


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_each_message_is_answered_once_and_in_order(
    cluster: OpenCluster, seed: int, webhook: bool
) -> None:
    async with cluster(webhook=webhook) as it:
        load = Load(it.world, seed)
        it.start(*REPLICAS)
        await it.ready()
        await it.finish(load)


async def test_updates_that_come_three_times_are_answered_once(cluster: OpenCluster, seed: int) -> None:
    async with cluster(webhook=True, deliveries=3) as it:
        load = Load(it.world, seed)
        it.start(*REPLICAS)
        await it.ready()
        await it.finish(load)
        history = await it.history(load)
    assert {deed.times_told for deed in history.deeds} == {3}
    duplicates = Counter(
        entry.row.idempotency_key for entry in history.audit if entry.row.outcome == "duplicate"
    )
    assert set(duplicates.values()) == {2}
    assert len(duplicates) == load.total

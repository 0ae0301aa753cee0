"""Chats that flood an installation slow themselves: a quiet chat is answered all the while, and nothing is lost."""

import pytest

from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.floods import FLOODS, QUIET, Flood, Quiet, percentile, texts_of
from tests.acceptance.waiting import until

CALM, AT_LEAST = 3, 3
# Generous, since the machine may be busy: without turns the wait is that for the whole flood.
SLOWER_MAX_S = 2.0
FLOOD_S = 40.0


@pytest.mark.parametrize("flood", FLOODS, ids=[flood.name for flood in FLOODS])
async def test_a_quiet_chat_is_answered_while_others_flood(cluster: OpenCluster, flood: Flood) -> None:
    async with cluster(webhook=True, **flood.settings) as it:
        it.start("gateway-1", "brain-1", "sender-1")
        await it.ready()
        it.world.limit_rates(flood.rates.telegram)
        quiet = Quiet(it.world)
        calm_s = await quiet.talk(CALM)
        flood.begin(it.world)
        flooded_s = await quiet.talk(AT_LEAST, lambda: flood.is_over(it.world))
        await until(lambda: flood.is_over(it.world), "the flood to be answered", FLOOD_S)
        for name, waits_s in (("calm", calm_s), ("flooded", flooded_s)):
            print(f"{name}: p50 {percentile(waits_s, 0.5):.3f} s, p99 {percentile(waits_s, 0.99):.3f} s")

        assert quiet.is_answered_in_order
        assert percentile(flooded_s, 0.5) < percentile(calm_s, 0.5) + SLOWER_MAX_S / 2
        assert max(flooded_s) < max(calm_s) + SLOWER_MAX_S
        for chat in flood.ids:
            if flood.is_allowed:
                assert texts_of(it.world, chat) == [f"flood {n}" for n in range(1, flood.each + 1)]
            else:
                # A stranger is given one code, however much it writes.
                assert len(texts_of(it.world, chat)) == 1
        # Whatever Telegram refused as too much was our own limits at fault, or timing at their very edge.
        assert it.world.record.refused[429] <= 3

        async def drained() -> bool:
            return not any((await it.left()).values())

        await until(drained, "nothing to be left", FLOOD_S)
        written = len(quiet.said_at_s) + flood.chats * flood.each
        handled = await it.database.fetchval(
            "select count(distinct event_id) from openclaw.audit where event_type = 'message.received'"
            " and consumer = 'brain' and outcome in ('processed', 'ignored')"
        )
        assert handled == written
        await it.stop()


def test_the_quiet_chat_is_none_of_those_that_flood() -> None:
    assert not any(QUIET in flood.ids for flood in FLOODS)

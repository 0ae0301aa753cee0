"""A backlog on real processes: nobody delivers, chats flood by webhook, and then it is worked off.

Not here: polling (``test_harness_pressure``), and what waits to be committed (``test_hostile_webhook``).
"""

import asyncio
from collections import Counter
from itertools import count
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from adapters.embedded.files import free_port
from entrypoints.web import METRICS_PATH
from tests.acceptance.cluster import Cluster
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.floods import texts_of
from tests.acceptance.hostile import get
from tests.acceptance.waiting import until
from tests.acceptance.wire import post_update, wire

BOUND, EACH, POSTS = 30, 90, 1_000
# Of the last nobody brings again what was turned away.
FLOOD, QUIET, STRANGER = 50_001, 99_042, 60_001
SECRET = "secret-of-the-webhook"
WORK_S, MIB = 40.0, 1024 * 1024
NUMBERS = count(5_000_000)


async def owed(it: Cluster, chat: int) -> int:
    return int(
        await it.database.fetchval("select count(*) from openclaw.outbox where lane = $1", f"1000:{chat}")
    )


def memory_of(pid: int) -> int:
    """Return the bytes of memory that a process has to itself or shares."""
    (line,) = (
        x for x in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if x.startswith("VmRSS")
    )
    return int(line.split()[1]) * 1024


async def turned_away(port: int) -> Counter[str]:
    """Return how many updates were turned away, by reason, and how many chats are now, as the gateway tells it."""
    async with wire(port) as it:
        await it.send([get(METRICS_PATH)])
        assert await it.answer() == 200
        text = it.bodies[0].decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    found = Counter(
        {s.labels["reason"]: int(s.value) for s in samples if s.name == "openclaw_updates_turned_away_total"}
    )
    found["chats"] = sum(int(s.value) for s in samples if s.name == "openclaw_chats_turned_away")
    return found


async def when_flooded(port: int) -> Counter[int]:
    """Let a chat send many long messages, sixty-four at a time, and return how many got which answer."""
    answers: Counter[int] = Counter()

    async def caller(share: int) -> None:
        for _ in range(share):
            answers[await post_update(port, next(NUMBERS), STRANGER, SECRET)] += 1

    await asyncio.gather(*(caller(POSTS // 64) for _ in range(64)))
    return answers


async def test_while_nobody_delivers_the_chats_that_flood_are_turned_away_alone_and_all_is_answered_later(
    cluster: OpenCluster,
) -> None:
    inside = free_port()
    async with cluster(webhook=True, backlog_chat_max=BOUND) as it:
        it.start("gateway-1", health_listen=f"127.0.0.1:{inside}")
        it.start("brain-1")
        await it.ready()
        queue = it.world.queues[1000]
        await until(lambda: queue.webhook is not None, "the webhook to be set", WORK_S)
        hook = queue.webhook
        assert hook is not None
        port = int(hook.url.rpartition(":")[2].partition("/")[0])
        # Telegram lets a bot write to nobody who has not written to it.
        it.world.say(STRANGER, STRANGER, "hello")
        for n in range(EACH):
            it.world.say(FLOOD, FLOOD, f"flood {n}")

        async def told() -> bool:
            return "503" in (hook.last_error_message or "")

        await until(told, "the flood to be turned away", WORK_S)
        before = memory_of(it.services["gateway-1"].pid)
        answers = await when_flooded(port)
        grown = memory_of(it.services["gateway-1"].pid) - before
        for n in range(5):
            it.world.say(QUIET, QUIET, f"quiet {n}")

        async def quiet_is_taken_in() -> bool:
            return await owed(it, QUIET) == 5

        await until(quiet_is_taken_in, "the quiet chat to be taken in", WORK_S)
        print(f"{dict(answers)}, the gateway grew by {grown / MIB:.1f} MiB")
        assert set(answers) == {200, 503}
        assert BOUND <= await owed(it, STRANGER) == answers[200] + 1 <= 2 * BOUND
        assert BOUND <= await owed(it, FLOOD) <= 2 * BOUND
        assert grown < 16 * MIB
        found = await turned_away(inside)
        assert found["chat_owes"] + found["behind"] > POSTS / 2
        assert (found["all_owe"], found["all_waiting"], found["chats"]) == (0, 0, 2)

        it.start("sender-1")
        await until(lambda: len(texts_of(it.world, FLOOD)) >= EACH, "every message to be answered", WORK_S)

        async def drained() -> bool:
            return not any((await it.left()).values())

        await until(drained, "nothing to be left", WORK_S)
        assert texts_of(it.world, FLOOD) == [f"flood {n}" for n in range(EACH)]
        assert texts_of(it.world, QUIET) == [f"quiet {n}" for n in range(5)]
        assert len(texts_of(it.world, STRANGER)) == answers[200] + 1, "what was taken in and nothing else"
        rows = await it.database.fetch(
            "select outcome, count(*) as many from openclaw.audit where consumer = 'gateway' group by outcome"
        )
        assert {row["outcome"]: row["many"] for row in rows} == {"accepted": EACH + 5 + 1 + answers[200]}
        it.world.say(FLOOD, FLOOD, "and again")
        await until(lambda: texts_of(it.world, FLOOD)[-1] == "and again", "it to be taken in again", WORK_S)
        assert (await turned_away(inside))["chats"] == 0
        await until(drained, "nothing to be left", WORK_S)
        await it.stop()

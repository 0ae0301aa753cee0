"""Three schedulers on real servers, and a service killed at each of its points in turn: every window reminds once, or
its chat is told that one may be missing.

Not here: windows that follow one another, nags, and clocks (``test_reminders_in_memory``, ``tests/unit``).
"""

import signal
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

import pytest
from attrs import define, field

from adapters.postgres.pool import Pool
from adapters.postgres.roles import role_of
from adapters.postgres.store import PostgresStore
from adapters.redis_streams.liveness import RedisLiveness
from application.changes import Changes, ScopedEffect
from application.crashpoints import SCHEDULER_POINTS, SENDER_POINTS
from domain.decisions import AddTask
from domain.tasks.values import Task
from tests.acceptance.cluster import WORK_S, Cluster
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.waiting import until

BOT = 1000
CHATS = range(7, 67)
# So many of them have a task at once; the next ones need not wait for claims that a death left behind.
AT_ONCE = 3
OTHERS = ("gateway-1", "brain-1", "sender-1", "scheduler-1", "scheduler-2", "scheduler-3")
STANDS = "select kept from openclaw.occasions where task_id = $1"
LEFT = "select count(*) from openclaw.outbox"


@define
class Tasks:
    """The tasks of the chats, which are due as soon as they are written."""

    it: Cluster
    store: PostgresStore
    made: list[tuple[int, Task]] = field(factory=list)

    async def add(self) -> None:
        """Have a task in each of the next chats that was due a moment ago."""
        effects = []
        for _ in range(AT_ONCE):
            number, place = divmod(len(self.made), len(CHATS))
            at, chat = round(time.time() - 1, 3), CHATS[place]
            task = Task(uuid4(), number + 1, f"task {chat}/{number}.", due_at=at, remind_at=at)
            self.made.append((chat, task))
            effects.append(ScopedEffect(f"{BOT}:u{chat}", AddTask(task)))
        async with self.store.round("brain", ()) as current:
            await current.apply(Changes(effects=list(effects)))

    def said(self, chat: int, task: Task) -> int:
        """Return how many messages tell of a task."""
        return sum(task.title in text for text in texts(self.it, chat))

    async def acted_on(self) -> bool:
        """Tell whether something stands of every task, and nothing is on its way."""
        stands = await self.it.database.fetchval("select count(*) from openclaw.occasions")
        return stands == len(self.made) and await self.it.database.fetchval(LEFT) == 0


def texts(it: Cluster, chat: int) -> Sequence[str]:
    found = [effect.params.get("text") for effect in it.world.record.of_chat(chat)]
    return [text for text in found if isinstance(text, str)]


async def when_killed_at(it: Cluster, tasks: Tasks, doomed: str, point: str) -> set[UUID]:
    """Have the service die there while tasks come due; return the deliveries that it had claimed then."""
    it.start(doomed, crash_at=point)
    killed = it.services[doomed]
    while killed.code is None:
        await tasks.add()

        async def either() -> bool:
            return killed.code is not None or await tasks.acted_on()

        await until(either, f"the death at {point}, or everything to be done", WORK_S)
    assert killed.code == -signal.SIGKILL, it.logs()
    # A sender that lives settles what it has claimed.
    return set((await it.claimed()).values()) if points_of(doomed) is SENDER_POINTS else set()


def points_of(service: str) -> Sequence[str]:
    return SENDER_POINTS if service.startswith("sender") else SCHEDULER_POINTS


@pytest.mark.parametrize("points", [SCHEDULER_POINTS, SENDER_POINTS], ids=["scheduler", "sender"])
async def test_whoever_is_killed_wherever_a_window_reminds_once_or_says_that_one_may_be_missing(
    cluster: OpenCluster, points: Sequence[str]
) -> None:
    async with cluster(call_timeout_s=1, claim_s=4, handler_timeout_s=3) as it:
        pool = Pool(it.servers.postgres_url, role_of("brain"))
        tasks = Tasks(it, PostgresStore(pool, pool, consumer="brain", run_id=uuid4()))
        doomed = f"{points[0].partition('.')[0]}-1"
        try:
            it.start(*OTHERS)
            for chat in CHATS:
                it.world.say(chat, chat, "hello")
            await until(lambda: all(texts(it, chat) for chat in CHATS), "every answer", WORK_S)
            # Nothing is said or called for any more but reminders.
            await until(tasks.acted_on, "every answer to be settled", WORK_S)
            await it.services.pop(doomed).kill()
            claimed: set[UUID] = set()
            for point in points:
                claimed |= await when_killed_at(it, tasks, doomed, point)
            await RedisLiveness(it.client).withdraw(doomed.partition("-")[0], doomed)
            it.start(doomed)
            await it.ready()
            await until(tasks.acted_on, "every reminder to be accounted for", WORK_S)
            await then_each_window_reminded_once(it, tasks, claimed)
            await it.stop()
        finally:
            await pool.close()


async def then_each_window_reminded_once(it: Cluster, tasks: Tasks, claimed: set[UUID]) -> None:
    missing: dict[int, list[Task]] = {}
    for chat, task in tasks.made:
        (row,) = await it.database.fetch(STANDS, task.task_id)
        if row["kept"] == "ambiguous":
            # It may have arrived, and was not repeated.
            assert tasks.said(chat, task) <= 1
            missing.setdefault(chat, []).append(task)
        else:
            assert row["kept"] in {"fired", "late"}
            assert tasks.said(chat, task) == 1, task.title
    assert sum(map(len, missing.values())) == len(claimed)
    for chat, lost in missing.items():
        before = len(texts(it, chat))
        it.world.say(chat, chat, "hello again")
        await until(partial(is_longer, it, chat, before), "the answer", WORK_S)
        told = "\n".join(texts(it, chat)[before:])
        assert all(task.title in told for task in lost)


def is_longer(it: Cluster, chat: int, before: int) -> bool:
    return len(texts(it, chat)) > before

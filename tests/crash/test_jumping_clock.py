"""Three schedulers on real servers while the clock jumps, also in the middle of their work, and one of them is killed.

Each window reminds at most once, and the ledger accounts for each. Not here: a kill at every named point
(``test_killed_reminders``), and what is due after a jump (``tests/unit/test_task_rules``).
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from attrs import define, field

from adapters.postgres.clock import PostgresClock
from adapters.postgres.pool import Pool
from adapters.postgres.roles import role_of
from adapters.postgres.store import PostgresStore
from application.changes import Changes, ScopedEffect
from domain.decisions import AddTask
from domain.tasks.values import Task
from tests.acceptance.cluster import WORK_S, Cluster
from tests.acceptance.fixtures import OpenCluster
from tests.acceptance.waiting import until

BOT = 1000
CHATS = range(7, 13)
SERVICES = (
    "gateway-1",
    "brain-1",
    "brain-2",
    "sender-1",
    "sender-2",
    "scheduler-1",
    "scheduler-2",
    "scheduler-3",
)
DUE = "select count(*) from openclaw.tasks where status = 'open' and remind_at <= openclaw.now()"
LEDGER = (
    "select kept, extract(epoch from bucket)::float8 as bucket from openclaw.occasions where task_id = $1"
)
BACK = "update openclaw.clock set ahead = ahead - $1"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# How far the clock jumps, and whether everything is at rest before it does.
JUMPS = (
    (HOUR, True), (DAY, True), (10 * DAY, True), (-2 * HOUR, True), (DAY, True),
    (DAY, False), (2 * HOUR, False), (40 * DAY, False), (DAY, False), (DAY, True),
)  # fmt: skip


@define
class Daily:
    """A task a day in each chat, and the instants by which the clock had come."""

    it: Cluster
    clock: PostgresClock
    first: datetime
    tasks: dict[int, UUID] = field(factory=dict)

    async def add(self, store: PostgresStore) -> None:
        rule = (
            f"DTSTART;TZID=UTC:{self.first:%Y%m%dT%H%M%S}\n"
            f"RRULE:FREQ=DAILY;BYHOUR={self.first.hour};BYMINUTE={self.first.minute}"
        )
        at = self.first.timestamp()
        effects = []
        for chat in CHATS:
            task = Task(uuid4(), 1, f"task of {chat}.", due_at=at, remind_at=at, rule=rule)
            self.tasks[chat] = task.task_id
            effects.append(ScopedEffect(f"{BOT}:u{chat}", AddTask(task)))
        async with store.round("brain", ()) as current:
            await current.apply(Changes(effects=list(effects)))

    async def jump(self, by: timedelta) -> None:
        if by < timedelta():
            await self.it.database.execute(BACK, -by)
            return
        now = await self.it.database.fetchval("select openclaw.now()")
        await self.clock.move((now + by).timestamp())

    async def at_rest(self) -> bool:
        return (await self.clock.look()).is_at_rest

    def answered(self, chat: int) -> bool:
        return bool(self.it.world.record.of_chat(chat))

    def said(self, chat: int) -> int:
        return sum(
            f"task of {chat}." in str(e.params.get("text")) for e in self.it.world.record.of_chat(chat)
        )


async def test_while_the_clock_jumps_each_window_reminds_at_most_once_and_is_accounted_for(
    cluster: OpenCluster,
) -> None:
    async with cluster(call_timeout_s=1, claim_s=4, handler_timeout_s=3) as it:
        pool = Pool(it.servers.postgres_url, role_of("brain"))
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        daily = Daily(it, PostgresClock(it.servers.postgres_url), now + timedelta(minutes=30))
        try:
            it.start(*SERVICES)
            for chat in CHATS:
                # A bot can write to nobody who has not written to it.
                it.world.say(chat, chat, "hello")
            await until(lambda: all(map(daily.answered, CHATS)), "every answer", WORK_S)
            await daily.add(PostgresStore(pool, pool, consumer="brain", run_id=uuid4()))
            for number, (by, waits) in enumerate(JUMPS):
                if waits:
                    await until(daily.at_rest, "everything due to be said", WORK_S)
                await daily.jump(by)
                if number == 6:
                    await it.services.pop("scheduler-2").kill()
            await until(daily.at_rest, "everything due to be said", WORK_S)
            end = await it.database.fetchval("select openclaw.now()")
            for chat in CHATS:
                await then_each_window_is_accounted_for(daily, chat, end)
            await it.stop()
        finally:
            await pool.close()


async def then_each_window_is_accounted_for(daily: Daily, chat: int, end: datetime) -> None:
    rows = await daily.it.database.fetch(LEDGER, daily.tasks[chat])
    kept = {row["bucket"]: row["kept"] for row in rows}
    windows, at = set(), daily.first
    while at <= end:
        windows.add(at.timestamp())
        at += DAY
    assert windows <= set(kept), daily.it.logs()
    certain = sum(each in ("fired", "late") for each in kept.values())
    doubtful = sum(each == "ambiguous" for each in kept.values())
    assert certain >= 3
    assert certain <= daily.said(chat) <= certain + doubtful, kept

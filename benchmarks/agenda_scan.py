"""What a look for due tasks costs while more and more tasks are open: time, and what is read of the tables.

The scheduler's own tick, as its own role, on a real Postgres; and what a chat with many tasks asks of them. Not here:
what becomes of those that are due (``agenda_burst``).
"""

import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
from attrs import frozen

from adapters.codec import Codec
from adapters.memory.streams import MemoryStreams
from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.pool import Pool
from adapters.postgres.roles import role_of
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import PostgresTasks
from adapters.system import SystemClock
from application.crashpoints import no_crash
from application.scheduler import Scheduler, SchedulerLimits
from domain.tasks.values import OPEN_TASKS_MAX, Page
from entrypoints.containers import timing

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DUE = 100
# The chat that has as many open tasks as one may; the others have ten each.
BUSY = "1000:u42"
FIRST_CHAT = 10_000_000
TIMES = 21

# What is open is due over the year to come, beginning in an hour.
FILL = """
insert into openclaw.tasks (task_id, scope, number, title, folded, due_at, remind_at)
select gen_random_uuid(), case when n <= $3::int then $4::text else '1000:u' || ($5::int + n / 10) end,
  case when n <= $3::int then n else n % 10 + 1 end, 'task ' || n, 'task ' || n, at, at
from (select n, date_trunc('minute', now()) + interval '1 hour' + random() * interval '1 year' as at
  from generate_series($1::int, $2::int) n) x
"""
# As good as random ones, since their instants are.
COME_DUE = """
update openclaw.tasks t set due_at = now(), remind_at = now(), times_said = 0 from (
  select task_id from openclaw.tasks where status = 'open' and remind_at > now()
  order by remind_at desc limit $1) x
where t.task_id = x.task_id
"""


@frozen
class Cost:
    """What one look costs: milliseconds, the median of some, and pages of 8 KiB that it touches."""

    ms: float
    pages: int


@frozen
class Scan:
    """The figures at one number of open tasks."""

    tasks: int
    nothing_due: Cost
    some_due: Cost
    listed: Cost
    tallied: Cost


async def fill(admin: Any, begin: int, end: int) -> None:
    """Have the open tasks with these numbers, both included, and let the planner know them."""
    await admin.execute(FILL, begin, end, OPEN_TASKS_MAX, BUSY, FIRST_CHAT)
    await settled(admin)


async def settled(admin: Any) -> None:
    """Leave no dead rows behind, as autovacuum would in a while."""
    await admin.execute("vacuum analyze openclaw.tasks")


async def measure(url: str, size_max: int) -> AsyncIterator[Scan]:
    """Yield the figures for each size up to ``size_max``. The tasks stay."""
    admin = await asyncpg.connect(url)
    scheduler_pool, brain_pool = Pool(url, role_of("scheduler")), Pool(url, role_of("brain"))
    try:
        filled = 0
        for size in (each for each in SIZES if each <= size_max):
            await fill(admin, filled + 1, size)
            filled = size
            yield await _at(size, admin, scheduler_pool, brain_pool)
            await settled(admin)
        # What it owed nobody waits for, and what it left to write is not what comes next should meet.
        await admin.execute("truncate openclaw.outbox, openclaw.occasions; checkpoint")
    finally:
        await scheduler_pool.close()
        await brain_pool.close()
        await admin.close()


async def _at(size: int, admin: Any, scheduler_pool: Pool, brain_pool: Pool) -> Scan:
    clock = SystemClock()
    scheduler = Scheduler(
        PostgresAgenda(scheduler_pool, scheduler_pool, run_id=uuid4()), MemoryStreams(clock), Codec(), clock, timing(),
        no_crash, SchedulerLimits(batch_max=DUE),
    )  # fmt: skip

    async def come_due() -> None:
        await admin.execute(COME_DUE, DUE)

    async def nothing() -> None:
        return None

    async def tick(expected: int) -> None:
        if (acted := await scheduler.tick()) != expected:
            raise RuntimeError(f"a tick acted on {acted} tasks where {expected} were due")

    nothing_ms = await _median_ms(nothing, lambda: tick(0))
    nothing_pages = await pages_of(scheduler_pool, "due_tasks", DUE)
    some_ms = await _median_ms(come_due, lambda: tick(DUE))
    await come_due()
    some_pages = await pages_of(scheduler_pool, "due_tasks", DUE)
    await scheduler.tick()
    page = ([BUSY], [None], [False], [None], [None], [""], [10], [0])

    async def listed() -> None:
        async with _book(brain_pool) as book:
            await book.pages({BUSY: Page()})

    async def tallied() -> None:
        async with _book(brain_pool) as book:
            await book.tallies([BUSY])

    return Scan(
        size,
        Cost(nothing_ms, nothing_pages),
        Cost(some_ms, some_pages),
        Cost(
            await _median_ms(nothing, listed),
            await pages_of(brain_pool, "open_pages", *page, scope=BUSY),
        ),
        Cost(
            await _median_ms(nothing, tallied), await pages_of(brain_pool, "tally_tasks", [BUSY], scope=BUSY)
        ),
    )


@asynccontextmanager
async def _book(pool: Pool) -> AsyncIterator[PostgresTasks]:
    async with pool.connection() as connection, connection.transaction():
        yield PostgresTasks(connection)


async def _median_ms(prepare: Callable[[], Awaitable[None]], act: Callable[[], Awaitable[None]]) -> float:
    took_ms = []
    for _ in range(TIMES):
        await prepare()
        began_s = time.perf_counter()
        await act()
        took_ms.append((time.perf_counter() - began_s) * 1000)
    # The first one opened connections and made plans.
    return statistics.median(took_ms[1:])


async def pages_of(pool: Pool, name: str, *values: object, scope: str = "") -> int:
    """Return how many pages a statement touches, with the plan that the service has for it; nothing stays of it."""
    async with pool.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(SQL["name_scopes"], scope)
        await connection.execute(f"prepare measured as {SQL[name]}")
        given = ", ".join(
            [await connection.fetchval("select quote_nullable($1::text)", _literal(v)) for v in values]
        )
        # The second time, as any but the first: the first finds out which entries of an index are dead.
        for _ in range(2):
            plan = json.loads(
                await connection.fetchval(
                    f"explain (analyze, buffers, timing off, format json) execute measured({given})"
                )
            )
        await connection.execute("deallocate measured")
        await transaction.rollback()
    root = plan[0]["Plan"]
    return int(root["Shared Hit Blocks"] + root["Shared Read Blocks"])


def _literal(value: object) -> str | None:
    """Return a value as Postgres reads it from a text."""
    if isinstance(value, list):
        return "{" + ",".join("NULL" if each is None else f'"{each}"' for each in value) + "}"
    return None if value is None else str(value)

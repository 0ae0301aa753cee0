"""Tasks in Postgres: what the scheduler and a round of the brain may not see or write, and what a scan costs.

Not here: what the book and the agenda promise (``tests/contract``), and the other tables (``test_postgres_isolation``).
"""

import asyncio
import re
from random import Random
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
from attrs import evolve

from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from application.agenda import AgendaChanges, Firing
from application.changes import AuditRow, Changes, Owed, ScopedEffect
from domain.decisions import (
    AddTask,
    Effect,
    KeepOccasion,
    MarkChat,
    MoveData,
    Outcome,
    PutSetting,
    ResumeTasks,
)
from domain.tasks.values import Kept, Occasion, Task
from tests.contract.legs import PostgresLeg, ident, when_applied

ANN, BEN = "1:u5", "1:u6"
HOUR_S = 3600.0
# Columns of tasks that the scheduler changes, and of occasions.
MOVED = {"due_at", "remind_at", "reminded_at", "times_said", "is_paused"}
KEPT = {"kept", "at", "reason"}


async def given(leg: PostgresLeg, name: str, number: int = 1, scope: str = ANN, in_s: float = -5.0) -> None:
    """Have an open task that reminds ``in_s`` seconds from now."""
    at = leg.now() + in_s
    added = ScopedEffect(scope, AddTask(Task(ident(name), number, name, due_at=at, remind_at=at)))
    await when_applied(leg.store(), "brain", Changes(effects=[added]))


async def run_as(
    leg: PostgresLeg, role: str, sql: str, *values: object, scopes: str = ""
) -> list[tuple[Any, ...]]:
    """Run one statement as a service, in a transaction that has named ``scopes``."""
    async with leg.pools[role].connection() as connection, connection.transaction():
        await connection.execute(SQL["name_scopes"], scopes)
        return [tuple(row) for row in await connection.fetch(sql, *values)]


async def refused(leg: PostgresLeg, role: str, sql: str, *values: object, scopes: str = "") -> bool:
    """Tell whether Postgres refuses a statement for want of a right."""
    try:
        await run_as(leg, role, sql, *values, scopes=scopes)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


# The brain's rounds


async def test_another_scopes_tasks_are_never_read_or_written_by_a_round_not_even_by_id(
    leg: PostgresLeg,
) -> None:
    await given(leg, "Ann's")
    await given(leg, "Ben's", scope=BEN)
    kept = ScopedEffect(BEN, KeepOccasion(Occasion(ident("Ben's"), 1e9, Kept.AMBIGUOUS)))
    await when_applied(leg.store(), "brain", Changes(effects=[kept]))
    for table, title in (("tasks", "title"), ("occasions", "scope")):
        read = f"select {title} from openclaw.{table} where task_id = $1"
        assert await run_as(leg, "brain", read, ident("Ben's")) == [], table
        assert await run_as(leg, "brain", read, ident("Ben's"), scopes=ANN) == [], table
        assert len(await run_as(leg, "brain", read, ident("Ben's"), scopes=f"{ANN},{BEN}")) == 1, table
        touch = f"update openclaw.{table} set scope = scope where task_id = $1 returning 1"
        assert await run_as(leg, "brain", touch, ident("Ben's"), scopes=ANN) == [], table
        take = f"update openclaw.{table} set scope = '{ANN}' where task_id = $1 returning 1"
        assert await run_as(leg, "brain", take, ident("Ben's"), scopes=ANN) == []
        give = f"update openclaw.{table} set scope = '1:u9' where task_id = $1"
        assert await refused(leg, "brain", give, ident("Ben's"), scopes=BEN)
    remove = "delete from openclaw.{} where task_id = $1 returning 1"
    assert await run_as(leg, "brain", remove.format("tasks"), ident("Ben's"), scopes=ANN) == []
    assert await refused(leg, "brain", remove.format("occasions"), ident("Ben's"), scopes=BEN), (
        "the ledger stays"
    )
    async with leg.store().round("brain", ()) as current:
        assert await current.tasks.by_ids({ANN: [ident("Ben's")]}) == {ANN: {}}
        # What was named before does not widen what is asked next.
        await current.settings([BEN])
        assert await current.tasks.by_ids({ANN: [ident("Ben's")]}) == {ANN: {}}
        assert await current.tasks.occasions(ANN, ident("Ben's"), 10) == []


# The scheduler's rights


async def test_the_scheduler_sees_what_is_due_and_nothing_else(leg: PostgresLeg) -> None:
    await given(leg, "due")
    await given(leg, "due elsewhere", scope=BEN)
    await given(leg, "later", 2, in_s=HOUR_S)
    await run_as(leg, "brain", SQL["resume_tasks"], [ANN], scopes=ANN)
    read = "select title from openclaw.tasks order by title"
    assert await run_as(leg, "scheduler", read) == [("due",), ("due elsewhere",)]
    by_id = "select title from openclaw.tasks where task_id = $1"
    assert await run_as(leg, "scheduler", by_id, ident("later"), scopes=ANN) == []
    await run_as(
        leg, "brain", "update openclaw.tasks set status = 'done' where task_id = $1", ident("due"), scopes=ANN
    )
    assert await run_as(leg, "scheduler", read) == [("due elsewhere",)]


async def test_the_scheduler_moves_what_is_due_and_changes_nothing_else_of_it(
    leg: PostgresLeg, admin: asyncpg.Connection
) -> None:
    await given(leg, "due")
    await given(leg, "later", 2, in_s=HOUR_S)
    move = (
        "update openclaw.tasks set remind_at = null, reminded_at = now() where task_id = $1 returning title"
    )
    assert await run_as(leg, "scheduler", move, ident("later"), scopes=ANN) == []
    assert await run_as(leg, "scheduler", move, ident("due")) == [("due",)]
    assert await run_as(leg, "scheduler", move, ident("due")) == [], "it is not due any more"
    await given(leg, "next", 3)
    unsigned = "update openclaw.tasks set remind_at = null where task_id = $1"
    assert await refused(leg, "scheduler", unsigned, ident("next")), "without saying when"
    for table, allowed in (("tasks", MOVED), ("occasions", KEPT)):
        rows = await admin.fetch(
            "select attname, has_column_privilege('openclaw_scheduler', attrelid, attnum, 'UPDATE') as may "
            "from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
            f"openclaw.{table}",
        )
        assert {row["attname"] for row in rows if row["may"]} == allowed


async def test_the_scheduler_keeps_occasions_of_what_is_due_alone_and_under_its_own_scope(
    leg: PostgresLeg,
) -> None:
    await given(leg, "due")
    await given(leg, "later", 2, in_s=HOUR_S)
    keep = "insert into openclaw.occasions (task_id, bucket, scope, kept) values ($1, now(), $2, 'fired')"
    assert not await refused(leg, "scheduler", keep, ident("due"), ANN)
    assert await refused(leg, "scheduler", keep, ident("due"), BEN)
    assert await refused(leg, "scheduler", keep, ident("later"), ANN, scopes=ANN)
    assert len(await run_as(leg, "scheduler", "select * from openclaw.occasions")) == 1
    await run_as(leg, "scheduler", "update openclaw.tasks set remind_at = null, reminded_at = now()")
    assert await run_as(leg, "scheduler", "select * from openclaw.occasions") == []


async def test_the_scheduler_owes_the_brain_alone_and_only_what_it_made_itself(leg: PostgresLeg) -> None:
    owe = "insert into openclaw.outbox (target, event_id, lane, envelope) values ($1, gen_random_uuid(), '1:5', $2)"
    assert not await refused(leg, "scheduler", owe, "brain", b'{"source":"scheduler"}')
    assert await refused(leg, "scheduler", owe, "sender", b'{"source":"scheduler"}')
    for forged in (b'{"source":"gateway"}', b"{}", b"no event"):
        assert await refused(leg, "scheduler", owe, "brain", forged), forged


async def test_the_scheduler_reads_settings_of_the_scopes_that_it_named(leg: PostgresLeg) -> None:
    effects = [ScopedEffect(scope, PutSetting("quiet", "22:00-07:00")) for scope in (ANN, BEN)]
    await when_applied(leg.store(), "brain", Changes(effects=effects))
    read = "select scope from openclaw.settings"
    assert await run_as(leg, "scheduler", read) == []
    assert await run_as(leg, "scheduler", read, scopes=BEN) == [(BEN,)]


# Many at once

NAMES = UUID(int=11)
TASKS, SCHEDULERS, SEED = 300, 3, 20261122


async def given_many(admin: asyncpg.Connection, due: int, later: int = 0, before: int = 0) -> None:
    """Have so many tasks that are due, and so many that are not, ten of each in a chat, after those made before."""
    await admin.execute(
        "insert into openclaw.tasks (task_id, scope, number, title, due_at, remind_at) "
        "select gen_random_uuid(), '1:u' || (n / 10 + 1), n, 'task ' || n, at, at from (select n, "
        "case when n <= $1::int then now() - n * interval '1 second' else now() + n * interval '1 minute' end as at "
        "from generate_series($3::int + 1, $3::int + $1::int + $2::int) n) x",
        due,
        later,
        before,
    )
    await admin.execute("analyze openclaw.tasks")


async def test_schedulers_that_race_and_fail_at_random_fire_every_task_exactly_once(
    leg: PostgresLeg, admin: asyncpg.Connection, database: str
) -> None:
    """Three schedulers take batches at once, hold them while others scan, and let some fail before the commit."""
    await given_many(admin, TASKS)
    random = Random(SEED)
    pools = [Pool(database, "openclaw_scheduler") for _ in range(SCHEDULERS)]
    fired: list[UUID] = []

    async def one_round(agenda: PostgresAgenda) -> int:
        async with agenda.due(random.randint(1, 25)) as current:
            changes = AgendaChanges(
                [_firing(each.task, each.scope) for each in current.due],
                [evolve(each.task, remind_at=None) for each in current.due],
            )
            won = await current.apply(changes)
            if random.random() < 0.2:
                raise ZeroDivisionError
        fired.extend(each.occasion.task_id for each in won)
        return len(changes.tasks)

    async def schedules(pool: Pool) -> None:
        empty = 0
        while empty < 5:
            try:
                empty = empty + 1 if await one_round(PostgresAgenda(pool, pool, run_id=uuid4())) == 0 else 0
            except ZeroDivisionError:
                empty = 0

    try:
        await asyncio.gather(*map(schedules, pools))
    finally:
        for pool in pools:
            await pool.close()
    assert len(fired) == len(set(fired)) == TASKS, f"seed {SEED}"
    assert await admin.fetchval("select count(*) from openclaw.occasions") == TASKS
    assert await admin.fetchval("select count(*) from openclaw.outbox") == TASKS
    assert await admin.fetchval("select count(*) from openclaw.audit") == TASKS


async def test_two_that_write_one_occasion_at_once_owe_its_event_once(leg: PostgresLeg) -> None:
    """Even without the lock of the task: a task that came back while its occasion was being kept owes nothing more."""
    await given(leg, "a")
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        firing = _firing(due.task, due.scope)
        await current.apply(AgendaChanges([firing], [evolve(due.task, times_said=1)]))
    for _ in range(2):
        async with leg.agenda.due(10) as current:
            (again,) = current.due
            assert again.task.times_said == 1
            assert await current.apply(AgendaChanges([firing])) == []
    assert len(await run_as(leg, "operator", "select 1 from openclaw.outbox")) == 1


async def waiting(
    leg: PostgresLeg, admin: asyncpg.Connection, *effects: Effect, scope: str = ANN
) -> asyncio.Task[None]:
    """Begin a round of the brain that writes ``effects``, and return it once it waits for a lock."""
    changes = Changes(effects=[ScopedEffect(scope, each) for each in effects])
    begun = asyncio.create_task(when_applied(leg.store(run="two"), "brain", changes))
    blocked = "select exists (select from pg_stat_activity where wait_event_type = 'Lock')"
    async with asyncio.timeout(10):
        while not await admin.fetchval(blocked):
            assert not begun.done(), "it did not wait"
            await asyncio.sleep(0)
    return begun


async def test_an_occasion_that_is_being_kept_follows_a_group_that_moves_meanwhile(
    leg: PostgresLeg, admin: asyncpg.Connection
) -> None:
    await given(leg, "a", scope="1:c-7")
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        await current.apply(AgendaChanges([_firing(due.task, due.scope)], [evolve(due.task, times_said=1)]))
        moving = await waiting(leg, admin, MoveData(-1007), scope="1:c-7")
    await moving
    async with leg.store().round("brain", ()) as round_:
        assert [each.kept for each in await round_.tasks.occasions("1:c-1007", ident("a"), 10)] == [
            Kept.FIRED
        ]
    assert await admin.fetchval("select count(*) from openclaw.occasions where scope = '1:c-7'") == 0


async def test_contact_while_a_scheduler_pauses_a_task_of_the_chat_lets_it_go_on(
    leg: PostgresLeg, admin: asyncpg.Connection
) -> None:
    await given(leg, "a")
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(ANN, MarkChat(False, "blocked"))]))
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        assert not due.is_reachable
        paused = evolve(due.task, remind_at=None, is_paused=True)
        await current.apply(AgendaChanges([], [paused]))
        contact = await waiting(leg, admin, MarkChat(True), ResumeTasks())
    await contact
    async with leg.agenda.due(10) as current:
        (again,) = current.due
        assert again.is_reachable
        assert not again.task.is_paused


def _firing(task: Task, scope: str) -> Firing:
    assert task.due_at is not None
    event_id = uuid5(NAMES, str(task.task_id))
    owed = Owed("brain", event_id, scope.replace("u", ""), None, b'{"source":"scheduler"}')
    audit = AuditRow(Outcome.ACCEPTED, event_id, "reminder.due", scope=scope)
    return Firing(Occasion(task.task_id, task.due_at, Kept.FIRED), owed, audit)


# What it costs


async def plan_of(leg: PostgresLeg, role: str, name: str, *values: object, scopes: str = "") -> str:
    """Return the plan of a statement as the service runs it, with what it read."""
    async with leg.pools[role].connection() as connection, connection.transaction():
        await connection.execute(SQL["name_scopes"], scopes)
        # A statement that takes its plan without its values, as the services' statements do.
        rows = await connection.fetch(
            f"explain (analyze, buffers, costs off, timing off) {SQL[name]}", *values
        )
    return "\n".join(row[0] for row in rows)


def a_page(scope: str) -> tuple[list[object], ...]:
    return ([scope], [None], [False], [None], [None], [""], [10], [0])


def pages_in(plan: str) -> int:
    """Return how many pages a statement touched."""
    found = re.search(r"Buffers: (.*)", plan)
    assert found is not None, plan
    return sum(int(count) for count in re.findall(r"(?:hit|read)=(\d+)", found[1]))


async def test_the_scan_reads_what_is_due_and_not_what_exists(
    leg: PostgresLeg, admin: asyncpg.Connection
) -> None:
    await given_many(admin, due=10, later=1_000)
    before = pages_in(await plan_of(leg, "scheduler", "due_tasks", 100, ident("a run")))
    await given_many(admin, due=0, later=20_000, before=1_010)
    plan = await plan_of(leg, "scheduler", "due_tasks", 100, ident("a run"))
    # An index of twenty times as many may be a page deeper, which is all that it costs.
    assert pages_in(plan) <= before + 2, f"{before} pages before:\n{plan}"
    assert "Index Scan using tasks_remind on tasks t" in plan, plan
    # Marks are a row for each process, fewer than an index would be worth.
    assert re.search(r"Seq Scan on (?!runs\b)", plan) is None, plan
    reading = plan[plan.index("Index Scan using tasks_remind") :]
    assert re.search(r"actual rows=10(\.00)? loops=1", reading.splitlines()[0]), plan
    assert "Rows Removed" not in plan, plan
    scope = await admin.fetchval("select scope from openclaw.tasks limit 1")
    for name, values, index in (
        ("open_pages", a_page(scope), "tasks_open"),
        ("pages", a_page(scope), "tasks_scope_number_key"),
        ("tally_tasks", ([scope],), "tasks_open"),
        ("tasks_by_numbers", ([scope], [3]), "tasks_scope_number_key"),
        ("tasks_by_ids", ([scope], [ident("x")]), "tasks_pkey"),
        ("read_contacts", ([scope], 20), "tasks_paused"),
        ("resume_tasks", ([scope],), "tasks_paused"),
        ("await_pausing", ([scope],), "tasks_open"),
        ("lock_tasks", (scope,), "tasks_scope_number_key"),
        ("move_tasks", (scope, scope), "tasks_scope_number_key"),
        ("move_occasions", (scope, scope), "tasks_scope_number_key"),
    ):
        found = await plan_of(leg, "brain", name, *values, scopes=scope)
        assert index in found, f"{name}:\n{found}"
        assert "Seq Scan on tasks" not in found, f"{name}:\n{found}"
        assert "Seq Scan on occasions" not in found, f"{name}:\n{found}"

"""Reading an audit while it grows: transactions end in another order than they began, and other ones for a long time.

The promises that memory keeps too are in ``tests/contract/test_audit_contract.py``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import pytest

from adapters.postgres.clock import PostgresClock
from application.records import AuditFilter, AuditMark
from domain.errors import StoreUnavailable
from tests.contract.legs import PostgresLeg

WRITE = "insert into openclaw.audit (consumer, outcome, reason) values ('brain', 'processed', $1)"
SEED = 20261122


class Follower:
    """Reads what is new, as ``openclaw audit --follow`` does."""

    def __init__(self, leg: PostgresLeg, limit: int = 100) -> None:
        self._leg = leg
        self._wanted = AuditFilter(limit=limit)
        self._mark: AuditMark | None = None

    async def __call__(self) -> list[str]:
        entries, self._mark = await self._leg.records.audit_after(self._wanted, self._mark)
        return [entry.row.reason for entry in entries]


@asynccontextmanager
async def connections(url: str, number: int) -> AsyncIterator[list[Any]]:
    """Lend connections of the owner."""
    made = [await asyncpg.connect(url) for _ in range(number)]
    try:
        yield made
    finally:
        for connection in made:
            await connection.close()


async def test_a_row_that_is_committed_after_a_later_one_comes_once(leg: PostgresLeg, database: str) -> None:
    follow = Follower(leg)
    async with connections(database, 2) as (slow, quick):
        await slow.execute("begin")
        await slow.execute(WRITE, "early")
        assert await follow() == []
        await quick.execute(WRITE, "late")
        assert await follow() == ["late"]
        assert await follow() == []
        await slow.execute("commit")
        assert await follow() == ["early"]
        assert await follow() == []


async def test_what_was_there_at_first_does_not_come_again_while_another_still_writes(
    leg: PostgresLeg, database: str
) -> None:
    follow = Follower(leg, limit=2)
    async with connections(database, 2) as (slow, quick):
        await slow.execute("begin")
        await slow.execute(WRITE, "early")
        for name in "abc":
            await quick.execute(WRITE, name)
        assert await follow() == ["b", "c"]
        assert await follow() == [], "not even those that were too many at first"
        await slow.execute("commit")
        assert await follow() == ["early"]


async def test_a_row_of_a_subtransaction_comes_when_the_whole_is_committed(
    leg: PostgresLeg, database: str
) -> None:
    follow = Follower(leg)
    async with connections(database, 2) as (slow, quick):
        await slow.execute("begin")
        await slow.execute(WRITE, "outer")
        await follow()
        await slow.execute("savepoint s")
        await slow.execute(WRITE, "inner")
        await quick.execute(WRITE, "late")
        assert await follow() == ["late"]
        await slow.execute("release s; commit")
        assert await follow() == ["outer", "inner"]


async def test_what_is_rolled_back_never_comes(leg: PostgresLeg, database: str) -> None:
    follow = Follower(leg)
    await follow()
    async with connections(database, 1) as (one,):
        await one.execute("begin")
        await one.execute(WRITE, "never")
        await one.execute("rollback")
        await one.execute(WRITE, "done")
    assert await follow() == ["done"]


async def test_any_mixture_of_transactions_is_told_whole_and_once(leg: PostgresLeg, database: str) -> None:
    print("seed", SEED)
    random = Random(SEED)
    follow, seen, committed, count = Follower(leg, limit=3), [], [], 0
    async with connections(database, 4) as pool:
        open_rows: list[list[str] | None] = [None] * len(pool)
        for _ in range(160):
            n = random.randrange(len(pool))
            rows = open_rows[n]
            match random.choice(("write", "write", "end", "look")):
                case "write":
                    if rows is None:
                        await pool[n].execute("begin")
                        rows = open_rows[n] = []
                    count += 1
                    rows.append(f"row {count}")
                    await pool[n].execute(WRITE, rows[-1])
                case "end" if rows is not None:
                    keeps = random.random() < 0.8
                    await pool[n].execute("commit" if keeps else "rollback")
                    committed += rows if keeps else []
                    open_rows[n] = None
                case _:
                    seen += await follow()
        for n, rows in enumerate(open_rows):
            if rows is not None:
                await pool[n].execute("commit")
                committed += rows
    while found := await follow():
        seen += found
    assert sorted(seen) == sorted(committed)


async def test_a_month_whose_rows_lie_in_the_default_partition_stops_nobody(
    leg: PostgresLeg, database: str
) -> None:
    """As after the clock jumped there and something was audited before the partitions were made."""
    async with connections(database, 1) as (owner,):
        await owner.execute("update openclaw.clock set ahead = interval '400 days'")
        await owner.execute(WRITE, "there")
        await leg.archive.make_room()
        months = await owner.fetch(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
            "where i.inhparent = 'openclaw.audit'::regclass"
        )
        this, following = await owner.fetchrow(
            "select to_char(openclaw.now() at time zone 'UTC', 'YYYY_MM'), "
            "to_char(date_trunc('month', openclaw.now() at time zone 'UTC') + interval '1 month', 'YYYY_MM')"
        )
        made = {row["relname"] for row in months}
        assert f"audit_{this}" not in made
        assert f"audit_{following}" in made
        await owner.execute(WRITE, "again")


async def test_whoever_reads_the_audit_for_long_lets_nobody_wait_behind_a_month_that_is_made(
    leg: PostgresLeg, database: str
) -> None:
    async with connections(database, 2) as (owner, reader):
        await owner.execute("update openclaw.clock set ahead = interval '400 days'")
        async with reader.transaction(), asyncio.timeout(5):
            await reader.fetch("select from openclaw.audit")
            with pytest.raises(StoreUnavailable):
                await leg.archive.make_room()
            await owner.execute(WRITE, "meanwhile")
        await leg.archive.make_room()


async def test_moving_the_clock_makes_the_partitions_before_anything_is_audited_there(database: str) -> None:
    async with connections(database, 1) as (owner,):
        there = await owner.fetchval("select openclaw.now() + interval '500 days'")
        assert await PostgresClock(database).move(there.timestamp()) > 499 * 86_400
        await owner.execute(WRITE, "there")
        assert await owner.fetchval("select count(*) from only openclaw.audit_default") == 0
        # It does not go back.
        assert await PostgresClock(database).move(there.timestamp() - 86_400) > 499 * 86_400

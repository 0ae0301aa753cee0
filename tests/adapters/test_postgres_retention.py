"""Who may forget, in Postgres: the scheduler alone, and only what the functions let go.

Not here: what they let go (``tests/contract/test_archive_contract.py``).
"""

import asyncio

import asyncpg
import pytest

from application.changes import AuditRow, Changes
from application.retention import DAY_S, Kind
from domain.decisions import Outcome
from domain.errors import StoreUnavailable
from tests.contract.legs import PostgresLeg, arrival, when_applied

FUNCTIONS = (
    "forget_updates(interval '5 days', 10)", "forget_deliveries(interval '90 days', 10)",
    "forget_occasions(interval '400 days', 10)", "forget_audit(interval '90 days')", "forget_leftovers(10)",
)  # fmt: skip
OTHERS = ("gateway", "brain", "sender", "operator")


async def refused(leg: PostgresLeg, role: str, sql: str) -> bool:
    try:
        async with leg.pools[role].connection() as connection:
            await connection.execute(sql)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


@pytest.mark.parametrize("function", FUNCTIONS)
async def test_only_the_scheduler_forgets(leg: PostgresLeg, function: str) -> None:
    assert not await refused(leg, "scheduler", f"select openclaw.{function}")
    for role in OTHERS:
        assert await refused(leg, role, f"select openclaw.{function}"), role


async def test_the_scheduler_removes_nothing_by_itself(leg: PostgresLeg) -> None:
    await leg.intake.accept([arrival("tg:1:1")])
    for table in ("inbox", "deliveries", "occasions", "claims", "access", "audit", "retention"):
        assert await refused(leg, "scheduler", f"delete from openclaw.{table}"), table
        assert await refused(leg, "scheduler", f"truncate openclaw.{table}"), table
    assert await refused(leg, "scheduler", "drop table openclaw.audit_default")


async def test_a_month_is_not_dropped_while_somebody_writes_and_nobody_waits_for_it(
    leg: PostgresLeg, admin: asyncpg.Connection
) -> None:
    await when_applied(leg.store(), "brain", Changes(audit=[AuditRow(Outcome.PROCESSED, reason="old")]))
    await leg.move_clock(500 * DAY_S)
    await leg.archive.make_room()
    async with leg.store().round("brain", ()) as current:
        await current.apply(Changes(audit=[AuditRow(Outcome.PROCESSED)]))
        forgetting = asyncio.create_task(leg.archive.forget(Kind.AUDIT, 90 * DAY_S, 1))
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(forgetting, 5)
        # Whoever came meanwhile waited for half a second at most.
        await asyncio.wait_for(when_applied(leg.store("sender"), "sender", Changes(audit=[])), 5)
    assert await leg.archive.forget(Kind.AUDIT, 90 * DAY_S, 1) == 1


async def test_two_schedulers_at_once_forget_each_row_once(leg: PostgresLeg) -> None:
    await leg.intake.accept([arrival(f"tg:1:{n}") for n in range(200)])
    await leg.move_clock(6 * DAY_S)

    async def forget() -> int:
        rows = 0
        while gone := await leg.archive.forget(Kind.UPDATES, 5 * DAY_S, 7):
            rows += gone
        return rows

    assert sum(await asyncio.gather(forget(), forget(), forget())) == 200


async def test_what_was_noted_is_added_up(leg: PostgresLeg, admin: asyncpg.Connection) -> None:
    for removed in (3, 4):
        await leg.archive.note(Kind.UPDATES, 5 * DAY_S, removed)
    (row,) = await admin.fetch("select kind, kept, removed, removed_ever from openclaw.retention")
    assert row["kind"] == "updates"
    assert (row["kept"].days, row["removed"], row["removed_ever"]) == (5, 4, 7)

"""Who may move dead letters in Postgres: operators, through two functions, and nobody else in any way.

What moving does is in ``tests/contract/test_dead_letters_contract.py``.
"""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import Pool
from application.letters import LetterFilter, Moved
from tests.contract.legs import PostgresLeg, ident

BURY = """
insert into openclaw.dead_letters (target, event_id, lane, attempt, deaths, reasons, envelope)
values ($1, $2, '1:5', 0, 0, '{why}', 'x')
"""
MOVES = ("select openclaw.redrive_letters('{1}')", "select openclaw.discard_letters('{1}', 'why')")
DIRECT = (
    "delete from openclaw.dead_letters",
    "update openclaw.dead_letters set reasons = '{}'",
    "insert into openclaw.outbox (target, event_id, lane, envelope) values ('brain', gen_random_uuid(), '1:5', '')",
    "delete from openclaw.outbox",
    "delete from openclaw.audit",
)


@pytest.fixture
async def leg(database: str) -> AsyncIterator[PostgresLeg]:
    """A database under the services' roles, with one letter."""
    made = PostgresLeg(database)
    admin = await asyncpg.connect(database)
    await admin.execute(BURY, "brain", ident("a"))
    await admin.close()
    yield made
    await made.close()


async def refused(leg: PostgresLeg, role: str, sql: str) -> bool:
    try:
        async with leg.pools[role].connection() as connection:
            await connection.execute(sql)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


@pytest.mark.parametrize("role", ["gateway", "brain", "sender", "scheduler"])
async def test_no_service_may_move_letters(leg: PostgresLeg, role: str) -> None:
    for sql in MOVES:
        assert await refused(leg, role, sql), sql


async def test_an_operator_moves_letters_through_the_functions_alone(leg: PostgresLeg) -> None:
    for sql in DIRECT:
        assert await refused(leg, "operator", sql), sql
    assert not await refused(leg, "operator", MOVES[0])
    assert (await leg.letters.count(LetterFilter())).letters == 0


async def test_the_functions_work_for_an_owner_who_is_no_superuser_whatever_the_target(
    private_postgres: Callable[..., EmbeddedPostgres],
) -> None:
    """Row security holds for such an owner too, and so for what a function does in its name."""
    server = private_postgres()
    admin = await asyncpg.connect(server.admin_url)
    await admin.execute("create role landlord login createrole password 'planted'")
    await admin.execute("create database hosted owner landlord")
    await admin.close()
    url = server.url("landlord", "planted", "hosted")
    await migrate(url)
    admin = await asyncpg.connect(server.admin_url_of("hosted"))
    targets = ("brain", "sender", "sender-bulk", "poet")
    for target in targets:
        await admin.execute(BURY, target, ident("a"))
        await admin.execute(BURY, target, ident("b"))
    pool = Pool(url, "openclaw_operator", steady_plans=False)
    try:
        letters = PostgresDeadLetters(pool)
        assert await letters.redrive([1, 3, 5, 7]) == Moved((1, 3, 5, 7))
        assert await letters.discard([2, 4, 6, 8], "why") == Moved((2, 4, 6, 8))
        owed = await admin.fetch("select target from openclaw.outbox order by seq")
        assert [row["target"] for row in owed] == list(targets)
        assert await admin.fetchval("select count(*) from openclaw.audit") == 8
    finally:
        await pool.close()
        await admin.close()


async def test_operators_questions_are_planned_for_what_they_ask(database: str) -> None:
    """A plan that is made once for all questions would read every row of the audit to find those of one trace."""
    pool = Pool(database, "openclaw_operator", steady_plans=False)
    try:
        async with pool.connection() as connection:
            assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"
            assert await connection.fetchval("show enable_seqscan") == "on"
    finally:
        await pool.close()

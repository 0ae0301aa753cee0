"""What Postgres itself refuses: foreign scopes, foreign targets, changes of the audit, and whatever a role lacks.

Everything here runs under the services' own roles. Not here: what the store does with what it may do
(``tests/contract``).
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from adapters.postgres.pool import Pool
from adapters.postgres.roles import allow_logins
from adapters.postgres.sql import SQL
from adapters.postgres.store import PostgresStore
from application.changes import Arrival, AuditRow, Changes, ScopedEffect
from domain.decisions import Outcome, PutSetting
from domain.errors import StoreUnavailable
from tests.contract.legs import PostgresLeg, given_owed, ident, owed, when_applied

SCOPED = ("settings", "tasks", "memories")
FORCED = {"outbox", "dead_letters", "runs", "occasions", *SCOPED}
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
READ, SI, SIU, SIUD, ADD = (
    {"SELECT"},
    {"SELECT", "INSERT"},
    {"SELECT", "INSERT", "UPDATE"},
    {"SELECT", "INSERT", "UPDATE", "DELETE"},
    {"INSERT"},
)
# What each service may do with each table; a table that is not named it may not touch.
RIGHTS: dict[str, dict[str, set[str]]] = {
    "gateway": {"outbox": ADD, "inbox": SI, "audit": ADD},
    "brain": {
        "outbox": SIUD,
        "runs": SIUD,
        "dead_letters": SI,
        "audit": ADD,
        "settings": SIUD,
        "tasks": SIUD,
        "occasions": SIU,
        "memories": SIUD,
        "runtime": SIU,
        "access": SIUD,
        "invitations": SIUD,
        "chats": SIU,
    },
    "sender": {
        "outbox": SIUD,
        "runs": SIUD,
        "dead_letters": SI,
        "audit": ADD,
        "claims": SIUD,
        "deliveries": SIU,
        "rates": SIU,
        "chats": SIU,
    },
    # Columns of which it may change some are in ``test_postgres_tasks``.
    "scheduler": {
        "outbox": ADD,
        "audit": ADD,
        "tasks": READ,
        "occasions": SI,
        "settings": READ,
        "chats": READ,
        "runs": SIUD,
        "dead_letters": ADD,
        "retention": SIU,
    },
    "operator": {
        name: READ
        for name in (
            "outbox", "inbox", "runs", "dead_letters", "audit", "claims", "deliveries", "rates", "chats", "settings",
            "tasks", "occasions", "memories", "runtime", "retention",
        )
    } | {"outbox": READ | ADD, "audit": READ | ADD, "access": SIUD, "invitations": SIUD},
}  # fmt: skip
TABLES = sorted(RIGHTS["operator"])
As = Callable[..., Awaitable[list[asyncpg.Record]]]


async def run_as(
    leg: PostgresLeg, role: str, sql: str, *values: object, scopes: str | None = None
) -> list[object]:
    """Run one statement as a service, in a transaction that has named ``scopes``, and keep what it did."""
    async with leg.pools[role].connection() as connection, connection.transaction():
        if scopes is not None:
            await connection.execute(SQL["name_scopes"], scopes)
        return [tuple(row) for row in await connection.fetch(sql, *values)]


async def refused(leg: PostgresLeg, role: str, sql: str, *values: object, scopes: str | None = None) -> bool:
    """Tell whether Postgres refuses a statement for want of a right."""
    try:
        await run_as(leg, role, sql, *values, scopes=scopes)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def given_settings(leg: PostgresLeg, *scopes: str) -> None:
    effects = [ScopedEffect(scope, PutSetting("tone", f"of {scope}")) for scope in scopes]
    await when_applied(leg.store(), "brain", Changes(effects=effects))


# The audit


async def test_audit_write(leg: PostgresLeg, admin: asyncpg.Connection) -> None:
    row = AuditRow(
        Outcome.PROCESSED, ident("e"), "message.received", "gateway", "brain", "a" * 32, "tg:1:1", ident("cause"),
        "1:u5", 2, "why", 1.5,
    )  # fmt: skip
    await when_applied(leg.store("brain"), "brain", Changes(audit=[row]))
    (written,) = await admin.fetch("select * from openclaw.audit")
    assert written["consumer"] == "brain"
    assert written["outcome"] == "processed"
    assert (written["event_id"], written["cause"], written["scope"]) == (row.event_id, row.cause, "1:u5")
    assert (written["attempt"], written["reason"], written["duration_ms"]) == (2, "why", 1.5)


async def test_audit_commit(leg: PostgresLeg, database: str) -> None:
    """An audit row stands, for every other connection, exactly when its effect does."""
    await given_owed(leg, owed("a"))
    other = await asyncpg.connect(database)
    try:
        async with leg.store().round("brain", ["1:5"]) as current:
            await current.apply(
                Changes(settled=[ident("a")], audit=[AuditRow(Outcome.PROCESSED, ident("a"))])
            )
            assert await other.fetchval("select count(*) from openclaw.audit") == 0
            assert await other.fetchval("select count(*) from openclaw.outbox") == 1
        assert await other.fetchval("select count(*) from openclaw.audit") == 1
        assert await other.fetchval("select count(*) from openclaw.outbox") == 0
    finally:
        await other.close()


@pytest.mark.parametrize(
    "sql",
    [
        "update openclaw.audit set reason = 'nothing happened'",
        "delete from openclaw.audit",
        "truncate openclaw.audit",
        "update openclaw.audit_default set reason = ''",
        "truncate openclaw.audit_default",
    ],
)
async def test_the_audit_is_append_only_even_for_its_owner(
    leg: PostgresLeg, admin: asyncpg.Connection, sql: str
) -> None:
    await when_applied(leg.store(), "brain", Changes(audit=[AuditRow(Outcome.PROCESSED)]))
    await admin.execute(
        "insert into openclaw.audit (at, consumer, outcome) values ('1999-01-01', 'x', 'processed')"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await admin.execute(sql)
    for role in RIGHTS:
        assert await refused(leg, role, sql), role
    assert await admin.fetchval("select count(*) from openclaw.audit") == 2


async def test_every_partition_of_the_audit_refuses_to_be_emptied(admin: asyncpg.Connection) -> None:
    names = await admin.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'openclaw.audit'::regclass"
    )
    assert len(names) == 4, "the default, this month and the next two"
    for row in names:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await admin.execute(f"truncate {row['name']}")


async def test_partitions_may_be_made_by_many_at_once(leg: PostgresLeg) -> None:
    await asyncio.gather(*(leg.archive.make_room() for _ in range(4)))
    for role in ("gateway", "brain", "sender", "operator"):
        assert await refused(leg, role, "select openclaw.ensure_audit_partitions()"), role


# Scopes


async def test_isolation_between_users_and_chats(leg: PostgresLeg) -> None:
    await given_settings(leg, "1:u5", "1:u6", "1:c-7")
    read = "select scope, value from openclaw.settings order by scope"
    assert await run_as(leg, "brain", read) == [], "an unscoped query returns nothing"
    assert await run_as(leg, "brain", read, scopes="") == []
    assert await run_as(leg, "brain", read, scopes="1:u5") == [("1:u5", "of 1:u5")]
    assert await run_as(leg, "brain", read, scopes="1:u") == [], "half a scope is none"
    async with leg.store().round("brain", ()) as current:
        assert await current.settings(["1:u5"]) == {"1:u5": {"tone": "of 1:u5"}}
    changed = "update openclaw.settings set value = 'taken' where scope = '1:u6' returning value"
    gone = "delete from openclaw.settings where scope = '1:c-7' returning value"
    assert await run_as(leg, "brain", changed, scopes="1:u5") == []
    assert await run_as(leg, "brain", gone, scopes="1:u5") == []
    assert [row[1] for row in await run_as(leg, "operator", read)] == ["of 1:c-7", "of 1:u5", "of 1:u6"]


async def test_a_row_cannot_be_written_under_or_moved_to_a_foreign_scope(leg: PostgresLeg) -> None:
    await given_settings(leg, "1:u5")
    put = (SQL["put_settings"], ["1:u6"], ["tone"], ["foreign"])
    assert await refused(leg, "brain", *put, scopes="1:u5")
    assert await refused(leg, "brain", *put)
    assert not await refused(leg, "brain", *put, scopes="1:u5,1:u6")
    move = "update openclaw.settings set scope = '1:u9' where scope = '1:u5'"
    assert await refused(leg, "brain", move, scopes="1:u5")


async def test_a_handler_cannot_touch_another_scope_of_its_round(leg: PostgresLeg) -> None:
    """Effects carry no scope of their own: what two events of one round write goes to the scope of each."""
    await given_settings(leg, "1:u5", "1:u6")
    only_one = [ScopedEffect("1:u5", PutSetting("tone", "new"))]
    await when_applied(leg.store(), "brain", Changes(effects=only_one))
    async with leg.store().round("brain", ()) as current:
        found = await current.settings(["1:u5", "1:u6"])
    assert found == {"1:u5": {"tone": "new"}, "1:u6": {"tone": "of 1:u6"}}


async def test_named_scopes_end_with_their_transaction(leg: PostgresLeg, database: str) -> None:
    await given_settings(leg, "1:u5")
    pool = Pool(database, "openclaw_brain", size_max=1)
    try:
        async with pool.connection() as connection:
            async with connection.transaction():
                await connection.execute(SQL["name_scopes"], "1:u5")
                assert await connection.fetchval("select count(*) from openclaw.settings") == 1
            assert await connection.fetchval("select count(*) from openclaw.settings") == 0
    finally:
        await pool.close()


@pytest.mark.parametrize("table", ["tasks", "memories"])
async def test_tasks_and_memories_are_kept_apart_as_settings_are(leg: PostgresLeg, table: str) -> None:
    columns = {
        "tasks": "(task_id, scope, number, title) values (gen_random_uuid(), $1, 1, 'x')",
        "memories": "(memory_id, scope, kind, body) values (gen_random_uuid(), $1, 'fact', 'x')",
    }[table]
    insert = f"insert into openclaw.{table} {columns}"
    await run_as(leg, "brain", insert, "1:u5", scopes="1:u5")
    assert await refused(leg, "brain", insert, "1:u6", scopes="1:u5")
    read = f"select scope from openclaw.{table}"
    assert await run_as(leg, "brain", read) == []
    assert await run_as(leg, "brain", read, scopes="1:u6") == []
    assert await run_as(leg, "brain", read, scopes="1:u5") == [("1:u5",)]


# Targets


async def test_a_service_sees_the_rows_addressed_to_it_and_no_others(leg: PostgresLeg) -> None:
    await given_owed(leg, owed("a"), owed("b", target="sender"), owed("c", target="sender-bulk"))
    read = "select distinct target from openclaw.outbox order by target"
    assert await run_as(leg, "brain", read) == [("brain",)]
    assert await run_as(leg, "sender", read) == [("sender",), ("sender-bulk",)]
    assert await run_as(leg, "sender", "delete from openclaw.outbox where target = 'brain' returning 1") == []
    assert (
        await run_as(
            leg, "brain", "update openclaw.outbox set attempt = 9 where target = 'sender' returning 1"
        )
        == []
    )
    assert len(await run_as(leg, "operator", read)) == 3


async def test_the_gateway_owes_to_the_brain_alone(leg: PostgresLeg) -> None:
    owe = "insert into openclaw.outbox (target, event_id, lane, envelope) values ($1, $2, '1:5', '')"
    assert not await refused(leg, "gateway", owe, "brain", ident("a"))
    assert await refused(leg, "gateway", owe, "sender", ident("b"))
    assert await refused(leg, "sender", owe, "somebody", ident("c"))


# Rights


async def test_each_role_has_the_rights_it_needs_and_no_more(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        "select r.role, c.relname, v.verb from unnest($1::text[]) r(role), unnest($2::text[]) v(verb), pg_class c "
        "where c.relnamespace = 'openclaw'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition "
        "and has_table_privilege('openclaw_' || r.role, c.oid, v.verb)",
        list(RIGHTS),
        list(VERBS),
    )
    granted: dict[str, dict[str, set[str]]] = {role: {} for role in RIGHTS}
    for role, table, verb in rows:
        granted[role].setdefault(table, set()).add(verb)
    # By what time it is, everybody goes.
    assert granted == {role: {**rights, "clock": {"SELECT"}} for role, rights in RIGHTS.items()}


@pytest.mark.parametrize("role", sorted(RIGHTS))
async def test_what_a_role_may_not_do_is_refused_when_it_tries(leg: PostgresLeg, role: str) -> None:
    for table in TABLES:
        async with leg.pools["operator"].connection() as connection:
            column = await connection.fetchval(
                "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 "
                "and attidentity = '' order by attnum limit 1",
                f"openclaw.{table}",
            )
        tries = {
            "SELECT": f"select 1 from openclaw.{table} limit 0",
            "INSERT": f"insert into openclaw.{table} select * from (select) as nothing where false",
            "UPDATE": f"update openclaw.{table} set {column} = null where false",
            "DELETE": f"delete from openclaw.{table} where false",
            "TRUNCATE": f"truncate openclaw.{table}",
        }
        allowed = RIGHTS[role].get(table, set())
        for verb, sql in tries.items():
            assert await refused(leg, role, sql) == (verb not in allowed), f"{role}: {verb} {table}"


async def test_no_service_role_stands_above_the_rules(admin: asyncpg.Connection) -> None:
    roles = await admin.fetch("select * from pg_roles where rolname like 'openclaw\\_%' order by rolname")
    assert [row["rolname"] for row in roles] == [f"openclaw_{name}" for name in sorted(RIGHTS)]
    for row in roles:
        over = [
            n
            for n in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
            if row[n]
        ]
        assert over == [], row["rolname"]
    members = await admin.fetchval(
        "select count(*) from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname like 'openclaw\\_%'"
    )
    assert members == 0, "no service may become another"


async def test_row_security_is_forced_where_rows_belong_to_somebody(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        "select relname from pg_class where relnamespace = 'openclaw'::regnamespace "
        "and relrowsecurity and relforcerowsecurity"
    )
    assert {row["relname"] for row in rows} == FORCED


async def test_no_role_can_make_or_drop_anything(leg: PostgresLeg) -> None:
    for role in RIGHTS:
        assert await refused(leg, role, "create table openclaw.mine (x int)"), role
        assert await refused(leg, role, "drop table openclaw.outbox"), role
        assert await refused(leg, role, "alter table openclaw.settings disable row level security"), role
        assert await refused(leg, role, "drop policy named_scopes on openclaw.settings"), role


# Errors


async def test_a_server_that_cannot_be_reached_is_told_without_its_password() -> None:
    url = "postgresql://u:planted-word@127.0.0.1:1/x"
    pool = Pool(url, "openclaw_brain", timeout_s=5)
    store = PostgresStore(pool, pool, consumer="brain", run_id=ident("r"))
    for attempt in (store.api_mode(), allow_logins(url, {"brain": "planted-word"})):
        with pytest.raises(StoreUnavailable) as found:
            await attempt
        assert "planted-word" not in str(found.value)
    await pool.close()


async def test_a_service_logs_in_with_its_password_and_is_only_itself(database: str) -> None:
    await allow_logins(database, {"brain": "a 'quoted' \\ password"})
    admin = await asyncpg.connect(database)
    try:
        (login,) = await admin.fetch("select rolcanlogin from pg_roles where rolname = 'openclaw_brain'")
        assert login["rolcanlogin"]
        await admin.execute("alter role openclaw_brain nologin password null")
    finally:
        await admin.close()


async def test_an_update_at_the_edge_needs_no_right_to_read_what_is_owed(leg: PostgresLeg) -> None:
    new = Arrival("tg:1:1", AuditRow(Outcome.ACCEPTED, ident("a")), owed("a"))
    assert await leg.intake.accept([new]) == [True]
    assert await refused(leg, "gateway", "select 1 from openclaw.outbox")
    assert await refused(leg, "gateway", "select 1 from openclaw.settings")


async def test_subjects_are_compared_as_bytes_whatever_the_databases_language(
    admin: asyncpg.Connection,
) -> None:
    """Those of one bot are found as a range of text, which a language's collation would not keep together."""
    collation = await admin.fetchval(
        "select collation_name from information_schema.columns "
        "where table_schema = 'openclaw' and table_name = 'access' and column_name = 'subject'"
    )
    assert collation == "C"

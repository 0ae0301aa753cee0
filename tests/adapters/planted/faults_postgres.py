"""Faults of Postgres, each on a real server."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg

from adapters.postgres.migrate import migrate_sync
from adapters.postgres.roles import role_of
from tests.adapters.planted.table import WARNING, Planted
from tests.adapters.planted.ward import PASSWORDS, Ward
from tests.proxy import TcpProxy
from tests.servers import apart

OWE = """
insert into openclaw.outbox (target, event_id, lane, envelope, available_at)
select 'brain', gen_random_uuid(), '1:1', '', now() - interval '{ago}' from generate_series(1, {count})
"""


class Rewriting(TcpProxy):
    """A proxy that puts other bytes, as many, into what the server answers."""

    old, new = b"", b""

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, gate: asyncio.Event, answers: bool
    ) -> None:
        try:
            while chunk := await source.read(65536):
                sink.write(chunk.replace(self.old, self.new) if answers else chunk)
                await sink.drain()
        except OSError:
            return


@contextmanager
def rewritten(port: int, old: bytes, new: bytes) -> Iterator[int]:
    """Run such a proxy in a thread of its own; lend its port."""
    ready, stop = threading.Event(), asyncio.Event()
    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        proxy = Rewriting(port)
        proxy.old, proxy.new = old, new
        async with proxy:
            ports.append(proxy.port)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def url(make: Callable[[Ward], str]) -> Callable[[Ward], object]:
    return lambda ward: ward.variables.update(OPENCLAW_POSTGRES_URL=make(ward))


def sql(*statements: str, owner: bool = False, until: str = "") -> Callable[[Ward], object]:
    """Plant with statements in a database of the fault's own."""

    def plant(ward: Ward) -> None:
        ward.sql(*statements)
        if until:
            ward.sql_until(until)
        if owner:
            ward.as_owner()

    return plant


def undone(change: str, back: str) -> Callable[[Ward], object]:
    """Plant in the roles, which all databases share, or in the database, and take it back."""

    def plant(ward: Ward) -> None:
        ward.sql(change)
        ward.undo.callback(ward.sql, back)

    return plant


def server(**settings: str) -> Callable[[Ward], object]:
    return lambda ward: ward.set_server(**settings)


def version_told(major: int) -> Callable[[Ward], object]:
    def plant(ward: Ward) -> None:
        port = ward.undo.enter_context(
            rewritten(ward.postgres.port, b"server_version\x0018", f"server_version\x00{major}".encode())
        )
        given = ward.variables["OPENCLAW_POSTGRES_URL"]
        ward.variables["OPENCLAW_POSTGRES_URL"] = given.replace(f":{ward.postgres.port}/", f":{port}/")

    return plant


def other_encoding(ward: Ward) -> None:
    name = "planted_ascii"
    ward.sql(
        f"create database {name} template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'"
    )
    ward.undo.callback(ward.sql, f"drop database {name} with (force)")
    apart(lambda: migrate_sync(ward.postgres.admin_url_of(name)))
    ward.variables["OPENCLAW_POSTGRES_URL"] = ward.postgres.url(
        role_of("operator"), PASSWORDS["operator"], name
    )


def empty_database(ward: Ward) -> None:
    ward.sql("create database planted_empty")
    ward.undo.callback(ward.sql, "drop database planted_empty with (force)")
    ward.variables["OPENCLAW_POSTGRES_URL"] = ward.postgres.admin_url_of("planted_empty")


def old_snapshot(ward: Ward) -> None:
    """Hold a snapshot while 60,000 transactions pass."""
    stop, held = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(ward.postgres.admin_url_of(ward.database))
        try:
            async with connection.transaction(isolation="repeatable_read"):
                await connection.fetchval("select 1")
                held.set()
                await asyncio.to_thread(stop.wait)
        finally:
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    ward.undo.callback(thread.join)
    ward.undo.callback(stop.set)
    held.wait(10)
    ward.sql("do $$ begin for i in 1..60000 loop perform pg_current_xact_id(); commit; end loop; end $$")


def prepared(ward: Ward) -> None:
    # In one message, since a session that has a transaction prepared is out of it again.
    ward.sql("begin; create table left_over (a int); prepare transaction 'planted'")
    ward.undo.callback(ward.sql, "rollback prepared 'planted'")


def slot(ward: Ward) -> None:
    ward.sql("select pg_create_logical_replication_slot('planted', 'pgoutput')")
    ward.undo.callback(ward.sql, "select pg_drop_replication_slot('planted')")


def stranger(ward: Ward) -> None:
    ward.sql("create role planted_stranger login password 'only-for-strangers'")
    ward.undo.callback(ward.sql, "drop role planted_stranger")
    ward.variables["OPENCLAW_POSTGRES_URL"] = ward.login("planted_stranger", "only-for-strangers")


def crowded(ward: Ward) -> None:
    ward.variables["OPENCLAW_BACKLOG_MAX"] = "100"
    undone(OWE.format(ago="0 seconds", count=60), "delete from openclaw.outbox")(ward)


NEXT_MONTH = "to_char(date_trunc('month', now() at time zone 'UTC') + interval '1 month', 'YYYY_MM')"
DROP_NEXT = f"do $$ begin execute 'drop table openclaw.audit_' || {NEXT_MONTH}; end $$"
# Autovacuum, which runs every second here, must not clear away what is to be found.
BLOAT = (
    "alter table openclaw.rates set (autovacuum_enabled = false)",
    "insert into openclaw.rates (bucket) select n::text from generate_series(1, 51000) n",
    "delete from openclaw.rates",
    "select pg_stat_force_next_flush()",
)
LETTER = """
insert into openclaw.dead_letters (target, event_id, lane, attempt, deaths, reasons, envelope)
values ('brain', gen_random_uuid(), '1:1', 3, 0, '{planted}', '')
"""

FAULTS = (
    Planted("Postgres that is not there", "postgres.reachable", "start Postgres",
            url(lambda _: "postgresql://openclaw_operator:planted@127.0.0.1:9/openclaw")),
    Planted("a host that does not exist", "postgres.reachable", "host and port",
            url(lambda _: "postgresql://openclaw_operator:planted@no-such-host.invalid/openclaw")),
    Planted("a wrong password of Postgres", "postgres.reachable", "correct user and password",
            url(lambda ward: ward.login("openclaw_operator", "planted-wrong"))),
    Planted("a database that does not exist", "postgres.reachable", "createdb",
            url(lambda ward: ward.postgres.url("openclaw_operator", PASSWORDS["operator"], "nothing"))),
    Planted("a user that may not log in", "postgres.reachable", "migrate --logins",
            undone("alter role openclaw_operator nologin", "alter role openclaw_operator login")),
    Planted("no connection left", "postgres.reachable", "max_connections",
            undone("alter role openclaw_operator connection limit 0",
                   "alter role openclaw_operator connection limit -1")),
    Planted("Postgres that is too old", "postgres.version", "upgrade Postgres", version_told(13)),
    Planted("Postgres that is not advised", "postgres.version", "17 or later", version_told(16), WARNING),
    Planted("a database that is read-only", "postgres.writable", "reset default_transaction_read_only",
            undone("alter role openclaw_operator set default_transaction_read_only = on",
                 "alter role openclaw_operator reset default_transaction_read_only")),
    Planted("a database that cannot keep every text", "postgres.encoding", "createdb -T template0 -E UTF8",
            other_encoding),
    Planted("fsync off", "postgres.fsync", "alter system set fsync = on", server(fsync="off")),
    Planted("synchronous_commit off", "postgres.synchronous_commit", "alter system set synchronous_commit = on",
            server(synchronous_commit="off")),
    Planted("synchronous_commit off for a service", "postgres.synchronous_commit",
            "alter role openclaw_sender reset synchronous_commit",
            undone("alter role openclaw_sender set synchronous_commit = off",
                 "alter role openclaw_sender reset synchronous_commit")),
    Planted("full_page_writes off", "postgres.full_page_writes", "full_page_writes = on",
            server(full_page_writes="off")),
    Planted("messages in Postgres's log", "postgres.log_text", "log_parameter_max_length = 0",
            server(log_statement="mod", log_parameter_max_length="-1"), WARNING),
    Planted("messages in Postgres's log of errors", "postgres.log_text", "log_parameter_max_length_on_error = 0",
            server(log_min_error_statement="error", log_parameter_max_length_on_error="-1"), WARNING),
    Planted("autovacuum off", "postgres.autovacuum", "alter system set autovacuum = on", server(autovacuum="off")),
    Planted("autovacuum off for the queue", "postgres.autovacuum", "alter table openclaw.outbox reset",
            undone("alter table openclaw.outbox set (autovacuum_enabled = false)",
                   "alter table openclaw.outbox reset (autovacuum_enabled)")),
    Planted("a queue full of dead rows", "postgres.bloat", "vacuum (analyze) openclaw.rates;",
            sql(*BLOAT, until="(select n_dead_tup > 50000 from pg_stat_user_tables where relname = 'rates')"), WARNING,
            also=frozenset({"postgres.autovacuum"}), fresh=True),
    Planted("pools larger than the server's connections", "postgres.connections", "OPENCLAW_POSTGRES_POOL_MAX",
            lambda ward: ward.variables.update(OPENCLAW_POSTGRES_POOL_MAX="50")),
    Planted("an old snapshot", "postgres.oldest_xmin", "pg_terminate_backend", old_snapshot, WARNING, fresh=True),
    Planted("a prepared transaction left over", "postgres.prepared_transactions", "rollback prepared 'planted'",
            prepared),
    Planted("a replication slot that nobody reads", "postgres.replication_slots", "pg_drop_replication_slot('planted')",
            slot, WARNING),
    Planted("a database that was never migrated", "postgres.schema", "openclaw migrate", empty_database),
    Planted("a schema that is behind", "postgres.schema", "openclaw migrate",
            sql("update public.schema_version set version_num = '0000'", owner=True), fresh=True),
    Planted("a schema that is ahead", "postgres.schema", "run the newer OpenClaw",
            sql("update public.schema_version set version_num = '9999'", owner=True), fresh=True),
    Planted("a schema that is behind, seen by its tables", "postgres.schema", "openclaw migrate",
            undone("alter table openclaw.memories rename to planted; "
                   "revoke select on public.schema_version from openclaw_operator",
                   "alter table openclaw.planted rename to memories; "
                   "grant select on public.schema_version to openclaw_operator")),
    Planted("a schema that is ahead, seen by its tables", "postgres.schema", "run the newer OpenClaw",
            undone("create table openclaw.wonders (a int); "
                   "revoke select on public.schema_version from openclaw_operator",
                   "drop table openclaw.wonders; grant select on public.schema_version to openclaw_operator")),
    Planted("a role that is missing", "postgres.roles", "create role openclaw_gateway",
            undone("alter role openclaw_gateway rename to planted_gateway",
                 "alter role planted_gateway rename to openclaw_gateway"), also=frozenset({"postgres.grants"})),
    Planted("a service that may not log in", "postgres.logins", "openclaw migrate --logins",
            undone("alter role openclaw_brain nologin", "alter role openclaw_brain login")),
    Planted("a user that may not act as the services", "postgres.logins", "grant openclaw_brain to planted_stranger",
            stranger),
    Planted("a service that is a superuser", "postgres.powers", "alter role openclaw_brain NOSUPERUSER",
            undone("alter role openclaw_brain superuser", "alter role openclaw_brain nosuperuser")),
    Planted("a service above row security", "postgres.powers", "NOBYPASSRLS",
            undone("alter role openclaw_sender bypassrls", "alter role openclaw_sender nobypassrls")),
    Planted("a service that may become another", "postgres.powers", "revoke openclaw_brain from openclaw_gateway",
            undone("grant openclaw_brain to openclaw_gateway", "revoke openclaw_brain from openclaw_gateway")),
    Planted("a right that is missing", "postgres.grants", "grant insert on table openclaw.audit to openclaw_sender",
            undone("revoke insert on openclaw.audit from openclaw_sender",
                   "grant insert on openclaw.audit to openclaw_sender")),
    Planted("a right that nobody needs", "postgres.grants", "revoke delete on table openclaw.audit from openclaw_brain",
            undone("grant delete on openclaw.audit to openclaw_brain",
                   "revoke delete on openclaw.audit from openclaw_brain")),
    Planted("a function that its service may not call", "postgres.grants",
            "grant execute on function openclaw.backlog to openclaw_brain",
            undone("revoke execute on function openclaw.backlog() from openclaw_brain",
                   "grant execute on function openclaw.backlog() to openclaw_brain")),
    Planted("row security off", "postgres.row_security", "alter table openclaw.tasks enable row level security",
            undone("alter table openclaw.tasks disable row level security",
                   "alter table openclaw.tasks enable row level security")),
    Planted("row security not forced", "postgres.row_security", "alter table openclaw.tasks force row level security",
            undone("alter table openclaw.tasks no force row level security",
                   "alter table openclaw.tasks force row level security")),
    Planted("a policy that is missing", "postgres.row_security", "policy named_scopes on settings",
            undone("alter policy named_scopes on openclaw.settings rename to planted",
                   "alter policy planted on openclaw.settings rename to named_scopes")),
    Planted("an audit that can be changed", "postgres.audit_guard",
            "alter table openclaw.audit enable trigger audit_append_only",
            undone("alter table openclaw.audit disable trigger audit_append_only",
                   "alter table openclaw.audit enable trigger audit_append_only")),
    Planted("an index that is missing", "postgres.indexes", "migrations/schema.sql",
            undone("alter index openclaw.outbox_lane rename to planted",
                   "alter index openclaw.planted rename to outbox_lane")),
    Planted("no partition for next month", "postgres.audit_partitions", "ensure_audit_partitions", sql(DROP_NEXT),
            fresh=True),
    Planted("an event that nobody takes up", "events.backlog", "roles.running",
            undone(OWE.format(ago="5 minutes", count=1), "delete from openclaw.outbox")),
    Planted("a chat that owes too much", "events.crowds", "openclaw access revoke ID",
            undone(OWE.format(ago="0 seconds", count=600), "delete from openclaw.outbox"), WARNING),
    Planted("chats that owe too much all together", "events.crowds", "see events.backlog", crowded, WARNING),
    Planted("a scheduler that forgets nothing any more", "events.retention", "forgetting_failed",
            undone("insert into openclaw.retention (kind, ran_at, removed, removed_ever) "
                   "select k, now() - interval '2 days', 0, 0 from unnest(array['updates', 'deliveries']) k",
                   "delete from openclaw.retention"), WARNING),
    Planted("a dead letter", "events.dead_letters", "openclaw dlq list", undone(LETTER,
                   "delete from openclaw.dead_letters"), WARNING),
)  # fmt: skip

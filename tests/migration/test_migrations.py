"""Migrations: replayed they make the committed snapshot, and starting them many times over is harmless."""

import subprocess
import sys
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from attrs import evolve

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.archive import PostgresArchive
from adapters.postgres.migrate import NewerSchema, migrate, migrate_sync
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.schema import current_version, newest_version
from adapters.postgres.store import PostgresStore
from application.agenda import AgendaChanges, Firing
from application.changes import Changes, ScopedEffect
from application.retention import DAY_S, Kind
from domain.decisions import AddTask
from domain.errors import StoreUnavailable
from domain.tasks.values import Kept, Occasion, Task
from entrypoints.schema import SNAPSHOT, schema_of
from tests.contract.legs import ident, owed, when_applied
from tests.servers import on

PROGRAM = "import sys; from adapters.postgres.migrate import migrate_sync; print(migrate_sync(sys.argv[1]))"


def test_the_migrations_make_the_schema_that_is_committed(database: str) -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == schema_of(database), (
        "the snapshot is stale; run: python -m entrypoints.schema write"
    )


def test_several_processes_may_migrate_at_once(empty: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, empty], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    done = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, done
    assert [out.strip() for out, _ in done] == [newest_version()] * 4
    assert schema_of(empty) == SNAPSHOT.read_text(encoding="utf-8")


def test_migrating_again_changes_nothing_and_keeps_what_is_there(empty: str) -> None:
    assert migrate_sync(empty) == newest_version()
    before = on(empty, lambda c: c.fetchval("select txid_current_if_assigned() is null"))
    on(empty, lambda c: c.execute("insert into openclaw.inbox (key) values ('tg:1:1')"))
    assert migrate_sync(empty) == newest_version()
    assert before
    assert on(empty, lambda c: c.fetchval("select key from openclaw.inbox")) == "tg:1:1"
    assert schema_of(empty) == SNAPSHOT.read_text(encoding="utf-8")


async def test_an_empty_database_has_no_version_and_a_migrated_one_the_newest(empty: str) -> None:
    assert await current_version(empty) is None
    assert await migrate(empty) == newest_version()
    assert await current_version(empty) == newest_version()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: str) -> None:
    on(database, lambda c: c.execute("update public.schema_version set version_num = '9999'"))
    with pytest.raises(NewerSchema) as found:
        migrate_sync(database)
    assert str(found.value) == (
        "the database has schema 9999, which this version of OpenClaw does not know; "
        "run the newer version, or restore a backup made before the upgrade"
    )
    assert on(database, lambda c: c.fetchval("select version_num from public.schema_version")) == "9999"
    on(database, lambda c: c.execute("update public.schema_version set version_num = $1", newest_version()))
    assert migrate_sync(database) == newest_version(), "and the lock was given back"


@pytest.mark.parametrize("step", [migrate, current_version])
async def test_a_server_that_cannot_be_reached_is_told_as_such(
    step: Callable[[str], Awaitable[object]],
) -> None:
    with pytest.raises(StoreUnavailable, match="cannot reach Postgres") as found:
        await step("postgresql://u:planted-word@127.0.0.1:1/openclaw")
    assert "planted-word" not in str(found.value)


@pytest.mark.parametrize("step", [migrate, current_version])
async def test_a_wrong_password_is_told_without_it(
    private_postgres: Callable[..., EmbeddedPostgres], step: Callable[[str], Awaitable[object]]
) -> None:
    server = private_postgres()
    with pytest.raises(StoreUnavailable, match="cannot reach Postgres") as found:
        await step(server.url("nobody", "planted-word"))
    assert "planted-word" not in str(found.value)


async def test_an_owner_who_is_no_superuser_may_migrate_and_serve(
    private_postgres: Callable[..., EmbeddedPostgres],
) -> None:
    """What a hosted Postgres gives: a user with CREATEROLE and a database of its own."""
    server = private_postgres()
    admin = await asyncpg.connect(server.admin_url)
    try:
        await admin.execute("create role landlord login createrole password 'planted'")
        await admin.execute("create database hosted owner landlord")
    finally:
        await admin.close()
    url = server.url("landlord", "planted", "hosted")
    assert await migrate(url) == newest_version()
    pools = {role: Pool(url, f"openclaw_{role}") for role in ("brain", "scheduler", "operator")}
    try:
        store = PostgresStore(pools["brain"], pools["brain"], consumer="brain", run_id=ident("r"))
        await when_applied(store, "brain", Changes(owed=[owed("a")]))
        assert dict((await store.figures()).owed) == {"brain": 1}
        assert dict((await PostgresRecords(pools["operator"]).figures()).owed) == {"brain": 1}
        await _serve_tasks(store, PostgresAgenda(pools["scheduler"], pools["scheduler"], run_id=ident("r")))
        await _forget(PostgresArchive(pools["scheduler"]), url)
    finally:
        for pool in pools.values():
            await pool.close()


async def _serve_tasks(store: PostgresStore, agenda: PostgresAgenda) -> None:
    """Fire a task and see that its chat is to be told of what may be missing; the functions see what they ask about."""
    due, paused = (
        Task(ident("due"), 1, "due", due_at=1e9, remind_at=1e9),
        Task(ident("p"), 1, "p", is_paused=True),
    )
    effects = [ScopedEffect("1:u5", AddTask(due)), ScopedEffect("1:c-7", AddTask(paused))]
    lanes = [owed("b", "1:5"), owed("c", "1:-7"), owed("d", "1:6")]
    await when_applied(store, "brain", Changes(effects=effects, owed=lanes))
    async with agenda.due(10) as current:
        (found,) = current.due
        firing = Firing(Occasion(found.task.task_id, 1e9, Kept.AMBIGUOUS))
        assert await current.apply(AgendaChanges([firing], [evolve(found.task, remind_at=None)])) == [firing]
    async with store.round("brain", ["1:5", "1:-7", "1:6"]) as round_:
        assert {head.lane for head in round_.heads if head.awaits} == {"1:5", "1:-7"}


async def _forget(archive: PostgresArchive, url: str) -> None:
    """Forget what is old, and nothing that is needed; the functions see what they ask about."""
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(
            "update openclaw.clock set ahead = interval '500 days';"
            "insert into openclaw.inbox (key, arrived_at) values ('tg:1:1', pg_catalog.now());"
            "insert into openclaw.deliveries (key, lane, outcome, repeat, settled_at)"
            " select key, lane, 'delivered', false, pg_catalog.now()"
            " from (values ('a', '1:5'), ('b', '1:9')) as x(key, lane)"
        )
    finally:
        await owner.close()
    terms = {Kind.UPDATES: 5, Kind.DELIVERIES: 7, Kind.OCCASIONS: 31, Kind.AUDIT: 90, Kind.LEFTOVERS: 0}
    found = {kind: await archive.forget(kind, days * DAY_S, 100) for kind, days in terms.items()}
    # Of the chat 1:5 something is owed, and the occasion is the last one of an open task.
    assert found == {
        Kind.UPDATES: 1, Kind.DELIVERIES: 1, Kind.OCCASIONS: 0, Kind.AUDIT: 0, Kind.LEFTOVERS: 0,
    }  # fmt: skip
    await archive.make_room()

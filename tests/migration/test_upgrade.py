"""Data of an older version migrates and works; what a newer one made is refused; a step that fails changes nothing."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres import migrate as migrate_module
from adapters.postgres import schema as schema_module
from adapters.postgres.dump import copy_out, tables_of
from adapters.postgres.migrate import MigrationFailed, migrate_sync
from adapters.postgres.rows import Table
from adapters.postgres.schema import MIGRATIONS, current_version, newest_version
from entrypoints.data_dir import DataDir, NewerDataDir
from entrypoints.exits import Exit
from entrypoints.schema import SNAPSHOT, schema_of
from tests.servers import apart, on, running
from tests.wiring.installation import openclaw

AT_0001 = (Path(__file__).parent / "at_0001.sql").read_text(encoding="utf-8")
STEP = '''"""Planted."""
from alembic import op
revision, down_revision = "{revision}", "{before}"
def upgrade() -> None:
    op.execute("{statement}")
'''
Rows = dict[Table, list[bytes]]


def read(tables: list[Table] | None = None) -> Callable[[object], Awaitable[Rows]]:
    """Return what reads every table, or those named, as lines in an order of their own."""

    async def all_of(connection: object) -> Rows:
        found: Rows = {}
        for table in tables or await tables_of(connection):
            lines: list[bytes] = []
            await copy_out(connection, table, lines.append)
            found[table] = sorted(b"".join(lines).splitlines())
        return found

    return all_of


def version_of(url: str) -> str | None:
    return apart(lambda: asyncio.run(current_version(url)))


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Add migrations after the newest one, in a copy that counts for the test: ``steps(revision, statement)``."""
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (migrate_module, schema_module):
        monkeypatch.setattr(module, "MIGRATIONS", copy)

    def add(revision: str, statement: str) -> None:
        text = STEP.format(revision=revision, before=newest_version(), statement=statement)
        (copy / "versions" / f"{revision}_planted.py").write_text(text, encoding="utf-8")

    return add


def test_a_database_of_the_first_schema_is_migrated_with_all_its_data(empty: str) -> None:
    on(empty, lambda c: c.execute(AT_0001))
    before = on(empty, read())
    assert len(before) == 13
    assert [table.name for table, lines in before.items() if not lines] == [], "the fixture fills every table"
    assert migrate_sync(empty) == newest_version()
    assert on(empty, read(list(before))) == before
    assert schema_of(empty) == SNAPSHOT.read_text(encoding="utf-8"), (
        "and its schema is that of a fresh database"
    )


def test_a_data_directory_of_the_first_schema_works_with_its_data(short_path: Path) -> None:
    with running(EmbeddedPostgres(short_path)) as server:
        on(server.admin_url, lambda c: c.execute(AT_0001))
    done = openclaw("up", "--data-dir", str(short_path), stdin="/start\n", OPENCLAW_NOTICE_EVERY_S="0")
    assert (done.code, done.out) == (Exit.OK, "Welcome back. Send /help to see what I can do.\n"), done.err
    assert (short_path / "format").read_text() == "1\n", (
        "and it is known from now on how the directory is arranged"
    )
    with running(EmbeddedPostgres(short_path)) as server:
        assert version_of(server.admin_url) == newest_version()
        assert on(server.admin_url, lambda c: c.fetchval("select title from openclaw.tasks")) == "buy milk"


def test_a_step_that_fails_takes_the_others_back_and_says_which_it_was(
    database: str, steps: Callable[[str, str], None]
) -> None:
    was, before = newest_version(), schema_of(database)
    on(database, lambda c: c.execute("insert into openclaw.inbox (key) values ('tg:1:planted')"))
    steps("9998", "create table openclaw.planted (id bigint)")
    steps("9999", "alter table openclaw.inbox alter key type bigint using key::bigint")
    with pytest.raises(MigrationFailed) as found:
        migrate_sync(database)
    assert str(found.value) == (
        "migration 9999 failed (InvalidTextRepresentationError 22P02) and was taken back; "
        f"the database stays at schema {was}, with which the older OpenClaw works"
    )
    assert (version_of(database), schema_of(database)) == (was, before)
    assert on(database, lambda c: c.fetchval("select count(*) from openclaw.inbox")) == 1


def test_after_a_failure_was_corrected_the_next_start_migrates(
    empty: str, steps: Callable[[str, str], None]
) -> None:
    steps("9998", "create table openclaw.planted (id nonsense)")
    with pytest.raises(
        MigrationFailed, match=r"9998 failed \(UndefinedObjectError 42704\).*the database stays empty"
    ):
        migrate_sync(empty)
    assert version_of(empty) is None
    broken = schema_module.MIGRATIONS / "versions" / "9998_planted.py"
    broken.write_text(broken.read_text(encoding="utf-8").replace("nonsense", "bigint"), encoding="utf-8")
    assert migrate_sync(empty) == "9998"


def test_a_data_directory_whose_schema_is_newer_is_refused_with_a_sentence(short_path: Path) -> None:
    with running(EmbeddedPostgres(short_path)) as server:
        migrate_sync(server.admin_url)
        on(server.admin_url, lambda c: c.execute("update public.schema_version set version_num = '9999'"))
    done = openclaw("up", "--data-dir", str(short_path), stdin="hello\n")
    assert (done.code, done.out) == (Exit.FAILED, "")
    assert done.err == (
        "openclaw: the database has schema 9999, which this version of OpenClaw does not know; "
        "run the newer version, or restore a backup made before the upgrade\n"
    )


@pytest.mark.parametrize("kept", ["17", "99"])
def test_a_cluster_of_another_postgres_is_refused_with_what_to_do(short_path: Path, kept: str) -> None:
    cluster = short_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{kept}\n", encoding="ascii")
    with pytest.raises(
        EmbeddedServerError, match=f"holds data of Postgres {kept} and this is Postgres"
    ) as found:
        EmbeddedPostgres(short_path).start()
    assert "`openclaw backup FILE`), and restore it with this one into an empty" in str(found.value)
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"], "and nothing was touched"


def test_a_data_directory_that_a_newer_version_arranged_is_refused(tmp_path: Path) -> None:
    with DataDir(tmp_path):
        pass
    (tmp_path / "format").write_text("2\n", encoding="ascii")
    with pytest.raises(NewerDataDir) as found:
        DataDir(tmp_path)
    assert str(found.value) == (
        f"{tmp_path} was arranged by a newer OpenClaw (format 2, and this one knows 1); run that version, or restore a "
        "backup from before the upgrade into another data directory"
    )

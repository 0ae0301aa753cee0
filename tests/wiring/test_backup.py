"""Backups: taken while everything runs, restored elsewhere, compared row by row, and talked to."""

import gzip
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.dump import CannotRead, tables_of
from adapters.postgres.load import NotEmpty
from adapters.postgres.migrate import migrate_sync
from domain.errors import OpenClawError
from entrypoints.backup.restore import Owed, restore
from entrypoints.backup.take import back_up
from entrypoints.data_dir import DataDir
from entrypoints.exits import Exit
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret
from tests.servers import Databases, apart, on, running, short_dir
from tests.wiring.backups import DUE, GARBAGE_ID, SAYING, fill, rows_in
from tests.wiring.installation import Done, openclaw, settled, up

Rows = Mapping[str, list[bytes]]


@contextmanager
def database_of(data_dir: Path) -> Iterator[str]:
    """Lend the administrator's URL of a data directory in which nothing runs."""
    with running(EmbeddedPostgres(data_dir)) as server:
        yield server.admin_url


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data directory with rows in every table."""
    with short_dir() as path:
        with database_of(path) as url:
            fill(url)
        yield path


@pytest.fixture(scope="module")
def before(home: Path) -> Rows:
    """Every row of it."""
    with database_of(home) as url:
        return rows_in(url)


@pytest.fixture(scope="module")
def file(home: Path, before: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it, taken while nothing runs there."""
    path = tmp_path_factory.mktemp("backups") / "at-rest.backup"
    assert openclaw("backup", str(path), "--data-dir", str(home)).code == Exit.OK
    return path


@pytest.fixture(scope="module")
def fresh(file: Path) -> Iterator[tuple[Path, Done]]:
    """A data directory that was restored from it, and what was said."""
    with short_dir() as path:
        yield path, openclaw("restore", str(file), "--data-dir", str(path / "fresh"))


@pytest.fixture
def empty(databases: Databases, postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The administrator's URL of a database in which nothing is."""
    admin = postgres_server.admin_url_of("postgres")
    on(admin, lambda c: c.execute("CREATE DATABASE restored"))
    yield postgres_server.admin_url_of("restored")
    on(admin, lambda c: c.execute("DROP DATABASE restored WITH (FORCE)"))


@pytest.fixture(scope="module")
def filled(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The administrator's URL of an outside database with rows in every table."""
    admin = postgres_server.admin_url_of("postgres")
    on(admin, lambda c: c.execute("CREATE DATABASE filled"))
    url = postgres_server.admin_url_of("filled")
    fill(url)
    yield url
    on(admin, lambda c: c.execute("DROP DATABASE filled WITH (FORCE)"))


def differing(before: Rows, after: Rows) -> set[str]:
    """Return the tables that differ."""
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def test_a_table_that_nothing_is_in_would_prove_nothing(before: Rows) -> None:
    assert [name for name, rows in before.items() if not rows] == [], (
        "give it a row in tests/wiring/backups.py"
    )


def test_the_restored_tables_are_those_that_were_backed_up(fresh: tuple[Path, Done], before: Rows) -> None:
    path, done = fresh
    assert done.code == Exit.OK, done.err
    with database_of(path / "fresh") as url:
        after = rows_in(url)
        # Processes that are gone run nothing, Redis is to be told the mode, what was due is parked and audited, and
        # admins are told of that whenever they were told of others.
        assert differing(before, after) == {"runs", "runtime", "outbox", "dead_letters", "audit", "occasions"}
        assert after["runs"] == []
        (mode,) = [row for row in before["runtime"] if b"dead_letters_told" not in row]
        assert after["runtime"] == [mode.replace(b"\tt\t", b"\tf\t")]
        assert set(after["outbox"]) < set(before["outbox"])
        assert set(after["dead_letters"]) > set(before["dead_letters"])
        assert set(after["audit"]) > set(before["audit"])
        next_letter = on(url, lambda c: c.fetchval("select nextval('openclaw.dead_letters_letter_id_seq')"))
        assert next_letter == 5, "numbers go on where they were"
        assert on(url, lambda c: c.fetchval("select count(*) from openclaw.audit_2025_12")) == 1, (
            "months stay apart"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            on(url, lambda c: c.execute("truncate openclaw.audit_2025_12"))


def test_what_was_due_is_a_dead_letter_with_its_reason_and_an_audit_row(fresh: tuple[Path, Done]) -> None:
    path, done = fresh
    assert "3 owed events are dead letters now" in done.out
    with database_of(path / "fresh") as url:
        letters = on(
            url, lambda c: c.fetch("select event_id, reasons from openclaw.dead_letters where letter_id > 1")
        )
        audited = on(url, lambda c: c.fetch("select * from openclaw.audit where consumer = 'restore'"))
    assert {str(row["event_id"]) for row in letters} == {str(DUE.event_id), str(SAYING.event_id), GARBAGE_ID}
    assert all("may have been handled after that" in row["reasons"][0] for row in letters)
    assert {(str(row["event_id"]), row["event_type"], row["outcome"]) for row in audited} == {
        (str(DUE.event_id), "message.received", "dead_lettered"),
        (str(SAYING.event_id), "telegram.send", "dead_lettered"),
        (GARBAGE_ID, None, "dead_lettered"),
    }
    assert {row["trace_id"] for row in audited} == {DUE.envelope.trace_id, SAYING.envelope.trace_id, None}


def test_of_a_reminder_that_was_on_its_way_the_next_contact_says_that_it_may_be_missing(
    fresh: tuple[Path, Done],
) -> None:
    path, _ = fresh
    read = "select kept, told from openclaw.occasions where bucket > '2026-11-22 12:30+00' order by bucket"
    with database_of(path / "fresh") as url:
        found = [tuple(row) for row in on(url, lambda c: c.fetch(read))]
    assert found == [("ambiguous", False), ("fired", False)]


def test_the_restored_installation_answers_with_its_data_and_an_empty_valkey(
    fresh: tuple[Path, Done],
) -> None:
    path = fresh[0] / "fresh"
    assert not (path / "valkey").exists()
    with up(path, OPENCLAW_NOTICE_EVERY_S="0") as started:
        assert started.ask("/start") == "Welcome back. Send /help to see what I can do."
        assert started.answer() == ""
        untold = "A reminder may not have reached this chat: 1. buy milk, "
        told = [started.answer() for _ in range(2)]
        assert all(line.startswith(untold) for line in told), (
            "what the old one left untold, and what was owed"
        )
        assert started.ask("/api").startswith("API mode: openai"), "the committed mode reached the new Valkey"
        assert started.answer().startswith("Valid modes: ")
        admin = EmbeddedPostgres(path).admin_url
        on(admin, lambda c: c.execute("update openclaw.outbox set available_at = now() where not ordered"))
        settled_but_for_later(path)
        outcome = "select outcome from openclaw.deliveries where key = 'tg:planted:1'"
        assert on(admin, lambda c: c.fetchval(outcome)) == "delivered", (
            "what was owed is done from Postgres alone"
        )


def settled_but_for_later(data_dir: Path) -> None:
    """Wait until only what is due far in the future is owed."""
    on(EmbeddedPostgres(data_dir).admin_url, lambda c: c.execute("delete from openclaw.outbox where ordered"))
    on(
        EmbeddedPostgres(data_dir).admin_url,
        lambda c: c.execute("delete from openclaw.claims where resolved"),
    )
    settled(data_dir)


def test_a_backup_while_messages_flow_is_one_moment_of_them(short_path: Path) -> None:
    home, file, copy = short_path / "home", short_path / "flow.backup", short_path / "copy"
    words = [f"word {n}" for n in range(16)]
    with up(home, OPENCLAW_RATE_CHAT_PER_S="0") as started:
        assert started.ask("are you there?") == "are you there?"
        for word in words[:8]:
            started.say(word)
        done = openclaw("backup", str(file), "--data-dir", str(home))
        for word in words[8:]:
            started.say(word)
        assert [started.answer() for _ in words] == words, "nobody waited and nothing was lost"
    assert (done.code, done.out) == (Exit.OK, ""), done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert openclaw("restore", str(file), "--owed", "keep", "--data-dir", str(copy)).code == Exit.OK
    with database_of(copy) as url:
        loose = on(url, lambda c: c.fetchval(
            "select count(*) from openclaw.audit a where consumer = 'gateway' and outcome = 'accepted' and not exists "
            "(select from openclaw.outbox o where o.cause = a.event_id or o.event_id = a.event_id) and not exists "
            "(select from openclaw.deliveries d where d.key = a.idempotency_key || '/reply')"
        ))  # fmt: skip
        taken = on(url, lambda c: c.fetchval("select count(*) from openclaw.inbox"))
    assert loose == 0, "each message that was taken in is owed or answered"
    assert 1 <= taken <= 1 + len(words)


def test_a_data_directory_with_data_is_refused_and_with_replace_moved_aside(
    file: Path, short_path: Path, before: Rows
) -> None:
    with database_of(short_path) as url:
        migrate_sync(url)
        on(url, lambda c: c.execute("insert into openclaw.inbox (key) values ('tg:1:older')"))
    (short_path / "restoring").mkdir()
    (short_path / "restoring" / "left-by-a-kill").touch()
    refused = openclaw("restore", str(file), "--data-dir", str(short_path))
    assert refused.code == Exit.FAILED
    assert refused.err == (
        f"openclaw: {short_path} holds data already; choose an empty data directory, or move what is there aside with "
        "--replace\n"
    )
    done = openclaw("restore", str(file), "--replace", "--owed", "keep", "--data-dir", str(short_path))
    assert done.code == Exit.OK, done.err
    assert not (short_path / "restoring").exists()
    aside = next(short_path.glob("before-restore-*"))
    assert str(aside) in done.out
    with database_of(short_path) as url:
        assert differing(before, rows_in(url)) == {"runs", "runtime"}, (
            "with `keep` all that is owed stays owed"
        )
    with database_of(aside) as url:
        assert on(url, lambda c: c.fetchval("select key from openclaw.inbox")) == "tg:1:older"


def test_nothing_is_restored_where_something_runs(file: Path, tmp_path: Path) -> None:
    with DataDir(tmp_path):
        refused = openclaw("restore", str(file), "--replace", "--data-dir", str(tmp_path))
    assert refused.code == Exit.FAILED
    assert f"OpenClaw already runs in {tmp_path} (process {os.getpid()}); stop it" in refused.err


def outside(url: str) -> Settings:
    """Return the settings of a Postgres outside."""
    return Settings(postgres_url=Secret(url))


def test_an_outside_database_is_restored_into_another_one(filled: str, empty: str, tmp_path: Path) -> None:
    file = tmp_path / "outside.backup"
    assert openclaw("backup", str(file), OPENCLAW_POSTGRES_URL=filled).code == Exit.OK
    done = openclaw("restore", str(file), "--owed", "keep", OPENCLAW_POSTGRES_URL=empty)
    assert done.code == Exit.OK, done.err
    assert differing(rows_in(filled), rows_in(empty)) == {"runs", "runtime"}
    with pytest.raises(NotEmpty, match="the database holds data of OpenClaw already"):
        apart(lambda: restore(outside(empty), file, Owed.PARK))
    with pytest.raises(OpenClawError, match="--replace is for data directories"):
        apart(lambda: restore(outside(empty), file, Owed.PARK, replace=True))


def test_a_database_that_was_migrated_and_never_used_counts_as_empty(file: Path, empty: str) -> None:
    migrate_sync(empty)
    apart(lambda: restore(outside(empty), file, Owed.PARK))
    assert on(empty, lambda c: c.fetchval("select title from openclaw.tasks")) == "buy milk"


def test_an_owner_who_is_no_superuser_may_back_up_and_restore(
    private_postgres: Callable[..., EmbeddedPostgres], tmp_path: Path
) -> None:
    """What a hosted Postgres gives: a user with CREATEROLE and databases of its own."""
    server, file = private_postgres(), tmp_path / "hosted.backup"
    on(server.admin_url, lambda c: c.execute("create role landlord login createrole password 'planted'"))
    for name in ("hosted", "moved"):
        on(server.admin_url, lambda c, name=name: c.execute(f"create database {name} owner landlord"))
    hosted, moved = (server.url("landlord", "planted", name) for name in ("hosted", "moved"))
    migrate_sync(hosted)
    as_superuser = server.admin_url_of("hosted")
    on(as_superuser, lambda c: c.execute("insert into openclaw.settings values ('1:u1', 'greeted', 'yes')"))
    apart(lambda: back_up(outside(hosted), file))
    apart(lambda: restore(outside(moved), file, Owed.PARK))
    assert rows_in(server.admin_url_of("moved")) == rows_in(as_superuser)
    secured = "select count(*) from pg_class where relforcerowsecurity"
    assert on(server.admin_url_of("moved"), lambda c: c.fetchval(secured)) == on(
        as_superuser, lambda c: c.fetchval(secured)
    ), "owners are bound by security by rows as before"


def test_whoever_does_not_see_every_row_gets_no_backup(
    filled: str, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    guest = postgres_server.url("guest", "planted", "filled")
    made = "create role guest login password 'planted'; grant {} to guest"
    for granted, told in (
        ("pg_read_all_data", "does not see every row of "),
        ("openclaw_brain", "may not read all"),
    ):
        on(filled, lambda c, granted=granted: c.execute(made.format(granted)))
        with pytest.raises(CannotRead, match=f"{told}.*; give the URL of the database's owner"):
            apart(lambda: back_up(outside(guest), tmp_path / "file"))
        on(filled, lambda c: c.execute("drop role guest"))
    assert list(tmp_path.iterdir()) == []


def test_services_that_are_connected_are_to_be_stopped_first(file: Path, database: str) -> None:
    held = f"{database}{'&' if '?' in database else '?'}application_name=openclaw_brain"

    async def meanwhile(_: object) -> None:
        with pytest.raises(
            NotEmpty, match="services of OpenClaw are connected to this database; stop them first"
        ):
            apart(lambda: restore(outside(database), file, Owed.PARK))

    on(held, meanwhile)


def test_rights_that_were_given_by_hand_are_named(filled: str, empty: str, tmp_path: Path) -> None:
    file = tmp_path / "rights.backup"
    on(filled, lambda c: c.execute("grant update on openclaw.audit to openclaw_operator"))
    apart(lambda: back_up(outside(filled), file))
    on(filled, lambda c: c.execute("revoke update on openclaw.audit from openclaw_operator"))
    restored = apart(lambda: restore(outside(empty), file, Owed.PARK))
    assert restored.differing_rights == ("openclaw_operator on audit: INSERT SELECT UPDATE",)


def test_a_table_that_copy_would_not_fill_faithfully_is_not_there(database: str) -> None:
    """What restoring relies on: no trigger changes what is inserted, and tables refer to one another in no circle."""
    triggers = "select tgname from pg_trigger where tgtype & 4 > 0 and not tgisinternal"
    assert on(database, lambda c: c.fetch(triggers)) == []
    assert on(database, tables_of)


def test_no_secret_of_the_installation_is_in_the_file(home: Path, file: Path) -> None:
    secrets = [path.read_bytes().strip() for path in (home / "secrets").iterdir()]
    assert secrets
    unpacked = gzip.decompress(file.read_bytes())
    assert b"tables/settings/" in unpacked
    assert [secret for secret in secrets if secret in unpacked] == []


def test_a_data_directory_beside_an_outside_database_is_a_question(
    file: Path, empty: str, tmp_path: Path
) -> None:
    both = openclaw("restore", str(file), "--data-dir", str(tmp_path / "data"), OPENCLAW_POSTGRES_URL=empty)
    assert both.code == Exit.USAGE
    assert "leave --data-dir out, or the variable" in both.err
    assert not (tmp_path / "data").exists()


def test_where_there_is_nothing_there_is_nothing_to_back_up(tmp_path: Path, empty: str) -> None:
    nowhere = openclaw("backup", str(tmp_path / "f"), "--data-dir", str(tmp_path / "none"))
    assert nowhere.code == Exit.NOTHING
    assert not (tmp_path / "none").exists()
    nothing = openclaw("backup", str(tmp_path / "f"), OPENCLAW_POSTGRES_URL=empty)
    assert "the database holds nothing of OpenClaw's" in nothing.err
    assert list(tmp_path.iterdir()) == []

"""The file of a backup: whole or refused before anything is touched, written whole or not at all."""

import gzip
import hashlib
import io
import json
import random
import resource
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import attrs
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres import dump
from adapters.postgres.load import DoesNotFit
from adapters.postgres.rows import Sum, Summer
from adapters.postgres.schema import newest_version
from domain.errors import StoreUnavailable
from entrypoints.backup.archive import PIECE_BYTES, Backup, CannotWrite, NoBackup, check, rows_of, writing
from entrypoints.backup.restore import Owed, restore
from entrypoints.backup.take import back_up
from entrypoints.exits import Exit
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret
from tests.servers import apart, on
from tests.wiring.backups import fill
from tests.wiring.installation import ROOT, environment, openclaw

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def settings(postgres_server: EmbeddedPostgres) -> Iterator[Settings]:
    """The settings of an outside database with rows in every table."""
    admin = postgres_server.admin_url_of("postgres")
    on(admin, lambda c: c.execute("CREATE DATABASE archived"))
    url = postgres_server.admin_url_of("archived")
    fill(url)
    yield Settings(postgres_url=Secret(url))
    on(admin, lambda c: c.execute("DROP DATABASE archived WITH (FORCE)"))


@pytest.fixture(scope="module")
def whole(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole backup."""
    path = tmp_path_factory.mktemp("whole") / "file"
    apart(lambda: back_up(settings, path))
    return path.read_bytes()


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """The settings of a data directory that does not exist."""
    return Settings(data_dir=tmp_path / "data")


def look(data: bytes) -> Backup:
    return check(io.BytesIO(data), newest_version())


def members(data: bytes) -> Members:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def packed(found: Members) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def described(data: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    """Return the backup with its description changed."""
    found = members(data)
    about = json.loads(found["openclaw-backup.json"])
    change(about)
    return packed(found | {"openclaw-backup.json": json.dumps(about).encode()})


def refused(data: bytes) -> str:
    with pytest.raises(NoBackup) as found:
        look(data)
    return str(found.value)


def test_a_whole_backup_says_what_it_is(whole: bytes) -> None:
    backup = look(whole)
    assert backup.about.facts.schema == newest_version()
    assert backup.rows == sum(each.rows for each in backup.checksums.tables.values()) > 20
    assert backup.checksums.tables["tasks"].rows == 1


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_backup_that_is_cut_short_is_refused(whole: bytes, share: float) -> None:
    told = refused(whole[: int(len(whole) * share)])
    assert "cut short" in told or "not a backup" in told


def test_a_backup_in_which_any_bit_changed_is_refused_or_the_same(whole: bytes) -> None:
    """The last byte of packed data has bits that mean nothing."""
    seed = 20261122
    places, told = random.Random(seed), []
    for _ in range(200):
        changed = bytearray(whole)
        at = places.randrange(len(whole))
        changed[at] ^= 1 << places.randrange(8)
        try:
            look(bytes(changed))
        except NoBackup as error:
            told.append(error)
        else:
            assert members(bytes(changed)) == members(whole), f"seed {seed}, byte {at}"
    assert len(told) > 190


@pytest.mark.parametrize(
    "data",
    [b"", b"hello\n", gzip.compress(b"", mtime=0), gzip.compress(b"hello\n" * 1000, mtime=0)],
    ids=["nothing", "text", "an empty archive", "another archive"],
)
def test_another_file_is_not_a_backup(data: bytes) -> None:
    assert refused(data) == "this is not a backup that `openclaw backup` made"


def test_an_archive_of_something_else_is_not_a_backup(whole: bytes) -> None:
    assert "not a backup" in refused(packed({"photo.jpg": b"..."}))
    assert "not a backup" in refused(packed({"../../etc/passwd": b"..."}))
    assert "not a backup" in refused(packed(members(whole) | {"tables/../escape/00000001.copy": b"..."}))


def test_rows_that_were_changed_missed_or_added_are_noticed(whole: bytes) -> None:
    found = members(whole)
    settings_rows = "tables/settings/00000001.copy"
    assert "checksums do not match" in refused(packed(found | {settings_rows: found[settings_rows] + b"x\n"}))
    assert "checksums do not match" in refused(packed({n: d for n, d in found.items() if n != settings_rows}))
    assert "something follows its end" in refused(packed(found | {"tables/settings/00000002.copy": b"x\n"}))
    assert "its end is missing" in refused(packed({n: d for n, d in found.items() if n != "checksums.json"}))


def test_a_backup_of_a_newer_version_is_refused_with_what_to_do(whole: bytes) -> None:
    newer = described(whole, lambda about: about.update(format=2, openclaw="7.0.0", facts="who knows"))
    assert refused(newer) == (
        "the backup was made by a newer OpenClaw (7.0.0: format 2, and this one knows 1); restore it with that version"
    )
    newer = described(whole, lambda about: about["facts"].update(schema="9999"))
    assert refused(newer).endswith(
        f"schema 9999, and this one knows {newest_version()}); restore it with that version"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.pop("facts"),
        lambda about: about["facts"].update(months=["2026_11 foo"]),
        lambda about: about["facts"].update(tables=3),
    ],
)
def test_a_description_that_makes_no_sense_is_damage(
    whole: bytes, change: Callable[[dict[str, object]], object]
) -> None:
    assert refused(described(whole, change)).startswith("the backup is damaged: ")


def test_a_damaged_backup_touches_nothing(whole: bytes, nowhere: Settings, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NoBackup):
        apart(lambda: restore(nowhere, tmp_path / "cut", Owed.PARK))
    with pytest.raises(NoBackup, match="cannot be read: No such file"):
        apart(lambda: restore(nowhere, tmp_path / "missing", Owed.PARK))
    assert not nowhere.data_dir.exists()


def forged(whole: bytes, change: Callable[[Members], None]) -> bytes:
    """Return the backup with something changed and its members' checksums put right."""
    found = members(whole)
    change(found)
    sums = json.loads(found.pop("checksums.json"))
    sums["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    return packed(found | {"checksums.json": json.dumps(sums).encode()})


def lose_a_memory(found: Members) -> None:
    del found["tables/memories/00000001.copy"]


def lose_a_task(found: Members) -> None:
    del found["tables/tasks/00000001.copy"]


def write_nonsense(found: Members) -> None:
    found["tables/tasks/00000001.copy"] = b"no uuid\t1\n"


def name_another_table(found: Members) -> None:
    found["tables/strangers/00000001.copy"] = b"1\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lose_a_memory, r"table memories came out differently \(0 rows of 1\)"),
        (lose_a_task, "a row does not fit its table"),
        (write_nonsense, "a row does not fit its table"),
        (name_another_table, "it has rows of strangers and no such table"),
    ],
)
def test_what_goes_wrong_in_the_middle_leaves_nothing(
    whole: bytes, nowhere: Settings, tmp_path: Path, change: Callable[[Members], None], told: str,
    settings: Settings, postgres_server: EmbeddedPostgres,
) -> None:  # fmt: skip
    (tmp_path / "forged").write_bytes(forged(whole, change))
    admin = postgres_server.admin_url_of("postgres")
    on(admin, lambda c: c.execute("CREATE DATABASE half"))
    outside = attrs.evolve(nowhere, postgres_url=Secret(postgres_server.admin_url_of("half")))
    try:
        with pytest.raises((DoesNotFit, NoBackup), match=told):
            apart(lambda: restore(outside, tmp_path / "forged", Owed.PARK))
        left = on(postgres_server.admin_url_of("half"), lambda c: c.fetchval(
            "select count(*) from pg_class where relnamespace in (to_regnamespace('openclaw'), 'public'::regnamespace)"
        ))  # fmt: skip
        assert left == 0
    finally:
        on(admin, lambda c: c.execute("DROP DATABASE half WITH (FORCE)"))


def test_a_data_directory_that_was_not_filled_has_no_data(
    whole: bytes, short_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "forged").write_bytes(forged(whole, lose_a_memory))
    home = short_path / "data"
    done = openclaw("restore", str(tmp_path / "forged"), "--data-dir", str(home))
    assert done.code == Exit.FAILED
    assert "table memories came out differently (0 rows of 1); use another backup" in done.err
    assert sorted(path.name for path in home.iterdir()) == ["format", "lock"]


def test_a_file_is_replaced_only_when_told_so(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("something dear", encoding="utf-8")
    with pytest.raises(CannotWrite, match="exists; choose another name, or replace it with --force"):
        apart(lambda: back_up(settings, path))
    assert path.read_text(encoding="utf-8") == "something dear"
    apart(lambda: back_up(settings, path, force=True))
    assert look(path.read_bytes())
    with pytest.raises(CannotWrite, match="is a directory; name a file in it"):
        apart(lambda: back_up(settings, tmp_path, force=True))
    with pytest.raises(CannotWrite, match="cannot be written: No such file or directory"):
        apart(lambda: back_up(settings, tmp_path / "none" / "file"))


def run(settings: Settings, *arguments: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    assert settings.postgres_url is not None
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *arguments], cwd=ROOT, stderr=subprocess.PIPE, check=False,
        env=environment(OPENCLAW_POSTGRES_URL=settings.postgres_url.reveal()), **options,
    )  # fmt: skip


def test_a_disk_that_is_full_leaves_no_file(settings: Settings, tmp_path: Path) -> None:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = run(settings, "backup", str(tmp_path / "file"), preexec_fn=bound)
    assert done.returncode == Exit.FAILED
    assert b"cannot be written: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_standard_output_and_input_do_as_well_as_files(settings: Settings, whole: bytes) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(settings, "backup", "-", stdout=full)
    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.FAILED, 1)
    assert b"the backup cannot be written: No space left on device" in done.stderr
    done = run(settings, "backup", "-", stdout=subprocess.PIPE)
    assert done.returncode == Exit.OK
    assert look(done.stdout).rows == look(whole).rows
    checked = run(settings, "restore", "--check", "-", input=done.stdout, stdout=subprocess.PIPE)
    assert checked.stdout.startswith(b"whole: ")


def test_a_server_that_goes_away_is_told_and_leaves_no_file(
    settings: Settings, postgres_server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'archived'"
    copy_out = dump.copy_out

    async def end_sessions(*arguments: Any) -> Sum:
        admin = await asyncpg.connect(postgres_server.admin_url_of("postgres"))
        await admin.execute(end)
        await admin.close()
        return await copy_out(*arguments)

    monkeypatch.setattr(dump, "copy_out", end_sessions)
    with pytest.raises(StoreUnavailable, match="Postgres is not available"):
        apart(lambda: back_up(settings, tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []


def test_rows_larger_than_a_piece_come_back_as_they_were(whole: bytes) -> None:
    about = look(whole).about
    table = about.facts.tables[0]
    about = attrs.evolve(about, facts=attrs.evolve(about.facts, tables=(table,)))
    data = bytes(range(256)).replace(b"\n", b"") * (PIECE_BYTES // 100) + b"\n"
    out = io.BytesIO()
    with writing(out) as writer:
        writer.describe(about)
        rows = writer.table(table.name)
        rows.write(data)
        rows.finish(Sum(1, "0"))
    assert check(out, newest_version()).rows == 1
    assert [(name, b"".join(pieces)) for name, pieces in rows_of(out)] == [(table.name, data)]


def test_the_sum_of_rows_does_not_depend_on_their_order_nor_on_where_pieces_end() -> None:
    lines = [b"a\t1\n", b"b\t2\n", b"b\t2\n", b"\n"]

    def summed(pieces: list[bytes]) -> Sum:
        summer = Summer()
        for piece in pieces:
            summer.feed(piece)
        return summer.result()

    text = b"".join(lines)
    expected = summed([text])
    assert expected.rows == 4
    assert summed(lines[::-1]) == summed([bytes([each]) for each in text]) == expected
    assert summed(lines[:2] + lines[3:]) != expected
    assert summed([b"a\t2\n", b"b\t1\n", b"b\t2\n", b"\n"]) != expected

"""The data directory: one user at a time, and what it tells the other commands."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrypoints.data_dir import DataDir, DataDirBusy, RunInfo, with_login

ROOT = Path(__file__).resolve().parents[2]
INFO = RunInfo(
    1, "postgresql:///openclaw?host=/run/here&port=5432", "unix:///run/here.sock?db=0", {"web": "none"}
)
HOLDER = """
import sys
from pathlib import Path
from entrypoints.data_dir import DataDir, RunInfo
directory = DataDir(Path(sys.argv[1]))
directory.acquire()
directory.write_run(RunInfo(1, "postgresql:///x", "unix:///y"))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(path: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    directory = DataDir(tmp_path / "new" / "data")
    directory.secret("token")
    with directory:
        directory.write_run(INFO)
        for path in (directory.path, directory.path / "secrets"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for name in ("lock", "run.json", "secrets/token"):
            assert stat.S_IMODE((directory.path / name).stat().st_mode) == 0o600


def test_a_secret_is_random_and_stays(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    assert directory.secret("a") == DataDir(tmp_path).secret("a") != directory.secret("b")


def test_a_second_user_is_told_who_holds_it_and_how_to_stop_that(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder, pytest.raises(DataDirBusy) as refused:
        DataDir(tmp_path).acquire()
    assert str(refused.value) == (
        f"OpenClaw already runs in {tmp_path} (process {holder.pid}); stop it with Ctrl-C in its terminal or "
        f"with `kill {holder.pid}`, or choose another data directory"
    )


def test_others_read_what_runs_only_while_it_runs(tmp_path: Path) -> None:
    other = DataDir(tmp_path)
    assert other.read_run() is None
    with DataDir(tmp_path) as directory:
        directory.write_run(INFO)
        assert other.read_run() == INFO
    assert other.read_run() is None


def test_what_a_killed_run_left_is_not_believed_and_the_next_run_starts(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        assert DataDir(tmp_path).read_run() == RunInfo(1, "postgresql:///x", "unix:///y")
        holder.kill()
        holder.wait()
        assert (tmp_path / "run.json").exists()
        assert DataDir(tmp_path).read_run() is None
        with DataDir(tmp_path) as again:
            assert (again.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_login_is_put_into_any_servers_url() -> None:
    assert with_login(INFO.database_url, "brain", "p/w") == (
        "postgresql://brain:p%2Fw@/openclaw?host=/run/here&port=5432"
    )
    assert with_login(INFO.redis_url, "brain", "pw") == "unix://brain:pw@/run/here.sock?db=0"
    assert with_login("redis://old:x@127.0.0.1:6379/0", "brain", "pw") == "redis://brain:pw@127.0.0.1:6379/0"

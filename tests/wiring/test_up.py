"""``openclaw up`` as a newcomer meets it: real processes, real servers, a chat through a pipe."""

import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from adapters.embedded.valkey import installed_program
from entrypoints.exits import Exit
from tests.servers import short_dir
from tests.wiring.installation import Done, Running, openclaw, settled, up

NOWHERE = "postgresql://somebody:plantedpassword@127.0.0.1:9/openclaw"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data directory that all tests of this module use one after the other."""
    with short_dir() as path:
        yield path


@pytest.fixture(scope="module")
def first(home: Path) -> Done:
    """What the first start printed."""
    return openclaw("up", "--data-dir", str(home), stdin="/start\n/status\nhello\n")


@pytest.fixture
def running(home: Path, first: Done) -> Iterator[Running]:
    """An ``up`` that answers."""
    with up(home) as started:
        assert started.ask("are you there?") == "are you there?"
        settled(home)
        yield started


def process_of(running: Running, role: str, home: Path) -> psutil.Process:
    """Return the process of a role, which /status names, once that answer is settled."""
    ours = {process.pid: process for process in running.family()}
    running.say("/status")
    found = []
    while (line := running.answer()) != "dead letters: 0":
        # Instances of a run that was killed are named too until they have been silent for a while.
        named = re.match(rf"  {role} {role}-(\d+): ", line)
        found += [ours[int(named[1])]] if named and int(named[1]) in ours else []
    settled(home)
    return found[0]


def gone(family: list[psutil.Process]) -> bool:
    """Tell whether all these processes end in time."""
    return not psutil.wait_procs(family, timeout=10)[1]


def test_piped_lines_are_answered_on_standard_output_in_order(first: Done, home: Path) -> None:
    assert first.code == Exit.OK, first.err
    lines = first.out.splitlines()
    assert lines[0].startswith("Hello! I am OpenClaw.")
    assert lines[2].startswith("version: ")
    assert lines[-2:] == ["dead letters: 0", "hello"]
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [
        "brain",
        "gateway",
        "scheduler",
        "sender",
    ]


def test_one_screen_says_what_runs_where(first: Done, home: Path) -> None:
    lines = first.err.splitlines()
    assert lines[0] == f"openclaw: first start in {home}, which takes some seconds more"
    assert lines[1].startswith("OpenClaw ")
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [
        "postgres", "valkey", "telegram", "roles", "logs"
    ]  # fmt: skip
    assert len(lines) < 24


def test_data_survives_a_restart(first: Done, home: Path) -> None:
    again = openclaw("up", "--data-dir", str(home), stdin="/start\n")
    assert (again.code, again.out) == (Exit.OK, "Welcome back. Send /help to see what I can do.\n")
    assert "first start" not in again.err


def test_everything_in_the_data_directory_is_for_its_owner_only(first: Done, home: Path) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (home / "secrets").iterdir())


def test_a_second_up_on_the_same_data_is_told_who_holds_it(running: Running, home: Path) -> None:
    second = openclaw("up", "--data-dir", str(home))
    assert (second.code, second.out) == (Exit.FAILED, "")
    assert f"already runs in {home} (process {running.process.pid})" in second.err
    assert len(second.err.splitlines()) == 1
    assert running.ask("still there?") == "still there?"


def test_ctrl_c_stops_everything_without_a_traceback(running: Running) -> None:
    family = running.family()
    running.interrupt()
    assert running.end() == Exit.OK
    assert "Traceback" not in "\n".join(running.told)
    assert gone(family)


def test_sigterm_to_the_supervisor_stops_everything(running: Running) -> None:
    family = running.family()
    running.process.terminate()
    assert running.end() == Exit.OK
    assert gone(family)


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_works(
    running: Running, home: Path
) -> None:
    family = running.family()
    running.process.kill()
    running.end()
    assert gone(family)
    again = openclaw("up", "--data-dir", str(home), stdin="after the kill\n")
    assert (again.code, again.out) == (Exit.OK, "after the kill\n")


@pytest.mark.parametrize("role", ["gateway", "brain", "sender", "scheduler"])
def test_a_killed_role_comes_back_and_the_next_message_is_answered(
    running: Running, home: Path, role: str
) -> None:
    process_of(running, role, home).kill()
    running.wait_told(f"{role} died; starting it again")
    running.wait_told(f"{role} runs again")
    assert running.ask(f"without {role}?") == f"without {role}?"


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_comes_back_and_the_next_message_is_answered(running: Running, server: str) -> None:
    supervisor, *children = running.family()
    name = installed_program().name if server == "valkey" else "postgres"
    victim = next(each for each in children if each.name() == name and each.ppid() == supervisor.pid)
    victim.kill()
    running.wait_told(f"{server} died; starting it again")
    assert running.ask(f"without {server}?") == f"without {server}?"


def test_a_paused_role_is_woken_to_stop_with_the_rest(running: Running, home: Path) -> None:
    family = running.family()
    process_of(running, "brain", home).send_signal(signal.SIGSTOP)
    running.process.terminate()
    assert running.end() == Exit.OK
    assert gone(family)


@pytest.mark.parametrize(
    ("variables", "code", "told"),
    [
        (
            {"OPENCLAW_TELEGRAM_TOKEN": "planted"},
            Exit.SETTINGS,
            "OPENCLAW_TELEGRAM_TOKEN: must be a bot token",
        ),
        ({"OPENCLAW_POSTGRES_URL": NOWHERE}, Exit.UNREACHABLE, "cannot reach Postgres"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_without_secrets(
    variables: dict[str, str], code: int, told: str, short_path: Path
) -> None:
    done = openclaw("up", "--data-dir", str(short_path / "data"), **variables)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"openclaw: {told}")
    assert len(done.err.splitlines()) == 1
    assert "planted" not in done.err


def test_a_directory_that_holds_other_things_is_refused_and_left_as_it_is(short_path: Path) -> None:
    (short_path / "photo.jpg").touch()
    short_path.chmod(0o755)
    done = openclaw("up", "--data-dir", str(short_path))
    assert done.code == Exit.FAILED
    assert done.err == (
        f"openclaw: {short_path} holds files that are not OpenClaw's; choose a new or empty data directory\n"
    )
    assert stat.S_IMODE(short_path.stat().st_mode) == 0o755


def test_a_place_where_no_directory_can_be_is_told(short_path: Path) -> None:
    (short_path / "file").touch()
    done = openclaw("up", "--data-dir", str(short_path / "file" / "data"))
    assert done.code == Exit.FAILED
    assert "cannot be made a private directory" in done.err
    assert "Traceback" not in done.err

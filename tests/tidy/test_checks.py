"""The check runner: every check runs, each result is told, and pytest has the last line."""

import sys
from pathlib import Path

import pytest

from entrypoints.checks import CHECKS, ROOT, Check, run_all

GOOD = Check("good", (sys.executable, "-c", "print('not shown')"))
BAD = Check("bad", (sys.executable, "-c", "print('the reason'); raise SystemExit(3)"), "mend it")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_passes():\n    pass\n\ndef test_fails():\n    assert 0\n")
    return tmp_path


@pytest.mark.parametrize(
    ("checks", "wanted", "code"),
    [([GOOD], "passes", 0), ([BAD, GOOD], "passes", 1), ([GOOD], "fails", 1), ([BAD], "fails", 1)],
)
def test_the_exit_code_tells_whether_everything_passed(
    project: Path, capfd: pytest.CaptureFixture[str], checks: list[Check], wanted: str, code: int
) -> None:
    assert run_all(checks, ["-n", "0", "-k", wanted, "-p", "no:cacheprovider"], project) == code
    last_line = capfd.readouterr().out.splitlines()[-1]
    assert "1 passed" in last_line or "1 failed" in last_line


def test_a_failure_is_told_with_its_output_and_remedy_and_the_rest_still_runs(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_all([BAD, GOOD], ["-n", "0", "-k", "passes", "-p", "no:cacheprovider"], project)
    out = capfd.readouterr().out
    assert "the reason" in out
    assert "FAILED  bad" in out
    assert "to repair: mend it" in out
    assert "ok      good" in out
    assert "not shown" not in out
    assert out.index("failed so far: bad") < out.index("1 passed")


def test_two_workers_share_the_tests_and_the_last_line_is_pytests(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_all([GOOD], ["-p", "no:cacheprovider"], project) == 1
    out = capfd.readouterr().out
    assert "2 workers" in out
    assert "1 failed, 1 passed" in out.splitlines()[-1]


def test_ctrl_c_is_for_pytest_which_stops_its_servers_and_tells(project: Path) -> None:
    interrupt = "import os, signal\n\ndef test_interrupts():\n    os.kill(os.getppid(), signal.SIGINT)\n"
    (project / "test_it.py").write_text(interrupt)
    assert run_all([], ["-n", "0", "-p", "no:cacheprovider"], project) == 0, "its end was waited for"


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "./openclaw test" in script.read_text(encoding="utf-8")
    assert {"ruff check", "ruff format", "mypy", "import contracts"} <= {check.name for check in CHECKS}

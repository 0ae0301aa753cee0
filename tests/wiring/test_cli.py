"""The command line as a person meets it: help, exit codes, and how errors are told."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from domain.errors import InvalidSettings, OpenClawError, StoreUnavailable, Unavailable
from entrypoints import cli
from entrypoints.cli import COMMANDS, main
from entrypoints.exits import MEANINGS, Exit, NothingFound, exit_code_of
from entrypoints.version import version

TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty folder; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[BaseException], None]]:
    """Make ``openclaw version`` fail with an error."""

    def fail_with(error: BaseException) -> None:
        @click.command()
        def failing_version() -> None:
            raise error

        monkeypatch.setattr("entrypoints.commands.about.version", failing_version)

    return fail_with


def test_version_is_printed_in_both_ways(run: Run) -> None:
    assert run("version") == run("--version") == (0, f"openclaw {version()}\n", "")


def test_help_names_every_command_and_every_exit_code(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    words = " ".join(out.split())
    assert all(f"{row.name} {row.about}" in words for row in COMMANDS)
    assert all(f"{code.value} {meaning}" in words for code, meaning in MEANINGS.items())


def test_no_command_at_all_shows_the_help(run: Run) -> None:
    code, out, err = run()
    assert code == Exit.USAGE
    assert "Usage: openclaw" in out + err


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_each_command_has_a_help_that_says_what_it_does(run: Run, row: cli.Row) -> None:
    code, out, _ = run(row.name, "--help")
    assert code == 0
    assert f"Usage: openclaw {row.name}" in out
    assert len(out.splitlines()) > 4


@pytest.mark.parametrize("arguments", [("--nonsense",), ("nonsense",), ("version", "x"), ("contracts",)])
def test_a_wrong_command_line_is_told_with_its_own_exit_code(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert "Error:" in err


def test_faults_of_settings_are_told_one_a_line_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCLAW_ROUND_MAX", "many")
    monkeypatch.setenv("OPENCLAW_DATA_DRI", "x")
    assert run("migrate") == (
        Exit.SETTINGS,
        "",
        "openclaw: OPENCLAW_DATA_DRI: unknown; did you mean OPENCLAW_DATA_DIR?\n"
        "openclaw: OPENCLAW_ROUND_MAX: must be a whole number\n"
        "openclaw: OPENCLAW_POSTGRES_URL: missing\n",
    )


@pytest.mark.parametrize("command", ["migrate", "audit"])
def test_an_option_in_the_url_of_postgres_that_nobody_knows_is_a_fault_of_the_settings(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("OPENCLAW_POSTGRES_URL", "postgresql://h/db?sslmode=bogus")
    monkeypatch.setenv("OPENCLAW_REDIS_URL", "redis://127.0.0.1:1/0")
    code, out, err = run(command)
    assert (code, out) == (Exit.SETTINGS, "")
    assert err == (
        "openclaw: OPENCLAW_POSTGRES_URL: must be a URL whose options Postgres knows, such as sslmode=require\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidSettings(("a", "b")), 3),
        (StoreUnavailable("no Postgres"), 4),
        (Unavailable("no Redis"), 4),
        (NothingFound("no such trace"), 5),
        (OpenClawError("a fault"), 1),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    run: Run, failing: Callable[[BaseException], None], error: BaseException, code: int
) -> None:
    failing(error)
    assert run("version")[0] == exit_code_of(error) == code


def test_an_unexpected_error_is_one_sentence_and_shows_nothing_of_its_text(
    run: Run, failing: Callable[[BaseException], None]
) -> None:
    failing(ZeroDivisionError(f"something\nwith {TOKEN}"))
    code, out, err = run("version")
    assert (code, out) == (Exit.FAILED, "")
    assert re.match(r"openclaw: unexpected ZeroDivisionError at [a-z_]+\.py:\d+; run it again", err)
    assert "something" not in err
    assert len(err.splitlines()) == 1


def test_debug_shows_the_traceback_without_credentials(
    run: Run, failing: Callable[[BaseException], None]
) -> None:
    failing(ZeroDivisionError(TOKEN))
    _, _, err = run("--debug", "version")
    assert "Traceback (most recent call last)" in err
    assert "planted" not in err


def test_help_and_version_import_no_library_of_the_services() -> None:
    program = (
        "import sys; from entrypoints.cli import main; main(['--help']); main(['version']);"
        "heavy = {'redis', 'asyncpg', 'sqlalchemy', 'httpx', 'uvicorn', 'cattrs', 'asyncio'} & set(sys.modules);"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_reads_the_output_may_go_away() -> None:
    program = "import sys; from entrypoints.cli import main; sys.exit(main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()

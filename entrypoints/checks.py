"""``python -m entrypoints.checks [pytest arguments]``: everything that must hold before a change goes in.

``./openclaw test`` runs it. The checks are one table; pytest comes last, so that its summary ends the output, and runs
in two workers. Every check runs even when an earlier one failed. Exit code 0: all passed; else 1, or pytest's own. Not
here: what is checked.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
# The tests wait for their servers as long as they compute; each worker has servers of its own. Whoever asks for another
# number, as by `-n 0` for a debugger, has the last word.
WORKERS = ("-n", "2", "--dist", "worksteal")


@frozen
class Check:
    """One check: what it is called, its command, and what to do when it fails."""

    name: str
    command: tuple[str, ...]
    remedy: str = ""


CHECKS = (
    Check("ruff check", (PYTHON, "-m", "ruff", "check", "--quiet", "."), "ruff check --fix ."),
    Check("ruff format", (PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."), "ruff format ."),
    Check("mypy", (PYTHON, "-m", "mypy")),
    Check(
        "import contracts",
        (PYTHON, "-c", "import importlinter.cli as cli; cli.lint_imports_command()", "--no-logo"),
    ),
    Check(
        "event documents",
        (PYTHON, "-m", "entrypoints.contracts", "check"),
        "python -m entrypoints.contracts write",
    ),
    Check("event compatibility", (PYTHON, "-m", "entrypoints.contracts", "compat")),
)


def run_all(checks: Sequence[Check], pytest_arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run the checks, then pytest; print what came of each as it ends, and return the exit code."""
    failed = [check.name for check in checks if not _passes(check, root)]
    if failed:
        print(f"failed so far: {', '.join(failed)}; the tests run all the same", flush=True)
    return _tests(pytest_arguments, root) or (1 if failed else 0)


def _tests(arguments: Sequence[str], root: Path) -> int:
    """Run pytest and return its exit code. Ctrl-C reaches it as well, so it is left to stop its servers and tell."""
    with subprocess.Popen([PYTHON, "-m", "pytest", *WORKERS, *arguments], cwd=root) as tests:
        while tests.returncode is None:
            with suppress(KeyboardInterrupt):
                tests.wait()
    return tests.returncode


def _passes(check: Check, root: Path) -> bool:
    """Run one check quietly; print its output only where it failed."""
    started_s = time.monotonic()
    done = subprocess.run(
        check.command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    took_s = time.monotonic() - started_s
    if done.returncode == 0:
        print(f"ok      {check.name} ({took_s:.1f} s)", flush=True)
        return True
    print(done.stdout.rstrip())
    hint = f"; to repair: {check.remedy}" if check.remedy else ""
    print(f"FAILED  {check.name} ({took_s:.1f} s){hint}", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(run_all(CHECKS, sys.argv[1:]))

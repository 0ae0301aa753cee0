"""``./openclaw`` as a fresh machine meets it, with Pythons that are stand-ins on a search path of the test's own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "openclaw"
TOOLS = ("sh", "readlink", "mkdir", "ln", "rm", "cksum", "grep", "sleep", "cat", "cp", "mkfifo")
TIMEOUT_S = 30.0

# What the stand-in does as Python: tells its version, has a venv module or not, makes an environment with itself
# inside, installs (noting it in $NOTES), and shows what it was started with as the product.
PYTHON = r"""#!/bin/sh
case "$*" in
*version_info*) [ "@VERSION@" = none ] && exit 127; echo "@VERSION@" ;;
*ensurepip*) exit @VENV@ ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo venv >>"$NOTES" ;;
"-m pip --version") ;;
"-m pip install "*)
    echo "pip $*" >>"$NOTES"
    [ -z "${GATE-}" ] || cat "$GATE"
    [ -z "${PIP_FAILS-}" ] || { echo "no route to the index"; exit 1; } ;;
*) echo "ran $* in $PWD with $PYTHONPATH"; exit "${PRODUCT_CODE-0}" ;;
esac
"""
UV = r"""#!/bin/sh
echo "uv $*" >>"$NOTES"
if [ "$1" = venv ]; then
    mkdir -p "$4/bin" && cp "$PYTHON_STUB" "$4/bin/python"
fi
"""


class Machine:
    """A checkout (with a space in its path) and a search path that holds only what the test puts there."""

    def __init__(self, path: Path) -> None:
        self.root = path / "check out"
        self.root.mkdir()
        self.bin = path / "bin"
        self.bin.mkdir()
        self.notes = path / "notes"
        self.notes.touch()
        self.script = self.root / "openclaw"
        shutil.copy(SCRIPT, self.script)
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (self.root / lock).write_text(f"{lock} 1\n")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.env = {"PATH": str(self.bin), "NOTES": str(self.notes)}

    def has(self, name: str, version: str = "3.11", venv: bool = True) -> Path:
        """Put a stand-in Python on the search path."""
        program = self.bin / name
        program.write_text(PYTHON.replace("@VERSION@", version).replace("@VENV@", "0" if venv else "1"))
        program.chmod(0o755)
        return program

    def start(
        self, *args: str, script: Path | str | None = None, cwd: Path | None = None
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [script or self.script, *args],
            env=self.env,
            cwd=cwd or self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *args: str, script: Path | str | None = None, cwd: Path | None = None
    ) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        with self.start(*args, script=script, cwd=cwd) as process:
            out, err = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, out, err

    def refuses(self) -> str:
        """Return the one sentence that a start fails with."""
        code, out, err = self.run("up")
        assert (code, out) == (69, "")
        return err.splitlines()[-1]

    def noted(self, what: str) -> int:
        """Return how often ``what`` was done."""
        return sum(line.startswith(what) for line in self.notes.read_text().splitlines())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_start_installs_and_hands_over(machine: Machine) -> None:
    machine.has("python3")
    code, out, err = machine.run("up", "two words")
    assert code == 0
    assert out == f"ran -P -m entrypoints.cli up two words in {machine.root} with {machine.root}\n"
    assert "installing the requirements" in err
    assert machine.noted("venv") == 1
    assert "--require-hashes -r" in machine.notes.read_text()
    assert "requirements.lock" in machine.notes.read_text()


def test_later_starts_install_nothing_and_are_quiet(machine: Machine) -> None:
    machine.has("python3")
    machine.run("up")
    (machine.bin / "python3").unlink()
    code, _, err = machine.run("status")
    assert (code, err) == (0, "")
    assert machine.noted("pip") == 1


def test_a_changed_lock_is_installed_again_into_the_same_environment(machine: Machine) -> None:
    machine.has("python3")
    machine.run("up")
    (machine.root / "requirements.lock").write_text("requirements.lock 2\n")
    machine.run("up")
    assert (machine.noted("venv"), machine.noted("pip")) == (1, 2)


def test_the_checks_need_the_development_lock_which_holds_the_other(machine: Machine) -> None:
    machine.has("python3")
    _, out, _ = machine.run("test", "-x")
    assert out.startswith("ran -P -m entrypoints.checks -x in ")
    assert "requirements-dev.lock" in machine.notes.read_text()
    machine.run("up")
    assert machine.noted("pip") == 1


def test_the_exit_code_of_the_product_is_the_exit_code(machine: Machine) -> None:
    machine.has("python3")
    machine.env["PRODUCT_CODE"] = "3"
    assert machine.run("up")[0] == 3


def test_it_works_through_links_and_keeps_the_callers_directory(machine: Machine, tmp_path: Path) -> None:
    machine.has("python3")
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "first").symlink_to(machine.script)
    (away / "second").symlink_to("../first")
    _, out, _ = machine.run("up", script=away / "second", cwd=away)
    assert out == f"ran -P -m entrypoints.cli up in {away} with {machine.root}\n"
    _, again, _ = machine.run("up", script="./second", cwd=away)
    assert again == out


def test_a_later_name_is_found_when_python3_is_too_old(machine: Machine) -> None:
    machine.has("python3", "3.9")
    machine.has("python3.14", "none")
    machine.has("python3.12", "3.12")
    assert machine.run("up")[0] == 0


def test_uv_is_used_where_it_is_installed(machine: Machine, tmp_path: Path) -> None:
    stub = machine.has("python3", venv=False)
    machine.env["PYTHON_STUB"] = str(stub)
    (machine.bin / "uv").write_text(UV)
    (machine.bin / "uv").chmod(0o755)
    assert machine.run("up")[0] == 0
    assert machine.noted("uv venv --python python3") == 1
    assert machine.noted("uv pip install") == 1
    assert machine.noted("pip") == 0


def test_uv_brings_a_python_where_there_is_none(machine: Machine, tmp_path: Path) -> None:
    stub = machine.has("python3")
    machine.env["PYTHON_STUB"] = str(stub.rename(tmp_path / "stub"))
    (machine.bin / "uv").write_text(UV)
    (machine.bin / "uv").chmod(0o755)
    assert machine.run("up")[0] == 0
    assert machine.noted("uv venv --python >=3.11") == 1


def test_without_python_the_remedy_is_named(machine: Machine) -> None:
    assert machine.refuses() == (
        "openclaw: there is no Python; install Python 3.11 or later (Debian, Ubuntu: apt install python3 python3-venv)."
    )


def test_a_python_too_old_is_named_with_the_remedy(machine: Machine) -> None:
    machine.has("python3", "3.10")
    assert machine.refuses() == (
        "openclaw: Python 3.10 is too old; install Python 3.11 or later, or name one in OPENCLAW_PYTHON."
    )


def test_a_missing_venv_module_is_named_with_the_remedy(machine: Machine) -> None:
    machine.has("python3", "3.11", venv=False)
    assert machine.refuses() == (
        "openclaw: python3 has no venv module; install it (Debian, Ubuntu: apt install python3-venv) and start again."
    )


def test_a_wrong_openclaw_python_is_named(machine: Machine) -> None:
    machine.has("python3")
    machine.env["OPENCLAW_PYTHON"] = "/nowhere/python"
    assert machine.refuses() == (
        "openclaw: OPENCLAW_PYTHON names no Python that runs (/nowhere/python); point it to Python 3.11 or later."
    )


def test_a_failed_download_names_the_log_and_the_next_start_tries_again(machine: Machine) -> None:
    machine.has("python3")
    machine.env["PIP_FAILS"] = "1"
    log = machine.root / ".venv-setup" / "install.log"
    assert machine.refuses() == (
        "openclaw: the requirements could not be installed; check the network and start again. "
        f"The reason is in {log}."
    )
    assert "no route to the index" in log.read_text()
    del machine.env["PIP_FAILS"]
    assert machine.run("up")[0] == 0


def test_a_directory_that_cannot_be_written_is_named(machine: Machine) -> None:
    machine.has("python3")
    (machine.root / ".venv-setup").write_text("in the way")
    assert machine.refuses() == (
        f"openclaw: {machine.root} cannot be written to, and the requirements go there; "
        "make it writable, or put the checkout elsewhere."
    )


def test_concurrent_first_starts_install_once(machine: Machine, tmp_path: Path) -> None:
    machine.has("python3")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    machine.env["GATE"] = str(gate)
    first, second = machine.start("up"), machine.start("up")
    # Opening the gate for writing waits until one of them is installing and reads from it.
    gate.open("w").close()
    for process in (first, second):
        with process:
            out, _ = process.communicate(timeout=TIMEOUT_S)
            assert out.startswith("ran -P -m entrypoints.cli up")
    assert machine.noted("pip") == 1


def test_the_lock_of_a_dead_start_is_taken_over(machine: Machine) -> None:
    machine.has("python3")
    dead = subprocess.Popen(["sh", "-c", "exit 0"])
    dead.wait()
    (machine.root / ".venv-setup").mkdir()
    (machine.root / ".venv-setup" / "lock").symlink_to(f"pid.{dead.pid}")
    assert machine.run("up")[0] == 0
    assert not os.path.lexists(machine.root / ".venv-setup" / "lock")


def test_an_interrupted_first_start_leaves_no_lock_and_nothing_half_made(
    machine: Machine, tmp_path: Path
) -> None:
    machine.has("python3")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    machine.env["GATE"] = str(gate)
    with (
        subprocess.Popen(
            [machine.script, "up"], env=machine.env, stderr=subprocess.DEVNULL, process_group=0
        ) as process,
        gate.open("w"),
    ):
        os.killpg(process.pid, signal.SIGINT)
        process.wait(TIMEOUT_S)
    assert not os.path.lexists(machine.root / ".venv-setup" / "lock")
    del machine.env["GATE"]
    assert machine.run("up")[0] == 0
    assert machine.noted("pip") == 2


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_the_script_is_plain_posix_shell(shell: str) -> None:
    # Where a machine lacks one of these, sh, which is one of them, stands in.
    assert subprocess.run([shutil.which(shell) or "sh", "-n", SCRIPT], check=False).returncode == 0

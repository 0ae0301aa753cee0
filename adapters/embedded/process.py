"""A server as our own child process: started, watched until it is ready, stopped, and never left behind.

Not here: what the servers are told, and who restarts them (``entrypoints.supervisor``).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from attrs import field, frozen

from adapters.embedded.errors import EmbeddedServerError, log_tail

LOG_BYTES_MAX = 4 * 1024 * 1024
POLL_S = 0.005
POLL_LEFTOVER_S = 0.02
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@frozen
class Command:
    """A program to run in a session of its own, its output going to ``log``.

    ``death_signal`` is what it gets when the thread that started it dies (Linux): start it from the main thread.
    ``owner`` is the (uid, gid) to run as, None for our own. ``fds`` stay open in it.
    """

    name: str
    argv: Sequence[str]
    log: Path
    death_signal: signal.Signals
    cwd: Path = Path("/")
    owner: tuple[int, int] | None = None
    fds: Sequence[int] = ()
    env: dict[str, str] = field(factory=dict)


def clean_env() -> dict[str, str]:
    """Return the environment of a server: nothing of ours but the search path, so that no stray setting counts."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


class ServerProcess:
    """One run of a server program."""

    def __init__(self, command: Command) -> None:
        """Start the program. Raises EmbeddedServerError when it cannot be executed."""
        self.name = command.name
        self.log = command.log
        _rotate(command.log)
        uid, gid = command.owner or (None, None)
        with _appending(command.log) as log:
            try:
                self._popen = subprocess.Popen(  # noqa: S603 - the program comes from an installed wheel
                    command.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=command.cwd,
                    env=clean_env() | command.env,
                    user=uid,
                    group=gid,
                    extra_groups=[] if command.owner is not None else None,
                    pass_fds=command.fds,
                    start_new_session=True,
                    preexec_fn=_die_with_parent(command.death_signal),
                    umask=0o077,
                )
            except (OSError, subprocess.SubprocessError) as fault:
                raise EmbeddedServerError(
                    f"{self.name} cannot be executed: {command.argv[0]}: {fault}"
                ) from fault

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Return the exit code (negative: the signal that killed it), or None while it runs."""
        return self._popen.poll()

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until ``ready()``. Raises EmbeddedServerError when the process ends or the time is over."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            code = self.poll()
            if code is not None:
                raise EmbeddedServerError(
                    f"{self.name} ended with {code} while starting; {log_tail(self.log)}"
                )
            if time.monotonic() > deadline:
                self.stop(((signal.SIGKILL, timeout_s),))
                raise EmbeddedServerError(
                    f"{self.name} was not ready after {timeout_s:g} s; {log_tail(self.log)}"
                )
            time.sleep(POLL_S)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn, waiting its seconds for the end, until the process is gone."""
        for sign, wait_s in steps:
            if self.poll() is not None:
                return
            self._popen.send_signal(sign)
            try:
                self._popen.wait(wait_s)
            except subprocess.TimeoutExpired:
                continue
            return
        raise EmbeddedServerError(f"{self.name} (pid {self.pid}) does not end; {log_tail(self.log)}")


def _die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def arrange() -> None:
        # Runs in the child after it changed its user, which would have cleared the setting (prctl(2)).
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _appending(log: Path) -> IO[bytes]:
    """Open a log to write on, for its owner's eyes only."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    # One that an earlier version made.
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "ab")


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_name(log.name + ".1"))


def stop_leftover(
    name: str, pid: int, directory: Path, steps: Sequence[tuple[signal.Signals, float]]
) -> None:
    """End the server ``pid`` that a dead owner left working in ``directory``; nothing if it is not such a one."""
    for sign, wait_s in steps:
        if not works_in(pid, directory):
            return
        os.kill(pid, sign)
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if not works_in(pid, directory):
                return
            time.sleep(POLL_LEFTOVER_S)
    raise EmbeddedServerError(
        f"an earlier {name} (pid {pid}) still runs in {directory} and does not end; kill it"
    )


def works_in(pid: int, directory: Path) -> bool:
    """Tell whether process ``pid`` runs and works in ``directory``; a recycled pid of another program does not."""
    if sys.platform == "linux":
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", directory)
        except OSError:
            return False
    shown = subprocess.run(  # noqa: S603 - fixed program and a number
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return str(directory) in shown.stdout

"""Keeps the processes of one machine running: forks the roles, watches the embedded servers, restarts what dies.

One thread, no polling: it sleeps until a signal or the next deadline. Roles are forked from this process with
everything imported already, so that they start at once and share their memory. Where the system has it (Linux), a
role dies with a killed supervisor. Not here: what the roles do, and the data directory (``entrypoints.data_dir``).
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import FrameType
from typing import Protocol

from attrs import define, frozen

from domain.errors import OpenClawError

PR_SET_PDEATHSIG = 1
STOP_S = 20.0
SIGNAL_BYTES_MAX = 4096
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], object] | int
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@frozen
class RestartPolicy:
    """How long to wait before a role is started again: doubling with each early death, up to a bound."""

    first_s: float = 0.1
    max_s: float = 10.0
    healthy_s: float = 30.0


def next_restart(policy: RestartPolicy, failures: int, ran_s: float) -> tuple[int, float]:
    """Return the new count of early deaths in a row and the seconds to wait, after a run of ``ran_s`` seconds."""
    failures = 1 if ran_s >= policy.healthy_s else failures + 1
    # The exponent is bounded so that a role failing for years does not overflow a float.
    return failures, min(policy.max_s, policy.first_s * 2.0 ** min(failures - 1, 32))


class Server(Protocol):
    """A server program of our own, such as the embedded Postgres."""

    @property
    def name(self) -> str:
        """Its name for people."""

    @property
    def pid(self) -> int:
        """Its process id; only while it runs."""

    def is_running(self) -> bool:
        """Whether it runs now."""

    def start(self) -> None:
        """Start it, again after a death, and return when it is ready. Raises OpenClawError."""

    def stop(self) -> None:
        """Stop it within a bound; fine if it is down. Raises OpenClawError."""


@frozen
class RoleProcess:
    """A role to fork. ``run`` returns the exit code; SIGTERM asks it to end, SIGINT never reaches it.

    When the ``foreground`` role ends, everything ends with its exit code. It alone keeps standard input.
    """

    name: str
    run: Callable[[], int]
    foreground: bool = False


class Happening(StrEnum):
    """What the supervisor tells about a process."""

    STARTED = "started"
    DIED = "died"
    START_FAILED = "start failed"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STOP_FAILED = "stop failed"
    KILLED = "killed"


@frozen
class SupervisorEvent:
    """One happening. ``code``: exit code, negative for a signal. ``restart_s``: seconds until the next start."""

    what: Happening
    name: str
    pid: int | None = None
    code: int | None = None
    restart_s: float | None = None
    reason: str = ""


@define
class _Child:
    """A process to keep: a forked role or a server, and where it stands."""

    name: str
    role: RoleProcess | None
    server: Server | None
    pid: int | None = None
    started_s: float = 0.0
    failures: int = 0
    restart_at_s: float | None = None


class Supervisor:
    """Runs servers and roles until a signal, or until the foreground role ends.

    Call ``start`` and ``wait`` from the main thread, with no other thread alive and no event loop running.
    """

    def __init__(
        self,
        roles: Sequence[RoleProcess],
        *,
        servers: Sequence[Server] = (),
        on_event: Callable[[SupervisorEvent], None],
        policy: RestartPolicy | None = None,
        stop_s: float = STOP_S,
    ) -> None:
        """Remember what to run. ``stop_s``: how long roles may take to end after SIGTERM."""
        self._children = [_Child(server.name, None, server) for server in servers]
        self._children += [_Child(role.name, role, None) for role in roles]
        self._tell = on_event
        self._policy = policy or RestartPolicy()
        self._stop_s = stop_s
        self._exit_code: int | None = None
        self._wake_read = self._wake_write = -1
        self._handlers: dict[signal.Signals, Handler] = {}

    def start(self) -> None:
        """Start the servers that do not run yet, then fork the roles, in order. Raises OpenClawError."""
        self._catch_signals()
        gc.disable()
        gc.collect()
        # What lives now lives on in every child: the collector shall not touch, and thereby copy, its pages.
        gc.freeze()
        try:
            for child in self._children:
                self._start_child(child)
        except BaseException:
            self._stop_all()
            raise

    def wait(self) -> int:
        """Supervise until the end, stop everything, and return the exit code: 0 after a signal."""
        try:
            while self._exit_code is None:
                signals = self._sleep(self._next_deadline())
                if signals.intersection(STOP_SIGNALS):
                    self._exit_code = 0
                    break
                self._notice_deaths()
                self._restart_due()
        finally:
            self._stop_all()
        return self._exit_code or 0

    # Waiting

    def _catch_signals(self) -> None:
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        for sign in (*STOP_SIGNALS, signal.SIGCHLD):
            # nohup asks to outlive the terminal.
            if sign == signal.SIGHUP and signal.getsignal(sign) == signal.SIG_IGN:
                continue
            self._handlers[sign] = signal.signal(sign, _wake) or signal.SIG_DFL
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _release_signals(self) -> None:
        signal.set_wakeup_fd(-1)
        for sign, handler in self._handlers.items():
            signal.signal(sign, handler)
        self._handlers.clear()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _sleep(self, until_s: float | None) -> set[int]:
        """Sleep until a signal or the time ``until_s``; return the signals that arrived."""
        wait_s = None if until_s is None else max(0.0, until_s - time.monotonic())
        select.select([self._wake_read], [], [], wait_s)
        try:
            return set(os.read(self._wake_read, SIGNAL_BYTES_MAX))
        except BlockingIOError:
            return set()

    def _next_deadline(self) -> float | None:
        return min((c.restart_at_s for c in self._children if c.restart_at_s is not None), default=None)

    # Starting

    def _start_child(self, child: _Child) -> None:
        child.restart_at_s = None
        child.started_s = time.monotonic()
        if child.server is not None:
            if not child.server.is_running():
                child.server.start()
            child.pid = child.server.pid
        elif child.role is not None:
            child.pid = self._fork(child.role)
        self._tell(SupervisorEvent(Happening.STARTED, child.name, child.pid))

    def _fork(self, role: RoleProcess) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        supervisor = os.getpid()
        # No signal may fall between the fork and the child's own handlers: ours would swallow it there.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        pid = os.fork()
        if pid == 0:
            _live_as_role(role, supervisor, (self._wake_read, self._wake_write))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return pid

    def _restart_due(self) -> None:
        for child in self._children:
            if child.restart_at_s is None or child.restart_at_s > time.monotonic():
                continue
            try:
                self._start_child(child)
            except OpenClawError as fault:
                self._schedule(child, Happening.START_FAILED, None, str(fault))

    # Deaths

    def _notice_deaths(self) -> None:
        for child in self._children:
            code = _exit_code_of(child)
            if code is None:
                continue
            if child.role is not None and child.role.foreground:
                child.pid = None
                self._exit_code = code if code >= 0 else 128 - code
                self._tell(SupervisorEvent(Happening.STOPPED, child.name, code=code))
                continue
            self._schedule(child, Happening.DIED, code, "")

    def _schedule(self, child: _Child, what: Happening, code: int | None, reason: str) -> None:
        now = time.monotonic()
        child.failures, delay_s = next_restart(self._policy, child.failures, now - child.started_s)
        child.restart_at_s = now + delay_s
        dead, child.pid = child.pid, None
        self._tell(SupervisorEvent(what, child.name, dead, code, delay_s, reason))

    # Stopping

    def _stop_all(self) -> None:
        """End the roles, last first, then the servers they need; each within its bound."""
        try:
            self._stop_roles()
            for child in reversed(self._children):
                if child.server is not None:
                    self._stop_server(child.name, child.server)
        finally:
            self._release_signals()
            gc.unfreeze()
            gc.enable()

    def _stop_roles(self) -> None:
        running = [child for child in reversed(self._children) if child.role is not None and child.pid]
        for child in running:
            self._tell(SupervisorEvent(Happening.STOPPING, child.name, child.pid))
            _send(child, signal.SIGTERM)
            _send(child, signal.SIGCONT)
        deadline_s = time.monotonic() + self._stop_s
        while running := self._still_running(running):
            if time.monotonic() >= deadline_s:
                break
            self._sleep(deadline_s)
        for child in running:
            self._tell(SupervisorEvent(Happening.KILLED, child.name, child.pid))
            _send(child, signal.SIGKILL)
        while running := self._still_running(running):
            self._sleep(None)

    def _still_running(self, children: list[_Child]) -> list[_Child]:
        left = []
        for child in children:
            code = _exit_code_of(child)
            if code is None:
                left.append(child)
                continue
            self._tell(SupervisorEvent(Happening.STOPPED, child.name, child.pid, code))
            child.pid = None
        return left

    def _stop_server(self, name: str, server: Server) -> None:
        if not server.is_running():
            return
        self._tell(SupervisorEvent(Happening.STOPPING, name, server.pid))
        try:
            server.stop()
        except OpenClawError as fault:
            self._tell(SupervisorEvent(Happening.STOP_FAILED, name, reason=str(fault)))
            return
        self._tell(SupervisorEvent(Happening.STOPPED, name))


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal by doing nothing: its arrival is written to the pipe, which ends the sleep."""


def _exit_code_of(child: _Child) -> int | None:
    """Return the exit code of a process that has just ended (negative: its signal), else None."""
    if child.pid is None:
        return None
    if child.server is not None:
        return None if child.server.is_running() else -1
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _send(child: _Child, sign: signal.Signals) -> None:
    # A child that has ended stays ours until it is reaped, so its number cannot mean another process by now.
    if child.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, sign)


def _live_as_role(role: RoleProcess, supervisor: int, pipe: tuple[int, int]) -> None:
    """Be the forked role until its end; never returns."""
    code = 1
    try:
        _settle_as_child(role, supervisor, pipe)
        code = role.run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:  # noqa: BLE001 - going on would run the supervisor's own code a second time
        # As for any uncaught error: the hook that logs redacts, and shows no text of foreign errors.
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        # Not sys.exit: what is registered to run at the supervisor's exit is not the child's to run.
        os._exit(code & 0xFF)


def _settle_as_child(role: RoleProcess, supervisor: int, pipe: tuple[int, int]) -> None:
    signal.set_wakeup_fd(-1)
    for end in pipe:
        os.close(end)
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        if signal.getsignal(sign) == _wake:
            signal.signal(sign, signal.SIG_DFL)
    # Ctrl-C goes to every process of the terminal; ours hear of it from the supervisor, once, as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not role.foreground:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != supervisor:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    gc.enable()

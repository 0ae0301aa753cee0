"""A real Postgres in the simulated network: it does one thing at a time, and its clock is the simulation's.

A statement that waits for a lock stands, while the simulation goes on; after everything else that the server does is
looked whether it goes on by now. So no two statements ever run at the same time, but those that wait. Not here: the
connections (``network``), and what is in the database.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define, field

from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import SimulatedLoop, Stuck
from entrypoints.simulation.network import Line
from entrypoints.simulation.wire import PostgresDialog, command_of, messages, values_of

# How long is waited before it is asked whether a statement waits for a lock, and how long for anything at all.
LOOK_S, ANSWER_S_MAX = 0.003, 30.0
CHUNK_BYTES = 1 << 18
# The first thing that a client says: version 3.0, and who it is.
STARTUP = (23).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + b"user\0postgres\0\0"


@define(eq=False)
class PostgresHost:
    """See ``network.Host``. ``now`` is the server's simulated clock; no transaction lasts ``open_s_max`` seconds."""

    loop: SimulatedLoop
    server: Server
    path: str
    now: Callable[[], float]
    open_s_max: float
    # The connection by which the server is asked and told what no client asks and tells; an administrator's.
    control: Line | None = None
    standing: list[Line] = field(factory=list)
    bounds: dict[Line, Any] = field(factory=dict)

    def opened(self, line: Line) -> None:
        """See ``network.Host``."""
        line.dialog = PostgresDialog()

    def asked(self, line: Line, data: bytes) -> None:
        """See ``network.Host``. A commit may be lost, or the answer to it."""
        dialog = line.dialog
        clocked = self._clocked(dialog, data)
        dialog.sent(data)
        is_commit = dialog.is_commit and line.process is not None
        if is_commit and self.server.loses("commit"):
            line.break_off()
            return
        line.socket.sendall(clocked)
        if line in self.standing:
            return
        if is_commit and self.server.loses("answer to a commit"):
            self._answer(line)
            line.break_off()
            return
        self._go_on(line)
        self._settle()

    def closed(self, line: Line) -> None:
        """See ``network.Host``. A statement that still waits ends with its connection."""
        self._unbound(line)
        if line in self.standing:
            self.standing.remove(line)
        self._end([line.dialog.pid])
        self._settle()

    def cut(self, lines: Iterable[Line]) -> None:
        """Let the server end these connections; their clients hear so from it."""
        cut = [line for line in lines if not line.is_down]
        self._end([line.dialog.pid for line in cut])
        self._hear_out(cut)

    def crash(self, lines: Sequence[Line]) -> None:
        """Let the server lose its memory: one session is killed, and then it ends all, and recovers from its log.

        What was committed without waiting for the log may be gone. ``control`` is needed anew then.
        """
        pids = [line.dialog.pid for line in lines if line.dialog.pid]
        self.control = None
        os.kill(pids[0], signal.SIGKILL)
        self._hear_out(lines)

    def wait_until_recovered(self) -> None:
        """Return when the server takes connections again."""
        deadline_s = time.monotonic() + ANSWER_S_MAX
        while not self._asks_who_is_there():
            if time.monotonic() > deadline_s:
                raise Stuck("Postgres does not recover")
            time.sleep(LOOK_S)

    def _asks_who_is_there(self) -> bool:
        """Tell whether the server asks a client for its password; before it recovered it refuses everybody."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self.path)
                probe.sendall(STARTUP)
                return probe.recv(1) == b"R"
            except OSError:
                return False

    def _hear_out(self, lines: Iterable[Line]) -> None:
        """Let the clients of connections that the server ends hear what it said last."""
        for line in lines:
            if line in self.standing:
                self.standing.remove(line)
            if not line.dialog.pid:
                # It has not logged in yet.
                line.break_off()
                continue
            data, _ = self._answer(line, to_its_end=True)
            line.answered(data, is_end=True)

    def ask(self, statement: str) -> list[tuple[str | None, ...]]:
        """Run a statement at once, by the connection for that; return its rows. Raises Stuck where it fails."""
        line = self.control
        assert line is not None
        line.socket.sendall(command_of(statement))
        buffer, rows = bytearray(), []
        while True:
            found = line.socket.recv(CHUNK_BYTES)
            if not found:
                raise Stuck("the database ended the connection by which the simulation has it in hand")
            buffer += found
            for kind, body in messages(buffer):
                if kind == b"E":
                    raise Stuck(f"the database does not do what the simulation needs: {body!r}")
                if kind == b"D":
                    rows.append(values_of(body))
                if kind == b"Z":
                    return rows

    def _clocked(self, dialog: PostgresDialog, data: bytes) -> bytes:
        """Put before a request what sets the session's clock (``machines.CLOCK``)."""
        if not dialog.is_ready or dialog.status == b"E" or data[:1] == b"X":
            return data
        dialog.hide()
        now = f"{self.now():.6f}"
        began = f"set simulation.began = '{now}';" if dialog.status == b"I" else ""
        return command_of(f"{began} set simulation.now = '{now}'") + data

    # Answers

    def _go_on(self, line: Line, look_s: float = LOOK_S) -> None:
        """Wait for the server's answer, or until it waits for a lock."""
        data, is_end = self._answer(line, look_s)
        if line.dialog.waits and not is_end:
            if line not in self.standing:
                self.standing.append(line)
            line.kept = data
            return
        if line in self.standing:
            self.standing.remove(line)
        self._bound(line)
        line.answered(data, is_end=is_end)

    def _answer(self, line: Line, look_s: float = LOOK_S, *, to_its_end: bool = False) -> tuple[bytes, bool]:
        """Return what the server says to a client, and whether it closed the connection then.

        Only what waits for a lock is not waited for; that is asked first after ``look_s`` seconds.
        """
        data, line.kept = bytearray(line.kept), b""
        deadline_s = time.monotonic() + ANSWER_S_MAX
        while to_its_end or line.dialog.waits:
            if not _is_readable(line.socket.fileno(), look_s):
                look_s = LOOK_S
                if not to_its_end and self._waits_for_a_lock(line):
                    break
                if time.monotonic() > deadline_s:
                    raise Stuck("Postgres does not answer, and waits for no lock")
                continue
            try:
                found = line.socket.recv(CHUNK_BYTES)
            except ConnectionError:
                found = b""
            if not found:
                return bytes(data), True
            data += line.dialog.received(found)
        return bytes(data), False

    def _waits_for_a_lock(self, line: Line) -> bool:
        pid = line.dialog.pid
        return bool(pid and self.control) and self.ask(f"select pg_blocking_pids({pid}) <> '{{}}'") == [
            ("t",)
        ]

    def _settle(self) -> None:
        """Let those go on that waited for what is free by now: who is answered has let it go already."""
        for line in list(self.standing):
            if line in self.standing:
                self._go_on(line, 0.0)

    # Ends

    def _bound(self, line: Line) -> None:
        """Let no transaction last for longer than the server allows."""
        if line.dialog.status in b"I" or line.process is None:
            self._unbound(line)
        elif line not in self.bounds:
            outside = self.loop.outside
            self.bounds[line] = self.loop.call_later(self.open_s_max, self._time_out, line, context=outside)

    def _unbound(self, line: Line) -> None:
        if (bound := self.bounds.pop(line, None)) is not None:
            bound.cancel()

    def _time_out(self, line: Line) -> None:
        self.bounds.pop(line, None)
        if not line.is_down:
            self.cut([line])

    def _end(self, pids: Iterable[int]) -> None:
        """End sessions, and return when the server has."""
        named = ", ".join(str(pid) for pid in pids if pid)
        if not named or self.control is None:
            return
        them = f"from pg_stat_activity where pid in ({named})"
        self.ask(f"select pg_terminate_backend(pid) {them}")
        deadline_s = time.monotonic() + ANSWER_S_MAX
        while self.ask(f"select {them}"):
            if time.monotonic() > deadline_s:
                raise Stuck("Postgres does not end a session")


def _is_readable(handle: int, wait_s: float) -> bool:
    return bool(select.select([handle], [], [], wait_s)[0])

"""Connections from simulated processes to real servers: time and failures are simulated, what the servers do is real.

What a process writes travels, in simulated time, and then the simulation stands still until the server has answered;
the answer travels back. So a server does one thing at a time, in an order that follows from the seed, and the drivers
of the product run as they are. A connection ends with its process, by either side, or by a fault. Not here: what each
server is asked, and how it is known that it has answered (``postgres_host``, ``redis_host``, ``wire``).
"""

import asyncio
import contextvars
import socket
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, Protocol

from attrs import define, field

from entrypoints.simulation.links import Server
from entrypoints.simulation.loop import PROCESS, Process, SimulatedLoop, State


class Host(Protocol):
    """A real server behind a socket at ``path``; ``server`` is what goes wrong on the way there."""

    path: str
    server: Server

    def opened(self, line: "Line") -> None:
        """Hear of a new connection."""

    def asked(self, line: "Line", data: bytes) -> None:
        """Let the server do what a client asks; ``line.answered`` and ``line.break_off`` tell what came of it."""

    def closed(self, line: "Line") -> None:
        """See to it that the server has noticed the end of a connection; its socket is closed already."""


class Line(asyncio.Transport):
    """A connection, as its client has it and as its host does. It belongs to a process, or to the world."""

    def __init__(self, loop: SimulatedLoop, host: Host, process: Process | None, context: Context) -> None:
        super().__init__()
        self.process = process
        self.socket = socket.socket(socket.AF_UNIX)
        # Its host's notes: what was said so far, and what of an answer came before the rest of it.
        self.dialog: Any = None
        self.kept = b""
        # Closed for real, so that nothing more reaches the server.
        self.is_down = False
        self.host = host
        self._loop, self._context = loop, context
        self._protocol: Any = None
        self._is_closing = False
        # Its client was told that it is lost.
        self._is_lost = False
        # When the last request arrives, and the last answer.
        self._asked_s = self._answered_s = 0.0

    def begin(self, protocol: Any) -> None:
        """Connect to the server, and the client's protocol to this. Raises OSError."""
        self.socket.connect(self.host.path)
        self.host.opened(self)
        self._protocol = protocol
        protocol.connection_made(self)

    # As its client has it

    def write(self, data: Any) -> None:
        """Send, unless this process is dead."""
        if not self._is_closing and not self._is_ended:
            given = bytes(data)
            self._travel(lambda: self._arrive(given))

    def is_closing(self) -> bool:
        """Return whether it is closed, or about to be."""
        return self._is_closing

    def close(self) -> None:
        """Close it, after what was sent has arrived."""
        if self._is_closing or self._is_ended:
            return
        self._is_closing = True
        self._loop.call_soon(self._lose, None, context=self._context)
        self._travel(self.hang_up)

    def abort(self) -> None:
        """The same: what was sent is in the hands of the system."""
        self.close()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is kept back."""

    def pause_reading(self) -> None:
        """Answers are short."""

    def resume_reading(self) -> None:
        """They always were read."""

    @property
    def _is_ended(self) -> bool:
        return self.process is not None and self.process.state is State.DEAD

    # As its host has it

    def answered(self, data: bytes, *, is_end: bool = False) -> None:
        """Let the server's answer travel back, and its closing the connection where it did. It may be lost."""
        if not is_end and self.process is not None and self.host.server.loses("answer"):
            self.break_off()
            return
        if data:
            self._return(self._receive, data)
        if is_end:
            self.hang_up()
            self._return(self._receive_end)

    def break_off(self) -> None:
        """Let the connection break: the server's side at once, and its client hears of it."""
        self.hang_up()
        self._return(self._lose, ConnectionResetError("the simulated connection broke"))

    def hang_up(self) -> None:
        """Close the connection for real."""
        if not self.is_down:
            self.is_down = True
            self.socket.close()
            self.host.closed(self)

    def end(self) -> None:
        """End with its process: what was sent before still arrives."""
        if self._asked_s > self._loop.time():
            self._travel(self.hang_up)
        else:
            self.hang_up()

    def drop(self) -> None:
        """Close it, and be silent about it."""
        self.is_down = self._is_closing = self._is_lost = True
        self.socket.close()
        with suppress(Exception):
            # The driver's own objects have to know, or they say that they were not closed.
            self._protocol.connection_lost(None)

    # Ways

    def _travel(self, arrive: Callable[[], None]) -> None:
        self._asked_s = max(self._asked_s, self._loop.time() + self.host.server.delay_s())
        self._loop.call_at(self._asked_s, arrive, context=self._loop.outside)

    def _arrive(self, data: bytes) -> None:
        if self.is_down:
            return
        server = self.host.server
        if server.down or (self.process is not None and server.loses("request")):
            self.break_off()
            return
        self.host.asked(self, data)

    def _return(self, step: Callable[..., None], *given: Any) -> None:
        at_s = max(self._answered_s, self._loop.time() + self.host.server.answer_delay_s())
        if at_s <= self._loop.time():
            self._loop.call_soon(step, *given, context=self._context)
        else:
            self._answered_s = at_s
            self._loop.call_at(at_s, step, *given, context=self._context)

    def _receive(self, data: bytes) -> None:
        if not self._is_closing:
            self._protocol.data_received(data)

    def _receive_end(self) -> None:
        if not self._is_closing and not self._protocol.eof_received():
            self.close()

    def _lose(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = self._is_closing = True
            self._protocol.connection_lost(error)


@define
class Network:
    """All connections of one run. ``connect`` is for the loop."""

    loop: SimulatedLoop
    hosts: list[Host]
    lines: list[Line] = field(factory=list)

    async def connect(self, protocol_factory: Callable[[], Any], path: str) -> tuple[Line, Any]:
        """Return a connection of the running process to the server at ``path``, and its protocol. Raises OSError."""
        (host,) = [each for each in self.hosts if each.path == path]
        await asyncio.sleep(host.server.delay_s())
        process = PROCESS.get()
        if host.server.down:
            raise ConnectionRefusedError(f"the simulated {host.server.name} is away")
        line = Line(self.loop, host, process, contextvars.copy_context())
        protocol = protocol_factory()
        line.begin(protocol)
        self.lines.append(line)
        return line, protocol

    def of(self, host: Host) -> list[Line]:
        """Return the connections to a host."""
        return [each for each in self.lines if not each.is_down and each.host is host]

    def close(self) -> None:
        """Let go of every connection, without a word to anybody."""
        for line in self.lines:
            line.drop()

    def end_of(self, process: Process) -> None:
        """End what a process has."""
        for line in self.lines:
            if line.process is process and not line.is_down:
                line.end()

"""One connection of a server: uvicorn's HTTP/1.1 protocol, bounded in what a client can make it do.

uvicorn with httptools waits for a head for ever, takes one of any size, queues pipelined requests without a bound, logs
a line for each malformed one, and resets a connection whose request it has not read to its end. Nothing here costs a
request a timer: deadlines are looked at by ``server`` now and then. Not here: routes and bodies (``app``).
"""

import asyncio
import http
import socket
import struct
from typing import Any, cast

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from adapters.asgi.app import EXTENSION
from adapters.asgi.limits import Limits
from application.meters import CROWDED, MALFORMED, TOO_LARGE, TOO_SLOW, ListenerMeter

HEAD, BODY, COMPLETE = range(3)
# Handling a piece of a body costs about as much as so many bytes.
PIECE_BYTES = 256
_NOTED = frozenset({b"host", b"transfer-encoding", b"expect"})
_VERSIONS = frozenset({"1.0", "1.1"})


class State(ServerState):
    """What the connections of one listener share."""

    def __init__(self, limits: Limits, meter: ListenerMeter) -> None:
        super().__init__()
        self.limits = limits
        self.meter = meter

    def look_round(self, now_s: float) -> None:
        """End the connections whose time is up."""
        for connection in list(self.connections):
            cast(Connection, connection).check(now_s)

    def make_room(self) -> None:
        """Drop the connection that is missed least: a stranger's without a request under way, the oldest first."""
        candidates = [each for each in map(_connection, self.connections) if each.is_spare]
        if candidates:
            self.meter.refuse(CROWDED)
            min(candidates, key=lambda each: each.rank).drop()


class _Fault(Exception):
    """A request that is refused while it is parsed: status, what was wrong, and the reason to count it under."""

    def __init__(self, status: int, error: str, reason: str = MALFORMED) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.reason = reason


class _Transport:
    """What uvicorn uses of a transport, with a closing of our own. Bound methods: calls cost what they did."""

    __slots__ = ("close", "get_extra_info", "is_closing", "pause_reading", "resume_reading", "write")

    def __init__(self, real: asyncio.Transport, connection: "Connection") -> None:
        self.write = real.write
        self.pause_reading = real.pause_reading
        self.resume_reading = real.resume_reading
        self.get_extra_info = real.get_extra_info
        self.is_closing = connection.is_closing
        self.close = connection.close


class Connection(HttpToolsProtocol):
    """See the module. ``cut`` says why the request under way was cut short, None while it was not."""

    def __init__(
        self, config: Any, server_state: State, app_state: dict[str, Any], _loop: Any = None
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.state = server_state
        self.limits = server_state.limits
        self.since_s = self.loop.time()
        self.cut: str | None = None
        self._phase = HEAD
        # Bytes of the message so far that are not its body, less as many as the body has.
        self._framing = 0
        self._hosts = 0
        # What the pieces of the body were too short, in bytes.
        self._pieces = 0
        self._chunked = False
        self._fault: _Fault | None = None
        self._trusted = False
        self._leaving = False
        self._droppable = 0

    # What a request may ask of its connection

    def trust(self) -> None:
        """Keep this connection when there are too many: whoever is at its other end knows the secret."""
        self._trusted = True

    def reset(self) -> None:
        """End the connection with a reset (RST) in place of an orderly end (FIN)."""
        # A linger time of zero does that.
        self._real.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self._real.abort()

    # Its life

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, dropping another connection where there are too many."""
        self._real = transport
        super().connection_made(cast(asyncio.Transport, _Transport(transport, self)))
        self.state.meter.opened += 1
        self.state.meter.open_now += 1
        if len(self.connections) > self.limits.connections_max:
            self.state.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.state.meter.open_now -= 1
        super().connection_lost(exc)

    @property
    def is_spare(self) -> bool:
        """Whether nothing is lost with this connection: nobody is known to be there, and no answer is owed."""
        return not self._trusted and (self._leaving or not self._answers_owed)

    @property
    def rank(self) -> tuple[bool, float]:
        """How much a spare connection is missed: those that are ending least, then the oldest."""
        return not self._leaving, self.since_s

    @property
    def _answers_owed(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def check(self, now_s: float) -> None:
        """End what takes too long: a head, or what is left of a request that was answered."""
        if self._leaving:
            if now_s > self.since_s + self.limits.linger_s:
                self._real.abort()
        elif self._phase == HEAD and not self._answers_owed and now_s > self.since_s + self.limits.head_s:
            # Who never said anything gets no answer either.
            late = _Fault(408, "the head of the request did not arrive in time", TOO_SLOW)
            self._refuse(late, answered=self._framing > 0)

    def is_closing(self) -> bool:
        """Tell whether the connection is about to end."""
        return self._leaving or self._real.is_closing()

    def close(self) -> None:
        """End after what was written. What is left of a request is read and dropped for a while."""
        if self._leaving:
            return
        if self._phase == COMPLETE or self._real.is_closing():
            self._real.close()
            return
        self._leaving = True
        self._droppable = self.limits.linger_bytes_max
        self.since_s = self.loop.time()
        self.flow.resume_reading()
        self._real.write_eof()

    def drop(self) -> None:
        """End at once."""
        self._real.abort()

    def shutdown(self) -> None:
        """Begin the end of the server: answers that are owed are still given."""
        if self._leaving or not self._answers_owed:
            self._real.close()
        else:
            super().shutdown()

    # What comes

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self._leaving:
            self._droppable -= len(data)
            if self._droppable < 0:
                self._real.abort()
            return
        self._unset_keepalive_if_required()
        if self._phase == COMPLETE:
            self._begin()
        self._framing += len(data)
        try:
            self.parser.feed_data(data)
            self._bound()
        except httptools.HttpParserUpgrade:
            self._refuse(_Fault(400, "the protocol cannot be changed here"))
        except httptools.HttpParserError:
            self._refuse(self._fault or _Fault(400, "this is not a request of HTTP/1.1"))
        except _Fault as fault:
            self._refuse(fault)

    def _begin(self) -> None:
        self.since_s = self.loop.time()
        self._phase = HEAD
        self._framing = 0

    def _bound(self) -> None:
        if self._phase == HEAD and self._framing > self.limits.head_bytes_max:
            raise _Fault(431, "the head of the request is too large", TOO_LARGE)
        if self._phase == BODY and self._framing > self.limits.head_bytes_max + self.limits.framing_bytes_max:
            raise _Fault(400, "the body has too much between its chunks")

    def _refuse(self, fault: _Fault, *, answered: bool = True) -> None:
        """Answer and end the connection; without an answer where others are owed before this one."""
        if self._phase == BODY:
            # Whoever reads the body learns that there is no more of it, and why, and counts it.
            self.cut = fault.reason
            answered = not self.pipeline and not self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        else:
            self.state.meter.refuse(fault.reason)
            answered = answered and not self._answers_owed
        if not answered:
            self._real.close()
            return
        self._real.write(_answer(fault))
        self._phase = HEAD
        self.close()

    # What the parser finds. An exception of ours ends the parsing with an HttpParserError.

    def on_message_begin(self) -> None:
        """Begin a request; pipelined ones begin in the middle of what was received."""
        if self._phase == COMPLETE:
            self._begin()
            self._framing = 1
        super().on_message_begin()
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: self}
        self._hosts = 0
        self._pieces = 0
        self._chunked = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header; those behind the body (trailers) mean nothing here."""
        if self._phase == BODY:
            return
        headers = self.headers
        if len(headers) >= self.limits.headers_max:
            self._fail(_Fault(431, "the request has too many headers", TOO_LARGE))
        name = name.lower()
        if name in _NOTED:
            self._note(name, value)
        headers.append((name, value))

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif value.lower() == b"chunked" and not self._chunked:
            self._chunked = True
        else:
            self._fail(_Fault(501, "the only transfer encoding is chunked"))

    def on_headers_complete(self) -> None:
        """Take a complete head: hand the request on, or refuse it before anybody sees it."""
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            self._fail(_Fault(505, "the version must be HTTP/1.1"))
        # https://www.rfc-editor.org/rfc/rfc9112#section-3.2 and #section-6.1
        if self._hosts > 1 or (version == "1.1" and self._hosts == 0):
            self._fail(_Fault(400, "there must be one host header"))
        if version == "1.0" and self._chunked:
            self._fail(_Fault(400, "HTTP/1.0 has no chunked bodies"))
        if self.parser.should_upgrade():
            self._fail(_Fault(400, "the protocol cannot be changed here"))
        if len(self.pipeline) >= self.limits.pipeline_max:
            self._fail(_Fault(400, "too many requests at once"))
        # What came may hold more than the head, so it is measured only where that matters.
        if self._framing > self.limits.head_bytes_max and self._head_bytes() > self.limits.head_bytes_max:
            self._fail(_Fault(431, "the head of the request is too large", TOO_LARGE))
        super().on_headers_complete()
        self._phase = BODY

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _fail(self, fault: _Fault) -> None:
        self._fault = fault
        raise fault

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body."""
        self._framing -= 2 * len(body)
        self._pieces += PIECE_BYTES - len(body)
        if self._pieces > self.limits.pieces_max * PIECE_BYTES:
            self._fail(_Fault(400, "the body comes in too many small chunks"))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._phase = COMPLETE
        super().on_message_complete()


def _connection(each: object) -> Connection:
    return cast(Connection, each)


def _answer(fault: _Fault) -> bytes:
    body = orjson.dumps({"error": fault.error})
    head = (
        f"HTTP/1.1 {fault.status} {http.HTTPStatus(fault.status).phrase}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body

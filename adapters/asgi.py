"""A small ASGI toolkit: routes, bounded bodies, JSON refusals, and a server that runs inside a running event loop.

The webhook server and the Bot API simulator stand on it. A refusal is JSON: ``{"error": "what to change"}``.
A framework is left out on purpose: routing by one dictionary costs a few microseconds a request, and these two
servers are on the path of every message. Not here: any route, and anything that knows Telegram.
"""

import asyncio
import contextlib
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
import uvicorn
from attrs import field, frozen
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1024 * 1024
BODY_S_MAX = 30.0
KEEP_ALIVE_S = 75
JSON_TYPE = b"application/json"
RESET_EXTENSION = "openclaw.reset"

_log = logging.getLogger(__name__)


class HttpRefusal(Exception):
    """A request that is refused: the HTTP status and one sentence that names the fault."""

    def __init__(self, status: int, error: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = tuple(headers)


class CannotServe(Exception):
    """The server cannot start: the address is taken or not ours, or the app's own start failed."""


@frozen
class Response:
    """What goes back: status, body, its content type, and any further headers (names in lower case)."""

    status: int = 200
    body: bytes = b""
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_response(value: object, status: int = 200) -> Response:
    """Return ``value`` as a JSON response."""
    return Response(status, orjson.dumps(value))


class Aborted(Exception):
    """A handler dropped the connection itself; there is nobody left to answer."""


class Request:
    """One HTTP request as a handler sees it."""

    __slots__ = ("_receive", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._receive = receive

    def header(self, name: bytes) -> bytes | None:
        """Return the first header called ``name`` (in lower case), or None."""
        for key, value in self.scope["headers"]:
            if key == name:
                return cast(bytes, value)
        return None

    def query(self) -> dict[str, str]:
        """Return the parameters of the query string; of a repeated name, the last."""
        raw: bytes = self.scope["query_string"]
        return dict(parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True)) if raw else {}

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """Return the body.

        Raises HttpRefusal: 413 over ``bytes_max``, 408 when it does not arrive within 30 seconds, 400 when the
        sender went away.
        """
        announced = self.header(b"content-length")
        too_large = announced is not None and int(announced) > bytes_max
        if too_large and int(announced or 0) > 2 * bytes_max:
            raise _too_large(bytes_max)
        try:
            async with asyncio.timeout(BODY_S_MAX):
                return await self._read(bytes_max)
        except TimeoutError:
            raise HttpRefusal(408, f"the body did not arrive within {BODY_S_MAX:g} seconds") from None

    async def _read(self, bytes_max: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        more = True
        # A body somewhat too large is read and dropped: a client still writing when the connection closes would
        # see a reset instead of the 413.
        while more and size <= 2 * bytes_max:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise HttpRefusal(400, "the connection closed before the body was complete")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= bytes_max:
                chunks.append(chunk)
            more = message.get("more_body", False)
        if size > bytes_max:
            raise _too_large(bytes_max)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def json(self, bytes_max: int = BODY_BYTES_MAX) -> Any:
        """Return the body read as JSON. Raises HttpRefusal: 415 for another content type, 400 for no JSON."""
        content_type = (self.header(b"content-type") or b"").partition(b";")[0].strip().lower()
        if content_type != JSON_TYPE:
            raise HttpRefusal(415, "the content type must be application/json")
        try:
            return orjson.loads(await self.body(bytes_max))
        except orjson.JSONDecodeError:
            raise HttpRefusal(400, "the body is not valid JSON") from None

    async def disconnected(self) -> None:
        """Return when the client has gone. Only to be used once the body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def reset(self) -> None:
        """Reset the connection without an answer (only under ``serve``).

        The handler then waits for ``disconnected`` and raises Aborted.
        """
        self.scope["extensions"][RESET_EXTENSION]["reset"]()


def _too_large(bytes_max: int) -> HttpRefusal:
    return HttpRefusal(413, f"the body is larger than {bytes_max} bytes", [(b"connection", b"close")])


Handler = Callable[[Request], Awaitable[Response]]


@frozen
class Route:
    """One row of the route table. A path that ends in ``*`` takes every path that starts like it."""

    method: str
    path: str
    handler: Handler


@frozen
class Lifespan:
    """What an app does when its server starts and when it stops."""

    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None


class App:
    """An ASGI application made of a route table."""

    def __init__(self, routes: Sequence[Route], lifespan: Lifespan | None = None) -> None:
        self._lifespan = lifespan or Lifespan()
        self._exact: dict[str, dict[str, Handler]] = {}
        self._prefixes: dict[str, dict[str, Handler]] = {}
        for route in routes:
            prefix = route.path.endswith("*")
            table = self._prefixes if prefix else self._exact
            table.setdefault(route.path.removesuffix("*"), {})[route.method] = route.handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope (https://asgi.readthedocs.io/en/latest/specs/www.html)."""
        if scope["type"] == "http":
            await self._serve_http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._handler(scope)(Request(scope, receive))
        except HttpRefusal as refusal:
            body = orjson.dumps({"error": refusal.error})
            response = Response(refusal.status, body, headers=refusal.headers)
        except Aborted:
            return
        except Exception:  # noqa: BLE001 (the boundary: one request's fault is answered and logged, whatever it is)
            # The path may hold a token, so it is not logged.
            _log.exception("A request handler failed", extra={"action": "http_handler_failed"})
            response = json_response({"error": "internal error; see the log"}, 500)
        headers = [
            (b"content-type", response.content_type),
            (b"content-length", str(len(response.body)).encode()),
            *response.headers,
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    def _handler(self, scope: Scope) -> Handler:
        path: str = scope["path"]
        methods = self._exact.get(path)
        if methods is None:
            methods = next(
                (table for prefix, table in self._prefixes.items() if path.startswith(prefix)), None
            )
        if methods is None:
            raise HttpRefusal(404, "there is nothing at this path")
        handler = methods.get(scope["method"])
        if handler is None:
            allowed = ", ".join(sorted(methods))
            raise HttpRefusal(405, f"use {allowed} here", [(b"allow", allowed.encode())])
        return handler

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        for phase, step in (("startup", self._lifespan.start), ("shutdown", self._lifespan.stop)):
            await receive()
            try:
                if step is not None:
                    await step()
            except Exception as error:  # noqa: BLE001 (the boundary: the server learns of it by the message)
                _log.exception("The app's %s failed", phase, extra={"action": f"http_{phase}_failed"})
                await send({"type": f"lifespan.{phase}.failed", "message": type(error).__name__})
                return
            await send({"type": f"lifespan.{phase}.complete"})


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, plus a way to reset the connection (the simulator's faults need it)."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {RESET_EXTENSION: {"reset": self._reset}}

    def _reset(self) -> None:
        # A linger time of zero makes closing a reset (RST) in place of an orderly end (FIN).
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class _Server(uvicorn.Server):
    """uvicorn's server without signal handlers, and with events in place of its polling."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            raise CannotServe("the app failed to start; see the log") from None
        self.ready.set()

    async def main_loop(self) -> None:
        await self.leave.wait()


@frozen
class Served:
    """A running server: the address it is bound to, and how to stop it."""

    host: str
    port: int
    _server: _Server = field(repr=False)
    _task: "asyncio.Task[None]" = field(repr=False)

    @property
    def base_url(self) -> str:
        """The address as ``http://host:port``."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    async def stop(self) -> None:
        """Take no more connections, let the running requests finish within the bound, then end them."""
        self._server.leave.set()
        await self._task
        if self._server.server_state.tasks:
            await asyncio.wait(self._server.server_state.tasks, timeout=1.0)


def listen(host: str, port: int, backlog: int = 2048) -> socket.socket:
    """Return a listening TCP socket; ``port`` 0 takes a free one. Raises CannotServe."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotServe(f"cannot listen on {host} port {port}: {reason}; choose another address") from error
    # Accepted connections inherit it; without it a kept-alive answer can wait 40 ms for the other side's ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


async def serve(
    app: Callable[..., Any],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    stop_s_max: float = 5.0,
    connections_max: int | None = None,
) -> Served:
    """Serve ``app`` over HTTP in the running event loop and return once it listens.

    ``port`` 0 takes a free one. ``stop_s_max`` (whole seconds, rounded up) bounds the graceful part of ``stop``;
    over ``connections_max`` requests are answered 503. No signal handler is installed and no request is logged.
    Raises CannotServe.
    """
    listener = listen(host, port)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(stop_s_max),
        limit_concurrency=connections_max,
    )
    server = _Server(config)
    bound_port: int = listener.getsockname()[1]
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        server.leave.set()
        listener.close()
        raise
    finally:
        ready.cancel()
    if not server.ready.is_set():
        listener.close()
        await task
    return Served(host, bound_port, server, task)

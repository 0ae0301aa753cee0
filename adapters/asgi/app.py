"""ASGI applications made of a route table: requests, bounded bodies, JSON refusals.

A refusal is JSON: ``{"error": "what to change"}``. A framework is left out on purpose: routing by one dictionary costs
a few microseconds a request, and these servers are on the path of every message. Not here: any route, anything that
knows Telegram, and the bytes on the wire (``connection``).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import orjson
from attrs import frozen

from adapters.asgi.limits import BODY_BYTES_MAX, Limits
from application.meters import (
    INCOMPLETE,
    MALFORMED,
    NO_ROUTE,
    TOO_LARGE,
    TOO_SLOW,
    WRONG_SECRET,
    WRONG_TYPE,
    ListenerMeter,
)

if TYPE_CHECKING:
    from adapters.asgi.connection import Connection

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON_TYPE = b"application/json"
# Where an ASGI scope has the connection that a request came by.
EXTENSION = "openclaw.connection"
CLOSE = (b"connection", b"close")
# What refusals are counted under; a status that is not here is no fault of the client.
REASONS = {
    400: MALFORMED, 401: WRONG_SECRET, 404: NO_ROUTE, 405: NO_ROUTE, 408: TOO_SLOW, 413: TOO_LARGE, 415: WRONG_TYPE,
}  # fmt: skip
_ANY = Limits()

_log = logging.getLogger(__name__)


class HttpRefusal(Exception):
    """A request that is refused: the HTTP status, one sentence that names the fault, and what it is counted under."""

    def __init__(
        self, status: int, error: str, headers: Sequence[tuple[bytes, bytes]] = (), reason: str | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = tuple(headers)
        self.reason = reason or REASONS.get(status)


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

    __slots__ = ("_complete", "_receive", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._receive = receive
        self._complete = False

    def header(self, name: bytes) -> bytes | None:
        """Return the first header called ``name`` (in lower case), or None."""
        for key, value in self.scope["headers"]:
            if key == name:
                return cast(bytes, value)
        return None

    def headers(self, name: bytes) -> list[bytes]:
        """Return every header called ``name`` (in lower case), in their order."""
        return [value for key, value in self.scope["headers"] if key == name]

    def query(self) -> dict[str, str]:
        """Return the parameters of the query string; of a repeated name, the last."""
        raw: bytes = self.scope["query_string"]
        return dict(parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True)) if raw else {}

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the request is left to be read."""
        if not self._complete:
            framing = (b"content-length", b"transfer-encoding")
            self._complete = not any(key in framing for key, _ in self.scope["headers"])
        return self._complete

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """Return the body.

        Raises HttpRefusal: 413 over ``bytes_max``, 408 when it comes too slowly (``Limits``), 400 when it ended before
        it was complete.
        """
        announced = self.header(b"content-length")
        if announced is not None and int(announced) > bytes_max:
            raise _too_large(bytes_max)
        connection = self._connection
        limits = connection.limits if connection is not None else _ANY
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout_at(began_s + min(limits.body_s, limits.body_grace_s)) as deadline:
                while not self._complete:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise self._incomplete()
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > bytes_max:
                        raise _too_large(bytes_max)
                    chunks.append(chunk)
                    self._complete = not message.get("more_body", False)
                    if not self._complete:
                        allowed_s = limits.body_grace_s + size / limits.body_bytes_per_s_min
                        deadline.reschedule(began_s + min(limits.body_s, allowed_s))
        except TimeoutError:
            raise HttpRefusal(408, "the body did not arrive in time") from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _incomplete(self) -> "HttpRefusal":
        connection = self._connection
        reason = (connection.cut if connection is not None else None) or INCOMPLETE
        return HttpRefusal(400, "the connection closed before the body was complete", reason=reason)

    async def json(self, bytes_max: int = BODY_BYTES_MAX) -> Any:
        """Return the body read as JSON.

        Raises HttpRefusal: 415 for another content type or a compressed body, 400 for no JSON.
        """
        content_type = (self.header(b"content-type") or b"").partition(b";")[0].strip().lower()
        if content_type != JSON_TYPE:
            raise HttpRefusal(415, "the content type must be application/json")
        if (self.header(b"content-encoding") or b"identity").strip().lower() != b"identity":
            raise HttpRefusal(415, "the body must not be compressed")
        try:
            return orjson.loads(await self.body(bytes_max))
        except orjson.JSONDecodeError:
            raise HttpRefusal(400, "the body is not valid JSON") from None

    async def disconnected(self) -> None:
        """Return when the client has gone. Only to be used once the body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    @property
    def _connection(self) -> "Connection | None":
        extensions = self.scope.get("extensions") or {}
        return cast("Connection | None", extensions.get(EXTENSION))

    def trust(self) -> None:
        """Note that the client has shown who it is: its connection is kept when there are too many."""
        if (connection := self._connection) is not None:
            connection.trust()

    def reset(self) -> None:
        """Reset the connection without an answer (only under ``serve``).

        The handler then waits for ``disconnected`` and raises Aborted.
        """
        connection = self._connection
        assert connection is not None
        connection.reset()


def _too_large(bytes_max: int) -> HttpRefusal:
    return HttpRefusal(413, f"the body is larger than {bytes_max} bytes")


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
    """An ASGI application made of a route table. What it refuses is counted by ``meter``."""

    def __init__(
        self, routes: Sequence[Route], lifespan: Lifespan | None = None, meter: ListenerMeter | None = None
    ) -> None:
        self.meter = meter or ListenerMeter()
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
        request = Request(scope, receive)
        try:
            response = await self._handler(scope)(request)
        except HttpRefusal as refusal:
            if refusal.reason is not None:
                self.meter.refuse(refusal.reason)
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
        # What nobody read is not read for long: the connection ends with the answer.
        if not request.is_complete:
            headers.append(CLOSE)
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

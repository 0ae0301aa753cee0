"""One HTTP POST that says what became of it: answered, not sent, or sent without an answer.

httpx is the interface, aiohttp carries it (``httpx_aiohttp``): measured here, httpx's own transport costs 500 to
2,000 µs of CPU a request with a connection pool, aiohttp's 140 to 200 µs. The transport is called directly, not
through ``httpx.AsyncClient``, which logs every URL, and Telegram's URLs hold the token.

Whether a request left is decided by one fact: whether the pool had handed out an established connection (TCP and
TLS) when the call failed. Before that nothing can have left; from then on anything may have. Error types do not
tell: ``httpx_aiohttp`` maps a server that disconnects in the middle of a request to ``httpx.ConnectTimeout``.

Not here: the Bot API (``adapters.telegram.client``).
"""

import asyncio
import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import aiohttp
import httpx
from attrs import define, frozen
from httpx_aiohttp import AiohttpTransport

from domain.errors import NoAnswer, NotSent, TelegramError

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

ANSWER_BYTES_MAX = 32 * 1024 * 1024
# Shorter than the keep-alive of common servers (nginx 75 s, Node.js 5 s excepted), so that an idle connection is
# dropped by us before the other side drops it under a request.
KEEP_ALIVE_S = 15.0
DNS_CACHE_S = 60
JSON_HEADERS = httpx.Headers({"content-type": "application/json", "accept-encoding": "identity"})


@define
class _Attempt:
    """Whether a connection was handed to the request, from which moment on it may have left."""

    connected: bool = False


_attempt: ContextVar[_Attempt] = ContextVar("_attempt")


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool, which marks the attempt of the running task once it has a connection."""

    async def connect(
        self,
        req: "ClientRequest",
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (aiohttp's signature; it is no duration)
    ) -> "Connection":
        connection = await super().connect(req, traces, timeout)
        _attempt.get().connected = True
        return connection


@frozen
class HttpAnswer:
    """A complete answer: status code, body, and the server's clock as its ``Date`` header tells it."""

    status: int
    body: bytes
    date: str | None = None


class HttpCaller:
    """Posts small bodies over a pool of kept-alive connections. Belongs to one event loop."""

    def __init__(self, connections_max: int, *, tls: bool) -> None:
        self._connections_max = connections_max
        self._tls = httpx.create_ssl_context() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._transport = AiohttpTransport(verify=self._tls, client=self._session)

    def _session(self) -> aiohttp.ClientSession:
        connector = _Connector(
            limit=self._connections_max,
            keepalive_timeout=KEEP_ALIVE_S,
            ttl_dns_cache=DNS_CACHE_S,
            ssl=self._tls,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def post(self, url: httpx.URL, headers: httpx.Headers, body: bytes, timeout_s: float) -> HttpAnswer:
        """Post ``body`` and return the answer, everything within ``timeout_s`` seconds.

        Raises NotSent or NoAnswer. Their texts name the kind of failure only, and they carry no cause: the
        libraries' errors may quote the URL.
        """
        attempt = _Attempt()
        token = _attempt.set(attempt)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(httpx.Request("POST", url, headers=headers, content=body))
        except TimeoutError:
            failure = f"no complete answer within {timeout_s:g} s"
        except (httpx.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            # A ValueError is what the libraries make of an answer whose status line or headers are no text.
            failure = type(error.__cause__ or error).__name__
        finally:
            _attempt.reset(token)
        # Raised outside the handler, so that no context refers to the library's error either.
        raise _failed(attempt, failure)

    async def _exchange(self, request: httpx.Request) -> HttpAnswer:
        response = await self._transport.handle_async_request(request)
        try:
            chunks: list[bytes] = []
            size = 0
            # The stream itself, not ``aiter_bytes``: answers come uncompressed, as asked for.
            async for chunk in cast(httpx.AsyncByteStream, response.stream):
                chunks.append(chunk)
                size += len(chunk)
                if size > ANSWER_BYTES_MAX:
                    raise httpx.ReadError(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
        finally:
            await response.aclose()
        return HttpAnswer(response.status_code, b"".join(chunks), response.headers.get("date"))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


def _failed(attempt: _Attempt, failure: str) -> TelegramError:
    if attempt.connected:
        return NoAnswer(f"the request may have left, and no answer came: {failure}")
    return NotSent(f"no connection: {failure}")

"""What the Bot API client says about requests that fail on the way, and that it never gives the token away."""

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.telegram import http
from adapters.telegram.client import HttpTelegram, bot_id_of
from domain.errors import InvalidSettings, NoAnswer, NotSent, Refused, TelegramError

TOKEN = "777:top-Secret_token"
PATIENCE_S = 10.0
SHORT_S = 0.15
TEXT = "private words"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


def after_request(*pieces: bytes, close: bool = True) -> Serve:
    """Read one whole request, send the pieces, and close or keep the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"".join(pieces))
        await writer.drain()
        if not close:
            await reader.read()

    return serve


async def reset_after_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


class Server:
    """A raw TCP server that counts its connections."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close_connections(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def talking_to(
    serve: Serve, connections_max: int = 10, scheme: str = "http"
) -> AsyncIterator[tuple[HttpTelegram, Server]]:
    server = Server(serve)
    listener = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        async with HttpTelegram(TOKEN, f"{scheme}://127.0.0.1:{port}", connections_max) as telegram:
            yield telegram, server
    finally:
        listener.close()
        server.close_connections()
        await listener.wait_closed()


async def failure(telegram: HttpTelegram, timeout_s: float = PATIENCE_S) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await telegram.call("sendMessage", {"chat_id": 1, "text": TEXT}, timeout_s)
    return caught.value


def everything_said_by(error: BaseException) -> str:
    """All text that any logger could reach from an error: its chain, suppressed contexts included."""
    text = "".join(traceback.format_exception(error)) + repr(error)
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            text += everything_said_by(linked)
    return text


LEFT_WITHOUT_ANSWER = {
    "the server closes without a word": after_request(),
    "the server resets": reset_after_request,
    "the answer breaks off": after_request(answer("200 OK", b'{"ok":true,"result":1}')[:-5]),
    "the head of the answer breaks off": after_request(b"HTTP/1.1 200"),
    "the answer is no HTTP": after_request(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "the server says nothing for too long": after_request(close=False),
    "a good status comes with no JSON": after_request(answer("200 OK", b"<html>")),
    "the JSON has no result": after_request(answer("200 OK", b'{"ok":true}')),
    "the JSON is no object": after_request(answer("200 OK", b"[]")),
}


@pytest.mark.parametrize("serve", LEFT_WITHOUT_ANSWER.values(), ids=LEFT_WITHOUT_ANSWER)
async def test_a_request_that_left_and_brought_no_answer_is_ambiguous(serve: Serve) -> None:
    async with talking_to(serve) as (telegram, server):
        assert isinstance(await failure(telegram, 2 * SHORT_S), NoAnswer)
        assert server.connections == 1, "an ambiguous request must not be repeated"


async def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    async with HttpTelegram(TOKEN, f"http://127.0.0.1:{port}") as telegram:
        assert isinstance(await failure(telegram), NotSent)


async def test_a_failed_tls_handshake_is_not_sent() -> None:
    async def plain_text(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is no TLS\r\n")

    async with talking_to(plain_text, scheme="https") as (telegram, _):
        assert isinstance(await failure(telegram), NotSent)


async def test_a_tls_handshake_that_never_ends_is_not_sent() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await reader.read()

    async with talking_to(silent, scheme="https") as (telegram, _):
        assert isinstance(await failure(telegram, SHORT_S), NotSent)


async def test_a_name_that_cannot_be_resolved_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with HttpTelegram(TOKEN, "http://telegram.example") as telegram:
        assert isinstance(await failure(telegram), NotSent)


async def test_a_call_that_finds_no_free_connection_in_time_is_not_sent() -> None:
    async with talking_to(after_request(close=False), connections_max=1) as (telegram, server):
        first = asyncio.create_task(failure(telegram, 4 * SHORT_S))
        async with asyncio.timeout(PATIENCE_S):
            while server.connections == 0:
                await asyncio.sleep(0.001)
        assert isinstance(await failure(telegram, SHORT_S), NotSent)
        assert isinstance(await first, NoAnswer)
        assert server.connections == 1


@pytest.mark.parametrize(
    ("raw", "code", "retry_after_s", "migrate_to"),
    [
        (answer("502 Bad Gateway", b"<html>nginx</html>"), 502, None, None),
        (answer("504 Gateway Timeout", b""), 504, None, None),
        (answer("302 Found", b"", "location: https://elsewhere.example/\r\n"), 302, None, None),
        (
            answer("400 Bad Request", b'{"ok":false,"error_code":400,"description":"Bad Request: x"}'),
            400,
            None,
            None,
        ),
        (
            answer(
                "429 Too Many Requests",
                b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 9",'
                b'"parameters":{"retry_after":9}}',
            ),
            429,
            9,
            None,
        ),
        (
            answer(
                "400 Bad Request",
                b'{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-100123}}',
            ),
            400,
            None,
            -100123,
        ),
        (answer("403 Forbidden", b'{"ok":false,"parameters":"odd","error_code":"odd"}'), 403, None, None),
    ],
)
async def test_an_answer_that_says_no_is_a_refusal(
    raw: bytes, code: int, retry_after_s: int | None, migrate_to: int | None
) -> None:
    async with talking_to(after_request(raw)) as (telegram, _):
        error = await failure(telegram)
    assert isinstance(error, Refused)
    refusal = error.refusal
    assert (refusal.code, refusal.retry_after_s, refusal.migrate_to_chat_id) == (
        code,
        retry_after_s,
        migrate_to,
    )


async def test_an_answer_beyond_the_bound_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES_MAX", 100)
    async with talking_to(after_request(answer("200 OK", b"x" * 101))) as (telegram, _):
        assert isinstance(await failure(telegram), NoAnswer)


async def test_calls_one_after_another_share_a_connection() -> None:
    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(answer("200 OK", b'{"ok":true,"result":5}'))

    async with talking_to(keep_alive) as (telegram, server):
        assert [await telegram.call("getMe", {}, PATIENCE_S) for _ in range(3)] == [5, 5, 5]
        assert server.connections == 1


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    good = answer("200 OK", b'{"ok":true,"result":5}')
    async with talking_to(after_request(good)) as (telegram, server):
        assert await telegram.call("getMe", {}, PATIENCE_S) == 5
        server.close_connections()
        for _ in range(20):  # let the client see the end of the connection
            await asyncio.sleep(0)
        assert await telegram.call("getMe", {}, PATIENCE_S) == 5


async def test_the_request_is_json_to_the_bots_own_path() -> None:
    seen: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(answer("200 OK", b'{"ok":true,"result":true}'))

    async with talking_to(note) as (telegram, _):
        await telegram.call("sendMessage", {"chat_id": 1, "text": "ü", "parse_mode": None}, PATIENCE_S)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /bot{TOKEN}/sendMessage HTTP/1.1\r\n".encode())
    assert b"content-type: application/json" in head.lower()
    assert body == '{"chat_id":1,"text":"ü"}'.encode()


@pytest.mark.parametrize(
    "serve",
    [*LEFT_WITHOUT_ANSWER.values(), after_request(answer("502 Bad Gateway", b"<html>"))],
    ids=[*LEFT_WITHOUT_ANSWER, "a gateway answers"],
)
async def test_no_error_and_no_log_gives_the_token_away(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with talking_to(serve) as (telegram, _):
        error = await failure(telegram, SHORT_S)
    said = everything_said_by(error) + caplog.text
    assert "Secret" not in said
    assert TEXT not in said


async def test_no_error_before_the_request_left_gives_the_token_away() -> None:
    async with talking_to(after_request(), scheme="https") as (telegram, _):
        assert "Secret" not in everything_said_by(await failure(telegram, SHORT_S))


async def test_a_method_that_is_no_name_never_becomes_part_of_a_url() -> None:
    async with HttpTelegram(TOKEN, "http://127.0.0.1:1") as telegram:
        with pytest.raises(ValueError, match="not a Bot API method"):
            await telegram.call("../getMe", {}, PATIENCE_S)


def test_the_bot_id_stands_before_the_colon() -> None:
    assert bot_id_of("123456789:AAE-x_y") == 123456789


@pytest.mark.parametrize(
    "token",
    ["", "Secret", "123", "123:", ":Secret", "x1:Secret", "0:Secret", "1:Sec ret", "1:Sec/ret", "١:Secret"],
)
def test_a_malformed_token_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        bot_id_of(token)
    assert "malformed" in str(caught.value)
    assert "Sec" not in everything_said_by(caught.value)

"""The ASGI toolkit on a real socket: routes, refusals, bounded bodies, start and stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from adapters.asgi import (
    Aborted,
    App,
    CannotServe,
    HttpRefusal,
    Lifespan,
    Limits,
    Request,
    Response,
    Route,
    Served,
    json_response,
    serve,
)

PATIENCE_S = 10.0
LIMIT = 1000


async def echo(request: Request) -> Response:
    return json_response({"path": request.path, "got": await request.json(LIMIT), "query": request.query()})


async def size(request: Request) -> Response:
    return json_response(len(await request.body(LIMIT)))


async def refuse(request: Request) -> Response:
    raise HttpRefusal(403, "not for you", [(b"x-why", b"because")])


async def break_down(request: Request) -> Response:
    raise RuntimeError("a fault in the handler")


ROUTES = [
    Route("POST", "/echo", echo),
    Route("POST", "/size", size),
    Route("GET", "/refuse", refuse),
    Route("GET", "/broken", break_down),
    Route("POST", "/under/*", echo),
]


@asynccontextmanager
async def served(
    app: App, stop_s_max: float = 5.0, **limits: Any
) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    server = await serve(app, stop_s_max=stop_s_max, limits=Limits(**limits), meter=app.meter)
    async with httpx.AsyncClient(
        transport=AiohttpTransport(), base_url=server.base_url, timeout=10
    ) as client:
        yield server, client
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with served(App(ROUTES)) as (_, client):
        yield client


async def test_a_route_answers_json(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo?a=1&b=&a=2", json={"x": [1]})
    assert answer.json() == {"path": "/echo", "got": {"x": [1]}, "query": {"a": "2", "b": ""}}
    assert answer.headers["content-type"] == "application/json"


async def test_a_route_with_a_star_takes_every_path_below(client: httpx.AsyncClient) -> None:
    assert (await client.post("/under/a/b", json=1)).json()["path"] == "/under/a/b"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "error"),
    [
        ("GET", "/nowhere", b"", {}, 404, "there is nothing at this path"),
        ("GET", "/echo", b"", {}, 405, "use POST here"),
        ("POST", "/echo", b"{}", {}, 415, "the content type must be application/json"),
        (
            "POST",
            "/echo",
            b"{}",
            {"content-type": "text/plain"},
            415,
            "the content type must be application/json",
        ),
        ("POST", "/echo", b"{", {"content-type": "application/json"}, 400, "the body is not valid JSON"),
        ("POST", "/size", b"x" * 1001, {}, 413, "the body is larger than 1000 bytes"),
        ("POST", "/size", b"x" * 500_000, {}, 413, "the body is larger than 1000 bytes"),
        ("GET", "/refuse", b"", {}, 403, "not for you"),
        ("GET", "/broken", b"", {}, 500, "internal error; see the log"),
    ],
)
async def test_a_refusal_is_json_that_names_the_fault(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    error: str,
) -> None:
    answer = await client.request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_refusal_brings_its_headers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/refuse")).headers["x-why"] == "because"
    assert (await client.get("/echo")).headers["allow"] == "POST"


async def test_a_body_of_exactly_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/size", content=b"x" * LIMIT)).json() == LIMIT


@pytest.mark.parametrize("chunks", [3, 40])
async def test_a_body_in_chunks_meets_the_same_limit(client: httpx.AsyncClient, chunks: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(chunks):
            yield b"x" * 300

    answer = await client.post("/size", content=body())
    assert (answer.status_code, answer.json()) == (
        (200, 900) if chunks == 3 else (413, {"error": "the body is larger than 1000 bytes"})
    )


async def raw_exchange(server: Served, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_body_that_never_comes_is_not_waited_for_for_ever() -> None:
    async with served(App(ROUTES), body_grace_s=0.05) as (server, _):
        head = b"POST /size HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\nab"
        answer = await raw_exchange(server, head)
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("length", [b"-1", b"many", b"1_0"])
async def test_a_content_length_that_is_no_number_is_a_bad_request(length: bytes) -> None:
    async with served(App(ROUTES)) as (server, _):
        head = (
            b"POST /size HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: " + length + b"\r\n\r\n"
        )
        assert (await raw_exchange(server, head)).startswith(b"HTTP/1.1 400 ")


async def test_a_failing_handler_is_logged_without_the_path(caplog: pytest.LogCaptureFixture) -> None:
    async def secret_path(request: Request) -> Response:
        raise RuntimeError("a fault in the handler")

    async with served(App([Route("GET", "/bot*", secret_path)])) as (_, client):
        caplog.set_level(logging.INFO, logger="adapters")
        assert (await client.get("/bot1:Secret")).status_code == 500
    (record,) = [record for record in caplog.records if record.name == "adapters.asgi.app"]
    assert record.__dict__["action"] == "http_handler_failed"
    assert "Secret" not in record.getMessage() + str(record.exc_text)


async def test_the_lifespan_starts_before_the_first_request_and_stops_after_the_last() -> None:
    steps: list[str] = []

    async def start() -> None:
        steps.append("start")

    async def note(request: Request) -> Response:
        steps.append("request")
        return Response()

    async def stop() -> None:
        steps.append("stop")

    async with served(App([Route("GET", "/", note)], Lifespan(start, stop))) as (_, client):
        await client.get("/")
    assert steps == ["start", "request", "stop"]


async def test_an_app_that_fails_to_start_is_not_served() -> None:
    async def start() -> None:
        raise RuntimeError("no database")

    with pytest.raises(CannotServe, match="the app failed to start"):
        await serve(App([], Lifespan(start)))


async def test_a_taken_port_is_a_clear_error() -> None:
    async with served(App([])) as (server, _):
        with pytest.raises(
            CannotServe, match=f"cannot listen on 127.0.0.1 port {server.port}: .*another address"
        ):
            await serve(App([]), port=server.port)


async def test_stopping_lets_a_running_request_finish() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response(body=b"done")

    async with served(App([Route("GET", "/", slow)])) as (server, client):
        asked = asyncio.create_task(client.get("/"))
        await begun.wait()
        stopping = asyncio.create_task(server.stop())
        go_on.set()
        assert (await asked).content == b"done"
        await stopping


async def test_stopping_is_bounded_when_a_request_never_ends() -> None:
    begun = asyncio.Event()

    async def endless(request: Request) -> Response:
        begun.set()
        await asyncio.Event().wait()
        return Response()

    async with served(App([Route("GET", "/", endless)]), stop_s_max=0.01) as (server, client):
        asked = asyncio.create_task(client.get("/"))
        await begun.wait()
        async with asyncio.timeout(PATIENCE_S):
            await server.stop()
        (outcome,) = await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(outcome, httpx.Response | httpx.HTTPError)


async def test_no_signal_handler_is_installed() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with served(App([])):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_reset_request_sees_the_connection_reset() -> None:
    async def drop(request: Request) -> Response:
        request.reset()
        await request.disconnected()
        raise Aborted

    async with served(App([Route("GET", "/", drop)])) as (server, _):
        with pytest.raises(ConnectionResetError):
            await raw_exchange(server, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

"""Targets: what strangers and Telegram send to the webhook, as requests and as bytes on the wire.

Not here: what becomes of an update that was taken in (``chats``).
"""

import asyncio
import json
from typing import Any, cast

import uvicorn

from adapters.asgi.connection import Connection, State
from adapters.asgi.limits import Limits
from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams
from application.crashpoints import no_crash
from application.gateway import Gateway
from application.meters import ListenerMeter
from entrypoints.web import SECRET_HEADER, WEBHOOK_PATH, Health, Webhook, web_app
from tests.corpus.cases import BOT, BOT_NAME, CASES
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_list, as_object, as_text
from tests.fuzz.watch import Unforeseen, refuse_unforeseen, run
from tests.fuzz.words import WORDS, thought_of

SECRET = "a-secret-of-the-tests"
STATUSES = frozenset({100, 200, 400, 401, 404, 405, 408, 413, 415, 431, 501, 503, 505})
PIECES_MAX = 40


class Door:
    """A gateway in memory behind its webhook."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.database = MemoryDatabase(clock)
        intake, streams = MemoryIntake(self.database), MemoryStreams(clock)
        self.gateway = Gateway(BOT, intake, streams, Codec(), clock, no_crash, BOT_NAME)
        self.webhook = Webhook(self.gateway, [SECRET.encode()])
        self.app = web_app(Health({}), self.webhook)

    @property
    def refused(self) -> int:
        """How many requests were counted as refused, or as turned away for now."""
        return sum(self.webhook.listener.refused.values()) + self.gateway.pressure.turned_away.total()

    def check(self, taken_in: int) -> None:
        """Raise where an update that was acknowledged left no row, or one that nobody foresaw."""
        rows = [entry.row for entry in self.database.tables.audit]
        if len(rows) != taken_in:
            raise Unforeseen(f"{taken_in} updates were acknowledged and {len(rows)} are in the audit")
        refuse_unforeseen([row.reason for row in rows])


async def ask(door: Door, request: dict[str, Json]) -> int:
    """Send one request to the application and return the status of the answer."""
    body = (
        as_bytes(request["body"])
        if "body" in request
        else json.dumps(request.get("update")).encode("utf-8", "replace")
    )
    pieces = [body[n::2] for n in range(2)] if request.get("pieces") else [body]
    coming: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": n + 1 < len(pieces)}
        for n, piece in enumerate(pieces)
    ]
    if request.get("cut"):
        coming[-1] = {"type": "http.disconnect"}
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    headers = [
        (as_bytes(each[0]).lower(), as_bytes(each[1]))
        for each in as_list(request.get("headers"))
        if isinstance(each, list) and len(each) == 2
    ]
    if any(name == b"content-length" and not value.isdigit() for name, value in headers):
        # The server refuses it before it makes a request of it.
        raise NoCase
    scope = {
        "type": "http",
        "method": as_text(request.get("method", "POST")),
        "path": as_text(request.get("path", WEBHOOK_PATH)),
        "query_string": b"",
        "headers": headers,
    }
    await door.app(scope, cast(Any, receive), cast(Any, send))
    return int(told[0]["status"])


def webhook(value: Json) -> str:
    """Send a request, and then one of somebody else."""
    request = as_object(value)

    async def step() -> str:
        door = Door()
        status = await ask(door, request)
        await door.gateway.finish()
        if status not in STATUSES:
            raise Unforeseen(f"the answer is {status}")
        counted = door.refused
        if (status != 200) != (counted > 0):
            raise Unforeseen(f"{status} and {counted} refusals were counted")
        taken_in = int(status == 200 and request.get("path", WEBHOOK_PATH) == WEBHOOK_PATH)
        door.check(taken_in)
        neighbour = {"headers": HEADERS, "update": {**CASES[0].update, "update_id": 2**52}}
        if await ask(door, neighbour) != 200:
            raise Unforeseen("the neighbour was not taken in")
        await door.gateway.finish()
        door.check(taken_in + 1)
        return str(status)

    return run(step)


HEADERS = [[SECRET_HEADER.decode(), SECRET], ["content-type", "application/json"]]


def _requests() -> list[Json]:
    updates = [case.update for case in CASES[::9] if len(json.dumps(case.update)) < 3000]
    return [*({"headers": HEADERS, "update": update} for update in updates), *thought_of("webhook")]


class _Wire:
    """The transport of a connection that is nowhere."""

    def __init__(self) -> None:
        self.out = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.out += data

    def close(self) -> None:
        self.closed = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, _: str, default: object = None) -> object:
        return default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_protocol(self, _: object) -> None: ...


def wire(value: Json) -> str:
    """Send bytes in pieces over a connection of the server."""
    pieces = [as_bytes(piece) for piece in as_list(value)][:PIECES_MAX]
    if not any(pieces):
        raise NoCase

    async def step() -> str:
        door = Door()
        meter: ListenerMeter = door.webhook.listener
        state = State(Limits(), meter)
        config = uvicorn.Config(
            door.app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        config.load()
        connection, transport = Connection(config, state, {}), _Wire()
        connection.connection_made(cast(asyncio.Transport, transport))
        for piece in pieces:
            if not transport.closed:
                connection.data_received(piece)
            await _settle(state)
        if not transport.closed:
            connection.eof_received()
            transport.close()
        connection.connection_lost(None)
        await _settle(state)
        if state.tasks:
            raise Unforeseen("a request is handled for ever")
        await door.gateway.finish()
        statuses = statuses_in(transport.out)
        if not set(statuses) <= STATUSES:
            raise Unforeseen(f"the answers are {statuses}")
        if any(status >= 400 for status in statuses) and not door.refused:
            raise Unforeseen(f"the answers are {statuses}, and no refusal was counted")
        refuse_unforeseen([entry.row.reason for entry in door.database.tables.audit])
        return " ".join(map(str, statuses[:4])) or "nothing"

    return run(step)


async def _settle(state: State) -> None:
    for _ in range(60):
        await asyncio.sleep(0)
        if not state.tasks:
            return


def statuses_in(out: bytes) -> list[int]:
    """Return the statuses of the answers that were written."""
    lines = (line for line in out.split(b"\r\n") if line.startswith(b"HTTP/1.1 "))
    return [int(line[9:12]) for line in lines if line[9:12].isdigit()]


TARGETS = (
    Target(
        "webhook",
        "a request: method, path, headers with or without the secret, any body, whole, in pieces or cut short",
        "a status of the first table, counted where it is no 200; an audit row for each 200; the next one is taken in",
        webhook,
        _requests,
        WORDS["webhook"],
    ),
    Target(
        "wire",
        "bytes, in pieces, on a connection to the webhook's address",
        "answers with a status of the first table, or the end of the connection; no request is left behind",
        wire,
        lambda: thought_of("wire"),
        WORDS["wire"],
    ),
)

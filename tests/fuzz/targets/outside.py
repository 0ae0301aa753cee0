"""Targets: what Telegram, or whatever stands before it, answers to our calls.

Not here: updates, which are answers to polls that were taken in (``chats``).
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from adapters.telegram.client import HttpTelegram, _result
from adapters.telegram.http import HttpAnswer
from application.gateway import Gateway, introduce
from application.polling import Poller
from domain.decisions import Outcome
from domain.errors import TelegramError
from entrypoints.assembly import sender
from entrypoints.harness import BOT_ID
from tests.fuzz.house import ANN, BEN, House
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_int, as_list, as_object
from tests.fuzz.watch import Unforeseen, run
from tests.fuzz.words import WORDS, thought_of

ANSWERS_MAX = 8
CALL_S = 5.0


class Answering:
    """A Telegram that answers calls with what it is given, and afterwards as the simulated one does."""

    def __init__(self, real: Any, answers: list[Json]) -> None:
        self._real = real
        self._answers = answers
        self.bad_for: int | None = None

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """Answer one call."""
        if self._answers and (self.bad_for is None or params.get("chat_id", self.bad_for) == self.bad_for):
            return _result(answer_of(self._answers.pop(0)))
        result: object = await self._real.call(method, params, timeout_s)
        return result


def answer_of(value: Json) -> HttpAnswer:
    """Return the answer that an input describes."""
    given = as_object(value)
    body = (
        as_bytes(given["body"])
        if isinstance(given.get("body"), str)
        else json.dumps(given.get("json"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    return HttpAnswer(as_int(given.get("status", 200), 100, 999), body)


def sends(value: Json) -> str:
    """Answer the calls that deliver with anything."""
    given = as_list(value)[:ANSWERS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = House()
        harness = house.harness
        telegram = Answering(harness.poller.telegram, list(given))
        telegram.bad_for = ANN
        harness.sendings = sender(harness._ports("sender", claims=True), harness.settings, telegram)
        harness.world.say(ANN, ANN, "one *bold*")
        harness.world.say(BEN, BEN, "two")
        await harness.settle()
        if harness.texts(BEN) != ["two"]:
            raise Unforeseen("another chat was not answered")
        # What Telegram tells to wait for is waited for, however long; nothing may be owed for ever.
        for _ in range(60):
            if not harness.owed:
                break
            await harness.advance(_longest(house))
        if harness.owed:
            raise Unforeseen(f"{harness.owed} rows are owed for ever")
        await house.neighbour_is_answered()
        await house.check()
        rows = await harness.audit(consumer="sender")
        told = {f"{row.outcome.value}" for row in rows if row.scope == f"{BOT_ID}:u{ANN}"}
        if not told:
            raise Unforeseen("nothing is audited")
        return " ".join(sorted(told - {Outcome.ACCEPTED.value}))

    return run(step)


def _longest(house: House) -> float:
    rows = house.harness.database.tables.outbox.values()
    return max(60.0, max((row.available_at - house.harness.clock.now() for row in rows), default=0.0) + 1.0)


def polls(value: Json) -> str:
    """Answer polls, and the questions of the start, with anything."""
    given = as_list(value)[:ANSWERS_MAX]
    if not given:
        raise NoCase

    async def step() -> str:
        house = House()
        harness = house.harness
        telegram = Answering(harness.poller.telegram, list(given))
        told = []
        poller = Poller(harness.gateway, telegram, harness.clock, poll_timeout_s=0)
        for _ in range(len(given) + 1):
            try:
                told.append("took in" if await poller.once() else "nothing")
            except TelegramError as error:
                pause_s = poller._pause_after(error)
                if not 0 < pause_s < 1e12:
                    raise Unforeseen(f"a pause of {pause_s} s") from error
                told.append(type(error).__name__)
        await harness.gateway.finish()
        await harness.settle()
        telegram = Answering(harness.poller.telegram, list(given))
        harness.gateway.bot_name = None
        try:
            await introduce_once(harness.gateway, telegram)
        except TelegramError:
            told.append("unknown")
        harness.gateway.bot_name = "openclaw_bot"
        await house.neighbour_is_answered()
        await house.rest()
        await house.check()
        return " ".join(sorted(set(told)))

    return run(step)


async def introduce_once(gateway: Gateway, telegram: Answering) -> None:
    """Ask for the bot's name with no second try: the first refusal ends it."""
    stopping = asyncio.Event()

    class Once:
        async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
            stopping.set()
            return await telegram.call(method, params, timeout_s)

    await introduce(gateway, Once(), stopping)


def http(value: Json) -> str:
    """Answer a call of the client with any bytes, over a connection of its own."""
    pieces = [as_bytes(piece) for piece in as_list(value)][:ANSWERS_MAX]
    if not pieces:
        raise NoCase

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            # What is not complete now never will be.
            writer.close()
            await writer.wait_closed()

    async def step() -> str:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            async with HttpTelegram(f"{BOT_ID}:a-token-of-the-tests", f"http://127.0.0.1:{port}") as telegram:
                try:
                    await telegram.call("getMe", {}, CALL_S)
                except TelegramError as error:
                    if "token-of-the-tests" in str(error) or error.__cause__ is not None:
                        raise Unforeseen("an error that may tell the token") from error
                    return f"{type(error).__name__} {str(error).rpartition(': ')[2][:24]}"
        finally:
            server.close()
        return "a result"

    return run(step)


TARGETS = (
    Target(
        "http",
        "the bytes of an answer to a call of the Bot API: status lines, headers, bodies, in pieces, cut short",
        "a result, or an error that says whether the request may have taken effect, without the token",
        http,
        lambda: thought_of("http"),
        WORDS["http"],
    ),
    Target(
        "answer",
        "answers to sendMessage and the like: any status, any body, of Telegram or of a proxy before it",
        "delivered, waited for, tried again or a dead letter, audited; none owed for ever; other chats are answered",
        sends,
        lambda: thought_of("answer"),
        WORDS["answer"],
    ),
    Target(
        "poll",
        "answers to getUpdates and getMe: any status, any body",
        "updates are taken in, or the poll is repeated after a pause; a neighbour is answered",
        polls,
        lambda: thought_of("poll"),
        WORDS["answer"],
    ),
)

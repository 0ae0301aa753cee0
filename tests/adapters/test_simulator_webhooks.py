"""How the simulator pushes updates: with the secret, in order within a chat, until they are acknowledged."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.asgi import App, Request, Response, Route, Served, serve
from adapters.botworld import World
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import PushPolicy, SimulatorControl, SimulatorServer

TOKEN = "4242:secret"
PATIENCE_S = 10.0
SECRET = "s3cret_-"


class Hook:
    """A bot's webhook: notes what comes and answers as ``status`` says, or waits at the gate of a chat."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.secrets: set[bytes | None] = set()
        self.gates: dict[int, asyncio.Event] = {}
        self.waiting: set[int] = set()
        self.status: Callable[[int], int] = lambda delivery: 200
        self.answer = b""

    async def take(self, request: Request) -> Response:
        update: dict[str, Any] = await request.json()
        self.secrets.add(request.header(b"x-telegram-bot-api-secret-token"))
        chat_id = update["message"]["chat"]["id"]
        self.texts.append(update["message"]["text"])
        status = self.status(len(self.texts))
        if gate := self.gates.get(chat_id):
            self.waiting.add(chat_id)
            await gate.wait()
            self.waiting.discard(chat_id)
        return Response(status, self.answer)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
async def served(hook: Hook) -> AsyncIterator[Served]:
    server = await serve(App([Route("POST", "/hook", hook.take)]), stop_s_max=0.1)
    yield server
    for gate in hook.gates.values():
        gate.set()
    await server.stop()


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorServer]:
    policy = PushPolicy(retry_s=0.005, retry_s_max=0.02)
    async with SimulatorServer(world=World(time.time), push=policy) as simulator:
        simulator.world.add_bot(TOKEN)
        yield simulator


@pytest.fixture
async def telegram(simulator: SimulatorServer) -> AsyncIterator[HttpTelegram]:
    async with HttpTelegram(TOKEN, simulator.base_url) as telegram:
        yield telegram


async def set_webhook(telegram: HttpTelegram, served: Served, **params: object) -> None:
    await telegram.call("setWebhook", {"url": f"{served.base_url}/hook", **params}, PATIENCE_S)


async def info(telegram: HttpTelegram) -> dict[str, Any]:
    answer = await telegram.call("getWebhookInfo", {}, PATIENCE_S)
    assert isinstance(answer, dict)
    return answer


async def test_updates_are_pushed_with_the_secret_and_forgotten_when_acknowledged(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    simulator.world.say(7, 7, "before")
    await set_webhook(telegram, served, secret_token=SECRET)
    simulator.world.say(7, 7, "after")
    await until(lambda: len(simulator.world.queues[4242]) == 0)
    assert (hook.texts, hook.secrets) == (["before", "after"], {SECRET.encode()})
    assert (await info(telegram))["pending_update_count"] == 0


async def test_the_next_update_of_a_chat_waits_for_the_one_before_and_other_chats_do_not(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    hook.gates[7] = asyncio.Event()
    await set_webhook(telegram, served)
    for text in ("first", "second"):
        simulator.world.say(7, 7, text)
    await until(lambda: 7 in hook.waiting)
    simulator.world.say(8, 8, "other chat")
    await until(lambda: "other chat" in hook.texts)
    assert hook.texts == ["first", "other chat"]
    hook.gates[7].set()
    await until(lambda: "second" in hook.texts)


async def test_no_more_than_max_connections_deliveries_are_under_way(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    hook.gates = {chat: asyncio.Event() for chat in (1, 2, 3)}
    await set_webhook(telegram, served, max_connections=2)
    for chat in hook.gates:
        simulator.world.say(chat, chat, f"chat {chat}")
    await until(lambda: len(hook.waiting) == 2)
    assert hook.texts == ["chat 1", "chat 2"]
    hook.gates[1].set()
    await until(lambda: "chat 3" in hook.texts)


async def test_a_delivery_that_is_not_acknowledged_is_repeated_before_anything_else_of_its_chat(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    hook.status = lambda delivery: 200 if delivery > 4 else 503
    await set_webhook(telegram, served)
    for text in ("one", "two"):
        simulator.world.say(7, 7, text)
    await until(lambda: len(simulator.world.queues[4242]) == 0)
    assert hook.texts == ["one"] * 5 + ["two"]
    assert (await info(telegram))["last_error_message"] == (
        "Wrong response from the webhook: 503 Service Unavailable"
    )


async def test_updates_wait_for_a_webhook_that_cannot_be_reached(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    await telegram.call("setWebhook", {"url": "http://127.0.0.1:1/hook"}, PATIENCE_S)
    simulator.world.say(7, 7, "patience")
    async with asyncio.timeout(PATIENCE_S):
        while "last_error_message" not in await info(telegram):
            pass
    assert (await info(telegram))["pending_update_count"] == 1
    await set_webhook(telegram, served)
    await until(lambda: hook.texts == ["patience"])


async def test_deleting_the_webhook_stops_the_pushing_and_keeps_what_was_not_acknowledged(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    hook.gates[7] = asyncio.Event()
    await set_webhook(telegram, served)
    simulator.world.say(7, 7, "undecided")
    await until(lambda: 7 in hook.waiting)
    await telegram.call("deleteWebhook", {}, PATIENCE_S)
    updates = await telegram.call("getUpdates", {}, PATIENCE_S)
    assert isinstance(updates, list)
    assert [update["message"]["text"] for update in updates] == ["undecided"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"method": "sendMessage", "chat_id": 7, "text": "at once"}',
        b"method=sendMessage&chat_id=7&text=at+once",
        b'--b\r\nContent-Disposition: form-data; name="method"\r\n\r\nsendMessage\r\n'
        b'--b\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n7\r\n'
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nat once\r\n--b--\r\n',
    ],
)
async def test_an_answer_that_carries_a_call_makes_it(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook, body: bytes
) -> None:
    hook.answer = body
    await set_webhook(telegram, served)
    simulator.world.say(7, 7, "hello")
    await until(lambda: [effect.text for effect in simulator.world.record.of_chat(7)] == ["at once"])


async def test_each_update_can_be_delivered_several_times(
    simulator: SimulatorServer, telegram: HttpTelegram, served: Served, hook: Hook
) -> None:
    async with SimulatorControl(simulator.base_url) as control:
        await control.push_policy(deliveries=3)
        await set_webhook(telegram, served)
        for text in ("one", "two"):
            await control.say(7, 7, text)
    await until(lambda: len(simulator.world.queues[4242]) == 0)
    assert hook.texts == ["one"] * 3 + ["two"] * 3


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"url": "http://example.com/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://example.com", "secret_token": "no spaces"},
            "secret token contains unallowed characters",
        ),
        ({"url": "https://example.com", "secret_token": "x" * 257}, "secret token is too long"),
    ],
)
async def test_a_bad_webhook_is_refused(
    telegram: HttpTelegram, params: dict[str, object], error: str
) -> None:
    with pytest.raises(Exception, match=error):
        await telegram.call("setWebhook", params, PATIENCE_S)
    assert (await info(telegram))["url"] == ""

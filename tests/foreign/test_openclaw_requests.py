"""Every request that OpenClaw makes is one that aiogram's types of the Bot API's methods know, to the field."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.system import SystemClock
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorServer
from application.botcalls import bot_call, moved
from domain.events.telegram import TelegramAnswer, TelegramEdit, TelegramSend
from entrypoints.harness import TOKEN
from entrypoints.roles import ROLES
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret, TelegramMode
from tests.foreign.typed import faults_of_request

PATIENCE_S = 10.0
# No server listens there; a gateway without updates needs none.
NOWHERE = "127.0.0.1:1"
DELIVERIES = st.one_of(map(st.from_type, (TelegramSend, TelegramEdit, TelegramAnswer)))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    payload=DELIVERIES,
    repeat=st.booleans(),
    formatted=st.booleans(),
    message_id=st.integers(1),
    chat_id=st.integers(),
)
def test_every_delivery_becomes_a_request_that_aiogram_knows(
    payload: object, repeat: bool, formatted: bool, message_id: int, chat_id: int
) -> None:
    for each in (payload, moved(payload, chat_id)):
        call = bot_call(each, repeat=repeat, message_id=message_id)
        params = json.loads(json.dumps(call.all_params(formatted=formatted)))
        assert faults_of_request(call.method, params) == []


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        (TelegramMode.POLLING, {"setMyCommands", "deleteWebhook", "getMe", "getUpdates"}),
        (TelegramMode.WEBHOOK, {"setMyCommands", "setWebhook", "getMe"}),
    ],
)
async def test_what_a_gateway_asks_when_it_starts_is_known_to_aiogram(
    mode: TelegramMode, methods: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    complete = asyncio.Event()
    plain = HttpTelegram.call

    async def call(self: HttpTelegram, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        asked.append((method, json.loads(json.dumps(params))))
        if {name for name, _ in asked} >= methods:
            complete.set()
        return await plain(self, method, params, timeout_s)

    monkeypatch.setattr(HttpTelegram, "call", call)
    async with SimulatorServer() as server:
        server.world.add_bot(TOKEN)
        service = ROLES["gateway"].build(gateway_settings(mode, server.base_url), SystemClock())
        serving = [asyncio.ensure_future(serve()) for serve in service.serving]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await complete.wait()
        finally:
            for stop in service.stopping:
                stop()
            await asyncio.gather(*serving)
            for close in (service.metrics.survey.close, *service.closing):
                await close()
    assert {name for name, _ in asked} == methods
    assert [fault for method, params in asked for fault in faults_of_request(method, params)] == []


def gateway_settings(mode: TelegramMode, api_url: str) -> Settings:
    return Settings(
        telegram_token=Secret(TOKEN),
        telegram_api_url=api_url,
        telegram_mode=mode,
        webhook_url="https://bot.example.org/telegram/webhook",
        webhook_secret=Secret("a-secret-that-opens-nothing"),
        postgres_url=Secret(f"postgresql://nobody@{NOWHERE}/none"),
        redis_url=Secret(f"redis://{NOWHERE}/0"),
    )


@pytest.mark.parametrize(
    ("method", "params", "fault"),
    [
        ("sendMessage", {"chat_id": 1}, "sendMessage: text: Field required"),
        ("sendMessage", {"chat_id": 1, "text": "x", "thread": 4}, "sendMessage.thread: unknown to aiogram"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_parameters": {"message_id": 1, "reply": 2}},
            "sendMessage.reply_parameters.reply: unknown to aiogram",
        ),
        ("sendPigeon", {}, "sendPigeon: there is no such method"),
    ],
)
def test_what_aiogram_does_not_know_is_found(method: str, params: Mapping[str, object], fault: str) -> None:
    assert faults_of_request(method, params) == [fault]

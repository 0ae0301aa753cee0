"""Every request that OpenClaw makes is one that aiogram's types of the Bot API's methods know, to the field."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.botcalls import bot_call, moved
from domain.events.telegram import TelegramAnswer, TelegramEdit, TelegramSend
from tests.foreign.typed import faults_of_request

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

"""OpenClaw holds the conversation that the foreign bots hold, where it applies, and asks nothing that is not there."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.memory.telegram import MemoryTelegram
from entrypoints.harness import BOT_ID, TOKEN, Harness
from tests.foreign.conversation import STEPS
from tests.foreign.fixtures import stage_in
from tests.foreign.places import BOT
from tests.foreign.typed import faults_of_request

# Moves the clock past what a refusal asks to wait.
WAIT_S = 3.0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every request that OpenClaw makes, as it goes out."""
    requests: list[tuple[str, dict[str, Any]]] = []
    plain = MemoryTelegram.call

    async def call(
        self: MemoryTelegram, method: str, params: Mapping[str, object], timeout_s: float
    ) -> object:
        requests.append((method, json.loads(json.dumps(params))))
        return await plain(self, method, params, timeout_s)

    monkeypatch.setattr(MemoryTelegram, "call", call)
    return requests


async def test_openclaw_holds_the_conversation_where_it_applies(
    asked: list[tuple[str, dict[str, Any]]],
) -> None:
    assert BOT == BOT_ID
    harness = Harness()

    async def settle() -> None:
        await harness.settle()
        await harness.advance(WAIT_S)

    steps = [(step, sees) for step in STEPS if (sees := step.seen_of_openclaw()) is not None]
    async with stage_in(harness.world, TOKEN, settle) as stage:
        # Whether it shows that it types is its own affair, and no step's.
        stage.passed_over = frozenset({"sendChatAction"})
        for step, sees in steps:
            await stage.play(step, sees)
        await stage.close()
    needed = {"getUpdates", "sendMessage", "editMessageText", "answerCallbackQuery"}
    assert needed <= {method for method, _ in asked} <= needed | {"sendChatAction"}
    assert [fault for method, params in asked for fault in faults_of_request(method, params)] == []

"""Bots made with foreign libraries hold the scripted conversation against the simulator, by polling and by webhook."""

import time

import pytest

from adapters.botworld import World
from tests.foreign.conversation import STEPS
from tests.foreign.fixtures import stage_in
from tests.foreign.places import BO, BOT, CLUB
from tests.foreign.runners import RUNNERS
from tests.foreign.typed import faults_of_answer, faults_of_update

TOKEN = f"{BOT}:a-token-that-opens-nothing"
STEPS_MIN = 40


@pytest.mark.parametrize("runner", RUNNERS)
async def test_a_foreign_bot_holds_the_conversation(runner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # python-telegram-bot's way to ask for durations as they will be in its next major version.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with stage_in(World(time.time), TOKEN) as stage, RUNNERS[runner](TOKEN, stage.base_url) as otter:
        for step in STEPS:
            await stage.play(step)
        await stage.close()
    said = [str(error).lower() for error in otter.errors]
    assert ["query is too old" in said[0], "blocked" in said[1], "author" in said[2]] == [True] * 3, said
    assert len(said) == 3
    assert otter.left == [BO, CLUB]
    assert [fault for update in otter.wire.updates for fault in faults_of_update(update)] == []
    assert [
        fault for method, answer in otter.wire.answers for fault in faults_of_answer(method, answer)
    ] == []


def test_the_conversation_is_long_enough_and_each_of_its_steps_says_what_it_is_about() -> None:
    assert len(STEPS) >= STEPS_MIN
    names = [step.what for step in STEPS]
    assert sorted(set(names)) == sorted(names)

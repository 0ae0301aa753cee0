"""Bots made with foreign libraries hold the scripted conversation against the simulator, by polling and by webhook."""

import time
from pathlib import Path

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import SendMessage
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from adapters.botworld import World
from tests.foreign.conversation import STEPS
from tests.foreign.fixtures import stage_in
from tests.foreign.places import ANN, BO, BOT, CLUB
from tests.foreign.runners import RUNNERS, site
from tests.foreign.script import Say, See, Step
from tests.foreign.typed import faults_of_answer, faults_of_update

TOKEN = f"{BOT}:a-token-that-opens-nothing"
STEPS_MIN = 40
PAGE = Path(__file__).parents[2] / "docs" / "TELEGRAM_SIMULATOR.md"


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


async def test_a_foreign_bot_may_answer_a_webhook_with_a_call_of_a_method() -> None:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> SendMessage:
        return message.answer(message.text, parse_mode="HTML")

    async with stage_in(World(time.time), TOKEN) as stage:
        bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(stage.base_url)))
        app = web.Application()
        SimpleRequestHandler(dispatcher, bot, handle_in_background=False).register(app, path="/hook")
        async with site(app) as address:
            await bot.set_webhook(f"{address}/hook")
            await stage.play(
                Step("said in the answer", Say(ANN, ANN, "<b>hi</b>"), See(ANN, "hi", entities=("bold",)))
            )
            await bot.delete_webhook()


def test_the_conversation_is_as_long_as_its_page_says_and_each_step_says_what_it_is_about() -> None:
    page = PAGE.read_text(encoding="utf-8")
    ours = sum(step.seen_of_openclaw() is not None for step in STEPS)
    assert f"{len(STEPS)} steps" in page
    assert f"the {ours} of these steps" in page
    assert min(len(STEPS), ours) >= STEPS_MIN
    names = [step.what for step in STEPS]
    assert sorted(set(names)) == sorted(names)

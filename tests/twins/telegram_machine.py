"""Telegram side by side: the bot's calls over HTTP to the simulator and in memory, each with a world of its own.

Both worlds live through the same: what people do, and which calls go wrong. Not here: faults that take time, and polls
that wait (``tests/contract``), and what a call does to a world, which both have in common (``tests/unit``).
"""

import asyncio
from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.botworld import Fault, FaultKind, World, blocked, http_500, rate_limited
from adapters.botworld.values import WorldError
from adapters.memory.clock import START_S, ManualClock
from adapters.memory.telegram import MemoryTelegram
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorServer
from application.ports import Telegram
from domain.errors import Refused
from tests.twins.sides import Machine, Sides, Told, told

TOKEN, BOT_ID = "4242:twins-Token_secret", 4242
ANN, BEN, GROUP, BIG = 7, 8, -5, -1001
PATIENCE_S = 10.0
KEYBOARD = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}

chats = st.sampled_from([ANN, BEN, GROUP, BIG, 99, None, "7", 7.0, True])
texts = st.sampled_from(
    [
        "hello",
        "",
        " ",
        "<b>bold</b>",
        "<b>torn",
        "*a* _b_",
        "😀é\u0000\u2028",
        "x" * 4097,
        None,
        5,
        ["list"],
        "\ud800",
    ]
)
sends = st.fixed_dictionaries(
    {"chat_id": chats, "text": texts},
    optional={
        "parse_mode": st.sampled_from(["HTML", "MarkdownV2", "other", None]),
        "reply_markup": st.sampled_from([KEYBOARD, {}, "text", None]),
        "entities": st.sampled_from(
            [[{"type": "bold", "offset": 0, "length": 2}], [], None, [{"type": "bold"}]]
        ),
        "message_thread_id": st.sampled_from([1, 5, None]),
        "reply_parameters": st.sampled_from(
            [{"message_id": 1}, {"message_id": 99, "allow_sending_without_reply": True}]
        ),
        "disable_notification": st.booleans(),
        "unknown": st.sampled_from([1e300, 2**63, -0.0, {"deep": [None, {}]}, None]),
    },
)
edits = st.fixed_dictionaries({"chat_id": chats, "message_id": st.integers(1, 6), "text": texts})
others = st.sampled_from(
    [
        ("getMe", {}), ("GETME", {}), ("getUpdates", {}), ("getUpdates", {"offset": -1}), ("getUpdates", {"limit": 1}),
        ("answerCallbackQuery", {"callback_query_id": "none"}), ("sendPigeon", {}), ("getMyCommands", {}),
        ("setMyCommands", {"commands": [{"command": "help", "description": "What I can do"}]}),
        ("setMyCommands", {"commands": "none"}), ("sendChatAction", {"chat_id": ANN, "action": "typing"}),
        ("deleteMessage", {"chat_id": ANN, "message_id": 1}), ("getChat", {"chat_id": GROUP}), ("", {}), ("get/Me", {}),
    ]
)  # fmt: skip
faults = st.sampled_from(
    [
        http_500(), blocked("sendMessage", ANN), rate_limited(37), Fault(FaultKind.GATEWAY, code=502),
        Fault(FaultKind.GATEWAY, code=413), Fault(FaultKind.RESET_BEFORE), Fault(FaultKind.RESET_AFTER),
        Fault(FaultKind.SLOW),
        Fault(FaultKind.REFUSE, code=400, description="Bad Request: «é»", migrate_to_chat_id=BIG),
        Fault(FaultKind.REFUSE, "getUpdates", code=409, description="Conflict", count=2), http_500("editMessageText"),
    ]
)  # fmt: skip


class TelegramStage(Sides):
    """A simulator that is served and one in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.time = START_S

    def begin(self) -> None:
        """Begin anew, with two worlds that are alike."""
        self.has_diverged = False
        self.worlds = [self._world(), self._world()]
        self.server = self.run(SimulatorServer(world=self.worlds[0], control=False).start())
        self.real = HttpTelegram(TOKEN, self.server.base_url)
        self.fake = MemoryTelegram(self.worlds[1], TOKEN, ManualClock())

    def _world(self) -> World:
        world = World(lambda: self.time, first_update_id=1000, first_message_id=1)
        world.add_bot(TOKEN)
        world.say(ANN, ANN, "hi")
        world.add_group(GROUP, "Group", kind="group")
        return world

    def close(self) -> None:
        """Let go of a pair of worlds."""
        self.run(self.real.aclose())
        self.run(self.server.stop())
        self.run(self.fake.aclose())


class TelegramMachine(Machine):
    """See the module."""

    stage: TelegramStage

    def __init__(self) -> None:
        super().__init__()
        self.stage.begin()

    def teardown(self) -> None:
        self.stage.close()

    @rule(params=sends)
    def send(self, params: dict[str, Any]) -> None:
        self._call("sendMessage", params)

    @rule(params=edits)
    def edit(self, params: dict[str, Any]) -> None:
        self._call("editMessageText", params)

    @rule(call=others)
    def call(self, call: tuple[str, dict[str, Any]]) -> None:
        self._call(*call)

    @rule(offset=st.integers(0, 8))
    def poll(self, offset: int) -> None:
        self._call("getUpdates", {"offset": 1000 + offset, "timeout": 0})

    @rule(fault=faults)
    def plan(self, fault: Fault) -> None:
        for world in self.stage.worlds:
            world.faults.add(fault)

    @rule(
        act=st.sampled_from(["say", "block", "unblock", "press", "migrate", "leave"]),
        message_id=st.integers(1, 4),
    )
    def live(self, act: str, message_id: int) -> None:
        """Let people do something in both worlds; what one refuses the other does too."""
        came = []
        for world in self.stage.worlds:
            deeds = {
                "say": lambda world=world: world.say(GROUP, BEN, "/help"),  # type: ignore[misc]
                "block": lambda world=world: world.block(ANN),  # type: ignore[misc]
                "unblock": lambda world=world: world.unblock(ANN),  # type: ignore[misc]
                "press": lambda world=world: world.press(ANN, ANN, message_id, "yes"),  # type: ignore[misc]
                "migrate": lambda world=world: world.migrate(GROUP, BIG),  # type: ignore[misc]
                "leave": lambda world=world: world.leave(GROUP, BEN),  # type: ignore[misc]
            }
            try:
                came.append(Told(repr(deeds[act]())))
            except WorldError as error:
                came.append(Told(error=str(error)))
        self.stage.agreed(*came)

    def _call(self, method: str, params: dict[str, Any]) -> None:
        stage = self.stage
        stage.time += 1.0
        real = stage.run(told(_answer(stage.real, method, params), lambda value: value))
        fake = stage.run(told(_answer(stage.fake, method, params), lambda value: value))
        stage.count("calls", real)
        stage.agreed(real, fake)
        stage.run(_over(stage.worlds[0]))
        stage.agreed(*(Told(_record(world)) for world in stage.worlds))


async def _answer(telegram: Telegram, method: str, params: dict[str, Any]) -> object:
    try:
        return await telegram.call(method, params, PATIENCE_S)
    except Refused as error:
        return error.refusal


async def _over(world: World) -> None:
    """Wait until the server has noticed that nobody waits for its answer."""
    async with asyncio.timeout(PATIENCE_S):
        while world.record.in_flight():
            await asyncio.sleep(0)


def _record(world: World) -> object:
    """Tell what a world knows of the bot's calls."""
    effects = [effect.as_json() for chat in (ANN, BEN, GROUP, BIG) for effect in world.record.of_chat(chat)]
    calls = [evolve(call, text=None) for call in world.record.made()]
    return effects, calls, dict(world.record.total), dict(world.record.refused), world.faults.as_json()

"""What every implementation of the Telegram port promises, on two legs: in memory, and over HTTP to the simulator."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.botworld import Fault, FaultKind, World, blocked, http_500, rate_limited
from adapters.memory.telegram import MemoryTelegram
from adapters.system import SystemClock
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorServer
from application.ports import Telegram
from domain.errors import NoAnswer, NotSent, Refused

TOKEN = "4242:contract-Token_secret"
ANN, GROUP = 7, -1001
PATIENCE_S = 10.0
SHORT_S = 0.15
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
KEYBOARD = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
Connect = Callable[[str], Telegram]


def new_world() -> World:
    world = World(time.time, first_update_id=1000, first_message_id=1)
    world.add_bot(TOKEN)
    return world


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds, letting the other tasks and the sockets run."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


class Scene:
    """The only caller of the port in this suite: a bot at its Telegram, whose people act through ``world``."""

    def __init__(self, telegram: Telegram, world: World) -> None:
        self.telegram = telegram
        self.world = world
        world.say(ANN, ANN, "hi")

    async def call(self, method: str, timeout_s: float = PATIENCE_S, **params: object) -> Any:
        return await self.telegram.call(method, params, timeout_s)

    async def send(self, text: str = "hello", timeout_s: float = PATIENCE_S, **params: object) -> Any:
        return await self.call("sendMessage", timeout_s, **{"chat_id": ANN, "text": text, **params})

    async def refused(self, method: str, **params: object) -> str:
        with pytest.raises(Refused) as caught:
            await self.call(method, **params)
        return f"{caught.value.refusal.code} {caught.value.refusal.description}"

    def reached(self, chat_id: int = ANN) -> list[str | None]:
        return [effect.text for effect in self.world.record.of_chat(chat_id)]

    def polls(self) -> int:
        return len(self.world.record.in_flight("getUpdates"))


@pytest.fixture
def scene(telegram: Telegram, world: World) -> Scene:
    return Scene(telegram, world)


class TelegramContract:
    """The promises of the port."""

    async def test_the_bot_knows_who_it_is(self, scene: Scene) -> None:
        assert isinstance(scene.telegram, Telegram)
        assert (await scene.call("getMe"))["id"] == 4242

    async def test_what_a_person_says_comes_as_an_update_with_its_entities(self, scene: Scene) -> None:
        said = scene.world.say(ANN, ANN, "/start now")
        updates = await scene.call("getUpdates", offset=said.update_ids[0])
        (update,) = updates
        message = update["message"]
        assert (update["update_id"], message["message_id"]) == (said.update_ids[0], said.message_id)
        assert (message["chat"]["id"], message["from"]["id"], message["text"]) == (ANN, ANN, "/start now")
        assert message["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]

    async def test_updates_stay_until_a_higher_offset_confirms_them(self, scene: Scene) -> None:
        first = (await scene.call("getUpdates"))[0]["update_id"]
        assert (await scene.call("getUpdates"))[0]["update_id"] == first
        assert await scene.call("getUpdates", offset=first + 1) == []
        assert await scene.call("getUpdates") == []

    async def test_a_long_poll_answers_as_soon_as_someone_writes(self, scene: Scene) -> None:
        poll = asyncio.create_task(scene.call("getUpdates", offset=1001, timeout=30))
        await until(lambda: scene.polls() == 1)
        scene.world.say(ANN, ANN, "wake up")
        async with asyncio.timeout(PATIENCE_S):
            (update,) = await poll
        assert update["message"]["text"] == "wake up"

    async def test_a_second_poll_ends_the_first_with_409(self, scene: Scene) -> None:
        first = asyncio.create_task(scene.call("getUpdates", offset=1001, timeout=30))
        await until(lambda: scene.polls() == 1)
        assert await scene.call("getUpdates", offset=1001) == []
        with pytest.raises(Refused, match="409 Conflict: terminated by other getUpdates request"):
            await first

    async def test_polling_is_refused_while_a_webhook_is_set(self, scene: Scene) -> None:
        await scene.call("setWebhook", url="https://203.0.113.1/hook", allowed_updates=[])
        assert (await scene.refused("getUpdates")).startswith(
            "409 Conflict: can't use getUpdates method while"
        )
        await scene.call("deleteWebhook", drop_pending_updates=True)
        assert await scene.call("getUpdates") == []

    async def test_only_the_kinds_that_the_bot_allows_are_queued(self, scene: Scene) -> None:
        await scene.call("getUpdates", offset=1001, allowed_updates=["callback_query"])
        scene.world.say(ANN, ANN, "not wanted")
        assert await scene.call("getUpdates") == []

    async def test_a_message_reaches_the_chat_and_its_result_says_which(self, scene: Scene) -> None:
        sent = await scene.send("hello", reply_parameters={"message_id": 1})
        assert (sent["message_id"], sent["text"], sent["chat"]["id"]) == (2, "hello", ANN)
        assert sent["reply_to_message"]["text"] == "hi"
        (effect,) = scene.world.record.of_chat(ANN)
        assert (effect.method, effect.message_id, effect.text) == ("sendMessage", 2, "hello")

    async def test_parameters_that_are_none_are_left_out(self, scene: Scene) -> None:
        await scene.send("hello", parse_mode=None, message_thread_id=None)
        assert set(scene.world.record.of_chat(ANN)[0].params) == {"chat_id", "text"}

    @pytest.mark.parametrize(
        ("params", "answer"),
        [
            ({"text": " \n"}, "400 Bad Request: text must be non-empty"),
            ({"text": None}, "400 Bad Request: message text is empty"),
            ({"text": "x" * 4097}, "400 Bad Request: message is too long"),
            ({"text": "😀" * 2049}, "400 Bad Request: message is too long"),
            ({"chat_id": 999}, "400 Bad Request: chat not found"),
            ({"chat_id": None}, "400 Bad Request: chat_id is empty"),
            ({"message_thread_id": 5}, "400 Bad Request: message thread not found"),
            ({"reply_parameters": {"message_id": 99}}, "400 Bad Request: message to be replied not found"),
            (
                {"text": "<b>x", "parse_mode": "HTML"},
                "400 Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
            ),
            (
                {"text": "x.", "parse_mode": "MarkdownV2"},
                "400 Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the "
                "preceding '\\'",
            ),
            (
                {"reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "y" * 65}]]}},
                "400 Bad Request: BUTTON_DATA_INVALID",
            ),
        ],
    )
    async def test_a_bad_message_is_refused_in_telegrams_words_and_changes_nothing(
        self, scene: Scene, params: dict[str, object], answer: str
    ) -> None:
        assert await scene.refused("sendMessage", **{"chat_id": ANN, "text": "x", **params}) == answer
        assert scene.reached() == []

    async def test_4096_units_are_not_too_long(self, scene: Scene) -> None:
        assert (await scene.send("😀" * 2048))["text"] == "😀" * 2048

    async def test_who_blocked_the_bot_is_not_reached(self, scene: Scene) -> None:
        scene.world.block(ANN)
        answer = await scene.refused("sendMessage", chat_id=ANN, text="x")
        assert answer == "403 Forbidden: bot was blocked by the user"

    async def test_a_group_that_became_a_supergroup_names_its_new_id(self, scene: Scene) -> None:
        scene.world.add_group(-5, "Old", kind="group")
        scene.world.migrate(-5, GROUP)
        with pytest.raises(Refused) as caught:
            await scene.send(chat_id=-5)
        assert caught.value.refusal.migrate_to_chat_id == GROUP
        assert (await scene.send(chat_id=GROUP))["chat"]["id"] == GROUP

    async def test_an_edit_changes_the_text_once(self, scene: Scene) -> None:
        message_id = (await scene.send("one"))["message_id"]
        place = {"chat_id": ANN, "message_id": message_id}
        assert (await scene.call("editMessageText", text="two", **place))["text"] == "two"
        assert (
            await scene.refused("editMessageText", text="two", **place) == f"400 Bad Request: {NOT_MODIFIED}"
        )
        gone = await scene.refused("editMessageText", chat_id=ANN, message_id=99, text="x")
        assert gone == "400 Bad Request: message to edit not found"
        assert scene.world.message(4242, ANN, message_id)["text"] == "two"

    async def test_a_pressed_button_is_answered(self, scene: Scene) -> None:
        message_id = (await scene.send("sure?", reply_markup=KEYBOARD))["message_id"]
        query_id, said = scene.world.press(ANN, ANN, message_id, "yes")
        (update,) = await scene.call("getUpdates", offset=said.update_ids[0])
        assert (update["callback_query"]["id"], update["callback_query"]["data"]) == (query_id, "yes")
        assert await scene.call("answerCallbackQuery", callback_query_id=query_id) is True
        answer = await scene.refused("answerCallbackQuery", callback_query_id="none")
        assert answer.startswith("400 Bad Request: query is too old and response timeout expired")

    async def test_the_command_menu_is_kept(self, scene: Scene) -> None:
        menu = [{"command": "help", "description": "What I can do"}]
        assert await scene.call("setMyCommands", commands=menu) is True
        assert await scene.call("getMyCommands") == menu

    async def test_an_unknown_token_is_unauthorized(self, connect: Connect) -> None:
        with pytest.raises(Refused, match="401 Unauthorized"):
            await connect("4242:wrong").call("getMe", {}, PATIENCE_S)

    async def test_an_unknown_method_is_not_found(self, scene: Scene) -> None:
        assert await scene.refused("sendPigeon") == "404 Not Found: method not found"

    @pytest.mark.parametrize(
        ("fault", "error", "takes_effect"),
        [
            (http_500(), Refused, False),
            (blocked(), Refused, False),
            (rate_limited(3), Refused, False),
            (Fault(FaultKind.GATEWAY, code=502), Refused, False),
            (Fault(FaultKind.HANG_BEFORE), NoAnswer, False),
            (Fault(FaultKind.HANG_AFTER), NoAnswer, True),
            (Fault(FaultKind.RESET_BEFORE), NoAnswer, False),
            (Fault(FaultKind.RESET_AFTER), NoAnswer, True),
            (Fault(FaultKind.SLOW, delay_s=0.01), None, True),
            (Fault(FaultKind.SLOW, delay_s=3 * SHORT_S), NoAnswer, True),
        ],
        ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Fault) else "",
    )
    async def test_each_fault_brings_its_error_and_only_some_take_effect(
        self, scene: Scene, fault: Fault, error: type[Exception] | None, takes_effect: bool
    ) -> None:
        scene.world.faults.add(fault)
        if error is None:
            await scene.send()
        else:
            with pytest.raises(error):
                await scene.send(timeout_s=SHORT_S)
        await until(lambda: scene.reached() == ["hello"] * takes_effect)
        await scene.send("again")
        assert scene.reached() == ["hello"] * takes_effect + ["again"]

    async def test_a_fault_meets_only_its_method_and_chat_and_only_so_often(self, scene: Scene) -> None:
        scene.world.say(8, 8, "hi")
        scene.world.faults.add(http_500("sendMessage", ANN, count=2))
        await scene.call("getMe")
        await scene.send(chat_id=8)
        for _ in range(2):
            assert await scene.refused("sendMessage", chat_id=ANN, text="x") == "500 Internal Server Error"
        await scene.send("through")
        assert scene.reached() == ["through"]

    async def test_being_rate_limited_says_how_long_to_wait(self, scene: Scene) -> None:
        scene.world.faults.add(rate_limited(37))
        with pytest.raises(Refused) as caught:
            await scene.send()
        assert (caught.value.refusal.code, caught.value.refusal.retry_after_s) == (429, 37)

    async def test_what_stands_in_between_is_not_counted_as_a_refusal_of_telegrams(
        self, scene: Scene
    ) -> None:
        scene.world.faults.add(Fault(FaultKind.GATEWAY, code=502))
        assert (await scene.refused("getMe")).startswith("502 ")
        assert dict(scene.world.record.refused) == {}

    async def test_a_poll_may_lose_its_answer_as_any_call_may(self, scene: Scene) -> None:
        scene.world.faults.add(Fault(FaultKind.RESET_AFTER))
        with pytest.raises(NoAnswer):
            await scene.call("getUpdates", offset=1001)
        assert await scene.call("getUpdates") == [], "it was performed all the same"

    @pytest.mark.parametrize("method", ["", "get/Me", "get_me", "getMe?"])
    async def test_what_no_method_is_called_is_not_asked_for(self, scene: Scene, method: str) -> None:
        with pytest.raises(ValueError, match="not a Bot API method"):
            await scene.call(method)

    async def test_a_poll_that_outlasts_its_bound_brings_no_answer(self, scene: Scene) -> None:
        with pytest.raises(NoAnswer):
            await scene.call("getUpdates", SHORT_S, offset=1001, timeout=30)

    async def test_a_request_that_cannot_leave_is_not_sent(self, unreachable: Telegram, world: World) -> None:
        with pytest.raises(NotSent):
            await unreachable.call("getMe", {}, PATIENCE_S)

    async def test_a_cancelled_call_is_cancelled_and_no_longer_in_flight(self, scene: Scene) -> None:
        scene.world.faults.add(Fault(FaultKind.HANG_BEFORE))
        call = asyncio.create_task(scene.send())
        await until(lambda: len(scene.world.record.in_flight("sendMessage")) == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: not scene.world.record.in_flight())

    async def test_a_result_is_a_copy(self, scene: Scene) -> None:
        sent = await scene.send("mine")
        sent["text"] = "yours"
        assert scene.world.message(4242, ANN, sent["message_id"])["text"] == "mine"


class TestInMemory(TelegramContract):
    """The in-memory fake."""

    @pytest.fixture
    def world(self) -> World:
        return new_world()

    @pytest.fixture
    def connect(self, world: World) -> Connect:
        return lambda token: MemoryTelegram(world, token, SystemClock())

    @pytest.fixture
    def telegram(self, connect: Connect) -> Telegram:
        return connect(TOKEN)

    @pytest.fixture
    def unreachable(self, telegram: Telegram, world: World) -> Telegram:
        world.faults.add(Fault(FaultKind.NOT_SENT))
        return telegram


class TestOverHttp(TelegramContract):
    """The real client, at the simulator."""

    @pytest.fixture
    async def simulator(self) -> AsyncIterator[SimulatorServer]:
        async with SimulatorServer(world=new_world()) as simulator:
            yield simulator

    @pytest.fixture
    def world(self, simulator: SimulatorServer) -> World:
        return simulator.world

    @pytest.fixture
    async def connect(self, simulator: SimulatorServer) -> AsyncIterator[Connect]:
        clients: list[HttpTelegram] = []

        def open_client(token: str) -> Telegram:
            clients.append(HttpTelegram(token, simulator.base_url))
            return clients[-1]

        yield open_client
        for client in clients:
            await client.aclose()

    @pytest.fixture
    def telegram(self, connect: Connect) -> Telegram:
        return connect(TOKEN)

    @pytest.fixture
    async def unreachable(self, simulator: SimulatorServer) -> AsyncIterator[Telegram]:
        async with HttpTelegram(TOKEN, simulator.base_url) as client:
            await simulator.stop()
            yield client

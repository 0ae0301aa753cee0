"""The simulator as a stranger sees it over HTTP: forms and queries, the control interface, what it refuses."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from adapters.asgi import CannotServe
from adapters.botworld import Fault, FaultKind, RateLimits, World
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorControl, SimulatorError, SimulatorServer, fresh_world
from domain.errors import NoAnswer, Refused

TOKEN = "4242:secret"
ANN = 7
PATIENCE_S = 10.0


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(world=World(time.time)) as simulator:
        simulator.world.add_bot(TOKEN)
        simulator.world.say(ANN, ANN, "hi")
        yield simulator


@pytest.fixture
async def web(simulator: SimulatorServer) -> AsyncIterator[httpx.AsyncClient]:
    """A plain web client at the bot's path."""
    base = f"{simulator.base_url}/bot{TOKEN}/"
    async with httpx.AsyncClient(transport=AiohttpTransport(), base_url=base, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def control(simulator: SimulatorServer) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(simulator.base_url) as control:
        yield control


@pytest.fixture
async def telegram(simulator: SimulatorServer) -> AsyncIterator[HttpTelegram]:
    async with HttpTelegram(TOKEN, simulator.base_url) as telegram:
        yield telegram


async def test_parameters_may_come_in_the_query(web: httpx.AsyncClient) -> None:
    answer = (await web.get("sendMessage", params={"chat_id": ANN, "text": "a query"})).json()
    assert (answer["ok"], answer["result"]["text"]) == (True, "a query")


async def test_parameters_may_come_as_a_form_with_json_inside(web: httpx.AsyncClient) -> None:
    keyboard = '{"inline_keyboard":[[{"text":"A","callback_data":"a"}]]}'
    form = {"chat_id": str(ANN), "text": "a form", "reply_markup": keyboard}
    result = (await web.post("sendMessage", data=form)).json()["result"]
    assert result["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "a"


async def test_method_names_may_be_in_any_case(web: httpx.AsyncClient) -> None:
    assert (await web.post("GETME")).json()["result"]["username"] == "openclaw_bot"


async def test_the_status_line_carries_the_error_code(
    web: httpx.AsyncClient, simulator: SimulatorServer
) -> None:
    answer = await web.post("sendMessage", json={"chat_id": 99, "text": "x"})
    expected = {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
    assert (answer.status_code, answer.json()) == (400, expected)


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("multipart/form-data", b"x", 400),
        ("text/plain", b"x", 415),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    web: httpx.AsyncClient, content_type: str, body: bytes, code: int
) -> None:
    answer = await web.post("getMe", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (code, code)


async def test_a_fresh_world_repeats_no_ids_of_an_earlier_one() -> None:
    said = []
    for now in (1_800_000_000.0, 1_800_000_060.0):
        world = fresh_world(lambda now=now: now)
        world.add_bot(TOKEN)
        said.append(world.say(ANN, ANN, "hi"))
    assert said[1].message_id == said[0].message_id + 60
    assert said[0].update_ids != said[1].update_ids


async def test_people_act_through_the_control_interface(
    control: SimulatorControl, telegram: HttpTelegram
) -> None:
    said = await control.say(8, 8, "/start", first_name="Bo", username="bo")
    await control.edit(8, said.message_id, "/help")
    updates = await telegram.call("getUpdates", {"offset": said.update_ids[0]}, PATIENCE_S)
    assert isinstance(updates, list)
    assert [next(iter(set(update) - {"update_id"})) for update in updates] == ["message", "edited_message"]
    sender = {"id": 8, "is_bot": False, "first_name": "Bo", "username": "bo", "language_code": "en"}
    assert updates[0]["message"]["from"] == sender
    assert updates[1]["edited_message"]["text"] == "/help"


async def test_a_button_is_pressed_through_the_control_interface(
    control: SimulatorControl, telegram: HttpTelegram
) -> None:
    keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    await telegram.call("sendMessage", {"chat_id": ANN, "text": "?", "reply_markup": keyboard}, PATIENCE_S)
    (effect,) = await control.record(ANN)
    assert effect.message_id is not None
    query_id = await control.press(ANN, ANN, effect.message_id, "a")
    await telegram.call("answerCallbackQuery", {"callback_query_id": query_id}, PATIENCE_S)
    with pytest.raises(SimulatorError, match="has no button with the data 'b'"):
        await control.press(ANN, ANN, effect.message_id, "b")


async def test_the_record_can_be_waited_for(control: SimulatorControl, telegram: HttpTelegram) -> None:
    waiting = asyncio.create_task(control.record(ANN, wait_s=PATIENCE_S))
    await telegram.call("sendMessage", {"chat_id": ANN, "text": "one"}, PATIENCE_S)
    (first,) = await waiting
    await telegram.call("sendMessage", {"chat_id": ANN, "text": "two"}, PATIENCE_S)
    (second,) = await control.wait_for(ANN, 1, after=first.seq)
    assert (first.text, second.text) == ("one", "two")
    assert await control.record(ANN, after=second.seq) == []
    with pytest.raises(TimeoutError, match=f"2 of 3 reached chat {ANN}"):
        await control.wait_for(ANN, 3, within_s=0.05)


async def test_calls_in_flight_are_seen_and_can_be_released(
    control: SimulatorControl, telegram: HttpTelegram
) -> None:
    await control.add_fault(Fault(FaultKind.HANG_AFTER, "sendMessage", count=None))
    calls = [
        asyncio.create_task(telegram.call("sendMessage", {"chat_id": ANN, "text": "x"}, PATIENCE_S))
        for _ in range(2)
    ]
    await control.wait_for(ANN, 2)
    counters = await control.counters()
    assert [call["method"] for call in counters["in_flight"]] == ["sendMessage", "sendMessage"]
    assert counters["in_flight_peak_of_chat"] == {str(ANN): 2}
    await control.clear_faults()
    assert await control.release_hung() == 2
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NoAnswer, NoAnswer]
    await telegram.call("sendMessage", {"chat_id": ANN, "text": "y"}, PATIENCE_S)


async def test_rate_limits_are_enforced_on_demand(control: SimulatorControl, telegram: HttpTelegram) -> None:
    await control.limit_rates(RateLimits(per_chat_s=0.1, chat_burst=1))
    params = {"chat_id": ANN, "text": "x"}
    await telegram.call("sendMessage", params, PATIENCE_S)
    with pytest.raises(Refused) as caught:
        await telegram.call("sendMessage", params, PATIENCE_S)
    assert (caught.value.refusal.code, caught.value.refusal.retry_after_s) == (429, 10)
    await control.limit_rates(None)
    await telegram.call("sendMessage", params, PATIENCE_S)


async def test_groups_blocking_and_migration_go_through_the_control_interface(
    control: SimulatorControl, telegram: HttpTelegram
) -> None:
    await control.add_group(-5, title="Old", kind="group")
    await control.migrate(-5, -1005)
    with pytest.raises(Refused, match="upgraded"):
        await telegram.call("sendMessage", {"chat_id": -5, "text": "x"}, PATIENCE_S)
    await control.block(-1005)
    with pytest.raises(Refused, match="403 Forbidden: bot was kicked from the supergroup chat"):
        await telegram.call("sendMessage", {"chat_id": -1005, "text": "x"}, PATIENCE_S)
    await control.unblock(-1005)
    await telegram.call("sendMessage", {"chat_id": -1005, "text": "x"}, PATIENCE_S)
    assert (await control.message(-1005, 3))["text"] == "x"


async def test_raw_updates_are_passed_on_as_they_are(
    control: SimulatorControl, telegram: HttpTelegram
) -> None:
    odd = {"update_id": 77, "pigeon": {"colour": "grey"}}
    assert await control.inject(odd) == 77
    assert await telegram.call("getUpdates", {"offset": 77}, PATIENCE_S) == [odd]


@pytest.mark.parametrize(
    ("action", "fields", "error"),
    [
        ("say", {"chat_id": 1, "text": "x"}, "user_id: missing"),
        ("say", {"chat_id": "1", "user_id": 1, "text": "x"}, "chat_id: must be an integer"),
        ("say", {"chat_id": 1, "user_id": 1}, "text: missing"),
        ("say", {"chat_id": 1, "user_id": 2, "text": "x"}, "chat 1 is the private chat of user 1, not of 2"),
        (
            "say",
            {"chat_id": 1, "user_id": 1, "text": "x", "bot_id": 9},
            "say which bot is meant by bot_id; .*",
        ),
        ("faults", {"kind": "meteor"}, "kind: must be one of refuse, gateway, .*"),
        ("bots", {"token": "nonsense"}, "a bot token looks like 123456:abc"),
        ("bots", {"token": "4242:other"}, "the bot 4242 exists already, with another token"),
        ("record", {}, "chat_id: missing"),
        ("message", {"chat_id": ANN, "message_id": 99}, f"there is no message 99 in chat {ANN}"),
        ("fly", {}, "there is no such action; there are: say, .*"),
    ],
)
async def test_a_bad_control_request_is_refused_by_field_name(
    control: SimulatorControl, action: str, fields: dict[str, object], error: str
) -> None:
    with pytest.raises(SimulatorError, match=f"^{error}$"):
        await control.act(action, **fields)


async def test_the_control_interface_answers_on_loopback_names_only(simulator: SimulatorServer) -> None:
    async with httpx.AsyncClient(transport=AiohttpTransport(), base_url=simulator.base_url) as client:
        answer = await client.post("/control/counters", json={}, headers={"host": "evil.example"})
        assert answer.status_code == 403
        form = await client.post("/control/counters", data={"a": "b"})
        assert form.status_code == 415


async def test_the_control_interface_can_be_off() -> None:
    async with SimulatorServer(control=False) as simulator, SimulatorControl(simulator.base_url) as control:
        with pytest.raises(SimulatorError, match="the control interface is off"):
            await control.counters()


def test_the_control_interface_is_never_open_to_others() -> None:
    with pytest.raises(ValueError, match="loopback"):
        SimulatorServer("0.0.0.0")


async def test_a_simulator_stops_while_calls_hang_and_poll_and_can_start_again(
    simulator: SimulatorServer,
) -> None:
    simulator.world.faults.add(Fault(FaultKind.HANG_BEFORE, "sendMessage"))
    async with HttpTelegram(TOKEN, simulator.base_url) as telegram:
        calls = [
            asyncio.create_task(telegram.call("sendMessage", {"chat_id": ANN, "text": "x"}, PATIENCE_S)),
            asyncio.create_task(telegram.call("getUpdates", {"offset": 2, "timeout": 50}, PATIENCE_S)),
        ]
        async with asyncio.timeout(PATIENCE_S):
            while len(simulator.world.record.in_flight()) < 2:
                await asyncio.sleep(0.001)
            await simulator.stop()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[0], NoAnswer)
    assert outcomes[1] == []
    await simulator.start()
    async with HttpTelegram(TOKEN, simulator.base_url) as telegram:
        await telegram.call("getMe", {}, PATIENCE_S)


async def test_a_taken_port_leaves_nothing_running(simulator: SimulatorServer) -> None:
    port = int(simulator.base_url.rpartition(":")[2])
    with pytest.raises(CannotServe):
        await SimulatorServer(port=port, world=simulator.world).start()
    simulator.world.say(ANN, ANN, "nobody else listens to this world")

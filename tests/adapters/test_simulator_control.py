"""The simulator alone, as bot authors use it: every control action is documented, bad requests are refused clearly."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from adapters.botworld import Bell, World
from adapters.telegram.simulator import SimulatorControl, SimulatorError, SimulatorServer
from adapters.telegram.simulator.bot_api import BotApi
from adapters.telegram.simulator.control_api import RECORD_TAKES, ControlApi
from adapters.telegram.simulator.forms import read_body
from adapters.telegram.simulator.webhooks import PushPolicy, WebhookPusher

TOKEN = "4242:secret"
PAGE = Path(__file__).parents[2] / "docs" / "TELEGRAM_SIMULATOR.md"
# Fields of whoever acts, described once for all actions.
COMMON = {"first_name", "last_name", "username", "language_code", "bot_id"}


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(world=World(lambda: 1_750_000_000.0)) as simulator:
        yield simulator


@pytest.fixture
async def control(simulator: SimulatorServer) -> AsyncIterator[SimulatorControl]:
    simulator.world.add_bot(TOKEN)
    async with SimulatorControl(simulator.base_url) as control:
        yield control


@pytest.fixture
async def web(simulator: SimulatorServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=AiohttpTransport(), base_url=simulator.base_url) as client:
        yield client


async def test_every_action_is_described_with_its_fields_and_has_an_example_that_runs() -> None:
    world = World(lambda: 0.0)
    bell = Bell(world)
    actions = ControlApi(world, bell, BotApi(world, bell), WebhookPusher(world, PushPolicy())).actions
    page = PAGE.read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    examples = "".join(re.findall(r"^```python run\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    missing: list[str] = []
    for name, takes in [
        *((name, action.takes) for name, action in actions.items()),
        ("record", RECORD_TAKES),
    ]:
        row = next((row for row in rows if f"`{name}`" in row.split("|")[1]), "")
        missing += [
            f"{name}: {field}" for field in set(takes.split()) - COMMON if f"`{field}" not in row + '`"off"'
        ]
        missing += [] if f'act("{name}"' in examples else [f"{name}: no example"]
    assert [one for one in missing if not one.endswith(": off")] == []


@pytest.mark.parametrize(
    ("action", "fields", "error"),
    [
        (
            "say",
            {"chat_id": 7, "user_id": 7, "txt": "x"},
            "txt: say takes no such field; it takes: chat_id, .*",
        ),
        (
            "say",
            {"chat_id": 7, "user_id": 7, "kind": "hologram"},
            "there is no content of kind 'hologram'; .*",
        ),
        (
            "say",
            {"chat_id": 7, "user_id": 7, "text": "x", "anonymous": "yes"},
            "anonymous: must be true or false",
        ),
        (
            "say",
            {"chat_id": 7, "user_id": 7, "text": "x", "entities": [1]},
            "entities: must be a list of objects",
        ),
        ("say", {"chat_id": 7, "user_id": 7, "text": "x", "reply_to": 9}, "there is no message 9 in chat 7"),
        ("album", {"chat_id": 7, "user_id": 7, "items": [{}]}, "items: an album has 2 to 10 items"),
        ("add", {"chat_id": -1, "user_id": 7, "who": [4242]}, "there is no chat -1"),
        (
            "react",
            {"chat_id": 7, "user_id": 7, "message_id": 1, "emoji": "x"},
            "emoji: must be a list of strings",
        ),
        ("status", {"chat_id": 7, "user_id": 7, "status": "king"}, "status: must be one of creator, .*"),
        ("topics/create", {"chat_id": 7, "user_id": 7, "name": "x"}, "there is no chat 7"),
        ("groups", {"chat_id": -1, "kind": "moot"}, "a group has a negative id and is .*"),
        ("groups", {"chat_id": -1, "bots": [1]}, "bots: must be a list of ids of bots that exist"),
        ("time", {"seconds": -1}, "seconds: must be a number, 0 or more"),
        ("counters", {"all": True}, "all: counters takes no such field; it takes: none"),
    ],
)
async def test_a_bad_request_is_refused_by_field(
    control: SimulatorControl, action: str, fields: dict[str, object], error: str
) -> None:
    with pytest.raises(SimulatorError, match=f"^{error}$"):
        await control.act(action, **fields)


async def test_any_token_makes_a_bot_where_that_is_wanted(
    simulator: SimulatorServer, web: httpx.AsyncClient
) -> None:
    assert (await web.get("/bot77:abc/getMe")).status_code == 401
    simulator.world.adopts = True
    answer = (await web.get("/bot77:abc/getMe")).json()["result"]
    assert (answer["id"], answer["username"], answer["can_read_all_group_messages"]) == (
        77,
        "bot77_bot",
        False,
    )
    assert (await web.get("/bot77:other/getMe")).status_code == 401
    async with SimulatorControl(simulator.base_url) as control:
        await control.act("bots", token="77:abc", username="my_bot", reads_all=True)
    assert (await web.get("/bot77:abc/getMe")).json()["result"]["username"] == "my_bot"


@pytest.mark.parametrize("path", ["/botnonsense/getMe", "/bot4242:secret/", "/bot4242:secret"])
async def test_what_is_no_call_is_not_found(
    control: SimulatorControl, web: httpx.AsyncClient, path: str
) -> None:
    answer = (await web.get(path)).json()
    assert answer == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_files_are_uploaded_in_multipart_forms_and_downloaded(
    control: SimulatorControl, simulator: SimulatorServer
) -> None:
    await control.say(7, 7, "hi")
    form = aiohttp.FormData()
    form.add_field("chat_id", "7")
    form.add_field(
        "media", '[{"type":"document","media":"attach://a"},{"type":"document","media":"attach://b"}]'
    )
    for name in ("a", "b"):
        form.add_field(name, b"\r\n--x\x00\xff", filename=f"{name}.bin", content_type="application/x-thing")
    async with aiohttp.ClientSession(simulator.base_url) as session:
        async with session.post(f"/bot{TOKEN}/sendMediaGroup", data=form) as answer:
            first = (await answer.json())["result"][0]["document"]
        assert (first["file_name"], first["mime_type"], first["file_size"]) == (
            "a.bin",
            "application/x-thing",
            7,
        )
        async with session.get(f"/bot{TOKEN}/getFile", params={"file_id": first["file_id"]}) as answer:
            path = (await answer.json())["result"]["file_path"]
        async with session.get(f"/file/bot{TOKEN}/{path}") as answer:
            assert await answer.read() == bytes(7)
        async with session.get(f"/file/bot{TOKEN}/nothing") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        (b"multipart/form-data", b"--x\r\n", "400 Bad Request: boundary not found"),
        (
            b"multipart/form-data; boundary=x",
            b"--x\r\nno end",
            "400 Bad Request: the multipart form is not complete",
        ),
        (
            b'multipart/form-data; boundary="x"',
            b"--x\r\na: b\r\n\r\nc\r\n--x--\r\n",
            "400 Bad Request: a part of the multipart form has no name",
        ),
    ],
)
def test_a_broken_multipart_form_is_refused(content_type: bytes, body: bytes, error: str) -> None:
    with pytest.raises(Exception, match=f"^{re.escape(error)}$"):
        read_body(content_type, body)

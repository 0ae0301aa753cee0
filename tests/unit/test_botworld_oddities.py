"""Whatever a bot or a control request sends, the simulated Telegram answers or refuses; it never breaks."""

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.botworld import ApiError, WorldError, receive
from adapters.botworld.call import Upload
from adapters.botworld.methods import METHODS
from adapters.telegram.simulator.control_fields import Fields
from adapters.telegram.simulator.control_people import actions
from tests.unit.botworlds import ANN, BOT, FORUM, KEYBOARD, NEWS, TEAM, TOKEN, Scene

ODD: list[Any] = [
    None, "", " ", "x", "-1", 0, 1, 2, 99, -1, 1.5, True, [], {}, [1], [[]], [{}], {"a": 1}, "{", "[]", "[1]", "null",
    "attach://f", "attach://g", "https://x.org/a", "@team", ANN, TEAM, NEWS, FORUM, BOT, "HTML", "MarkdownV2", "<b>",
    "*", "photo", ["a", "b"], [{"text": "a"}, {"text": 1}], KEYBOARD, {"inline_keyboard": [[1]]}, {"keyboard": [[1]]},
    {"message_id": 1}, {"message_id": "x", "quote": 5}, {"message_id": 1, "chat_id": [1]}, {"message_id": None},
    [{"type": "photo", "media": "attach://f"}, {"type": "video", "media": 5, "caption": 7}],
    [{"type": "bold", "offset": 0, "length": 1}], [{"type": [1], "offset": 0, "length": 1}],
    {"type": "chat", "chat_id": {"a": 1}}, {"type": ["x"]}, [{"command": "a", "description": "b"}], [{"command": 5}],
    [{"type": "emoji", "emoji": "👍"}], [{"kind": "photo", "content": {"file_id": 5}}, {"kind": 5}],
    [{"kind": "video", "content": 5}, {"kind": ["x"], "caption": 1}], {"options": [1]},
    {"options": "ab"}, {"file_id": []}, "😀" * 5000,
]  # fmt: skip
NAMES = [
    "text", "chat_id", "from_chat_id", "message_id", "message_ids", "user_id", "photo", "document", "media", "caption",
    "parse_mode", "entities", "caption_entities", "reply_markup", "reply_parameters", "message_thread_id", "options",
    "question", "type", "commands", "scope", "language_code", "allowed_updates", "url", "secret_token", "name",
    "icon_color", "title", "reaction", "latitude", "longitude", "emoji", "action", "callback_query_id", "file_id",
    "link_preview_options", "max_connections", "phone_number", "first_name", "correct_option_id", "offset",
]  # fmt: skip
CALLS = st.tuples(
    st.sampled_from(sorted(METHODS)),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=8),
)
PLACES = st.sampled_from([ANN, TEAM, NEWS, FORUM])


@settings(derandomize=True, max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALLS, PLACES)
def test_every_call_is_answered_or_refused(call: tuple[str, dict[str, Any]], place: int) -> None:
    method, params = call
    scene = Scene()
    scene.world.set_status(FORUM, BOT, "administrator")
    files = {"f": Upload("f.bin", 3, "text/plain"), "g": Upload("", 0, "")}
    if method != "getupdates":
        with (
            contextlib.suppress(ApiError),
            receive(scene.world, TOKEN, method, {"chat_id": place, **params}, files) as made,
        ):
            made.perform()


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    table = actions(Scene().world)
    name = draw(st.sampled_from(sorted(table)))
    fields = draw(st.dictionaries(st.sampled_from(table[name].takes.split()), st.sampled_from(ODD)))
    usual = {
        "chat_id": draw(PLACES),
        "user_id": ANN,
        "message_id": 1,
        "text": "x",
        "from_chat_id": ANN,
        "kind": "poll",
    }
    return name, {
        field: value for field, value in usual.items() if field in table[name].takes.split()
    } | fields


@settings(derandomize=True, max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts())
def test_every_act_is_done_or_refused(act: tuple[str, dict[str, Any]]) -> None:
    name, fields = act
    with contextlib.suppress(WorldError):
        actions(Scene().world)[name].run(Fields(fields))

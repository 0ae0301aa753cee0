"""Telegram's updates as events: what is told of each, what is refused, and any JSON at all.

Not here: whom a message is meant for (``test_updates_addressing``), groups that move and what the bot becomes
(``test_updates_chats``), real updates of every kind (``test_corpus``).
"""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.codec import Codec
from domain.envelope import create
from domain.errors import InvalidEvent
from domain.events.telegram import (
    CallbackReceived,
    ChatType,
    MessageKind,
    MessageReceived,
)
from domain.updates import CONTENTS, NotAnUpdate, Translated, translate
from tests.unit.given import BOT, NOON, an_update

NAME = "OpenClaw_bot"
# Contents that are the text itself, or that do not become a message.
TOLD_OTHERWISE = ("text", "migrate_to_chat_id", "migrate_from_chat_id")
GROUP = {"id": -1005, "type": "supergroup", "title": "Us"}


def read(update: object) -> Translated:
    return translate(update, BOT, NAME)


def message_of(update: object) -> MessageReceived:
    found = read(update)
    assert isinstance(found.payload, MessageReceived), found.reason
    return found.payload


def a_press(**body: Any) -> dict[str, Any]:
    press: dict[str, Any] = {
        "id": "4382bfdwdsb323b2d9",
        "from": {"id": 7, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "message": {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}},
        "chat_instance": "1",
        "data": "y:1",
    }
    return {"update_id": 3, "callback_query": {**press, **body}}


# Messages


def test_a_text_in_private_is_told_whole() -> None:
    found = read(an_update(update=9, text="hello"))
    assert found.key == f"tg:{BOT}:9"
    assert found.payload == MessageReceived(
        bot_id=BOT,
        chat_id=7,
        chat_type=ChatType.PRIVATE,
        message_id=9,
        user_id=7,
        user_name="Ann",
        language="en",
        kind=MessageKind.MESSAGE,
        content="text",
        text="hello",
        sent_at="2025-06-15T15:06:40.000000Z",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Привет, мир",
        "שלום עולם",
        "مرحبا",
        "你好，世界",
        "こんにちは",
        "हैलो",
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
        "e\u0301 a\u200bb",
        "𝔘𝔫𝔦",
        "x" * 4096,
        "👋" * 4096,
    ],
)
def test_every_script_comes_through_unchanged_and_makes_a_valid_event(text: str) -> None:
    payload = message_of(an_update(text=text))
    assert payload.text == text
    event = create(payload, source="gateway", key="k", trace_id="a" * 32, timestamp=NOON)
    assert Codec().decode(Codec().encode(event)).payload == payload


def test_what_json_allows_and_an_event_does_not_is_replaced() -> None:
    assert message_of(an_update(text="a\x00b\ud83dc")).text == "a\ufffdb?c"
    assert len(message_of(an_update(text="x" * 5000)).text or "") == 4096
    long = {"id": 7, "first_name": "N" * 300, "language_code": "l" * 50}
    payload = message_of(an_update(**{"from": long}))
    assert (len(payload.user_name or ""), len(payload.language or "")) == (256, 35)


@pytest.mark.parametrize("kind", list(MessageKind))
def test_posts_and_edits_are_told_apart_and_an_edit_has_the_time_of_its_edit(kind: MessageKind) -> None:
    payload = message_of(an_update(kind.value, edit_date=1_750_000_060))
    assert payload.kind is kind
    assert payload.sent_at == "2025-06-15T15:07:40.000000Z"


def test_an_edit_shares_the_trace_of_its_message_and_not_its_key() -> None:
    first, edit = read(an_update(update=5)), read(an_update("edited_message", update=6, message_id=5))
    assert first.trace_id == edit.trace_id
    assert first.key != edit.key


def test_a_channel_post_has_no_user_but_a_sender() -> None:
    post = an_update(
        "channel_post", chat={"id": -1009, "type": "channel", "title": "News"}, sender_chat={"id": -1009}
    )
    del post["channel_post"]["from"]
    payload = message_of(post)
    assert (payload.chat_type, payload.user_id, payload.sender_chat_id) == (ChatType.CHANNEL, None, -1009)


def test_an_anonymous_admin_writes_in_the_name_of_the_group() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    payload = message_of(an_update(chat=GROUP, sender_chat=GROUP, **{"from": anonymous}))
    assert (payload.sender_chat_id, payload.user_id, payload.user_name) == (-1005, None, None)


@pytest.mark.parametrize("content", [name for name in CONTENTS if name not in TOLD_OTHERWISE])
def test_a_message_without_text_tells_what_it_carries(content: str) -> None:
    update = an_update(**{content: {"file_id": "x"}})
    del update["message"]["text"]
    payload = message_of(update)
    assert (payload.content, payload.text) == (content, None)


def test_a_caption_is_the_text_of_a_picture() -> None:
    update = an_update(photo=[{"file_id": "x"}], caption="look")
    del update["message"]["text"]
    assert (message_of(update).content, message_of(update).text) == ("photo", "look")


def test_an_unknown_content_is_another_one() -> None:
    update = an_update(something_new={})
    del update["message"]["text"]
    assert message_of(update).content == "other"


def test_only_a_forums_topic_is_a_place_of_its_own() -> None:
    topic = an_update(
        chat=GROUP, message_thread_id=3, is_topic_message=True, reply_to_message={"message_id": 3}
    )
    reply = an_update(chat=GROUP, message_thread_id=3, reply_to_message={"message_id": 2})
    assert (message_of(topic).thread_id, message_of(topic).reply_to_message_id) == (3, 3)
    assert (message_of(reply).thread_id, message_of(reply).reply_to_message_id) == (None, 2)


@pytest.mark.parametrize(
    ("given", "album"),
    [("13579246801234567", "13579246801234567"), ("two\nlines", None), ("", None), (7, None)],
)
def test_the_id_of_an_album_is_a_key_or_left_out(given: object, album: str | None) -> None:
    assert message_of(an_update(media_group_id=given)).album == album


def test_null_is_as_good_as_missing() -> None:
    nulls = dict.fromkeys([*CONTENTS[1:], "forward_origin", "via_bot", "sender_chat", "edit_date", "caption"])
    assert message_of(an_update(**nulls)) == message_of(an_update())


def test_nesting_without_an_end_costs_nothing() -> None:
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    assert message_of(an_update(entities=deep, reply_to_message=deep, photo=deep)).text == "hello"


# Buttons


def test_the_press_of_a_button_is_told_whole() -> None:
    assert read(a_press()).payload == CallbackReceived(
        bot_id=BOT,
        chat_id=7,
        chat_type=ChatType.PRIVATE,
        message_id=5,
        user_id=7,
        user_name="Ann",
        language="en",
        callback_id="4382bfdwdsb323b2d9",
        data="y:1",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": "x" * 65},
        {"data": "👋" * 17},
        {"id": ""},
        {"id": 5},
        {"id": "x" * 201},
        {"message": None},
        {"from": None},
        {"from": {"id": 0}},
        {"from": {"id": "7"}},
        {"from": {"id": 8}},
        {"from": {"id": 7, "is_bot": True}},
        {"message": None, "inline_message_id": "AgAAAGcAAACHEgAAdFSpxA"},
        {"message": {"message_id": 5, "chat": {"id": 7, "type": "private"}, "business_connection_id": "c"}},
        {"message": {"message_id": 5, "chat": {"id": 7, "type": "secret"}}},
        {"game_short_name": "g", "data": None},
    ],
)
def test_a_press_that_cannot_be_used_is_ignored_with_its_reason(body: dict[str, Any]) -> None:
    found = read(a_press(**body))
    assert found.payload is None
    assert found.reason


# What is not used


@pytest.mark.parametrize(
    "kind",
    [
        "chat_member", "chat_join_request", "poll", "poll_answer", "message_reaction", "inline_query",
        "chosen_inline_result", "shipping_query", "pre_checkout_query", "business_message", "chat_boost",
    ],
)  # fmt: skip
def test_other_kinds_are_ignored_by_name(kind: str) -> None:
    found = read({"update_id": 4, kind: {"id": 1}})
    assert (found.payload, found.reason) == (None, f"updates of kind {kind} are not used")
    assert found.key == f"tg:{BOT}:4"


@pytest.mark.parametrize(
    "update", [{"update_id": 4}, {"update_id": 4, "<script>": 1}, {"update_id": 4, "x" * 99: 1}]
)
def test_the_name_of_an_unknown_kind_is_told_only_where_it_is_one(update: dict[str, Any]) -> None:
    assert read(update).reason == "updates of kind unknown are not used"


@pytest.mark.parametrize(
    "body",
    [
        {"chat": None},
        {"chat": {"type": "private"}},
        {"chat": {"id": "7", "type": "private"}},
        {"chat": {"id": 7}},
        {"chat": {"id": 2**60, "type": "private"}},
        {"message_id": None},
        {"message_id": True},
    ],
)
def test_a_message_without_what_it_needs_is_ignored_with_its_reason(body: dict[str, Any]) -> None:
    found = read(an_update(**body))
    assert found.payload is None
    assert found.reason


@pytest.mark.parametrize(
    "thing", [None, 1, 1.5, True, "x", [], {}, {"update_id": None}, {"update_id": "1"}, {"update_id": 1.0},
              {"update_id": True}, {"update_id": 2**53}, {"message": {}}]
)  # fmt: skip
def test_json_that_is_no_update_is_told_as_such(thing: object) -> None:
    with pytest.raises(NotAnUpdate):
        read(thing)


# Any JSON

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.sampled_from(["private", "group", "supergroup", "channel", "/api@x", "\ud800", "\x00", -1005, 0, 7])
)
NAMES = st.sampled_from(
    [
        "chat", "from", "message", "message_id", "id", "type", "text", "date", "edit_date", "data", "sender_chat",
        "reply_to_message", "message_thread_id", "is_topic_message", "caption", "first_name", "language_code",
        "migrate_to_chat_id", "entities", *CONTENTS[:4],
    ]
)  # fmt: skip
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8)
)
KINDS = st.sampled_from(
    [*[kind.value for kind in MessageKind], "callback_query", "my_chat_member", "new_kind"]
)


def spoilt(update: dict[str, Any], kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return real updates in which some parts are replaced by anything."""
    return st.dictionaries(NAMES, JSON, max_size=4).map(
        lambda parts: {**update, kind: {**update[kind], **parts}}
    )


ANYTHING = (
    st.builds(
        lambda number, kind, body: {"update_id": number, kind: body}, st.integers(0, 2**53 - 1), KINDS, JSON
    )
    | spoilt(an_update(), "message")
    | spoilt(an_update("edited_channel_post"), "edited_channel_post")
    | spoilt(a_press(), "callback_query")
)


@settings(derandomize=True, max_examples=250, deadline=None)
@given(ANYTHING)
def test_any_update_becomes_a_valid_event_or_is_ignored_with_a_reason(update: dict[str, Any]) -> None:
    found = read(update)
    assert found.key == f"tg:{BOT}:{update['update_id']}"
    if found.payload is None:
        assert found.reason
        assert "\x00" not in found.reason
        found.reason.encode()
        return
    event = create(found.payload, source="gateway", key=found.key, trace_id=found.trace_id, timestamp=NOON)
    try:
        encoded = Codec().encode(event)
    except InvalidEvent:
        return  # The gateway ignores it with these reasons.
    assert Codec().decode(encoded) == event


@settings(derandomize=True, max_examples=200)
@given(JSON)
def test_any_json_is_an_update_or_told_to_be_none(thing: object) -> None:
    with suppress(NotAnUpdate):
        assert read(thing).key

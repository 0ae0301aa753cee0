"""Whom a message is meant for, whose words it holds, and who may be heard at all.

Not here: what else a message tells (``test_updates``).
"""

from typing import Any

import pytest

from domain.events.telegram import MENTIONS_MAX, Mention, MessageReceived
from domain.updates import Translated, translate
from tests.unit.given import BOT, an_update

NAME = "OpenClaw_bot"
GROUP = {"id": -1005, "type": "supergroup", "title": "Us"}


def read(update: object) -> Translated:
    return translate(update, BOT, NAME)


def message_of(update: object) -> MessageReceived:
    found = read(update)
    assert isinstance(found.payload, MessageReceived), found.reason
    return found.payload


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        ("/status", True),
        ("/status@OpenClaw_bot", True),
        ("/status@openclaw_BOT now", True),
        ("/status@other_bot", False),
        ("/status@openclaw_bot2", False),
        ("mail me@other_bot", True),
    ],
)
def test_commands_for_other_bots_are_not_ours(text: str, is_ours: bool) -> None:
    found = read(an_update(chat=GROUP, text=text))
    assert (found.payload is not None) == is_ours
    assert found.reason == ("" if is_ours else "a command for another bot")
    assert translate(an_update(text=text), BOT, None).payload is not None, "unknown as long as our name is"


def test_until_our_name_is_known_nothing_is_a_mention_and_no_command_is_for_another_bot() -> None:
    mention = an_update(chat=GROUP, text="@a_bot", entities=[{"type": "mention", "offset": 0, "length": 6}])
    for update, is_addressed in ((mention, False), (an_update(chat=GROUP, text="/status@a_bot"), True)):
        payload = translate(update, BOT, None).payload
        assert isinstance(payload, MessageReceived)
        assert payload.addressed is is_addressed


@pytest.mark.parametrize(
    ("before", "is_mention"),
    [("", True), ("a ", True), ("👩‍👩‍👧‍👦 ", True), ("\ud83d ", True), ("\x00", True), ("x" * 4095, False)],
)
def test_a_mention_is_found_by_its_utf16_offset_within_what_is_kept_of_the_text(
    before: str, is_mention: bool
) -> None:
    offset = len(before.encode("utf-16-le", "surrogatepass")) // 2
    entity = {"type": "mention", "offset": offset, "length": len(NAME) + 1}
    update = an_update(chat=GROUP, text=f"{before}@{NAME} hi", entities=[entity])
    assert message_of(update).addressed is is_mention


@pytest.mark.parametrize(
    "entities",
    [
        [{"type": "mention", "offset": offset, "length": length}]
        for offset, length in [
            (1, 13), (0, 12), (0, 14), (-13, 13), (13, 13), (0, 2**60), (2**60, 13), (0, 0), (0, -1), (0, True),
            (0.0, 13), ("0", 13), (None, None),
        ]
    ]
    + [
        [], {}, "mention", None, [None, 1, "x", []], [{}], [{"type": ["mention"], "offset": 0, "length": 13}],
        [{"type": "text_mention", "offset": 0, "length": 13, "user": BOT}],
        [{"type": "text_mention", "offset": 0, "length": 13, "user": {"id": str(BOT)}}],
        [{"type": "code", "offset": 0, "length": 13}] * 1000 + [{"type": "mention", "offset": 0, "length": 13}],
    ],
)  # fmt: skip
def test_entities_of_any_shape_that_mark_no_mention_are_none(entities: object) -> None:
    text = f"@{NAME}!"
    assert message_of(an_update(chat=GROUP, text=text, entities=entities)).addressed is False


def test_people_whom_a_text_names_by_links_are_kept_with_their_places() -> None:
    ann = {"id": 9, "is_bot": False, "first_name": "Ann"}
    links = [
        {"type": "bold", "offset": 0, "length": 3, "user": ann},
        {"type": "text_mention", "offset": 3, "length": 3, "user": ann},
        {
            "type": "text_mention",
            "offset": 3,
            "length": 3,
            "user": {"id": 8, "is_bot": True, "first_name": "B"},
        },
        {"type": "text_mention", "offset": 90, "length": 3, "user": ann},
        {"type": "text_mention", "offset": 0, "length": 2, "user": {"id": 7}},
        {"type": "text_mention", "offset": 0, "length": 2, "user": {"id": "7"}},
    ]
    expected = (Mention(3, 3, 9, "Ann"), Mention(0, 2, 7))
    assert message_of(an_update(chat=GROUP, text="👋 Ann", entities=links)).mentions == expected
    photo = an_update(chat=GROUP, caption="👋 Ann", caption_entities=links, entities=links, photo=[{}])
    assert message_of(photo).mentions == expected
    many = an_update(chat=GROUP, text="👋 Ann", entities=[links[1]] * (MENTIONS_MAX + 1))
    assert len(message_of(many).mentions) == MENTIONS_MAX


def test_a_topic_that_the_bot_made_is_no_message_of_its_own_to_answer() -> None:
    notice = {"message_id": 3, "from": {"id": BOT}, "forum_topic_created": {"name": "Tools"}}
    topic = an_update(chat=GROUP, message_thread_id=3, is_topic_message=True, reply_to_message=notice)
    assert (message_of(topic).addressed, message_of(topic).reply_to_message_id) == (False, None)


# Who may be heard


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"from": {"id": 8, "is_bot": True}}, "a message of another bot"),
        ({"from": {"id": BOT, "is_bot": True}}, "a message of this bot itself"),
        ({"via_bot": {"id": BOT, "is_bot": True}}, "a message that this bot wrote inline"),
        (
            {"from": {"id": 8}, "is_automatic_forward": True},
            "an automatic forward of the linked channel's post",
        ),
    ],
)
def test_what_no_person_wrote_is_not_answered_so_that_no_two_bots_talk_without_an_end(
    body: dict[str, Any], reason: str
) -> None:
    for kind in ("message", "edited_message"):
        assert read(an_update(kind, chat=GROUP, **body)).reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"chat": {"id": -7, "type": "private"}}, "a chat whose id does not fit its type"),
        ({"chat": {"id": 7, "type": "supergroup"}}, "a chat whose id does not fit its type"),
        ({"chat": {"id": 0, "type": "group"}}, "a chat whose id does not fit its type"),
        ({"from": {"id": 8, "is_bot": False}}, "a private message of somebody else than its user"),
        ({"business_connection_id": "c"}, "chats of business accounts are not used"),
        ({"chat": {**GROUP, "is_direct_messages": True}}, "direct messages of channels are not used"),
        ({"chat": GROUP, "ephemeral_message_id": 4}, "ephemeral messages are not used"),
    ],
)
def test_what_would_mix_the_data_of_two_people_is_ignored(body: dict[str, Any], reason: str) -> None:
    assert read(an_update(**body)).reason == reason

"""Groups that move to a new id, and what the bot becomes in a chat.

Not here: messages (``test_updates``).
"""

from typing import Any

import pytest

from domain.events.telegram import ChatMember, ChatMigrated, ChatType, MemberStatus
from domain.updates import Translated, translate
from tests.unit.given import BOT, an_update

NAME = "OpenClaw_bot"
GROUP = {"id": -1005, "type": "supergroup", "title": "Us"}


def read(update: object) -> Translated:
    return translate(update, BOT, NAME)


def test_a_group_that_becomes_a_supergroup_is_told_with_both_ids() -> None:
    update = an_update(chat={"id": -5, "type": "group"}, migrate_to_chat_id=-1005)
    assert read(update).payload == ChatMigrated(bot_id=BOT, chat_id=-5, new_chat_id=-1005)


@pytest.mark.parametrize(
    "body",
    [
        {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": 7},
        {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": "-1005"},
        {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": -(2**60)},
        {"chat": GROUP, "migrate_to_chat_id": -1006},
        {"migrate_to_chat_id": -1005},
        {"chat": GROUP, "migrate_from_chat_id": -5},
    ],
)
def test_only_the_notice_in_the_old_group_moves_its_data_and_only_to_a_supergroup(
    body: dict[str, Any],
) -> None:
    found = read(an_update(**body))
    assert found.payload is None
    assert found.reason


def a_change(new: object, old: object = None, **body: Any) -> dict[str, Any]:
    """Return an update of the bot's membership; ``old`` was an ordinary one unless given."""
    member = {"user": {"id": BOT}, "status": "member"}
    chat = {"chat": GROUP, "from": {"id": 7, "is_bot": False, "first_name": "Ann"}, "date": 1_750_000_000}
    return {
        "update_id": 4,
        "my_chat_member": {**chat, "old_chat_member": old or member, "new_chat_member": new, **body},
    }


def test_what_the_bot_becomes_is_told_whole() -> None:
    assert read(a_change({"user": {"id": BOT}, "status": "administrator"})).payload == ChatMember(
        bot_id=BOT,
        chat_id=-1005,
        chat_type=ChatType.SUPERGROUP,
        user_id=7,
        user_name="Ann",
        before=MemberStatus.MEMBER,
        after=MemberStatus.ADMINISTRATOR,
        changed_at="2025-06-15T15:06:40.000000Z",
    )


@pytest.mark.parametrize("is_member", [True, False, None])
def test_restricted_outside_of_the_chat_counts_as_left(is_member: bool | None) -> None:
    found = read(a_change({"user": {"id": BOT}, "status": "restricted", "is_member": is_member})).payload
    assert isinstance(found, ChatMember)
    assert found.after is (MemberStatus.LEFT if is_member is False else MemberStatus.RESTRICTED)


@pytest.mark.parametrize(
    "change",
    [
        a_change({"user": {"id": 7}, "status": "left"}),
        a_change({"user": {"id": BOT}, "status": "guest"}),
        a_change({"user": {"id": BOT}, "status": ["left"]}),
        a_change({"user": {"id": BOT}}),
        a_change({"status": "left"}),
        a_change(None),
        a_change({"user": {"id": BOT}, "status": "left"}, old="member"),
        a_change({"user": {"id": BOT}, "status": "left"}, chat=None),
        {"update_id": 4, "my_chat_member": True},
    ],
)
def test_a_change_that_is_none_of_the_bots_is_ignored_with_its_reason(change: dict[str, Any]) -> None:
    assert read(change).payload is None
    assert read(change).reason

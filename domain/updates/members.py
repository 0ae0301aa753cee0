"""What the bot becomes in a chat as events: https://core.telegram.org/bots/api#chatmemberupdated.

Not here: other members of a chat, which are not asked for.
"""

from collections.abc import Mapping
from typing import Any

from domain.events.telegram import ChatMember, MemberStatus
from domain.updates.addressing import Bot
from domain.updates.parts import (
    Unusable,
    chat_of,
    instant,
    language_of,
    maybe,
    name_of,
    part_of,
    positive,
)

_STATUSES = {status.value: status for status in MemberStatus}


def changed(update: Mapping[str, Any], bot: Bot) -> ChatMember:
    """Return the event of a change. Raises Unusable where it is about another member, or lacks what is needed."""
    chat_id, chat_type = chat_of(update)
    new = part_of(update, "new_chat_member")
    if part_of(new, "user").get("id") != bot.bot_id:
        raise Unusable("a change of another member")
    by = maybe(update, "from")
    # An anonymous admin shows as a made-up bot; which bot or person it was is not told.
    user = {} if by.get("is_bot") is True else by
    return ChatMember(
        bot_id=bot.bot_id,
        chat_id=chat_id,
        chat_type=chat_type,
        user_id=positive(user.get("id")),
        user_name=name_of(user),
        language=language_of(user),
        before=_status(part_of(update, "old_chat_member")),
        after=_status(new),
        changed_at=instant(update.get("date")),
    )


def _status(member: Mapping[str, Any]) -> MemberStatus:
    name = member.get("status")
    status = _STATUSES.get(name) if isinstance(name, str) else None
    if status is None:
        raise Unusable("a member of an unknown status")
    is_outside = status is MemberStatus.RESTRICTED and member.get("is_member") is False
    return MemberStatus.LEFT if is_outside else status

"""Messages, posts and their edits as events: https://core.telegram.org/bots/api#message.

Not here: whether a message is meant for the bot (``addressing``).
"""

from collections.abc import Mapping
from typing import Any

from domain.events.telegram import ChatMigrated, ChatType, MessageKind, MessageReceived
from domain.updates.addressing import Bot, answered, is_addressed, is_forwarded, mentions_of, refuse_bots
from domain.updates.parts import (
    Unusable,
    chat_of,
    clean,
    instant,
    integer,
    is_int,
    key_of,
    language_of,
    maybe,
    name_of,
    positive,
    thread_of,
)

# What a message may carry, in the order in which it is looked at: an animation is also a document, a venue also a
# location. Bot API 10.3.
CONTENTS = (
    "text", "rich_message", "photo", "live_photo", "video", "animation", "audio", "voice", "video_note", "document",
    "sticker", "story", "paid_media", "contact", "dice", "game", "poll", "venue", "location", "checklist", "invoice",
    "successful_payment", "refunded_payment", "giveaway", "giveaway_winners", "giveaway_created",
    "giveaway_completed", "gift", "unique_gift", "gift_upgrade_sent", "new_chat_members", "left_chat_member",
    "chat_owner_left", "chat_owner_changed", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
    "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "users_shared", "chat_shared", "user_shared",
    "connected_website", "write_access_allowed", "passport_data", "proximity_alert_triggered", "boost_added",
    "chat_background_set", "checklist_tasks_done", "checklist_tasks_added", "direct_message_price_changed",
    "paid_message_price_changed", "forum_topic_created", "forum_topic_edited", "forum_topic_closed",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "managed_bot_created",
    "poll_option_added", "poll_option_deleted", "suggested_post_approved", "suggested_post_approval_failed",
    "suggested_post_declined", "suggested_post_paid", "suggested_post_refunded", "video_chat_scheduled",
    "video_chat_started", "video_chat_ended", "video_chat_participants_invited", "web_app_data",
    "community_chat_added", "community_chat_removed", "community_chat_joined",
)  # fmt: skip


def migrated(message: Mapping[str, Any], bot: Bot) -> ChatMigrated | None:
    """Return the event of a group that became a supergroup, if that is what ``message`` tells.

    Both chats get such a notice. The one in the old chat moves the data, as it comes after all that was said there;
    the one in the new chat says the same again and raises Unusable.
    """
    if message.get("migrate_from_chat_id") is not None:
        raise Unusable("a migration that the old chat tells of")
    if message.get("migrate_to_chat_id") is None:
        return None
    chat_id, chat_type = chat_of(message)
    new_chat_id = integer(message, "migrate_to_chat_id")
    if chat_type is not ChatType.GROUP or new_chat_id >= 0:
        raise Unusable("a migration that is none of a group to a supergroup")
    return ChatMigrated(bot_id=bot.bot_id, chat_id=chat_id, new_chat_id=new_chat_id)


def received(message: Mapping[str, Any], kind: MessageKind, bot: Bot) -> MessageReceived:
    """Return the event of a message. Raises Unusable where it is not for us or lacks what an event needs."""
    chat_id, chat_type = chat_of(message)
    message_id = integer(message, "message_id")
    if message.get("ephemeral_message_id") is not None:
        # Only its sender sees it; an answer of ours would be seen by everyone.
        raise Unusable("ephemeral messages are not used")
    refuse_bots(message, bot)
    user = _person(message, chat_id, chat_type)
    text = clean(message.get("text")) or clean(message.get("caption"))
    sent_at = message.get("edit_date") or message.get("date")
    return MessageReceived(
        bot_id=bot.bot_id,
        chat_id=chat_id,
        chat_type=chat_type,
        message_id=message_id,
        thread_id=thread_of(message),
        user_id=positive(user.get("id")),
        sender_chat_id=_id_of(maybe(message, "sender_chat")),
        user_name=name_of(user),
        language=language_of(user),
        kind=kind,
        content=next((name for name in CONTENTS if message.get(name) is not None), "other"),
        text=text,
        reply_to_message_id=positive(answered(message).get("message_id")),
        sent_at=instant(sent_at),
        addressed=is_addressed(message, chat_type, text, bot),
        forwarded=is_forwarded(message),
        album=key_of(message.get("media_group_id")),
        mentions=mentions_of(message),
    )


def _person(message: Mapping[str, Any], chat_id: int, chat_type: ChatType) -> Mapping[str, Any]:
    """Return the user who wrote, empty where nobody is told.

    Who writes in a chat's name is not told: Telegram puts a made-up user (GroupAnonymousBot, Channel Bot) there.
    """
    if maybe(message, "sender_chat"):
        return {}
    user = maybe(message, "from")
    if chat_type is ChatType.PRIVATE and user.get("id") != chat_id:
        # The data of a private chat is its user's, so nobody else may speak in it.
        raise Unusable("a private message of somebody else than its user")
    return user


def _id_of(chat: Mapping[str, Any]) -> int | None:
    found = chat.get("id")
    return found if is_int(found) else None

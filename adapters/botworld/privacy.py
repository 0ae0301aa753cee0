"""Which bots are shown what people do: privacy mode, administrators' updates, and whose order an update belongs to.

https://core.telegram.org/bots/features#privacy-mode and https://core.telegram.org/bots/faq#what-messages-will-my-bot-get.
By these pages a mention alone does not show a message to a bot in privacy mode. Not here: what a bot asked to see
(``adapters.botworld.updates``).
"""

from collections.abc import Callable, Mapping

from adapters.botworld.accounts import Bot, Chat
from adapters.botworld.values import Json

# Content that marks a service message, which every bot is shown.
SERVICE = frozenset(
    {"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo"}
    | {"group_chat_created", "supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id"}
    | {
        "migrate_from_chat_id",
        "pinned_message",
        "successful_payment",
        "forum_topic_created",
        "forum_topic_edited",
    }
    | {
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
    }
)
# Updates that only administrators of a group or channel are shown.
_FOR_ADMINS = frozenset({"chat_member", "chat_join_request", "message_reaction", "message_reaction_count"})


def is_service(message: Json) -> bool:
    """Whether this is a message that Telegram made to tell of a change."""
    return not SERVICE.isdisjoint(message)


def is_shown(bot: Bot, chat: Chat, kind: str, body: Json, is_meant: Callable[[int, int], bool]) -> bool:
    """Whether the bot may see it. ``is_meant(message_id, bot_id)`` knows of earlier messages of the chat."""
    if chat.is_private:
        return True
    is_admin = chat.status(bot.bot_id).is_admin
    if kind in _FOR_ADMINS:
        return is_admin
    if kind not in {"message", "edited_message"} or bot.reads_all or is_admin:
        return True
    return is_service(body) or is_for(bot, chat, body, is_meant)


def is_for(bot: Bot, chat: Chat, message: Json, is_meant: Callable[[int, int], bool]) -> bool:
    """Whether a group's message is meant for this bot: a reply to it, or a command.

    A command without a name is for the bot that wrote last, and for every bot while none has.
    """
    replied_to = message.get("reply_to_message")
    if replied_to is not None:
        if replied_to.get("from", {}).get("id") == bot.bot_id:
            return True
        if is_meant(replied_to["message_id"], bot.bot_id):
            return True
    text: str = message.get("text") or message.get("caption") or ""
    if not text.startswith("/"):
        return False
    _, at, name = text.split()[0].partition("@")
    return name.lower() == bot.username.lower() if at else chat.last_bot in (None, bot.bot_id)


def chat_in(update: Json) -> int:
    """Return the chat whose order an injected update belongs to; 0 where it has none."""
    for body in update.values():
        if isinstance(body, Mapping):
            holder = body if "chat" in body else body.get("message", {})
            chat = holder.get("chat") if isinstance(holder, Mapping) else None
            if isinstance(chat, Mapping) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0

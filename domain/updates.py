"""Telegram's updates as events: https://core.telegram.org/bots/api#update. Pure, and safe for any JSON.

Every update ends as an event or as ignored with a reason. Not here: taking updates in (``application.gateway``).
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from attrs import frozen

from domain.commands.base import parse_command
from domain.envelope import timestamp_of
from domain.events.telegram import CallbackReceived, ChatMigrated, ChatType, MessageKind, MessageReceived
from domain.ids import message_trace, trace_of, update_key

# The contents that OpenClaw tells apart, in the order in which a message is looked at.
CONTENTS = (
    "text", "photo", "video", "animation", "audio", "voice", "video_note", "document", "sticker", "story", "contact",
    "dice", "game", "poll", "venue", "location", "invoice", "successful_payment", "new_chat_members",
    "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo", "group_chat_created",
    "supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id", "migrate_from_chat_id", "pinned_message",
    "forum_topic_created", "forum_topic_closed", "forum_topic_reopened", "paid_media", "giveaway", "checklist",
)  # fmt: skip
TEXT_CHARS_MAX = 4096
LANGUAGE_CHARS_MAX = 35
NAME_CHARS_MAX = 256


_MESSAGES = tuple((kind.value, kind) for kind in MessageKind)


class NotAnUpdate(ValueError):
    """The JSON is no update at all: it has no ``update_id``."""


@frozen
class Translated:
    """One update: its key and trace, and the event it becomes, or why it is ignored."""

    key: str
    trace_id: str
    payload: MessageReceived | CallbackReceived | ChatMigrated | None
    reason: str = ""


class _Unusable(Exception):
    """A part that the event needs is missing or has another shape than Telegram documents."""


def is_update(thing: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether ``thing`` is an update, of whatever kind: an object with an integer ``update_id``."""
    return isinstance(thing, dict) and _is_int(thing.get("update_id"))


def translate(update: object, bot_id: int, bot_name: str | None) -> Translated:
    """Return what ``update`` is. ``bot_name`` is the bot's user name, to tell its commands from other bots'.

    Raises NotAnUpdate for JSON without an ``update_id``.
    """
    if not is_update(update):
        raise NotAnUpdate("no update: an object with an integer update_id is expected")
    key = update_key(bot_id, update["update_id"])
    for name, kind in _MESSAGES:
        if isinstance(message := update.get(name), dict):
            return _message(key, message, kind, bot_id, bot_name)
    if isinstance(press := update.get("callback_query"), dict):
        try:
            return Translated(key, trace_of(key), _callback(press, bot_id))
        except _Unusable as error:
            return Translated(key, trace_of(key), None, str(error))
    others = sorted(str(name) for name in update if name != "update_id")
    name = (
        others[0] if others and len(others[0]) <= 40 and others[0].replace("_", "").isalpha() else "unknown"
    )
    return Translated(key, trace_of(key), None, f"updates of kind {name} are not used")


def _message(
    key: str, message: Mapping[str, Any], kind: MessageKind, bot_id: int, bot_name: str | None
) -> Translated:
    trace_id = trace_of(key)
    try:
        payload = _received(message, kind, bot_id)
    except _Unusable as error:
        return Translated(key, trace_id, None, str(error))
    trace_id = message_trace(bot_id, payload.chat_id, payload.message_id)
    if "migrate_to_chat_id" in message and _is_int(message["migrate_to_chat_id"]):
        moved = ChatMigrated(
            bot_id=bot_id, chat_id=payload.chat_id, new_chat_id=message["migrate_to_chat_id"]
        )
        return Translated(key, trace_id, moved)
    command = parse_command(payload.text)
    if (
        command is not None
        and command.bot is not None
        and bot_name
        and command.bot.lower() != bot_name.lower()
    ):
        return Translated(key, trace_id, None, "a command for another bot")
    return Translated(key, trace_id, payload)


def _received(message: Mapping[str, Any], kind: MessageKind, bot_id: int) -> MessageReceived:
    chat = _object(message, "chat")
    user = message.get("from")
    user = user if isinstance(user, dict) else {}
    answered = message.get("reply_to_message")
    # Outside forums Telegram uses the thread for replies; only topics are places of their own.
    thread_id = message.get("message_thread_id") if message.get("is_topic_message") is True else None
    text = message.get("text", message.get("caption"))
    return MessageReceived(
        bot_id=bot_id,
        chat_id=_int(chat, "id"),
        chat_type=_chat_type(chat),
        message_id=_int(message, "message_id"),
        thread_id=_positive(thread_id),
        user_id=_positive(user.get("id")),
        sender_chat_id=_id_of(message.get("sender_chat")),
        user_name=_short(user.get("first_name"), NAME_CHARS_MAX),
        language=_short(user.get("language_code"), LANGUAGE_CHARS_MAX),
        kind=kind,
        content=next((name for name in CONTENTS if name in message), "other"),
        text=_clean(text),
        sent_at=_instant(message),
        reply_to_message_id=_positive(answered.get("message_id")) if isinstance(answered, dict) else None,
    )


def _id_of(part: object) -> int | None:
    found = part.get("id") if isinstance(part, dict) else None
    return found if isinstance(found, int) and _is_int(found) else None


def _callback(press: Mapping[str, Any], bot_id: int) -> CallbackReceived:
    user, message = _object(press, "from"), _object(press, "message")
    chat = _object(message, "chat")
    data, callback_id = press.get("data"), press.get("id")
    if not isinstance(data, str) or not isinstance(callback_id, str) or not 0 < len(callback_id) <= 200:
        raise _Unusable("a callback query without data")
    if len(data.encode(errors="replace")) > 64:
        raise _Unusable("a callback query with more data than Telegram allows")
    thread_id = message.get("message_thread_id") if message.get("is_topic_message") is True else None
    user_id = _positive(_int(user, "id"))
    if user_id is None:
        raise _Unusable("a callback query without a user")
    return CallbackReceived(
        bot_id=bot_id,
        chat_id=_int(chat, "id"),
        chat_type=_chat_type(chat),
        message_id=_positive(message.get("message_id")),
        thread_id=_positive(thread_id),
        user_id=user_id,
        user_name=_short(user.get("first_name"), NAME_CHARS_MAX),
        language=_short(user.get("language_code"), LANGUAGE_CHARS_MAX),
        callback_id=callback_id,
        data=data.encode(errors="replace").decode().replace("\x00", "\ufffd"),
    )


def _is_int(value: object) -> bool:
    # Telegram's ids have at most 52 significant bits; our events allow what JSON numbers hold exactly.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _int(part: Mapping[str, Any], name: str) -> int:
    value = part.get(name)
    if not isinstance(value, int) or not _is_int(value):
        raise _Unusable(f"{name} is missing or no integer")
    return value


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and _is_int(value) and value > 0 else None


def _object(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = part.get(name)
    if not isinstance(value, dict):
        raise _Unusable(f"{name} is missing or no object")
    return value


def _chat_type(chat: Mapping[str, Any]) -> ChatType:
    try:
        return ChatType(chat.get("type", ""))
    except ValueError:
        raise _Unusable("a chat of an unknown type") from None


def _short(value: object, chars_max: int) -> str | None:
    return _clean(value[:chars_max]) or None if isinstance(value, str) else None


def _clean(value: object) -> str | None:
    """Return text without what JSON allows and our events do not: halves of surrogate pairs, and U+0000."""
    if not isinstance(value, str):
        return None
    return value[:TEXT_CHARS_MAX].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _instant(message: Mapping[str, Any]) -> str:
    date = message.get("edit_date", message.get("date"))
    # Up to the year 9999; a date outside of it is a fault of the sender and not worth losing the message.
    return timestamp_of(float(date) if isinstance(date, int) and 0 <= date < 253_402_300_800 else 0.0)

"""Presses of inline buttons as events: https://core.telegram.org/bots/api#callbackquery.

Not here: what a press does (the brain).
"""

from collections.abc import Mapping
from typing import Any

from domain.events.spec import CALLBACK_BYTES_MAX
from domain.events.telegram import CallbackReceived, ChatType
from domain.updates.addressing import Bot
from domain.updates.parts import (
    Unusable,
    chat_of,
    key_of,
    language_of,
    name_of,
    part_of,
    positive,
    thread_of,
)


def pressed(press: Mapping[str, Any], bot: Bot) -> CallbackReceived:
    """Return the event of a press. Raises Unusable where it is none of a button of ours in a chat of ours.

    The message may be inaccessible, that is too old: chat and id are there then, its topic is not.
    """
    if press.get("game_short_name") is not None:
        raise Unusable("a callback query of a game")
    if press.get("message") is None and press.get("inline_message_id") is not None:
        raise Unusable("a callback query of a message that was sent inline, in a chat that is not told")
    user, message = part_of(press, "from"), part_of(press, "message")
    chat_id, chat_type = chat_of(message)
    if message.get("ephemeral_message_id") is not None:
        raise Unusable("ephemeral messages are not used")
    user_id, callback_id, data = positive(user.get("id")), key_of(press.get("id")), press.get("data")
    if user_id is None:
        raise Unusable("a callback query without a user")
    if user.get("is_bot") is True:
        raise Unusable("a callback query of a bot")
    if chat_type is ChatType.PRIVATE and user_id != chat_id:
        raise Unusable("a callback query of somebody else than the chat's user")
    if callback_id is None:
        raise Unusable("a callback query without an id")
    if not isinstance(data, str):
        raise Unusable("a callback query without data")
    whole = data[: CALLBACK_BYTES_MAX + 1].encode(errors="replace")
    if len(whole) > CALLBACK_BYTES_MAX:
        raise Unusable("a callback query with more data than Telegram allows")
    return CallbackReceived(
        bot_id=bot.bot_id,
        chat_id=chat_id,
        chat_type=chat_type,
        message_id=positive(message.get("message_id")),
        thread_id=thread_of(message),
        user_id=user_id,
        user_name=name_of(user),
        language=language_of(user),
        callback_id=callback_id,
        # U+FFFD would take more bytes than the character that it stands for.
        data=whole.decode().replace("\x00", "?"),
    )

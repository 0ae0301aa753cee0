"""How an event becomes a Bot API call, and what Telegram's answer to it means. Pure.

Methods and fields: https://core.telegram.org/bots/api. Not here: making the call (``sender``).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

from application.messages import MAY_BE_A_REPEAT
from domain.errors import Refusal
from domain.events.telegram import Button, Entity, MessageClass, TelegramAnswer, TelegramEdit, TelegramSend


@frozen
class BotCall:
    """One call: the method and its parameters without formatting, and the formatting apart."""

    method: str
    params: Mapping[str, object]
    entities: Sequence[Mapping[str, object]] = ()
    # Whether a second call with the same parameters leaves the chat as the first one did.
    is_idempotent: bool = False
    message_class: MessageClass = MessageClass.REPLY

    def all_params(self, *, formatted: bool = True) -> dict[str, object]:
        """Return the parameters as Telegram takes them."""
        params = dict(self.params)
        if formatted and self.entities:
            params["entities"] = list(self.entities)
        return params


class Verdict(StrEnum):
    """What a refusal means for the row."""

    SETTLED = "settled"
    WAIT = "wait"
    RETRY = "retry"
    PLAIN = "plain"
    MOVED = "moved"
    UNREACHABLE = "unreachable"
    PERMANENT = "permanent"
    MISCONFIGURED = "misconfigured"


def bot_call(payload: object, *, repeat: bool, message_id: int | None) -> BotCall:
    """Return the call that carries out ``payload``.

    ``repeat`` marks a message that may have been delivered before, so that its reader knows. ``message_id`` is the
    message of a ``telegram.edit`` that names it by its delivery. Raises TypeError for payloads that are no delivery.
    """
    if isinstance(payload, TelegramSend):
        return _send(payload, repeat=repeat)
    if isinstance(payload, TelegramEdit):
        params: dict[str, object] = {
            "chat_id": payload.chat_id,
            "message_id": payload.message_id if payload.message_id is not None else message_id,
            "text": payload.text,
            **_keyboard(payload.buttons),
        }
        return BotCall("editMessageText", params, _entities(payload.entities), is_idempotent=True)
    if isinstance(payload, TelegramAnswer):
        answer: dict[str, object] = {"callback_query_id": payload.callback_id, "show_alert": payload.alert}
        if payload.text is not None:
            answer["text"] = payload.text
        return BotCall("answerCallbackQuery", answer, is_idempotent=True)
    raise TypeError(f"{type(payload).__name__} is not something to deliver")


def _send(payload: TelegramSend, *, repeat: bool) -> BotCall:
    params: dict[str, object] = {"chat_id": payload.chat_id, "text": payload.text}
    if repeat:
        params["text"] = f"{payload.text}\n\n({MAY_BE_A_REPEAT})"
    if payload.thread_id is not None:
        params["message_thread_id"] = payload.thread_id
    if payload.reply_to_message_id is not None:
        params["reply_parameters"] = {
            "message_id": payload.reply_to_message_id,
            "allow_sending_without_reply": True,
        }
    if payload.silent:
        params["disable_notification"] = True
    params.update(_keyboard(payload.buttons))
    return BotCall("sendMessage", params, _entities(payload.entities), message_class=payload.message_class)


def _keyboard(rows: Sequence[Sequence[Button]]) -> dict[str, object]:
    if not rows:
        return {}
    keyboard = [[{"text": button.text, "callback_data": button.data} for button in row] for row in rows]
    return {"reply_markup": {"inline_keyboard": keyboard}}


def _entities(entities: Sequence[Entity]) -> list[dict[str, object]]:
    return [_entity(entity) for entity in entities]


def _entity(entity: Entity) -> dict[str, object]:
    made: dict[str, object] = {"type": entity.type, "offset": entity.offset, "length": entity.length}
    for name in ("url", "language", "custom_emoji_id"):
        if (value := getattr(entity, name)) is not None:
            made[name] = value
    if entity.user_id is not None:
        made["user"] = {"id": entity.user_id, "is_bot": False, "first_name": ""}
    return made


def moved(payload: Any, chat_id: int) -> object:
    """Return the same payload for the supergroup that its group became."""
    return evolve(payload, chat_id=chat_id)


# Telegram gives no codes below the HTTP status; these beginnings of its descriptions have been stable for years.
NOT_TELEGRAM = "HTTP status "
# Whoever never wrote to the bot, and a group that is gone.
_NO_CHAT = "Bad Request: chat not found"
_SETTLED = (
    "Bad Request: message is not modified",
    "Bad Request: query is too old",
    # Whoever deleted the message that has the button needs no new text in it.
    "Bad Request: message to edit not found",
)
# What is wrong with formatting alone: found by the Bot API server in entities and in markup, or by Telegram behind it
# (tdlib's MessageEntity.cpp, and https://core.telegram.org/method/messages.sendMessage#possible-errors).
_PARSE = tuple(
    f"bad request: {words}"
    for words in (
        "can't parse entities",
        "can't parse messageentity",
        "can't find end of",
        "unsupported start tag",
        "messageentity",
        "entity",
        "entities_",
        "receive an entity",
        "invalid custom emoji identifier",
    )
)


def judge(refusal: Refusal) -> Verdict:
    """Return what an error answer means. Only a parse error is worth a second try as plain text."""
    text = refusal.description
    if text.startswith(NOT_TELEGRAM):
        # A proxy or a gateway answered, who knows nothing of chats.
        return Verdict.RETRY if refusal.code >= 500 else Verdict.MISCONFIGURED
    if refusal.migrate_to_chat_id is not None:
        return Verdict.MOVED
    if refusal.code == 429:
        return Verdict.WAIT
    if refusal.code >= 500:
        return Verdict.RETRY
    if refusal.code == 403 or text.startswith(_NO_CHAT):
        return Verdict.UNREACHABLE
    if refusal.code in (401, 404):
        return Verdict.MISCONFIGURED
    if text.startswith(_SETTLED):
        return Verdict.SETTLED
    if text.casefold().startswith(_PARSE):
        return Verdict.PLAIN
    return Verdict.PERMANENT

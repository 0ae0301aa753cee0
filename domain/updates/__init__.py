"""Telegram's updates as events: https://core.telegram.org/bots/api#update. Pure, and safe for any JSON.

Every update ends as an event or as ignored with a reason that tells its kind. Nothing that JSON can hold raises
anything but NotAnUpdate. Not here: taking updates in (``application.gateway``), and what is answered (the brain).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from attrs import frozen

from domain.events.telegram import CallbackReceived, ChatMember, ChatMigrated, MessageKind, MessageReceived
from domain.ids import message_trace, trace_of, update_key
from domain.updates.addressing import Bot
from domain.updates.members import changed
from domain.updates.messages import CONTENTS, migrated, received
from domain.updates.parts import Unusable, is_int
from domain.updates.presses import pressed

__all__ = ["CONTENTS", "NotAnUpdate", "Translated", "is_update", "translate"]

Payload = MessageReceived | CallbackReceived | ChatMigrated | ChatMember
Reader = Callable[[Mapping[str, Any], Bot], Payload]

_KIND = re.compile(r"[a-z_]{1,40}")


class NotAnUpdate(ValueError):
    """The JSON is no update at all: it has no ``update_id``."""


@frozen
class Translated:
    """One update: its key and trace, and the event it becomes, or why it is ignored."""

    key: str
    trace_id: str
    payload: Payload | None
    reason: str = ""


def is_update(thing: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether ``thing`` is an update, of whatever kind: an object with an integer ``update_id``."""
    return isinstance(thing, dict) and is_int(thing.get("update_id"))


def translate(update: object, bot_id: int, bot_name: str | None) -> Translated:
    """Return what ``update`` is. ``bot_name`` is the bot's user name, to tell what is meant for it.

    Raises NotAnUpdate for JSON without an ``update_id``.
    """
    if not is_update(update):
        raise NotAnUpdate("no update: an object with an integer update_id is expected")
    key = update_key(bot_id, update["update_id"])
    trace_id = trace_of(key)
    kind, reader = _reader_of(update)
    if reader is None:
        return Translated(key, trace_id, None, f"updates of kind {kind} are not used")
    body = update[kind]
    if not isinstance(body, dict):
        return Translated(key, trace_id, None, f"{kind} is no object")
    try:
        payload = reader(body, Bot(bot_id, bot_name))
    except Unusable as error:
        return Translated(key, trace_id, None, str(error))
    if isinstance(payload, MessageReceived):
        trace_id = message_trace(bot_id, payload.chat_id, payload.message_id)
    return Translated(key, trace_id, payload)


def _message(kind: MessageKind) -> Reader:
    def read(message: Mapping[str, Any], bot: Bot) -> Payload:
        return migrated(message, bot) or received(message, kind, bot)

    return read


_READERS: Mapping[str, Reader] = {
    **{kind.value: _message(kind) for kind in MessageKind},
    "callback_query": pressed,
    "my_chat_member": changed,
}


def _reader_of(update: Mapping[str, Any]) -> tuple[str, Reader | None]:
    """Return the kind of an update and what reads it; an update has one kind, whose name is all we say of others."""
    for kind, reader in _READERS.items():
        if update.get(kind) is not None:
            return kind, reader
    others = sorted(name for name in update if name != "update_id")
    return (others[0] if others and _KIND.fullmatch(others[0]) else "unknown"), None

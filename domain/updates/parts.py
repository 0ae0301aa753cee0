"""Reading parts of an update that may have any shape: what fits is returned, what must be there or fit is told.

Not here: what the parts mean.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from domain.envelope import timestamp_of
from domain.events.spec import INTEGER_MAX, KEY
from domain.events.telegram import ChatType

TEXT_CHARS_MAX = 4096
LANGUAGE_CHARS_MAX = 35
NAME_CHARS_MAX = 256
_CHAT_TYPES = {kind.value: kind for kind in ChatType}
# The first second of the year 10000, which no timestamp of ours can tell.
_DATE_END_S = 253_402_300_800


class Unusable(Exception):
    """The update is not used, and why: a sentence without anything that a person wrote."""


def is_int(value: object) -> TypeGuard[int]:
    """Tell whether ``value`` is an integer that every JSON implementation keeps exact."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGER_MAX


def integer(part: Mapping[str, Any], name: str) -> int:
    """Return an integer that must be there."""
    value = part.get(name)
    if not is_int(value):
        raise Unusable(f"{name} is missing or no integer")
    return value


def positive(value: object) -> int | None:
    """Return ``value`` where it is a positive integer."""
    return value if is_int(value) and value > 0 else None


def part_of(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object that must be there."""
    value = part.get(name)
    if not isinstance(value, dict):
        raise Unusable(f"{name} is missing or no object")
    return value


def maybe(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object that may be there, else an empty one."""
    value = part.get(name)
    return value if isinstance(value, dict) else {}


def chat_of(part: Mapping[str, Any]) -> tuple[int, ChatType]:
    """Return id and type of the chat of a message or of a change of members.

    Chats that hold the talks of several people with an owner (a business account's, a channel's direct messages)
    are none of ours: what is said in one of those talks must not be known in the other.
    """
    chat = part_of(part, "chat")
    chat_id = integer(chat, "id")
    name = chat.get("type")
    kind = _CHAT_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Unusable("a chat of an unknown type")
    # Whose data it is follows from the sign (``domain.scope``), so it must fit the type.
    if chat_id == 0 or (chat_id > 0) != (kind is ChatType.PRIVATE):
        raise Unusable("a chat whose id does not fit its type")
    if part.get("business_connection_id") is not None:
        raise Unusable("chats of business accounts are not used")
    if chat.get("is_direct_messages") is True:
        raise Unusable("direct messages of channels are not used")
    return chat_id, kind


def thread_of(message: Mapping[str, Any]) -> int | None:
    """Return the topic of a message.

    Outside of forums Telegram uses the thread for replies; only topics are places of their own. The General topic
    has none, and must have none on sends.
    """
    return positive(message.get("message_thread_id")) if message.get("is_topic_message") is True else None


def name_of(user: Mapping[str, Any]) -> str | None:
    """Return the user's first name, cut to what an event holds."""
    return _short(user.get("first_name"), NAME_CHARS_MAX)


def language_of(user: Mapping[str, Any]) -> str | None:
    """Return the language of the user's client, cut to what an event holds."""
    return _short(user.get("language_code"), LANGUAGE_CHARS_MAX)


def key_of(value: object) -> str | None:
    """Return one of Telegram's ids that are texts, where it has the form of one."""
    return value if isinstance(value, str) and KEY.accepts(value) else None


def clean(value: object) -> str | None:
    """Return text without what JSON allows and our events do not: halves of surrogate pairs, and U+0000."""
    if not isinstance(value, str):
        return None
    return value[:TEXT_CHARS_MAX].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def instant(date: object) -> str:
    """Return a Unix time as an instant; a date outside of the calendar is not worth losing the update: 1970."""
    return timestamp_of(float(date) if is_int(date) and 0 <= date < _DATE_END_S else 0.0)


def _short(value: object, chars_max: int) -> str | None:
    return clean(value[:chars_max]) or None if isinstance(value, str) else None

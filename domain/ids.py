"""Identifiers that follow from other values, so that a step that runs twice names the same things.

Not here: fresh random identifiers; randomness is a port.
"""

import hashlib
from uuid import UUID, uuid5

NAMESPACE = UUID("6f70656e-636c-5177-8000-6576656e7473")
KEY_CHARS_MAX = 200


def update_key(bot_id: int, update_id: int) -> str:
    """Return the idempotency key of a Telegram update: ``tg:{bot_id}:{update_id}``."""
    return f"tg:{bot_id}:{update_id}"


def event_id_of(key: str) -> UUID:
    """Return the event id that belongs to an idempotency key at the edge (UUID version 5)."""
    return uuid5(NAMESPACE, key)


def child_id(parent: UUID, name: str) -> UUID:
    """Return the event id of the child ``name`` of event ``parent`` (UUID version 5)."""
    return uuid5(parent, name)


def child_key(parent_key: str, name: str) -> str:
    """Return the idempotency key of the child ``name``: ``{parent_key}/{name}``, hashed when over 200 characters."""
    key = f"{parent_key}/{name}"
    if len(key) <= KEY_CHARS_MAX:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"sha256:{digest}"


def trace_of(text: str) -> str:
    """Return a trace id of 32 hex digits, never all zero (W3C Trace Context, section 3.2.2.3), from ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:31] + "1"


def message_trace(bot_id: int, chat_id: int, message_id: int) -> str:
    """Return the trace id of everything that one Telegram message causes, its edits included."""
    return trace_of(f"tg:{bot_id}:{chat_id}/{message_id}")

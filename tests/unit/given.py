"""What the tests of the application begin with: messages as events, rows, and a chat's Telegram updates.

Not here: one example of every event type (``event_examples``).
"""

from typing import Any

from attrs import evolve

from adapters.codec import Codec
from application.changes import Head, Owed
from domain.envelope import Event, create
from domain.events.telegram import ChatType, MessageKind, MessageReceived, TelegramSend
from domain.formatting import Formatted
from domain.ids import message_trace, update_key
from domain.scope import Scope

BOT = 1000
NOON = "2026-11-22T12:00:00.000000Z"


def a_message(
    text: str | None = "hello", *, chat: int = 7, user: int | None = 7, update: int = 1, **more: Any
) -> Event:
    """Return ``message.received`` as the gateway makes it."""
    payload = MessageReceived(
        bot_id=BOT,
        chat_id=chat,
        chat_type=ChatType.PRIVATE if chat > 0 else ChatType.SUPERGROUP,
        message_id=update,
        user_id=user,
        kind=MessageKind.MESSAGE,
        content="text",
        text=text,
        sent_at=NOON,
    )
    return event_of(evolve(payload, **more), update)


def a_send(text: str = "hello", *, chat: int = 7, update: int = 1, **more: Any) -> Event:
    """Return ``telegram.send`` as the brain makes it."""
    return event_of(TelegramSend(bot_id=BOT, chat_id=chat, text=text, **more), update, source="brain")


def event_of(payload: Any, update: int = 1, *, source: str = "gateway") -> Event:
    """Return the event that carries ``payload``, named by the number of an update."""
    trace = message_trace(BOT, getattr(payload, "chat_id", 0), update)
    key = update_key(BOT, update)
    return create(payload, source=source, key=key, trace_id=trace, timestamp=NOON)


def an_owed(event: Event, delay_s: float = 0.0) -> Owed:
    """Return the row that owes ``event``."""
    return Owed(event.target, event.event_id, lane_of(event), None, Codec().encode(event), delay_s)


def a_head(event: Event, **more: Any) -> Head:
    """Return the row of ``event`` as a round offers it."""
    head = Head(event.target, event.event_id, lane_of(event), 1, True, 0, 0, None, Codec().encode(event))
    return evolve(head, **more)


def lane_of(event: Event) -> str:
    """Return the lane of an event of a chat."""
    payload: Any = event.payload
    return Scope(payload.bot_id, payload.chat_id).lane


def an_update(kind: str = "message", update: int = 1, **body: Any) -> dict[str, Any]:
    """Return a Telegram update; ``body`` adds to a text message of user 7 in private, or replaces of it."""
    message: dict[str, Any] = {
        "message_id": update,
        "date": 1_750_000_000,
        "chat": {"id": 7, "type": "private", "first_name": "Ann"},
        "from": {"id": 7, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "text": "hello",
    }
    return {"update_id": update, kind: {**message, **body}}


class AsItIs:
    """A formatter that finds no Markdown in anything."""

    def format(self, markdown: str) -> Formatted:
        """Return the text as it is."""
        return Formatted(markdown)

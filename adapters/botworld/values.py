"""The values of the simulated Telegram: refusals, faults, rate limits, and what reached a chat.

Units: times in seconds since the epoch, lengths in UTF-16 code units. Not here: who and what exists
(``adapters.botworld.accounts``), and any behaviour of the world.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

Json = dict[str, Any]


class WorldError(Exception):
    """A test or a control request asks for something that this world does not have; the text says what."""


class ApiError(Exception):
    """The Bot API's answer ``ok: false`` (https://core.telegram.org/bots/api#making-requests)."""

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after_s: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after_s = retry_after_s
        self.migrate_to_chat_id = migrate_to_chat_id

    def as_json(self) -> Json:
        """Return the answer's body."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        given = {"retry_after": self.retry_after_s, "migrate_to_chat_id": self.migrate_to_chat_id}
        parameters = {name: value for name, value in given.items() if value is not None}
        return body | {"parameters": parameters} if parameters else body


def bad_request(text: str) -> ApiError:
    """Return the refusal ``400 Bad Request: {text}``."""
    return ApiError(400, f"Bad Request: {text}")


def too_many_requests(retry_after_s: int) -> ApiError:
    """Return the refusal for calling too often."""
    description = f"Too Many Requests: retry after {retry_after_s}"
    return ApiError(429, description, retry_after_s=retry_after_s)


class FaultKind(StrEnum):
    """What goes wrong with a call."""

    REFUSE = "refuse"
    """Answered with an error of the Bot API; nothing happens in the world."""
    GATEWAY = "gateway"
    """Answered by something in between: an HTML page and the status ``code``; nothing happens."""
    HANG_BEFORE = "hang_before"
    """The request is taken and never answered, and nothing happens."""
    HANG_AFTER = "hang_after"
    """The request takes effect and is never answered."""
    RESET_BEFORE = "reset_before"
    """The connection is dropped, and nothing happens."""
    RESET_AFTER = "reset_after"
    """The request takes effect and the connection is dropped."""
    SLOW = "slow"
    """The request takes effect and is answered after ``delay_s``."""
    NOT_SENT = "not_sent"
    """The request does not leave the caller. Only in memory: a server cannot produce it."""


@frozen
class Fault:
    """A planned fault: which calls it meets, how often, and what happens to them.

    ``method`` and ``chat_id`` None meet every call; ``count`` None lasts until it is cleared.
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    count: int | None = 1
    code: int = 500
    description: str = "Internal Server Error"
    retry_after_s: int | None = None
    migrate_to_chat_id: int | None = None
    delay_s: float = 0.0

    def refusal(self) -> ApiError:
        """Return the answer of a ``refuse`` fault."""
        return ApiError(
            self.code,
            self.description,
            retry_after_s=self.retry_after_s,
            migrate_to_chat_id=self.migrate_to_chat_id,
        )


def http_500(method: str | None = None, chat_id: int | None = None, count: int | None = 1) -> Fault:
    """Return a fault: an internal error of the Bot API."""
    return Fault(FaultKind.REFUSE, method, chat_id, count)


def rate_limited(
    retry_after_s: int, method: str | None = None, chat_id: int | None = None, count: int | None = 1
) -> Fault:
    """Return a fault: 429 with ``retry_after``."""
    error = too_many_requests(retry_after_s)
    return Fault(
        FaultKind.REFUSE, method, chat_id, count, error.code, error.description, retry_after_s=retry_after_s
    )


def blocked(method: str | None = None, chat_id: int | None = None, count: int | None = 1) -> Fault:
    """Return a fault: 403, the user has blocked the bot."""
    return Fault(FaultKind.REFUSE, method, chat_id, count, 403, BLOCKED_TEXT)


BLOCKED_TEXT = "Forbidden: bot was blocked by the user"


@frozen
class Effect:
    """One call that took effect: what a bot did to a chat.

    ``seq`` numbers the effects of the whole world from 1. ``received_at`` is when the call arrived, ``params``
    what the bot sent. ``message_id`` is of the message that it made or changed, if any.
    """

    seq: int
    bot_id: int
    chat_id: int
    method: str
    message_id: int | None
    received_at: float
    params: Mapping[str, Any] = field(repr=False)

    @property
    def text(self) -> str | None:
        """The text that was sent, if any."""
        return self.params.get("text")

    def as_json(self) -> Json:
        """Return the effect as JSON, in the order of its fields."""
        return {
            "seq": self.seq,
            "bot_id": self.bot_id,
            "chat_id": self.chat_id,
            "method": self.method,
            "message_id": self.message_id,
            "received_at": self.received_at,
            "params": dict(self.params),
        }


@frozen
class RateLimits:
    """Telegram's published limits (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

    Messages a second for a bot over all chats and for one chat, with the burst a chat is allowed, and messages a
    minute for one group.
    """

    per_bot_s: float = 30.0
    per_chat_s: float = 1.0
    chat_burst: int = 3
    per_group_min: float = 20.0

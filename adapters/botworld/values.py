"""The values of the simulated Telegram: who and what exists, refusals, faults, and what reached a chat.

Units: times in seconds since the epoch, lengths in UTF-16 code units. Not here: any behaviour of the world.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import Factory, define, field, frozen

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


@define
class User:
    """A person."""

    user_id: int
    first_name: str
    username: str | None = None
    language_code: str = "en"

    def as_json(self) -> Json:
        """Return the Bot API's ``User``."""
        body: Json = {"id": self.user_id, "is_bot": False, "first_name": self.first_name}
        if self.username:
            body["username"] = self.username
        return body | {"language_code": self.language_code}


@define
class Bot:
    """A bot account. ``reads_all`` False is Telegram's privacy mode: groups show it only what is meant for it."""

    token: str = field(repr=False)
    bot_id: int
    username: str
    first_name: str
    reads_all: bool = True
    commands: list[Json] = Factory(list)

    def as_user(self) -> Json:
        """Return the Bot API's ``User`` as others see it."""
        return {"id": self.bot_id, "is_bot": True, "first_name": self.first_name, "username": self.username}


@define
class Chat:
    """A chat: private (its id is the user's), ``group`` or ``supergroup``."""

    chat_id: int
    kind: str
    title: str | None = None
    is_forum: bool = False
    topics: set[int] = Factory(set)
    migrated_to: int | None = None
    bots: set[int] = Factory(set)
    """Bots that were let in: they may send. In private, those the user has started and not blocked."""
    gone: dict[int, str] = Factory(dict)
    """Bots that were shut out, with the reason that the Bot API gives."""
    user: User | None = None

    @property
    def is_private(self) -> bool:
        """Whether this is the chat of one user with a bot."""
        return self.kind == "private"

    def as_json(self) -> Json:
        """Return the Bot API's ``Chat``."""
        body: Json = {"id": self.chat_id}
        if self.user is not None:
            body["first_name"] = self.user.first_name
            if self.user.username:
                body["username"] = self.user.username
        else:
            body["title"] = self.title or f"Chat {self.chat_id}"
        body["type"] = self.kind
        return body | {"is_forum": True} if self.is_forum else body

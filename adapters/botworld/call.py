"""One call of a bot while it runs: its parameters, the fault that meets it, what it may reach, and its effect.

The methods themselves are in the ``api_`` modules; ``adapters.botworld.methods`` has their table.
"""

from collections.abc import Callable, Mapping
from copy import copy
from types import TracebackType
from typing import Any, Self

from attrs import frozen

from adapters.botworld import params as read
from adapters.botworld.accounts import Bot, Chat, Status
from adapters.botworld.record import End, InFlight
from adapters.botworld.state import Box
from adapters.botworld.values import ApiError, FaultKind, Json, bad_request
from adapters.botworld.world import World


@frozen
class Upload:
    """A file that came with a call. What is in it is not kept."""

    file_name: str
    size: int
    mime_type: str


@frozen
class Method:
    """One method of the Bot API: its name as published, and what it does."""

    name: str
    run: Callable[["Call"], object]


class Call:
    """One call while it runs: which bot's, what fault meets it, and its effect once performed.

    ``note`` is the remark that Telegram adds to a few results (the answer's ``description``).
    """

    def __init__(
        self, world: World, bot: Bot, method: Method, params: read.Params, files: Mapping[str, Upload]
    ) -> None:
        self.world = world
        self.bot = bot
        self.params = params
        self.files = files
        self.method = method
        self.note: str | None = None
        self.in_flight = InFlight(bot.bot_id, method.name, self._chat_id(), world.now())
        self.fault = world.faults.take(method.name, self.in_flight.chat_id)

    def __enter__(self) -> Self:
        text = self.params.get("text")
        self._number = self.world.record.began(self.in_flight, text if isinstance(text, str) else None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end, code, retry_after_s = End.ANSWERED, 0, None
        if self.fault is not None and self.fault.kind is FaultKind.GATEWAY:
            # Whoever stands in between refused, of which Telegram does not know.
            end, code = End.REFUSED, self.fault.code
        elif isinstance(error, ApiError):
            self.world.record.refused[error.code] += 1
            end, code, retry_after_s = End.REFUSED, error.code, error.retry_after_s
        elif error is not None:
            end = End.UNANSWERED
        self.world.record.ended(self._number, self.world.now(), end, code=code, retry_after_s=retry_after_s)

    def perform(self) -> object:
        """Do what the method does and return its result. Raises ApiError."""
        return self.method.run(self)

    def over(self, **params: object) -> Self:
        """Return this call with other parameters, for a method that is several of another."""
        other = copy(self)
        other.params = {**self.params, **params}
        return other

    def affected(self, chat_id: int, message_id: int | None = None) -> None:
        """Record that this call reached ``chat_id``."""
        self.world.record.took_effect(self.in_flight, chat_id, message_id, self.params)
        self.world.announce("effects", chat_id)

    def limit(self, chat: Chat) -> None:
        """Count a message against the rate limits, where there are any. Raises ApiError 429."""
        if self.world.limiter is not None:
            self.world.limiter.check(self.bot.bot_id, chat.chat_id, self.world.now())

    def box(self, chat: Chat) -> Box:
        """Return the messages of ``chat`` as this bot sees them."""
        return self.world.box(self.bot.bot_id, chat)

    def _chat_id(self) -> int | None:
        chat = self._named(self.params.get("chat_id"))
        return chat.chat_id if chat is not None else read.chat_of(self.params)

    def _named(self, value: Any) -> Chat | None:
        """Return the chat with this id or ``@username``, if there is one."""
        if isinstance(value, str) and value.startswith("@"):
            name = value[1:].lower()
            named = (chat for chat in self.world.chats.values() if not chat.is_private)
            return next((chat for chat in named if (chat.username or "").lower() == name), None)
        try:
            return self.world.chats.get(int(value))
        except (TypeError, ValueError):
            return None

    def chat(self, field: str = "chat_id", *, to_read: bool = False) -> Chat:
        """Return the chat that is meant, if the bot may write there, or ``to_read`` it. Raises ApiError."""
        value = self.params.get(field)
        if value in (None, ""):
            raise bad_request("chat_id is empty")
        chat = self._named(value)
        if chat is None:
            raise bad_request("chat not found")
        status = chat.status(self.bot.bot_id)
        if chat.is_private:
            self._check_private(chat, status, to_read=to_read)
            return chat
        if chat.kind == "group" and not to_read:
            self._check_active(chat)
        if status is Status.KICKED and not (to_read and chat.kind == "group"):
            raise ApiError(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
        is_open = to_read and (chat.username is not None or chat.kind == "group")
        if status is Status.LEFT and not is_open:
            raise ApiError(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
        return chat

    def _check_private(self, chat: Chat, status: Status, *, to_read: bool) -> None:
        if chat.user is not None and chat.user.is_deactivated and not to_read:
            raise ApiError(403, "Forbidden: user is deactivated")
        if status is Status.KICKED and not to_read:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if status is Status.LEFT and not to_read:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")

    def _check_active(self, chat: Chat) -> None:
        if chat.migrated_to is not None:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, text, migrate_to_chat_id=chat.migrated_to)
        if chat.is_deleted:
            raise ApiError(403, "Forbidden: the group chat was deleted")

    def message(self, what: str, chat: Chat, field: str = "message_id") -> Json:
        """Return the message of ``chat`` that is meant; ``what`` names it in the complaint. Raises ApiError."""
        found = self.box(chat).messages.get(read.whole(self.params, field, 0))
        if found is None:
            raise bad_request(f"{what} not found")
        return found

    def needs_admin(self, chat: Chat, complaint: str) -> None:
        """Refuse what only administrators of a supergroup or channel may. Raises ApiError."""
        if chat.kind in ("supergroup", "channel") and not chat.status(self.bot.bot_id).is_admin:
            raise bad_request(complaint)

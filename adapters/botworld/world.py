"""The state of a simulated Telegram, and what its people can do: write, edit, press, block, be migrated.

Plain values and methods: no I/O, no waiting, no clock of its own. Every change of interest is announced to the
listeners as a Topic. A private chat is one box of messages for each bot, a group is one box for all.

Not here: what bots can do (``adapters.botworld.methods``) and waiting for changes (``adapters.botworld.bell``).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import define, field, frozen

from adapters.botworld.faults import FaultPlan
from adapters.botworld.limits import Limiter
from adapters.botworld.record import Record
from adapters.botworld.shapes import chat_in, is_shown, quoted, text_fields
from adapters.botworld.updates import UpdateQueue
from adapters.botworld.values import BLOCKED_TEXT, Bot, Chat, Json, RateLimits, User, WorldError

MESSAGES_PER_CHAT_MAX = 10_000
QUERIES_MAX = 10_000
# The account that stands for an administrator who writes anonymously
# (https://core.telegram.org/bots/api#message, field ``from``).
ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}


class Topic(NamedTuple):
    """Something that changed: ``updates`` of the bot or ``effects`` of the chat with this id."""

    kind: str
    owner_id: int


@frozen
class Said:
    """What became of a person's act: the message and the updates that the bots were sent."""

    message_id: int
    update_ids: tuple[int, ...]


@define
class Box:
    """The messages of one chat, the latest 10,000."""

    next_message_id: int
    messages: OrderedDict[int, Json] = field(factory=OrderedDict)

    def add(self, message: Json) -> None:
        """Keep ``message``, whose id must be ``next_message_id``."""
        self.messages[message["message_id"]] = message
        self.next_message_id += 1
        if len(self.messages) > MESSAGES_PER_CHAT_MAX:
            self.messages.popitem(last=False)


@define
class Query:
    """A button press that waits for its answer."""

    bot_id: int
    chat_id: int
    asked_at: float


class World:
    """A Telegram with its bots, users, chats, messages, queues, planned faults and record."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        first_update_id: int = 1,
        first_message_id: int = 1,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self.now = now
        self.faults = FaultPlan()
        self.record = Record()
        self.limiter = Limiter(rate_limits) if rate_limits else None
        self.bots: dict[int, Bot] = {}
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.queues: dict[int, UpdateQueue] = {}
        self.queries: OrderedDict[str, Query] = OrderedDict()
        self._by_token: dict[str, Bot] = {}
        self._boxes: dict[tuple[int, int], Box] = {}
        self._first_update_id = first_update_id
        self._first_message_id = first_message_id
        self._next_query = 1
        self._listeners: list[Callable[[Topic], None]] = []

    # Who and what there is

    def listen(self, listener: Callable[[Topic], None]) -> None:
        """Call ``listener`` at every change of interest."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Topic], None]) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    def announce(self, kind: str, owner_id: int) -> None:
        """Tell the listeners of a change."""
        topic = Topic(kind, owner_id)
        for listener in self._listeners:
            listener(topic)

    def limit_rates(self, limits: RateLimits | None) -> None:
        """Enforce ``limits`` from now on, from full buckets; None enforces nothing."""
        self.limiter = Limiter(limits) if limits else None

    def add_bot(
        self,
        token: str,
        username: str = "openclaw_bot",
        first_name: str = "OpenClaw",
        *,
        reads_all: bool = True,
    ) -> Bot:
        """Add the bot with ``token`` (``{bot_id}:{secret}``). Adding it again changes nothing."""
        bot_id, colon, secret = token.partition(":")
        if not (colon and secret and bot_id.isdigit()):
            raise WorldError("a bot token looks like 123456:abc")
        if token in self._by_token:
            return self._by_token[token]
        if int(bot_id) in self.bots:
            raise WorldError(f"the bot {bot_id} exists already, with another token")
        bot = Bot(token, int(bot_id), username, first_name, reads_all)
        self.bots[bot.bot_id] = self._by_token[token] = bot
        self.queues[bot.bot_id] = UpdateQueue(self._first_update_id)
        return bot

    def bot_of(self, token: str) -> Bot | None:
        """Return the bot with this token, if any."""
        return self._by_token.get(token)

    def add_user(self, user_id: int, first_name: str | None = None, username: str | None = None) -> User:
        """Add a person, or return the one who is there; new names replace the old."""
        user = self.users.get(user_id)
        if user is None:
            user = self.users[user_id] = User(user_id, first_name or f"User {user_id}", username)
        user.first_name = first_name or user.first_name
        user.username = username or user.username
        return user

    def add_group(
        self,
        chat_id: int,
        title: str | None = None,
        *,
        kind: str = "supergroup",
        is_forum: bool = False,
        bots: Sequence[int] | None = None,
    ) -> Chat:
        """Add a group with these bots in it (None: every bot)."""
        if chat_id >= 0 or kind not in {"group", "supergroup"}:
            raise WorldError("a group has a negative id and is a 'group' or a 'supergroup'")
        chat = self.chats[chat_id] = Chat(chat_id, kind, title, is_forum)
        chat.bots.update(self.bots if bots is None else bots)
        return chat

    def box(self, bot_id: int, chat: Chat) -> Box:
        """Return the messages of ``chat`` as the bot sees them."""
        key = (bot_id if chat.is_private else 0, chat.chat_id)
        box = self._boxes.get(key)
        if box is None:
            box = self._boxes[key] = Box(self._first_message_id)
        return box

    def message(self, bot_id: int, chat_id: int, message_id: int) -> Json:
        """Return a message as it stands. Raises WorldError."""
        found = self.box(bot_id, self._known(chat_id)).messages.get(message_id)
        if found is None:
            raise WorldError(f"there is no message {message_id} in chat {chat_id}")
        return found

    # What people do

    def say(
        self,
        chat_id: int,
        user_id: int,
        text: str | None,
        *,
        bot_id: int | None = None,
        thread_id: int | None = None,
        reply_to: int | None = None,
        anonymous: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> Said:
        """Let a person write. The chat is made if it is new: a positive id is the private chat of that user.

        ``bot_id`` says which bot's private chat is meant where there are several; ``anonymous`` writes as the
        group itself; ``extra`` adds fields to the message (a photo, a sticker, a forward).
        """
        chat = self._chat_for(chat_id, user_id)
        bots = self._bots_in(chat, bot_id)
        box = self.box(bots[0], chat)
        message: Json = {
            "message_id": box.next_message_id,
            "from": ANONYMOUS_ADMIN if anonymous else self.add_user(user_id).as_json(),
            "chat": chat.as_json(),
            "date": int(self.now()),
        }
        if anonymous:
            message["sender_chat"] = chat.as_json()
        if thread_id is not None:
            chat.topics.add(thread_id)
            message |= {"message_thread_id": thread_id, "is_topic_message": True}
        if reply_to is not None:
            message["reply_to_message"] = quoted(self.message(bots[0], chat_id, reply_to))
        message |= text_fields(text) | dict(extra or {})
        box.add(message)
        return Said(message["message_id"], self._show(bots, chat, "message", message))

    def edit(self, chat_id: int, message_id: int, text: str, *, bot_id: int | None = None) -> Said:
        """Let a person change a message of theirs."""
        chat = self._known(chat_id)
        bots = self._bots_in(chat, bot_id)
        message = self.message(bots[0], chat_id, message_id)
        if message["from"]["id"] in self.bots:
            raise WorldError(f"message {message_id} is a bot's; people edit their own")
        message.pop("entities", None)
        message |= {"edit_date": int(self.now()), **text_fields(text)}
        return Said(message_id, self._show(bots, chat, "edited_message", message))

    def press(
        self, chat_id: int, user_id: int, message_id: int, data: str, *, bot_id: int | None = None
    ) -> tuple[str, Said]:
        """Let a person press the button that carries ``data``; return the id of the callback query, too."""
        chat = self._known(chat_id)
        bots = self._bots_in(chat, bot_id)
        message = self.message(bots[0], chat_id, message_id)
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        if not any(button.get("callback_data") == data for row in rows for button in row):
            raise WorldError(f"message {message_id} has no button with the data {data!r}")
        owner = message["from"]["id"]
        query_id = str(self._next_query)
        self._next_query += 1
        self.queries[query_id] = Query(owner, chat_id, self.now())
        if len(self.queries) > QUERIES_MAX:
            self.queries.popitem(last=False)
        body: Json = {
            "id": query_id,
            "from": self.add_user(user_id).as_json(),
            "message": dict(message),
            "chat_instance": str(chat_id),
            "data": data,
        }
        return query_id, Said(message_id, self._show([owner], chat, "callback_query", body))

    def inject(self, update: Json, bot_id: int | None = None) -> int:
        """Queue a raw update as it is; return its id."""
        bot = self._one_bot(bot_id)
        update_id = self.queues[bot].inject(chat_in(update), update)
        self.announce("updates", bot)
        return update_id

    def block(self, chat_id: int, bot_id: int | None = None) -> None:
        """Let the user block the bot, or the group throw it out."""
        chat = self._known(chat_id)
        bot = self._one_bot(bot_id)
        reason = BLOCKED_TEXT if chat.is_private else f"Forbidden: bot was kicked from the {chat.kind} chat"
        chat.bots.discard(bot)
        chat.gone[bot] = reason
        self._membership(bot, chat, "member", "kicked")

    def unblock(self, chat_id: int, bot_id: int | None = None) -> None:
        """Undo ``block``."""
        chat = self._known(chat_id)
        bot = self._one_bot(bot_id)
        chat.gone.pop(bot, None)
        chat.bots.add(bot)
        self._membership(bot, chat, "kicked", "member")

    def migrate(self, chat_id: int, new_chat_id: int) -> None:
        """Turn the group into a supergroup with a new id, as Telegram does."""
        old = self._known(chat_id)
        if old.kind != "group":
            raise WorldError("only a group of kind 'group' becomes a supergroup")
        bots = sorted(old.bots)
        old.migrated_to = new_chat_id
        new = self.add_group(new_chat_id, old.title, bots=bots)
        for chat, extra in (
            (old, {"migrate_to_chat_id": new_chat_id}),
            (new, {"migrate_from_chat_id": chat_id}),
        ):
            box = self.box(0, chat)
            message: Json = {
                "message_id": box.next_message_id,
                "from": ANONYMOUS_ADMIN,
                "chat": chat.as_json(),
            }
            message |= {"sender_chat": chat.as_json(), "date": int(self.now()), **extra}
            box.add(message)
            self._show(bots, chat, "message", message)

    # Behind them

    def _known(self, chat_id: int) -> Chat:
        chat = self.chats.get(chat_id)
        if chat is None:
            raise WorldError(f"there is no chat {chat_id}")
        return chat

    def _chat_for(self, chat_id: int, user_id: int) -> Chat:
        chat = self.chats.get(chat_id)
        if chat is None and chat_id > 0:
            if chat_id != user_id:
                raise WorldError(f"chat {chat_id} is the private chat of user {chat_id}, not of {user_id}")
            chat = self.chats[chat_id] = Chat(chat_id, "private", user=self.add_user(user_id))
        return chat if chat is not None else self.add_group(chat_id)

    def _one_bot(self, bot_id: int | None) -> int:
        if bot_id is not None and bot_id in self.bots:
            return bot_id
        if bot_id is None and len(self.bots) == 1:
            return next(iter(self.bots))
        known = ", ".join(map(str, self.bots)) or "none"
        raise WorldError(f"say which bot is meant by bot_id; there are: {known}")

    def _bots_in(self, chat: Chat, bot_id: int | None) -> list[int]:
        if chat.is_private:
            bot = self._one_bot(bot_id)
            chat.gone.pop(bot, None)  # who writes to a bot has it unblocked
            chat.bots.add(bot)
            return [bot]
        if not chat.bots:
            raise WorldError(f"no bot is in chat {chat.chat_id}")
        return sorted(chat.bots)

    def _show(self, bots: Sequence[int], chat: Chat, kind: str, body: Json) -> tuple[int, ...]:
        update_ids: list[int] = []
        for bot_id in bots:
            if not is_shown(self.bots[bot_id], chat, kind, body):
                continue
            # A copy: the update is what was true when it happened, while messages change.
            update_id = self.queues[bot_id].put(kind, chat.chat_id, dict(body))
            if update_id is not None:
                update_ids.append(update_id)
                self.announce("updates", bot_id)
        return tuple(update_ids)

    def _membership(self, bot_id: int, chat: Chat, old: str, new: str) -> None:
        user = self.bots[bot_id].as_user()
        actor = chat.user.as_json() if chat.user else ANONYMOUS_ADMIN
        body: Json = {"chat": chat.as_json(), "from": actor, "date": int(self.now())}
        body |= {
            "old_chat_member": {"user": user, "status": old},
            "new_chat_member": {"user": user, "status": new},
        }
        self._show([bot_id], chat, "my_chat_member", body)

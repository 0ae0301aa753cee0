"""The state of a simulated Telegram: accounts, chats, messages, queues of updates, planned faults, the record.

Plain values and methods: no I/O, no waiting, no clock of its own. Every change of interest is announced to the
listeners as a Topic. A private chat is one box of messages for each bot, any other chat is one box for all.

Not here: what people do (the ``people_`` modules) and what bots can do (the ``api_`` modules).
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import NamedTuple

from attrs import define, field, frozen

from adapters.botworld.accounts import Bot, Chat, Status, User, member_json
from adapters.botworld.contents import Files
from adapters.botworld.faults import FaultPlan
from adapters.botworld.limits import Limiter
from adapters.botworld.privacy import is_for, is_shown
from adapters.botworld.record import Record
from adapters.botworld.updates import UpdateQueue
from adapters.botworld.values import Json, RateLimits, WorldError

MESSAGES_PER_CHAT_MAX = 10_000
_TOKEN = re.compile(r"([1-9][0-9]{0,15}):[A-Za-z0-9_-]{1,64}")


class Topic(NamedTuple):
    """Something that changed: ``updates`` or the ``webhook`` of the bot, or ``effects`` of the chat with this id."""

    kind: str
    owner_id: int


@frozen
class Said:
    """What became of a person's act: the message and the updates that the bots were sent."""

    message_id: int
    update_ids: tuple[int, ...]


@define
class Box:
    """The messages of one chat, the latest 10,000: which bots wrote them, and which bots they were meant for."""

    next_message_id: int
    messages: OrderedDict[int, Json] = field(factory=OrderedDict)
    authors: dict[int, int] = field(factory=dict)
    meant: dict[int, frozenset[int]] = field(factory=dict)

    def add(self, message: Json, author: int | None = None) -> None:
        """Keep ``message``, whose id must be ``next_message_id``; ``author`` is the bot that wrote it."""
        self.messages[message["message_id"]] = message
        if author is not None:
            self.authors[message["message_id"]] = author
        self.next_message_id += 1
        if len(self.messages) > MESSAGES_PER_CHAT_MAX:
            self.drop(next(iter(self.messages)))

    def drop(self, message_id: int) -> None:
        """Forget a message."""
        for kept in (self.messages, self.authors, self.meant):
            kept.pop(message_id, None)

    def is_meant(self, message_id: int, bot_id: int) -> bool:
        """Whether a message was meant for this bot."""
        return bot_id in self.meant.get(message_id, ())


@define
class Query:
    """A button press that waits for its answer."""

    bot_id: int
    chat_id: int
    asked_at: float


class State:
    """A Telegram with its bots, users, chats, messages, queues, planned faults and record."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        first_update_id: int = 1,
        first_message_id: int = 1,
        rate_limits: RateLimits | None = None,
        seed: int = 0,
    ) -> None:
        self._now = now
        self.shift_s = 0.0
        self.random = Random(seed)  # noqa: S311 (dice and update ids; nothing secret)
        self.faults = FaultPlan()
        self.record = Record()
        self.files = Files()
        self.limiter = Limiter(rate_limits) if rate_limits else None
        self.bots: dict[int, Bot] = {}
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.queues: dict[int, UpdateQueue] = {}
        self.queries: OrderedDict[str, Query] = OrderedDict()
        self.reactions: dict[tuple[int, int, int], list[Json]] = {}
        self.restarts: Random | None = None
        self.adopts = False
        self._by_token: dict[str, Bot] = {}
        self._boxes: dict[tuple[int, int], Box] = {}
        self._first_update_id = first_update_id
        self._first_message_id = first_message_id
        self._next_number = 1
        self._listeners: list[Callable[[Topic], None]] = []

    def now(self) -> float:
        """Return this world's time in seconds since the epoch."""
        return self._now() + self.shift_s

    def number(self) -> str:
        """Return a number that was not given out before, for queries, albums and polls."""
        self._next_number += 1
        return str(self._next_number - 1)

    def restart_update_ids(self, on: bool) -> None:
        """Let update ids begin anew at random after a week without updates, as Telegram may; or not."""
        self.restarts = self.random if on else None
        for queue in self.queues.values():
            queue.restarts = self.restarts

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
        self.queues[bot.bot_id] = UpdateQueue(self._first_update_id, self.now, restarts=self.restarts)
        return bot

    def renew_token(self, token: str) -> Bot:
        """Give a bot that is there another token, as @BotFather does; the one before it is unknown from now on."""
        bot_id, colon, secret = token.partition(":")
        if not (colon and secret and bot_id.isdigit()) or int(bot_id) not in self.bots:
            raise WorldError("a new token begins with the id of a bot that is there: 123456:abc")
        bot = self.bots[int(bot_id)]
        del self._by_token[bot.token]
        bot.token = token
        self._by_token[token] = bot
        # A poll that is under way was asked for with the token that is unknown now.
        self.announce("updates", bot.bot_id)
        return bot

    def bot_of(self, token: str) -> Bot | None:
        """Return the bot with this token, if any; one is made where any token makes one (``adopts``)."""
        known = self._by_token.get(token)
        if (
            known is None
            and self.adopts
            and (found := _TOKEN.fullmatch(token))
            and int(found[1]) not in self.bots
        ):
            return self.add_bot(token, f"bot{found[1]}_bot", f"Bot {found[1]}", reads_all=False)
        return known

    def add_user(
        self, user_id: int, first_name: str | None = None, username: str | None = None, **more: str | None
    ) -> User:
        """Add a person, or return the one who is there; new names replace the old.

        ``more`` may hold ``last_name`` and ``language_code``.
        """
        user = self.users.get(user_id)
        if user is None:
            user = self.users[user_id] = User(user_id, first_name or f"User {user_id}", username)
        user.first_name = first_name or user.first_name
        user.username = username or user.username
        user.last_name = more.get("last_name") or user.last_name
        user.language_code = more.get("language_code") or user.language_code
        return user

    def add_group(
        self,
        chat_id: int,
        title: str | None = None,
        *,
        kind: str = "supergroup",
        is_forum: bool = False,
        bots: Iterable[int] | None = None,
        username: str | None = None,
    ) -> Chat:
        """Add a group or a channel with these bots in it (None: every bot), in a channel as administrators."""
        if chat_id >= 0 or kind not in {"group", "supergroup", "channel"}:
            raise WorldError("a group has a negative id and is a 'group', a 'supergroup' or a 'channel'")
        if is_forum and kind != "supergroup":
            raise WorldError("only a supergroup is a forum")
        chat = self.chats[chat_id] = Chat(chat_id, kind, title, is_forum, username=username)
        status = Status.ADMINISTRATOR if chat.is_channel else Status.MEMBER
        chat.members.update(dict.fromkeys(self.bots if bots is None else bots, status))
        return chat

    def box(self, bot_id: int, chat: Chat) -> Box:
        """Return the messages of ``chat`` as the bot sees them."""
        key = (bot_id if chat.is_private else 0, chat.chat_id)
        box = self._boxes.get(key)
        if box is None:
            # The first message of a supergroup tells of its making, so that no topic has the id of General.
            box = self._boxes[key] = Box(max(self._first_message_id, 2 if chat.is_forum else 1))
        return box

    def message(self, bot_id: int, chat_id: int, message_id: int) -> Json:
        """Return a message as it stands. Raises WorldError."""
        found = self.box(bot_id, self.known(chat_id)).messages.get(message_id)
        if found is None:
            raise WorldError(f"there is no message {message_id} in chat {chat_id}")
        return found

    # What the modules of people and bots are made from

    def known(self, chat_id: int) -> Chat:
        """Return the chat. Raises WorldError."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise WorldError(f"there is no chat {chat_id}")
        return chat

    def known_group(self, chat_id: int) -> Chat:
        """Return a chat that is not private. Raises WorldError."""
        chat = self.known(chat_id)
        if chat.is_private:
            raise WorldError(f"chat {chat_id} is private; this is for groups and channels")
        return chat

    def one_bot(self, bot_id: int | None) -> int:
        """Return the bot that is meant: the one named, or the only one. Raises WorldError."""
        if bot_id is not None and bot_id in self.bots:
            return bot_id
        if bot_id is None and len(self.bots) == 1:
            return next(iter(self.bots))
        known = ", ".join(map(str, self.bots)) or "none"
        raise WorldError(f"say which bot is meant by bot_id; there are: {known}")

    def bots_in(self, chat: Chat) -> list[int]:
        """Return the bots that are in the chat."""
        return sorted(bot for bot in self.bots if chat.status(bot).is_in)

    def account(self, user_id: int) -> Json:
        """Return the Bot API's ``User`` of a person, who is made if new, or of a bot."""
        bot = self.bots.get(user_id)
        return bot.as_user() if bot is not None else self.add_user(user_id).as_json()

    def draft(self, chat: Chat, box: Box, **fields: object) -> Json:
        """Return the beginning of a message: id, chat and date, and these fields besides."""
        return {
            "message_id": box.next_message_id,
            **fields,
            "chat": chat.as_json(),
            "date": int(self.now()),
        }

    def publish(self, bots: Sequence[int], chat: Chat, box: Box, message: Json) -> Said:
        """Keep a message and show it to the bots that may see it."""
        box.add(message)
        kind = "channel_post" if chat.is_channel else "message"
        return Said(message["message_id"], self.show(bots, chat, kind, message))

    def show(self, bots: Iterable[int], chat: Chat, kind: str, body: Json) -> tuple[int, ...]:
        """Queue an update for each of the bots that may see it; return the ids."""
        update_ids: list[int] = []
        box = self.box(0, chat)
        for bot_id in bots:
            bot = self.bots[bot_id]
            if not is_shown(bot, chat, kind, body, box.is_meant):
                continue
            if kind == "message" and not chat.is_private and is_for(bot, chat, body, box.is_meant):
                meant = box.meant.get(body["message_id"], frozenset())
                box.meant[body["message_id"]] = meant | {bot_id}
            # A copy: the update is what was true when it happened, while messages change.
            update_id = self.queues[bot_id].put(kind, chat.chat_id, dict(body))
            if update_id is not None:
                update_ids.append(update_id)
                self.announce("updates", bot_id)
        return tuple(update_ids)

    def becomes(self, chat: Chat, user_id: int, status: Status, actor: Json) -> tuple[int, ...]:
        """Change how somebody stands to a chat and tell the bots that may know."""
        old, chat.members[user_id] = chat.status(user_id), status
        user = self.account(user_id)
        body: Json = {"chat": chat.as_json(), "from": actor, "date": int(self.now())}
        body |= {
            "old_chat_member": member_json(user, old, chat.kind),
            "new_chat_member": member_json(user, status, chat.kind),
        }
        mine = [user_id] if user_id in self.bots else []
        others = [] if chat.is_private else [bot for bot in self.bots_in(chat) if bot != user_id]
        return self.show(mine, chat, "my_chat_member", body) + self.show(others, chat, "chat_member", body)


def quoted(message: Json) -> Json:
    """Return a message as it stands inside a reply: one level deep."""
    return {
        name: value for name, value in message.items() if name not in ("reply_to_message", "pinned_message")
    }

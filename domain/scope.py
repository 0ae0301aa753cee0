"""The one vocabulary for scoping: who owns data, and which events must keep their order.

Private chats scope by user, groups by chat. Not here: row level security (``migrations``).
"""

from attrs import frozen

# Twice what two ids of Telegram's take.
LANE_CHARS_MAX = 64


@frozen
class Scope:
    """Where something happened: bot, chat, the acting user, and the forum topic where it matters."""

    bot_id: int
    chat_id: int
    user_id: int | None = None
    thread_id: int | None = None

    @property
    def is_private(self) -> bool:
        """Whether this is a private chat; Telegram gives users and their private chats the same positive id."""
        return self.chat_id > 0

    @property
    def key(self) -> str:
        """The owner of data as text: ``{bot}:u{user}`` in private, ``{bot}:c{chat}`` in a group."""
        return f"{self.bot_id}:u{self.chat_id}" if self.is_private else f"{self.bot_id}:c{self.chat_id}"

    @property
    def lane(self) -> str:
        """The chat whose events keep their order: ``{bot}:{chat}``."""
        return f"{self.bot_id}:{self.chat_id}"


def is_lane(text: str) -> bool:
    """Tell whether a text can be a lane's; of one that comes from outside nothing else is known."""
    return text.isprintable() and len(text) <= LANE_CHARS_MAX


def chat_scope(scope: str, chat_id: int) -> str:
    """Return the key of the scope that ``chat_id`` has with the bot of the scope key ``scope``."""
    return Scope(int(scope.partition(":")[0]), chat_id).key


def bot_and_chat(scope: str) -> tuple[int, int]:
    """Return the ids of the bot and of the chat that the scope key ``scope`` names."""
    bot_id, _, owner = scope.partition(":")
    return int(bot_id), int(owner[1:])


def scope_of_lane(lane: str) -> str:
    """Return the scope key of the chat whose events have this lane."""
    bot_id, _, chat_id = lane.partition(":")
    return Scope(int(bot_id), int(chat_id)).key

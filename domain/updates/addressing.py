"""Whether a message is meant for the bot, and whose words it holds.

In groups a bot that is an administrator, or has its privacy mode off, sees what people say to one another
(https://core.telegram.org/bots/features#privacy-mode). Not here: what is answered (the brain).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from domain.commands.base import parse_command
from domain.events.telegram import ENTITIES_MAX, ChatType
from domain.updates.parts import TEXT_CHARS_MAX, Unusable, is_int, maybe

# How a forward is told since Bot API 7.0, and how before.
_FORWARDS = ("forward_origin", "forward_date", "forward_from", "forward_from_chat", "forward_sender_name")


@frozen
class Bot:
    """The bot that the updates are for. Until its user name is known, none can be compared with it."""

    bot_id: int
    name: str | None

    def is_named(self, name: str) -> bool:
        """Tell whether ``name``, without ``@``, is its user name; Telegram does not tell the cases apart."""
        return self.name is not None and name.isascii() and name.lower() == self.name.lower()


def refuse_bots(message: Mapping[str, Any], bot: Bot) -> None:
    """Raise Unusable for what no person wrote: bots that answer each other would not stop.

    A message in a chat's name carries a made-up bot as its user, behind which is a person.
    """
    if message.get("is_automatic_forward") is True:
        raise Unusable("an automatic forward of the linked channel's post")
    sender = maybe(message, "from")
    if sender.get("id") == bot.bot_id:
        raise Unusable("a message of this bot itself")
    if sender.get("is_bot") is True and not maybe(message, "sender_chat"):
        raise Unusable("a message of another bot")
    if maybe(message, "via_bot").get("id") == bot.bot_id:
        raise Unusable("a message that this bot wrote inline")


def is_forwarded(message: Mapping[str, Any]) -> bool:
    """Tell whether somebody else's words are passed on: a forward, or what an inline bot wrote for the sender."""
    return any(message.get(name) is not None for name in (*_FORWARDS, "via_bot"))


def is_addressed(message: Mapping[str, Any], chat_type: ChatType, text: str | None, bot: Bot) -> bool:
    """Tell whether a message is meant for the bot. Raises Unusable for a command that names another bot."""
    command = parse_command(text)
    if command is not None and command.bot is not None and bot.name and not bot.is_named(command.bot):
        raise Unusable("a command for another bot")
    # A command that is passed on is shown to the group, not given to the bot.
    if chat_type is ChatType.PRIVATE or (command is not None and not is_forwarded(message)):
        return True
    if maybe(answered(message), "from").get("id") == bot.bot_id:
        return True
    return any(_is_mention(kind, words, user, bot) for kind, words, user in _entities(message))


def answered(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message that ``message`` answers, else an empty one.

    What is written in a topic answers the notice that the topic was made, unless it answers something else; that
    is no answer to whoever made the topic.
    """
    found = maybe(message, "reply_to_message")
    is_topic = message.get("is_topic_message") is True and found.get("forum_topic_created") is not None
    return {} if is_topic else found


def _is_mention(kind: object, words: str, user: Mapping[str, Any], bot: Bot) -> bool:
    if kind == "mention":
        return words.startswith("@") and bot.is_named(words[1:])
    if kind == "bot_command":
        return bot.is_named(words.partition("@")[2])
    return kind == "text_mention" and user.get("id") == bot.bot_id


def _entities(message: Mapping[str, Any]) -> Iterator[tuple[object, str, Mapping[str, Any]]]:
    """Yield kind, words and user of each entity that may name somebody and lies within the text."""
    for text_name, name in (("text", "entities"), ("caption", "caption_entities")):
        text, entities = message.get(text_name), message.get(name)
        if not isinstance(text, str) or not isinstance(entities, list):
            continue
        # Offsets count UTF-16 units, of two bytes each; halves of surrogate pairs count as what they are.
        units = text[:TEXT_CHARS_MAX].encode("utf-16-le", "surrogatepass")
        for entity in entities[:ENTITIES_MAX]:
            if isinstance(entity, dict):
                words = _slice(units, entity.get("offset"), entity.get("length"))
                yield entity.get("type"), words, maybe(entity, "user")


def _slice(units: bytes, offset: object, length: object) -> str:
    if not is_int(offset) or not is_int(length) or offset < 0 or length <= 0:
        return ""
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")

"""Whether a message is meant for the bot, whose words it holds, and whom they name.

In groups a bot that is an administrator, or has its privacy mode off, sees what people say to one another
(https://core.telegram.org/bots/features#privacy-mode). Not here: what is answered (the brain).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from domain.commands.base import parse_command
from domain.events.telegram import ENTITIES_MAX, MENTIONS_MAX, ChatType, Mention
from domain.updates.parts import TEXT_CHARS_MAX, Unusable, clean, is_int, maybe, name_of, positive

# How a forward is told since Bot API 7.0, and how before.
_FORWARDS = ("forward_origin", "forward_date", "forward_from", "forward_from_chat", "forward_sender_name")
# Where a text stands, and what of it names somebody.
_SOURCES = (("text", "entities"), ("caption", "caption_entities"))


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
    return any(
        _is_mention(entity.get("type"), words, maybe(entity, "user"), bot)
        for source in _SOURCES
        for entity, words in _entities(message, *source)
    )


def mentions_of(message: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Return whom the text of a message, else its caption, names by links: people, in the order of the entities.

    Telegram makes such links of people who have no user name.
    """
    source = next((each for each in _SOURCES if clean(message.get(each[0]))), _SOURCES[0])
    found = []
    for entity, words in _entities(message, *source):
        user = maybe(entity, "user")
        user_id = positive(user.get("id"))
        if (
            entity.get("type") == "text_mention"
            and user_id is not None
            and user.get("is_bot") is not True
            and words
        ):
            found.append(Mention(entity["offset"], entity["length"], user_id, name_of(user) or ""))
    return tuple(found[:MENTIONS_MAX])


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


def _entities(
    message: Mapping[str, Any], text_name: str, name: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield each entity with its words; these are empty where it does not lie within the text."""
    text, entities = message.get(text_name), message.get(name)
    if not isinstance(text, str) or not isinstance(entities, list):
        return
    # Offsets count UTF-16 units, of two bytes each; halves of surrogate pairs count as what they are.
    units = text[:TEXT_CHARS_MAX].encode("utf-16-le", "surrogatepass")
    for entity in entities[:ENTITIES_MAX]:
        if isinstance(entity, dict):
            yield entity, _slice(units, entity.get("offset"), entity.get("length"))


def _slice(units: bytes, offset: object, length: object) -> str:
    if not is_int(offset) or not is_int(length) or offset < 0 or length <= 0:
        return ""
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")

"""Message entities: what Telegram's apps find in a user's text, and what the Bot API accepts from a bot.

Offsets and lengths count UTF-16 code units (https://core.telegram.org/api/entities#entity-length).
Not here: markup that a bot writes into its text (``adapters.botworld.markup``).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.botworld.values import Json, bad_request

ENTITIES_MAX = 100
ENTITY_TYPES = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
    | {"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote"}
    | {"code", "pre", "text_link", "text_mention", "custom_emoji"}
)
_FOUND = re.compile(
    r"(?<![\w/@])(?:"
    r"(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?!\w)"
    r"|(?P<hashtag>#\w{1,255})"
    r"|(?P<url>https?://[^\s<>\"]+))"
)


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def found_in(text: str) -> list[Json]:
    """Return the commands, mentions, hashtags and links that an app marks in what a user types."""
    entities: list[Json] = []
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        entities.append({"offset": offset, "length": utf16_length(match.group()), "type": match.lastgroup})
    return entities


def checked(entities: object, text: str) -> list[Json]:
    """Return a bot's explicit entities. Raises ApiError where Telegram would refuse them."""
    if not isinstance(entities, Sequence) or isinstance(entities, str):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    length = utf16_length(text)
    kept: list[Json] = []
    for entity in entities[:ENTITIES_MAX]:
        if not isinstance(entity, Mapping):
            raise bad_request("can't parse entities: expected an Object as MessageEntity")
        kept.append(_checked_one(entity, length))
    return kept


def _checked_one(entity: Mapping[str, Any], length: int) -> Json:
    kind = entity.get("type")
    if kind not in ENTITY_TYPES:
        raise bad_request(f'can\'t parse entities: unsupported entity type "{kind}"')
    offset, span = entity.get("offset"), entity.get("length")
    if not isinstance(offset, int) or not isinstance(span, int):
        raise bad_request('can\'t parse entities: fields "offset" and "length" must be Integers')
    if offset < 0 or span <= 0 or offset + span > length:
        raise bad_request(f"entity beginning at UTF-16 offset {offset} ends after the end of the text")
    return dict(entity)

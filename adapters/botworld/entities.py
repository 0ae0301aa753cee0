"""Message entities: what Telegram's apps find in a text, and what the Bot API accepts from a bot.

Offsets and lengths count UTF-16 code units (https://core.telegram.org/api/entities#entity-length). The rules and texts
are those of tdlib (``MessageEntity.cpp``, ``Client.cpp``). Not here: markup that a bot writes into its text
(``adapters.botworld.markup``).
"""

import re
from collections.abc import Mapping
from typing import Any

from adapters.botworld.values import ApiError, Json, bad_request

ENTITIES_MAX = 100
# What a bot may set: names of further fields, which must be there.
_SET: dict[str, tuple[tuple[str, type], ...]] = {
    "bold": (),
    "italic": (),
    "underline": (),
    "strikethrough": (),
    "spoiler": (),
    "blockquote": (),
    "expandable_blockquote": (),
    "code": (),
    "pre": (),
    "text_link": (("url", str),),
    "text_mention": (("user", dict),),
    "custom_emoji": (("custom_emoji_id", str),),
    "date_time": (("unix_time", int),),
}
# What Telegram finds by itself, so that a bot's word for it is passed over.
_AUTOMATIC = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}
)
# Inside of these nothing is found.
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention"})
_TYPE_NAMES = {str: "String", dict: "Object", int: "Number"}
_FOUND = re.compile(
    r"(?<![\w/@.])(?:"
    r"(?P<email>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z]{2,})+)"
    r"|(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?!\w)"
    r"|(?P<hashtag>#\w{1,255})"
    r"|(?P<cashtag>\$[A-Z]{1,8})(?!\w)"
    r"|(?P<url>https?://[^\s<>\"]+"
    r"|(?:[A-Za-z0-9-]{1,63}\.)+(?:com|org|net|info|io|dev|app|me|eu|de|uk|fr|es|it|ru)(?:/[^\s<>\"]*)?)(?![\w@])"
    r")"
)


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def found_in(text: str) -> list[Json]:
    """Return the commands, mentions, tags, links and addresses that an app marks in what a user types."""
    entities: list[Json] = []
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        entities.append({"offset": offset, "length": utf16_length(match.group()), "type": match.lastgroup})
    return entities


def checked(entities: object, text: str) -> list[Json]:
    """Return a bot's explicit entities. Raises ApiError where Telegram would refuse them.

    What is no list counts as none, as Telegram has it.
    """
    if not isinstance(entities, list):
        return []
    kept: list[Json] = []
    for entity in entities:
        try:
            kept += _checked_one(entity)
        except ApiError as error:
            fault = error.description.removeprefix("Bad Request: ")
            raise bad_request(f"can't parse MessageEntity: {fault}") from None
    return sorted(_fitted(kept, text), key=lambda entity: (entity["offset"], -entity["length"]))[
        :ENTITIES_MAX
    ]


def _checked_one(entity: Any) -> list[Json]:
    if not isinstance(entity, Mapping):
        raise bad_request("expected an Object")
    needed: tuple[tuple[str, type], ...] = (("offset", int), ("length", int), ("type", str))
    for name, kind in needed + _SET.get(str(entity.get("type")), ()):
        value = entity.get(name)
        if value is None:
            raise bad_request(f'Can\'t find field "{name}"')
        if not isinstance(value, kind) and not (kind is not dict and _is_like(value, kind)):
            raise bad_request(f'Field "{name}" must be of type {_TYPE_NAMES[kind]}')
    if entity["type"] in _AUTOMATIC:
        return []
    if entity["type"] not in _SET:
        raise bad_request("Unsupported type specified")
    return [dict(entity) | {"offset": int(entity["offset"]), "length": int(entity["length"])}]


def _is_like(value: object, kind: type) -> bool:
    """Whether a number is given where a string is wanted, or the other way round, which Telegram takes."""
    return isinstance(value, int) if kind is str else isinstance(value, str) and value.lstrip("-").isdigit()


def _fitted(entities: list[Json], text: str) -> list[Json]:
    length = utf16_length(text)
    fitted: list[Json] = []
    for entity in entities:
        offset, span = entity["offset"], entity["length"]
        for name, number in (("offset", offset), ("length", span)):
            if not 0 <= number <= 1_000_000:
                raise bad_request(f"receive an entity with incorrect {name} {number}")
        if span == 0:
            continue
        if offset >= length:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + span > length:
            end = f"ends after the end of the text at UTF-16 offset {offset + span}"
            raise bad_request(f"entity beginning at UTF-16 offset {offset} {end}")
        fitted.append(entity)
    return fitted


def settled(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Return text and entities as Telegram keeps what a bot sent: trimmed, with what it finds by itself.

    White space goes at the end, and spaces and line ends at the beginning up to the first entity.
    """
    kept = text.rstrip()
    length = utf16_length(kept)
    marks = [
        entity | {"length": min(entity["length"], length - entity["offset"])}
        for entity in entities
        if entity["offset"] < length
    ]
    lead = len(kept) - len(kept.lstrip(" \n"))
    lead = min([lead, *(entity["offset"] for entity in marks)])
    kept = kept[lead:]
    marks = [entity | {"offset": entity["offset"] - lead} for entity in marks]
    code = [mark for mark in marks if mark["type"] in ("pre", "code")]
    marks = [mark for mark in marks if not any(_is_inside(mark, other) for other in code)]
    for entity in found_in(kept):
        if not any(_hides(mark, entity) for mark in marks):
            marks.append(entity)
    return kept, sorted(marks, key=lambda entity: (entity["offset"], -entity["length"]))


def _is_inside(mark: Json, code: Json) -> bool:
    """Whether ``mark`` lies within code, where nothing else can be."""
    if mark is code or (mark["type"] == "pre" and code["type"] == "code"):
        return False
    ends = mark["offset"] + mark["length"] <= code["offset"] + code["length"]
    return bool(code["offset"] <= mark["offset"] and ends)


def _hides(mark: Json, found: Json) -> bool:
    start, end = found["offset"], found["offset"] + found["length"]
    mark_start, mark_end = mark["offset"], mark["offset"] + mark["length"]
    if end <= mark_start or mark_end <= start:
        return False
    is_nested = (mark_start <= start and end <= mark_end) or (start <= mark_start and mark_end <= end)
    return mark["type"] in _OPAQUE or not is_nested

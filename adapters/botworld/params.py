"""Reading the parameters of a Bot API call, which come as JSON values or as the strings of a form or query.

Refusals are in Telegram's words (tdlib/telegram-bot-api, ``Client.cpp``). Not here: what a method does with them, and
buttons (``adapters.botworld.keyboards``).
"""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.botworld.contents import CAPTION_UNITS_MAX
from adapters.botworld.entities import checked, settled, utf16_length
from adapters.botworld.markup import TEXT_BYTES_MAX, parsed
from adapters.botworld.values import Json, bad_request

TEXT_UNITS_MAX = 4096

Params = Mapping[str, Any]


def whole(params: Params, name: str, default: int) -> int:
    """Return an integer parameter. What is none counts as 0, as Telegram has it."""
    value = params.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def flag(params: Params, name: str, default: bool = False) -> bool:
    """Return a boolean parameter; as a string, ``true``, ``yes`` and ``1`` are true."""
    value = params.get(name)
    if value is None:
        return default
    return value.strip().lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


def words(params: Params, name: str) -> str:
    """Return a text parameter, empty when absent."""
    value = params.get(name)
    return "" if value is None else str(value)


def needed(params: Params, name: str) -> str:
    """Return a text parameter that must be there. Raises ApiError."""
    value = words(params, name)
    if not value:
        raise bad_request(f'parameter "{name}" is required')
    return value


def structured(params: Params, name: str, complaint: str) -> Any:
    """Return a parameter that is JSON, given as such or as a string of it; None when absent."""
    value = params.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise bad_request(complaint) from None


def chat_of(params: Params) -> int | None:
    """Return the chat id in the parameters where there is a whole one."""
    try:
        return int(params["chat_id"])
    except (KeyError, TypeError, ValueError):
        return None


def user_id(params: Params, name: str = "user_id") -> int:
    """Return the id of a user. Raises ApiError."""
    value = max(whole(params, name, 0), 0)
    if not value:
        raise bad_request(f"invalid {name} specified")
    return value


def message_ids(params: Params) -> list[int]:
    """Return the parameter ``message_ids``. Raises ApiError."""
    given = structured(params, "message_ids", "can't parse message_ids JSON object")
    if given is None:
        raise bad_request("message identifiers are not specified")
    if not isinstance(given, list):
        raise bad_request("expected an Array of message identifiers")
    if len(given) > 100:
        raise bad_request("too many message identifiers specified")
    ids: list[int] = []
    for one in given:
        if not isinstance(one, int | str) or isinstance(one, bool):
            raise bad_request("message identifier must be a Number")
        if not str(one).lstrip("-").isdigit():
            raise bad_request("can't parse message identifier as a Number")
        if int(one) <= 0:
            raise bad_request("invalid message identifier specified")
        ids.append(int(one))
    if not ids:
        raise bad_request("message identifiers are not specified")
    return ids


def formatted(
    params: Params, name: str, mode: str = "parse_mode", marks: str = "entities"
) -> tuple[str, list[Json]]:
    """Return the text ``name`` and its entities as Telegram keeps them. Raises ApiError for broken formatting."""
    text = words(params, name)
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        raise bad_request("text is too long")
    if text and params.get(mode):
        text, entities = parsed(text, words(params, mode))
    else:
        entities = checked(json_or_none(params, marks), text)
    return settled(text, entities)


def json_or_none(params: Params, name: str) -> Any:
    """Return a parameter that is JSON; what cannot be parsed counts as absent, as for a few parameters it does."""
    value = params.get(name)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def message_text(params: Params) -> tuple[str, list[Json]]:
    """Return the text and entities of a message to send."""
    if not words(params, "text"):
        raise bad_request("message text is empty")
    text, entities = formatted(params, "text")
    if not text:
        raise bad_request("text must be non-empty")
    if utf16_length(text) > TEXT_UNITS_MAX:
        raise bad_request("message is too long")
    return text, entities


def caption(params: Params) -> Json:
    """Return the fields that a caption makes in a message."""
    text, entities = formatted(params, "caption", marks="caption_entities")
    if utf16_length(text) > CAPTION_UNITS_MAX:
        raise bad_request("message caption is too long")
    fields: Json = {"caption": text} if text else {}
    if text and entities:
        fields["caption_entities"] = entities
    return fields


def link_preview(params: Params) -> Json:
    """Return the fields that options for link previews make in a message."""
    options = structured(params, "link_preview_options", "can't parse link preview options JSON object")
    if options is None:
        is_off = flag(params, "disable_web_page_preview")
        return {"link_preview_options": {"is_disabled": True}} if is_off else {}
    if not isinstance(options, Mapping):
        raise bad_request("object expected as link preview options")
    return {"link_preview_options": dict(options)} if options else {}

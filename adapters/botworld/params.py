"""Reading the parameters of a Bot API call, which come as JSON values or as the strings of a form or query.

Refusals are in Telegram's words. Not here: what a method does with them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from adapters.botworld.entities import checked, utf16_length
from adapters.botworld.markup import parsed
from adapters.botworld.values import Json, bad_request

TEXT_UNITS_MAX = 4096
CALLBACK_DATA_BYTES_MAX = 64
BUTTONS_MAX = 100

Params = Mapping[str, Any]


def whole(params: Params, name: str, default: int) -> int:
    """Return an integer parameter. Raises ApiError for anything else."""
    value = params.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f'parameter "{name}" must be an integer') from None


def flag(params: Params, name: str) -> bool:
    """Return a boolean parameter; as a string, ``true`` and ``1`` are true."""
    value = params.get(name, False)
    return value.lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


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


def required_chat(params: Params) -> int:
    """Return the chat id. Raises ApiError when it is missing or names no chat."""
    if params.get("chat_id") in (None, ""):
        raise bad_request("chat_id is empty")
    chat_id = chat_of(params)
    if chat_id is None:
        raise bad_request("chat not found")
    return chat_id


def message_text(params: Params) -> tuple[str, list[Json]]:
    """Return the text and entities of a message to send.

    Unlike Telegram this does not trim white space at the ends, so that tests see what was sent.
    """
    text = params.get("text")
    if not isinstance(text, str):
        raise bad_request("message text is empty")
    entities: list[Json] = []
    if mode := params.get("parse_mode"):
        text, entities = parsed(text, str(mode))
    elif params.get("entities"):
        given = structured(params, "entities", "can't parse entities: can't parse entities JSON object")
        entities = checked(given, text)
    if not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > TEXT_UNITS_MAX:
        raise bad_request("message is too long")
    return text, entities


def reply_markup(params: Params) -> Json | None:
    """Return the reply markup, an inline keyboard checked button by button."""
    markup = structured(params, "reply_markup", "can't parse reply keyboard markup JSON object")
    if not markup:
        return None
    if not isinstance(markup, Mapping):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return dict(markup)
    rows = markup["inline_keyboard"]
    if not isinstance(rows, Sequence) or not all(isinstance(row, Sequence) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup should be an Array of Arrays')
    keyboard = [[_button(button) for button in row] for row in rows]
    if sum(map(len, keyboard)) > BUTTONS_MAX:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": keyboard}


def _button(button: object) -> Json:
    if not isinstance(button, Mapping) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if len(button) < 2:
        raise bad_request("inline keyboard button must have exactly one of its action fields")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= CALLBACK_DATA_BYTES_MAX:
        raise bad_request("BUTTON_DATA_INVALID")
    return dict(button)

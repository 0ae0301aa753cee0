"""Buttons under a message, checked as Telegram checks them (``Client.cpp``, ``ReplyMarkup.cpp``).

Only inline keyboards stay with their message; keyboards that replace a person's own are checked and shown to nobody.
"""

from collections.abc import Mapping
from typing import Any

from adapters.botworld.params import Params, structured
from adapters.botworld.values import ApiError, Json, bad_request

CALLBACK_DATA_BYTES_MAX = 64
BUTTONS_MAX = 100
_ACTIONS = frozenset(
    {"url", "callback_data", "callback_game", "pay", "switch_inline_query", "switch_inline_query_chosen_chat"}
    | {"switch_inline_query_current_chat", "login_url", "web_app", "copy_text"}
)


def reply_markup(params: Params) -> Json:
    """Return the fields that the reply markup makes in a message: an inline keyboard, or nothing."""
    markup = structured(params, "reply_markup", "can't parse reply keyboard markup JSON object")
    if markup is None:
        return {}
    if not isinstance(markup, Mapping):
        raise bad_request("object expected as reply markup")
    if "keyboard" in markup:
        _own_keyboard(markup["keyboard"])
    rows = markup.get("inline_keyboard") or []
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    keyboard = [[_button(button) for button in row] for row in rows]
    if sum(map(len, keyboard)) > BUTTONS_MAX:
        raise bad_request("reply markup is too long")
    keyboard = [row for row in keyboard if row]
    return {"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {}


def _button(button: Any) -> Json:
    try:
        return _checked(button)
    except ApiError as error:
        fault = error.description.removeprefix("Bad Request: ")
        raise bad_request(f"can't parse inline keyboard button: {fault}") from None


def _checked(button: Any) -> Json:
    if not isinstance(button, Mapping):
        raise bad_request("InlineKeyboardButton must be an Object")
    text = button.get("text")
    if text is None:
        raise bad_request('Can\'t find field "text"')
    if not isinstance(text, str | int | float):
        raise bad_request('Field "text" must be of type String')
    given = [name for name in _ACTIONS if button.get(name) not in (None, "") or _may_be_empty(button, name)]
    if not given:
        raise bad_request("Text buttons are unallowed in the inline keyboard")
    return {name: value for name, value in button.items() if value is not None} | {"text": str(text)}


def _may_be_empty(button: Mapping[str, Any], name: str) -> bool:
    return name.startswith("switch_inline_query") and button.get(name) == ""


def check_buttons(fields: Json) -> None:
    """Refuse buttons that parse and that Telegram's servers refuse all the same. Raises ApiError."""
    for row in fields.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            if not button["text"].strip():
                raise bad_request("inline keyboard button text must be non-empty")
            if len(str(button.get("callback_data", "")).encode()) > CALLBACK_DATA_BYTES_MAX:
                raise bad_request("BUTTON_DATA_INVALID")
            url = button.get("url")
            if url is not None and (" " in url or not ("." in url or "://" in url)):
                raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _own_keyboard(rows: Any) -> None:
    if not isinstance(rows, list):
        raise bad_request('field "keyboard" must be of type Array')
    for row in rows:
        if not isinstance(row, list):
            raise bad_request('field "keyboard" must be an Array of Arrays')
        for button in row:
            if not isinstance(button, str | Mapping):
                fault = "KeyboardButton must be a String or an Object"
                raise bad_request(f"can't parse keyboard button: {fault}")
            if isinstance(button, Mapping) and "text" not in button:
                raise bad_request("can't parse keyboard button: Can't find field \"text\"")

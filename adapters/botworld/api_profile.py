"""What a bot says of itself: who it is, its menus of commands by scope and language, its name and descriptions."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters.botworld import params as read
from adapters.botworld.accounts import Bot, Chat
from adapters.botworld.call import Call
from adapters.botworld.values import Json, bad_request

COMMANDS_MAX = 100
# https://core.telegram.org/bots/api#botcommand
_COMMAND = re.compile(r"/?([a-z0-9_]{1,32})")
DESCRIPTION_CHARS_MAX = 256
# https://core.telegram.org/bots/api#setmyname and its neighbours: lengths in characters.
_TEXTS_MAX = {"name": 64, "description": 512, "short_description": 120}
_PLAIN_SCOPES = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})

Scope = tuple[str, int, int, str]


def _get_me(call: Call) -> object:
    return call.bot.as_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
    }


def _scope(call: Call) -> Scope:
    """Return which menu is meant: kind of scope, chat, user, language. Raises ApiError."""
    language = read.words(call.params, "language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("LANG_CODE_INVALID")
    given = read.structured(call.params, "scope", "can't parse BotCommandScope JSON object")
    if given is None:
        return ("default", 0, 0, language)
    problem = "can't parse BotCommandScope: "
    if not isinstance(given, Mapping):
        raise bad_request(problem + "BotCommandScope must be an Object")
    kind = given.get("type")
    if kind is None:
        raise bad_request(problem + 'Can\'t find field "type"')
    if kind in _PLAIN_SCOPES:
        return (str(kind), 0, 0, language)
    if kind not in ("chat", "chat_administrators", "chat_member"):
        raise bad_request(problem + "Unsupported type specified")
    if given.get("chat_id") in (None, ""):
        raise bad_request(
            problem + ('Can\'t find field "chat_id"' if "chat_id" not in given else "Empty chat_id specified")
        )
    user_id = read.whole(given, "user_id", 0) if kind == "chat_member" else 0
    if kind == "chat_member" and user_id <= 0:
        raise bad_request(problem + "Invalid user_id specified")
    chat = call.over(chat_id=given["chat_id"]).chat(to_read=True)
    return (kind, chat.chat_id, user_id, language)


def _set_my_commands(call: Call) -> object:
    given = read.structured(call.params, "commands", "can't parse commands JSON object")
    if given is not None and not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    commands = [_parsed(entry) for entry in given or []]
    scope = _scope(call)
    if len(commands) > COMMANDS_MAX:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for entry in commands:
        found = _COMMAND.fullmatch(entry["command"])
        if found is None:
            raise bad_request("BOT_COMMAND_INVALID")
        entry["command"] = found[1]
        if not 1 <= len(entry["description"]) <= DESCRIPTION_CHARS_MAX:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.menus.pop(scope, None)
    if commands:
        call.bot.menus[scope] = commands
    return True


def _parsed(entry: Any) -> Json:
    problem = "can't parse BotCommand: "
    if not isinstance(entry, Mapping):
        raise bad_request(problem + "expected an Object")
    for name in ("command", "description"):
        if entry.get(name) is None:
            raise bad_request(problem + f'Can\'t find field "{name}"')
        if not isinstance(entry[name], str):
            raise bad_request(problem + f'Field "{name}" must be of type String')
    return {"command": entry["command"], "description": entry["description"].strip()}


def _get_my_commands(call: Call) -> object:
    return call.bot.menus.get(_scope(call), [])


def _delete_my_commands(call: Call) -> object:
    call.bot.menus.pop(_scope(call), None)
    return True


def menu_shown(bot: Bot, chat: Chat, user_id: int, language: str) -> list[Json]:
    """Return the commands that an app shows a person in a chat: those of the narrowest scope that has any.

    https://core.telegram.org/bots/api#determining-list-of-commands
    """
    wide = ["all_private_chats"] if chat.is_private else ["all_group_chats"]
    near: list[tuple[str, int, int]] = [("chat", chat.chat_id, 0)]
    if not chat.is_private:
        is_admin = chat.status(user_id).is_admin
        near.insert(0, ("chat_member", chat.chat_id, user_id))
        if is_admin:
            near.insert(1, ("chat_administrators", chat.chat_id, 0))
            wide.insert(0, "all_chat_administrators")
    for kind, chat_id, user in [*near, *((kind, 0, 0) for kind in (*wide, "default"))]:
        for code in (language, ""):
            if found := bot.menus.get((kind, chat_id, user, code)):
                return found
    return []


def _setting(kind: str) -> Callable[[Call], object]:
    def change(call: Call) -> object:
        text = read.words(call.params, kind).strip()
        if len(text) > _TEXTS_MAX[kind]:
            raise bad_request(f"BOT_{'TITLE' if kind == 'name' else kind.upper()}_INVALID")
        key = (kind, read.words(call.params, "language_code"))
        call.bot.texts.pop(key, None)
        if text:
            call.bot.texts[key] = text
        return True

    return change


def _getting(kind: str) -> Callable[[Call], object]:
    def tell(call: Call) -> object:
        usual = call.bot.first_name if kind == "name" else ""
        language = read.words(call.params, "language_code")
        text = call.bot.texts.get((kind, language)) or call.bot.texts.get((kind, ""), usual)
        return {kind: text}

    return tell


METHODS = {
    "getMe": _get_me,
    "setMyCommands": _set_my_commands,
    "getMyCommands": _get_my_commands,
    "deleteMyCommands": _delete_my_commands,
    "setMyName": _setting("name"),
    "getMyName": _getting("name"),
    "setMyDescription": _setting("description"),
    "getMyDescription": _getting("description"),
    "setMyShortDescription": _setting("short_description"),
    "getMyShortDescription": _getting("short_description"),
}

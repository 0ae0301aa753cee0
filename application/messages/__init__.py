"""All wording that users read, in one catalogue a language. Rules name a key and values; here is how it reads.

A language is chosen by the tag of the reader's app; English stands in for those that are not there. Not here: the
fixed format of ``/status`` (``domain.status``).
"""

from collections.abc import Collection, Mapping

from attrs import frozen

from application.messages import english, english_tasks, german, german_tasks
from domain.commands.base import Command, Menu
from domain.commands.table import COMMANDS
from domain.runtime_state import Mode
from domain.wording import Listed, Said, Value

MAY_BE_A_REPEAT = "may be a repeat"
# https://core.telegram.org/bots/api#setmycommands
MENU_COMMANDS_MAX = 100


@frozen
class Language:
    """What a language brings: the wording by its key, and what each command does in a line."""

    wording: Mapping[str, str]
    summaries: Mapping[str, str]


ENGLISH = "en"
LANGUAGES: Mapping[str, Language] = {
    ENGLISH: Language({**english.WORDING, **english_tasks.WORDING}, english.SUMMARIES),
    "de": Language({**german.WORDING, **german_tasks.WORDING}, german.SUMMARIES),
}
# The wordings into which something is filled that is the same for everybody.
_WITH_COMMON = frozenset(
    key for key, words in english.WORDING.items() if "{modes}" in words or "{commands}" in words
)
_MODES = ", ".join(mode.value for mode in Mode)


def language_of(tag: str | None) -> str:
    """Return the language that stands for an IETF tag such as ``de-AT``; English where there is none."""
    name = (tag or "").partition("-")[0].lower()
    return name if name in LANGUAGES else ENGLISH


def render(key: str, values: Mapping[str, Value], tag: str | None = None) -> str:
    """Return the wording of ``key`` with ``values`` filled in, in the language of ``tag``.

    A value that has a word of its own in the language, as ``standing.member``, is filled in as that. Raises KeyError
    where the key or a value is missing.
    """
    language = LANGUAGES[language_of(tag)]
    common = {"modes": _MODES, "commands": _lines(language)} if key in _WITH_COMMON else {}
    filled = {name: _word(language, name, spoken(value, tag)) for name, value in values.items()}
    return language.wording[key].format_map({**common, **filled})


def spoken(value: Value, tag: str | None = None) -> str:
    """Return what is to be said as text, in the language of ``tag``."""
    match value:
        case Said(key, values):
            return render(key, values, tag)
        case Listed(parts, between):
            return between.join(spoken(part, tag) for part in parts)
    return value


def _word(language: Language, name: str, value: str) -> str:
    return language.wording.get(f"{name}.{value}", value)


def _lines(language: Language) -> str:
    return "\n".join(f"/{name} - {language.summaries[name]}" for name in COMMANDS)


def command_menus(admins: Collection[int]) -> list[dict[str, object]]:
    """Return the parameters of each ``setMyCommands``: a menu for each scope in each language.

    ``admins`` see every command in their private chat. https://core.telegram.org/bots/api#botcommandscope
    """
    scopes: list[tuple[dict[str, object] | None, Menu]] = [
        (None, Menu.PRIVATE),
        ({"type": "all_private_chats"}, Menu.PRIVATE),
        ({"type": "all_group_chats"}, Menu.GROUPS),
        *(({"type": "chat", "chat_id": admin}, Menu.ADMINS) for admin in sorted(admins)),
    ]
    menus: list[dict[str, object]] = []
    for scope, menu in scopes:
        for name, language in LANGUAGES.items():
            params: dict[str, object] = {"commands": _menu(language, menu)}
            if scope is not None:
                params["scope"] = scope
            if name != ENGLISH:
                params["language_code"] = name
            menus.append(params)
    return menus


def _menu(language: Language, menu: Menu) -> list[dict[str, str]]:
    shown = [command for command in COMMANDS.values() if _is_in(command, menu)][:MENU_COMMANDS_MAX]
    return [{"command": each.name, "description": language.summaries[each.name]} for each in shown]


def _is_in(command: Command, menu: Menu) -> bool:
    return menu is Menu.ADMINS or menu in command.menus

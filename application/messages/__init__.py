"""All wording that users read, in one catalogue a language. Rules name a key and values; here is how it reads.

A language is chosen by the tag of the reader's app; English stands in for those that are not there. Not here: the
fixed format of ``/status`` (``domain.status``).
"""

from collections.abc import Collection, Iterator, Mapping
from string import Formatter

from attrs import frozen

from application.messages import english, english_tasks, german, german_tasks
from domain.commands.base import Command, Menu
from domain.commands.table import COMMANDS
from domain.events.telegram import Entity
from domain.formatting import Formatted
from domain.runtime_state import Mode
from domain.text import utf16_length
from domain.wording import Called, Listed, Said, Value

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
_WORDING = Formatter()
_MODES = ", ".join(mode.value for mode in Mode)


def language_of(tag: str | None) -> str:
    """Return the language that stands for an IETF tag such as ``de-AT``; English where there is none."""
    name = (tag or "").partition("-")[0].lower()
    return name if name in LANGUAGES else ENGLISH


def render(key: str, values: Mapping[str, Value], tag: str | None = None) -> str:
    """Return the wording of ``key`` with ``values`` filled in, in the language of ``tag``.

    A text that has a word of its own in the language, as ``standing.member``, is filled in as that. Raises KeyError
    where the key or a value is missing.
    """
    return spoken(Said(key, values), tag)


def spoken(value: Value, tag: str | None = None) -> str:
    """Return what is to be said as text, in the language of ``tag``."""
    return "".join(text for text, _ in _pieces(value, LANGUAGES[language_of(tag)]))


def addressed(value: Value, tag: str | None = None) -> Formatted:
    """Return what is to be said as text whose entities let Telegram notify those who are called in it."""
    text, units = "", 0
    entities: list[Entity] = []
    for piece, user_id in _pieces(value, LANGUAGES[language_of(tag)]):
        length = utf16_length(piece)
        if user_id:
            entities.append(Entity("text_mention", units, length, user_id=user_id))
        text, units = text + piece, units + length
    return Formatted(text, tuple(entities))


def _pieces(value: Value, language: Language) -> Iterator[tuple[str, int]]:
    """Yield the text in pieces, each with whom it calls; 0 for nobody."""
    match value:
        case str():
            yield value, 0
        case Called(name, user_id):
            yield name, user_id
        case Listed(parts, between):
            for n, part in enumerate(parts):
                if n:
                    yield between, 0
                yield from _pieces(part, language)
        case Said(key, values):
            for literal, field, _, _ in _WORDING.parse(language.wording[key]):
                yield literal, 0
                if field is not None:
                    yield from _filled(key, field, values, language)


def _filled(
    key: str, name: str, values: Mapping[str, Value], language: Language
) -> Iterator[tuple[str, int]]:
    if name not in values and key in _WITH_COMMON:
        yield {"modes": _MODES, "commands": _lines(language)}[name], 0
        return
    value = values[name]
    yield from _pieces(_word(language, name, value) if isinstance(value, str) else value, language)


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

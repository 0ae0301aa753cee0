"""The wording: whole in every language, in one place, and within what Telegram's menus allow."""

import re
from string import Formatter
from typing import cast

import pytest

from application.messages import LANGUAGES, command_menus, language_of, render
from domain.commands.table import COMMANDS

HELP = """What I can do:
/start - Say hello
/help - Show what I can do
/task - Note a task: /task Call mum tomorrow 9
/remind - Remind me: /remind in 20 min take the cake out
/tasks - List tasks: /tasks open, done, overdue, today, #tag or words
/done - Say that tasks are done: /done 3 5
/undone - Open a task again: /undone 3
/cancel - Give a task up: /cancel 3
/edit - Change a task: /edit 3 new text or time
/snooze - Remind later: /snooze 3 in 2 h
/late - Set what becomes of late reminders: /late 3 skip
/why - Show what became of the reminders of a task: /why 3
/digest - Tell me every day what is due: /digest 08:00
/timezone - Show or set the time zone: /timezone Berlin
/quiet - Show or set quiet hours: /quiet 22:00-07:00
/escalation - Show or set how often I remind again of open tasks
/api - Show the API mode; admins set it with /api <mode>
/status - Show how the system is doing
/access - Show and change who may talk to me; for admins"""
ENGLISH = LANGUAGES["en"]


def names_in(wording: str) -> set[str]:
    """Return the values that a wording needs, without those that are always there."""
    return {name for _, name, _, _ in Formatter().parse(wording) if name} - {"modes", "commands"}


def test_help_reads_as_agreed() -> None:
    assert render("help", {}) == HELP


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_says_everything_with_the_same_values(name: str) -> None:
    language = LANGUAGES[name]
    assert list(language.wording) == list(ENGLISH.wording)
    assert {key: names_in(text) for key, text in language.wording.items()} == {
        key: names_in(text) for key, text in ENGLISH.wording.items()
    }
    assert list(language.summaries) == list(COMMANDS)


@pytest.mark.parametrize(
    ("tag", "name"),
    [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("en-GB", "en"), ("xx", "en"), (None, "en"), ("", "en")],
)
def test_a_language_is_chosen_by_the_tag_of_the_readers_app(tag: str | None, name: str) -> None:
    assert language_of(tag) == name
    assert render("stale_button", {}, tag) == LANGUAGES[name].wording["stale_button"]


# https://core.telegram.org/bots/api#botcommand and #setmycommands


def test_each_menu_keeps_telegrams_limits() -> None:
    for params in command_menus({1, 2}):
        commands = params["commands"]
        assert isinstance(commands, list)
        assert 1 <= len(commands) <= 100
        for each in commands:
            assert re.fullmatch(r"[a-z0-9_]{1,32}", each["command"])
            assert 1 <= len(each["description"]) <= 256


def test_there_is_a_menu_for_each_scope_in_each_language() -> None:
    scopes = [
        None,
        {"type": "all_private_chats"},
        {"type": "all_group_chats"},
        {"type": "chat", "chat_id": 7},
    ]
    found = [(params.get("scope"), params.get("language_code")) for params in command_menus({7})]
    assert found == [(scope, code) for scope in scopes for code in (None, "de")]


def test_a_menu_shows_what_its_readers_can_use() -> None:
    shown = {
        str(params.get("scope")): [each["command"] for each in cast(list[dict[str, str]], params["commands"])]
        for params in command_menus({7})
    }
    for_admins, for_one = {"access"}, {"start", "api", "late", "why", "quiet", "escalation"}
    assert shown["{'type': 'all_private_chats'}"] == shown["None"]
    assert shown["None"] == [name for name in COMMANDS if name not in for_admins]
    assert shown["{'type': 'all_group_chats'}"] == [n for n in COMMANDS if n not in for_admins | for_one]
    assert shown["{'type': 'chat', 'chat_id': 7}"] == list(COMMANDS)


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("key", sorted(ENGLISH.wording))
def test_every_wording_is_rendered_once_its_values_are_there(key: str, name: str) -> None:
    wording = LANGUAGES[name].wording[key]
    names = names_in(wording)
    text = render(key, dict.fromkeys(names, "{value}"), name)
    assert text.strip() == text != ""
    filled = sum(wording.count(f"{{{each}}}") for each in names)
    assert text.count("{value}") == filled, "a value is never a pattern itself"


def test_wording_that_is_missing_is_a_fault() -> None:
    with pytest.raises(KeyError):
        render("no such key", {})
    with pytest.raises(KeyError):
        render("api.is", {})


def test_the_modes_are_named_where_one_is_asked_for() -> None:
    assert render("api.invalid", {}).endswith("Valid modes: custom, openai, kimi, auto")

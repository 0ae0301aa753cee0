"""The wording: whole, in one place, and within what Telegram's menu allows."""

import re
from string import Formatter

import pytest

from application.messages import SUMMARIES, WORDING, command_menu, render
from domain.commands.table import COMMANDS

HELP = """What I can do:
/start - Say hello
/help - Show what I can do
/api - Show the API mode; admins set it with /api <mode>
/status - Show how the system is doing
/access - Show and change who may talk to me; for admins"""


def test_help_reads_as_agreed() -> None:
    assert render("help", {}) == HELP


def test_every_command_has_its_summary_and_no_other_has() -> None:
    assert list(SUMMARIES) == list(COMMANDS)


def test_the_menu_keeps_telegrams_limits() -> None:
    """https://core.telegram.org/bots/api#botcommand and #setmycommands."""
    menu = command_menu()
    assert [each["command"] for each in menu] == list(COMMANDS)
    assert len(menu) <= 100
    for each in menu:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", each["command"])
        assert 1 <= len(each["description"]) <= 256


@pytest.mark.parametrize("key", sorted(WORDING))
def test_every_wording_is_rendered_once_its_values_are_there(key: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(WORDING[key]) if name} - {"modes", "commands"}
    text = render(key, dict.fromkeys(names, "{value}"))
    assert text.strip() == text != ""
    assert text.count("{value}") == len(names), "a value is never a pattern itself"


def test_wording_that_is_missing_is_a_fault() -> None:
    with pytest.raises(KeyError):
        render("no such key", {})
    with pytest.raises(KeyError):
        render("api.is", {})


def test_the_modes_are_named_where_one_is_asked_for() -> None:
    assert render("api.invalid", {}).endswith("Valid modes: custom, openai, kimi, auto")

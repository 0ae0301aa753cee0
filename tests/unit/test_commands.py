"""Commands: how a text becomes one, and what each answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access import Standing
from domain.commands.base import Answer, Ask, Known, Need, Parsed, parse_command
from domain.commands.table import COMMANDS
from domain.decisions import PutSetting, SetApiMode
from domain.runtime_state import Mode
from domain.status import StatusReport, status_text


def when_asked(name: str, args: str = "", *, is_admin: bool = False, known: Known | None = None) -> Answer:
    standing = Standing.ADMIN if is_admin else Standing.MEMBER
    return COMMANDS[name].step(Ask(args, standing), known or Known())


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("/help", Parsed("help", None, "")),
        ("/HELP", Parsed("help", None, "")),
        ("/api kimi", Parsed("api", None, "kimi")),
        ("/api   kimi  ", Parsed("api", None, "kimi")),
        ("/api\nkimi\nmore", Parsed("api", None, "kimi\nmore")),
        ("/api@OpenClaw_bot kimi", Parsed("api", "OpenClaw_bot", "kimi")),
        ("/a" + "b" * 31, Parsed("a" + "b" * 31, None, "")),
        ("/a" + "b" * 32, None),
        ("/api@", None),
        ("/api!", None),
        ("/", None),
        ("/ api", None),
        (" /api", None),
        ("//api", None),
        ("/äpi", None),
        ("api", None),
        ("", None),
        (None, None),
    ],
)
def test_a_text_is_a_command_as_telegram_defines_it(text: str | None, parsed: Parsed | None) -> None:
    assert parse_command(text) == parsed


@settings(derandomize=True, max_examples=300)
@given(st.text() | st.text().map(lambda text: f"/{text}"))
def test_no_text_is_too_strange_to_be_looked_at(text: str) -> None:
    parsed = parse_command(text)
    assert parsed is None or parsed.name == parsed.name.lower()


def test_commands() -> None:
    """The table: every command by its name, in the order in which people see them."""
    assert list(COMMANDS) == [
        "start", "help", "task", "remind", "tasks", "done", "undone", "cancel", "edit", "snooze", "late", "why",
        "digest", "timezone", "quiet", "escalation", "api", "status", "access",
    ]  # fmt: skip
    assert all(name == command.name for name, command in COMMANDS.items())
    known = Known(report=StatusReport("1.0.0", Mode.AUTO))
    assert all(when_asked(name, known=known).key for name in COMMANDS)


def test_start_greets_and_remembers_that_it_has() -> None:
    first = when_asked("start")
    assert (first.key, first.effects) == ("start.first", (PutSetting("greeted", "yes"),))
    again = when_asked("start", known=Known(settings={"greeted": "yes"}))
    assert (again.key, again.effects) == ("start.again", ())


def test_api_alone_shows_the_mode_to_anybody() -> None:
    answer = when_asked("api", known=Known(Mode.KIMI))
    assert (answer.key, answer.values, answer.effects) == ("api.is", {"mode": "kimi"}, ())


@pytest.mark.parametrize("mode", list(Mode))
def test_api_sets_each_mode_for_admins_alone(mode: Mode) -> None:
    answer = when_asked("api", mode.value, is_admin=True)
    assert (answer.key, answer.effects) == ("api.set", (SetApiMode(mode),))
    refused = when_asked("api", mode.value)
    assert (refused.key, refused.effects) == ("admins_only", ())


@pytest.mark.parametrize("args", ["nonsense", "KIMI", "kimi openai", "auto!", "0"])
@pytest.mark.parametrize("is_admin", [True, False])
def test_api_with_anything_else_is_refused_and_changes_nothing(args: str, is_admin: bool) -> None:
    answer = when_asked("api", args, is_admin=is_admin)
    assert (answer.key, answer.effects) == ("api.invalid", ())


def test_status_shows_the_report_that_was_made() -> None:
    report = StatusReport("1.0.0", Mode.AUTO)
    assert when_asked("status", known=Known(report=report)).values == {"report": status_text(report)}
    with pytest.raises(ValueError, match="a status report is needed"):
        when_asked("status")


def test_a_command_is_told_what_it_needs_and_no_more() -> None:
    needs = {name: command.needs for name, command in COMMANDS.items()}
    about_tasks = {name for name in COMMANDS if name not in ("start", "help", "api", "status", "access")}
    assert {frozenset(needs.pop(name)) for name in about_tasks} == {frozenset({Need.SETTINGS})}
    assert needs == {
        "start": {Need.SETTINGS},
        "help": frozenset(),
        "api": {Need.MODE},
        "status": {Need.STATUS},
        "access": {Need.ACCESS},
    }

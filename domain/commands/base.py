"""What a command is: a name, what it needs to know, and a pure step from a question to an answer."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import field, frozen

from domain.decisions import Effect
from domain.runtime_state import DEFAULT_MODE, Mode
from domain.status import StatusReport

# https://core.telegram.org/bots/features#commands: up to 32 of these characters, then perhaps the bot's name.
_COMMAND = re.compile(r"^/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?$", re.DOTALL)


class Need(StrEnum):
    """Something that must be found out before a command can answer."""

    MODE = "mode"
    STATUS = "status"
    SETTINGS = "settings"


@frozen
class Ask:
    """A command as somebody sent it: what follows its name, and who asks."""

    args: str
    is_admin: bool
    user_name: str | None = None


@frozen
class Known:
    """What was found out. Only what the command needs is filled in."""

    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, str] = field(factory=dict)


@frozen
class Answer:
    """What to say, by the key of its wording and the values to fill in, and what to do."""

    key: str
    values: Mapping[str, str] = field(factory=dict)
    effects: tuple[Effect, ...] = ()


@frozen
class Command:
    """One row of the table."""

    name: str
    step: Callable[[Ask, Known], Answer]
    needs: frozenset[Need] = frozenset()


@frozen
class Parsed:
    """A text that is a command: its name in lower case, the bot it names, and what follows."""

    name: str
    bot: str | None
    args: str


def parse_command(text: str | None) -> Parsed | None:
    """Return the command that ``text`` is; None where it is none."""
    match = _COMMAND.match(text) if text and text.startswith("/") else None
    if match is None:
        return None
    name, bot, args = match.groups()
    return Parsed(name.lower(), bot, (args or "").strip())

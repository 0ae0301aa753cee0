"""What a command is: a name, what it needs to know, and a pure step from a question to an answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from attrs import field, frozen

from domain.access import Code, Person, Standing
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
    ACCESS = "access"


@frozen
class Ask:
    """A command as somebody sent it: what follows its name, who asks, and where.

    ``standing`` is what whoever asks is to the bot; ``user_id`` is None for whoever writes in a chat's name.
    """

    args: str
    standing: Standing = Standing.MEMBER
    bot_id: int = 0
    chat_id: int = 0
    user_id: int | None = None

    @property
    def is_admin(self) -> bool:
        """Whether whoever asks may change what concerns everyone."""
        return self.standing.is_admin


@frozen
class AccessKnown:
    """What is known of who was let in: of those that a command names, and for a list of all.

    ``named`` are the subjects that the settings name, which no command can change.
    """

    people: Mapping[str, Person] = field(factory=dict)
    # What the code in the command stands for.
    code: Code | None = None
    listed: Sequence[tuple[str, Person]] = ()
    named: Mapping[str, Standing] = field(factory=dict)
    # A code that nobody knows yet.
    fresh_code: str = ""


@frozen
class Known:
    """What was found out. Only what the command needs is filled in."""

    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, str] = field(factory=dict)
    access: AccessKnown = field(factory=AccessKnown)


@frozen
class Notice:
    """Something to say in another chat than the one that asked."""

    chat_id: int
    key: str


@frozen
class Answer:
    """What to say, by the key of its wording and the values to fill in, what to do, and what to tell others.

    ``reason`` is what the audit says of it beside the command's name; never what somebody wrote.
    """

    key: str
    values: Mapping[str, str] = field(factory=dict)
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    reason: str = ""


class Menu(StrEnum):
    """Where Telegram shows a list of commands; admins see all of them."""

    PRIVATE = "private"
    GROUPS = "groups"
    ADMINS = "admins"


@frozen
class Command:
    """One row of the table: a name, what it answers, what it needs to know, and in which menus it stands."""

    name: str
    step: Callable[[Ask, Known], Answer]
    needs: frozenset[Need] = frozenset()
    menus: frozenset[Menu] = frozenset({Menu.PRIVATE})


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

"""What a command is: a name, what it needs to know, and a pure step from a question to an answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from domain.access import Code, Person, Standing
from domain.decisions import Effect
from domain.runtime_state import DEFAULT_MODE, Mode
from domain.status import StatusReport
from domain.tasks.policy import Times
from domain.tasks.timeless import Timeless
from domain.tasks.times import Refused, Unclear, Understood, ZonesMeant
from domain.tasks.values import Occasion, Page, Task, Who
from domain.wording import Rows, Value

# https://core.telegram.org/bots/features#commands: up to 32 of these characters, then perhaps the bot's name.
_COMMAND = re.compile(r"^/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?$", re.DOTALL)


class Need(StrEnum):
    """Something that must be found out before a command can answer."""

    MODE = "mode"
    STATUS = "status"
    SETTINGS = "settings"
    ACCESS = "access"


@frozen
class Mentioned:
    """Somebody whom the words of a command name by a link.

    It begins ``from_end`` characters before the end of the words, which holds for the last of them alone, too.
    """

    who: Who
    from_end: int
    length: int


@frozen
class Ask:
    """A command as somebody sent it: what follows its name, who asks, and where.

    ``standing`` is what whoever asks is to the bot; ``user_id`` is None for whoever writes in a chat's name.
    ``mentioned`` are those whom the words name by links, in their order.
    """

    args: str
    standing: Standing = Standing.MEMBER
    bot_id: int = 0
    chat_id: int = 0
    user_id: int | None = None
    user_name: str = ""
    thread_id: int | None = None
    language: str | None = None
    mentioned: tuple[Mentioned, ...] = ()

    @property
    def is_admin(self) -> bool:
        """Whether whoever asks may change what concerns everyone."""
        return self.standing.is_admin

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads along."""
        return self.chat_id > 0

    @property
    def who(self) -> Who | None:
        """Whoever asks; None for whoever writes in a chat's name."""
        return Who(self.user_id, self.user_name) if self.user_id is not None else None


class Calendar(Times, Protocol):
    """What commands ask about time; ``application.ports.Calendar`` says what each is."""

    def understand(
        self, text: str, *, now: float, zone: str | None, language: str | None, needed: bool = False
    ) -> Understood | Unclear | Refused: ...

    def echo(self, at: float, rule: str | None, zone: str, language: str | None) -> str: ...

    def find_zone(self, text: str) -> ZonesMeant: ...


@frozen
class Wants:
    """Which tasks of its scope a command or a button is about: only these are read.

    ``is_today``: of the page only what is due until the end of the day that the scope's clocks show. ``tally``: what a
    new task needs to know. ``history``: also the occasions of the one task that is named. ``digest``: the scope's
    digest of the day, which no number names.
    """

    numbers: frozenset[int] = frozenset()
    ids: frozenset[UUID] = frozenset()
    page: Page | None = None
    is_today: bool = False
    tally: bool = False
    history: bool = False
    digest: bool = False


NOTHING = Wants()


@frozen
class TasksKnown:
    """What is known of a scope's tasks. ``total`` counts all that match what ``page`` is a page of."""

    by_number: Mapping[int, Task] = field(factory=dict)
    by_id: Mapping[UUID, Task] = field(factory=dict)
    page: Sequence[Task] = ()
    total: int = 0
    occasions: Sequence[Occasion] = ()
    next_number: int = 1
    open_tasks: int = 0
    digest: Task | None = None


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
    """What was found out. Only what the command needs is filled in.

    ``now`` is when the question came in, in seconds since the epoch. ``fresh_id`` names nothing yet, and is the same
    when the step is run again. ``chosen`` is the time that was picked where that was asked, or that there is none.
    """

    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, str] = field(factory=dict)
    access: AccessKnown = field(factory=AccessKnown)
    tasks: TasksKnown = field(factory=TasksKnown)
    calendar: Calendar = field(factory=Timeless)
    now: float = 0.0
    fresh_id: UUID = field(factory=lambda: UUID(int=0))
    chosen: Understood | Refused | None = None


@frozen
class Notice:
    """Something to say in another chat than the one that asked."""

    chat_id: int
    key: str


@frozen
class Answer:
    """What to say, by the key of its wording and the values to fill in, what to do, and what to tell others.

    ``reason`` is what the audit says of it beside the command's name; never what somebody wrote. ``events`` are
    payloads of events for the audit.
    """

    key: str
    values: Mapping[str, Value] = field(factory=dict)
    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()
    reason: str = ""
    buttons: Rows = ()
    events: tuple[object, ...] = ()


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
    # Which tasks a question with these words is about, given the scope's settings where these are needed.
    wants: Callable[[str, Mapping[str, str]], Wants] = lambda args, settings: NOTHING


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

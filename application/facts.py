"""What the brain's steps need to know, found out for a whole round at once and only as far as it is needed.

Not here: the steps themselves (``brain``, ``doorkeeper``, ``corrections``).
"""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, field, frozen

from application.agenda import Contact
from application.changes import Changes
from application.door import Door, DoorBook, command_of, visit_of
from application.interpreter import scope_of
from application.ports import Clock, Formatter, Liveness, Round, Store, Tokens
from application.records import FirstRun
from application.runtime import AsyncClient, RuntimeState
from application.taskfacts import contacts_known, is_ours, moved_scopes, tasks_known, wants_of
from domain.access import Policy
from domain.commands.base import Calendar, Command, Need, TasksKnown
from domain.commands.table import COMMANDS
from domain.decisions import SetApiMode
from domain.envelope import Event
from domain.errors import StoreUnavailable, Unavailable
from domain.events.tasks import ReminderDue
from domain.events.telegram import MessageKind, MessageReceived
from domain.runtime_state import DEFAULT_MODE, InvalidMode, Mode, mode_in_force, parse_mode
from domain.status import ServiceStatus, StatusReport
from domain.tasks.timeless import Timeless

log = logging.getLogger("openclaw.brain")

EDITS = (MessageKind.EDITED_MESSAGE, MessageKind.EDITED_CHANNEL_POST)


@frozen
class Facts:
    """What the steps of one round need to know."""

    formatter: Formatter
    door: Door = field(factory=Door)
    # Seconds since the epoch.
    now: float = 0.0
    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, Mapping[str, str]] = field(factory=dict)
    # What became of the messages that are edited, by trace.
    first_runs: Mapping[str, FirstRun] = field(factory=dict)
    # Edits whose chat has an earlier event that failed and is tried again: perhaps the message that they edit.
    early_edits: frozenset[UUID] = frozenset()
    calendar: Calendar = field(factory=Timeless)
    tasks: Mapping[str, TasksKnown] = field(factory=dict)
    contacts: Mapping[str, Contact] = field(factory=dict)
    # Where the tasks of scopes went whose groups became supergroups.
    moved: Mapping[str, str] = field(factory=dict)


@define
class Gatherer:
    """Finds out what a round's steps need to know: all of it at once, and only what is needed."""

    store: Store
    runtime: RuntimeState[AsyncClient]
    liveness: Liveness
    formatter: Formatter
    tokens: Tokens
    clock: Clock
    policy: Policy
    version: str
    calendar: Calendar = field(factory=Timeless)

    async def __call__(self, current: Round, events: Sequence[Event]) -> Facts:
        """Return the facts for these events."""
        door = await DoorBook(self.policy, self.tokens).open(current, events)
        let_in = [
            e for e in events if (visit := visit_of(e.payload)) is not None and door.rights(visit).may_talk
        ]
        commands = [(event, found) for event in let_in if (found := _known_command(event)) is not None]
        needs = {need for _, command in commands for need in command.needs}
        mode = await self.mode() if needs & {Need.MODE, Need.STATUS} else DEFAULT_MODE
        report = await self.report(mode, in_hand=len(events)) if Need.STATUS in needs else None
        asked = [event for event, command in commands if Need.SETTINGS in command.needs]
        asked += [event for event in events if getattr(event.payload, "album", None) is not None]
        asked += [event for event in events if is_ours(event) or isinstance(event.payload, ReminderDue)]
        asked += [event for event in let_in if is_of_admin(event, door)]
        scopes = sorted({scope.key for event in asked if (scope := scope_of(event.payload)) is not None})
        settings = await current.settings(scopes) if scopes else {}
        edits = [e for e in events if isinstance(e.payload, MessageReceived) and e.payload.kind in EDITS]
        first_runs = await current.first_runs([e.trace_id for e in edits]) if edits else {}
        early = await current.behind_a_retry([e.event_id for e in edits]) if edits else ()
        owners = [(event, scope) for event in events if (scope := scope_of(event.payload)) is not None]
        # A lane has one event in a round, and a scope one lane.
        now = self.clock.now()
        wanted = {
            scope.key: wants_of(event, settings.get(scope.key, {}), self.calendar, now)
            for event, scope in owners
        }
        tasks = await tasks_known(current, wanted)
        moved = await moved_scopes(current, events, tasks)
        contacts = await contacts_known(current, [scope for _, scope in owners])
        return Facts(
            self.formatter, door, now, mode, report, settings, first_runs, frozenset(early),
            self.calendar, tasks, contacts, moved,
        )  # fmt: skip

    async def mode(self) -> Mode:
        """Return the API mode. A key that is missing is restored from the committed choice; Redis may be away."""
        try:
            mode = await self.runtime.mode()
        except Unavailable:
            return mode_in_force(None, await self._committed())
        if mode is not None:
            return mode
        committed = await self._committed()
        if committed is None:
            return DEFAULT_MODE
        try:
            return await self.runtime.restore(committed)
        except Unavailable:
            return committed

    async def _committed(self) -> Mode | None:
        stored = await self.store.api_mode()
        return _mode_of(stored) if stored is not None else None

    async def report(self, mode: Mode, in_hand: int) -> StatusReport:
        """Return the report that ``/status`` shows; services are unknown while Redis is away.

        ``in_hand`` events are being handled this moment, the question itself among them: they are no backlog.
        """
        try:
            alive: list[ServiceStatus] = await self.liveness.alive()
        except Unavailable:
            alive = []
        figures = await self.store.figures()
        owed = {
            target: count - (in_hand if target == "brain" else 0) for target, count in figures.owed.items()
        }
        backlog = {target: count for target, count in owed.items() if count > 0}
        return StatusReport(
            self.version, mode, services=tuple(alive), backlog=backlog, dead_letters=figures.dead_letters
        )

    async def told(self, changes: Changes) -> None:
        """After a commit: a mode that was chosen takes effect. Where Redis is away, ``chore`` makes up for it."""
        if any(isinstance(scoped.effect, SetApiMode) for scoped in changes.effects):
            await self.chore()

    async def chore(self) -> None:
        """Tell a committed mode that was not told yet; to be repeated now and then."""
        try:
            await self.store.apply_mode(self.tell)
        except (StoreUnavailable, Unavailable) as error:
            log.warning("the API mode is told later: %s", error, extra={"action": "mode_not_told"})

    async def tell(self, mode: str) -> None:
        """Write a committed mode where every service reads it."""
        chosen = _mode_of(mode)
        if chosen is not None:
            await self.runtime.set_mode(chosen)


def _mode_of(stored: str) -> Mode | None:
    """Return the mode that was committed; one of another version counts as none."""
    try:
        return parse_mode(stored)
    except InvalidMode as error:
        log.warning(
            "the committed API mode is treated as missing: %s", error, extra={"action": "mode_unknown"}
        )
        return None


def is_of_admin(event: Event, door: Door) -> bool:
    """Tell whether an admin wrote this in private."""
    message, visit = event.payload, visit_of(event.payload)
    if not isinstance(message, MessageReceived) or visit is None or message.chat_id < 0:
        return False
    return door.rights(visit).standing.is_admin


def _known_command(event: Event) -> Command | None:
    message = event.payload
    parsed = command_of(message) if isinstance(message, MessageReceived) else None
    return COMMANDS.get(parsed.name) if parsed is not None else None

"""What the brain's steps need to know, found out for a whole round at once and only as far as it is needed.

Not here: the steps themselves (``brain``, ``doorkeeper``, ``corrections``).
"""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, field, frozen

from application.agenda import Contact
from application.changes import Changes
from application.interpreter import scope_of
from application.ports import Formatter, Liveness, Round, Store, Tokens
from application.records import FirstRun
from application.runtime import AsyncClient, RuntimeState
from application.taskfacts import contacts_known, is_ours, moved_scopes, tasks_known, wants_of
from domain.access import (
    CODE_BITS,
    Code,
    Person,
    Policy,
    Rights,
    Standing,
    Visit,
    code_of,
    hash_code,
    read_code,
    rights,
    subject_of,
)
from domain.commands import access as access_command
from domain.commands.base import AccessKnown, Calendar, Command, Need, Parsed, TasksKnown, parse_command
from domain.commands.table import COMMANDS
from domain.decisions import SetApiMode
from domain.envelope import Event
from domain.errors import StoreUnavailable, Unavailable
from domain.events.telegram import CallbackReceived, ChatMember, MessageKind, MessageReceived
from domain.runtime_state import DEFAULT_MODE, Mode, mode_in_force, parse_mode
from domain.status import ServiceStatus, StatusReport
from domain.tasks.timeless import Timeless

log = logging.getLogger("openclaw.brain")

LISTED_MAX = 40
EDITS = (MessageKind.EDITED_MESSAGE, MessageKind.EDITED_CHANNEL_POST)


@frozen
class Door:
    """What is known of who may talk, for the events of one round."""

    policy: Policy = field(factory=Policy)
    people: Mapping[str, Person] = field(factory=dict)
    codes: Mapping[str, Code] = field(factory=dict)
    # How many wait to be let in, by bot.
    asking: Mapping[int, int] = field(factory=dict)
    listed: Mapping[int, Sequence[tuple[str, Person]]] = field(factory=dict)
    # A code that nobody knows yet, for each event that may need one.
    fresh: Mapping[UUID, str] = field(factory=dict)

    def rights(self, visit: Visit) -> Rights:
        """Return what somebody may do in a chat."""
        return rights(self.policy, self.people, visit)

    def known(self, event_id: UUID, bot_id: int) -> AccessKnown:
        """Return what ``/access`` needs to know."""
        policy = self.policy
        named = {who: policy.standing(who) for who in sorted(policy.named_admins | policy.allowed)}
        return AccessKnown(
            self.people, self.codes, self.listed.get(bot_id, ()),
            {subject_of(bot_id, who): standing for who, standing in named.items() if standing is not None},
            self.fresh.get(event_id, ""),
        )  # fmt: skip


@frozen
class Facts:
    """What the steps of one round need to know."""

    formatter: Formatter
    door: Door = field(factory=Door)
    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, Mapping[str, str]] = field(factory=dict)
    # What became of the messages that are edited, by trace.
    first_runs: Mapping[str, FirstRun] = field(factory=dict)
    calendar: Calendar = field(factory=Timeless)
    tasks: Mapping[str, TasksKnown] = field(factory=dict)
    contacts: Mapping[str, Contact] = field(factory=dict)
    # Where the tasks of scopes went whose groups became supergroups.
    moved: Mapping[str, str] = field(factory=dict)


def visit_of(payload: object) -> Visit | None:
    """Return who acts where in an event; None for events in which nobody of Telegram's does."""
    if isinstance(payload, MessageReceived):
        # A message in a chat's name (an anonymous group admin, a channel) has no user who could be an admin of ours.
        user = payload.user_id if payload.sender_chat_id is None else None
        return Visit(payload.bot_id, payload.chat_id, user)
    if isinstance(payload, CallbackReceived | ChatMember):
        return Visit(payload.bot_id, payload.chat_id, payload.user_id)
    return None


def command_of(message: MessageReceived) -> Parsed | None:
    """Return the command that a message is; what somebody merely passes on is none."""
    return None if message.forwarded else parse_command(message.text)


def code_in(message: MessageReceived) -> str | None:
    """Return the code with which somebody asks in private to be let in: ``/start CODE``."""
    parsed = command_of(message) if message.chat_id > 0 and message.kind is MessageKind.MESSAGE else None
    return read_code(parsed.args) if parsed is not None and parsed.name == "start" else None


@define
class Gatherer:
    """Finds out what a round's steps need to know: all of it at once, and only what is needed."""

    store: Store
    runtime: RuntimeState[AsyncClient]
    liveness: Liveness
    formatter: Formatter
    tokens: Tokens
    policy: Policy
    version: str
    calendar: Calendar = field(factory=Timeless)

    async def __call__(self, current: Round, events: Sequence[Event]) -> Facts:
        """Return the facts for these events."""
        door = await self._door(current, events)
        commands = [(event, found) for event in events if (found := _known_command(event)) is not None]
        needs = {need for _, command in commands for need in command.needs}
        mode = await self.mode() if needs & {Need.MODE, Need.STATUS} else DEFAULT_MODE
        report = await self.report(mode, in_hand=len(events)) if Need.STATUS in needs else None
        asked = [event for event, command in commands if Need.SETTINGS in command.needs]
        asked += [event for event in events if getattr(event.payload, "album", None) is not None]
        asked += [event for event in events if is_ours(event)]
        scopes = sorted({scope.key for event in asked if (scope := scope_of(event.payload)) is not None})
        settings = await current.settings(scopes) if scopes else {}
        edits = [
            e.trace_id for e in events if isinstance(e.payload, MessageReceived) and e.payload.kind in EDITS
        ]
        first_runs = await current.first_runs(edits) if edits else {}
        owners = [(event, scope) for event in events if (scope := scope_of(event.payload)) is not None]
        # A lane has one event in a round, and a scope one lane.
        wanted = {scope.key: wants_of(event, settings.get(scope.key, {})) for event, scope in owners}
        tasks = await tasks_known(current, wanted)
        moved = await moved_scopes(current, events, tasks)
        contacts = await contacts_known(current, [scope for _, scope in owners])
        return Facts(
            self.formatter, door, mode, report, settings, first_runs, self.calendar, tasks, contacts, moved
        )

    async def _door(self, current: Round, events: Sequence[Event]) -> Door:
        """Return who may talk. What was decided about a chat came with its row; little else is ever read."""
        people = {h.lane: Person(Standing(h.standing)) for h in current.heads if h.standing is not None}
        visits = {e.event_id: visit for e in events if (visit := visit_of(e.payload)) is not None}
        wishes = {e.event_id: wish for e in events if (wish := _wish_of(e)) is not None}
        codes = {e.event_id: code for e in events if (code := _code_of(e)) is not None}
        unsure = {
            subject for event_id, visit in visits.items() for subject in visit.subjects
            if event_id in codes or subject not in people or not _is_decided(people[subject])
        }  # fmt: skip
        unsure |= {
            subject_of(visits[event_id].bot_id, wish.who)
            for event_id, wish in wishes.items() if wish.who is not None
        }  # fmt: skip
        if unsure:
            people.update(await current.access.people(sorted(unsure)))
        hashes = [hash_code(visits[event_id].bot_id, code) for event_id, code in codes.items()]
        hashes += [
            hash_code(visits[event_id].bot_id, wish.code)
            for event_id, wish in wishes.items() if wish.code is not None
        ]  # fmt: skip
        known = await current.access.codes(hashes) if hashes else {}
        door = Door(self.policy, people, known)
        strangers = [(i, v) for i, v in visits.items() if not door.rights(v).may_talk]
        asking = {bot: await current.access.asking(bot) for bot in sorted({v.bot_id for _, v in strangers})}
        lists = sorted({visits[i].bot_id for i, wish in wishes.items() if wish.verb == "list"})
        listed = {bot: await current.access.listed(bot, LISTED_MAX) for bot in lists}
        needing = [i for i, _ in strangers] + [i for i, wish in wishes.items() if wish.verb == "invite"]
        fresh = {i: code_of(self.tokens.token().int % 2**CODE_BITS) for i in needing}
        return Door(self.policy, people, known, asking, listed, fresh)

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
        return parse_mode(stored) if stored is not None else None

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
        await self.runtime.set_mode(parse_mode(mode))


def _is_decided(person: Person) -> bool:
    return person.standing.may_talk or person.standing is Standing.REVOKED


def _known_command(event: Event) -> Command | None:
    message = event.payload
    parsed = command_of(message) if isinstance(message, MessageReceived) else None
    return COMMANDS.get(parsed.name) if parsed is not None else None


def _wish_of(event: Event) -> access_command.Wish | None:
    message = event.payload
    parsed = command_of(message) if isinstance(message, MessageReceived) else None
    return access_command.parse(parsed.args) if parsed is not None and parsed.name == "access" else None


def _code_of(event: Event) -> str | None:
    return code_in(event.payload) if isinstance(event.payload, MessageReceived) else None

"""What the brain's steps need to know of tasks, found out for a whole round and only as far as they are named.

Not here: everything else that they need (``facts``), and the steps.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from attrs import evolve

from application.agenda import Contact, Tally
from application.ports import Round
from domain.commands import presses
from domain.commands.base import NOTHING, TasksKnown, Wants, parse_command
from domain.commands.changing import HISTORY_MAX
from domain.commands.table import COMMANDS
from domain.commands.tasks import TODAY, List
from domain.envelope import Event
from domain.events.tasks import ReminderDue, ReminderKind, ReminderSettled
from domain.events.telegram import CallbackReceived, MessageReceived
from domain.scope import Scope
from domain.tasks.buttons import read
from domain.tasks.keys import instant_of
from domain.tasks.policy import ZONE, Times
from domain.tasks.rules import LATE_AFTER_S
from domain.tasks.times import WallTime
from domain.tasks.values import DIGEST_NUMBER


def waited_s(event: Event, now: float) -> float:
    """Return for how many seconds an event waited for the brain until ``now``, where that is long; else 0."""
    waited = now - instant_of(event.timestamp)
    return waited if waited > LATE_AFTER_S else 0.0


def wants_of(event: Event, settings: Mapping[str, str], times: Times, now: float) -> Wants:
    """Return which tasks of its scope an event is about; the settings are the scope's, where these were read.

    Where a page is of the day, its end is that of the day on which the event was made, by the clocks of the scope.
    """
    wants = _named_by(event, settings, now)
    if wants.page is None or not wants.is_today:
        return wants
    zone = settings.get(ZONE)
    if zone is None:
        return evolve(wants, page=None)
    wall = times.wall(instant_of(event.timestamp), zone)
    after = date(wall.year, wall.month, wall.day) + timedelta(days=1)
    midnight = times.instant(WallTime(after.year, after.month, after.day, 0, 0), zone)
    return evolve(wants, page=evolve(wants.page, due_before=midnight))


def _named_by(event: Event, settings: Mapping[str, str], now: float) -> Wants:
    payload = event.payload
    if is_digest(event) and isinstance(payload, ReminderDue):
        return evolve(List(TODAY).wants, ids=frozenset({payload.task_id}))
    if isinstance(payload, ReminderDue | ReminderSettled):
        # Of a reminder that waited long it has to be known whether a later one is on its way already.
        is_late = isinstance(payload, ReminderDue) and bool(payload.late_s or waited_s(event, now))
        return Wants(ids=frozenset({payload.task_id}), history=is_late)
    if isinstance(payload, CallbackReceived):
        button = read(payload.data)
        return presses.wants(button, settings) if button is not None else NOTHING
    if isinstance(payload, MessageReceived) and not payload.forwarded:
        parsed = parse_command(payload.text)
        command = COMMANDS.get(parsed.name) if parsed is not None else None
        if parsed is not None and command is not None:
            return command.wants(parsed.args, settings)
    return NOTHING


def is_ours(event: Event) -> bool:
    """Tell whether an event is the press of a button of tasks."""
    return isinstance(event.payload, CallbackReceived) and read(event.payload.data) is not None


def is_digest(event: Event) -> bool:
    """Tell whether an event has a chat told what of its tasks is due that day."""
    return isinstance(event.payload, ReminderDue) and event.payload.kind is ReminderKind.DIGEST


async def tasks_known(current: Round, wanted: Mapping[str, Wants]) -> Mapping[str, TasksKnown]:
    """Return what is known of the tasks that are named, by scope. Those named by number or id are locked."""
    wanted = {scope: wants for scope, wants in wanted.items() if wants != NOTHING}
    if not wanted:
        return {}
    numbers = {scope: which for scope, wants in wanted.items() if (which := _numbers(wants))}
    ids = {scope: wants.ids for scope, wants in wanted.items() if wants.ids}
    tallied = [scope for scope, wants in wanted.items() if wants.tally]
    by_number = await current.tasks.by_numbers(numbers) if numbers else {}
    by_id = await current.tasks.by_ids(ids) if ids else {}
    tallies = await current.tasks.tallies(tallied) if tallied else {}
    paged = {scope: wants.page for scope, wants in wanted.items() if wants.page is not None}
    pages = await current.tasks.pages(paged) if paged else {}
    found = {}
    for scope, wants in wanted.items():
        named = dict(by_number.get(scope, {}))
        digest = named.pop(DIGEST_NUMBER, None)
        tally = tallies.get(scope, Tally())
        page, total = pages.get(scope, ((), 0))
        history = [
            each for task in (*named.values(), *by_id.get(scope, {}).values()) if wants.history
            for each in await current.tasks.occasions(scope, task.task_id, HISTORY_MAX)
        ]  # fmt: skip
        found[scope] = TasksKnown(
            named, by_id.get(scope, {}), page, total, history, tally.next_number, tally.open_tasks, digest
        )
    return found


def _numbers(wants: Wants) -> frozenset[int]:
    """Return the numbers to read: whoever writes that of the digest does not get at it."""
    digest = frozenset({DIGEST_NUMBER})
    return wants.numbers | digest if wants.digest else wants.numbers - digest


async def moved_scopes(
    current: Round, events: Sequence[Event], known: Mapping[str, TasksKnown]
) -> Mapping[str, str]:
    """Return which scope has the tasks now of which reminders tell by the scope that they had before."""
    missing = set()
    for event in events:
        payload = event.payload
        if isinstance(payload, ReminderDue | ReminderSettled):
            scope = Scope(payload.bot_id, payload.chat_id).key
            if payload.task_id not in known.get(scope, TasksKnown()).by_id:
                missing.add(scope)
    return await current.tasks.moved(sorted(missing)) if missing else {}


async def contacts_known(current: Round, scopes: Sequence[Scope]) -> Mapping[str, Contact]:
    """Return what contact with chats is for; asked only of those of which the rows say that it is for something."""
    awaiting = {head.lane for head in current.heads if head.awaits}
    asked = sorted({scope.key for scope in scopes if scope.lane in awaiting})
    return await current.tasks.contacts(asked) if asked else {}

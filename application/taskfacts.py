"""What the brain's steps need to know of tasks, found out for a whole round and only as far as they are named.

Not here: everything else that they need (``facts``), and the steps.
"""

from collections.abc import Mapping, Sequence

from application.agenda import Contact, Tally
from application.ports import Round
from domain.commands import presses
from domain.commands.base import NOTHING, TasksKnown, Wants, parse_command
from domain.commands.changing import HISTORY_MAX
from domain.commands.table import COMMANDS
from domain.envelope import Event
from domain.events.tasks import ReminderDue, ReminderSettled
from domain.events.telegram import CallbackReceived, MessageReceived
from domain.scope import Scope
from domain.tasks.buttons import read


def wants_of(event: Event, settings: Mapping[str, str]) -> Wants:
    """Return which tasks of its scope an event is about; the settings are the scope's, where these were read."""
    payload = event.payload
    if isinstance(payload, ReminderDue | ReminderSettled):
        return Wants(ids=frozenset({payload.task_id}))
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


async def tasks_known(current: Round, wanted: Mapping[str, Wants]) -> Mapping[str, TasksKnown]:
    """Return what is known of the tasks that are named, by scope. Those named by number or id are locked."""
    wanted = {scope: wants for scope, wants in wanted.items() if wants != NOTHING}
    if not wanted:
        return {}
    numbers = {scope: wants.numbers for scope, wants in wanted.items() if wants.numbers}
    ids = {scope: wants.ids for scope, wants in wanted.items() if wants.ids}
    tallied = [scope for scope, wants in wanted.items() if wants.tally]
    by_number = await current.tasks.by_numbers(numbers) if numbers else {}
    by_id = await current.tasks.by_ids(ids) if ids else {}
    tallies = await current.tasks.tallies(tallied) if tallied else {}
    found = {}
    for scope, wants in wanted.items():
        named = by_number.get(scope, {})
        tally = tallies.get(scope, Tally())
        page, total = await current.tasks.page(scope, wants.page) if wants.page is not None else ((), 0)
        history = [
            each for task in named.values() if wants.history
            for each in await current.tasks.occasions(scope, task.task_id, HISTORY_MAX)
        ]  # fmt: skip
        found[scope] = TasksKnown(
            named, by_id.get(scope, {}), page, total, history, tally.next_number, tally.open_tasks
        )
    return found


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

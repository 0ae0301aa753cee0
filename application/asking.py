"""From an event to the question that a command's step answers, and from the answer to what is sent. Pure.

Not here: the steps (``domain.commands``), and what they need to know (``facts``).
"""

from datetime import datetime

from application.door import visit_of
from application.facts import Facts
from application.interpreter import scope_of
from application.messages import spoken
from domain.commands.base import Ask, Known, Mentioned, TasksKnown
from domain.envelope import Event
from domain.events.telegram import Button, CallbackReceived, MessageReceived
from domain.ids import child_id
from domain.tasks.values import Who
from domain.text import Offsets
from domain.wording import Rows


def instant_of(event: Event) -> float:
    """Return when an event was made, in seconds since the epoch: the same however often it is handled."""
    return datetime.fromisoformat(event.timestamp).timestamp()


def ask_of(payload: MessageReceived | CallbackReceived, facts: Facts, args: str = "") -> Ask:
    """Return the question: who asks, where, and with which words."""
    visit = visit_of(payload)
    assert visit is not None
    name = payload.user_name if visit.user_id is not None else None
    return Ask(
        args, facts.door.rights(visit).standing, payload.bot_id, payload.chat_id, visit.user_id, name or "",
        payload.thread_id, payload.language, _mentioned(payload, args),
    )  # fmt: skip


def _mentioned(payload: MessageReceived | CallbackReceived, args: str) -> tuple[Mentioned, ...]:
    """Return whom the words of a command name by links; the words are the end of the message's text."""
    if isinstance(payload, CallbackReceived) or not payload.mentions:
        return ()
    text = (payload.text or "").rstrip()
    offsets, found = Offsets(text), []
    for each in payload.mentions:
        begin, end = offsets.first(each.offset), offsets.end(each.offset + each.length)
        if begin < end and len(text) - begin <= len(args):
            who = Who(each.user_id, each.name or text[begin:end])
            found.append(Mentioned(who, len(text) - begin, end - begin))
    return tuple(found)


def known_of(event: Event, facts: Facts) -> Known:
    """Return what a step may know: of the event's own scope and of nobody else's."""
    scope = scope_of(event.payload)
    assert scope is not None
    return Known(
        facts.mode, facts.report, facts.settings.get(scope.key, {}), facts.door.known(event.event_id, scope.bot_id),
        facts.tasks.get(scope.key, TasksKnown()), facts.calendar, instant_of(event), child_id(event.event_id, "fresh"),
    )  # fmt: skip


def buttons_of(rows: Rows, language: str | None) -> tuple[tuple[Button, ...], ...]:
    """Return buttons with their labels in a language."""
    return tuple(tuple(Button(spoken(each.label, language), each.data) for each in row) for row in rows)

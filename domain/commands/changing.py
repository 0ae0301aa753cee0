"""``/edit``, ``/snooze`` and ``/late`` change one task, and ``/why`` tells what became of its reminders.

Not here: what follows for its reminders (``domain.tasks.moves``).
"""

from collections.abc import Callable, Mapping

from attrs import evolve

from domain.commands.base import NOTHING, Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.closing import effects_of
from domain.commands.draft import draft, number_and_rest
from domain.commands.task import refused_title, title_of
from domain.commands.timing import NO_OFFER, Untimed, noted, offer_of, quieted, read_time, with_note
from domain.commands.views import Reader, reminder_rows
from domain.decisions import PutTask
from domain.tasks.moves import Moved, snoozed, timed_anew
from domain.tasks.policy import policy_of
from domain.tasks.times import Understood
from domain.tasks.values import TAGS_MAX, Late, Occasion, Status, Task
from domain.wording import Listed, Said, Value

HISTORY_MAX = 20
_LATE = {
    "label": Late.LABEL, "skip": Late.SKIP, "expire": Late.EXPIRE, "melden": Late.LABEL, "auslassen": Late.SKIP,
    "verfallen": Late.EXPIRE,
}  # fmt: skip
# What takes the time of a task away, as it is written behind its number.
_NEVER = frozenset({"never", "no time", "without time", "without a time", "nie", "ohne zeit", "keine zeit"})
Change = Callable[[Ask, Known, Task, str], Answer]


def edit(ask: Ask, known: Known, task: Task, words: str) -> Answer:
    """Give a task another title, another time or none, more tags, another priority; what is not named stays."""
    found = draft(words, is_private=ask.is_private, mentioned=ask.mentioned)
    if words == "":
        return Answer("edit_task.usage")
    when: Understood | None = None
    offer = NO_OFFER
    moved = Moved(task)
    is_timeless = found.text.casefold() in _NEVER
    if is_timeless:
        moved = timed_anew(task, None, None, task.zone, known.now, known.calendar)
    elif found.text:
        read = read_time(ask, known, "edit", found.text)
        if isinstance(read, Answer):
            return read
        when = read if isinstance(read, Understood) else None
        offer = offer_of(ask, known, task.number, read)
        title = title_of(found.text if when is None else when.rest)
        if title or when is None:
            refusal = refused_title(title)
            if refusal is not None:
                return refusal
            moved = Moved(evolve(task, title=title))
    if when is not None:
        moved = timed_anew(moved.task, when.at, when.rule, when.zone, known.now, known.calendar)
    tags = tuple(dict.fromkeys((*task.tags, *found.tags)))
    if len(tags) > TAGS_MAX:
        return Answer("task.too_many_tags", {"most": str(TAGS_MAX)})
    changed = evolve(
        moved.task, tags=tags, priority=task.priority if found.priority is None else found.priority,
        assigned_to=found.assigned_to or task.assigned_to, language=ask.language or task.language,
    )  # fmt: skip
    shown = with_note(Reader.of(ask, known).full(changed), when, changed, ask, known, offer)
    if is_timeless:
        shown = Listed((shown, Said("task.timeless")))
    effects = (*effects_of(evolve(moved, task=changed)), *offer.effects)
    return Answer(
        "task.changed", {"task": shown}, effects, reason=f"task {task.number} changed",
        buttons=offer.buttons,
    )  # fmt: skip


def snooze(ask: Ask, known: Known, task: Task, words: str) -> Answer:
    """Remind of a task again at another time; when it is due stays as it is."""
    if not words:
        shown: dict[str, Value] = {"number": str(task.number), "title": task.title}
        return Answer("snooze.when", shown, buttons=reminder_rows(task)[1:2])
    when = read_time(ask, known, "snooze", words)
    if isinstance(when, Answer):
        return when
    if isinstance(when, Untimed) or when.rest.strip():
        return Answer("snooze.no_time")
    if when.rule is not None:
        return Answer("snooze.once")
    if task.due_at is None:
        # Without a time of its own it had no zone either.
        task = evolve(task, zone=when.zone)
    moved = snoozed(task, when.at, known.now, known.calendar)
    at = moved.task.remind_at
    assert at is not None
    said = known.calendar.echo(at, None, when.zone, ask.language)
    values: dict[str, Value] = {"number": str(task.number), "title": task.title, "until": said}
    reason = f"task {task.number} put off"
    key = "snooze.until" if at == when.at else "snooze.comes_before"
    # Of what comes sooner than was asked nothing is to be said about what was asked.
    notes = noted(when) if at == when.at else []
    told = Listed((Said(key, values), *notes, *quieted(task, at, ask, known)))
    return Answer("lines", {"lines": told}, effects_of(moved), reason=reason)


def late(ask: Ask, known: Known, task: Task, words: str) -> Answer:
    """Set what becomes of a reminder of the task that is late."""
    wanted = _LATE.get(words.lower())
    if wanted is None:
        usage = Said("late.usage", {"number": str(task.number)})
        now = Said("late.now", {"now": Said(f"late.{task.late.value}")})
        return Answer("lines", {"lines": Listed((usage, now))})
    values: dict[str, Value] = {"number": str(task.number), "what": Said(f"late.{wanted.value}")}
    reason = f"task {task.number}: late reminders"
    return Answer("late.set", values, (PutTask(evolve(task, late=wanted)),), reason=reason)


def why(ask: Ask, known: Known, task: Task, words: str) -> Answer:
    """Tell of each occasion of a task what became of it, and what comes next."""
    reader = Reader.of(ask, known)
    lines: list[Value] = [reader.full(task)]
    if task.status is not Status.OPEN:
        lines.append(reader.by(task, f"why.{task.status.value}"))
    elif task.is_paused:
        lines.append(Said("why.waits_for_contact"))
    elif task.remind_at is not None:
        comes = policy_of(known.settings).quiet_until(task, task.remind_at, known.calendar)
        lines.append(Said("why.next", {"next": reader.moment(comes, task.zone)}))
    else:
        lines.append(
            Said("why.untimed" if task.due_at is None else "why.no_next", {"number": str(task.number)})
        )
    lines += [_told(reader, task, each) for each in known.tasks.occasions]
    is_untimed = task.status is Status.OPEN and task.due_at is None and task.remind_at is None
    if not known.tasks.occasions and not is_untimed:
        lines.append(Said("why.nothing_yet"))
    return Answer("lines", {"lines": Listed(tuple(lines))})


def _told(reader: Reader, task: Task, occasion: Occasion) -> Said:
    return Said(f"kept.{occasion.kept.value}", {"at": reader.moment(occasion.bucket, task.zone)})


def _one(name: str, change: Change, *, of_closed: bool = False) -> Callable[[Ask, Known], Answer]:
    def step(ask: Ask, known: Known) -> Answer:
        found = number_and_rest(ask.args)
        if found is None:
            return Answer(f"{_USAGES[name]}.usage", _DEFAULTS.get(name, {}))
        number, words = found
        task = known.tasks.by_number.get(number)
        if task is None:
            return Answer("task.unknown", {"number": str(number)})
        if task.status is not Status.OPEN and not of_closed:
            return Answer("task.is_closed", {"number": str(number), "title": task.title})
        return change(ask, known, task, words)

    return step


_USAGES = {"edit": "edit_task", "snooze": "snooze", "late": "late", "why": "why"}
_DEFAULTS: dict[str, dict[str, Value]] = {"late": {"number": "3"}}


def _wants(args: str, settings: Mapping[str, str]) -> Wants:
    found = number_and_rest(args)
    return NOTHING if found is None else Wants(numbers=frozenset({found[0]}))


def _wants_history(args: str, settings: Mapping[str, str]) -> Wants:
    return evolve(_wants(args, settings), history=True)


_NEEDS, _MENUS = frozenset({Need.SETTINGS}), frozenset({Menu.PRIVATE, Menu.GROUPS})
COMMANDS = (
    Command("edit", _one("edit", edit), _NEEDS, _MENUS, _wants),
    Command("snooze", _one("snooze", snooze), _NEEDS, _MENUS, _wants),
    Command("late", _one("late", late), _NEEDS, frozenset({Menu.PRIVATE}), _wants),
    Command("why", _one("why", why, of_closed=True), _NEEDS, frozenset({Menu.PRIVATE}), _wants_history),
)

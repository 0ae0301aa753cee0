"""``/digest`` has the chat told once a day, at a time of its choice, what is overdue and what is due that day.

The digest is a task of the scope with a number of its own, so that it comes by the rules by which reminders come. Not
here: what it says (``application.digest``), and the rules (``domain.tasks.rules``).
"""

from collections.abc import Mapping

from attrs import evolve

from domain.commands.base import Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.closing import effects_of
from domain.commands.habits import OFF_WORDS
from domain.commands.timing import read_time
from domain.decisions import AddTask, Effect
from domain.tasks.moves import Moved, cancelled, timed, timed_anew
from domain.tasks.policy import ZONE
from domain.tasks.times import Understood
from domain.tasks.values import DIGEST_NUMBER, Status, Task

NAME = "digest"
# A time of day means the same on another day, at another minute; what is counted from now, or names a day, does not.
_APART_S = 2 * 86_400.0 + 7 * 60.0


def step(ask: Ask, known: Known) -> Answer:
    """Show when the digest comes, let it come at a time of day, or never again."""
    task = _set(known)
    if not ask.args:
        return Answer("digest.none") if task is None else _shown("digest.is", ask, known, task)
    if ask.args.lower() in OFF_WORDS:
        if task is None:
            return Answer("digest.none")
        ended = cancelled(task, known.now, ask.who, known.calendar)
        return Answer("digest.off", effects=effects_of(ended), reason="digest off")
    when = read_time(ask, known, NAME, ask.args)
    if isinstance(when, Answer):
        return when
    daily = _daily(ask, known, when) if isinstance(when, Understood) else None
    if daily is None:
        return Answer("digest.usage")
    return _to_come(ask, known, daily)


def _set(known: Known) -> Task | None:
    """Return the digest that is to come; None where there is none, or none any more."""
    task = known.tasks.digest
    return task if task is not None and task.status is Status.OPEN else None


def _to_come(ask: Ask, known: Known, daily: Understood) -> Answer:
    """Let the digest come by a rule, in the thread and the language of whoever asks."""
    kept, to_come = known.tasks.digest, _set(known)
    if to_come is not None:
        moved = timed_anew(to_come, daily.at, daily.rule, daily.zone, known.now, known.calendar)
    else:
        # Of the days on which nobody wanted one nothing is to stand in the ledger.
        made = Task(known.fresh_id, DIGEST_NUMBER, NAME, made_by=ask.who, created_at=known.now)
        moved = Moved(timed(kept or made, daily.at, daily.rule, daily.zone))
    task = evolve(
        moved.task, status=Status.OPEN, closed_by=None, closed_at=None, thread_id=ask.thread_id, language=ask.language
    )  # fmt: skip
    effects = (AddTask(task),) if kept is None else effects_of(evolve(moved, task=task))
    return evolve(_shown("digest.set", ask, known, task), effects=effects, reason="digest set")


def _shown(key: str, ask: Ask, known: Known, task: Task) -> Answer:
    at = _next(known, task)
    if at is None:
        return Answer("digest.none")
    return Answer(key, {"when": known.calendar.echo(at, task.rule, task.zone, ask.language)})


def _next(known: Known, task: Task) -> float | None:
    return known.calendar.next_after(task.rule, task.zone, known.now) if task.rule is not None else None


def _daily(ask: Ask, known: Known, when: Understood) -> Understood | None:
    """Return every day at the time of day that was understood; None where it is not a time of day and nothing more."""
    calendar = known.calendar
    if when.rest.strip() or when.zone != known.settings.get(ZONE):
        return None
    daily = _every_day_at(known, when.at, when.zone)
    if daily is None or daily.rule is None or daily.at != when.at or when.rule not in (None, daily.rule):
        return None
    if known.chosen is None and when.rule is None:
        later = evolve(known, now=known.now + _APART_S)
        again = read_time(ask, later, NAME, ask.args)
        expected = calendar.next_after(daily.rule, daily.zone, later.now)
        if not isinstance(again, Understood) or again.at != expected:
            return None
    return daily


def _every_day_at(known: Known, at: float, zone: str, *, of_zone: str | None = None) -> Understood | None:
    """Return the rule of every day at the time that the clocks of ``of_zone`` show at ``at``, by those of ``zone``."""
    wall = known.calendar.wall(at, of_zone or zone)
    phrase = f"every day at {wall.hour:02}:{wall.minute:02}"
    found = known.calendar.understand(phrase, now=known.now, zone=zone, language="en")
    return found if isinstance(found, Understood) else None


def in_zone(known: Known, zone: str) -> tuple[str, tuple[Effect, ...]] | None:
    """Let the digest keep its time of day by the clocks of another zone; return that time, and the effects.

    None where no digest is to come, or it goes by that zone already.
    """
    task = _set(known)
    at = _next(known, task) if task is not None else None
    if task is None or at is None or task.zone == zone:
        return None
    daily = _every_day_at(known, at, zone, of_zone=task.zone)
    if daily is None:
        return None
    wall = known.calendar.wall(at, task.zone)
    moved = timed_anew(task, daily.at, daily.rule, zone, known.now, known.calendar)
    return f"{wall.hour:02}:{wall.minute:02}", effects_of(moved)


def _wants(args: str, settings: Mapping[str, str]) -> Wants:
    return Wants(digest=True)


COMMANDS = (Command(NAME, step, frozenset({Need.SETTINGS}), frozenset({Menu.PRIVATE, Menu.GROUPS}), _wants),)

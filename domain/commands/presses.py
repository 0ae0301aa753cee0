"""What presses of the buttons of tasks do, and how the message that has the button reads then.

A press that comes too late, twice, or for a task of another chat is answered and does nothing. Not here: what the
buttons carry (``domain.tasks.buttons``), and who may press (``application.doorkeeper``).
"""

from collections.abc import Callable, Mapping

from attrs import evolve, frozen

from domain.commands.base import NOTHING, Answer, Ask, Known, Wants
from domain.commands.closing import close_done, effects_of, open_again
from domain.commands.tasks import List, page_of
from domain.commands.timezone import WITH_TIME, set_zone
from domain.commands.timezone import wants as wants_of_zone
from domain.commands.timing import Pending, chosen, put
from domain.commands.views import PENDING, Reader, button, reminder_rows
from domain.decisions import Effect, PutSetting
from domain.tasks.buttons import Action, Button, OnListed, OnOption, OnPage, OnTask, OnZone, bucket_of
from domain.tasks.moves import Moved, skipped, snoozed, stopped
from domain.tasks.policy import ZONE, policy_of
from domain.tasks.times import WallTime, ZonesMeant
from domain.tasks.values import UNZONED, Status, Task
from domain.wording import Rows, Said, Value

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
MORNING_HOUR = 9


@frozen
class Pressed:
    """What a press leads to: a notice, how its message reads then (None: as before), and what is done.

    ``language`` is that of the message; None where it is that of whoever pressed.
    """

    notice: Said
    shown: Answer | None = None
    effects: tuple[Effect, ...] = ()
    events: tuple[object, ...] = ()
    reason: str = ""
    language: str | None = None


STALE = Pressed(Said("stale_button"), reason="a stale button")


def wants(pressed: Button, settings: Mapping[str, str]) -> Wants:
    """Return which tasks a press is about."""
    match pressed:
        case OnTask(_, task_id):
            return Wants(ids=frozenset({task_id}))
        case OnListed(task_id, _, page, shown):
            return evolve(List(shown, page).wants, ids=frozenset({task_id}))
        case OnPage(page, shown):
            return List(shown, page).wants if page > 0 else NOTHING
        case OnZone():
            return wants_of_zone("", settings)
        case OnOption(token):
            pending = Pending.of_text(settings.get(PENDING))
            if pending is None or pending.token != token or pending.name not in WITH_TIME:
                return NOTHING
            return WITH_TIME[pending.name].wants(pending.args, settings)


def step(ask: Ask, known: Known, pressed: Button) -> Pressed:
    """Return what a press does."""
    match pressed:
        case OnTask():
            return _on_task(ask, known, pressed)
        case OnListed():
            return _on_listed(ask, known, pressed)
        case OnPage(page, shown):
            if page < 1:
                return STALE
            listed = page_of(Reader.of(ask, known), List(shown, page), known.tasks.page, known.tasks.total)
            return Pressed(Said("press.page", {"page": str(page)}), listed)
        case OnOption():
            return _on_option(ask, known, pressed)
        case OnZone(zone):
            if known.calendar.find_zone(zone) != ZonesMeant((zone,)):
                return STALE
            answer = set_zone(ask, known, zone)
            return Pressed(Said("press.chosen"), answer, answer.effects, answer.events, answer.reason)


def _on_task(ask: Ask, known: Known, pressed: OnTask) -> Pressed:
    task = known.tasks.by_id.get(pressed.task_id)
    if task is None or not _is_for(task, pressed.bucket):
        return STALE
    wanted = Status.DONE if pressed.action is Action.UNDO else Status.OPEN
    if task.status is not wanted:
        return evolve(STALE, notice=Said(f"press.already_{task.status.value}"))
    # A group reads on in the language in which its reminder came, whatever the app of who pressed is set to.
    language = ask.language if ask.is_private else task.language or ask.language
    return evolve(_ACTIONS[pressed.action](evolve(ask, language=language), known, task), language=language)


def _is_for(task: Task, bucket: int | None) -> bool:
    return bucket_of(task.due_at) == bucket and not task.is_digest


def _done(ask: Ask, known: Known, task: Task) -> Pressed:
    closed = close_done(ask, known, task)
    now = closed.task
    undo = ((button(Action.UNDO, now),),) if now.status is Status.DONE else ()
    # Of one that repeats its next time is to come.
    meant = now if now.status is Status.OPEN else task
    shown = _shown(ask, known, meant, Said(_by(ask, "press.was_done"), _who(ask)), undo)
    return Pressed(Said("press.done"), shown, closed.effects, closed.events, f"task {task.number} done")


def _undo(ask: Ask, known: Known, task: Task) -> Pressed:
    opened = open_again(ask, known, task)
    rows = reminder_rows(opened.task)
    shown = _shown(ask, known, opened.task, Said(_by(ask, "press.was_opened"), _who(ask)), rows)
    return Pressed(Said("press.opened"), shown, opened.effects, reason=f"task {task.number} opened again")


def _snooze(until: Callable[[Known, str], float]) -> Callable[[Ask, Known, Task], Pressed]:
    def snooze(ask: Ask, known: Known, task: Task) -> Pressed:
        zone = known.settings.get(ZONE, task.zone)
        if task.due_at is None:
            # Without a time of its own it had no zone either.
            task = evolve(task, zone=zone)
        wanted = until(known, zone)
        if task.remind_at is not None and abs(task.remind_at - wanted) < MINUTE_S:
            # It is said then anyway: it was pressed twice, or an open task is said again at that time.
            moved, at = None, task.remind_at
        else:
            moved = snoozed(task, wanted, known.now, known.calendar)
            assert moved.task.remind_at is not None
            at = moved.task.remind_at
        # In quiet hours it comes when these are over.
        comes = policy_of(known.settings).quiet_until(task, at, known.calendar)
        said = Reader.of(ask, known).moment(comes, zone)
        state = Said(_by(ask, "press.was_snoozed"), {**_who(ask), "until": said})
        shown = _shown(ask, known, task, state, ((button(Action.DONE, task),),))
        notice = Said("press.snoozed" if at >= wanted - MINUTE_S else "press.comes_before", {"until": said})
        if moved is None:
            return Pressed(notice, shown, reason="it is put off until then already")
        return Pressed(notice, shown, effects_of(moved), reason=f"task {task.number} put off")

    return snooze


def _tomorrow(known: Known, zone: str) -> float:
    """Return the next day's morning by the clocks of ``zone``."""
    wall = known.calendar.wall(known.now + DAY_S, zone)
    return known.calendar.instant(WallTime(wall.year, wall.month, wall.day, MORNING_HOUR, 0), zone)


def _skip(ask: Ask, known: Known, task: Task) -> Pressed:
    moved = skipped(task, known.now, known.calendar)
    if moved is None:
        return STALE
    assert moved.task.due_at is not None
    next_at = Reader.of(ask, known).moment(moved.task.due_at, task.zone)
    state = Said(_by(ask, "press.was_skipped"), {**_who(ask), "next": next_at})
    return _moved(ask, known, moved, state, "press.skipped", "left out", ())


def _stop(ask: Ask, known: Known, task: Task) -> Pressed:
    if task.rule is None:
        return evolve(STALE, notice=Said("press.stopped"))
    moved = stopped(task, known.now, policy_of(known.settings), known.calendar)
    state = Said(_by(ask, "press.was_stopped"), _who(ask))
    return _moved(
        ask, known, moved, state, "press.stopped", "repeats no more", ((button(Action.DONE, moved.task),),)
    )


def _moved(
    ask: Ask, known: Known, moved: Moved, state: Said, notice: str, reason: str, rows: Rows
) -> Pressed:
    shown = _shown(ask, known, moved.task, state, rows)
    return Pressed(Said(notice), shown, effects_of(moved), reason=f"task {moved.task.number} {reason}")


def _snooze_until_tomorrow(ask: Ask, known: Known, task: Task) -> Pressed:
    if ZONE not in known.settings and task.zone == UNZONED:
        return evolve(STALE, notice=Said("press.zone_needed"), reason="the time zone is not known")
    return _snooze(_tomorrow)(ask, known, task)


_ACTIONS: Mapping[Action, Callable[[Ask, Known, Task], Pressed]] = {
    Action.DONE: _done,
    Action.UNDO: _undo,
    Action.SNOOZE_10_MIN: _snooze(lambda known, zone: known.now + 10 * MINUTE_S),
    Action.SNOOZE_1_H: _snooze(lambda known, zone: known.now + HOUR_S),
    Action.SNOOZE_TOMORROW: _snooze_until_tomorrow,
    Action.SKIP: _skip,
    Action.STOP: _stop,
}


def _shown(ask: Ask, known: Known, task: Task, state: Said, rows: Rows) -> Answer:
    return Answer("press.task", {"task": Reader.of(ask, known).full(task), "state": state}, buttons=rows)


def _by(ask: Ask, key: str) -> str:
    """Return the key that names who did it, where others read along and it is known."""
    return f"{key}_by" if not ask.is_private and ask.user_name else key


def _who(ask: Ask) -> dict[str, Value]:
    return {"who": ask.user_name} if not ask.is_private and ask.user_name else {}


def _on_listed(ask: Ask, known: Known, pressed: OnListed) -> Pressed:
    task = known.tasks.by_id.get(pressed.task_id)
    if pressed.page < 1 or task is None or not _is_for(task, pressed.bucket):
        return STALE
    if task.status is not Status.OPEN:
        return evolve(STALE, notice=Said(f"press.already_{task.status.value}"))
    closed = close_done(ask, known, task)
    # It stays in the list, marked, until the list is asked for again: what somebody looks at does not jump.
    tasks = [closed.task if each.task_id == task.task_id else each for each in known.tasks.page]
    listed = page_of(Reader.of(ask, known), List(pressed.shown, pressed.page), tasks, known.tasks.total)
    return Pressed(Said("press.done"), listed, closed.effects, closed.events, f"task {task.number} done")


def _on_option(ask: Ask, known: Known, pressed: OnOption) -> Pressed:
    pending = Pending.of_text(known.settings.get(PENDING))
    if pending is None or pending.token != pressed.token or pending.name not in WITH_TIME:
        return evolve(STALE, notice=Said("press.question_gone"))
    # Behind a chat's name is somebody who presses under their own, so there anybody may answer.
    if pending.by is not None and pending.by != ask.user_id:
        return evolve(STALE, notice=Said("press.not_yours"), reason="somebody else was asked")
    when = chosen(ask, known, pending, pressed.index)
    if when is None:
        return evolve(STALE, notice=Said("press.question_gone"))
    answer = WITH_TIME[pending.name].step(pending.again(ask), evolve(known, chosen=when))
    asks_again = any(isinstance(each, PutSetting) and each.name == PENDING for each in answer.effects)
    effects = answer.effects if asks_again else (put(None), *answer.effects)
    return Pressed(Said("press.chosen"), answer, effects, answer.events, answer.reason)

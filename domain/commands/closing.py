"""``/done``, ``/undone`` and ``/cancel`` close tasks and open them again, by their numbers.

Not here: what becomes of their reminders (``domain.tasks.moves``).
"""

from collections.abc import Callable, Mapping

from attrs import frozen

from domain.commands.base import NOTHING, Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.draft import NUMBERS_MAX, numbers_of
from domain.commands.views import Reader
from domain.decisions import Effect, KeepOccasion, PutTask
from domain.events.tasks import TaskCancelled, TaskCompleted
from domain.tasks.moves import Moved, cancelled, done, undone
from domain.tasks.policy import policy_of
from domain.tasks.values import Status, Task
from domain.wording import Listed, Said, Value


@frozen
class Closed:
    """What was done to one task: what to say of it, the task as it is now, what it has as effects, and the event."""

    said: Value
    task: Task
    effects: tuple[Effect, ...] = ()
    events: tuple[object, ...] = ()


Close = Callable[[Ask, Known, Task], Closed]


def effects_of(moved: Moved) -> tuple[Effect, ...]:
    """Return what has to be written of a task that was moved."""
    return (PutTask(moved.task), *(KeepOccasion(each) for each in moved.occasions))


def close_done(ask: Ask, known: Known, task: Task) -> Closed:
    """Say that a task, or its present occurrence, is done."""
    if task.status is not Status.OPEN:
        return Closed(Said(f"task.already_{task.status.value}", _names(task)), task)
    moved = done(task, known.now, ask.who, known.calendar)
    reader = Reader.of(ask, known)
    event = TaskCompleted(
        task_id=task.task_id,
        bot_id=ask.bot_id,
        chat_id=ask.chat_id,
        user_id=ask.user_id,
        thread_id=ask.thread_id,
    )
    said = Said("task.done", _names(task))
    if moved.task.status is Status.OPEN and moved.task.due_at is not None:
        next_at = reader.moment(moved.task.due_at, moved.task.zone)
        said = Said("task.done_next", {**_names(task), "next": next_at})
    return Closed(said, moved.task, effects_of(moved), (event,))


def close_cancelled(ask: Ask, known: Known, task: Task) -> Closed:
    """Give a task up."""
    if task.status is not Status.OPEN:
        return Closed(Said(f"task.already_{task.status.value}", _names(task)), task)
    moved = cancelled(task, known.now, ask.who, known.calendar)
    event = TaskCancelled(
        task_id=task.task_id,
        bot_id=ask.bot_id,
        chat_id=ask.chat_id,
        user_id=ask.user_id,
        thread_id=ask.thread_id,
    )
    return Closed(Said("task.cancelled", _names(task)), moved.task, effects_of(moved), (event,))


def open_again(ask: Ask, known: Known, task: Task) -> Closed:
    """Open a task that was closed."""
    if task.status is Status.OPEN:
        return Closed(Said("task.already_open", _names(task)), task)
    moved = undone(task, known.now, policy_of(known.settings), known.calendar)
    return Closed(
        Said("task.opened", {"task": Reader.of(ask, known).full(moved.task)}), moved.task, effects_of(moved)
    )


def _names(task: Task) -> dict[str, Value]:
    return {"number": str(task.number), "title": task.title}


def _each(name: str, close: Close) -> Callable[[Ask, Known], Answer]:
    def step(ask: Ask, known: Known) -> Answer:
        numbers = numbers_of(ask.args)
        if numbers is None:
            return Answer("numbers.usage", {"name": name, "most": str(NUMBERS_MAX)})
        lines: list[Value] = []
        closed: list[Closed] = []
        for number in numbers:
            task = known.tasks.by_number.get(number)
            if task is None:
                lines.append(Said("task.unknown", {"number": str(number)}))
                continue
            closed.append(close(ask, known, task))
            lines.append(closed[-1].said)
        effects = tuple(effect for each in closed for effect in each.effects)
        acted = ", ".join(str(each.task.number) for each in closed if each.effects)
        return Answer(
            "lines", {"lines": Listed(tuple(lines))}, effects, reason=f"tasks {acted}" if acted else "",
            events=tuple(event for each in closed for event in each.events),
        )  # fmt: skip

    return step


def _wants(args: str, settings: Mapping[str, str]) -> Wants:
    numbers = numbers_of(args)
    return NOTHING if numbers is None else Wants(numbers=frozenset(numbers))


_MENUS = frozenset({Menu.PRIVATE, Menu.GROUPS})
COMMANDS = tuple(
    Command(name, _each(name, close), frozenset({Need.SETTINGS}), _MENUS, _wants)
    for name, close in (("done", close_done), ("undone", open_again), ("cancel", close_cancelled))
)

"""What the tests of commands about tasks begin with: a task, what is known, and asking. Not here: the answers."""

from uuid import UUID

from attrs import evolve

from application.messages import render
from domain.commands.base import Answer, Ask, Known, TasksKnown
from domain.commands.table import COMMANDS
from domain.decisions import AddTask, PutTask
from domain.tasks.values import Task, Who
from tests.calendars import SmallCalendar

CALENDAR = SmallCalendar()
# Sunday, 15:00 by the clocks of +2.
NOW = 1_749_992_400.0
TEN = NOW + 19 * 3600
ZONED = {"zone": "+2"}
ANN = Who(7, "Ann")
FRESH = UUID(int=99)
ASK = Ask("", bot_id=1, chat_id=7, user_id=7, user_name="Ann")
IN_GROUP = evolve(ASK, chat_id=-5)


def a_task(number: int = 3, title: str = "Buy milk", **more: object) -> Task:
    return evolve(Task(UUID(int=number), number, title, zone="+2", made_by=ANN), **more)


def known(*tasks: Task, settings: dict[str, str] | None = None, **more: object) -> Known:
    named = {task.number: task for task in tasks}
    found = TasksKnown(named, {task.task_id: task for task in tasks}, next_number=4)
    made = Known(settings=ZONED if settings is None else settings, calendar=CALENDAR, now=NOW, fresh_id=FRESH)
    return evolve(made, tasks=found, **more)


def when(text: str, told: Known | None = None, ask: Ask = ASK) -> Answer:
    """Return what a command answers."""
    name, _, args = text.removeprefix("/").partition(" ")
    return COMMANDS[name].step(evolve(ask, args=args.strip()), told or known())


def said(answer: Answer, language: str = "en") -> str:
    return render(answer.key, answer.values, language)


def made(answer: Answer) -> Task:
    (effect,) = answer.effects
    assert isinstance(effect, AddTask)
    return effect.task


def put(answer: Answer) -> Task:
    effect = answer.effects[0]
    assert isinstance(effect, PutTask)
    return effect.task

"""``/task`` and ``/remind`` make tasks: a title, and with it a time, a rule, a priority, tags, and who it is for.

Not here: reading times (``domain.commands.timing``), and what happens when they come (``domain.tasks.rules``).
"""

from collections.abc import Mapping

from domain.commands.base import Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.draft import Draft, draft
from domain.commands.timing import Untimed, offer_of, read_time, with_note
from domain.commands.views import Reader
from domain.decisions import AddTask
from domain.envelope import timestamp_of
from domain.events.tasks import TaskCreated
from domain.tasks.times import Understood
from domain.tasks.values import OPEN_TASKS_MAX, TAGS_MAX, TITLE_CHARS_MAX, UNZONED, Priority, Task
from domain.text import is_blank

TASK, REMIND = "task", "remind"
# Embeddings, overrides and isolates of https://www.unicode.org/reports/tr9/; letters bring their direction along.
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def step(ask: Ask, known: Known) -> Answer:
    """Make a task, with a time or without one."""
    found = draft(ask.args, is_private=ask.is_private, mentioned=ask.mentioned)
    if is_blank(found.text):
        return Answer("task.usage")
    when = read_time(ask, known, TASK, found.text)
    return when if isinstance(when, Answer) else _made(ask, known, found, when)


def remind(ask: Ask, known: Known) -> Answer:
    """Make a task that must have a time."""
    found = draft(ask.args, is_private=ask.is_private, mentioned=ask.mentioned)
    if is_blank(found.text):
        return Answer("remind.usage")
    when = read_time(ask, known, REMIND, found.text)
    if isinstance(when, Untimed):
        return Answer("remind.no_time")
    return when if isinstance(when, Answer) else _made(ask, known, found, when)


def _made(ask: Ask, known: Known, found: Draft, read: Understood | Untimed) -> Answer:
    when = read if isinstance(read, Understood) else None
    title = title_of(found.text if when is None else when.rest)
    refusal = refused_title(title)
    if refusal is not None:
        return refusal
    if len(found.tags) > TAGS_MAX:
        return Answer("task.too_many_tags", {"most": str(TAGS_MAX)})
    if known.tasks.open_tasks >= OPEN_TASKS_MAX:
        return Answer("task.too_many", {"most": str(OPEN_TASKS_MAX)})
    at = when.at if when is not None else None
    task = Task(
        known.fresh_id, known.tasks.next_number, title, due_at=at, remind_at=at,
        zone=when.zone if when is not None else UNZONED, rule=when.rule if when is not None else None,
        priority=found.priority or Priority.NORMAL, tags=found.tags, thread_id=ask.thread_id, made_by=ask.who,
        assigned_to=found.assigned_to, language=ask.language, created_at=known.now,
    )  # fmt: skip
    created = TaskCreated(
        task_id=task.task_id, bot_id=ask.bot_id, chat_id=ask.chat_id, user_id=ask.user_id, thread_id=ask.thread_id,
        title=title, due_at=timestamp_of(at) if at is not None else None,
    )  # fmt: skip
    offer = offer_of(ask, known, task.number, read)
    shown = with_note(Reader.of(ask, known).full(task), when, task, ask, known, offer)
    return Answer(
        "task.made", {"task": shown}, (AddTask(task), *offer.effects),
        reason=f"task {task.number} made", events=(created,), buttons=offer.buttons,
    )  # fmt: skip


def title_of(words: str) -> str:
    """Return the title that words are: in one line, and without characters that turn round what stands beside it."""
    return " ".join(words.translate(_TURNING).split())


def refused_title(title: str) -> Answer | None:
    """Return what to say of a title that is none; None where it is one."""
    if is_blank(title):
        return Answer("task.no_title")
    if len(title) > TITLE_CHARS_MAX:
        return Answer("task.too_long", {"most": str(TITLE_CHARS_MAX)})
    return None


def _wants(args: str, settings: Mapping[str, str]) -> Wants:
    return Wants(tally=True)


_MENUS = frozenset({Menu.PRIVATE, Menu.GROUPS})
COMMANDS = (
    Command(TASK, step, frozenset({Need.SETTINGS}), _MENUS, _wants),
    Command(REMIND, remind, frozenset({Need.SETTINGS}), _MENUS, _wants),
)

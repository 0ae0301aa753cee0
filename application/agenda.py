"""Tasks that are due, what is written when they remind, and what else is asked about a scope's tasks, as values.

Not here: who reads and writes them (``books``), what a reminder says (``brain``), what a task is (``domain.tasks``).
"""

from collections.abc import Mapping

from attrs import Factory, define, field, frozen

from application.changes import AuditRow, Owed, ScopedEffect
from domain.decisions import KeepOccasion
from domain.scope import scope_of_lane
from domain.tasks.keys import instant_of, named_by
from domain.tasks.values import Kept, Occasion, Task


@frozen
class Tally:
    """What a new task of a scope needs to know: the number that it gets, and how many are open already."""

    next_number: int = 1
    open_tasks: int = 0


@frozen
class Contact:
    """What contact with a chat is for: ambiguous occasions of which it was not told, with their tasks; paused tasks.

    At most ``UNTOLD_MAX`` occasions, the oldest first. ``is_unreachable``: the chat counts as one that cannot be
    reached, so that whatever of its tasks comes due would be paused.
    """

    untold: tuple[tuple[Task, Occasion], ...] = ()
    has_paused: bool = False
    is_unreachable: bool = False


UNTOLD_MAX = 20


@frozen
class DueTask:
    """An open task whose instant has come: whose it is, whether its chat can be reached, the scope's settings."""

    scope: str
    task: Task
    is_reachable: bool = True
    settings: Mapping[str, str] = field(factory=dict)


@frozen
class Firing:
    """What is to stand of an occasion of a due task, with the event and the audit row that go with it.

    Nothing of it is written where it stands already that the occasion was said, or may have been: it was acted on
    before. What was paused, skipped or superseded may have been planned anew and comes after all.
    """

    occasion: Occasion
    owed: Owed | None = None
    audit: AuditRow | None = None


@define
class AgendaChanges:
    """Everything one transaction of the scheduler writes.

    Of ``tasks``, which must be among those that are due, ``due_at``, ``remind_at``, ``times_said`` and ``is_paused``
    are written and nothing else.
    """

    firings: list[Firing] = Factory(list)
    tasks: list[Task] = Factory(list)


def doubted(lane: str, event_type: str | None, key: str | None) -> ScopedEffect | None:
    """Return what stands of an occasion whose event became a dead letter of the brain's: nobody says it any more.

    None for the letters of all other events.
    """
    named = named_by(key) if event_type == "reminder.due" and key is not None else None
    if named is None:
        return None
    reason = "its event became a dead letter"
    occasion = Occasion(named.task_id, instant_of(named.bucket), Kept.AMBIGUOUS, reason=reason)
    return ScopedEffect(scope_of_lane(lane), KeepOccasion(occasion))

"""Tasks that are due, what is written when they remind, and what else is asked about tasks, as values.

Not here: who reads and writes them (``books``), what a reminder says (``brain``), what a task is (``domain.tasks``).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import Factory, define, field, frozen

from application.changes import AuditRow, Owed, ScopedEffect
from domain.decisions import KeepOccasion
from domain.scope import scope_of_lane
from domain.tasks.keys import instant_of, named_by
from domain.tasks.values import Kept, Late, Occasion, Status, Task


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
# What stands as the reason where a reminder arrived of which that was unknown.
ARRIVED = "it arrived after all"


@frozen
class DueTask:
    """An open task whose instant has come: whose it is, whether its chat can be reached, the scope's settings.

    ``deaths``: how many processes ended while they acted on it.
    """

    scope: str
    task: Task
    is_reachable: bool = True
    settings: Mapping[str, str] = field(factory=dict)
    deaths: int = 0


@frozen
class Firing:
    """What is to stand of an occasion of a due task, with the event and the audit row that go with it.

    Nothing of it is written where it stands already that the occasion was said, or may have been: it was acted on
    before. What was paused, skipped or superseded may have been planned anew and comes after all.
    """

    occasion: Occasion
    owed: Owed | None = None
    audit: AuditRow | None = None


@frozen
class Buried:
    """A dead letter in place of an event that nobody makes: acting on its task ended ``deaths`` processes."""

    letter: Owed
    deaths: int
    reason: str


@define
class AgendaChanges:
    """Everything one transaction of the scheduler writes.

    Of ``tasks``, which must be among those that are due, ``due_at``, ``remind_at``, ``times_said`` and ``is_paused``
    are written and nothing else.
    """

    firings: list[Firing] = Factory(list)
    tasks: list[Task] = Factory(list)
    buried: list[Buried] = Factory(list)


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


@frozen
class TaskState:
    """A task as operators see it: what decides when it reminds, and nothing that people wrote.

    As in ``Task``: instants are seconds since the epoch.
    """

    task_id: UUID
    scope: str
    number: int
    status: Status
    due_at: float | None
    remind_at: float | None
    rule: str | None
    zone: str
    late: Late
    times_said: int
    is_paused: bool
    created_at: float
    closed_at: float | None


@frozen
class LedgerRow:
    """What stands of an occasion; ``told``: its chat was told that it is ambiguous."""

    occasion: Occasion
    told: bool


@frozen
class Coming:
    """When something happens next by itself to an open task."""

    remind_at: float
    scope: str
    number: int
    task_id: UUID


@frozen
class Outlook:
    """Reminders as a whole. ``overdue`` tasks should have been acted on, the oldest of them ``oldest_s`` seconds ago.

    ``paused`` tasks wait for contact with their chat, ``untold`` ambiguous occasions for being mentioned to theirs.
    ``kept`` counts what lately became of occasions. ``coming`` has the next tasks, the earliest first, overdue ones
    among them.
    """

    overdue: int = 0
    oldest_s: float = 0.0
    paused: int = 0
    untold: int = 0
    kept: Mapping[Kept, int] = field(factory=dict)
    coming: Sequence[Coming] = ()

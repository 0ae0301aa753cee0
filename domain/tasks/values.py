"""What a task is, and what stands of each occasion on which it reminds. Values only."""

from enum import IntEnum, StrEnum
from uuid import UUID

from attrs import field, frozen

TITLE_CHARS_MAX = 500
TAGS_MAX = 10
TAG_CHARS_MAX = 32
OPEN_TASKS_MAX = 1_000
# The zone of a task that was made without one: its time was a span from then, or it has none.
UNZONED = "UTC"
# A scope's digest of the day is a task that nobody sees as one; people's tasks are numbered from 1.
DIGEST_NUMBER = 0


class Status(StrEnum):
    """Whether a task is still to be done."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(IntEnum):
    """How urgent a task is; the higher, the sooner in a list."""

    LOW = -1
    NORMAL = 0
    HIGH = 1


class Late(StrEnum):
    """What becomes of a reminder whose time went by while nothing ran."""

    LABEL = "label"
    SKIP = "skip"
    EXPIRE = "expire"


class Kept(StrEnum):
    """What the ledger says of one occasion."""

    FIRED = "fired"
    LATE = "late"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    AMBIGUOUS = "ambiguous"


@frozen
class Who:
    """Somebody of a chat: Telegram's id and the first name that was shown."""

    user_id: int
    name: str = ""


@frozen
class Task:
    """One task of a scope.

    Instants are seconds since the epoch. ``due_at`` is the occurrence that is meant: to come, or passed and not done.
    ``remind_at`` is when something happens next by itself; None where nothing does. ``rule`` is an RFC 5545 rule in
    the zone's wall time. ``times_said`` counts how often the present occurrence was said, the first time included;
    0 says that it was not said yet.
    """

    task_id: UUID
    number: int
    title: str
    status: Status = Status.OPEN
    due_at: float | None = None
    remind_at: float | None = None
    zone: str = UNZONED
    rule: str | None = None
    priority: Priority = Priority.NORMAL
    tags: tuple[str, ...] = ()
    late: Late = Late.LABEL
    times_said: int = 0
    is_paused: bool = False
    thread_id: int | None = None
    made_by: Who | None = None
    assigned_to: Who | None = None
    closed_by: Who | None = None
    language: str | None = None
    created_at: float = 0.0
    closed_at: float | None = None

    @property
    def is_digest(self) -> bool:
        """Whether it stands for the digest of the day: it says what is due instead of a title, and is in no list."""
        return self.number == DIGEST_NUMBER

    def is_overdue(self, now: float) -> bool:
        """Return whether it is open and its time has passed."""
        return self.status is Status.OPEN and self.due_at is not None and self.due_at < now


@frozen
class Occasion:
    """What stands of one occasion on which a task reminded, or did not: its bucket is an exact instant."""

    task_id: UUID
    bucket: float
    kept: Kept
    at: float = 0.0
    reason: str = ""


@frozen
class Page:
    """Which tasks of a scope to show: a filter and a page of it.

    ``due_before`` leaves those that are open and due before that instant.
    """

    status: Status | None = Status.OPEN
    is_overdue: bool = False
    due_before: float | None = None
    tag: str | None = None
    words: str | None = None
    number: int = 1
    size: int = field(default=10)

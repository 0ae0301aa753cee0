"""What happens to tasks, and when a reminder of one is due.

Not here: the rules of recurrence and time zones.
"""

from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from domain.events.spec import INSTANT, KEY, TEXT_UNITS_MAX, Unit, spec
from domain.events.telegram import BOT, CHAT, THREAD, USER

_TASK = spec("The task.")
_BUCKET = spec("The exact instant of the occasion, its time bucket.", form=INSTANT)
_REMINDER_KEY = spec("rem:{task_id}:{time_bucket}.", form=KEY)
_TITLE = spec("What is to be done, in the user's words.", 1, TEXT_UNITS_MAX, unit=Unit.UTF16)


class ReminderKind(StrEnum):
    """Why the chat is told: a time of the task came, or came again while it stayed open, or was skipped.

    ``digest``: what is told is not the task itself but what of its scope is due that day.
    """

    OCCURRENCE = "occurrence"
    NAG = "nag"
    SKIPPED = "skipped"
    DIGEST = "digest"


class ReminderOutcome(StrEnum):
    """What became of the message that reminds; ``ambiguous``: whether it arrived is unknown, and it is not repeated.

    ``stale``: it waited so long before any call that what it says may not hold any more; the brain decides anew.
    """

    DELIVERED = "delivered"
    STALE = "stale"
    AMBIGUOUS = "ambiguous"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@frozen(kw_only=True)
class TaskCreated:
    """A task now exists."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    title: str = field(metadata=_TITLE)
    due_at: str | None = field(default=None, metadata=spec("When it is first due.", form=INSTANT))


@frozen(kw_only=True)
class TaskCompleted:
    """A task was done; the envelope says when."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)


@frozen(kw_only=True)
class TaskCancelled:
    """A task was given up; no reminder of it is due any more."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)


@frozen(kw_only=True)
class ReminderDue:
    """An occasion of a task is due: an occurrence, or a nag about one. Its key makes that one occasion remind once."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    title: str = field(metadata=_TITLE)
    due_at: str = field(
        metadata=spec("When the occurrence was due that it is about; the bucket is in its key.", form=INSTANT)
    )
    reminder_key: str = field(metadata=_REMINDER_KEY)
    late_s: int = field(
        default=0,
        metadata=spec("How late it is by the scheduler's clock, in seconds; 0 where it is in time.", 0),
    )
    kind: ReminderKind = field(default=ReminderKind.OCCURRENCE, metadata=spec("Why the chat is told."))


@frozen(kw_only=True)
class ReminderSettled:
    """What became of the message of one occurrence, so that the ledger of reminders can say it."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    bucket: str = field(metadata=_BUCKET)
    outcome: ReminderOutcome = field(metadata=spec("What became of it."))
    delivery_key: str = field(metadata=_REMINDER_KEY)

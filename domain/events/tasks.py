"""What happens to tasks, and when a reminder of one is due.

Not here: the rules of recurrence and time zones.
"""

from uuid import UUID

from attrs import field, frozen

from domain.events.spec import INSTANT, KEY, TEXT_UNITS_MAX, Unit, spec
from domain.events.telegram import BOT, CHAT, THREAD, USER

_TASK = spec("The task.")
_TITLE = spec("What is to be done, in the user's words.", 1, TEXT_UNITS_MAX, unit=Unit.UTF16)


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
    """One occurrence of a task is due. Its key makes that one occurrence remind once."""

    task_id: UUID = field(metadata=_TASK)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    title: str = field(metadata=_TITLE)
    due_at: str = field(metadata=spec("The exact instant of the occurrence, its time bucket.", form=INSTANT))
    reminder_key: str = field(metadata=spec("rem:{task_id}:{time_bucket}.", form=KEY))

"""What a handler returns: events and effects as values, applied by one interpreter.

An effect carries no scope of its own; the interpreter stamps the scope of the event that caused it.
"""

from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from domain.access import Standing
from domain.runtime_state import Mode
from domain.tasks.values import Occasion, Task


class Outcome(StrEnum):
    """What became of one run of one event, as the audit tells it."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    RETRIED = "retried"
    DEAD_LETTERED = "dead_lettered"
    AMBIGUOUS = "ambiguous"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"


@frozen
class Emit:
    """An event to owe, derived from the one being handled.

    ``name`` tells it from its siblings and makes its id and key. ``target`` overrides the catalogue's. ``key``
    overrides the idempotency key, for what has one that is known elsewhere: a reminder is delivered once by the key
    of its occasion, whichever event brings it.
    """

    name: str
    payload: object
    target: str | None = None
    delay_s: float = 0.0
    key: str | None = None


@frozen
class PutSetting:
    """Keep ``value`` under ``name`` for the event's scope; the last writer wins.

    ``is_choice``: somebody asked for it, so it counts as something that was done; else it is a note of the bot's own.
    """

    name: str
    value: str
    is_choice: bool = False


@frozen
class SetApiMode:
    """Make ``mode`` the API mode for everyone."""

    mode: Mode


@frozen
class MoveData:
    """Let everything that the event's scope owns follow to the chat that its group became."""

    new_chat_id: int


@frozen
class MarkChat:
    """Note whether the event's chat can be reached; ``reason`` says why it cannot."""

    is_reachable: bool
    reason: str = ""


@frozen
class AskAccess:
    """Note that ``subject`` asks to be let in by a code, unless something was decided about it already."""

    subject: str
    name: str
    code_hash: str
    lasts_s: float


@frozen
class SetStanding:
    """Decide about ``subject``; it concerns everyone, so it is for admins. An empty name keeps the one that is known.

    ``decided_by`` says who decided, for the list that admins see.
    """

    subject: str
    standing: Standing
    name: str
    decided_by: str


@frozen
class AddInvitation:
    """Let whoever sends the code first have ``standing``.

    It ends when ``made_by``, the subject who made it, is no admin any more.
    """

    bot_id: int
    code_hash: str
    standing: Standing
    lasts_s: float
    made_by: str = ""


@frozen
class UseInvitation:
    """Let the code be used up."""

    code_hash: str


@frozen
class CountWrongCode:
    """Count that ``subject`` sent a code that is none."""

    subject: str


@frozen
class AddTask:
    """Let the event's scope have a new task. Its number must be free; else the whole round fails and is run again."""

    task: Task


@frozen
class PutTask:
    """Let a task of the event's scope be as given, all but its number and who made it when.

    Nothing happens where the scope has no such task.
    """

    task: Task


@frozen
class KeepOccasion:
    """Keep what became of an occasion of a task of the event's scope; it replaces what was kept of it before.

    Its ``at`` is when the store wrote it. An ambiguous one has not been told.
    """

    occasion: Occasion


@frozen
class ArrivedOccasion:
    """Note that the reminder of an occasion arrived. That changes what stands where it was not said."""

    task_id: UUID
    bucket: float


@frozen
class ToldOccasions:
    """Note that the chat was told of occasions: of each task in ``task_ids`` that with the bucket beside it."""

    task_ids: tuple[UUID, ...]
    buckets: tuple[float, ...]


@frozen
class ResumeTasks:
    """Let the paused tasks of the event's scope remind now, but none before it is due."""


AccessEffect = AskAccess | SetStanding | AddInvitation | UseInvitation | CountWrongCode
# Those of one round take place in this order, and before all others.
TASK_EFFECTS = (AddTask, PutTask, KeepOccasion, ArrivedOccasion, ToldOccasions, ResumeTasks)
TaskEffect = AddTask | PutTask | KeepOccasion | ArrivedOccasion | ToldOccasions | ResumeTasks
# What concerns nobody beyond the scope of the event.
OF_ONE_SCOPE = (PutSetting, MoveData, MarkChat, *TASK_EFFECTS)
Effect = PutSetting | SetApiMode | MoveData | MarkChat | AccessEffect | TaskEffect


@frozen
class Decision:
    """What shall happen because of one event."""

    events: tuple[Emit, ...] = ()
    effects: tuple[Effect, ...] = field(default=())
    outcome: Outcome = Outcome.PROCESSED
    reason: str = ""

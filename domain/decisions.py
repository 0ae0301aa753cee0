"""What a handler returns: events and effects as values, applied by one interpreter.

An effect carries no scope of its own; the interpreter stamps the scope of the event that caused it.
"""

from enum import StrEnum

from attrs import field, frozen

from domain.runtime_state import Mode


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

    ``name`` tells it from its siblings and makes its id and key. ``target`` overrides the catalogue's.
    """

    name: str
    payload: object
    target: str | None = None
    delay_s: float = 0.0


@frozen
class PutSetting:
    """Keep ``value`` under ``name`` for the event's scope; the last writer wins."""

    name: str
    value: str


@frozen
class SetApiMode:
    """Make ``mode`` the API mode for everyone."""

    mode: Mode


@frozen
class MoveData:
    """Let everything that the event's scope owns follow to the chat that its group became."""

    new_chat_id: int


Effect = PutSetting | SetApiMode | MoveData


@frozen
class Decision:
    """What shall happen because of one event."""

    events: tuple[Emit, ...] = ()
    effects: tuple[Effect, ...] = field(default=())
    outcome: Outcome = Outcome.PROCESSED
    reason: str = ""

"""Dead letters as values: what is known of one, which ones are meant, and what became of moving some.

Not here: where they are kept (the port ``application.ports.DeadLetters``), and how many are moved in batches
(``application.clearing``).
"""

import re
from uuid import UUID

from attrs import frozen

from domain.scope import Scope


@frozen
class Letter:
    """One dead letter as shown to an operator.

    ``repeat``: some earlier call for the event may have reached its chat. The last four fields are read from the
    envelope, each None where its bytes do not hold it in the form in which we make it. ``dead_at`` is in seconds
    since the epoch.
    """

    letter_id: int
    target: str
    event_id: UUID
    lane: str
    attempt: int
    deaths: int
    reasons: tuple[str, ...]
    envelope: bytes
    dead_at: float
    cause: UUID | None = None
    repeat: bool = False
    event_type: str | None = None
    source: str | None = None
    trace_id: str | None = None
    idempotency_key: str | None = None


@frozen
class LetterFilter:
    """Which dead letters are meant; None means all. What is given is combined.

    ``reason`` is a part of any of the reasons, in upper or lower case. ``trace`` are the first digits of a trace id.
    ``since`` and ``until`` are seconds since the epoch, the first included, the last not.
    """

    target: str | None = None
    event_type: str | None = None
    reason: str | None = None
    lane: str | None = None
    trace: str | None = None
    event_id: UUID | None = None
    letter_id: int | None = None
    since: float | None = None
    until: float | None = None


@frozen
class Count:
    """How many letters were meant at one moment, and the greatest id among them; 0 where there were none.

    Ids rise in the order in which letters died, so this bounds what is moved in batches: a redriven letter that dies
    again meanwhile has a greater one.
    """

    letters: int
    last_id: int


@frozen
class Moved:
    """What became of letters that were to be moved, by id; whoever is in neither was not there any more.

    ``owed_already``: the event was owed, so only its letter was removed.
    """

    done: tuple[int, ...] = ()
    owed_already: tuple[int, ...] = ()


def scope_of_lane(lane: str) -> str | None:
    """Return the key of the scope whose chat has this lane; None for a lane that is no chat's."""
    found = re.fullmatch(r"([0-9]{1,18}):(-?[0-9]{1,18})", lane)
    return Scope(int(found[1]), int(found[2])).key if found is not None else None

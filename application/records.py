"""What is read back of the truth: rows of the audit, sizes of the backlog, what became of a message.

Not here: what a round reads and writes (``changes``), dead letters (``letters``), and who reads (``ports``).
"""

from collections.abc import Mapping
from uuid import UUID

from attrs import field, frozen

from application.changes import AuditRow


@frozen
class FirstRun:
    """What the brain made of a message: the key of its event, and how that ended."""

    key: str
    outcome: str
    reason: str


@frozen
class Figures:
    """Owed rows by target, dead letters in all, and the age of the oldest due row in seconds.

    ``oldest_s_of`` tells that age by target; 0 where no row of it is due.
    """

    owed: Mapping[str, int]
    dead_letters: int
    oldest_s: float
    oldest_s_of: Mapping[str, float] = field(factory=dict)


@frozen
class Crowds:
    """How much is owed: in all, by the lanes that owe much, and which lanes are of admins' private chats."""

    owed: int
    lanes: Mapping[str, int]
    admins: frozenset[str] = frozenset()


@frozen
class AuditEntry:
    """One row of the audit as read back: when, by whom, and the row."""

    at: float
    consumer: str
    row: AuditRow


@frozen
class AuditFilter:
    """Which audit rows to show; None and empty mean all. Times are seconds since the epoch."""

    trace_id: str | None = None
    outcome: str | None = None
    consumer: str | None = None
    event_type: str | None = None
    scope: str | None = None
    event_id: UUID | None = None
    since: float | None = None
    limit: int = 100


@frozen
class AuditMark:
    """Up to where the audit was read: which transactions had ended, when, and rows of later ones that were read."""

    position: int
    at: float
    seen: Mapping[str, int] = field(factory=dict)

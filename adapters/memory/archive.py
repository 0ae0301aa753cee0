"""What may be forgotten, in memory. See ``application.retention.Archive``.

The rules are those of the functions of the schema (``migrations/versions/0005_retention.sql``), and the contract suite
holds one to the other. Not here: terms, and how often.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from adapters.memory.access import UNDECIDED
from adapters.memory.database import MemoryDatabase, Tables
from adapters.memory.labels import labels_of
from adapters.memory.tasks import OccasionRow
from application.changes import AuditRow
from application.records import AuditEntry
from application.retention import (
    AUDIT_DAYS_MIN,
    DAY_S,
    DELIVERIES_DAYS_MIN,
    OCCASIONS_DAYS_MIN,
    Kind,
)
from domain.decisions import Outcome
from domain.scope import Scope, bot_and_chat
from domain.tasks.values import Kept, Status

# A term must be at least so long, and shorter than so long, in seconds.
SAFE = {
    Kind.UPDATES: (2 * DAY_S + 1e-6, 7 * DAY_S),
    Kind.DELIVERIES: (DELIVERIES_DAYS_MIN * DAY_S, float("inf")),
    Kind.OCCASIONS: (OCCASIONS_DAYS_MIN * DAY_S, float("inf")),
    Kind.AUDIT: (AUDIT_DAYS_MIN * DAY_S, float("inf")),
    Kind.LEFTOVERS: (0.0, float("inf")),
}


class MemoryArchive:
    """See the port. ``noted`` has what was gone through last: the term and how many rows went."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self.noted: dict[Kind, tuple[float, int]] = {}

    async def make_room(self) -> None:
        """See the port. There is room here."""
        self._database.check()

    async def forget(self, kind: Kind, term_s: float, limit: int) -> int | None:
        """See the port."""
        shortest, bound = SAFE[kind]
        if not shortest <= term_s < bound:
            raise ValueError(f"refused: {term_s:g} s is no safe term for {kind}")
        with self._database.transaction() as tables:
            now = self._database.clock.now()
            if kind is Kind.AUDIT:
                return _forget_month(tables, now, now - term_s)
            return _FORGET[kind](tables, now, now - term_s, limit)

    async def note(self, kind: Kind, term_s: float, removed: int) -> None:
        """See the port."""
        self._database.check()
        self.noted[kind] = (term_s, removed)


def _drop(rows: dict[Any, Any], names: Iterator[Any], limit: int) -> int:
    gone = [name for _, name in zip(range(limit), names, strict=False)]
    for name in gone:
        del rows[name]
    return len(gone)


def _forget_updates(tables: Tables, _: float, before: float, limit: int) -> int:
    return _drop(tables.inbox, (key for key, at in tables.inbox.items() if at < before), limit)


def _is_open(tables: Tables, lane: str) -> bool:
    owed = {row.head.lane for row in tables.outbox.values()}
    return lane in owed or any(letter.lane == lane for letter in tables.letters)


def _forget_deliveries(tables: Tables, _: float, before: float, limit: int) -> int:
    old = (
        key for key, each in tables.deliveries.items()
        if tables.delivered_at[key] < before and not _is_open(tables, each.lane)
    )  # fmt: skip
    return _drop(tables.deliveries, old, limit)


def _forget_occasions(tables: Tables, _: float, before: float, limit: int) -> int:
    rows = tables.tasks.occasions
    old = (
        name for name, row in rows.items()
        if row.occasion.at < before and row.occasion.bucket < before and not _is_needed(tables, row)
    )  # fmt: skip
    return _drop(rows, old, limit)


def _is_needed(tables: Tables, row: OccasionRow) -> bool:
    occasion, owner = row.occasion, tables.tasks.tasks[row.occasion.task_id]
    if occasion.kept is Kept.AMBIGUOUS and not row.told:
        return True
    buckets = [each for task_id, each in tables.tasks.occasions if task_id == occasion.task_id]
    places = [each for each in (owner.task.due_at, owner.task.remind_at) if each is not None]
    is_behind = occasion.bucket < max(buckets) and occasion.bucket < min(places, default=float("inf"))
    is_at_hand = owner.task.status is Status.OPEN and not is_behind
    return is_at_hand or _is_open(tables, Scope(*bot_and_chat(owner.scope)).lane)


def _forget_leftovers(tables: Tables, now: float, _: float, limit: int) -> int:
    """Marks go with their rows here, so that no time has to pass."""
    day_ago = now - DAY_S
    owed = {event_id for _, event_id in tables.outbox}
    strangers = (
        subject for subject, row in tables.access.items()
        if row.person.standing in UNDECIDED and row.code_until < now
        and max(row.person.changed_at, row.wrong_since or 0.0) < day_ago
    )  # fmt: skip
    runs = (run for run, (_, ids) in tables.runs.items() if not owed.intersection(ids))
    claims = (lane for lane, c in tables.claims.items() if c.until < now and c.event_id not in owed)
    invitations = (code for code, (_, _, until) in tables.invitations.items() if until < day_ago)
    return (
        _drop(tables.runs, runs, limit)
        + _drop(tables.claims, claims, limit)
        + _drop(tables.invitations, invitations, limit)
        + _drop(tables.access, strangers, limit)
    )


_FORGET: dict[Kind, Callable[[Tables, float, float, int], int]] = {
    Kind.UPDATES: _forget_updates,
    Kind.DELIVERIES: _forget_deliveries,
    Kind.OCCASIONS: _forget_occasions,
    Kind.LEFTOVERS: _forget_leftovers,
}


def _forget_month(tables: Tables, now: float, before: float) -> int | None:
    """Forget the oldest month of the audit that may go; None where none may."""
    open_ones = {labels_of(row.head.envelope)["trace_id"] for row in tables.outbox.values()}
    open_ones |= {letter.trace_id for letter in tables.letters}
    months: dict[tuple[int, int], list[AuditEntry]] = {}
    for entry in tables.audit:
        months.setdefault(_month(entry.at), []).append(entry)
    for month, entries in sorted(months.items()):
        if _end_of(month) > before:
            return None
        if not open_ones.intersection(entry.row.trace_id for entry in entries if entry.row.trace_id):
            tables.audit = [entry for entry in tables.audit if _month(entry.at) != month]
            tables.audit_forgotten += len(entries)
            name = f"openclaw.audit_{month[0]:04}_{month[1]:02}"
            reason = f"{name}, with {len(entries)} rows, was older than {(now - before) / DAY_S:.0f} days"
            row = AuditRow(Outcome.DISCARDED, reason=reason)
            tables.audit.append(AuditEntry(now, "scheduler", row))
            return len(entries)
    return None


def _month(at: float) -> tuple[int, int]:
    when = datetime.fromtimestamp(at, UTC)
    return when.year, when.month


def _end_of(month: tuple[int, int]) -> float:
    year, number = month
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()

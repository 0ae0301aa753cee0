"""What may be forgotten, in memory. See ``application.retention.Archive``.

The rules are those of the functions of the schema (``migrations/versions/0005_retention.sql``), and the contract suite
holds one to the other. Not here: terms, and how often.
"""

from collections.abc import Callable, Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from adapters.memory.access import UNDECIDED
from adapters.memory.agenda import is_due
from adapters.memory.database import MemoryDatabase, Tables
from adapters.memory.labels import labels_of
from adapters.memory.rows import RowName
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
from domain.catalogue import SCHEDULER
from domain.decisions import Outcome
from domain.scope import Scope, bot_and_chat
from domain.tasks.values import Kept, Status

# Longer than any round; a mark that is younger may be of one that goes on.
MARKS_KEPT_S = 3600.0
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
        now = self._database.clock.now()
        if kind is Kind.AUDIT:
            self._database.check()
            return _forget_month(self._database.tables, now, now - term_s)
        drop = Drop(self._database.locks.is_free, limit)
        return await self._database.transact(lambda tables: _FORGET[kind](tables, now, now - term_s, drop))

    async def note(self, kind: Kind, term_s: float, removed: int) -> None:
        """See the port."""
        self._database.check()
        self.noted[kind] = (term_s, removed)


@frozen
class Drop:
    """Deletes rows, up to so many of a table; those are left out that an open transaction has locked."""

    is_free: Callable[[RowName], bool]
    limit: int

    def __call__(self, name: str, rows: MutableMapping[Any, Any], keys: Iterator[Any]) -> int:
        gone = [
            key
            for _, key in zip(
                range(self.limit), filter(lambda key: self.is_free((name, key)), keys), strict=False
            )
        ]
        for key in gone:
            del rows[key]
        return len(gone)


def _forget_updates(tables: Tables, _: float, before: float, drop: Drop) -> int:
    return drop("inbox", tables.inbox, (key for key, at in tables.inbox.items() if at < before))


def _is_open(tables: Tables, lane: str) -> bool:
    owed = {row.head.lane for row in tables.outbox.values()}
    return lane in owed or any(letter.lane == lane for letter in tables.letters.values())


def _forget_deliveries(tables: Tables, _: float, before: float, drop: Drop) -> int:
    old = (
        key for key, each in tables.deliveries.items()
        if tables.delivered_at[key] < before and not _is_open(tables, each.lane)
    )  # fmt: skip
    return drop("deliveries", tables.deliveries, old)


def _forget_occasions(tables: Tables, _: float, before: float, drop: Drop) -> int:
    rows = tables.tasks.occasions
    old = (
        name for name, row in rows.items()
        if row.occasion.at < before and row.occasion.bucket < before and not _is_needed(tables, row)
    )  # fmt: skip
    return drop("occasions", rows, old)


def _is_needed(tables: Tables, row: OccasionRow) -> bool:
    occasion, owner = row.occasion, tables.tasks.tasks[row.occasion.task_id]
    if occasion.kept is Kept.AMBIGUOUS and not row.told:
        return True
    buckets = [each for task_id, each in tables.tasks.occasions if task_id == occasion.task_id]
    places = [each for each in (owner.task.due_at, owner.task.remind_at) if each is not None]
    is_behind = occasion.bucket < max(buckets) and occasion.bucket < min(places, default=float("inf"))
    is_at_hand = owner.task.status is Status.OPEN and not is_behind
    return is_at_hand or _is_open(tables, Scope(*bot_and_chat(owner.scope)).lane)


def _forget_leftovers(tables: Tables, now: float, _: float, drop: Drop) -> int:
    day_ago = now - DAY_S
    strangers = (
        subject for subject, row in tables.access.items()
        if row.person.standing in UNDECIDED and row.code_until < now
        and max(row.person.changed_at, row.wrong_since or 0.0) < day_ago
    )  # fmt: skip
    runs = (
        run for run, (target, ids) in tables.runs.items()
        if tables.marked_at[run] < now - MARKS_KEPT_S and not any((target, each) in tables.outbox for each in ids)
        and not (target == SCHEDULER and any(is_due(tables, each, now) for each in ids))
    )  # fmt: skip
    claims = (
        lane
        for lane, c in tables.claims.items()
        if c.until < now and (c.target, c.event_id) not in tables.outbox
    )
    invitations = (code for code, (_, _, until) in tables.invitations.items() if until < day_ago)
    return (
        drop("runs", tables.runs, runs)
        + drop("claims", tables.claims, claims)
        + drop("invitations", tables.invitations, invitations)
        + drop("access", tables.access, strangers)
    )


_FORGET: dict[Kind, Callable[[Tables, float, float, Drop], int]] = {
    Kind.UPDATES: _forget_updates,
    Kind.DELIVERIES: _forget_deliveries,
    Kind.OCCASIONS: _forget_occasions,
    Kind.LEFTOVERS: _forget_leftovers,
}


def _forget_month(tables: Tables, now: float, before: float) -> int | None:
    """Forget the oldest month of the audit that may go; None where none may."""
    open_ones = {labels_of(row.head.envelope)["trace_id"] for row in tables.outbox.values()}
    open_ones |= {letter.trace_id for letter in tables.letters.values()}
    months: dict[tuple[int, int], list[AuditEntry]] = {}
    for entry in tables.audit:
        months.setdefault(_month(entry.at), []).append(entry)
    for month, entries in sorted(months.items()):
        if _end_of(month) > before:
            return None
        if not open_ones.intersection(entry.row.trace_id for entry in entries if entry.row.trace_id):
            tables.audit[:] = [entry for entry in tables.audit if _month(entry.at) != month]
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

"""``openclaw audit``: rows of the audit, a line each, within 100 columns.

How long a run took is told by ``openclaw trace`` and in the JSON. Not here: finding the rows
(``application.ports.Records``).
"""

from collections.abc import Sequence

from application.records import AuditEntry
from domain.envelope import timestamp_of
from entrypoints.views.lines import NONE, TRACE_CHARS, moment, note, owner, plain, row_line, table, with_notes

HEADS = ("TIME (UTC)", "CONSUMER", "OUTCOME", "EVENT", "OWNER", "TRACE")
# The widest that we write ourselves; together with the gaps a whole line.
WIDTHS = (23, 8, 13, 18, 16, 12)


def audit_lines(entries: Sequence[AuditEntry]) -> list[str]:
    """Return a line a row, oldest first, and under it the reason where there is one."""
    rows = [_cells(entry) for entry in entries]
    return with_notes(table(HEADS, rows), [remark(entry) for entry in entries])


def audit_heading() -> str:
    """Return the heading of rows that are shown as they come."""
    return row_line(HEADS, WIDTHS)


def followed_lines(entries: Sequence[AuditEntry]) -> list[str]:
    """Return a line a row as ``audit_lines`` does, in columns that are as wide as they will have to be."""
    found = []
    for entry in entries:
        found += [row_line(_cells(entry), WIDTHS), *note(remark(entry))]
    return found


def remark(entry: AuditEntry) -> str:
    """Return what a row tells beside its columns: which attempt it was, when not the first, and the reason."""
    row = entry.row
    parts = [f"attempt {row.attempt + 1}"] if row.attempt else []
    return ": ".join([*parts, row.reason] if row.reason else parts)


def audit_json(entry: AuditEntry) -> dict[str, object]:
    """Return a row as a JSON object, with the names of the table's columns."""
    row = entry.row
    return {
        "at": timestamp_of(entry.at),
        "consumer": entry.consumer,
        "outcome": row.outcome.value,
        "event_id": row.event_id,
        "event_type": row.event_type,
        "source": row.source,
        "target": row.target,
        "trace_id": row.trace_id,
        "idempotency_key": row.idempotency_key,
        "cause": row.cause,
        "scope": row.scope,
        "attempt": row.attempt,
        "reason": plain(row.reason),
        "duration_ms": round(row.duration_ms, 3),
    }


def _cells(entry: AuditEntry) -> tuple[str, ...]:
    row = entry.row
    return (
        moment(entry.at),
        plain(entry.consumer),
        row.outcome.value,
        plain(row.event_type or NONE),
        owner(row.scope),
        plain(row.trace_id or NONE)[:TRACE_CHARS],
    )

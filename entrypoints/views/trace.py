"""``openclaw trace``: the way of one message through the services as a waterfall.

A row of the audit is written when its run ends, so a bar ends at its row's time and is as long as the run took. Not
here: finding the rows (``application.ports.Records``).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from application.records import AuditEntry
from domain.decisions import Outcome
from domain.envelope import timestamp_of
from entrypoints.views.audit import audit_json, remark
from entrypoints.views.lines import NONE, moment, plain, table, with_notes

BAR_CHARS = 24
INDENT = "  "
DEPTH_MAX = 8
DELIVERED = "telegram.delivered"
HEADS = ("AFTER", "TOOK", "CONSUMER", "OUTCOME", "EVENT", "")
BURIED = (Outcome.DEAD_LETTERED, Outcome.REJECTED)


def trace_lines(trace_id: str, entries: Sequence[AuditEntry]) -> list[str]:
    """Return the waterfall of ``entries``, which are in the order of time and at least one."""
    began, ended = _span(entries)
    depths = _depths(entries)
    owners = sorted({plain(e.row.scope) for e in entries if e.row.scope}) or [NONE]
    rows = [
        (
            _after(entry.at - entries[0].at),
            _took(entry.row.duration_ms),
            plain(entry.consumer),
            entry.row.outcome.value,
            INDENT * depth + plain(entry.row.event_type or NONE),
            _bar(entry, began, ended),
        )
        for entry, depth in zip(entries, depths, strict=True)
    ]
    lines = with_notes(table(HEADS, rows, right=(0, 1)), [remark(entry) for entry in entries])
    head = [f"trace {plain(trace_id)}", f"from  {moment(entries[0].at)} UTC", f"owner {', '.join(owners)}"]
    return [*head, "", *lines, "", _summary(entries)]


def trace_json(trace_id: str, entries: Sequence[AuditEntry]) -> dict[str, object]:
    """Return the trace as one JSON document."""
    delivered = _delivered(entries)
    return {
        "trace_id": trace_id,
        "began_at": timestamp_of(entries[0].at),
        "delivered_after_ms": [round((entry.at - entries[0].at) * 1000, 3) for entry in delivered],
        "rows": [
            {**audit_json(entry), "after_ms": round((entry.at - entries[0].at) * 1000, 3), "depth": depth}
            for entry, depth in zip(entries, _depths(entries), strict=True)
        ],
    }


def _span(entries: Sequence[AuditEntry]) -> tuple[float, float]:
    """Return when the first run began and the last row was written."""
    return min(e.at - e.row.duration_ms / 1000 for e in entries), max(e.at for e in entries)


def _depths(entries: Sequence[AuditEntry]) -> list[int]:
    """Return how many events of this trace lie between each row and the first cause."""
    causes = {e.row.event_id: e.row.cause for e in entries if e.row.event_id is not None}
    return [_depth(entry.row.cause, causes) for entry in entries]


def _depth(cause: UUID | None, causes: Mapping[UUID, UUID | None]) -> int:
    depth = 0
    while cause is not None and cause in causes and depth < DEPTH_MAX:
        depth += 1
        cause = causes[cause]
    return depth


def _after(seconds: float) -> str:
    """Return a distance in time: milliseconds up to ten seconds, then seconds."""
    return f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _took(duration_ms: float) -> str:
    """Return how long a run took; nothing for rows that are no run."""
    return f"{duration_ms:.1f} ms" if duration_ms else ""


def _bar(entry: AuditEntry, began: float, ended: float) -> str:
    scale = BAR_CHARS / (ended - began) if ended > began else 0.0
    last = min(BAR_CHARS - 1, int((entry.at - began) * scale))
    first = min(last, int((entry.at - entry.row.duration_ms / 1000 - began) * scale))
    mark = "=" * (last - first + 1) if entry.row.duration_ms else "|".rjust(last - first + 1)
    return f"[{(' ' * first + mark).ljust(BAR_CHARS)}]"


def _delivered(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    return [entry for entry in entries if entry.row.event_type == DELIVERED]


def _summary(entries: Sequence[AuditEntry]) -> str:
    """Return in one sentence what became of the message."""
    first, delivered = entries[0].at, _delivered(entries)
    if len(delivered) == 1:
        text = f"delivered {_after(delivered[0].at - first)} after the first row"
    elif delivered:
        times = f"{_after(delivered[0].at - first)}, the last one {_after(delivered[-1].at - first)}"
        text = f"{len(delivered)} deliveries: the first one {times} after the first row"
    else:
        text = "nothing was delivered"
    if any(entry.row.outcome in BURIED for entry in entries):
        text += "; there is a dead letter, see `openclaw dlq list`"
    return text

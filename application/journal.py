"""The log's view of the audit: one line for each audit row that was committed, with the trace it belongs to.

What goes as it should is logged at debug, what needs a look at warning or error. Like the audit, it never holds the
text of a message. Not here: how log lines are written (``adapters.logs``).
"""

import logging
from collections.abc import Iterable, Mapping

from application.changes import AuditRow
from domain.decisions import Outcome

log = logging.getLogger("openclaw.events")

LEVELS: Mapping[Outcome, int] = {
    Outcome.RETRIED: logging.WARNING,
    Outcome.AMBIGUOUS: logging.WARNING,
    Outcome.REJECTED: logging.ERROR,
    Outcome.DEAD_LETTERED: logging.ERROR,
}


def tell(rows: Iterable[AuditRow]) -> None:
    """Log rows that were committed."""
    quietest = log.getEffectiveLevel()
    for row in rows:
        level = LEVELS.get(row.outcome, logging.DEBUG)
        if level >= quietest:
            fields = {
                "action": row.outcome.value,
                "trace_id": row.trace_id,
                "event_id": str(row.event_id) if row.event_id is not None else None,
                "event_type": row.event_type,
                "scope": row.scope,
                "attempt": row.attempt,
                "reason": row.reason,
                "duration_ms": round(row.duration_ms, 3),
            }
            known = {name: value for name, value in fields.items() if value not in (None, "")}
            log.log(level, "%s %s", row.outcome.value, row.event_type or "update", extra=known)

"""A service's view of its audit: every row that was committed is counted, and has its log line with its trace.

Numbers and lines thus say what the audit says: nothing is told of what was rolled back. What goes as it should is
logged at debug, what needs a look at warning or error. Like the audit, neither ever holds the text of a message. Not
here: how log lines are written (``adapters.logs``) and how numbers are told (``adapters.metrics``).
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import define, field

from application.changes import AuditRow
from application.meters import AGE_S, SHORT_S, Histogram
from application.ports import Clock
from domain.decisions import Outcome

log = logging.getLogger("openclaw.events")

LEVELS: Mapping[Outcome, int] = {
    Outcome.RETRIED: logging.WARNING,
    Outcome.AMBIGUOUS: logging.WARNING,
    Outcome.REJECTED: logging.ERROR,
    Outcome.DEAD_LETTERED: logging.ERROR,
}
# Rows that stand for no run of their own: an event that came to be, and a second row about the same run.
NO_RUN = frozenset({Outcome.ACCEPTED, Outcome.AMBIGUOUS})
# What ends an event as it should; only then its age says how long people waited.
DONE = frozenset({Outcome.PROCESSED, Outcome.IGNORED})


@define
class Journal:
    """What one consumer, or the gateway, committed: counts by outcome and type of event, and how long it took.

    ``age_s``: from the making of an event to the commit that ended it, by the clocks of the two processes.
    """

    clock: Clock
    outcomes: dict[tuple[Outcome, str | None], int] = field(factory=dict)
    handling_s: dict[str | None, Histogram] = field(factory=dict)
    age_s: dict[str | None, Histogram] = field(factory=dict)

    def tell(self, rows: Iterable[AuditRow]) -> None:
        """Count and log rows that were committed."""
        quietest = log.getEffectiveLevel()
        outcomes = self.outcomes
        for row in rows:
            key = (row.outcome, row.event_type)
            outcomes[key] = outcomes.get(key, 0) + 1
            if row.outcome not in NO_RUN and row.duration_ms > 0:
                _histogram(self.handling_s, row.event_type, SHORT_S).observe(row.duration_ms / 1000)
            if row.made_at is not None and row.outcome in DONE:
                self._note_age(row.event_type, row.made_at)
            level = LEVELS.get(row.outcome, logging.DEBUG)
            if level >= quietest:
                _log_row(row, level)

    def _note_age(self, event_type: str | None, made_at: str) -> None:
        try:
            age_s = self.clock.now() - datetime.fromisoformat(made_at).timestamp()
        except ValueError:
            # RFC 3339 that this Python cannot read, such as a leap second: its age is not measured.
            return
        # Below zero where the clocks of two machines differ.
        _histogram(self.age_s, event_type, AGE_S).observe(max(0.0, age_s))


def _histogram(
    of_type: dict[str | None, Histogram], event_type: str | None, bounds: tuple[float, ...]
) -> Histogram:
    if (found := of_type.get(event_type)) is None:
        found = of_type[event_type] = Histogram(bounds)
    return found


def _log_row(row: AuditRow, level: int) -> None:
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

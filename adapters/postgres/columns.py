"""Values as the columns of a set-based statement: one array a column. Not here: the statements (``queries.sql``)."""

from collections.abc import Sequence

from application.changes import AuditRow, Delivery, Owed


def owed_columns(rows: Sequence[Owed]) -> tuple[list[object], ...]:
    """Return the columns of rows to owe."""
    return (
        [r.target for r in rows],
        [r.event_id for r in rows],
        [r.lane for r in rows],
        [r.delay_s for r in rows],
        [r.cause for r in rows],
        [r.envelope for r in rows],
    )


def ledger_columns(rows: Sequence[Delivery]) -> tuple[list[object], ...]:
    """Return the columns of settled deliveries."""
    return (
        [r.key for r in rows],
        [r.lane for r in rows],
        [r.outcome for r in rows],
        [r.message_id for r in rows],
        [r.repeat for r in rows],
    )


def audit_columns(rows: Sequence[AuditRow]) -> tuple[list[object], ...]:
    """Return the columns of rows of the audit, without who writes them."""
    return (
        [r.outcome.value for r in rows],
        [r.event_id for r in rows],
        [r.event_type for r in rows],
        [r.source for r in rows],
        [r.target for r in rows],
        [r.trace_id for r in rows],
        [r.idempotency_key for r in rows],
        [r.cause for r in rows],
        [r.scope for r in rows],
        [r.attempt for r in rows],
        [r.reason for r in rows],
        [r.duration_ms for r in rows],
    )

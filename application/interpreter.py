"""The one place where a decision becomes changes: children derived, effects stamped with their scope, audit rows.

Not here: handlers, and the transaction that the changes are written in.
"""

from collections.abc import Sequence
from uuid import UUID

from attrs import define, evolve, field, frozen

from application.changes import AuditRow, Changes, DeadLetter, Head, Owed, Retry, ScopedEffect
from application.ports import Clock, Codec, Wakeup
from domain.catalogue import AUDIT
from domain.decisions import Decision, Emit, Outcome
from domain.envelope import Event, derive, timestamp_of
from domain.errors import InvalidEvent, OpenClawError, Permanent
from domain.events.telegram import TelegramEdit, TelegramSend
from domain.retry import RetryPolicy
from domain.scope import Scope
from domain.splitting import shorten, split
from domain.text import utf16_length

# Room for the mark of a possible repeat, so that marking never makes a message too long.
SEND_UNITS_MAX = 4_000
REASON_CHARS_MAX = 1_000


@frozen
class Run:
    """One row being handled: the row, its event (None where the bytes are no event), and when the run began."""

    head: Head
    event: Event | None
    began_s: float
    reasons: tuple[str, ...] = ()


@define
class Interpreter:
    """Turns what became of runs into ``Changes``, for one service."""

    service: str
    codec: Codec
    clock: Clock
    policy: RetryPolicy
    # Whether a failed row keeps its place in its lane (the sender) or is retried outside it.
    keeps_order: bool = field(default=False)

    def succeed(self, run: Run, decision: Decision, changes: Changes) -> list[Wakeup]:
        """Settle the run's row with what its handler decided; return the wake-ups to publish after the commit."""
        if run.event is None:
            raise ValueError("a run without an event cannot succeed")
        scope = scope_of(run.event.payload)
        if decision.effects and scope is None:
            raise Permanent(f"{run.event.event_type} has no scope, so it can have no effect")
        owed: list[Owed] = []
        audited: list[AuditRow] = []
        for emit in decision.events:
            for part in parts_of(emit):
                self._owe(run, part, owed, audited)
        # Only now that everything could be made: a failure above leaves nothing of this run behind.
        changes.settled.append(run.head.event_id)
        changes.owed.extend(owed)
        if scope is not None:
            changes.effects.extend(ScopedEffect(scope.key, effect) for effect in decision.effects)
        changes.audit.append(self.audit_row(run, decision.outcome, decision.reason))
        changes.audit.extend(audited)
        return _wakeups(owed)

    def emit(self, run: Run, events: Sequence[Emit], changes: Changes) -> list[Wakeup]:
        """Owe events because of a run, whatever becomes of its row; return the wake-ups as ``succeed`` does."""
        owed: list[Owed] = []
        for event in events:
            self._owe(run, event, owed, changes.audit)
        changes.owed.extend(owed)
        return _wakeups(owed)

    def _owe(self, run: Run, emit: Emit, owed: list[Owed], audited: list[AuditRow]) -> None:
        assert run.event is not None
        child = derive(
            run.event,
            emit.name,
            emit.payload,
            source=self.service,
            timestamp=timestamp_of(self.clock.now()),
            target=emit.target,
            key=emit.key,
        )
        if child.target == AUDIT:
            # Nobody consumes it, so it is never encoded or published.
            audited.append(event_row(child, Outcome.ACCEPTED, run.head.event_id))
            return
        scope = scope_of(child.payload)
        lane = scope.lane if scope is not None else run.head.lane
        encoded = self.codec.encode(child)
        owed.append(Owed(child.target, child.event_id, lane, run.head.event_id, encoded, emit.delay_s))

    def reject(self, run: Run, changes: Changes) -> None:
        """Send a row whose bytes are no valid event to the dead letter queue, with every reason."""
        changes.dead.append(DeadLetter(run.head.event_id, run.reasons, run.head.repeat))
        changes.audit.append(self.audit_row(run, Outcome.REJECTED, "; ".join(run.reasons)))

    def fail(self, run: Run, error: Exception, changes: Changes) -> Retry | None:
        """Retry the row later, or dead-letter it when it can never succeed; return the retry if there is one."""
        if isinstance(error, InvalidEvent):
            # The handler made something that no consumer would take.
            self.bury(run, f"its handler made an invalid event: {error}", changes)
            return None
        reason = describe(error)
        if isinstance(error, Permanent):
            self.bury(run, reason, changes)
            return None
        return self.retry(run, reason, changes)

    def retry(self, run: Run, reason: str, changes: Changes, *, attempts_min: int = 0) -> Retry | None:
        """Count an attempt and plan the next one, or dead-letter the row when attempts are spent.

        ``attempts_min``: so many it has at least, whatever the policy says.
        """
        attempt = run.head.attempt + 1
        if attempt >= attempts_min and self.policy.is_spent(attempt):
            self.bury(run, f"{attempt} attempts failed, the last one: {reason}", changes)
            return None
        wait_s = self.policy.delay_s(attempt, run.head.event_id)
        retry = Retry(run.head.event_id, attempt, wait_s, ordered=self.keeps_order and run.head.ordered)
        changes.retries.append(retry)
        changes.audit.append(self.audit_row(run, Outcome.RETRIED, reason))
        return retry

    def bury(self, run: Run, reason: str, changes: Changes) -> None:
        """Move the row to the dead letter queue."""
        changes.dead.append(DeadLetter(run.head.event_id, (reason,), run.head.repeat))
        changes.audit.append(self.audit_row(run, Outcome.DEAD_LETTERED, reason))

    def audit_row(self, run: Run, outcome: Outcome, reason: str = "") -> AuditRow:
        """Return the audit row of a run. A run that was killed shows in the row of the run after it."""
        head = run.head
        if head.deaths:
            killed = f"{head.deaths} earlier run{'s' if head.deaths > 1 else ''} did not end"
            reason = f"{reason}; {killed}" if reason else killed
        reason = reason[:REASON_CHARS_MAX]
        took_ms = max(0.0, (self.clock.steady() - run.began_s) * 1000)
        if run.event is None:
            return AuditRow(
                outcome, event_id=head.event_id, target=head.target, cause=head.cause, attempt=head.attempt,
                reason=reason, duration_ms=took_ms,
            )  # fmt: skip
        return event_row(run.event, outcome, head.cause, head.attempt, reason, took_ms)


def _wakeups(owed: Sequence[Owed]) -> list[Wakeup]:
    return [Wakeup(o.target, o.lane, o.event_id, 0, o.envelope) for o in owed if o.delay_s <= 0]


def event_row(
    event: Event,
    outcome: Outcome,
    cause: UUID | None = None,
    attempt: int = 0,
    reason: str = "",
    duration_ms: float = 0.0,
) -> AuditRow:
    """Return the audit row of an event."""
    envelope, scope = event.envelope, scope_of(event.payload)
    return AuditRow(
        outcome, envelope.event_id, envelope.event_type, envelope.source, envelope.target, envelope.trace_id,
        envelope.idempotency_key, cause, scope.key if scope is not None else None, attempt, reason, duration_ms,
        envelope.timestamp,
    )  # fmt: skip


def scope_of(payload: object) -> Scope | None:
    """Return the scope that a payload names; None for payloads that belong to no chat."""
    bot_id, chat_id = getattr(payload, "bot_id", None), getattr(payload, "chat_id", None)
    if bot_id is None or chat_id is None:
        return None
    return Scope(bot_id, chat_id, getattr(payload, "user_id", None), getattr(payload, "thread_id", None))


def parts_of(emit: Emit) -> list[Emit]:
    """Split a message that is too long for Telegram into several, each an event with a key of its own.

    The first part answers, the last one carries the buttons. An edit, which has to be one message, is shortened.
    Formatting that Telegram would refuse is mended. A blank text stays as it is, so that its refusal names the event
    that has it.
    """
    payload = emit.payload
    if isinstance(payload, TelegramEdit):
        short = shorten(payload.text, payload.entities)
        return [evolve(emit, payload=evolve(payload, text=short.text, entities=short.entities))]
    if not isinstance(payload, TelegramSend):
        return [emit]
    if not payload.entities and utf16_length(payload.text) <= SEND_UNITS_MAX:
        return [emit]
    pieces = split(payload.text, payload.entities, SEND_UNITS_MAX)
    if not pieces:
        return [emit]
    last = len(pieces) - 1
    return [
        evolve(
            emit,
            name=emit.name if n == 0 else f"{emit.name}.{n + 1}",
            key=emit.key if n == 0 else None,
            payload=evolve(
                payload,
                text=piece.text,
                entities=piece.entities,
                buttons=payload.buttons if n == last else (),
                reply_to_message_id=payload.reply_to_message_id if n == 0 else None,
            ),
        )
        for n, piece in enumerate(pieces)
    ]


def describe(error: Exception) -> str:
    """Return what may be written about an error: our own errors' text, of others only the kind.

    The text of a foreign exception may quote what a user wrote.
    """
    return str(error) if isinstance(error, OpenClawError) else f"{type(error).__name__} in the handler"

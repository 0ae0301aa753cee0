"""What one transaction reads and writes, as values: the language between the harness and the store.

A round reads ``Head`` rows and writes one ``Changes``. Not here: how they are written (``adapters.postgres``,
``adapters.memory``), and what a handler wants (``domain.decisions``).
"""

from uuid import UUID

from attrs import Factory, define, field, frozen

from domain.decisions import Effect, Outcome


@frozen
class Owed:
    """An event to owe: the right to act, as an outbox row. ``delay_s`` counts from the commit's transaction."""

    target: str
    event_id: UUID
    lane: str
    cause: UUID | None
    envelope: bytes
    delay_s: float = 0.0


@frozen
class Head:
    """An owed row that its lane offers for handling, with what is known of earlier runs of it.

    ``marked``: an earlier run by a process that is gone did not end. ``ambiguous``: an earlier call for the row was
    claimed and never settled. ``abandoned``: it is so because whoever claimed it ended, or stood still for too long.
    ``repeat``: some earlier call for it was ambiguous, so it may have reached the chat; it
    outlives the row's time as a dead letter.
    ``standing``: what was decided about the lane's chat, where anything was (``domain.access.Standing``).
    ``blocked_for_s``: how long Telegram told whichever sender to leave the chat, or the whole bot, alone.
    ``awaits``: contact with the lane's chat may be for something (``application.agenda.Contact``).
    """

    target: str
    event_id: UUID
    lane: str
    seq: int
    ordered: bool
    attempt: int
    deaths: int
    cause: UUID | None
    envelope: bytes
    marked: bool = False
    ambiguous: bool = False
    abandoned: bool = False
    repeat: bool = False
    standing: str | None = None
    awaits: bool = False
    blocked_for_s: float = 0.0


@frozen
class Due:
    """Lanes that a sweep found, and after which lane the next sweep begins (empty: from the first)."""

    lanes: tuple[str, ...]
    after: str = ""


@frozen
class AuditRow:
    """One row of the audit; see the table of the same name. Never any text of a message.

    ``made_at``, the timestamp of the event, is for measuring its age and is not kept.
    """

    outcome: Outcome
    event_id: UUID | None = None
    event_type: str | None = None
    source: str | None = None
    target: str | None = None
    trace_id: str | None = None
    idempotency_key: str | None = None
    cause: UUID | None = None
    scope: str | None = None
    attempt: int = 0
    reason: str = ""
    duration_ms: float = 0.0
    made_at: str | None = field(default=None, eq=False)


@frozen
class Arrival:
    """One Telegram update at the edge: its inbox key, the event it becomes (None: ignored) and its audit row."""

    key: str
    audit: AuditRow
    owed: Owed | None = None


@frozen
class Retry:
    """A row that stays owed: a later attempt, due in ``delay_s`` seconds, in its lane's order or outside it."""

    event_id: UUID
    attempt: int
    delay_s: float
    ordered: bool = False


@frozen
class DeadLetter:
    """A row to move to the dead letter table with every reason. ``repeat``: as in the row's head.

    Where it owed a reminder the occasion is ambiguous from then on, so that its chat is told with the next contact.
    """

    event_id: UUID
    reasons: tuple[str, ...]
    repeat: bool = False


@frozen
class ScopedEffect:
    """An effect with the scope of the event that caused it, stamped by the interpreter."""

    scope: str
    effect: Effect


@frozen
class Claim:
    """The right to make one call for a chat, held for ``hold_s`` seconds by whoever has ``token``."""

    lane: str
    event_id: UUID
    token: UUID
    key: str
    hold_s: float


@frozen
class Suspended:
    """A claim that is put back, expired, when a call ended and the row stays owed.

    ``ambiguous``: nobody knows whether this call took effect. Otherwise it did not, but an earlier one may have.
    """

    lane: str
    event_id: UUID
    token: UUID
    ambiguous: bool


@frozen
class Delivery:
    """A settled call. ``outcome`` is ``delivered`` or ``ambiguous``."""

    key: str
    lane: str
    outcome: str
    message_id: int | None = None
    repeat: bool = False


@frozen
class RateState:
    """A rate bucket in seconds from the transaction's now: when it is full again, and until when it is blocked.

    Negative values lie in the past.
    """

    full_in_s: float = 0.0
    blocked_for_s: float = 0.0


@frozen
class Unreachable:
    """A chat that blocked the bot or is gone."""

    bot_id: int
    chat_id: int
    reason: str


@frozen
class Migration:
    """A group that became a supergroup, as the sender learned it."""

    bot_id: int
    old_chat_id: int
    new_chat_id: int


@define
class Changes:
    """Everything one transaction writes. Filled while a round runs, applied at once, or not at all."""

    settled: list[UUID] = Factory(list)
    owed: list[Owed] = Factory(list)
    audit: list[AuditRow] = Factory(list)
    retries: list[Retry] = Factory(list)
    dead: list[DeadLetter] = Factory(list)
    deaths: list[UUID] = Factory(list)
    effects: list[ScopedEffect] = Factory(list)
    suspended: list[Suspended] = Factory(list)
    deliveries: list[Delivery] = Factory(list)
    rates: dict[str, RateState] = Factory(dict)
    unreachable: list[Unreachable] = Factory(list)
    migrations: list[Migration] = Factory(list)

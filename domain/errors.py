"""The tree of errors that rules and handlers raise.

::

    OpenClawError
    ├── InvalidEvent        an envelope or payload that breaks its contract; carries every reason
    ├── Permanent           a handler will never succeed with this event: dead letter
    ├── Transient           a later attempt may succeed: retry with backoff
    │   ├── TurnedAway         updates that are not taken in for now: too much of their chat is under way
    │   └── StoreUnavailable   Postgres cannot be reached or refused for now
    │       └── RowsGone       what a round wanted to settle was settled by another: read again
    ├── Unavailable         Redis cannot be reached for now
    ├── InvalidSettings     faults of configuration, all at once
    └── TelegramError
        ├── NotSent         the request is known not to have left this machine
        ├── NoAnswer        the request left and no answer came: ambiguous
        └── Refused         Telegram answered with an error

Not here: driver errors. Adapters translate them into these and keep the cause.
"""

from attrs import frozen

from domain.redaction import without_quotes


class OpenClawError(Exception):
    """Base of every error that OpenClaw raises on purpose."""


class InvalidEvent(OpenClawError):
    """An envelope or payload that breaks its contract.

    ``reasons`` holds every fault, in field order, in fixed wording such as ``trace_id: missing``.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Permanent(OpenClawError):
    """The event can never be handled; it goes to the dead letter queue with this text as its reason."""


class Transient(OpenClawError):
    """The event may be handled later; it is retried with backoff."""


class TurnedAway(Transient):
    """Updates that were not taken in for now, for the reason in the text; offer them again.

    ``refused`` holds the places of these among those that were offered. The others were taken in.
    """

    def __init__(self, reason: str, refused: frozenset[int]) -> None:
        super().__init__(reason)
        self.refused = refused


class StoreUnavailable(Transient):
    """Postgres cannot be reached, or refused for now."""


class RowsGone(StoreUnavailable):
    """Rows that a round wanted to settle were settled or removed by others; the round must be read again."""


class Unavailable(OpenClawError):
    """Redis cannot be reached, or refused for now."""


class InvalidSettings(OpenClawError):
    """Faults of configuration, one line each, by variable name; never a value that may be secret."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class TelegramError(OpenClawError):
    """A Bot API call that brought no result. The text never contains the token."""


class NotSent(TelegramError):
    """The request is known not to have left (connect, DNS, TLS)."""


class NoAnswer(TelegramError):
    """The request left, or may have, and no answer came. Whether it took effect is unknown."""


@frozen
class Refusal:
    """Telegram's own error answer (https://core.telegram.org/bots/api#making-requests)."""

    code: int
    description: str
    retry_after_s: int | None = None
    migrate_to_chat_id: int | None = None

    @property
    def told(self) -> str:
        """The description as it may be written down: without what it quotes, which is somebody's text."""
        return without_quotes(self.description)


class Refused(TelegramError):
    """Telegram answered with ``ok: false``. The text leaves out what the answer quotes of the request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code} {refusal.told}")
        self.refusal = refusal

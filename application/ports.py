"""What the services need from the outside world, as small protocols.

Each has one contract suite under ``tests/contract`` that its in-memory fake and its real adapter both pass.
Not here: any library; the adapters bring those.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import tzinfo
from typing import Protocol, runtime_checkable
from uuid import UUID

from attrs import frozen

from application.books import TaskBook
from application.changes import Arrival, AuditRow, Changes, Claim, Delivery, Due, Head, Owed, RateState
from application.letters import Count, Letter, LetterFilter, Moved
from application.records import AuditEntry, AuditFilter, AuditMark, Crowds, Figures, FirstRun
from domain.access import Asking, Code, Person
from domain.decisions import AccessEffect
from domain.envelope import Event
from domain.formatting import Formatted
from domain.status import ServiceStatus
from domain.when.values import Occurrence, Rule, Zone

# Writes a committed API mode where every service reads it.
TellMode = Callable[[str], Awaitable[None]]


@frozen
class Wakeup:
    """One stream entry's content: that ``target`` should look at ``lane``, and for agents the event itself."""

    target: str
    lane: str
    event_id: UUID
    attempt: int
    envelope: bytes


@frozen
class Entry:
    """One delivered stream entry. ``wakeup`` is None where the fields do not make one (a stranger's entry)."""

    entry_id: str
    wakeup: Wakeup | None


@frozen
class Depth:
    """Size of a target's stream: entries not yet settled, and how many of these some consumer holds."""

    length: int
    pending: int


@runtime_checkable
class Streams(Protocol):
    """The event streams: one stream and one consumer group per target.

    Every method raises ``domain.errors.Unavailable`` when the server cannot be reached or refuses. The stream is
    a wake-up, not the truth: publishing twice, or losing entries, is harmless.
    """

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """Append each wake-up to the stream of its target, in order, in one round trip.

        A stream that has grown beyond its bound gets none until it is shorter: its rows wait for the sweep.
        """

    async def create_group(self, target: str) -> None:
        """Create stream and group, the group reading from the first entry; fine if they exist."""

    async def consume(self, target: str, consumer: str, count: int, block_s: float) -> list[Entry]:
        """Return up to ``count`` entries never delivered before, waiting up to ``block_s`` seconds for the first.

        ``block_s`` 0 does not wait. Recreates a group that was lost, from the first entry.
        """

    async def ack(self, target: str, entry_ids: Sequence[str]) -> None:
        """Acknowledge and delete the entries, atomically; unknown ids are ignored."""

    async def pending(self, target: str, consumer: str, count: int) -> list[str]:
        """Return up to ``count`` ids of entries delivered to ``consumer`` and not acknowledged, oldest first."""

    async def claim(self, target: str, consumer: str, idle_s: float, count: int) -> list[Entry]:
        """Take over up to ``count`` entries that any consumer has held for ``idle_s`` seconds or longer.

        Entries that were deleted meanwhile are acknowledged and left out. Consumers that are idle for as long
        and hold nothing are removed from the group.
        """

    async def depth(self, target: str) -> Depth:
        """Return the size of the target's stream; zero when there is none."""


@runtime_checkable
class Liveness(Protocol):
    """Which instances of which services run: each says so again and again, and is forgotten when it stops.

    Every method raises ``domain.errors.Unavailable`` when the server cannot be reached or refuses.
    """

    async def announce(self, role: str, instance: str, version: str) -> None:
        """Say that this instance runs; to be repeated well within the time after which it would be forgotten."""

    async def withdraw(self, role: str, instance: str) -> None:
        """Say that this instance ends; fine if it was never announced."""

    async def alive(self) -> list[ServiceStatus]:
        """Return the instances that announced themselves lately, sorted by role and instance."""


@runtime_checkable
class Intake(Protocol):
    """The edge: where an update becomes durable before Telegram is told so."""

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """Commit, in one transaction, each arrival's inbox key, audit row and owed row, in the order given.

        Returns for each whether it is new. One seen before leaves only an audit row ``duplicate``. Raises
        StoreUnavailable; then nothing was committed, or the commit's answer was lost: offering the same arrivals
        again is safe.
        """

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        """Return how much is owed in all, and by up to ``limit`` lanes that owe ``owes`` at least, bulk left out.

        In all, a lane's bulk counts for 100 at most. ``with_admins`` asks for the lanes of owners and admins besides.
        """

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        """Return those of the keys whose updates were taken in."""


@runtime_checkable
class AccessBook(Protocol):
    """Who was let in, within an open transaction. Subjects are ``{bot}:{id}``; codes are hashes."""

    async def people(self, subjects: Sequence[str]) -> Mapping[str, Person]:
        """Return what is kept of these subjects, as far as anything is."""

    async def codes(self, hashes: Sequence[str]) -> Mapping[str, Code]:
        """Lock and return what these codes stand for; those that ran out or were used are in none."""

    async def asking(self, bot_id: int) -> Asking:
        """Return how many wait for a decision with a code that still holds, and let nobody else count until the end."""

    async def listed(self, bot_id: int, limit: int) -> Sequence[tuple[str, Person]]:
        """Return up to ``limit`` subjects that ask, and as many decided about: admins and owners, then the newest."""

    async def write(self, effects: Sequence[AccessEffect]) -> None:
        """Let the effects take place with the transaction: in the order of their subjects, those of one in theirs.

        Invitations, which have none, come first, so that none outlives what is decided of who made it. Raises RowsGone
        for an invitation that another used.
        """


@runtime_checkable
class Desk(Protocol):
    """Where an operator decides about access: one transaction each, audited like everything else."""

    def decide(self) -> AbstractAsyncContextManager["Deciding"]:
        """Open a transaction; leaving the block commits, an exception rolls back. Raises StoreUnavailable."""


@runtime_checkable
class Deciding(Protocol):
    """An operator's open transaction. See ``Desk``."""

    @property
    def access(self) -> AccessBook:
        """Who was let in."""

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """Owe messages to the sender and write rows of the audit, with the transaction."""


@runtime_checkable
class Round(Protocol):
    """One open transaction over many lanes, one row from each. See ``Store.round``."""

    @property
    def heads(self) -> Sequence[Head]:
        """The row that each won lane offers now."""

    @property
    def waiting(self) -> Mapping[str, float]:
        """Won lanes that have rows but none due, with the seconds until one is, and lanes whose chat is claimed."""

    @property
    def claimed(self) -> Collection[str]:
        """Those of the waiting lanes whose chat is claimed; the claim may be settled long before it runs out."""

    @property
    def idle(self) -> Collection[str]:
        """Won lanes that have no row at all."""

    async def mark(self, event_ids: Sequence[UUID]) -> None:
        """Note, outside the transaction, that these rows are about to be run.

        Applying clears the note, and so does the round's failing; the end of the process in the middle leaves it.
        """

    @property
    def access(self) -> AccessBook:
        """Who was let in, as this transaction sees it."""

    @property
    def tasks(self) -> TaskBook:
        """The tasks of scopes, as this transaction sees them."""

    async def first_runs(self, traces: Sequence[str]) -> Mapping[str, FirstRun]:
        """Return what became of the messages that these traces began with, as far as they were handled."""

    async def behind_a_retry(self, event_ids: Sequence[UUID]) -> Collection[UUID]:
        """Return those of the round's events whose lane has an earlier row that is retried outside the order."""

    async def settings(self, scopes: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the settings of the named scopes: scope to name to value. No other scope can be read."""

    async def rates(self, buckets: Sequence[str]) -> Mapping[str, RateState]:
        """Lock and return the named rate buckets."""

    async def claim(self, claims: Sequence[Claim]) -> set[str]:
        """Claim chats for one call each and return the lanes that were won.

        Lost are: a chat with a live claim of anyone, and a delivery whose key is settled already.
        """

    async def release(self, tokens: Mapping[str, UUID]) -> set[str]:
        """Give up the claims of these lanes and return the lanes whose claim still had that token."""

    async def delivered(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        """Return what the ledger knows of these keys."""

    async def apply(self, changes: Changes) -> None:
        """Write everything. It takes effect when the round's block ends without an exception.

        A settled row that is gone fails the round.
        """


@runtime_checkable
class Store(Protocol):
    """The truth: owed rows and everything that is written together with settling them."""

    def round(self, target: str, lanes: Sequence[str]) -> AbstractAsyncContextManager[Round]:
        """Open a transaction, try to lock each lane, then read what the won lanes offer.

        Leaving the block commits; an exception rolls back. Raises StoreUnavailable. Lanes that another round holds
        are in none of ``heads``, ``waiting`` and ``idle``.
        """

    async def due_lanes(self, target: str, after: str, limit: int, grace_s: float) -> Due:
        """Return up to ``limit`` lanes in order of name, beginning after ``after``, with a row due for ``grace_s``."""

    async def api_mode(self) -> str | None:
        """Return the committed API mode; None where none was ever chosen."""

    async def apply_mode(self, tell: TellMode, *, force: bool = False) -> None:
        """Tell a committed mode that was not told yet, holding off other changes meanwhile; ``force`` repeats it."""

    async def figures(self) -> Figures:
        """Return the sizes that ``/status`` shows."""


@runtime_checkable
class Records(Protocol):
    """What operators read. Nothing here changes anything."""

    async def audit(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Return the newest matching audit rows, oldest of them first."""

    async def audit_after(
        self, wanted: AuditFilter, mark: AuditMark | None
    ) -> tuple[list[AuditEntry], AuditMark]:
        """Return matching rows committed since ``mark`` was made, oldest first, and the mark to ask by next.

        At most ``limit`` rows; the rest come with the next call. Every row comes once, in whichever order the
        transactions end that wrote them, as long as none takes a minute. Without a mark the newest rows come.
        """

    async def trace_of_delivery(self, bot_id: int, chat_id: int, message_id: int) -> str | None:
        """Return the trace that sent this message, if the ledger still knows it."""

    async def traces(self, prefix: str, limit: int) -> list[str]:
        """Return up to ``limit`` trace ids that begin with ``prefix`` (hex digits), sorted, each once."""

    async def figures(self) -> Figures:
        """Return the sizes that ``openclaw status`` shows."""


@runtime_checkable
class DeadLetters(Protocol):
    """Events that could not be handled, as operators see and move them. Moving is audited with its effect.

    Every method raises StoreUnavailable; then nothing was moved, or the commit's answer was lost. Either way moving
    the same letters again is safe.
    """

    async def newest(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """Return the newest matching letters, oldest of them first."""

    async def oldest(self, wanted: LetterFilter, after: int, through: int, limit: int) -> list[Letter]:
        """Return the oldest matching letters with ids above ``after`` and not above ``through``, in order of ids."""

    async def count(self, wanted: LetterFilter) -> Count:
        """Return how many letters match, and the greatest id among them."""

    async def redrive(self, letter_ids: Sequence[int]) -> Moved:
        """Owe these letters again, in order of ids, each at the end of its lane and as if it had never been tried.

        One transaction. A letter that is gone is left out, so of two that redrive the same one does.
        """

    async def discard(self, letter_ids: Sequence[int], why: str) -> Moved:
        """Remove these letters for ever; ``why`` goes into the audit."""

    async def seen(self, letter_ids: Sequence[int]) -> None:
        """Note that somebody looked, and knows of these letters: admins need not be told of them any more."""


@runtime_checkable
class Telegram(Protocol):
    """The Bot API as one bot sees it."""

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """Call ``method`` and return Telegram's ``result``, the whole call bounded by ``timeout_s`` seconds.

        Raises ``domain.errors.NotSent`` when the request did not leave, ``NoAnswer`` when it left (or may have)
        and no answer came, ``Refused`` when Telegram answered with an error; ValueError for what no method is called.
        """


@runtime_checkable
class Tokens(Protocol):
    """Randomness for what must be unguessable or unique."""

    def token(self) -> UUID:
        """Return a fresh UUID."""


@runtime_checkable
class Clock(Protocol):
    """Time for measuring and waiting. What decides about owed rows is Postgres's clock, not this."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""

    def steady(self) -> float:
        """Return seconds that never go back and that run on while the machine is suspended."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


@runtime_checkable
class Formatter(Protocol):
    """Markdown as people and models write it, as text with entities. Pure, and quick enough to be called in a step."""

    def format(self, markdown: str) -> Formatted:
        """Return the text and what ``domain.formatting.acceptable`` takes of its formatting.

        The same for the same source; never an error, whatever the source is. What cannot be read (too long, made
        to grow, a fault of the reader) and what would show nothing comes back as it is, without formatting. The
        text may be too long for one message, and have too many entities for one: ``telegram.send`` is split where
        it is emitted; for an edit see ``domain.splitting.shorten``.
        """


@runtime_checkable
class Codec(Protocol):
    """Events as bytes. Both ways raise ``domain.errors.InvalidEvent`` with every reason, in fixed wording."""

    def encode(self, event: Event) -> bytes:
        """Return the event as JSON, the same bytes for the same event."""

    def decode(self, raw: bytes) -> Event:
        """Return the event that ``raw`` holds; never any other error, whatever the bytes are."""


@runtime_checkable
class Calendar(Protocol):
    """Time zones and recurrences, as the zone database and RFC 5545 have them. Pure and bounded: no call waits."""

    def tz(self, zone: Zone) -> tzinfo:
        """Return the zone's offsets. Raises domain.when.values.UnknownZone."""

    def names(self) -> Collection[str]:
        """Return the names of all zones but the fixed offsets."""

    def next_after(self, rule: Rule, instant_s: int) -> Occurrence | None:
        """Return the rule's first occurrence strictly after the instant; None where there is none.

        Called again with what it returned, it goes on strictly later: nothing repeats and nothing goes back, also
        where two wall times fall on one instant. Raises domain.when.values.UnknownZone.
        """

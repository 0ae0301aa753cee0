"""What is recorded of a run, as values, wherever it ran: in one process, or as processes on real servers.

Seconds since the epoch are by the clock of what they tell of: what people do, calls and mishaps by the world's, rows by
the store's. Not here: making a run (``people``, and whoever runs the services), reading the store (``standing``), and
judging (``checker``).
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from attrs import evolve, field, frozen

from adapters.botworld import Effect, World
from adapters.botworld.record import MadeCall
from application.changes import Delivery
from application.letters import Letter, LetterFilter
from application.ports import DeadLetters, Records
from application.records import AuditEntry, AuditFilter
from domain.retry import RetryPolicy
from domain.tasks.values import Kept, Status

ALL = 10_000_000


class Kind(StrEnum):
    """What somebody does."""

    MESSAGE = "message"
    LONG = "long message"
    COMMAND = "command"
    EDIT = "edit"
    PRESS = "press"
    REPEAT = "repeat"
    """Telegram tells an update once more; nobody did anything."""


@frozen
class Deed:
    """What somebody did.

    ``number`` counts what was done in its chat. ``token`` stands in what was written and nowhere else; what is about
    something earlier has the token of that in ``about``. ``key`` is the key of the update, None where Telegram told
    none. ``command`` is the name of a command, and ``value`` what it chooses where that is checked: a mode, a zone.
    ``parts``: in so many messages it is answered, each with the token and ``p`` and its number. ``is_accepted``:
    Telegram has its answer that the update was taken; ``times_told``: how often it told it.
    """

    at: float
    chat_id: int
    user_id: int
    number: int
    kind: Kind
    token: str
    key: str | None = None
    about: str | None = None
    command: str | None = None
    value: str | None = None
    parts: int = 1
    is_accepted: bool = False
    times_told: int = 0


@frozen
class Mishap:
    """A fault that was done: what, to whom, from when until when; both are the same for what takes no time.

    ``who`` is a process by its role, a hyphen and a number (``sender-1``), or ``postgres``, ``redis``, ``telegram``,
    ``clock``. ``by_s``: by how much a clock was set. ``claimed`` are the events whose calls were claimed then, where
    that is known: no other may be repeated because of it. ``key`` is that of the event that did it, where one did.
    """

    kind: str
    who: str
    at: float
    until: float
    by_s: float = 0.0
    claimed: frozenset[UUID] | None = None
    key: str | None = None


@frozen
class TaskKept:
    """A task as it stands; ``tokens`` are those in its title."""

    task_id: UUID
    scope: str
    number: int
    tokens: tuple[str, ...]
    status: Status
    due_at: float | None
    remind_at: float | None
    created_at: float
    closed_at: float | None = None
    is_recurring: bool = False
    is_paused: bool = False


@frozen
class OccasionKept:
    """What stands in the ledger of reminders of one occasion of a task."""

    task_id: UUID
    scope: str
    bucket: float
    kept: Kept
    at: float
    told: bool = False
    reason: str = ""


@frozen
class Standing:
    """What stands in the store and the streams when nothing moves any more.

    ``settings`` are those of scopes: scope and name to value. ``left`` counts what nobody may leave behind, by name.
    ``mode_committed`` is the API mode that was chosen last, None where none ever was; ``mode_in_force`` the one that a
    brain goes by. ``untold`` counts the dead letters that nobody knows of; ``is_admin_there``: an admin can be told.
    """

    deliveries: Sequence[Delivery] = ()
    tasks: Sequence[TaskKept] = ()
    occasions: Sequence[OccasionKept] = ()
    settings: Mapping[tuple[str, str], str] = field(factory=dict)
    left: Mapping[str, int] = field(factory=dict)
    mode_committed: str | None = None
    mode_in_force: str | None = None
    untold: int = 0
    is_admin_there: bool = False


@frozen
class Size:
    """The greatest size of something that was seen, and its bound."""

    seen: int
    bound: int


@frozen
class History:
    """Everything that is known of a run.

    ``policy``: when failed events were tried again. ``senders``: so many processes of the sender were there at most.
    ``rested_at``: when the last things were read, by the store's clock. ``is_cut``: some of it was forgotten, so
    nothing can be judged. ``round_s``: so long a transaction may have taken, from whose beginning waits are counted and
    whose rows have the instants at which they were written; under a simulated clock none takes time. ``is_told``: it
    went on for long enough after the last death for admins to be told of it.
    """

    deeds: Sequence[Deed] = ()
    effects: Sequence[Effect] = ()
    calls: Sequence[MadeCall] = ()
    audit: Sequence[AuditEntry] = ()
    letters: Sequence[Letter] = ()
    standing: Standing = field(factory=Standing)
    mishaps: Sequence[Mishap] = ()
    sizes: Mapping[str, Size] = field(factory=dict)
    policy: RetryPolicy = field(factory=RetryPolicy)
    senders: int = 1
    rested_at: float = 0.0
    is_cut: bool = False
    round_s: float = 0.0
    is_told: bool = False


async def gather(
    world: World,
    deeds: Iterable[Deed],
    records: Records,
    letters: DeadLetters,
    standing: Standing,
    *,
    rested_at: float,
    mishaps: Sequence[Mishap] = (),
    sizes: Mapping[str, Size] | None = None,
    policy: RetryPolicy | None = None,
    senders: int = 1,
) -> History:
    """Return the history of a run in ``world``, of which ``deeds`` are what people did there."""
    record = world.record
    effects = sorted(
        (effect for chat in record.chats() for effect in record.of_chat(chat)), key=lambda each: each.seq
    )
    seen_all = not effects or effects[-1].seq == len(effects)
    return History(
        _accepted(world, deeds), effects, record.made(), await records.audit(AuditFilter(limit=ALL)),
        await letters.newest(LetterFilter(), ALL), standing, mishaps, sizes or {}, policy or RetryPolicy(),
        senders, rested_at, record.is_cut or not seen_all,
    )  # fmt: skip


def _accepted(world: World, deeds: Iterable[Deed]) -> list[Deed]:
    """Return the deeds with what became of their updates: accepted is what Telegram does not keep any more."""
    waiting = {
        f"tg:{bot_id}:{item.update['update_id']}" for bot_id, queue in world.queues.items() for item in queue.pending()
    }  # fmt: skip
    return [
        deed if deed.key is None
        else evolve(
            deed, is_accepted=deed.key not in waiting,
            times_told=world.record.times_told(int(deed.key.rpartition(":")[2])),
        )
        for deed in deeds
    ]  # fmt: skip

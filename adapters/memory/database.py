"""The tables of the in-memory truth, and how one transaction changes them.

Envelopes are kept as bytes and values are frozen, so nothing live leaks through. One database serves many stores,
as one Postgres serves many processes. Not here: rounds, locks and claims (``adapters.memory.store``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from uuid import UUID

from attrs import Factory, define, evolve, field, frozen

from adapters.memory.labels import labels_of
from adapters.memory.tasks import RowLocks, TaskTables, move_tasks, write_tasks
from application.agenda import doubted
from application.changes import Changes, DeadLetter, Delivery, Head, Owed
from application.letters import Letter
from application.ports import Clock
from application.records import AuditEntry, Figures
from domain.access import WRONG_CODES_S, Person, Standing
from domain.decisions import (
    AccessEffect,
    AddInvitation,
    AskAccess,
    CountWrongCode,
    MarkChat,
    MoveData,
    PutSetting,
    SetApiMode,
    SetStanding,
    TaskEffect,
    UseInvitation,
)
from domain.errors import RowsGone, StoreUnavailable
from domain.scope import bot_and_chat, chat_scope


@define
class Row:
    """One owed row."""

    head: Head
    available_at: float


@define
class ClaimRow:
    """One claim of the delivery ledger."""

    target: str
    event_id: UUID
    token: UUID
    until: float
    resolved: bool = False


@frozen
class AccessRow:
    """What is kept of a subject, with the times as such."""

    person: Person
    code_hash: str | None = None
    code_until: float = 0.0
    wrong_codes: int = 0
    wrong_since: float | None = None


@define
class Tables:
    """Everything that is committed."""

    outbox: dict[tuple[str, UUID], Row] = Factory(dict)
    inbox: dict[str, float] = Factory(dict)
    audit: list[AuditEntry] = Factory(list)
    # How many rows of the audit stood before those, and were forgotten.
    audit_forgotten: int = 0
    letters: list[Letter] = Factory(list)
    runs: dict[UUID, tuple[str, list[UUID]]] = Factory(dict)
    claims: dict[str, ClaimRow] = Factory(dict)
    deliveries: dict[str, Delivery] = Factory(dict)
    delivered_at: dict[str, float] = Factory(dict)
    rates: dict[str, tuple[float, float]] = Factory(dict)
    settings: dict[tuple[str, str], str] = Factory(dict)
    unreachable: dict[tuple[int, int], str] = Factory(dict)
    moved: dict[tuple[int, int], int] = Factory(dict)
    access: dict[str, AccessRow] = Factory(dict)
    # By the hash of the code: who made it, the standing it gives, and until when.
    invitations: dict[str, tuple[str, Standing, float]] = Factory(dict)
    tasks: TaskTables = Factory(TaskTables)
    mode: tuple[str, bool] | None = None
    seq: int = 0
    letter_id: int = 0
    # The letters that somebody knows of, when admins were told last, and when somebody looked last.
    known_letters: frozenset[int] = frozenset()
    told_at: float | None = None
    seen_at: float | None = None


@define
class MemoryDatabase:
    """A database that any number of stores share. ``down`` makes every access fail, as a stopped server does."""

    clock: Clock
    tables: Tables = Factory(Tables)
    locked: set[tuple[str, str]] = Factory(set)
    task_locks: RowLocks = Factory(RowLocks)
    down: bool = field(default=False)

    def check(self) -> None:
        """Raise StoreUnavailable while the database is down."""
        if self.down:
            raise StoreUnavailable("the in-memory database was switched off")

    @contextmanager
    def transaction(self) -> Iterator[Tables]:
        """Lend a copy of the tables that replaces them when the block ends well."""
        self.check()
        copy = copied(self.tables)
        yield copy
        self.check()
        self.tables = copy

    def rows(self, target: str, lane: str) -> list[Row]:
        """Return the rows of a lane, oldest first."""
        rows = [r for r in self.tables.outbox.values() if r.head.target == target and r.head.lane == lane]
        return sorted(rows, key=lambda r: r.head.seq)


def copied(tables: Tables) -> Tables:
    """Copy the containers; what they hold is frozen or copied on change."""
    return evolve(
        tables,
        outbox={key: Row(row.head, row.available_at) for key, row in tables.outbox.items()},
        inbox=dict(tables.inbox),
        audit=list(tables.audit),
        letters=list(tables.letters),
        runs=deepcopy(tables.runs),
        claims=dict(tables.claims),
        deliveries=dict(tables.deliveries),
        delivered_at=dict(tables.delivered_at),
        rates=dict(tables.rates),
        settings=dict(tables.settings),
        unreachable=dict(tables.unreachable),
        moved=dict(tables.moved),
        access=dict(tables.access),
        invitations=dict(tables.invitations),
        tasks=tables.tasks.copied(),
    )


class Writer:
    """Applies one ``Changes`` to a copy of the tables."""

    def __init__(self, tables: Tables, target: str, consumer: str, now: float) -> None:
        self._tables, self._target, self._consumer, self._now = tables, target, consumer, now

    def write(self, changes: Changes) -> None:
        for event_id in changes.settled:
            del self._tables.outbox[(self._target, event_id)]
        for owed in changes.owed:
            add_owed(self._tables, owed, self._now)
        for row in changes.audit:
            self._tables.audit.append(AuditEntry(self._now, self._consumer, row))
        self._write_failures(changes)
        self._write_effects(changes)
        for end in changes.suspended:
            self._tables.claims[end.lane] = ClaimRow(
                self._target, end.event_id, end.token, self._now, not end.ambiguous
            )
        for delivery in changes.deliveries:
            self._tables.deliveries[delivery.key] = delivery
            self._tables.delivered_at[delivery.key] = self._now
        for bucket, state in changes.rates.items():
            self._tables.rates[bucket] = (self._now + state.full_in_s, self._now + state.blocked_for_s)
        for chat in changes.unreachable:
            self._tables.unreachable[(chat.bot_id, chat.chat_id)] = chat.reason
        for move in changes.migrations:
            self._tables.moved[(move.bot_id, move.old_chat_id)] = move.new_chat_id

    def _write_failures(self, changes: Changes) -> None:
        outbox = self._tables.outbox
        for retry in changes.retries:
            if (row := outbox.get((self._target, retry.event_id))) is None:
                continue
            row.head = evolve(row.head, attempt=retry.attempt, ordered=retry.ordered)
            row.available_at = self._now + retry.delay_s
        for dead in changes.dead:
            if (row := outbox.pop((self._target, dead.event_id), None)) is None:
                continue
            add_letter(self._tables, row.head, dead, self._now)
            labels = labels_of(row.head.envelope)
            doubt = doubted(row.head.lane, labels["event_type"], labels["idempotency_key"])
            write_tasks(self._tables.tasks, [] if doubt is None else [doubt], self._now)
        for event_id in changes.deaths:
            if (row := outbox.get((self._target, event_id))) is not None:
                row.head = evolve(row.head, deaths=row.head.deaths + 1)
            for _, ids in self._tables.runs.values():
                if event_id in ids:
                    ids.remove(event_id)

    def _write_effects(self, changes: Changes) -> None:
        write_tasks(self._tables.tasks, changes.effects, self._now)
        for scoped in changes.effects:
            if isinstance(scoped.effect, PutSetting):
                self._tables.settings[(scoped.scope, scoped.effect.name)] = scoped.effect.value
            elif isinstance(scoped.effect, SetApiMode):
                self._tables.mode = (scoped.effect.mode.value, False)
            elif isinstance(scoped.effect, MoveData):
                new = chat_scope(scoped.scope, scoped.effect.new_chat_id)
                for owner, name in [key for key in self._tables.settings if key[0] == scoped.scope]:
                    self._tables.settings.setdefault((new, name), self._tables.settings.pop((owner, name)))
                move_tasks(self._tables.tasks, scoped.scope, new)
                self._move_access(*bot_and_chat(scoped.scope), scoped.effect.new_chat_id)
            elif isinstance(scoped.effect, MarkChat):
                chat = bot_and_chat(scoped.scope)
                if scoped.effect.is_reachable:
                    self._tables.unreachable.pop(chat, None)
                else:
                    self._tables.unreachable[chat] = scoped.effect.reason
            elif not isinstance(scoped.effect, TaskEffect):
                write_access(self._tables, scoped.effect, self._now)

    def _move_access(self, bot_id: int, old: int, new: int) -> None:
        access = self._tables.access
        row, standing = access.get(f"{bot_id}:{old}"), access.get(f"{bot_id}:{new}")
        undecided = (None, Standing.STRANGER, Standing.ASKED)
        if row is None or row.person.standing in undecided:
            return
        if (standing.person.standing if standing is not None else None) in undecided:
            access[f"{bot_id}:{new}"] = AccessRow(evolve(row.person, changed_at=self._now))


def write_access(tables: Tables, effect: AccessEffect, now: float) -> None:
    """Let an effect on access take place. Raises RowsGone for an invitation that another transaction used."""
    match effect:
        case AddInvitation():
            row = (effect.made_by, effect.standing, now + effect.lasts_s)
            tables.invitations.setdefault(effect.code_hash, row)
        case UseInvitation():
            if tables.invitations.pop(effect.code_hash, None) is None:
                raise RowsGone("the invitation was used by another")
        case AskAccess():
            known = tables.access.get(effect.subject, AccessRow(Person()))
            if known.person.standing in (Standing.STRANGER, Standing.ASKED):
                person = Person(Standing.ASKED, effect.name, changed_at=now)
                tables.access[effect.subject] = evolve(
                    known, person=person, code_hash=effect.code_hash, code_until=now + effect.lasts_s
                )
        case SetStanding():
            known = tables.access.get(effect.subject, AccessRow(Person()))
            name = effect.name or known.person.name
            person = Person(effect.standing, name, decided_by=effect.decided_by, changed_at=now)
            if not effect.standing.is_admin:
                kept = {h: i for h, i in tables.invitations.items() if i[0] != effect.subject}
                tables.invitations = kept
            tables.access[effect.subject] = AccessRow(person)
        case CountWrongCode():
            known = tables.access.get(effect.subject, AccessRow(Person(changed_at=now)))
            goes_on = known.wrong_since is not None and now - known.wrong_since < WRONG_CODES_S
            tables.access[effect.subject] = evolve(
                known,
                wrong_codes=known.wrong_codes + 1 if goes_on else 1,
                wrong_since=known.wrong_since if goes_on else now,
            )


def add_owed(tables: Tables, owed: Owed, now: float) -> None:
    """Insert an owed row; one that is owed already stays as it is."""
    key = (owed.target, owed.event_id)
    if key in tables.outbox:
        return
    tables.seq += 1
    head = Head(owed.target, owed.event_id, owed.lane, tables.seq, True, 0, 0, owed.cause, owed.envelope)
    tables.outbox[key] = Row(head, now + owed.delay_s)


def add_letter(tables: Tables, head: Head, dead: DeadLetter, now: float) -> None:
    """Keep a row as a dead letter; one that stands already stays as it is."""
    if any((letter.target, letter.event_id) == (head.target, head.event_id) for letter in tables.letters):
        return
    tables.letter_id += 1
    tables.letters.append(
        Letter(
            tables.letter_id, head.target, head.event_id, head.lane, head.attempt, head.deaths, dead.reasons,
            head.envelope, now, head.cause, dead.repeat, **labels_of(head.envelope),
        )
    )  # fmt: skip


def figures_of(database: MemoryDatabase) -> Figures:
    """Return the sizes that ``/status`` shows."""
    database.check()
    owed: dict[str, int] = {}
    oldest_s: dict[str, float] = {}
    now = database.clock.now()
    for (target, _), row in sorted(database.tables.outbox.items()):
        owed[target] = owed.get(target, 0) + 1
        oldest_s[target] = max(oldest_s.get(target, 0.0), now - row.available_at)
    return Figures(owed, len(database.tables.letters), max(oldest_s.values(), default=0.0), oldest_s)

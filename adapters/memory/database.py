"""The tables of the in-memory truth, and how one transaction changes them.

Envelopes are kept as bytes and values are frozen, so nothing live leaks through. One database serves many stores,
as one Postgres serves many processes. Not here: rounds, locks and claims (``adapters.memory.store``).
"""

import itertools
from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from attrs import Factory, define, evolve, field, frozen

from adapters.memory.labels import labels_of
from adapters.memory.rows import RowLocks, RowName, Rows
from adapters.memory.tasks import TaskTables, move_tasks, write_tasks
from application.agenda import doubted
from application.changes import Changes, DeadLetter, Delivery, Head, Owed, ScopedEffect
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
    UseInvitation,
)
from domain.errors import RowsGone, StoreUnavailable
from domain.scope import bot_and_chat, chat_scope

Result = TypeVar("Result")
Value = TypeVar("Value")


@define
class Row:
    """One owed row."""

    head: Head
    available_at: float


# When claims end that were put back: before all time.
NO_TIME = 0.0


@define
class ClaimRow:
    """One claim of the delivery ledger. One that was put back ends at ``NO_TIME``; others run out by themselves."""

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
    """Everything that is committed, or a transaction's view of it (``over``). Rows are replaced and never changed."""

    outbox: MutableMapping[tuple[str, UUID], Row] = Factory(dict)
    inbox: MutableMapping[str, float] = Factory(dict)
    audit: list[AuditEntry] = Factory(list)
    # How many rows of the audit stood before those, and were forgotten.
    audit_forgotten: int = 0
    letters: MutableMapping[int, Letter] = Factory(dict)
    runs: MutableMapping[UUID, tuple[str, Sequence[UUID]]] = Factory(dict)
    marked_at: MutableMapping[UUID, float] = Factory(dict)
    claims: MutableMapping[str, ClaimRow] = Factory(dict)
    deliveries: MutableMapping[str, Delivery] = Factory(dict)
    delivered_at: MutableMapping[str, float] = Factory(dict)
    rates: MutableMapping[str, tuple[float, float]] = Factory(dict)
    settings: MutableMapping[tuple[str, str], str] = Factory(dict)
    unreachable: MutableMapping[tuple[int, int], str] = Factory(dict)
    moved: MutableMapping[tuple[int, int], int] = Factory(dict)
    access: MutableMapping[str, AccessRow] = Factory(dict)
    # By the hash of the code: who made it, the standing it gives, and until when.
    invitations: MutableMapping[str, tuple[str, Standing, float]] = Factory(dict)
    # Of the API mode: its value, and whether it was told.
    runtime: MutableMapping[str, tuple[str, bool]] = Factory(dict)
    tasks: TaskTables = Factory(TaskTables)
    # The letters that somebody knows of; when admins were told of letters last, and when somebody looked.
    known_letters: MutableMapping[int, bool] = Factory(dict)
    noticed: MutableMapping[str, float] = Factory(dict)

    @property
    def told_at(self) -> float | None:
        """When admins were told of dead letters last."""
        return self.noticed.get("told")

    @property
    def mode(self) -> tuple[str, bool] | None:
        """The API mode that was chosen, and whether it was told."""
        return self.runtime.get("api_mode")

    def over(self) -> "Tables":
        """Return a view for a transaction: what it writes shows there alone, until it is taken in."""
        views: dict[str, Any] = {name: Rows(rows) for name, rows in self._keyed()}
        return Tables(audit=[], tasks=self.tasks.over(), **views)

    def written(self) -> list[RowName]:
        """Return the names of the rows that were written in a view."""
        keyed = [*self._keyed(), *self.tasks.keyed()]
        return [(name, key) for name, rows in keyed if isinstance(rows, Rows) for key in rows.written]

    def take_in(self, view: "Tables") -> None:
        """Let what was written in a view of these tables take effect here."""
        for _, rows in [*view._keyed(), *view.tasks.keyed()]:
            if isinstance(rows, Rows):
                rows.publish()
        self.audit += view.audit

    def _keyed(self) -> Iterator[tuple[str, MutableMapping[Any, Any]]]:
        for name in self.__slots__:
            if isinstance(rows := getattr(self, name, None), MutableMapping):
                yield name, rows


@define
class MemoryDatabase:
    """A database that any number of stores share. ``down`` makes every access fail, as a stopped server does.

    ``locked`` are the lanes that rounds have, ``locks`` the rows. What ``seqs`` and ``letter_ids`` give is given once,
    whatever becomes of the transaction that took it.
    """

    clock: Clock
    tables: Tables = Factory(Tables)
    locked: set[tuple[str, str]] = Factory(set)
    locks: RowLocks = Factory(RowLocks)
    seqs: Iterator[int] = Factory(lambda: itertools.count(1))
    letter_ids: Iterator[int] = Factory(lambda: itertools.count(1))
    down: bool = field(default=False)

    def check(self) -> None:
        """Raise StoreUnavailable while the database is down."""
        if self.down:
            raise StoreUnavailable("the in-memory database was switched off")

    async def write(
        self, holder: object, view: Tables, step: Callable[[Tables], Result], also: Collection[RowName] = ()
    ) -> Result:
        """Let a transaction write in its view, and lock what it writes, and ``also`` what it looked at.

        Where another has locked some of it, that one's end is waited for, and then the step looks again: committed
        rows are read as they are by then.
        """
        while True:
            trial = view.over()
            result = step(trial)
            if not await self.locks.take(holder, [*also, *trial.written()]):
                view.take_in(trial)
                return result

    async def transact(self, step: Callable[[Tables], Result]) -> Result:
        """Do something in a transaction of its own. Raises StoreUnavailable; then nothing was done."""
        self.check()
        holder, view = object(), self.tables.over()
        try:
            result = await self.write(holder, view, step)
            self.commit(view)
        finally:
            self.locks.free(holder)
        return result

    def commit(self, view: Tables) -> None:
        """Let what was written in a view take effect. Raises StoreUnavailable; then nothing does."""
        self.check()
        self.tables.take_in(view)

    def rows(self, target: str, lane: str) -> list[Row]:
        """Return the rows of a lane, oldest first."""
        rows = [r for r in self.tables.outbox.values() if r.head.target == target and r.head.lane == lane]
        return sorted(rows, key=lambda r: r.head.seq)


class Writer:
    """Applies one ``Changes`` to a view of the tables. ``now`` is when the transaction began."""

    def __init__(
        self, database: MemoryDatabase, tables: Tables, target: str, consumer: str, now: float
    ) -> None:
        self._database, self._tables = database, tables
        self._target, self._consumer, self._now = target, consumer, now

    def write(self, changes: Changes) -> None:
        """Apply them. Raises RowsGone as ``Round.apply`` does."""
        tables, at = self._tables, self._database.clock.now()
        for event_id in changes.settled:
            if tables.outbox.pop((self._target, event_id), None) is None:
                raise RowsGone("rows were settled by another; reading again")
        for owed in changes.owed:
            add_owed(tables, owed, self._now, next(self._database.seqs))
        tables.audit += [AuditEntry(at, self._consumer, row) for row in changes.audit]
        self._write_failures(changes, at)
        self._write_effects(changes)
        for end in changes.suspended:
            tables.claims[end.lane] = ClaimRow(
                self._target, end.event_id, end.token, NO_TIME, not end.ambiguous
            )
        for delivery in changes.deliveries:
            tables.deliveries[delivery.key] = delivery
            tables.delivered_at[delivery.key] = self._now
        for bucket, state in changes.rates.items():
            tables.rates[bucket] = (self._now + state.full_in_s, self._now + state.blocked_for_s)
        for chat in changes.unreachable:
            tables.unreachable[(chat.bot_id, chat.chat_id)] = chat.reason
        for move in changes.migrations:
            tables.moved[(move.bot_id, move.old_chat_id)] = move.new_chat_id

    def _write_failures(self, changes: Changes, at: float) -> None:
        tables, outbox = self._tables, self._tables.outbox
        for event_id in changes.deaths:
            if (row := outbox.get((self._target, event_id))) is not None:
                head = evolve(row.head, deaths=row.head.deaths + 1)
                outbox[self._target, event_id] = Row(head, row.available_at)
            for run, (target, ids) in [each for each in tables.runs.items() if event_id in each[1][1]]:
                tables.runs[run] = (target, [each for each in ids if each != event_id])
        for retry in changes.retries:
            if (row := outbox.get((self._target, retry.event_id))) is not None:
                head = evolve(row.head, attempt=retry.attempt, ordered=retry.ordered)
                outbox[self._target, retry.event_id] = Row(head, at + retry.delay_s)
        for dead in changes.dead:
            if (row := outbox.pop((self._target, dead.event_id), None)) is None:
                continue
            add_letter(tables, row.head, dead, self._now, next(self._database.letter_ids))
            labels = labels_of(row.head.envelope)
            doubt = doubted(row.head.lane, labels["event_type"], labels["idempotency_key"])
            write_tasks(tables.tasks, [] if doubt is None else [doubt], self._now)

    def _write_effects(self, changes: Changes) -> None:
        write_tasks(self._tables.tasks, changes.effects, self._now)
        for scoped in changes.effects:
            if isinstance(scoped.effect, PutSetting):
                self._tables.settings[(scoped.scope, scoped.effect.name)] = scoped.effect.value
        for scoped in changes.effects:
            self._write_effect(scoped)
        for effect in in_order([e.effect for e in changes.effects if isinstance(e.effect, AccessEffect)]):
            write_access(self._tables, effect, self._now)

    def _write_effect(self, scoped: ScopedEffect) -> None:
        tables = self._tables
        match scoped.effect:
            case SetApiMode(mode):
                tables.runtime["api_mode"] = (mode.value, False)
            case MoveData(new_chat_id):
                new = chat_scope(scoped.scope, new_chat_id)
                for owner, name in [key for key in tables.settings if key[0] == scoped.scope]:
                    tables.settings.setdefault((new, name), tables.settings.pop((owner, name)))
                move_tasks(tables.tasks, scoped.scope, new)
                self._move_access(*bot_and_chat(scoped.scope), new_chat_id)
                tables.moved[bot_and_chat(scoped.scope)] = new_chat_id
            case MarkChat(is_reachable, reason):
                tables.unreachable.pop(bot_and_chat(scoped.scope), None)
                if not is_reachable:
                    tables.unreachable[bot_and_chat(scoped.scope)] = reason

    def _move_access(self, bot_id: int, old: int, new: int) -> None:
        access = self._tables.access
        row, standing = access.get(f"{bot_id}:{old}"), access.get(f"{bot_id}:{new}")
        undecided = (None, Standing.STRANGER, Standing.ASKED)
        if row is None or row.person.standing in undecided:
            return
        if (standing.person.standing if standing is not None else None) in undecided:
            access[f"{bot_id}:{new}"] = AccessRow(evolve(row.person, changed_at=self._now))


def in_order(effects: Sequence[AccessEffect]) -> list[AccessEffect]:
    """Return effects on access in the order in which those of one transaction take place."""
    return sorted(effects, key=lambda each: str(getattr(each, "subject", "")))


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
                forget(tables.invitations, lambda invitation: invitation[0] == effect.subject)
            tables.access[effect.subject] = AccessRow(person)
        case CountWrongCode():
            known = tables.access.get(effect.subject, AccessRow(Person(changed_at=now)))
            goes_on = known.wrong_since is not None and now - known.wrong_since < WRONG_CODES_S
            tables.access[effect.subject] = evolve(
                known,
                wrong_codes=known.wrong_codes + 1 if goes_on else 1,
                wrong_since=known.wrong_since if goes_on else now,
            )


def add_owed(tables: Tables, owed: Owed, now: float, seq: int) -> None:
    """Insert an owed row; one that is owed already stays as it is."""
    key = (owed.target, owed.event_id)
    if key in tables.outbox:
        return
    head = Head(owed.target, owed.event_id, owed.lane, seq, True, 0, 0, owed.cause, owed.envelope)
    tables.outbox[key] = Row(head, now + owed.delay_s)


def add_letter(tables: Tables, head: Head, dead: DeadLetter, now: float, letter_id: int) -> None:
    """Keep a row as a dead letter; one that stands already stays as it is."""
    names = {(letter.target, letter.event_id) for letter in tables.letters.values()}
    if (head.target, head.event_id) not in names:
        tables.letters[letter_id] = Letter(
            letter_id, head.target, head.event_id, head.lane, head.attempt, head.deaths, dead.reasons,
            head.envelope, now, head.cause, dead.repeat, **labels_of(head.envelope),
        )  # fmt: skip


def forget(rows: MutableMapping[Any, Value], is_past: Callable[[Value], bool]) -> None:
    """Delete the rows of a table that are past."""
    for key in [key for key, row in rows.items() if is_past(row)]:
        del rows[key]


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

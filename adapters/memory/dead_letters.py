"""Dead letters in memory. See ``application.ports.DeadLetters``."""

from collections.abc import Sequence

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Row, Tables, add_owed
from application.changes import AuditRow, Owed
from application.letters import Count, Letter, LetterFilter, Moved, scope_of_lane
from application.records import AuditEntry
from domain.decisions import Outcome

ALREADY_OWED = "it was owed already; only the letter was removed"


class MemoryDeadLetters:
    """The letters of a ``MemoryDatabase``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def newest(self, wanted: LetterFilter, limit: int) -> list[Letter]:
        """See the port."""
        return self._matching(wanted)[-limit:]

    async def oldest(self, wanted: LetterFilter, after: int, through: int, limit: int) -> list[Letter]:
        """See the port."""
        return [x for x in self._matching(wanted) if after < x.letter_id <= through][:limit]

    async def count(self, wanted: LetterFilter) -> Count:
        """See the port."""
        found = self._matching(wanted)
        return Count(len(found), max((letter.letter_id for letter in found), default=0))

    async def redrive(self, letter_ids: Sequence[int]) -> Moved:
        """See the port."""
        database, now = self._database, self._database.clock.now()

        def move(tables: Tables) -> Moved:
            done: list[int] = []
            owed_already: list[int] = []
            for letter in _taken(tables, letter_ids):
                key = (letter.target, letter.event_id)
                was_owed = key in tables.outbox
                (owed_already if was_owed else done).append(letter.letter_id)
                if not was_owed:
                    _owe(tables, letter, now, next(database.seqs))
                claim = tables.claims.get(letter.lane)
                if claim is not None and (claim.target, claim.event_id) == key and claim.until <= now:
                    del tables.claims[letter.lane]
                row = _audit_row(letter, Outcome.REDRIVEN, ALREADY_OWED if was_owed else "")
                tables.audit.append(AuditEntry(now, "operator", row))
            return Moved(tuple(done), tuple(owed_already))

        return await database.transact(move)

    async def discard(self, letter_ids: Sequence[int], why: str) -> Moved:
        """See the port."""
        now = self._database.clock.now()

        def discard(tables: Tables) -> Moved:
            gone = _taken(tables, letter_ids)
            rows = (_audit_row(letter, Outcome.DISCARDED, why) for letter in gone)
            tables.audit.extend(AuditEntry(now, "operator", row) for row in rows)
            return Moved(tuple(letter.letter_id for letter in gone))

        return await self._database.transact(discard)

    async def seen(self, letter_ids: Sequence[int]) -> None:
        """See the port."""
        now = self._database.clock.now()

        def note(tables: Tables) -> None:
            tables.known_letters.update(dict.fromkeys(letter_ids, True))
            tables.noticed["seen"] = now

        await self._database.transact(note)

    def _matching(self, wanted: LetterFilter) -> list[Letter]:
        self._database.check()
        letters = sorted(self._database.tables.letters.items())
        return [letter for _, letter in letters if _matches(letter, wanted)]


def _taken(tables: Tables, letter_ids: Sequence[int]) -> list[Letter]:
    """Take the letters that are there out of the tables and return them."""
    there = sorted({each for each in letter_ids if each in tables.letters})
    return [tables.letters.pop(each) for each in there]


def _owe(tables: Tables, letter: Letter, now: float, seq: int) -> None:
    owed = Owed(letter.target, letter.event_id, letter.lane, letter.cause, letter.envelope)
    add_owed(tables, owed, now, seq)
    key = (letter.target, letter.event_id)
    tables.outbox[key] = Row(evolve(tables.outbox[key].head, repeat=letter.repeat), now)


def _audit_row(letter: Letter, outcome: Outcome, reason: str) -> AuditRow:
    return AuditRow(
        outcome, letter.event_id, letter.event_type, letter.source, letter.target, letter.trace_id,
        letter.idempotency_key, letter.cause, scope_of_lane(letter.lane), letter.attempt, reason,
    )  # fmt: skip


def _matches(letter: Letter, wanted: LetterFilter) -> bool:
    pairs = (
        (wanted.target, letter.target), (wanted.event_type, letter.event_type), (wanted.lane, letter.lane),
        (wanted.event_id, letter.event_id), (wanted.letter_id, letter.letter_id),
    )  # fmt: skip
    reasons = "\n".join(letter.reasons).lower()
    return (
        all(want is None or want == got for want, got in pairs)
        and (wanted.reason is None or wanted.reason.lower() in reasons)
        and (wanted.trace is None or (letter.trace_id or "").startswith(wanted.trace))
        and (wanted.since is None or letter.dead_at >= wanted.since)
        and (wanted.until is None or letter.dead_at < wanted.until)
    )

"""Who was let in, in memory, and the operator's desk. See ``application.ports.AccessBook``.

Not here: the tables (``adapters.memory.database``).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from attrs import evolve

from adapters.memory.database import MemoryDatabase, Tables, add_owed, in_order, write_access
from application.changes import AuditRow, Owed
from application.records import AuditEntry
from domain.access import WRONG_CODES_S, Asking, Code, Person, Standing
from domain.decisions import AccessEffect

UNDECIDED = (Standing.STRANGER, Standing.ASKED)


class MemoryAccess:
    """The book of access in the transaction ``holder``, with its view of the tables."""

    def __init__(self, database: MemoryDatabase, view: Tables, holder: object, now: float) -> None:
        self._database, self._tables, self._holder, self._now = database, view, holder, now

    async def people(self, subjects: Sequence[str]) -> Mapping[str, Person]:
        """See the port."""
        known = self._tables.access
        return {subject: self._person(subject) for subject in subjects if subject in known}

    def _person(self, subject: str) -> Person:
        row = self._tables.access[subject]
        recent = row.wrong_since is not None and self._now - row.wrong_since < WRONG_CODES_S
        left_s = max(0.0, row.code_until - self._now)
        return evolve(row.person, code_left_s=left_s, wrong_codes=row.wrong_codes if recent else 0)

    async def codes(self, hashes: Sequence[str]) -> Mapping[str, Code]:
        """See the port. Only invitations are locked: approving twice is approving once."""
        invitations = [("invitations", each) for each in hashes if each in self._tables.invitations]
        await self._database.locks.take(self._holder, invitations)
        found = {}
        for subject, row in self._tables.access.items():
            if row.code_hash in hashes and row.code_hash is not None and row.code_until > self._now:
                found[row.code_hash] = Code(row.code_until - self._now, subject, row.person.name)
        for code_hash, (_, standing, until) in self._tables.invitations.items():
            if code_hash in hashes and until > self._now:
                found[code_hash] = Code(until - self._now, standing=standing)
        return found

    async def asking(self, bot_id: int) -> Asking:
        """See the port."""
        await self._database.locks.take(self._holder, [("asking", bot_id)])
        people = await self.listed(bot_id, 1_000_000)
        asking = [":-" in subject for subject, person in people if person.standing is Standing.ASKED]
        return Asking(users=asking.count(False), chats=asking.count(True))

    async def listed(self, bot_id: int, limit: int) -> Sequence[tuple[str, Person]]:
        """See the port."""
        mine = [subject for subject in self._tables.access if subject.startswith(f"{bot_id}:")]
        people = [(subject, self._person(subject)) for subject in mine]
        people.sort(key=lambda row: (-row[1].changed_at, row[0]))
        asking = [row for row in people if row[1].standing is Standing.ASKED and row[1].code_left_s > 0]
        decided = [row for row in people if row[1].standing not in UNDECIDED]
        decided.sort(key=lambda row: not row[1].standing.is_admin)
        return asking[:limit] + decided[:limit]

    async def write(self, effects: Sequence[AccessEffect]) -> None:
        """See the port. Raises RowsGone for an invitation that another transaction used."""

        def write(tables: Tables) -> None:
            for effect in in_order(effects):
                write_access(tables, effect, self._now)

        await self._database.write(self._holder, self._tables, write)


class MemoryDesk:
    """See ``application.ports.Desk``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    @asynccontextmanager
    async def decide(self) -> AsyncIterator["MemoryDeciding"]:
        """See the port."""
        self._database.check()
        deciding = MemoryDeciding(self._database)
        try:
            yield deciding
            deciding.commit()
        finally:
            self._database.locks.free(deciding)


class MemoryDeciding:
    """See ``application.ports.Deciding``."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._now = database.clock.now()
        self._view = database.tables.over()
        self.access = MemoryAccess(database, self._view, self, self._now)

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """See the port."""

        def write(tables: Tables) -> None:
            for each in owed:
                add_owed(tables, each, self._now, next(self._database.seqs))
            at = self._database.clock.now()
            tables.audit += [AuditEntry(at, "operator", row) for row in audit]

        await self._database.write(self, self._view, write)

    def commit(self) -> None:
        """Make everything that was decided take effect."""
        self._database.commit(self._view)

"""Dead letters as whoever tells of them sees them, in memory. See ``application.notices.LetterWatch``."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from adapters.memory.access import MemoryAccess
from adapters.memory.database import MemoryDatabase, Tables, add_owed
from application.changes import AuditRow, Owed
from application.letters import Letter
from application.notices import Fallen, LetterState
from application.records import AuditEntry
from domain.notices import NOTICE_KEY
from domain.scope import bot_and_chat

_LOCK = ("the notice of dead letters", "")


class MemoryLetterTurn:
    """See ``application.notices.LetterTurn``."""

    def __init__(self, database: MemoryDatabase, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._now = database.clock.now()
        self._view = tables = database.tables.over()
        self.access = MemoryAccess(database, tables, self, self._now)
        self._is_mine = _LOCK not in database.locked
        database.locked.add(_LOCK)
        self.state = LetterState(self._now)
        if self._is_mine:
            self.state = LetterState(
                self._now, len(tables.letters), any(x.letter_id in tables.known_letters for x in _events(tables)),
                tables.told_at, tables.noticed.get("seen"), _fallen(_unknown(tables)),
            )  # fmt: skip

    async def reachable(self, scopes: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """See the port."""
        tables, found = self._view, {}
        for scope in scopes:
            bot_id, chat_id = bot_and_chat(scope)
            settings = {name: value for (owner, name), value in tables.settings.items() if owner == scope}
            known = tables.access.get(f"{bot_id}:{chat_id}")
            exists = bool(settings) or (known is not None and known.person.name != "")
            if exists and (bot_id, chat_id) not in tables.unreachable:
                found[scope] = settings
        return found

    async def tell(self, bots: Collection[int]) -> Sequence[Fallen]:
        """See the port."""
        letters = [x for x in _unknown(self._view) if self._is_mine and _bot_of(x) in bots]
        if not letters:
            return ()

        def tell(tables: Tables) -> None:
            for letter in letters:
                tables.known_letters[letter.letter_id] = True
            for gone in [each for each in tables.known_letters if each not in tables.letters]:
                del tables.known_letters[gone]
            tables.noticed["told"] = self._now

        await self._database.write(self, self._view, tell)
        return _fallen(letters)

    async def note(self, owed: Sequence[Owed], audit: Sequence[AuditRow]) -> None:
        """See the port."""

        def write(tables: Tables) -> None:
            for each in owed:
                add_owed(tables, each, self._now, next(self._database.seqs))
            at = self._database.clock.now()
            tables.audit += [AuditEntry(at, self._consumer, row) for row in audit]

        await self._database.write(self, self._view, write)

    def unlock(self) -> None:
        """Let the next one have the turn."""
        if self._is_mine:
            self._database.locked.discard(_LOCK)
            self._is_mine = False
        self._database.locks.free(self)

    def commit(self) -> None:
        """Make everything that was told take effect."""
        self._database.commit(self._view)


class MemoryLetterWatch:
    """See ``application.notices.LetterWatch``. ``consumer`` names who tells in the audit."""

    def __init__(self, database: MemoryDatabase, *, consumer: str = "brain") -> None:
        self._database = database
        self._consumer = consumer

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[MemoryLetterTurn]:
        """See the port."""
        self._database.check()
        current = MemoryLetterTurn(self._database, self._consumer)
        try:
            yield current
            current.commit()
        finally:
            current.unlock()


def _events(tables: Tables) -> Iterator[Letter]:
    """Yield the letters that are no notices."""
    letters = (letter for _, letter in sorted(tables.letters.items()))
    return (x for x in letters if not (x.idempotency_key or "").startswith(NOTICE_KEY))


def _unknown(tables: Tables) -> list[Letter]:
    return [x for x in _events(tables) if x.letter_id not in tables.known_letters and _bot_of(x) is not None]


def _bot_of(letter: Letter) -> int | None:
    bot_id = letter.lane.partition(":")[0]
    return int(bot_id) if bot_id.isascii() and bot_id.isdecimal() and len(bot_id) <= 18 else None


def _fallen(letters: Sequence[Letter]) -> tuple[Fallen, ...]:
    alike: dict[tuple[int, str, str, str], list[Letter]] = {}
    for letter in letters:
        key = (_bot_of(letter) or 0, letter.target, letter.event_type or "", next(iter(letter.reasons), ""))
        alike.setdefault(key, []).append(letter)
    return tuple(
        Fallen(
            bot_id, target, event_type or None, reason, len(of_kind), min(x.dead_at for x in of_kind),
            max(x.letter_id for x in of_kind),
        )
        for (bot_id, target, event_type, reason), of_kind in sorted(alike.items())
    )  # fmt: skip

"""Rows as a database keeps them for its transactions: written apart until the end, and locked by who wrote them.

A row is named by its table and its key. Not here: the tables (``adapters.memory.database``), and lanes, for which
nobody waits (``adapters.memory.rounds``).
"""

import asyncio
from collections.abc import Collection, Hashable, ItemsView, Iterator, MutableMapping, Sequence, ValuesView
from typing import TypeVar

from attrs import Factory, define, field

from domain.errors import StoreUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
RowName = tuple[str, Hashable]


class Rows(MutableMapping[K, V]):
    """A table as one transaction sees it: what it did itself over what is committed, also by others meanwhile."""

    def __init__(self, under: MutableMapping[K, V]) -> None:
        self._under = under
        self._mine: dict[K, V] = {}
        self._gone: set[K] = set()

    @property
    def written(self) -> list[K]:
        """The keys of the rows that it wrote or deleted."""
        return [*self._mine, *self._gone]

    def publish(self) -> None:
        """Let what it did take effect in the table that lies under it."""
        for key in self._gone:
            self._under.pop(key, None)
        self._under.update(self._mine)

    # Most are looked at far more often than they are written.

    def values(self) -> ValuesView[V]:
        """Return the rows."""
        return super().values() if self._mine or self._gone else self._under.values()

    def items(self) -> ItemsView[K, V]:
        """Return the rows with their keys."""
        return super().items() if self._mine or self._gone else self._under.items()

    def __getitem__(self, key: K) -> V:
        if key in self._mine:
            return self._mine[key]
        if key in self._gone:
            raise KeyError(key)
        return self._under[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._gone.discard(key)
        self._mine[key] = value

    def __delitem__(self, key: K) -> None:
        self[key]  # Raises KeyError where there is no such row.
        self._mine.pop(key, None)
        if key in self._under:
            self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._mine or (key not in self._gone and key in self._under)

    def __iter__(self) -> Iterator[K]:
        yield from [key for key in self._under if key not in self._gone]
        yield from [key for key in self._mine if key not in self._under]

    def __len__(self) -> int:
        return sum(1 for _ in self)


@define
class RowLocks:
    """Who has locked which rows, and who waits for which."""

    _holders: dict[RowName, object] = Factory(dict)
    _waiting: dict[object, Collection[RowName]] = Factory(dict)
    _freed: asyncio.Event = field(factory=asyncio.Event)

    async def take(self, holder: object, rows: Collection[RowName]) -> bool:
        """Lock rows, after waiting for whoever has one of them; return whether there was anybody to wait for.

        Raises StoreUnavailable where that one waits for ``holder``, as a database that finds a deadlock does.
        """
        has_waited = False
        while any(self._holders.get(each, holder) is not holder for each in rows):
            self._waiting[holder] = rows
            has_waited = True
            try:
                if self._waits_for_itself(holder):
                    raise StoreUnavailable("two transactions waited for each other")
                await self._freed.wait()
            finally:
                self._waiting.pop(holder, None)
        self._holders.update(dict.fromkeys(rows, holder))
        return has_waited

    def _waits_for_itself(self, holder: object) -> bool:
        seen: list[object] = []
        after = [holder]
        while after:
            waiting = after.pop()
            wanted = self._waiting.get(waiting, ())
            for other in [self._holders[row] for row in wanted if row in self._holders]:
                if other is holder and waiting is not holder:
                    return True
                if other is not holder and other not in seen:
                    seen.append(other)
                    after.append(other)
        return False

    def is_free(self, row: RowName) -> bool:
        """Return whether nobody has locked a row."""
        return row not in self._holders

    def take_free(self, holder: object, rows: Sequence[RowName], limit: int) -> list[RowName]:
        """Lock up to ``limit`` of the rows that nobody has, the first ones, and return them."""
        won = [each for each in rows if each not in self._holders][:limit]
        self._holders.update(dict.fromkeys(won, holder))
        return won

    def free(self, holder: object) -> None:
        """Let go of everything that ``holder`` locked."""
        self._holders = {each: by for each, by in self._holders.items() if by is not holder}
        self._waiting.pop(holder, None)
        self._freed.set()
        self._freed = asyncio.Event()

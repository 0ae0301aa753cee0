"""The part of Redis that runtime state and liveness need, in memory, with a switch for outages.

Not here: the streams (``adapters.memory.streams``).
"""

from domain.errors import Unavailable


class MemoryRedis:
    """A blocking key-value client that stores encoded bytes, as the real one does.

    ``wipe`` is ``FLUSHALL``; while ``down`` is true, every command raises Unavailable.
    """

    def __init__(self) -> None:
        self.down = False
        self._values: dict[str, bytes] = {}

    def get(self, name: str, /) -> bytes | None:
        """Return the value, or None."""
        self._check()
        return self._values.get(name)

    def set(self, name: str, value: str, /, *, nx: bool = False) -> bool | None:
        """Store the value; with ``nx`` only where the key is missing, else None is returned."""
        self._check()
        if nx and name in self._values:
            return None
        self._values[name] = value.encode()
        return True

    def delete(self, name: str, /) -> int:
        """Delete the key and return how many were there."""
        self._check()
        return 0 if self._values.pop(name, None) is None else 1

    def wipe(self) -> None:
        """Lose everything."""
        self._values.clear()

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the in-memory Redis is switched off")


class AsyncMemoryRedis:
    """The same as an asyncio client, over the same data."""

    def __init__(self, store: MemoryRedis) -> None:
        self._store = store

    async def get(self, name: str, /) -> bytes | None:
        """Return the value, or None."""
        return self._store.get(name)

    async def set(self, name: str, value: str, /, *, nx: bool = False) -> bool | None:
        """Store the value; with ``nx`` only where the key is missing, else None is returned."""
        return self._store.set(name, value, nx=nx)

    async def delete(self, name: str, /) -> int:
        """Delete the key and return how many were there."""
        return self._store.delete(name)

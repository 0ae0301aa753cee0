"""How often a supervisor started each of its processes again, in memory that it shares with the roles that it forks.

Written by the supervisor alone, a machine word a process; whoever was forked after this was made reads it. It needs
no file and no connection, so it still tells when everything else dies again and again.
"""

import mmap
from collections.abc import Mapping, Sequence

WORD_BYTES = 8


class Restarts:
    """The counts by process. To be made before the first fork."""

    def __init__(self, names: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        # Anonymous and shared: what the parent writes, its children see.
        self._starts = memoryview(mmap.mmap(-1, max(1, len(names)) * WORD_BYTES)).cast("Q")

    def started(self, name: str) -> None:
        """Note that a process was started, for the first time or again."""
        if (place := self._places.get(name)) is not None:
            self._starts[place] += 1

    def read(self) -> Mapping[str, int]:
        """Return how often each process was started again."""
        return {name: max(0, self._starts[place] - 1) for name, place in self._places.items()}

"""A clock that stands still until it is moved: time as the tests and the simulation see it.

Not here: the machine's clock (``adapters.system``).
"""

import asyncio
import heapq
import itertools

START_S = 1_750_000_000.0
SETTLE_ROUNDS = 20


class ManualClock:
    """``application.ports.Clock`` moved by hand. Sleepers wake in the order of their times."""

    def __init__(self, start_s: float = START_S) -> None:
        self._start_s = start_s
        self._steady_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return self._start_s + self._steady_s

    def steady(self) -> float:
        """Return seconds since the clock was made; it never goes back."""
        return self._steady_s

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved on by ``seconds``; zero lets the other tasks run once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._steady_s + seconds, next(self._numbers), woken))
        await woken

    def next_wake_s(self) -> float | None:
        """Return the ``steady`` time of the next sleeper, or None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def advance(self, seconds: float) -> None:
        """Move the clock on, stopping at each sleeper's time to wake it and let the tasks run."""
        await self._settle()
        end_s = self._steady_s + seconds
        while (wake_s := self.next_wake_s()) is not None and wake_s <= end_s:
            self._steady_s = max(self._steady_s, wake_s)
            heapq.heappop(self._sleepers)[2].set_result(None)
            await self._settle()
        self._steady_s = end_s
        await self._settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock by so much forwards or backwards, as its owner may; the steady reading goes on."""
        self._start_s += seconds

    async def _settle(self) -> None:
        for _ in range(SETTLE_ROUNDS):
            await asyncio.sleep(0)

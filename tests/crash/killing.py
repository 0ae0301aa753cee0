"""Death in memory: an exception that nobody catches; what ran before it never runs again.

Not here: what must hold after it (``test_points_in_memory``, ``test_reminders_in_memory``), and real kills
(``test_killed_processes``).
"""

import asyncio
from collections import Counter
from typing import Any

from entrypoints.harness import Harness


class Killed(BaseException):
    """The process died here."""


class Killer:
    """Kills at the passing number ``count`` of ``point``, and then whatever of that life still moves."""

    def __init__(self, point: str = "", count: int = 1) -> None:
        self.reached: Counter[str] = Counter()
        self.died = asyncio.Event()
        self._place = (point, count)

    def __call__(self, point: str) -> None:
        if self.died.is_set():
            raise Killed(point)
        self.reached[point] += 1
        if (point, self.reached[point]) == self._place:
            self.died.set()
            raise Killed(point)

    def aim(self, point: str, count: int) -> None:
        """Kill at the passing number ``count`` of ``point`` from now on."""
        self.reached.clear()
        self._place = (point, count)

    def allow_life(self) -> None:
        """Kill no more."""
        self._place = ("", 0)
        self.died.clear()


def overlook_deaths(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Let the loop say nothing of tasks that died of being killed, which nobody waits for."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


async def live_until_killed(harness: Harness, killer: Killer) -> None:
    """Let the system run until it has nothing to do, or until it is killed; then nothing of it is left."""
    work = asyncio.create_task(harness.settle())
    death = asyncio.create_task(killer.died.wait())
    await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
    remains = asyncio.all_tasks() - {asyncio.current_task()}
    for task in remains:
        task.cancel()
    await asyncio.gather(*remains, return_exceptions=True)

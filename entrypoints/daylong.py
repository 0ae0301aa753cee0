"""The clock of an ``openclaw up`` with the simulated Telegram: moved ahead, so that a day is played in a few minutes.

It is moved in the database and, at once, for every process that was forked, through memory that they share. Time passes
stop by stop: at each instant for which a task waits, what is due is said, as on a day that is lived. Only ever ahead:
what stands in the database is of the past. Not here: the chat in which it is asked for (``chat``).
"""

import asyncio
import mmap
import os
from collections.abc import AsyncIterator

from adapters.postgres.clock import PostgresClock
from adapters.system import SystemClock
from application.timing import Timing
from domain.errors import OpenClawError
from domain.tasks.policy import ZONE
from domain.tasks.times import Understood

# How often is looked whether the services have said what is due at a stop, and how many stops one call makes.
POLL_S = 0.1
POLLS_MAX = 150
STOPS_MAX = 500


class DaylongClock:
    """To be made before the first fork; ``begin`` before the first use. ``scope`` is whose time zone counts."""

    def __init__(self, timing: Timing, scope: str) -> None:
        self._timing = timing
        self._scope = scope
        # Anonymous and shared: what one process writes, the others see.
        self._ahead_s = memoryview(mmap.mmap(-1, 8)).cast("d")
        self.clock = SystemClock(lambda: self._ahead_s[0])

    def ahead_s(self) -> float:
        """Return how far it is moved ahead of the machine's clock."""
        return self._ahead_s[0]

    def shown(self) -> str:
        """Return what it shows, in UTC."""
        return self._timing.echo(self.clock.now(), None, "UTC", None)

    async def begin(self, database: PostgresClock, phrase: str, is_simulated: bool) -> None:
        """Take over how far the database is ahead since an earlier run, and jump where there is a phrase.

        Raises StoreUnavailable, and OpenClawError for a clock that was moved where Telegram is not simulated.
        """
        self._ahead_s[0] = await database.ahead_s()
        if self._ahead_s[0] and not is_simulated:
            raise OpenClawError(
                "the clock of this data directory was moved ahead for the simulated Telegram; start with another "
                "--data-dir for the real one"
            )
        if phrase:
            await self.jump(database, phrase)

    async def jump(self, database: PostgresClock, phrase: str) -> str:
        """Move to the instant that a phrase means, whatever is due by then; return it in full. Raises OpenClawError."""
        goal = self._goal(phrase, await self._zone(database))
        await self._move(database, goal.at)
        return goal.echo

    async def passing(self, database: PostgresClock, phrase: str) -> AsyncIterator[str]:
        """Let time pass up to the instant that a phrase means; tell each stop in full, once what was due there is said.

        Raises OpenClawError.
        """
        zone = await self._zone(database)
        goal = self._goal(phrase, zone)
        for _ in range(STOPS_MAX):
            ahead = await self.at_rest(database)
            if ahead is None or ahead >= goal.at:
                break
            await self._move(database, ahead)
            await self.at_rest(database)
            yield self._shown(ahead, zone)
        else:
            raise OpenClawError(f"{STOPS_MAX} times something was due; say it again to go on")
        await self._move(database, goal.at)
        await self.at_rest(database)
        yield goal.echo

    async def at_rest(self, database: PostgresClock) -> float | None:
        """Wait until what is due was said, and return when something happens next; None where nothing does."""
        for _ in range(POLLS_MAX):
            ahead = await database.look()
            if ahead.is_at_rest:
                break
            await asyncio.sleep(POLL_S)
        return ahead.next_at

    def _goal(self, phrase: str, zone: str) -> Understood:
        found = self._timing.understand(phrase, now=self.clock.now(), zone=zone, language=None, needed=True)
        if not isinstance(found, Understood) or found.rest or found.rule is not None:
            raise OpenClawError(
                f"“{phrase}” is no instant to come to which the clock can be moved; say for example 12:30, in 2 hours, "
                "tomorrow 9:00 or 2026-12-24 18:00"
            )
        return found

    async def _zone(self, database: PostgresClock) -> str:
        """Return the zone of the chat, until it has one the machine's, and else UTC."""
        (zone, *_) = (*self._timing.find_zone(os.environ.get("TZ", "")).names, "UTC")
        return await database.setting(self._scope, ZONE) or zone

    async def _move(self, database: PostgresClock, to: float) -> None:
        self._ahead_s[0] = await database.move(to)

    def _shown(self, at: float, zone: str) -> str:
        return self._timing.echo(at, None, zone, None)

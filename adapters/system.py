"""The machine's own clock and randomness behind their ports."""

import asyncio
import secrets
import time
from collections.abc import Callable
from uuid import UUID

# A clock that also counts suspension where the system has one (Linux); elsewhere the monotonic clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's time. ``ahead_s`` tells how far it is moved ahead, as where a day is played; not at all otherwise.

    Only the date moves: what is measured and waited for takes as long as it takes.
    """

    def __init__(self, ahead_s: Callable[[], float] = lambda: 0.0) -> None:
        self._ahead_s = ahead_s

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time() + self._ahead_s()

    def steady(self) -> float:
        """Return seconds that never go back and that run on while the machine is suspended."""
        return time.clock_gettime(_STEADY)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class SystemTokens:
    """Unguessable tokens."""

    def token(self) -> UUID:
        """Return a fresh UUID version 4."""
        return UUID(bytes=secrets.token_bytes(16), version=4)

"""Which services run, in memory. Not here: who repeats the announcement, and when (the service roles)."""

from application.ports import Clock
from domain.errors import Unavailable
from domain.status import ServiceStatus

EXPIRY_S = 15.0


class MemoryLiveness:
    """``application.ports.Liveness`` in one process; while ``down`` is true every call raises Unavailable."""

    def __init__(self, clock: Clock, expiry_s: float = EXPIRY_S) -> None:
        self.down = False
        self._clock = clock
        self._expiry_s = expiry_s
        self._started: dict[tuple[str, str], float] = {}
        self._seen: dict[tuple[str, str], tuple[float, str]] = {}

    async def announce(self, role: str, instance: str, version: str) -> None:
        """Say that this instance runs."""
        self._check()
        now_s = self._clock.steady()
        self._started.setdefault((role, instance), now_s)
        self._seen[role, instance] = (now_s, version)

    async def withdraw(self, role: str, instance: str) -> None:
        """Say that this instance ends; fine if it was never announced."""
        self._check()
        self._started.pop((role, instance), None)
        self._seen.pop((role, instance), None)

    async def alive(self) -> list[ServiceStatus]:
        """Return the instances that announced themselves lately, sorted by role and instance."""
        self._check()
        now_s = self._clock.steady()
        return [
            ServiceStatus(role, instance, version, now_s - self._started[role, instance], now_s - seen_s)
            for (role, instance), (seen_s, version) in sorted(self._seen.items())
            if now_s - seen_s < self._expiry_s
        ]

    def wipe(self) -> None:
        """Lose every announcement, as ``FLUSHALL`` does; the services repeat theirs."""
        self._seen.clear()

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the in-memory liveness is switched off")

"""Time where no calendar is at hand: UTC, no rules, and no phrase is understood.

It stands in wherever nobody asks about time. Not here: the calendar (``application.ports.Calendar``).
"""

from datetime import UTC, datetime, timedelta

from domain.tasks.times import NO_TIME, Refused, WallTime, ZonesMeant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timeless:
    """See ``application.ports.Calendar``."""

    def understand(
        self, text: str, *, now: float, zone: str | None, language: str | None, needed: bool = False
    ) -> Refused:
        """Understand nothing."""
        return Refused(NO_TIME)

    def echo(self, at: float, rule: str | None, zone: str, language: str | None) -> str:
        """Return the instant in UTC."""
        return f"{_EPOCH + timedelta(seconds=at):%Y-%m-%d %H:%M} (UTC)"

    def next_after(self, rule: str, zone: str, after: float) -> float | None:
        """Return that nothing follows."""
        return None

    def find_zone(self, text: str) -> ZonesMeant:
        """Return that no zone is known."""
        return ZonesMeant()

    def wall(self, at: float, zone: str) -> WallTime:
        """Return the instant in UTC."""
        found = _EPOCH + timedelta(seconds=at)
        return WallTime(found.year, found.month, found.day, found.hour, found.minute, found.weekday())

    def instant(self, wall: WallTime, zone: str) -> float:
        """Return when it is that time in UTC."""
        day = datetime(wall.year, wall.month, wall.day, wall.hour, wall.minute, tzinfo=UTC)
        return (day - _EPOCH).total_seconds()

"""A calendar for tests whose clocks all show UTC, or an hour of offset such as ``+2``.

Its rules are ``every <seconds> from <instant>``, with `` until <instant>`` if they end. Not here: real zones and rules.
"""

from datetime import UTC, datetime

from domain.tasks.timeless import Timeless
from domain.tasks.times import WallTime

DAY_S = 86_400.0


class TestTimes(Timeless):
    """See ``application.ports.Calendar``; it understands no phrase."""

    __test__ = False

    def next_after(self, rule: str, zone: str, after: float) -> float | None:
        words = rule.split()
        period_s, first = float(words[1]), float(words[3])
        found = first + max(0.0, (after - first) // period_s + 1) * period_s
        return None if len(words) > 5 and found > float(words[5]) else found

    def wall(self, at: float, zone: str) -> WallTime:
        shown = datetime.fromtimestamp(at + _offset_s(zone), UTC)
        return WallTime(shown.year, shown.month, shown.day, shown.hour, shown.minute, shown.weekday())

    def instant(self, wall: WallTime, zone: str) -> float:
        at = datetime(wall.year, wall.month, wall.day, wall.hour, wall.minute, tzinfo=UTC)
        return at.timestamp() - _offset_s(zone)


def _offset_s(zone: str) -> float:
    return 0.0 if zone == "UTC" else int(zone) * 3600.0


def daily(first: float, until: float | None = None) -> str:
    """Return the rule of every day at the time of ``first``."""
    return every(DAY_S, first, until)


def every(period_s: float, first: float, until: float | None = None) -> str:
    """Return the rule of every so many seconds, beginning with ``first``."""
    return f"every {period_s} from {first}" + (f" until {until}" if until is not None else "")

"""What people set about reminders of their chat: how often an open task is said again, and when they want quiet.

The values and their text as settings of a scope. Not here: what follows from them (``domain.tasks.rules``).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol

from attrs import frozen

from domain.tasks.times import WallTime
from domain.tasks.values import Priority, Task

ESCALATION, QUIET, ZONE = "escalation", "quiet", "zone"
OFF = "off"
HOUR_S, DAY_S = 3600.0, 86_400.0
DEFAULT_WAITS_S = (HOUR_S, 4 * HOUR_S, DAY_S, DAY_S, DAY_S)
NAGS_MAX = 10
WAIT_MIN_S, WAIT_MAX_S = 60.0, 30 * DAY_S


class Times(Protocol):
    """What the rules ask of the calendar; ``application.ports.Calendar`` says what each is."""

    def next_after(self, rule: str, zone: str, after: float) -> float | None: ...

    def wall(self, at: float, zone: str) -> WallTime: ...

    def instant(self, wall: WallTime, zone: str) -> float: ...


@frozen
class Quiet:
    """Hours of the wall clock in which only what is urgent is said: from minute to minute of the day."""

    begin: int
    end: int

    def over_at(self, at: float, zone: str, times: Times) -> float:
        """Return when the quiet hours that ``at`` lies in are over; ``at`` itself where it lies in none."""
        wall = times.wall(at, zone)
        since_begin, length = (wall.minutes - self.begin) % 1440, (self.end - self.begin) % 1440
        if since_begin >= length:
            return at
        day = date(wall.year, wall.month, wall.day) + timedelta(days=int(wall.minutes >= self.end))
        end = WallTime(day.year, day.month, day.day, *divmod(self.end, 60), day.weekday())
        # Where clocks are put back the end may come twice, and its first time may have passed.
        return max(at, times.instant(end, zone))

    def __str__(self) -> str:
        """Return the text that ``parse_quiet`` reads."""
        return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (self.begin, self.end))


@frozen
class Policy:
    """What a scope has set. ``waits_s``: how long after a saying the next one comes while the task stays open.

    ``zone`` is the one by whose clocks the hours are quiet; where none was set, it is that of the task.
    """

    waits_s: tuple[float, ...] = DEFAULT_WAITS_S
    quiet: Quiet | None = None
    zone: str | None = None

    def quiet_until(self, task: Task, at: float, times: Times) -> float:
        """Return when something of a task that is due at ``at`` may be said: ``at`` itself, or when it is not quiet."""
        if self.quiet is None or task.priority is Priority.HIGH:
            return at
        return self.quiet.over_at(at, self.zone or task.zone, times)


def parse_quiet(text: str) -> Quiet | None:
    """Return the quiet hours that a text such as ``22:00-07:00`` names; None for ``off`` and for what names none."""
    begin, _, end = text.partition("-")
    found = _minutes(begin), _minutes(end)
    if found[0] is None or found[1] is None or found[0] == found[1]:
        return None
    return Quiet(found[0], found[1])


def _minutes(text: str) -> int | None:
    hours, _, minutes = text.strip().partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in (hours, minutes)):
        return None
    found = int(hours) * 60 + int(minutes)
    return found if int(minutes) < 60 and found < 1440 else None


def parse_waits(text: str) -> tuple[float, ...] | None:
    """Return the waits in seconds that a text such as ``3600,14400`` or ``off`` names; None for what names none."""
    if text.strip() == OFF:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > NAGS_MAX or not all(
        part.isascii() and part.isdigit() and len(part) < 10 for part in parts
    ):
        return None
    waits_s = tuple(float(part) for part in parts)
    return waits_s if all(WAIT_MIN_S <= wait_s <= WAIT_MAX_S for wait_s in waits_s) else None


def written(waits_s: tuple[float, ...]) -> str:
    """Return the text that ``parse_waits`` reads."""
    return ",".join(str(int(wait_s)) for wait_s in waits_s) or OFF


def policy_of(settings: Mapping[str, str]) -> Policy:
    """Return what a scope's settings say; what cannot be read counts as not set."""
    waits_s = parse_waits(settings.get(ESCALATION, ""))
    quiet = parse_quiet(settings.get(QUIET, OFF))
    return Policy(DEFAULT_WAITS_S if waits_s is None else waits_s, quiet, settings.get(ZONE))

"""Which time of day is meant: hours with and without minutes, am and pm, and the parts of the day.

The clock is the 24-hour clock. A bare hour from 1 to 6 with nothing beside it is open: people who write "at 5" mean
either. Not here: which day.
"""

from collections.abc import Callable, Mapping
from datetime import time

from attrs import frozen

from domain.when.facts import Clock, Part

NOON, MIDNIGHT = "noon", "midnight"
# When a part of the day is, where no hour is named.
PARTS = {
    "dawn": time(5),
    "morning": time(9),
    NOON: time(12),
    "afternoon": time(15),
    "evening": time(19),
    "night": time(21),
    MIDNIGHT: time(0),
}
OPEN_HOURS = range(1, 7)


class NoSuchTime(ValueError):
    """The time of day does not exist. The text is the time as it was read."""


@frozen
class Wall:
    """The times of day that may be meant: one, or two to ask about. ``day_after`` is for 12 at night."""

    times: tuple[time, ...]
    day_after: bool = False
    midnight: bool = False


def wall_of(clock: Clock | None, part: Part | None) -> Wall | None:
    """Return the times of day that a clock and a part of the day may mean; None where neither is given.

    Raises NoSuchTime.
    """
    if clock is None:
        if part is None:
            return None
        return Wall((PARTS[part.name],), midnight=part.name == MIDNIGHT)
    hour, minute = clock.hour, clock.minute
    if not 0 <= minute <= 59 or not 0 <= hour <= 24 or (hour == 24 and minute):
        raise NoSuchTime(f"{hour}:{minute:02}")
    if hour == 24:
        return Wall((time(0),), midnight=True)
    if clock.half:
        if not 1 <= hour <= 12:
            raise NoSuchTime(f"{hour} {clock.half}")
        return Wall((time(hour % 12 + (12 if clock.half == "pm" else 0), minute),))
    if part is not None:
        return _within(hour, minute, part.name)
    if clock.bare and hour in OPEN_HOURS:
        return Wall((time(hour, minute), time(hour + 12, minute)))
    return Wall((time(hour, minute),))


def _within(hour: int, minute: int, part: str) -> Wall:
    """Return the hour as it is meant within a part of the day."""
    if hour == 0 or hour > 12:
        return Wall((time(hour, minute),))
    fits: Mapping[str, Callable[[], int | None]] = {
        "dawn": lambda: hour % 12 if hour == 12 or hour <= 7 else None,
        "morning": lambda: hour if hour < 12 else None,
        NOON: lambda: 12 if hour == 12 else hour + 12 if hour <= 2 else hour if hour == 11 else None,
        "afternoon": lambda: 12 if hour == 12 else hour + 12 if hour <= 8 else None,
        "evening": lambda: hour + 12 if 3 <= hour <= 11 else None,
        "night": lambda: 24 if hour == 12 else hour if hour <= 5 else hour + 12,
        MIDNIGHT: lambda: 24 if hour == 12 else None,
    }
    found = fits[part]()
    if found is None:
        raise NoSuchTime(f"{hour}:{minute:02} ({part})")
    if found == 24:
        return Wall((time(0, minute),), day_after=True)
    return Wall((time(found, minute),), day_after=part == "night" and found <= 5)

"""Patterns of recurrence: the part of RFC 5545 rules that is taken, as a value and as text.

https://datatracker.ietf.org/doc/html/rfc5545#section-3.3.10. Taken are patterns that fire at most every five
minutes and that name their days and times in full, so that nothing is left to the start. Not here: when a pattern
fires (the Calendar port).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from attrs import field, frozen

PERIOD_MINUTES_MIN = 5
COUNT_MAX = 1000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STAMP = "%Y%m%dT%H%M%SZ"
_DAY = re.compile(r"(-1|[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Freq(StrEnum):
    """How a pattern counts. Hours and minutes are elapsed time; the others go by the wall clock."""

    MINUTELY = "MINUTELY"
    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


# The longest interval that is not absurd: ten years or so.
INTERVAL_MAX = {
    Freq.MINUTELY: 1440,
    Freq.HOURLY: 1000,
    Freq.DAILY: 3660,
    Freq.WEEKLY: 520,
    Freq.MONTHLY: 120,
    Freq.YEARLY: 10,
}
MINUTES = {Freq.MINUTELY: 1, Freq.HOURLY: 60}
DAYS_IN_MONTH_MAX = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@frozen
class Pattern:
    """How something recurs. Weekdays are pairs of (nth, weekday), Monday 0; nth 0 is every one, -1 the last."""

    freq: Freq
    interval: int = 1
    months: Sequence[int] = ()
    month_days: Sequence[int] = ()
    weekdays: Sequence[tuple[int, int]] = ()
    hours: Sequence[int] = ()
    minute: int = 0
    # Only the last of the days that match, which is how "the 31st" becomes the 30th in shorter months.
    last_only: bool = False
    count: int | None = None
    # The last instant, seconds since the epoch.
    until_s: int | None = field(default=None)

    def __attrs_post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def elapsed(self) -> bool:
        """Whether the pattern counts elapsed time, whatever the wall clock does."""
        return self.freq in MINUTES

    @property
    def period_s(self) -> int:
        """The elapsed time between two occurrences; 0 where the wall clock decides."""
        return MINUTES.get(self.freq, 0) * self.interval * 60

    def _faults(self) -> Iterator[str]:
        if not 1 <= self.interval <= INTERVAL_MAX[self.freq]:
            yield f"INTERVAL: {self.interval} is not between 1 and {INTERVAL_MAX[self.freq]}"
        if self.freq is Freq.MINUTELY and self.interval < PERIOD_MINUTES_MIN:
            yield f"INTERVAL: more often than every {PERIOD_MINUTES_MIN} minutes"
        if self.elapsed and (self.months or self.month_days or self.weekdays or self.hours or self.last_only):
            yield "FREQ: hours and minutes are elapsed time and take no days or times"
        if not self.elapsed and not self.hours:
            yield "BYHOUR: missing"
        if self.count is not None and not 1 <= self.count <= COUNT_MAX:
            yield f"COUNT: {self.count} is not between 1 and {COUNT_MAX}"
        if not all(0 <= hour <= 23 for hour in self.hours) or not 0 <= self.minute <= 59:
            yield "BYHOUR: no such time"
        yield from self._faults_of_days()

    def _faults_of_days(self) -> Iterator[str]:
        if not all(1 <= month <= 12 for month in self.months):
            yield "BYMONTH: no such month"
            return
        longest = max((DAYS_IN_MONTH_MAX[month - 1] for month in self.months), default=31)
        if self.freq is Freq.YEARLY and -1 in self.month_days:
            yield "BYMONTHDAY: a yearly pattern names its day"
        if not all(day == -1 or 1 <= day <= longest for day in self.month_days):
            yield "BYMONTHDAY: no such day"
        if self.freq is Freq.DAILY and (self.months or self.month_days or self.weekdays):
            yield "FREQ: a daily pattern takes no days"
        if self.freq is Freq.WEEKLY and (
            self.months or self.month_days or not self.weekdays or any(nth for nth, _ in self.weekdays)
        ):
            yield "BYDAY: a weekly pattern takes weekdays and nothing else"
        if self.freq in (Freq.MONTHLY, Freq.YEARLY) and bool(self.month_days) == bool(self.weekdays):
            yield "BYMONTHDAY: a monthly or yearly pattern takes either days of the month or weekdays"
        if self.freq in (Freq.MONTHLY, Freq.YEARLY) and any(nth == 0 for nth, _ in self.weekdays):
            yield "BYDAY: which of the month is missing"
        if (self.freq is Freq.YEARLY) != bool(self.months):
            yield "BYMONTH: a yearly pattern takes months, and no other does"

    @property
    def positions(self) -> Sequence[int]:
        """Which of a period's occurrences count, from its end: the last day's, one for each time of day."""
        return tuple(range(-len(self.hours), 0)) if self.last_only else ()

    @property
    def text(self) -> str:
        """The value of an RRULE property."""
        days = ",".join(f"{nth or ''}{WEEKDAYS[day]}" for nth, day in self.weekdays)
        until = datetime.fromtimestamp(self.until_s, UTC).strftime(_STAMP) if self.until_s is not None else ""
        parts = {
            "FREQ": self.freq.value,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": days,
            "BYHOUR": ",".join(map(str, self.hours)),
            "BYMINUTE": "" if self.elapsed else str(self.minute),
            "BYSETPOS": ",".join(map(str, self.positions)),
            "COUNT": str(self.count) if self.count is not None else "",
            "UNTIL": until,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    @classmethod
    def of_text(cls, text: str) -> "Pattern":
        """Return the pattern that ``text`` was made from. Raises ValueError where it is none that is taken."""
        parts = dict(part.partition("=")[::2] for part in text.split(";"))
        known = {
            "FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS", "COUNT", "UNTIL",
        }  # fmt: skip
        if unknown := parts.keys() - known:
            raise ValueError(f"{', '.join(sorted(unknown))}: not taken")
        days = [_DAY.fullmatch(day) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
        if None in days:
            raise ValueError("BYDAY: no such day")
        until = parts.get("UNTIL")
        pattern = cls(
            freq=Freq(parts.get("FREQ", "")),
            interval=int(parts.get("INTERVAL", "1")),
            months=_numbers(parts.get("BYMONTH")),
            month_days=_numbers(parts.get("BYMONTHDAY")),
            weekdays=tuple((int(day[1] or 0), WEEKDAYS.index(day[2])) for day in days if day),
            hours=_numbers(parts.get("BYHOUR")),
            minute=int(parts.get("BYMINUTE", "0")),
            last_only="BYSETPOS" in parts,
            count=int(parts["COUNT"]) if "COUNT" in parts else None,
            until_s=_seconds(until) if until is not None else None,
        )
        if _numbers(parts.get("BYSETPOS")) != tuple(pattern.positions):
            raise ValueError("BYSETPOS: only the last day is taken")
        return pattern


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",")) if text else ()


def _seconds(stamp: str) -> int:
    return int((datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC) - _EPOCH).total_seconds())

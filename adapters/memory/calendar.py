"""A calendar without libraries and without a zone database: a few zones by their published rules, days one by one.

It is the plain reading of the same promises that the real calendar is held to. Not here: the past of zones, and
speed.
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo

from attrs import frozen

from domain.when.pattern import Freq, Pattern
from domain.when.values import Occurrence, Rule, UnknownZone, Zone
from domain.when.walltime import moment_at, resolve, seconds_of

YEARS_MAX = 60
_HOUR = timedelta(hours=1)


def _sunday(year: int, month: int, nth: int) -> datetime:
    """Return the nth Sunday of a month, the last where nth is -1."""
    if nth == -1:
        last = datetime(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() + 1) % 7)
    first = datetime(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


@frozen
class _Summer:
    """When summer time begins and ends in a year, in UTC, and by how much it is ahead."""

    begin: Callable[[int], datetime]
    end: Callable[[int], datetime]
    by: timedelta


class YearlyZone(tzinfo):
    """A zone whose summer time follows one rule every year; no summer time where there is no rule."""

    def __init__(self, standard: timedelta, summer: _Summer | None = None) -> None:
        self._standard = standard
        self._summer = summer

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """Return the offset of a wall time; ``fold`` tells the two that are the same apart."""
        if dt is None or self._summer is None:
            return self._standard
        local = dt.replace(tzinfo=None)
        both = (self._standard + self._summer.by, self._standard)
        fitting = [offset for offset in both if self._at(local - offset) == offset]
        if len(fitting) == 1:
            return fitting[0]
        # Twice: the greater offset came first. Never: the lesser one held before the gap.
        return both[dt.fold] if fitting else both[1 - dt.fold]

    def dst(self, dt: datetime | None) -> timedelta:
        """Return how far summer time is ahead at a wall time."""
        return self.utcoffset(dt) - self._standard

    def tzname(self, dt: datetime | None) -> str | None:
        """Return no name: it has none."""
        return None

    def fromutc(self, dt: datetime) -> datetime:
        """Return the wall time of a UTC time."""
        utc = dt.replace(tzinfo=None)
        offset = self._at(utc)
        local = (utc + offset).replace(tzinfo=self)
        return local if self.utcoffset(local) == offset else local.replace(fold=1)

    def _at(self, utc: datetime) -> timedelta:
        if self._summer is None:
            return self._standard
        begin, end = self._summer.begin(utc.year), self._summer.end(utc.year)
        summer = begin <= utc < end if begin < end else not end <= utc < begin
        return self._standard + (self._summer.by if summer else timedelta(0))


# The rules as the zone database has them since 2007 and 2008.
ZONES: Mapping[str, YearlyZone] = {
    "UTC": YearlyZone(timedelta(0)),
    "Asia/Kolkata": YearlyZone(5.5 * _HOUR),
    "Europe/Berlin": YearlyZone(
        _HOUR, _Summer(lambda y: _sunday(y, 3, -1) + _HOUR, lambda y: _sunday(y, 10, -1) + _HOUR, _HOUR)
    ),
    "America/New_York": YearlyZone(
        -5 * _HOUR,
        _Summer(lambda y: _sunday(y, 3, 2) + 7 * _HOUR, lambda y: _sunday(y, 11, 1) + 6 * _HOUR, _HOUR),
    ),
    "Australia/Lord_Howe": YearlyZone(
        10.5 * _HOUR,
        _Summer(lambda y: _sunday(y, 10, 1) - 8.5 * _HOUR, lambda y: _sunday(y, 4, 1) - 9 * _HOUR, _HOUR / 2),
    ),
}


class MemoryCalendar:
    """The Calendar port by rules written out."""

    def tz(self, zone: Zone) -> tzinfo:
        """Return the zone's offsets. Raises UnknownZone."""
        known = zone.fixed or ZONES.get(zone.name)
        if known is None:
            raise UnknownZone(f"{zone.name!r} is no zone here")
        return known

    def names(self) -> Collection[str]:
        """Return the names of the zones that are here."""
        return ZONES.keys()

    def next_after(self, rule: Rule, instant_s: int) -> Occurrence | None:
        """Return the least instant after the given one among all of the rule's, looked at one by one."""
        tz = self.tz(rule.zone)
        walk = _elapsed(rule, tz) if rule.pattern.elapsed else _by_the_clock(rule, tz)
        best: Occurrence | None = None
        for count, found in enumerate(walk, 1):
            pattern = rule.pattern
            if pattern.count is not None and count > pattern.count:
                break
            if pattern.until_s is not None and found.at_s > pattern.until_s + 2 * 86400:
                break
            if best is not None and found.at_s > best.at_s + 2 * 86400:
                break
            late = pattern.until_s is not None and found.at_s > pattern.until_s
            if not late and found.at_s > instant_s and (best is None or found.at_s < best.at_s):
                best = found
        return best


def _elapsed(rule: Rule, tz: tzinfo) -> Iterator[Occurrence]:
    at_s = seconds_of(rule.start)
    end_s = at_s + YEARS_MAX * 366 * 86400
    while at_s < end_s:
        yield Occurrence(at_s, moment_at(at_s, rule.zone, tz).local)
        at_s += rule.pattern.period_s


def _by_the_clock(rule: Rule, tz: tzinfo) -> Iterator[Occurrence]:
    first = rule.start.date()
    for ahead in range(YEARS_MAX * 366):
        day = first + timedelta(days=ahead)
        if _fires(rule.pattern, first, day):
            for hour in sorted(rule.pattern.hours):
                nominal = datetime.combine(day, time(hour, rule.pattern.minute))
                if nominal >= rule.start:
                    yield Occurrence(resolve(nominal, tz).at_s, nominal)


def _fires(pattern: Pattern, first: date, day: date) -> bool:
    if pattern.last_only:
        rest = range(day.day + 1, monthrange(day.year, day.month)[1] + 1)
        later = any(_is_day(pattern, day.replace(day=number)) for number in rest)
        return _in_step(pattern, first, day) and _is_day(pattern, day) and not later
    return _in_step(pattern, first, day) and _is_day(pattern, day)


def _in_step(pattern: Pattern, first: date, day: date) -> bool:
    if pattern.freq is Freq.DAILY:
        steps = (day - first).days
    elif pattern.freq is Freq.WEEKLY:
        steps = (day - (first - timedelta(days=first.weekday()))).days // 7
    else:
        months = (day.year - first.year) * 12 + day.month - first.month
        steps = months if pattern.freq is Freq.MONTHLY else day.year - first.year
    return steps % pattern.interval == 0


def _is_day(pattern: Pattern, day: date) -> bool:
    last = monthrange(day.year, day.month)[1]
    if pattern.months and day.month not in pattern.months:
        return False
    if pattern.month_days:
        return day.day in pattern.month_days or (-1 in pattern.month_days and day.day == last)
    if pattern.weekdays:
        return any(day.weekday() == weekday and _is_nth(nth, day, last) for nth, weekday in pattern.weekdays)
    return True


def _is_nth(nth: int, day: date, last: int) -> bool:
    return nth == 0 or (day.day + 7 > last if nth == -1 else (day.day - 1) // 7 + 1 == nth)

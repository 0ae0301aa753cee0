"""Reckons recurrences with python-dateutil, in bounded time however old a rule is.

dateutil walks from the start of a rule, and forever where nothing matches
(https://dateutil.readthedocs.io/en/stable/rrule.html). So a rule without a count is begun anew near the instant that
is asked about, in step with its interval, and every walk ends at a horizon. Not here: which rules are taken
(``domain.when.pattern``), and the rule of the two changes of time (``domain.when.walltime``).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from adapters.calendar.zones import tz_of, zone_names
from domain.when.pattern import Freq, Pattern
from domain.when.values import Occurrence, Rule, Zone
from domain.when.walltime import moment_at, resolve, seconds_of

_FREQS: Mapping[Freq, Literal[0, 1, 2, 3]] = {
    Freq.DAILY: DAILY,
    Freq.WEEKLY: WEEKLY,
    Freq.MONTHLY: MONTHLY,
    Freq.YEARLY: YEARLY,
}
# The longest gap of any zone: Apia left out a whole day in 2011.
_GAP_MAX = timedelta(days=2)
# A yearly rule on the fifth of a weekday in February fires every 28 years, and across 2100 every 40.
_HORIZON = timedelta(days=366 * 60)
_YEAR_MAX = 9000


class DateutilCalendar:
    """The Calendar port by tzdata and python-dateutil."""

    def tz(self, zone: Zone) -> tzinfo:
        """Return the zone's offsets. Raises UnknownZone."""
        return tz_of(zone)

    def names(self) -> Collection[str]:
        """Return the IANA names of all zones."""
        return zone_names()

    def next_after(self, rule: Rule, instant_s: int) -> Occurrence | None:
        """Return the first occurrence strictly after the instant; None where there is none."""
        if rule.pattern.elapsed:
            return _next_elapsed(rule, instant_s, tz_of(rule.zone))
        return _next_by_the_clock(rule, instant_s, tz_of(rule.zone))


def _next_elapsed(rule: Rule, instant_s: int, tz: tzinfo) -> Occurrence | None:
    """Hours and minutes are elapsed time, so the next one is reckoned at once."""
    pattern = rule.pattern
    start_s = seconds_of(rule.start)
    step = max(0, (instant_s - start_s) // pattern.period_s + 1)
    at_s = start_s + step * pattern.period_s
    if pattern.count is not None and step >= pattern.count:
        return None
    if pattern.until_s is not None and at_s > pattern.until_s:
        return None
    return Occurrence(at_s, moment_at(at_s, rule.zone, tz).local)


def _next_by_the_clock(rule: Rule, instant_s: int, tz: tzinfo) -> Occurrence | None:
    """The least instant after the given one, among the wall times around it.

    A wall time that is moved over a gap may come after one that is later on the clock, so the walk goes on until no
    wall time can be earlier than what was found.
    """
    pattern = rule.pattern
    local = moment_at(instant_s, rule.zone, tz).local
    best: Occurrence | None = None
    for nominal in _walk(rule, local - _GAP_MAX):
        if best is not None and nominal > best.nominal + _GAP_MAX:
            break
        at_s = resolve(nominal, tz).at_s
        if pattern.until_s is not None and at_s > pattern.until_s:
            if best is not None or nominal > moment_at(pattern.until_s, rule.zone, tz).local + _GAP_MAX:
                break
            continue
        if at_s > instant_s and (best is None or at_s < best.at_s):
            best = Occurrence(at_s, nominal)
    return best


def _walk(rule: Rule, after: datetime) -> Iterator[datetime]:
    """Yield the wall times of a rule from ``after`` on."""
    pattern = rule.pattern
    begin = rule.start if pattern.count is not None else _in_step(rule, after)
    end = max(after, rule.start) + _HORIZON
    if end.year > _YEAR_MAX:
        return
    walked = rrule(
        _FREQS[pattern.freq],
        dtstart=begin,
        interval=pattern.interval,
        wkst=0,
        count=pattern.count,
        until=None if pattern.count is not None else end,
        bymonth=pattern.months or None,
        bymonthday=pattern.month_days or None,
        byweekday=[weekday(day, nth or None) for nth, day in pattern.weekdays] or None,
        byhour=tuple(pattern.hours),
        byminute=(pattern.minute,),
        bysecond=(0,),
        bysetpos=tuple(pattern.positions) or None,
    )
    for nominal in walked:
        if nominal > end:
            return
        if nominal >= max(rule.start, after):
            yield nominal


def _in_step(rule: Rule, after: datetime) -> datetime:
    """Return a beginning shortly before ``after`` from which the rule fires as it does from its start."""
    start, pattern = rule.start, rule.pattern
    floor = _floor(start, pattern)
    if after <= start:
        return floor
    if pattern.freq in (Freq.DAILY, Freq.WEEKLY):
        length = timedelta(days=pattern.interval * (7 if pattern.freq is Freq.WEEKLY else 1))
        return floor + (after - floor) // length * length
    months = pattern.interval * (12 if pattern.freq is Freq.YEARLY else 1)
    steps = ((after.year - floor.year) * 12 + after.month - floor.month) // months
    total = floor.year * 12 + floor.month - 1 + steps * months
    return floor.replace(year=total // 12, month=total % 12 + 1)


def _floor(start: datetime, pattern: Pattern) -> datetime:
    """Return the beginning of the day, week, month or year of the start."""
    day = start.replace(hour=0, minute=0, second=0)
    if pattern.freq is Freq.WEEKLY:
        return day - timedelta(days=day.weekday())
    if pattern.freq is Freq.MONTHLY:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if pattern.freq is Freq.YEARLY else day

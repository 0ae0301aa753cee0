"""From what a phrase states to the moment it means, seen from now.

What is past is never moved to the future silently, and what may mean two things is asked. Not here: recurrences
(``domain.when.recurring``), nor the words.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import islice

from attrs import frozen

from domain.when.clocktime import Wall, wall_of
from domain.when.facts import Date, FromToday, MonthDay, NextUnit, NthDay, OpenDate, Span, Weekday, Weekend
from domain.when.reading import Day, Reading
from domain.when.values import Moment, Note, Question, Reason, Zone
from domain.when.walltime import Change, Resolved, moment_at, resolve

# Where a day is named without a time.
DEFAULT_TIME = time(9)
YEARS_MAX = 50
# The day of a month that is its last.
LAST = -1
_ABSOLUTE_S = {"second": 1, "minute": 60, "hour": 3600}
_MINUTE_S = 60


class Refusal(Exception):
    """The phrase cannot be taken."""

    def __init__(self, reason: Reason, **values: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.values = values


@frozen
class Now:
    """Now, and the zone whose wall clock counts."""

    at_s: int
    zone: Zone
    tz: tzinfo
    # The offset that was named beside the zone, which tells two equal wall times apart.
    offset: timedelta | None = None

    @property
    def local(self) -> datetime:
        """What the wall clock shows."""
        return moment_at(self.at_s, self.zone, self.tz).local

    def resolve(self, local: datetime) -> Resolved:
        """Return the instant of a wall time: by the rule, or the one of two that has the offset that was named."""
        found = resolve(local, self.tz)
        if self.offset is None or found.change is not Change.FOLD:
            return found
        moment = moment_at(found.at_s, self.zone, self.tz)
        other = moment_at(
            found.at_s + (moment.offset - self.offset) // timedelta(seconds=1), self.zone, self.tz
        )
        return (
            Resolved(other.at_s, Change.NONE)
            if other.offset == self.offset
            else Resolved(found.at_s, Change.NONE)
        )


@frozen
class Meant:
    """The moments that a phrase may mean. One is understood; several, or a question with one, are asked about."""

    moments: tuple[tuple[Moment, tuple[Note, ...]], ...]
    question: Question | None = None


def meant(reading: Reading, now: Now) -> Meant:
    """Return what a phrase without recurrence means. Raises Refusal, NoSuchTime."""
    if reading.span is not None:
        return _after(reading, reading.span, now)
    wall = wall_of(reading.clocks[0] if reading.clocks else None, reading.part)
    if reading.day is None:
        return _next(wall, now)
    choices = _days_of(reading.day, now)
    if reading.weekday is not None:
        choices = _on_weekday(choices, reading, now)
    if wall is None and isinstance(reading.day, FromToday) and reading.day.days == 0:
        return Meant((), Question.WHAT_TIME)
    if wall is not None and wall.midnight:
        return _midnights(choices, now)
    return _on_days(choices, wall if wall is not None else Wall((DEFAULT_TIME,)), now)


@frozen
class _Days:
    """The days that may be meant, the question between them, and where the next is when one is past."""

    days: tuple[date, ...]
    question: Question | None = None
    following: Callable[[date], date | None] = lambda _: None
    # Whether a day whose time is past simply falls away (friday, said on a friday).
    drop_past: bool = False
    # Whether to ask even where only one of the days is still ahead.
    asks: bool = False


def moment_of(local: datetime, now: Now) -> tuple[Moment, tuple[Note, ...]]:
    """Return the moment at which the wall clock shows ``local``, and what is to be said about it."""
    found = now.resolve(local)
    moment = moment_at(found.at_s, now.zone, now.tz)
    if found.change is Change.GAP:
        return moment, (Note("gap", {"asked": f"{local:%H:%M}", "given": f"{moment.local:%H:%M}"}),)
    if found.change is Change.FOLD:
        return moment, (Note("fold", {"asked": f"{local:%H:%M}"}),)
    return moment, ()


def check_horizon(local: datetime, now: Now) -> datetime:
    """Return ``local``. Raises Refusal where it is absurdly far away."""
    if local.year > now.local.year + YEARS_MAX:
        raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
    return local


def _next(wall: Wall | None, now: Now) -> Meant:
    """A time without a day: the next one."""
    if wall is None:
        raise Refusal(Reason.NO_TIME)
    today = now.local.date()
    found = []
    for each in wall.times:
        for day in (today, today + timedelta(days=1)):
            moment = moment_of(datetime.combine(day, each), now)
            if moment[0].at_s > now.at_s:
                found.append(moment)
                break
    found.sort(key=lambda pair: pair[0].at_s)
    return Meant(tuple(found), Question.WHICH_HOUR if len(found) > 1 else None)


def _on_days(choices: _Days, wall: Wall, now: Now) -> Meant:
    """Each time on each day, without what is past; nothing left is the past."""
    shift = timedelta(days=1 if wall.day_after else 0)
    all_of = [
        moment_of(datetime.combine(day + shift, each), now) for day in choices.days for each in wall.times
    ]
    ahead = tuple(pair for pair in all_of if pair[0].at_s > now.at_s)
    for pair in ahead:
        check_horizon(pair[0].local, now)
    if not ahead:
        following = choices.following(choices.days[-1])
        if following is None:
            raise Refusal(Reason.PAST)
        again = tuple(moment_of(datetime.combine(following + shift, each), now) for each in wall.times)
        if choices.drop_past and len(again) == 1:
            return Meant(again)
        return Meant(again, Question.WHICH_HOUR if choices.drop_past else Question.PAST)
    if len(ahead) == 1:
        return Meant(ahead, choices.question if choices.asks else None)
    return Meant(ahead, choices.question if len(choices.days) > 1 else Question.WHICH_HOUR)


def _midnights(choices: _Days, now: Now) -> Meant:
    """Midnight of a day is the one that begins it or the one that ends it; today's can only be the one to come."""
    days = choices.days
    found = [
        moment_of(datetime.combine(day + timedelta(days=more), time(0)), now)
        for day in days
        for more in (0, 1)
    ]
    ahead = tuple(pair for pair in found if pair[0].at_s > now.at_s)
    if not ahead:
        raise Refusal(Reason.PAST)
    return Meant(ahead, Question.WHICH_MIDNIGHT if len(ahead) > 1 else None)


def _on_weekday(choices: _Days, reading: Reading, now: Now) -> _Days:
    """A weekday beside a date must be the date's; otherwise either was meant."""
    fitting = tuple(day for day in choices.days if day.weekday() == reading.weekday)
    if fitting:
        return _Days(fitting, choices.question, choices.following, choices.drop_past)
    assert reading.weekday is not None
    ahead = (reading.weekday - now.local.weekday()) % 7
    return _Days((*choices.days[:1], now.local.date() + timedelta(days=ahead)), Question.WEEKDAY, asks=True)


# Days


def _days_of(day: Day, now: Now) -> _Days:
    today = now.local.date()
    if isinstance(day, FromToday):
        found = today + timedelta(days=day.days)
        return _Days(
            (found,), following=(lambda past: past + timedelta(days=1)) if day.days == 0 else lambda _: None
        )
    if isinstance(day, Weekday):
        return _weekdays(day, today)
    if isinstance(day, Weekend):
        which = "coming" if not day.which and today.weekday() < 5 else day.which
        return _weekdays(Weekday(5, which), today)
    if isinstance(day, NextUnit):
        return _Days((_first_of_next(day.unit, today),))
    if isinstance(day, MonthDay):
        return _month_day(day.day, today)
    if isinstance(day, NthDay):
        return _nth_day(day, today)
    if isinstance(day, OpenDate):
        return _open_date(day, today)
    return _date(day, today)


def day_of(day: Day, now: Now, *, last: bool = False) -> date:
    """Return the one day that is meant. Raises Refusal where it is several."""
    found = _days_of(day, now)
    if len(found.days) > 1 and found.question is not Question.WHICH_DAY:
        raise Refusal(Reason.NOT_TOGETHER)
    return found.days[-1 if last else 0]


def _weekdays(day: Weekday, today: date) -> _Days:
    ahead = (day.weekday - today.weekday()) % 7
    week = timedelta(days=7)
    if day.which == "last":
        raise Refusal(Reason.PAST)
    if day.which == "next":
        return _Days((today - timedelta(days=today.weekday()) + week + timedelta(days=day.weekday),))
    coming = today + timedelta(days=ahead or 7)
    if day.which == "coming":
        return _Days((coming,))
    if day.which == "this":
        found = today + timedelta(days=day.weekday - today.weekday())
        return _Days((found,), following=lambda past: past + week)
    if ahead == 0:
        return _Days((today, today + week), Question.WHICH_DAY, lambda past: past + week, drop_past=True)
    return _Days((coming,))


def _first_of_next(unit: str, today: date) -> date:
    if unit == "week":
        return today + timedelta(days=7 - today.weekday())
    if unit == "month":
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return date(today.year + 1, 1, 1)


def _month_day(day: int, today: date) -> _Days:
    """The next month that has the day, this one first; the last day always is."""
    if not (day == LAST or 1 <= day <= 31):
        raise Refusal(Reason.NO_SUCH_DATE)
    months = [d for d in _months(today, 4) if day == LAST or day <= monthrange(d.year, d.month)[1]]
    found = [d.replace(day=monthrange(d.year, d.month)[1] if day == LAST else day) for d in months]
    ahead = [each for each in found if each >= today]
    return _Days((ahead[0],), following=lambda _: ahead[1])


def _nth_day(day: NthDay, today: date) -> _Days:
    """The next month that has so many of the weekday, this one first."""
    years = range(today.year, today.year + 2 * YEARS_MAX)
    firsts = _months(today, 12) if day.month is None else (date(year, day.month, 1) for year in years)
    coming = islice((found for found in _nths(day, firsts) if found >= today), 2)
    first, second = coming
    return _Days((first,), following=lambda _: second)


def _nths(day: NthDay, firsts: Iterable[date]) -> Iterator[date]:
    """Yield the nth weekday of each month that has it."""
    for first in firsts:
        ahead = (day.weekday - first.weekday()) % 7
        days = range(1 + ahead, monthrange(first.year, first.month)[1] + 1, 7)
        if day.nth <= len(days):
            yield first.replace(day=days[day.nth if day.nth < 0 else day.nth - 1])


def _months(today: date, count: int) -> Iterator[date]:
    first = today.replace(day=1)
    for _ in range(count):
        yield first
        first = (first + timedelta(days=32)).replace(day=1)


def _open_date(day: OpenDate, today: date) -> _Days:
    both = [Date(day.first, day.second, day.year), Date(day.second, day.first, day.year)]
    found = []
    for each in dict.fromkeys(both):
        try:
            found.append(_date(each, today).days[0])
        except Refusal as refusal:
            if refusal.reason is not Reason.NO_SUCH_DATE:
                raise
    if not found:
        raise Refusal(Reason.NO_SUCH_DATE)
    return _Days(tuple(found), Question.WHICH_ORDER, _a_year_on if day.year is None else lambda _: None)


def _date(day: Date, today: date) -> _Days:
    if day.year is not None:
        if day.year > today.year + YEARS_MAX:
            raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
        return _Days((_valid(day.year, day.month, _day_in(day, day.year)),))
    if day.day == LAST:
        return _last_of_month(day.month, today)
    leap = next(year for year in range(today.year, today.year + 9) if year % 4 == 0 and year % 100)
    _valid(leap, day.month, day.day)
    years = range(today.year, today.year + 9)
    found = [date(year, day.month, day.day) for year in years if _is_valid(year, day.month, day.day)]
    return _Days((next(each for each in found if each >= today),), following=_a_year_on)


def _day_in(day: Date, year: int) -> int:
    """Return the day of the month, the last one by its number."""
    return monthrange(year, day.month)[1] if day.day == LAST and 1 <= day.month <= 12 else day.day


def _last_of_month(month: int, today: date) -> _Days:
    """The next last day of a month that is named."""
    years = (today.year, today.year + 1, today.year + 2)
    ahead = [
        last for last in (date(year, month, monthrange(year, month)[1]) for year in years) if last >= today
    ]
    return _Days((ahead[0],), following=lambda _: ahead[1])


def _a_year_on(past: date) -> date | None:
    years = range(past.year + 1, past.year + 9)
    return next((past.replace(year=year) for year in years if _is_valid(year, past.month, past.day)), None)


def _is_valid(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _valid(year: int, month: int, day: int) -> date:
    if not _is_valid(year, month, day):
        raise Refusal(Reason.NO_SUCH_DATE)
    return date(year, month, day)


# Lengths of time


def _after(reading: Reading, span: Span, now: Now) -> Meant:
    """In so long. Hours and minutes are elapsed time; days and more keep the time on the wall clock."""
    wall = wall_of(reading.clocks[0] if reading.clocks else None, reading.part)
    seconds = sum(amount * _ABSOLUTE_S[unit] for amount, unit in span.parts if unit in _ABSOLUTE_S) // 1000
    calendar = [(amount, unit) for amount, unit in span.parts if unit not in _ABSOLUTE_S]
    if wall is not None and (seconds or not calendar):
        raise Refusal(Reason.NOT_TOGETHER)
    if seconds > YEARS_MAX * 366 * 86400:
        raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
    if not calendar:
        if seconds < _MINUTE_S:
            raise Refusal(Reason.TOO_SOON)
        return Meant(((moment_at(_whole_minute(now.at_s + seconds), now.zone, now.tz), ()),))
    day = now.local.replace(second=0, microsecond=0)
    for amount, unit in calendar:
        if amount % 1000:
            raise Refusal(Reason.NOT_TOGETHER)
        day = check_horizon(_plus(day, amount // 1000, unit), now)
    if wall is not None:
        return _on_days(_Days((day.date(),)), wall, now)
    moment, notes = moment_of(day, now)
    if seconds:
        return Meant(((moment_at(moment.at_s + seconds, now.zone, now.tz), notes),))
    if moment.at_s <= now.at_s:
        raise Refusal(Reason.TOO_SOON)
    return Meant(((moment, notes),))


def _whole_minute(at_s: int) -> int:
    return (at_s + _MINUTE_S // 2) // _MINUTE_S * _MINUTE_S


def _plus(local: datetime, amount: int, unit: str) -> datetime:
    """Return the wall time so many units later; in a month that is too short it is the last day."""
    if amount > YEARS_MAX * 366:
        raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
    if unit in ("day", "week"):
        return local + timedelta(days=amount * (7 if unit == "week" else 1))
    months = local.month - 1 + amount * (12 if unit == "year" else 1)
    year, month = local.year + months // 12, months % 12 + 1
    if year > local.year + YEARS_MAX:
        raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
    return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))

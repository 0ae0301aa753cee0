"""From what a phrase states to the rule it means: a pattern of RFC 5545 and its first occurrence after now.

"The 31st" of every month is the last day of a shorter one, as people mean it. Not here: single moments
(``domain.when.meaning``), nor how a rule goes on (the Calendar port).
"""

from datetime import UTC, date, datetime, time, timedelta

from attrs import evolve, frozen

from domain.when.clocktime import wall_of
from domain.when.facts import Date, Every, FromToday, MonthDay, NthDay, OpenDate, Weekday
from domain.when.meaning import DEFAULT_TIME, YEARS_MAX, Now, Refusal, day_of
from domain.when.pattern import COUNT_MAX, INTERVAL_MAX, PERIOD_MINUTES_MIN, Freq, Pattern
from domain.when.reading import DAYS_OF_WEEK, SHORTEST_MONTH, Day, NotUnderstood, Reading, Several
from domain.when.values import NextAfter, Occurrence, Question, Reason, Rule
from domain.when.walltime import resolve, utc_of

FREQS = {
    "minute": Freq.MINUTELY,
    "hour": Freq.HOURLY,
    "day": Freq.DAILY,
    "week": Freq.WEEKLY,
    "month": Freq.MONTHLY,
    "year": Freq.YEARLY,
}
CLOCKS_MAX = 12
# What is offered where somebody says how often a day, but not when.
TIMES_OF_DAY = {2: (9, 21), 3: (8, 14, 20)}


@frozen
class MeantRules:
    """The rules that a phrase may mean, each with its first occurrence. Several are asked about."""

    rules: tuple[tuple[Rule, Occurrence], ...]
    question: Question | None = None


@frozen
class _Times:
    hours: tuple[int, ...]
    minute: int


def rules_meant(reading: Reading, now: Now, next_after: NextAfter) -> MeantRules:
    """Return what a phrase with a recurrence means. Raises Refusal, NoSuchTime, Several."""
    reading = _in_weeks(reading)
    assert reading.every is not None
    if reading.every.unit == "second":
        raise Refusal(Reason.TOO_OFTEN, minutes=str(PERIOD_MINUTES_MIN))
    freq, interval = FREQS[reading.every.unit], reading.every.interval
    if freq is Freq.MINUTELY and interval < PERIOD_MINUTES_MIN:
        raise Refusal(Reason.TOO_OFTEN, minutes=str(PERIOD_MINUTES_MIN))
    if freq is Freq.MINUTELY and interval % 60 == 0:
        freq, interval = Freq.HOURLY, interval // 60
    if interval > INTERVAL_MAX[freq]:
        raise Refusal(Reason.TOO_FAR, years=str(YEARS_MAX))
    if reading.count is not None and not 1 <= reading.count <= COUNT_MAX:
        raise Refusal(Reason.TOO_MANY, most=str(COUNT_MAX))
    if freq in (Freq.MINUTELY, Freq.HOURLY):
        return MeantRules((_elapsed(reading, freq, interval, now, next_after),))
    reading = _started(reading, freq)
    start = _start(reading, now)
    vague = freq in (Freq.MONTHLY, Freq.YEARLY) and reading.day is None and not reading.nths
    if vague and any(clock.weak for clock in reading.clocks):
        raise NotUnderstood
    choices, question = _patterns(reading, freq, interval, start)
    times, asked = _times(reading)
    if reading.per is not None:
        times = _times_of_day(reading, reading.per, times)
        question = None if reading.clocks else Question.WHICH_TIMES
    found = [
        _first(evolve(pattern, hours=each.hours, minute=each.minute), reading, start, now, next_after)
        for pattern in choices
        for each in times
    ]
    return MeantRules(tuple(found), question or (Question.WHICH_HOUR if asked else None))


def _in_weeks(reading: Reading) -> Reading:
    """Return the reading with every 14 days on a monday as every 2 weeks."""
    every, day = reading.every, reading.day
    if every is None or every.unit != "day" or every.interval % DAYS_OF_WEEK or not isinstance(day, Weekday):
        return reading
    return evolve(reading, every=Every("week", every.interval // DAYS_OF_WEEK))


def _started(reading: Reading, freq: Freq) -> Reading:
    """Return the reading with its day as its start, where the day is none that recurs: tomorrow 18:00 every week."""
    day = reading.day
    recurs = (
        day is None
        or (isinstance(day, Weekday) and not day.which)
        or (isinstance(day, MonthDay) and freq is Freq.MONTHLY)
        or (isinstance(day, Date | OpenDate) and freq is Freq.YEARLY and day.year is None)
    )
    if recurs:
        return reading
    if reading.start is not None or isinstance(day, NthDay):
        raise Several
    return evolve(reading, day=None, start=day, start_weekday=reading.weekday, weekday=None)


def _start(reading: Reading, now: Now) -> date:
    """Return the first day that counts."""
    if reading.start is None:
        return now.local.date()
    start = day_of(reading.start, now)
    if start < now.local.date():
        raise Refusal(Reason.PAST)
    if reading.start_weekday is not None and start.weekday() != reading.start_weekday:
        raise Refusal(Reason.NO_SUCH_DATE)
    return start


def _times(reading: Reading) -> tuple[list[_Times], bool]:
    """Return the times of day to choose from, and whether there is a choice."""
    if len(reading.clocks) <= 1:
        wall = wall_of(reading.clocks[0] if reading.clocks else None, reading.part)
        times = wall.times if wall is not None else (DEFAULT_TIME,)
        return [_Times((each.hour,), each.minute) for each in times], len(times) > 1
    if len(reading.clocks) > CLOCKS_MAX or reading.part is not None:
        raise Refusal(Reason.NOT_TOGETHER)
    # Beside others an hour is what it says, since two questions at once are no clear question.
    walls = tuple(wall_of(evolve(clock, bare=False), None) for clock in reading.clocks)
    each_time = sorted({wall.times[0] for wall in walls if wall is not None})
    if len({each.minute for each in each_time}) > 1:
        raise Refusal(Reason.NOT_TOGETHER)
    return [_Times(tuple(each.hour for each in each_time), each_time[0].minute)], False


def _times_of_day(reading: Reading, per: int, named: list[_Times]) -> list[_Times]:
    """Return the times of what is so often a day: those that are named, or what is to be asked."""
    if reading.part is not None or (reading.clocks and [len(each.hours) for each in named] != [per]):
        raise NotUnderstood
    if reading.clocks:
        return named
    if per not in TIMES_OF_DAY:
        raise NotUnderstood
    return [_Times(TIMES_OF_DAY[per], 0)]


def _patterns(
    reading: Reading, freq: Freq, interval: int, start: date
) -> tuple[list[Pattern], Question | None]:
    """Return the patterns to choose from, still without their times, and the question."""
    if reading.nths:
        return [_by_nth(reading, freq, interval, start)], None
    if reading.days is not None or isinstance(reading.day, Weekday):
        return _by_weekday(reading, freq, interval)
    if freq is Freq.DAILY and reading.day is None:
        return [_blank(freq, interval)], None
    if freq is Freq.WEEKLY and reading.day is None:
        return [_blank(freq, interval, weekdays=((0, start.weekday()),))], None
    return [_by_date(reading.day, freq, interval, start)], None


def _blank(
    freq: Freq,
    interval: int,
    *,
    weekdays: tuple[tuple[int, int], ...] = (),
    month_days: tuple[int, ...] = (),
    months: tuple[int, ...] = (),
    last_only: bool = False,
) -> Pattern:
    return Pattern(
        freq,
        interval,
        hours=(0,),
        weekdays=weekdays,
        month_days=month_days,
        months=months,
        last_only=last_only,
    )


def _by_nth(reading: Reading, freq: Freq, interval: int, start: date) -> Pattern:
    if reading.days is not None or reading.day is not None or freq not in (Freq.MONTHLY, Freq.YEARLY):
        raise Several
    if not all(each.nth == -1 or 1 <= each.nth <= 5 for each in reading.nths):
        raise Refusal(Reason.NO_SUCH_DATE)
    weekdays = tuple((each.nth, each.weekday) for each in reading.nths)
    if freq is Freq.YEARLY:
        return _blank(freq, interval, weekdays=weekdays, months=(reading.month or start.month,))
    if reading.month is not None:
        raise Several
    return _blank(freq, interval, weekdays=weekdays)


def _by_weekday(reading: Reading, freq: Freq, interval: int) -> tuple[list[Pattern], Question | None]:
    days = reading.days.weekdays if reading.days is not None else ()
    if isinstance(reading.day, Weekday):
        if reading.day.which:
            raise Several
        days = (*days, reading.day.weekday)
    elif reading.day is not None:
        raise Several
    weekly = _blank(Freq.WEEKLY, interval, weekdays=tuple((0, day) for day in sorted(set(days))))
    nth = reading.days.nth if reading.days is not None else 0
    if freq is Freq.MONTHLY:
        # "monthly on friday" says neither which friday nor that it is all of them.
        first = _blank(freq, interval, weekdays=tuple((1, day) for day in days))
        last = _blank(freq, interval, weekdays=tuple((-1, day) for day in days))
        return [first, last], Question.WHICH_RULE
    if nth and interval == nth:
        monthly = _blank(Freq.MONTHLY, 1, weekdays=tuple((nth, day) for day in days))
        return [weekly, monthly], Question.WHICH_RULE
    if freq is Freq.YEARLY or (freq is Freq.DAILY and interval > 1):
        raise Several
    return [weekly], None


def _by_date(day: Day | None, freq: Freq, interval: int, start: date) -> Pattern:
    if freq is Freq.MONTHLY and isinstance(day, MonthDay | None):
        number = day.day if day is not None else start.day
        if not (number == -1 or 1 <= number <= 31):
            raise Refusal(Reason.NO_SUCH_DATE)
        if number > SHORTEST_MONTH:
            return _blank(freq, interval, month_days=tuple(range(SHORTEST_MONTH, number + 1)), last_only=True)
        return _blank(freq, interval, month_days=(number,))
    if freq is Freq.YEARLY and isinstance(day, Date | OpenDate | None):
        return _yearly(day, interval, start)
    raise Several


def _yearly(day: Date | OpenDate | None, interval: int, start: date) -> Pattern:
    if isinstance(day, OpenDate):
        if day.first != day.second and max(day.first, day.second) <= 12:
            raise Refusal(Reason.NOT_TOGETHER)
        day = Date(max(day.first, day.second), min(day.first, day.second), day.year)
    if day is not None and day.year is not None:
        raise Several
    number, month = (day.day, day.month) if day is not None else (start.day, start.month)
    if not 1 <= month <= 12 or not 1 <= number <= (date(2000, month % 12 + 1, 1) - timedelta(days=1)).day:
        raise Refusal(Reason.NO_SUCH_DATE)
    if (number, month) == (29, 2):
        return _blank(Freq.YEARLY, interval, months=(2,), month_days=(28, 29), last_only=True)
    return _blank(Freq.YEARLY, interval, months=(month,), month_days=(number,))


def _first(
    pattern: Pattern, reading: Reading, start: date, now: Now, next_after: NextAfter
) -> tuple[Rule, Occurrence]:
    """Return the rule from its first occurrence on, which sets the beat where several units lie between two."""
    everyone = evolve(pattern, interval=1)
    begin = datetime.combine(start, time(0))
    after_s = max(now.at_s, resolve(begin, now.tz).at_s - 1)
    found = next_after(Rule(everyone, begin - timedelta(days=1), now.zone), after_s)
    if found is None:
        raise Refusal(Reason.NEVER)
    until_s = _until(reading, found.nominal, now)
    if until_s is not None and until_s < found.at_s:
        raise Refusal(Reason.NEVER)
    return Rule(evolve(pattern, count=reading.count, until_s=until_s), found.nominal, now.zone), found


def _elapsed(
    reading: Reading, freq: Freq, interval: int, now: Now, next_after: NextAfter
) -> tuple[Rule, Occurrence]:
    """Every so many hours or minutes, beginning one interval from now or when it says."""
    if reading.days is not None or reading.nths or reading.day is not None or reading.part is not None:
        raise Refusal(Reason.NOT_TOGETHER)
    pattern = Pattern(freq, interval, count=reading.count)
    if len(reading.clocks) > 1:
        raise Refusal(Reason.NOT_TOGETHER)
    if reading.clocks or reading.start is not None:
        at_s = _elapsed_start(reading, now)
    else:
        at_s = (now.at_s + pattern.period_s + 30) // 60 * 60
    local = utc_of(at_s).replace(tzinfo=UTC).astimezone(now.tz).replace(tzinfo=None)
    until_s = _until(reading, local, now)
    if until_s is not None and until_s < at_s:
        raise Refusal(Reason.NEVER)
    rule = Rule(evolve(pattern, until_s=until_s), utc_of(at_s), now.zone)
    first = next_after(rule, at_s - 1)
    if first is None:
        raise Refusal(Reason.NEVER)
    return rule, first


def _elapsed_start(reading: Reading, now: Now) -> int:
    wall = wall_of(reading.clocks[0], None) if reading.clocks else None
    clock = wall.times[0] if wall is not None else DEFAULT_TIME
    day = _start(reading, now)
    at_s = now.resolve(datetime.combine(day, clock)).at_s
    if at_s <= now.at_s:
        if reading.start is not None and not isinstance(reading.start, FromToday):
            raise Refusal(Reason.PAST)
        at_s = resolve(datetime.combine(day + timedelta(days=1), clock), now.tz).at_s
    return at_s


def _until(reading: Reading, first: datetime, now: Now) -> int | None:
    """Return the last second that counts: the end of the day that is named."""
    if reading.lasting is not None:
        days = {"day": 1, "week": 7, "month": 30, "year": 365}.get(reading.lasting.unit)
        if days is None or not 1 <= reading.lasting.amount * days <= YEARS_MAX * 365:
            raise Refusal(Reason.NOT_TOGETHER)
        last = first.date() + timedelta(days=reading.lasting.amount * days - 1)
    elif reading.until is not None:
        last = day_of(reading.until, now, last=True)
        if last < now.local.date():
            raise Refusal(Reason.PAST)
    else:
        return None
    return resolve(datetime.combine(last + timedelta(days=1), time(0)), now.tz).at_s - 1

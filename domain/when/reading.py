"""Puts the facts of a phrase in order: one day, one time, one frequency; or says that they are several.

Not here: what day it is now (``domain.when.meaning``).
"""

from collections.abc import Sequence
from typing import Any

from attrs import evolve, field, frozen

from domain.when.facts import (
    DAY_FACTS,
    BadZone,
    Clock,
    Count,
    Date,
    Days,
    Every,
    Fact,
    FromToday,
    InMonth,
    InZone,
    Lasting,
    Mark,
    MonthDay,
    NextUnit,
    Nth,
    NthDay,
    OpenDate,
    Part,
    Per,
    Span,
    Weekday,
    Weekend,
)

# A day that not every month has is the last day of a month that lacks it.
SHORTEST_MONTH = 28
DAYS_OF_WEEK = 7
Day = Date | OpenDate | MonthDay | FromToday | Weekday | Weekend | NextUnit | NthDay


class Several(ValueError):
    """The facts are more than one time."""


class NotUnderstood(ValueError):
    """The facts are times, but what they mean together is not known: three times daily."""


class Loose(ValueError):
    """The facts are a time only by accident: a lone number more."""


@frozen
class Reading:
    """The facts of one phrase, each in its place."""

    clocks: tuple[Clock, ...] = ()
    part: Part | None = None
    day: Day | None = None
    # A weekday beside a date that names the day already.
    weekday: int | None = None
    span: Span | None = None
    every: Every | None = None
    days: Days | None = None
    nths: tuple[Nth, ...] = ()
    month: int | None = None
    start: Day | None = None
    start_weekday: int | None = None
    until: Day | None = None
    until_weekday: int | None = None
    count: int | None = None
    lasting: Lasting | None = None
    # How often in the unit of ``every``, where the times are to be named beside it.
    per: int | None = None
    zone: str | None = None
    bad_zone: str | None = None
    marks: tuple[str, ...] = field(default=())


def reading_of(facts: Sequence[Fact]) -> Reading:
    """Return the facts in order. Raises Several, Loose."""
    reading, mark = Reading(), ""
    recurs = any(isinstance(fact, Every | Per) for fact in facts)
    for fact in facts:
        if isinstance(fact, Mark):
            if mark and getattr(reading, mark) is None:
                raise Several
            mark = fact.name
        elif isinstance(fact, DAY_FACTS):
            reading, mark = _with_day(reading, fact, mark)
        else:
            reading = _with(reading, fact, recurs=recurs)
    until_time = (
        mark == "until" and reading.every is None and reading.day is None and len(reading.clocks) == 1
    )
    if mark and getattr(reading, mark) is None and not until_time:
        raise Several
    if reading.every is None and reading.start is not None and reading.until is not None:
        raise Several
    if reading.every is None and reading.day is None:
        # "until friday" of something that does not recur is friday.
        day, weekday = (
            (reading.until, reading.until_weekday)
            if reading.until
            else (reading.start, reading.start_weekday)
        )
        reading = evolve(reading, day=day, weekday=weekday, until=None, start=None)
    reading = _without_month_twice(reading)
    if not _together(reading):
        raise Several
    if reading.every is not None and reading.weekday is not None and isinstance(reading.day, MonthDay):
        raise Several
    return reading


def _without_month_twice(reading: Reading) -> Reading:
    """Return "monthly on the last friday of the month" as "monthly on the last friday"."""
    day = reading.day
    if reading.every is None or not isinstance(day, NthDay) or day.month is not None:
        return reading
    return evolve(reading, day=None, nths=(*reading.nths, Nth(day.nth, day.weekday)))


def _with_day(reading: Reading, day: Day, mark: str) -> tuple[Reading, str]:
    name = mark or "day"
    before = getattr(reading, name)
    dated = Date | OpenDate | MonthDay
    if before is None:
        # A weekday may stand before its date, and the date before its mark is used up.
        change: dict[str, Any] = {name: day}
        return evolve(reading, **change), mark if mark and isinstance(day, Weekday) and not day.which else ""
    extra = {"day": "weekday", "start": "start_weekday", "until": "until_weekday"}.get(name)
    if extra is not None and isinstance(before, Weekday) and not before.which and isinstance(day, dated):
        both: dict[str, Any] = {name: day, extra: before.weekday}
        return evolve(reading, **both), ""
    if (
        isinstance(day, MonthDay)
        and day.day == -1
        and isinstance(before, MonthDay)
        and before.day > SHORTEST_MONTH
    ):
        # "the 31st or the last day" is what the 31st means anyway.
        return reading, ""
    if name == "day" and isinstance(day, Weekday) and not day.which and isinstance(before, dated):
        return evolve(reading, weekday=day.weekday), ""
    if name == "day" and isinstance(day, Weekday) and isinstance(before, NextUnit) and before.unit == "week":
        return evolve(reading, day=Weekday(day.weekday, "next")), ""
    if name == "day" and isinstance(before, Weekday) and isinstance(day, NextUnit) and day.unit == "week":
        return evolve(reading, day=Weekday(before.weekday, "next")), ""
    raise Several


def _with(reading: Reading, fact: Fact, *, recurs: bool) -> Reading:
    if isinstance(fact, Clock):
        if reading.clocks and not recurs:
            raise Loose if fact.weak or any(each.weak for each in reading.clocks) else Several
        return evolve(reading, clocks=(*reading.clocks, fact))
    if isinstance(fact, Per):
        return _with_per(reading, fact)
    if isinstance(fact, Count) and reading.every is None:
        raise NotUnderstood
    if isinstance(fact, Nth):
        return evolve(reading, nths=(*reading.nths, fact))
    if isinstance(fact, Days) and reading.days is not None:
        if reading.days.nth or fact.nth:
            raise Several
        return evolve(reading, days=Days(tuple(sorted({*reading.days.weekdays, *fact.weekdays}))))
    if isinstance(fact, Every) and reading.every is not None:
        return evolve(reading, every=_joined(reading.every, fact))
    name, value = _place(fact)
    if getattr(reading, name) is not None:
        raise Several
    change: dict[str, Any] = {name: value}
    return evolve(reading, **change)


def _with_per(reading: Reading, fact: Per) -> Reading:
    if fact.unit != "day" or reading.every is not None:
        raise NotUnderstood
    return evolve(reading, every=Every("day"), per=fact.count)


def _joined(one: Every, other: Every) -> Every:
    """Return the one frequency that two words mean together: every 2 weeks, every monday."""
    units = {"day": 0, "week": 1, "month": 2, "year": 3}
    if one == other:
        return one
    if one.unit not in units or other.unit not in units or 1 not in (one.interval, other.interval):
        raise Several
    if one.unit == other.unit:
        return one if one.interval > 1 else other
    longer, shorter = sorted((one, other), key=lambda each: -units[each.unit])
    if (longer.unit, shorter.unit) == ("week", "day") and shorter.interval % DAYS_OF_WEEK == 0:
        # "Every 14 days on mondays" is every 2 weeks.
        return Every("week", shorter.interval // DAYS_OF_WEEK)
    if shorter.interval > 1:
        raise Several
    return longer


def _place(fact: Fact) -> tuple[str, object]:
    if isinstance(fact, Count):
        return "count", fact.count
    if isinstance(fact, InMonth):
        return "month", fact.month
    if isinstance(fact, InZone):
        return "zone", fact.name
    if isinstance(fact, BadZone):
        return "bad_zone", fact.name
    places = {Part: "part", Span: "span", Every: "every", Days: "days", Lasting: "lasting"}
    return places[type(fact)], fact


def _together(reading: Reading) -> bool:
    """Tell whether the facts can be one time."""
    if reading.every is None:
        if (
            reading.until
            or reading.start
            or reading.count
            or reading.lasting
            or reading.nths
            or reading.month
        ):
            return False
        if reading.days is not None:
            return False
        return reading.span is None or reading.day is None
    return reading.span is None and not (reading.count and (reading.until or reading.lasting))

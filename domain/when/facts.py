"""What a phrase states: facts, before anyone asks what day it is. Not here: what they mean together (``meaning``)."""

from attrs import frozen


@frozen
class Clock:
    """A time of day as written. ``spare``: without minutes and without a word that makes it one of two hours."""

    hour: int
    minute: int = 0
    bare: bool = False
    # am, pm or nothing.
    half: str = ""
    # Nothing but a number: a time only beside a day.
    weak: bool = False


@frozen
class Part:
    """A part of the day by name."""

    name: str


@frozen
class Date:
    """A date as written; year None where it was not. Day -1 is the last of the month."""

    day: int
    month: int
    year: int | None = None


@frozen
class OpenDate:
    """Two numbers that are a day and a month in an order that is open."""

    first: int
    second: int
    year: int | None = None


@frozen
class MonthDay:
    """A day of a month that was not named; -1 is the last. ``weak``: only a number with an ending."""

    day: int
    weak: bool = False


@frozen
class FromToday:
    """So many days from today."""

    days: int


@frozen
class Weekday:
    """A weekday: ``which`` is empty, ``this``, ``next`` (of the next calendar week), ``coming``, or ``last``."""

    weekday: int
    which: str = ""


@frozen
class Weekend:
    """A weekend, by the same words."""

    which: str = ""


@frozen
class NextUnit:
    """The next week, month or year, as a day: its first."""

    unit: str


@frozen
class Nth:
    """The nth of a weekday in a month, -1 the last."""

    nth: int
    weekday: int


@frozen
class NthDay:
    """One day: the nth of a weekday in a month, -1 the last; month None is the next that has it."""

    nth: int
    weekday: int
    month: int | None = None


@frozen
class InMonth:
    """The month in which an nth weekday is meant."""

    month: int


@frozen
class Span:
    """A length of time from now: pairs of amount in thousandths and unit."""

    parts: tuple[tuple[int, str], ...]


@frozen
class Every:
    """A frequency."""

    unit: str
    interval: int = 1


@frozen
class Days:
    """Weekdays of a recurrence, Monday 0. ``nth`` where "every second monday" leaves open what is counted."""

    weekdays: tuple[int, ...]
    nth: int = 0


@frozen
class Mark:
    """A word about the day that follows it: ``start`` or ``until``."""

    name: str


@frozen
class Count:
    """So many times."""

    count: int


@frozen
class Per:
    """So many times in a unit of time."""

    count: int
    unit: str


@frozen
class Lasting:
    """A recurrence for so long."""

    amount: int
    unit: str


@frozen
class InZone:
    """A zone that was named, folded."""

    name: str


@frozen
class BadZone:
    """An abbreviation of a zone."""

    name: str


Fact = (
    Clock | Part | Date | OpenDate | MonthDay | FromToday | Weekday | Weekend | NextUnit | Nth | Span | Every | Days
    | InMonth | NthDay | Mark | Count | Per | Lasting | InZone | BadZone
)  # fmt: skip
DAY_FACTS = (Date, OpenDate, MonthDay, FromToday, Weekday, Weekend, NextUnit, NthDay)

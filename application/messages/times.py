"""Moments and rules in words: what the bot says it understood.

In full, with the date, the zone and its offset, and such that it is understood as the same again: ``Fri 27 Nov 2026,
09:00 (Europe/Berlin, UTC+1)``, ``every weekday at 09:00 (Europe/Berlin), next Mon 30 Nov 2026``. Not here: wording
around it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from attrs import frozen

from domain.when.pattern import Freq, Pattern
from domain.when.values import Moment, Rule, Understood

_WEEK = (0, 1, 2, 3, 4)


@frozen
class Words:
    """How a language says times. ``every`` has, by frequency, the words for one and for several."""

    weekdays: Sequence[str]
    months: Sequence[str]
    day: Callable[[int], str]
    in_date: str
    ordinals: Mapping[int, str]
    every: Mapping[Freq, tuple[str, str]]
    every_weekday: str
    every_day_of_week: str
    on: str
    on_day: str
    last_day: str
    or_last_day: str
    at: str
    and_time: str
    until: str
    times: str
    next: str
    of: str


_ENGLISH_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
WORDS: Mapping[str, Words] = {
    "en": Words(
        weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        day=lambda day: f"{day}{_ENGLISH_ENDINGS.get(day, 'th')}",
        in_date="{day}",
        ordinals={1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"},
        every={
            Freq.MINUTELY: ("every minute", "every {n} minutes"),
            Freq.HOURLY: ("every hour", "every {n} hours"),
            Freq.DAILY: ("every day", "every {n} days"),
            Freq.WEEKLY: ("every week", "every {n} weeks"),
            Freq.MONTHLY: ("every month", "every {n} months"),
            Freq.YEARLY: ("every year", "every {n} years"),
        },
        every_weekday="every weekday",
        every_day_of_week="every {days}",
        on=" on {days}",
        on_day=" on the {day}",
        last_day=" on the last day",
        or_last_day=" or the last day",
        at=" at {times}",
        and_time="{before} and {last}",
        until=" until {day}",
        times=", {n} times",
        next=", next {day}",
        of=" in {month}",
    ),
    "de": Words(
        weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        months=("Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sep", "Okt", "Nov", "Dez"),
        day=lambda day: f"{day}.",
        in_date="{day}.",
        ordinals={1: "ersten", 2: "zweiten", 3: "dritten", 4: "vierten", 5: "fünften", -1: "letzten"},
        every={
            Freq.MINUTELY: ("jede Minute", "alle {n} Minuten"),
            Freq.HOURLY: ("jede Stunde", "alle {n} Stunden"),
            Freq.DAILY: ("jeden Tag", "alle {n} Tage"),
            Freq.WEEKLY: ("jede Woche", "alle {n} Wochen"),
            Freq.MONTHLY: ("jeden Monat", "alle {n} Monate"),
            Freq.YEARLY: ("jedes Jahr", "alle {n} Jahre"),
        },
        every_weekday="jeden Werktag",
        every_day_of_week="jeden {days}",
        on=" am {days}",
        on_day=" am {day}",
        last_day=" am letzten Tag",
        or_last_day=" oder am letzten Tag",
        at=" um {times}",
        and_time="{before} und {last}",
        until=" bis {day}",
        times=", {n} Mal",
        next=", nächstes Mal {day}",
        of=" im {month}",
    ),
}
ENGLISH = "en"


def echo(understood: Understood, tag: str | None = None) -> str:
    """Return what was understood, in full, in the language of ``tag``; English where there is none."""
    words = WORDS.get((tag or "").partition("-")[0].lower(), WORDS[ENGLISH])
    if isinstance(understood.what, Rule):
        return _rule(understood.what, understood.first, understood.last, words)
    return _moment(understood.what, words)


def echo_moment(moment: Moment, tag: str | None = None) -> str:
    """Return a moment in full: ``Fri 27 Nov 2026, 09:00 (Europe/Berlin, UTC+1)``."""
    return _moment(moment, WORDS.get((tag or "").partition("-")[0].lower(), WORDS[ENGLISH]))


def _moment(moment: Moment, words: Words) -> str:
    return f"{_day(moment.local, words)}, {moment.local:%H:%M} ({_zone(moment)})"


def _day(day: date, words: Words) -> str:
    return (
        f"{words.weekdays[day.weekday()]} {_number(day.day, words)} {words.months[day.month - 1]} {day.year}"
    )


def _number(day: int, words: Words) -> str:
    return words.in_date.format(day=day)


def _zone(moment: Moment) -> str:
    name = moment.zone.name
    return name if name.startswith("UTC") else f"{name}, {offset_name(moment.offset)}"


def offset_name(offset: timedelta) -> str:
    """Return an offset as it is written: ``UTC+1``, ``UTC-3:30``, ``UTC``."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def _rule(rule: Rule, first: Moment, last: Moment | None, words: Words) -> str:
    pattern = rule.pattern
    text = _days(pattern, words)
    if last is not None:
        text += words.until.format(day=_day(last.local, words))
    if pattern.elapsed:
        text += words.times.format(n=pattern.count) if pattern.count else ""
        return text + words.next.format(day=_moment(first, words))
    text += words.at.format(times=_times(pattern, words))
    text += words.times.format(n=pattern.count) if pattern.count else ""
    return f"{text} ({rule.zone.name})" + words.next.format(day=_day(rule.start, words))


def _times(pattern: Pattern, words: Words) -> str:
    *before, last = (f"{hour:02}:{pattern.minute:02}" for hour in pattern.hours)
    return words.and_time.format(before=", ".join(before), last=last) if before else last


def _days(pattern: Pattern, words: Words) -> str:
    one, several = words.every[pattern.freq]
    every = one if pattern.interval == 1 else several.format(n=pattern.interval)
    if pattern.freq is Freq.WEEKLY:
        numbers = tuple(day for _, day in pattern.weekdays)
        days = ", ".join(words.weekdays[day] for day in numbers)
        if pattern.interval > 1:
            return every + words.on.format(days=days)
        return words.every_weekday if numbers == _WEEK else words.every_day_of_week.format(days=days)
    if pattern.weekdays:
        days = ", ".join(f"{words.ordinals[nth]} {words.weekdays[day]}" for nth, day in pattern.weekdays)
        every += words.on_day.format(day=days)
        return every + (words.of.format(month=words.months[pattern.months[0] - 1]) if pattern.months else "")
    if pattern.months:
        month = words.months[pattern.months[0] - 1]
        return every + words.on.format(days=f"{_number(max(pattern.month_days), words)} {month}")
    if pattern.month_days:
        if pattern.month_days == (-1,):
            return every + words.last_day
        every += words.on_day.format(day=words.day(max(pattern.month_days)))
        return every + (words.or_last_day if pattern.last_only else "")
    return every

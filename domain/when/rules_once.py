"""Rules of single moments: times of day, days, and lengths of time. Not here: recurrences (``rules_every``)."""

from collections.abc import Sequence

from domain.when import facts
from domain.when.facts import Fact
from domain.when.shapes import DAY, PhraseRule, Symbols, number, only, rule, text_of

YEAR_MIN = 1000
# What stands for the seconds of a time that is written 1h30.
WITH_LETTER = -2
HOUR_LETTERS_MIN = 3
DAYS_AHEAD_MAX = 1000


# Times


def _literal_time(symbols: Symbols) -> Sequence[Fact] | None:
    time = only(symbols, "t")[0].value
    half = text_of(only(symbols, "p")[0]) if only(symbols, "p") else ""
    assert not isinstance(time, str)
    if (len(time) > 2 and time[2] > 0) or any(text_of(unit) == "minute" for unit in only(symbols, "U")):
        return None
    return [facts.Clock(time[0], time[1], half=half)]


def _dotted_time(symbols: Symbols) -> Sequence[Fact] | None:
    pair = only(symbols, "m")[0].value
    half = text_of(only(symbols, "p")[0]) if only(symbols, "p") else ""
    assert not isinstance(pair, str)
    hour, minute, digits = pair
    return [facts.Clock(hour, minute, half=half)] if digits == 2 else None


def _weak_dotted_time(symbols: Symbols) -> Sequence[Fact] | None:
    pair = symbols[0].value
    assert not isinstance(pair, str)
    hour, minute, digits = pair
    # 9.30 cannot be a date; 10.11 can, and a date it is taken for.
    return [facts.Clock(hour, minute, weak=True)] if digits == 2 and (minute > 12 or minute == 0) else None


def _bare_hour(symbols: Symbols) -> Sequence[Fact] | None:
    hour = only(symbols, "nay")[0]
    if hour.kind == "y":
        return [facts.Clock(number(hour) // 100, number(hour) % 100)]
    padded = isinstance(hour.value, tuple) and len(hour.value) > 1 and hour.value[1] == 2
    return [facts.Clock(number(hour), bare=not (padded and number(hour) < 10))]


def _weak_hour(symbols: Symbols) -> Sequence[Fact] | None:
    clock = _bare_hour(symbols)
    hour = number(symbols[0])
    if clock is None or not isinstance(clock[0], facts.Clock):
        return None
    return [facts.Clock(hour, bare=clock[0].bare, weak=True)] if hour <= 24 else None


def _hour_with_unit(symbols: Symbols) -> Sequence[Fact] | None:
    unit = only(symbols, "U%")[0]
    if text_of(unit) != "hour":
        return None
    tail = only(symbols, "n")[1:]
    minute = number(tail[0]) if tail else 0
    weak = symbols[0].kind != "@" and unit.end - unit.start > 1
    return [facts.Clock(number(only(symbols, "n")[0]), minute, bare=not tail, weak=weak)]


def _oclock(symbols: Symbols) -> Sequence[Fact] | None:
    numbers = only(symbols, "na")
    minute = number(numbers[1]) if len(numbers) > 1 else 0
    return [facts.Clock(number(numbers[0]), minute, bare=len(numbers) == 1)]


def _half(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Clock(number(only(symbols, "n")[0]), half=text_of(only(symbols, "p")[0]))]


def _shifted_hour(symbols: Symbols) -> Sequence[Fact] | None:
    hour, shift = number(only(symbols, "na")[0]), number(only(symbols, "qz")[0])
    if not 1 <= hour <= 24:
        return None
    half = text_of(only(symbols, "p")[0]) if only(symbols, "p") else ""
    minutes = (hour * 60 + shift) % (24 * 60)
    bare = not half
    # Half past an hour from 1 to 6 is as open as the hour itself.
    return [facts.Clock(minutes // 60, minutes % 60, bare=bare, half=half)]


def _minutes_beside(symbols: Symbols) -> Sequence[Fact] | None:
    """20 past 8, 10 vor 8."""
    if any(text_of(unit) != "minute" for unit in only(symbols, "U")):
        return None
    minutes, hour = (number(each) for each in only(symbols, "na"))
    if only(symbols, ">") and text_of(only(symbols, ">")[0]) != "after":
        return None
    if not 1 <= hour <= 24 or not 1 <= minutes <= 59:
        return None
    shift = -minutes if only(symbols, "g") else minutes
    half = text_of(only(symbols, "p")[0]) if only(symbols, "p") else ""
    at = (hour * 60 + shift) % (24 * 60)
    return [facts.Clock(at // 60, at % 60, bare=not half, half=half)]


def _beside_half(symbols: Symbols) -> Sequence[Fact] | None:
    """Fünf nach halb drei."""
    if only(symbols, ">") and text_of(only(symbols, ">")[0]) != "after":
        return None
    minutes, hour = (number(each) for each in only(symbols, "na"))
    shift = number(only(symbols, "q")[0]) + (-minutes if only(symbols, "g") else minutes)
    if not 1 <= hour <= 24 or not 1 <= minutes < 30:
        return None
    at = (hour * 60 + shift) % (24 * 60)
    return [facts.Clock(at // 60, at % 60, bare=True)]


def _in_words(symbols: Symbols) -> Sequence[Fact] | None:
    """Nine thirty, both as words and one right after the other; weak without at."""
    hour, minute = only(symbols, "na")
    is_word = all(isinstance(each.value, str) or len(each.value) == 1 for each in (hour, minute))
    # The article is no hour: a thirty minute call.
    is_hour = hour.end - hour.start >= HOUR_LETTERS_MIN and 1 <= number(hour) <= 12
    if not is_word or not is_hour or minute.start - hour.end > 1 or not 10 <= number(minute) <= 59:
        return None
    return [facts.Clock(number(hour), number(minute), bare=True, weak=symbols[0].kind != "@")]


def _part(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Part(text_of(only(symbols, "P")[0]))]


# Days


def _today(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.FromToday(number(only(symbols, "T")[0]))]


def _from_day(symbols: Symbols) -> Sequence[Fact] | None:
    """A week from today, two weeks from tomorrow."""
    days = {"day": 1, "week": 7}.get(text_of(only(symbols, "U")[0]))
    amount = number(only(symbols, "na")[0])
    if days is None or text_of(only(symbols, "S")[0]) != "from" or amount > DAYS_AHEAD_MAX:
        return None
    return [facts.FromToday(number(only(symbols, "T")[0]) + amount * days)]


_WHICH = {"X": "next", "H": "this", "Y": "coming", "O": "last"}


def _weekday(symbols: Symbols) -> Sequence[Fact] | None:
    which = ""
    for symbol in only(symbols, "XHYO"):
        which = _WHICH[symbol.kind]
        if symbol.kind == "O" and number(symbol) != -1:
            return None
    if (units := only(symbols, "U")) and text_of(units[0]) != "week":
        return None
    days = only(symbols, "W")
    return [facts.Weekday(number(days[0]), which)] if days else [facts.Weekend(which)]


def _nth_day(symbols: Symbols) -> Sequence[Fact] | None:
    """The last friday of the month, the first monday of january."""
    months = only(symbols, "M")
    if not months and text_of(only(symbols, "U")[0]) != "month":
        return None
    nth, day = number(only(symbols, "O")[0]), number(only(symbols, "W")[0])
    return [facts.NthDay(nth, day, number(months[0]) if months else None)]


def _next_unit(symbols: Symbols) -> Sequence[Fact] | None:
    unit = text_of(only(symbols, "U")[0])
    return [facts.NextUnit(unit)] if unit in ("week", "month", "year") else None


def date_of(symbols: Symbols) -> Sequence[Fact] | None:
    day = number(only(symbols, "no")[0])
    month = number(only(symbols, "M")[0])
    years = only(symbols, "y")
    year = number(years[0]) if years else None
    if any(text_of(unit) != "year" for unit in only(symbols, "U")):
        return None
    return [facts.Date(day, month, year)] if year is None or year >= YEAR_MIN else None


def _first_of_month(symbols: Symbols) -> Sequence[Fact] | None:
    """Am ersten Mai; the last of May is not taken."""
    day = number(only(symbols, "O")[0])
    return [facts.Date(day, number(only(symbols, "M")[0]))] if day > 0 else None


def _literal_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = only(symbols, "di")[0].value
    assert not isinstance(value, str)
    return [facts.Date(value[0], value[1], _year(value[2]))]


def _dotted_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = only(symbols, "m")[0].value
    assert not isinstance(value, str)
    return [facts.Date(value[0], value[1])] if 1 <= value[0] <= 31 and 1 <= value[1] <= 12 else None


def _open_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = only(symbols, "s")[0].value
    assert not isinstance(value, str)
    return [facts.OpenDate(value[0], value[1], _year(value[2]))]


def _year(number: int) -> int | None:
    return None if number < 0 else number + 2000 if number < 100 else number


def _month_day(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.MonthDay(number(only(symbols, "no")[0]), weak=symbols[0].kind == "o")]


def last_day(symbols: Symbols) -> Sequence[Fact] | None:
    units = [text_of(each) for each in only(symbols, "U")]
    if units in (["day"], ["day", "month"]):
        return [facts.MonthDay(number(only(symbols, "Oo")[0]))]
    return None


def _day_of_month(symbols: Symbols) -> Sequence[Fact] | None:
    """The last day of january, the first day of january."""
    if text_of(only(symbols, "U")[0]) != "day":
        return None
    year = next((number(each) for each in only(symbols, "y")), None)
    day, month = number(only(symbols, "O")[0]), number(only(symbols, "M")[0])
    return [facts.Date(day, month, year)] if year is None or year >= YEAR_MIN else None


def _month_day_or_last(symbols: Symbols) -> Sequence[Fact] | None:
    """On the 31st or the last day."""
    last = last_day([symbol for symbol in symbols if symbol.kind in "OU"])
    return [facts.MonthDay(number(only(symbols, "o")[0])), *last] if last is not None else None


# Lengths of time


def _span(symbols: Symbols) -> Sequence[Fact] | None:
    parts: list[tuple[int, str]] = []
    amount = 1000
    for symbol in symbols:
        if symbol.kind in "nay":
            amount = number(symbol) * 1000
        elif symbol.kind in "xm":
            assert not isinstance(symbol.value, str)
            whole, part, digits = symbol.value
            amount = whole * 1000 + part * 10 ** (3 - digits)
        elif symbol.kind in "U%":
            parts.append((amount, text_of(symbol)))
            amount = 1000
    return [facts.Span(tuple(parts))]


def _span_and_a_half(symbols: Symbols) -> Sequence[Fact] | None:
    """In two and a half hours; dans 2 heures et demie, en una hora y cuarto."""
    amounts = only(symbols, "nay")
    amount = number(amounts[0]) if amounts else 1
    unit = text_of(only(symbols, "U%")[0])
    if unit not in ("minute", "hour"):
        return None
    part = number(only(symbols, "hz")[0]) if only(symbols, "z") else 30
    if part < 0 or (unit == "minute" and only(symbols, "z")):
        return None
    return [facts.Span(((amount * 1000 + part * 1000 // 60, unit),))]


def _clock_span(symbols: Symbols) -> Sequence[Fact] | None:
    time = only(symbols, "t")[0].value
    assert not isinstance(time, str)
    if any(text_of(unit) != "minute" for unit in only(symbols, "U")) or text_of(symbols[0]) == "after":
        return None
    if time[1] > 59 or (time[0] > 23 and time[2] != WITH_LETTER):
        # "in 25:00" is a time of day gone wrong rather than a length; in 25h30 is one.
        return [facts.Clock(time[0], time[1])]
    return [facts.Span(((time[0] * 1000, "hour"), (time[1] * 1000, "minute")))]


def _hours_and_minutes(symbols: Symbols) -> Sequence[Fact] | None:
    numbers = only(symbols, "na")
    if text_of(only(symbols, "U")[0]) != "hour":
        return None
    return [facts.Span(((number(numbers[0]) * 1000, "hour"), (number(numbers[1]) * 1000, "minute")))]


ONCE: Sequence[PhraseRule] = (
    rule(r"[@%]?t[cU]?p?", _literal_time),
    rule(r"@m[cU]?p?|m[cp]", _dotted_time),
    rule(r"m", _weak_dotted_time),
    rule(r"@[nay]", _bare_hour),
    rule(r"%n", _bare_hour),
    rule(r"[ny]", _weak_hour),
    rule(r"@?nUn?", _hour_with_unit),
    rule(r"@?[na]cn?", _oclock),
    rule(r"@?nc?p", _half),
    rule(r"@?q[na]c?p?|[@%]?[na]c?zp?|@?nUz", _shifted_hour),
    rule(r"@?nU?[fg][na]c?p?|@?n>[na]c?", _minutes_beside),
    rule(r"@?nU?[g>]q[na]c?", _beside_half),
    rule(r"@?[na]n", _in_words),
    rule(r"[@kH]?P", _part),
    rule(r"[k@]?T", _today),
    rule(r"[na]UST", _from_day),
    rule(DAY + r"H?(?:W|K)", _weekday),
    rule(DAY + r"[XHYO]?(?:W|K)", _weekday),
    rule(DAY + r"(?:W|K)[XHY](?:U)?", _weekday),
    rule(DAY + r"XUk?W", _weekday),
    rule(DAY + r"OW[k>@]?[UM]", _nth_day),
    rule(DAY + r"[XY]U", _next_unit),
    rule(DAY + r"(?:[no]M(?:yU?)?|M[no]y?)", date_of),
    rule(r"kOM", _first_of_month),
    rule(DAY + r"[di]", _literal_date),
    rule(DAY + r"m", _dotted_date),
    rule(DAY + r"s", _open_date),
    rule(DAY + r"o|kn", _month_day),
    rule(DAY + r"OUU|k[k@>]?OU", last_day),
    rule(DAY + r"OUk?>?My?", _day_of_month),
    rule(DAY + r"oOU", _month_day_or_last),
    rule(r">(?:[nayxm]{0,2}[U%])+|(?:[nayxm]{0,2}[U%])+<", _span),
    rule(r">(?:[nay][hz][U%]|[nay]?[U%][hz])|(?:[nay][hz][U%]|[nay][U%][hz])<", _span_and_a_half),
    rule(r">tU?", _clock_span),
    rule(r">[na]Un", _hours_and_minutes),
)

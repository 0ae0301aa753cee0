"""Which symbols, one after another, state which fact. A rule is a pattern over the letters of symbols.

The letters are those of ``domain.when.words.base`` and ``domain.when.lexer``. Rules are tried longest first and may
overlap; ``domain.when.grammar`` finds the rules that account for a whole phrase. Not here: what facts mean together.
"""

import re
from collections.abc import Callable, Sequence

from attrs import frozen

from domain.when import facts
from domain.when.facts import Fact
from domain.when.lexer import Symbol

Symbols = Sequence[Symbol]
Build = Callable[[Symbols], Sequence[Fact] | None]
YEAR_MIN = 1000
FORTNIGHT = "fortnight"


@frozen
class PhraseRule:
    """A pattern and what it states; ``build`` returns None where the values do not fit after all."""

    shape: "re.Pattern[str]"
    build: Build


def _number(symbol: Symbol) -> int:
    value = symbol.value
    return 1 if symbol.kind == "a" or isinstance(value, str) else value[0]


def _text(symbol: Symbol) -> str:
    return symbol.value if isinstance(symbol.value, str) else ""


def _only(symbols: Symbols, kinds: str) -> list[Symbol]:
    return [symbol for symbol in symbols if symbol.kind in kinds]


# Times


def _literal_time(symbols: Symbols) -> Sequence[Fact] | None:
    time = _only(symbols, "t")[0].value
    half = _text(_only(symbols, "p")[0]) if _only(symbols, "p") else ""
    assert not isinstance(time, str)
    if len(time) > 2 and time[2] > 0:
        return None
    return [facts.Clock(time[0], time[1], half=half)]


def _dotted_time(symbols: Symbols) -> Sequence[Fact] | None:
    pair = _only(symbols, "m")[0].value
    half = _text(_only(symbols, "p")[0]) if _only(symbols, "p") else ""
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
    number = _only(symbols, "nay")[0]
    if number.kind == "y":
        return [facts.Clock(_number(number) // 100, _number(number) % 100)]
    padded = isinstance(number.value, tuple) and len(number.value) > 1 and number.value[1] == 2
    return [facts.Clock(_number(number), bare=not (padded and _number(number) < 10))]


def _weak_hour(symbols: Symbols) -> Sequence[Fact] | None:
    clock = _bare_hour(symbols)
    hour = _number(symbols[0])
    if clock is None or not isinstance(clock[0], facts.Clock):
        return None
    return [facts.Clock(hour, bare=clock[0].bare, weak=True)] if hour <= 24 else None


def _hour_with_unit(symbols: Symbols) -> Sequence[Fact] | None:
    unit = _only(symbols, "U%")[0]
    if _text(unit) != "hour":
        return None
    tail = _only(symbols, "n")[1:]
    minute = _number(tail[0]) if tail else 0
    weak = symbols[0].kind != "@" and unit.end - unit.start > 1
    return [facts.Clock(_number(_only(symbols, "n")[0]), minute, bare=not tail, weak=weak)]


def _oclock(symbols: Symbols) -> Sequence[Fact] | None:
    numbers = _only(symbols, "na")
    minute = _number(numbers[1]) if len(numbers) > 1 else 0
    return [facts.Clock(_number(numbers[0]), minute, bare=len(numbers) == 1)]


def _half(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Clock(_number(_only(symbols, "n")[0]), half=_text(_only(symbols, "p")[0]))]


def _shifted_hour(symbols: Symbols) -> Sequence[Fact] | None:
    hour, shift = _number(_only(symbols, "na")[0]), _number(_only(symbols, "qz")[0])
    if not 1 <= hour <= 24:
        return None
    half = _text(_only(symbols, "p")[0]) if _only(symbols, "p") else ""
    minutes = (hour * 60 + shift) % (24 * 60)
    bare = not half
    # Half past an hour from 1 to 6 is as open as the hour itself.
    return [facts.Clock(minutes // 60, minutes % 60, bare=bare, half=half)]


def _minutes_beside(symbols: Symbols) -> Sequence[Fact] | None:
    """20 past 8, 10 vor 8."""
    if any(_text(unit) != "minute" for unit in _only(symbols, "U")):
        return None
    minutes, hour = (_number(each) for each in _only(symbols, "na"))
    if _only(symbols, ">") and _text(_only(symbols, ">")[0]) != "after":
        return None
    if not 1 <= hour <= 24 or not 1 <= minutes <= 59:
        return None
    shift = -minutes if _only(symbols, "g") else minutes
    half = _text(_only(symbols, "p")[0]) if _only(symbols, "p") else ""
    at = (hour * 60 + shift) % (24 * 60)
    return [facts.Clock(at // 60, at % 60, bare=not half, half=half)]


def _part(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Part(_text(_only(symbols, "P")[0]))]


# Days


def _today(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.FromToday(_number(_only(symbols, "T")[0]))]


_WHICH = {"X": "next", "H": "this", "Y": "coming", "O": "last"}


def _weekday(symbols: Symbols) -> Sequence[Fact] | None:
    which = ""
    for symbol in _only(symbols, "XHYO"):
        which = _WHICH[symbol.kind]
        if symbol.kind == "O" and _number(symbol) != -1:
            return None
    if (units := _only(symbols, "U")) and _text(units[0]) != "week":
        return None
    days = _only(symbols, "W")
    return [facts.Weekday(_number(days[0]), which)] if days else [facts.Weekend(which)]


def _next_unit(symbols: Symbols) -> Sequence[Fact] | None:
    unit = _text(_only(symbols, "U")[0])
    return [facts.NextUnit(unit)] if unit in ("week", "month", "year") else None


def _date(symbols: Symbols) -> Sequence[Fact] | None:
    day = _number(_only(symbols, "no")[0])
    month = _number(_only(symbols, "M")[0])
    years = _only(symbols, "y")
    year = _number(years[0]) if years else None
    if any(_text(unit) != "year" for unit in _only(symbols, "U")):
        return None
    return [facts.Date(day, month, year)] if year is None or year >= YEAR_MIN else None


def _first_of_month(symbols: Symbols) -> Sequence[Fact] | None:
    """Am ersten Mai; the last of May is not taken."""
    day = _number(_only(symbols, "O")[0])
    return [facts.Date(day, _number(_only(symbols, "M")[0]))] if day > 0 else None


def _literal_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = _only(symbols, "di")[0].value
    assert not isinstance(value, str)
    return [facts.Date(value[0], value[1], _year(value[2]))]


def _dotted_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = _only(symbols, "m")[0].value
    assert not isinstance(value, str)
    return [facts.Date(value[0], value[1])] if 1 <= value[0] <= 31 and 1 <= value[1] <= 12 else None


def _open_date(symbols: Symbols) -> Sequence[Fact] | None:
    value = _only(symbols, "s")[0].value
    assert not isinstance(value, str)
    return [facts.OpenDate(value[0], value[1], _year(value[2]))]


def _year(number: int) -> int | None:
    return None if number < 0 else number + 2000 if number < 100 else number


def _month_day(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.MonthDay(_number(_only(symbols, "no")[0]), weak=symbols[0].kind == "o")]


def _last_day(symbols: Symbols) -> Sequence[Fact] | None:
    units = [_text(each) for each in _only(symbols, "U")]
    if units in (["day"], ["day", "month"]):
        return [facts.MonthDay(_number(_only(symbols, "Oo")[0]))]
    return None


# Lengths of time


def _span(symbols: Symbols) -> Sequence[Fact] | None:
    parts: list[tuple[int, str]] = []
    amount = 1000
    for symbol in symbols:
        if symbol.kind in "nay":
            amount = _number(symbol) * 1000
        elif symbol.kind in "xm":
            assert not isinstance(symbol.value, str)
            whole, part, digits = symbol.value
            amount = whole * 1000 + part * 10 ** (3 - digits)
        elif symbol.kind in "U%":
            parts.append((amount, _text(symbol)))
            amount = 1000
    return [facts.Span(tuple(parts))]


def _span_and_a_half(symbols: Symbols) -> Sequence[Fact] | None:
    """In two and a half hours; dans 2 heures et demie, en una hora y cuarto."""
    amounts = _only(symbols, "nay")
    amount = _number(amounts[0]) if amounts else 1
    unit = _text(_only(symbols, "U%")[0])
    if unit not in ("minute", "hour"):
        return None
    part = _number(_only(symbols, "hz")[0]) if _only(symbols, "z") else 30
    if part < 0 or (unit == "minute" and _only(symbols, "z")):
        return None
    return [facts.Span(((amount * 1000 + part * 1000 // 60, unit),))]


def _clock_span(symbols: Symbols) -> Sequence[Fact] | None:
    time = _only(symbols, "t")[0].value
    assert not isinstance(time, str)
    if any(_text(unit) != "minute" for unit in _only(symbols, "U")) or _text(symbols[0]) == "after":
        return None
    return [facts.Span(((time[0] * 1000, "hour"), (time[1] * 1000, "minute")))]


def _hours_and_minutes(symbols: Symbols) -> Sequence[Fact] | None:
    numbers = _only(symbols, "na")
    if _text(_only(symbols, "U")[0]) != "hour":
        return None
    return [facts.Span(((_number(numbers[0]) * 1000, "hour"), (_number(numbers[1]) * 1000, "minute")))]


# Recurrence


def _every(symbols: Symbols) -> Sequence[Fact] | None:
    interval = 1
    for symbol in _only(symbols, "nayOo"):
        interval *= _number(symbol)
    unit = _only(symbols, "U%R")
    if interval < 1 or not _is_beside(symbols):
        return None
    return [_frequency(_text(unit[0]), interval)]


def _is_beside(symbols: Symbols) -> bool:
    """Tell whether no word stands before the unit: every 31 of the month is not every 31 months."""
    return len(symbols) < 3 or symbols[-1].start - symbols[-2].end <= 1


def _frequency(unit: str, interval: int) -> facts.Every:
    if unit == FORTNIGHT:
        return facts.Every("week", 2 * interval)
    return facts.Every("month", 3 * interval) if unit == "quarter" else facts.Every(unit, interval)


def _every_days(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Every("week"), facts.Days(tuple(_number(each) for each in _only(symbols, "Ww")))]


def _weekday_range(symbols: Symbols) -> Sequence[Fact] | None:
    """Monday to friday, which without a date means every week."""
    first, last = (_number(each) for each in _only(symbols, "W"))
    days = tuple(sorted((first + more) % 7 for more in range((last - first) % 7 + 1)))
    return [facts.Every("week"), facts.Days(days)]


def _every_nth_days(symbols: Symbols) -> Sequence[Fact] | None:
    nth = _number(_only(symbols, "Oon")[0])
    days = tuple(_number(each) for each in _only(symbols, "W"))
    of_month = bool(_only(symbols, "U"))
    if of_month and _text(_only(symbols, "U")[0]) != "month":
        return None
    if _only(symbols, "n"):
        return [facts.Every("week", nth), facts.Days(days)]
    if nth == 2 and not of_month:
        return [facts.Every("week", 2), facts.Days(days, nth=2)]
    return [facts.Every("month"), *(facts.Nth(nth, day) for day in days)]


def _nth(symbols: Symbols) -> Sequence[Fact] | None:
    nth = _number(_only(symbols, "O")[0])
    return [facts.Nth(nth, _number(each)) for each in _only(symbols, "W")]


def _nth_in_month(symbols: Symbols) -> Sequence[Fact] | None:
    nth = _nth(symbols)
    every = [facts.Every("year")] if _only(symbols, "E") else []
    return [*every, *(nth or ()), facts.InMonth(_number(_only(symbols, "M")[0]))]


def _days(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Days(tuple(_number(each) for each in _only(symbols, "W")))]


def _every_class(symbols: Symbols) -> Sequence[Fact] | None:
    name = _text(_only(symbols, "V")[0]) if _only(symbols, "V") else "weekend"
    days = (0, 1, 2, 3, 4) if name == "week" else (5, 6)
    return [facts.Every("week"), facts.Days(days)]


def _every_part(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Every("day"), facts.Part(_text(_only(symbols, "P")[0]))]


def _every_date(symbols: Symbols) -> Sequence[Fact] | None:
    date = _date([symbol for symbol in symbols if symbol.kind in "noMy"])
    return [facts.Every("year"), *date] if date is not None else None


def _every_month_day(symbols: Symbols) -> Sequence[Fact] | None:
    day = _number(_only(symbols, "noO")[0])
    units = _only(symbols, "U")
    if day < 1 or (
        units and (_text(units[0]) != "month" or (symbols[-1] is units[0] and _is_beside(symbols)))
    ):
        return None
    return [facts.Every("month"), facts.MonthDay(day)]


def _every_last_day(symbols: Symbols) -> Sequence[Fact] | None:
    day = _last_day(symbols)
    return (
        [facts.Every("month"), *day]
        if day is not None and _text(_only(symbols, "U")[-1]) == "month"
        else None
    )


def _start(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Mark("start")]


def _until(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Mark("until")]


def _count(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Count(_number(_only(symbols, "nay")[0]))]


def _per(symbols: Symbols) -> Sequence[Fact] | None:
    """So many times a day; once is every."""
    count = _number(_only(symbols, "nay")[0])
    unit = _only(symbols, "RU")[0]
    if _only(symbols, "E") and unit.kind == "U" and count > 1:
        return None
    return [_frequency(_text(unit), 1)] if count == 1 else [facts.Per(count, _text(unit))]


def _lasting(symbols: Symbols) -> Sequence[Fact] | None:
    amounts = _only(symbols, "nay")
    return [facts.Lasting(_number(amounts[0]) if amounts else 1, _text(_only(symbols, "U")[0]))]


def _next_date(symbols: Symbols) -> Sequence[Fact] | None:
    weekday = [facts.Weekday(_number(each)) for each in _only(symbols, "W")]
    date = _date(symbols)
    return [facts.Mark("start"), *weekday, *date] if date is not None else None


def _zone(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.InZone(_text(symbols[0]))]


def _abbreviation(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.BadZone(_text(symbols[0]))]


def _rule(shape: str, build: Build) -> PhraseRule:
    return PhraseRule(re.compile(shape), build)


_D = r"[k@>]{0,2}"
RULES: Sequence[PhraseRule] = (
    _rule(r"[@%]?t[cU]?p?", _literal_time),
    _rule(r"@m[cU]?p?|m[cp]", _dotted_time),
    _rule(r"m", _weak_dotted_time),
    _rule(r"@[nay]", _bare_hour),
    _rule(r"%n", _bare_hour),
    _rule(r"[ny]", _weak_hour),
    _rule(r"@?nUn?", _hour_with_unit),
    _rule(r"@?[na]cn?", _oclock),
    _rule(r"@?nc?p", _half),
    _rule(r"@?q[na]c?p?|[@%]?[na]c?zp?|@?nUz", _shifted_hour),
    _rule(r"@?nU?[fg][na]c?p?|@?n>[na]c?", _minutes_beside),
    _rule(r"[@kH]?P", _part),
    _rule(r"[k@]?T", _today),
    _rule(_D + r"H?(?:W|K)", _weekday),
    _rule(_D + r"[XHYO]?(?:W|K)", _weekday),
    _rule(_D + r"(?:W|K)[XHY](?:U)?", _weekday),
    _rule(_D + r"XUk?W", _weekday),
    _rule(_D + r"[XY]U", _next_unit),
    _rule(_D + r"(?:[no]M(?:yU?)?|M[no]y?)", _date),
    _rule(r"kOM", _first_of_month),
    _rule(_D + r"[di]", _literal_date),
    _rule(_D + r"m", _dotted_date),
    _rule(_D + r"s", _open_date),
    _rule(_D + r"o|kn", _month_day),
    _rule(_D + r"OUU?", _last_day),
    _rule(r">(?:[nayxm]{0,2}[U%])+|(?:[nayxm]{0,2}[U%])+<", _span),
    _rule(r">(?:[nay][hz][U%]|[nay]?[U%][hz])|(?:[nay][hz][U%]|[nay][U%][hz])<", _span_and_a_half),
    _rule(r">tU?", _clock_span),
    _rule(r">[na]Un", _hours_and_minutes),
    _rule(r"E[nayOo]*[U%]|R", _every),
    _rule(r"[naO]R", _every),
    _rule(r"Ek?W+|k?w+|EW*w+", _every_days),
    _rule(r"E[Oon]W+U?|OW+EU", _every_nth_days),
    _rule(r"EOW+", _every_nth_days),
    _rule(_D + r"OW+", _nth),
    _rule(_D + r"E?OW+[k>@]?M", _nth_in_month),
    _rule(_D + r"W+", _days),
    _rule(r"E?V|EK", _every_class),
    _rule(r"EP", _every_part),
    _rule(r"E(?:[no]M|M[no])", _every_date),
    _rule(r"Eo|oEU|kOEU|E[no]U", _every_month_day),
    _rule(r"E[Oo]UU|[Oo]UEU", _every_last_day),
    _rule(r"E?S?k?W\|k?W", _weekday_range),
    _rule(r"S", _start),
    _rule(r"\|", _until),
    _rule(r"F?[nay]#", _count),
    _rule(r"[nay]#(?:R|[E@kF]?a?U)", _per),
    _rule(r"F[nay]?U|[nay]UF", _lasting),
    _rule(r"X,?W?(?:[no]My?|M[no]y?)", _next_date),
    _rule(r"Z", _zone),
    _rule(r"A", _abbreviation),
)

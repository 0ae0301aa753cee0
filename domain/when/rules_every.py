"""Rules of recurrences, of their beginning and end, and of zones. Not here: single moments (``rules_once``)."""

from collections.abc import Sequence

from domain.when import facts
from domain.when.facts import Fact
from domain.when.rules_once import date_of, last_day
from domain.when.shapes import DAY, PhraseRule, Symbols, number, only, rule, text_of

FORTNIGHT = "fortnight"


def _every(symbols: Symbols) -> Sequence[Fact] | None:
    interval = 1
    for symbol in only(symbols, "nayOo"):
        interval *= number(symbol)
    unit = only(symbols, "U%R")
    if interval < 1 or not _is_beside(symbols):
        return None
    return [_frequency(text_of(unit[0]), interval)]


def _is_beside(symbols: Symbols) -> bool:
    """Tell whether no word stands before the unit: every 31 of the month is not every 31 months."""
    return len(symbols) < 3 or symbols[-1].start - symbols[-2].end <= 1


def _frequency(unit: str, interval: int) -> facts.Every:
    if unit == FORTNIGHT:
        return facts.Every("week", 2 * interval)
    return facts.Every("month", 3 * interval) if unit == "quarter" else facts.Every(unit, interval)


def _every_days(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Every("week"), facts.Days(tuple(number(each) for each in only(symbols, "Ww")))]


def _weekday_range(symbols: Symbols) -> Sequence[Fact] | None:
    """Monday to friday, which without a date means every week."""
    first, last = (number(each) for each in only(symbols, "W"))
    days = tuple(sorted((first + more) % 7 for more in range((last - first) % 7 + 1)))
    return [facts.Every("week"), facts.Days(days)]


def _every_nth_days(symbols: Symbols) -> Sequence[Fact] | None:
    nth = number(only(symbols, "Oon")[0])
    days = tuple(number(each) for each in only(symbols, "W"))
    of_month = bool(only(symbols, "U"))
    if of_month and text_of(only(symbols, "U")[0]) != "month":
        return None
    if only(symbols, "n"):
        return [facts.Every("week", nth), facts.Days(days)]
    if nth == 2 and not of_month:
        return [facts.Every("week", 2), facts.Days(days, nth=2)]
    return [facts.Every("month"), *(facts.Nth(nth, day) for day in days)]


def _nth(symbols: Symbols) -> Sequence[Fact] | None:
    nth = number(only(symbols, "O")[0])
    return [facts.Nth(nth, number(each)) for each in only(symbols, "W")]


def _nth_in_month(symbols: Symbols) -> Sequence[Fact] | None:
    nth = _nth(symbols)
    every = [facts.Every("year")] if only(symbols, "E") else []
    return [*every, *(nth or ()), facts.InMonth(number(only(symbols, "M")[0]))]


def _days(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Days(tuple(number(each) for each in only(symbols, "W")))]


def _every_class(symbols: Symbols) -> Sequence[Fact] | None:
    name = text_of(only(symbols, "V")[0]) if only(symbols, "V") else "weekend"
    days = (0, 1, 2, 3, 4) if name == "week" else (5, 6)
    return [facts.Every("week"), facts.Days(days)]


def _every_part(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Every("day"), facts.Part(text_of(only(symbols, "P")[0]))]


def _every_date(symbols: Symbols) -> Sequence[Fact] | None:
    date = date_of([symbol for symbol in symbols if symbol.kind in "noMy"])
    return [facts.Every("year"), *date] if date is not None else None


def _every_month_day(symbols: Symbols) -> Sequence[Fact] | None:
    day = number(only(symbols, "noO")[0])
    units = only(symbols, "U")
    if day < 1 or (
        units and (text_of(units[0]) != "month" or (symbols[-1] is units[0] and _is_beside(symbols)))
    ):
        return None
    return [facts.Every("month"), facts.MonthDay(day)]


def _every_last_day(symbols: Symbols) -> Sequence[Fact] | None:
    day = last_day(symbols)
    return (
        [facts.Every("month"), *day]
        if day is not None and text_of(only(symbols, "U")[-1]) == "month"
        else None
    )


def _start(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Mark("start")]


def _until(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Mark("until")]


def _count(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.Count(number(only(symbols, "nay")[0]))]


def _per(symbols: Symbols) -> Sequence[Fact] | None:
    """So many times a day; once is every."""
    count = number(only(symbols, "nay")[0])
    unit = only(symbols, "RU")[0]
    if only(symbols, "E") and unit.kind == "U" and count > 1:
        return None
    return [_frequency(text_of(unit), 1)] if count == 1 else [facts.Per(count, text_of(unit))]


def _lasting(symbols: Symbols) -> Sequence[Fact] | None:
    amounts = only(symbols, "nay")
    return [facts.Lasting(number(amounts[0]) if amounts else 1, text_of(only(symbols, "U")[0]))]


def _next_date(symbols: Symbols) -> Sequence[Fact] | None:
    weekday = [facts.Weekday(number(each)) for each in only(symbols, "W")]
    date = date_of(symbols)
    return [facts.Mark("start"), *weekday, *date] if date is not None else None


def _zone(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.InZone(text_of(symbols[0]))]


def _abbreviation(symbols: Symbols) -> Sequence[Fact] | None:
    return [facts.BadZone(text_of(symbols[0]))]


EVERY: Sequence[PhraseRule] = (
    rule(r"E[nayOo]*[U%]|R", _every),
    rule(r"[naO]R", _every),
    rule(r"Ek?W+|k?w+|EW*w+", _every_days),
    rule(r"E[Oon]W+U?|OW+EU", _every_nth_days),
    rule(r"EOW+", _every_nth_days),
    rule(DAY + r"OW+", _nth),
    rule(DAY + r"E?OW+[k>@]?M", _nth_in_month),
    rule(DAY + r"W+", _days),
    rule(r"E?V|EK", _every_class),
    rule(r"EP", _every_part),
    rule(r"E(?:[no]M|M[no])", _every_date),
    rule(r"Eo|oEU|kOEU|E[no]U", _every_month_day),
    rule(r"E[Oo]UU|[Oo]UEU", _every_last_day),
    rule(r"E?S?k?W\|k?W", _weekday_range),
    rule(r"S", _start),
    rule(r"\|", _until),
    rule(r"F?[nay]#", _count),
    rule(r"[nay]#(?:R|[E@kF]?a?U)", _per),
    rule(r"F[nay]?U|[nay]UF", _lasting),
    rule(r"X,?W?(?:[no]My?|M[no]y?)", _next_date),
    rule(r"Z", _zone),
    rule(r"A", _abbreviation),
)

"""Whether a stretch that reads as a time ends within a longer one: monday 9 | -10, tomorrow 20 | min run.

Such a part is not taken. Not here: which stretches there are (``domain.when.grammar``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from domain.when.facts import Clock, Date, Fact
from domain.when.lexer import Symbol, symbols_of
from domain.when.words.base import Language, is_number

# What makes a range of the number before it: 9-10, 9 to 10.
_RANGE = re.compile(r"\s?(?:[-–—]|(?:to|a|à)\s)\s?(?:\d|(?P<word>[^\W\d_]+))", re.IGNORECASE)
# And one of days: Dec 3-5.
_DAYS = re.compile(r"[-–—]\d{1,2}(?![\d:.])")
_UNTIL_HOUR = re.compile(r"\|(?:t|n(?!M))")
_COUNTED = re.compile(r"[nay]U[g>]")


def goes_on(
    text: str, last: Symbol, facts: Sequence[Fact], head: Sequence[Symbol], language: Language
) -> bool:
    """Tell whether a cut ends within a time: monday 9 | -10, friday 9 | until 10."""
    if isinstance(facts[-1], Date):
        return last.kind == "n" and _DAYS.match(text, last.end) is not None
    if not isinstance(facts[-1], Clock):
        return False
    kinds = "".join(each.kind for each in head if each.start >= last.end)
    range_of = _RANGE.match(text, last.end)
    is_range = range_of is not None and (range_of["word"] is None or is_number(range_of["word"], language))
    return is_range or _UNTIL_HOUR.match(kinds) is not None


def has_minutes(last: Symbol, left: Sequence[Symbol]) -> bool:
    """Tell whether an hour is the minutes of one that is not understood: at five | past half three."""
    if last.kind not in "na" or not left:
        return False
    if left[0].kind == "f":
        return True
    return (left[0].kind == "g" or left[0].value == "after") and len(left) > 1 and left[1].kind == "q"


def is_counted_from(head: Sequence[Symbol]) -> bool:
    """Tell whether a length of time is counted from something that is not known: 2 days before christmas."""
    kinds = "".join(each.kind for each in head[:3])
    return _COUNTED.match(kinds) is not None and (kinds[2] == "g" or head[2].value == "after")


def is_torn(run: Sequence[Symbol], size: int) -> bool:
    """Tell whether a stretch at the beginning ends between a number and its unit: tomorrow 20 | min run."""
    if size >= len(run) or (size > 1 and run[size - 2].kind == "@"):
        return False
    return run[size - 1].kind in "nyt" and run[size].kind == "U"


def is_length(text: str, languages: Iterable[Language], zones: Mapping[str, str]) -> bool:
    """Tell whether ``text`` begins with a number and its unit in any of the languages: 20 Minuten Tee."""
    found = ("".join(each.kind for each in symbols_of(text, one, zones)[:2]) for one in languages)
    return any(kinds in ("nU", "tU") for kinds in found)

"""What a language brings: its words, each with the symbols it stands for, as data.

A table maps symbols to the words that mean them, parted by ``|``. A symbol is a letter and, after a colon, its value:

=====  ==============================================  =====  ==============================================
``n``  a number                                        ``a``  the article that means one (an hour)
``W``  a weekday, Monday 0                             ``w``  the weekday every week (mondays)
``V``  weekdays as a class: week, weekend              ``K``  the weekend
``M``  a month, January 1                              ``U``  a unit of time
``T``  a day, counted from today                       ``P``  a part of the day
``E``  every                                           ``R``  a frequency in one word (daily)
``O``  first to fifth, last (-1)                       ``X``  next, by the calendar week
``Y``  the coming one                                  ``H``  this
``>``  in (before a duration)                          ``<``  from now (after a duration)
``@``  at (before a time)                              ``k``  on (before a date)
``q``  minutes before a bare hour (half past)          ``z``  minutes after it (y media)
``p``  am, pm                                          ``c``  o'clock
``S``  starting                                        ``|``  until
``#``  times                                           ``F``  for (before a duration)
``%``  at, or a unit of time (saat)                    ``D``  makes a number a day (числа)
``f``  minutes after an hour (20 past 8)                ``g``  minutes before it (10 vor 8)
``h``  and a half                                       ``-``  says nothing
``!``  changes the time after it, unread (before)       ``?``  is no time (good morning)
=====  ==============================================  =====  ==============================================

Of ``!`` the value says more: ``of`` (end of), ``back`` where it follows (ago), ``except`` even before what is unknown.
Accents, case and the dots of abbreviations do not count. Not here: the order of words (``domain.when.rules``).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from attrs import field, frozen

DAY_FIRST, MONTH_FIRST, OPEN = "day_first", "month_first", "open"
WORD = re.compile(r"[^\W\d_]+")


def fold(text: str) -> str:
    """Return the text as it is compared: without case, accents and the finer points of Unicode."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part)).replace("ı", "i")


def words_of(text: str) -> tuple[str, ...]:
    """Return the folded words of a text."""
    return tuple(WORD.findall(fold(text)))


@frozen
class Meaning:
    """One symbol that a word stands for."""

    kind: str
    value: str = ""


@frozen
class Language:
    """A language's words. ``entries`` has, by the first word, what can follow it, longest first."""

    tag: str
    entries: Mapping[str, Sequence[tuple[tuple[str, ...], Sequence[Meaning]]]]
    # Words that tie the rest to a phrase before it: remind me tomorrow *to* ...
    joiners: frozenset[str] = frozenset()
    # Words before a time that say whom to remind: remind *me* tomorrow.
    leads: frozenset[str] = frozenset()
    # Whether "25." is the 25th.
    dot_ordinals: bool = False
    # What 3/4 is: the 3rd of April, the 4th of March, or open.
    date_order: str = DAY_FIRST
    ordinal_endings: Sequence[str] = field(default=())
    # Abbreviations of weekdays that are no other word.
    clear_short: frozenset[str] = frozenset()


def is_number(word: str, language: Language) -> bool:
    """Tell whether a word is a number, the article aside."""
    found = next((means for words, means in language.entries.get(fold(word), ()) if len(words) == 1), ())
    return [each.kind for each in found] == ["n"]


def language(
    tag: str,
    table: Mapping[str, str],
    *,
    joiners: str = "",
    leads: str = "",
    dot_ordinals: bool = False,
    date_order: str = DAY_FIRST,
    ordinal_endings: Sequence[str] = (),
    clear_short: str = "",
) -> Language:
    """Return the language that a table describes. Raises ValueError where two symbols claim the same words."""
    entries: dict[tuple[str, ...], list[Meaning]] = {}
    for symbols, phrases in table.items():
        meanings = [Meaning(*symbol.partition(":")[::2]) for symbol in symbols.split()]
        for phrase in phrases.split("|"):
            words = words_of(phrase)
            if not words or entries.get(words, meanings) != meanings:
                raise ValueError(f"{tag}: {phrase.strip()!r} has two meanings or none")
            entries[words] = meanings
    by_first: dict[str, list[tuple[tuple[str, ...], Sequence[Meaning]]]] = {}
    for words in sorted(entries, key=len, reverse=True):
        by_first.setdefault(words[0], []).append((words, entries[words]))
    return Language(
        tag,
        by_first,
        frozenset(words_of(joiners)),
        frozenset(words_of(leads)),
        dot_ordinals,
        date_order,
        tuple(fold(each) for each in ordinal_endings),
        frozenset(words_of(clear_short)),
    )

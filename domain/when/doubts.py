"""What looks like a time and was not taken: a time within the text, and a word that is nearly one of time.

"call mum tomorrow at 5 about the car", "gym tommorw at 9". Neither is taken silently nor passed over silently: it is
asked. A title has words of time too ("buy Sunday newspaper"), and a question that is in vain costs a line; a reminder
that never comes costs more. What is in titles all the time (morning, weekly, may, sun) is passed over. Not here: what
is asked (``application.phrases``).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from attrs import frozen

from domain.when.facts import DAY_FACTS, Clock, Date, Fact, NextUnit, Part, Span
from domain.when.grammar import (
    ABBREVIATION_LETTERS_MAX,
    NAMED_HOURS,
    SYMBOLS_MAX,
    TRIMMED,
    Phrase,
    Ways,
    is_solid,
    is_telling,
)
from domain.when.lexer import BESIDE, NOISE, UNKNOWN, Symbol, symbols_of
from domain.when.words import LANGUAGES
from domain.when.words.base import Language, fold

RUNS_MAX = 4
WITHIN_MAX = 4
# A phrase within a text is short; the longest that is looked at.
SYMBOLS_WITHIN_MAX = 8
# A word with fewer letters is too near to too many others.
LETTERS_MIN, LETTERS_MIN_OF_TWO_FAULTS, LETTERS_MAX = 4, 8, 16
FAULTS_MAX = 2
# Words that are asked about without another word of time beside them: tomorrow, wednesday, but not sunday (sundae).
LETTERS_MIN_ALONE = 7
_NEAR_KINDS = "TWwREPMU"
# March is near to match, and hours to house; longer names of months are near to nothing.
_NEAR_LETTERS_MIN = {"M": 6}
_NEAR_LETTERS_MIN_OF_ANY = 5


@frozen
class Respelled:
    """A text with one word of it replaced by the word of time that is nearest to it."""

    text: str
    word: str
    near: str
    # Whether the word says when by itself.
    alone: bool


def phrases_within(
    text: str, language: Language, zones: Mapping[str, str], *, beside: bool = False
) -> Iterator[Phrase]:
    """Yield the stretches of ``text`` that are a time wherever they stand, the longest first.

    ``beside`` says that a time stands in the text already, so that a word such as "daily" may belong to it.
    """
    found: list[tuple[int, Phrase]] = []
    for run in _runs(symbols_of(text, language, zones)):
        ways = Ways(run)
        for start in range(len(run)):
            if start and run[start - 1].kind == BESIDE:
                continue
            for end, several in ways.onward(start, SYMBOLS_WITHIN_MAX).items():
                part = run[start:end]
                if end < len(run) and run[end].kind == BESIDE and run[end].value == "back":
                    continue
                facts = next(
                    (
                        each
                        for each in several
                        if _is_worth_asking(part, each, text, language)
                        or (beside and _may_belong(part, each))
                    ),
                    None,
                )
                if facts is not None:
                    found.append((end - start, _phrase(text, part, facts)))
    found.sort(key=lambda each: -each[0])
    yield from (phrase for _, phrase in found[:WITHIN_MAX])


def is_certain(phrase: Phrase) -> bool:
    """Tell whether it can hardly be anything else than a time: a date, a day with a time, a length of time."""
    day = any(isinstance(fact, DAY_FACTS) for fact in phrase.facts)
    time = any(isinstance(fact, Clock | Part) for fact in phrase.facts)
    return (day and time) or any(isinstance(fact, Date | Span) for fact in phrase.facts)


def _runs(symbols: Sequence[Symbol]) -> Iterator[list[Symbol]]:
    """Yield the runs of known symbols of which one speaks of time, each up to the most that is looked at."""
    run: list[Symbol] = []
    count = 0
    for symbol in (*symbols, Symbol(UNKNOWN, "", 0, 0)):
        if symbol.kind == NOISE:
            continue
        if symbol.kind != UNKNOWN and len(run) < SYMBOLS_MAX:
            run.append(symbol)
            continue
        if any(each.kind not in "na" for each in run) and count < RUNS_MAX:
            count += 1
            yield run
        run = [] if symbol.kind == UNKNOWN else [symbol]


def _is_worth_asking(part: Sequence[Symbol], facts: Sequence[Fact], text: str, language: Language) -> bool:
    """Tell whether a stretch is likely to be meant as a time, within a text as well."""
    if not part or not facts or not is_solid(facts):
        return False
    if part[0].kind == "W" and len(part) == 1:
        word = fold(text[part[0].start : part[0].end])
        return len(word) > ABBREVIATION_LETTERS_MAX or (
            word in language.clear_short and not text[part[0].end :].strip(TRIMMED)
        )
    kinds = "".join(each.kind for each in part)
    if any(isinstance(fact, Part) and fact.name in NAMED_HOURS for fact in facts):
        # At the beginning it is the title's: midnight snack.
        return len(part) > 1 or bool(text[: part[0].start].strip())
    if any(kind in kinds for kind in "Ttdi") or any(
        is_telling(part, each) for each in part if each.kind in "WwE"
    ):
        return True
    if any(isinstance(fact, Date | NextUnit) for fact in facts):
        return "s" not in kinds and "m" not in kinds
    if any(isinstance(fact, Span) for fact in facts):
        return any(kind in kinds for kind in "naxm")
    clocks = [fact for fact in facts if isinstance(fact, Clock)]
    return any(not clock.weak for clock in clocks) and "n" in kinds and any(kind in kinds for kind in "@pcqz")


def _may_belong(part: Sequence[Symbol], facts: Sequence[Fact]) -> bool:
    """Tell whether a stretch says something of a time that stands elsewhere: daily ... at 9, evening ... at 8."""
    letters = part[-1].end - part[0].start if part else 0
    return bool(facts) and letters > ABBREVIATION_LETTERS_MAX and part[0].kind in "RVP" and is_solid(facts)


def _phrase(text: str, part: Sequence[Symbol], facts: Sequence[Fact]) -> Phrase:
    start, end = part[0].start, part[-1].end
    rest = " ".join(filter(None, (text[:start].rstrip(), text[end:].lstrip())))
    return Phrase(facts, text[start:end], rest.strip(TRIMMED), len(part))


# Words that are nearly words of time


def respelled(text: str, language: Language, zones: Mapping[str, str]) -> Iterator[Respelled]:
    """Yield the text with the first or the last word that is not known replaced by the nearest word of time."""
    unknown = [each for each in symbols_of(text, language, zones) if each.kind == UNKNOWN]
    for symbol in dict.fromkeys((*unknown[:1], *unknown[-1:])):
        word = text[symbol.start : symbol.end]
        near = _nearest(fold(word), language)
        if near is not None:
            changed = f"{text[: symbol.start]}{near.offered}{text[symbol.end :]}"
            yield Respelled(changed, word, near.offered, near.alone)


@frozen(order=True)
class _Near:
    """A word of time: as it is compared, as it is offered, and whether it says when by itself."""

    word: str
    offered: str
    alone: bool


def _nearest(word: str, language: Language) -> _Near | None:
    """Return the word of time that is nearest; None where none is near."""
    if not word.isalpha() or not LETTERS_MIN <= len(word) <= LETTERS_MAX:
        return None
    likely = [near for near in _vocabulary(language.tag) if near.word[0] == word[0] and near.word != word]
    ranked = sorted(
        (faults(word, near.word), near) for near in likely if abs(len(near.word) - len(word)) <= FAULTS_MAX
    )
    for count, near in ranked[:1]:
        # Two faults are many where neither word is long.
        long = len(near.word) >= LETTERS_MIN_OF_TWO_FAULTS and len(word) >= LETTERS_MIN_OF_TWO_FAULTS - 1
        return near if count <= (FAULTS_MAX if long else 1) else None
    return None


@cache
def _vocabulary(tag: str) -> Sequence[_Near]:
    """Return the words of time that are long enough to be told from others."""
    found: list[_Near] = []
    days: dict[str, str] = {}
    for word, entries in LANGUAGES[tag].entries.items():
        meanings = next((meanings for words, meanings in entries if len(words) == 1), None)
        if meanings is None or meanings[0].kind not in _NEAR_KINDS:
            continue
        kind, value = meanings[0].kind, meanings[0].value
        if len(word) >= _NEAR_LETTERS_MIN.get(kind, _NEAR_LETTERS_MIN_OF_ANY):
            # Of the spellings of a day the first is the one to offer.
            offered = days.setdefault(value, word) if kind == "T" and len(meanings) == 1 else word
            found.append(_Near(word, offered, kind in "TW" and len(word) >= LETTERS_MIN_ALONE))
    return found


def faults(one: str, other: str) -> int:
    """Return how many letters must be put in, left out, changed or swapped with the next: optimal string alignment."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]

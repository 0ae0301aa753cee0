"""Finds the phrase of time in a text: which stretch, at its beginning or its end, is accounted for by the rules.

A stretch is a phrase where rules cover it without a gap. The longest wins, so that nothing that speaks of time is
left in the rest by accident. A phrase at the beginning and another at the end are read as one ("tomorrow call mum at
9"). Not here: words and rules, which are data of their own, and what the facts mean.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from attrs import frozen

from domain.when.facts import BadZone, Clock, Count, Fact, InZone, Lasting, Mark, MonthDay
from domain.when.lexer import BESIDE, NOISE, UNKNOWN, Symbol, symbols_of
from domain.when.rules import RULES
from domain.when.shapes import PhraseRule
from domain.when.torn import goes_on, has_minutes, is_counted_from, is_torn
from domain.when.words.base import Language, words_of

SYMBOLS_MAX = 24
RULE_SYMBOLS_MAX = 10
READINGS_MAX = 32
CUTS_MAX = 48
WAYS_ONWARD_MAX = 4
# Shapes of stretches whose rules are remembered.
RULES_KEPT_MAX = 8192
ABBREVIATION_LETTERS_MAX = 3
MONTHS = 12
NAMED_HOURS = ("noon", "midnight")
# Numbers say nothing of time by themselves.
_WEAK_KINDS = "nayx"
TRIMMED = " \t\n,;:.-–—"


class OnlyPartly(ValueError):
    """Words that speak of time stand together, but only a part of them was understood. The text is the phrase."""

    def __init__(self, words: str, rest: str = "") -> None:
        super().__init__(words)
        self.rest = rest


@frozen
class Phrase:
    """A stretch of text that speaks of time, the facts it states, and the text without it."""

    facts: Sequence[Fact]
    words: str
    rest: str
    # How many symbols it accounts for; more is better.
    size: int


def phrases_of(
    text: str, language: Language, zones: Mapping[str, str], *, needed: bool = False
) -> Iterator[Phrase]:
    """Yield the ways to read the phrase of time in ``text``, the longest first.

    ``needed`` says that the text should be or begin with a time, so that a lone number is one. Raises OnlyPartly.
    """
    symbols = symbols_of(text, language, zones)
    head = _run(symbols, from_end=False)
    whole_known = len(head) == len([each for each in symbols if each.kind != NOISE])
    if whole_known:
        whole = list(_covers(head, needed))
        yield from (Phrase(facts, text.strip(TRIMMED), "", len(head)) for facts in whole)
        if whole:
            return
    tail = _run(symbols, from_end=True)
    heads = list(islice(_cuts(head, from_end=False, needed=needed), CUTS_MAX))
    tails = list(islice(_cuts(tail, from_end=True, needed=False), CUTS_MAX))
    if whole_known:
        if heads or tails or _speak_together(head) or _is_changed(head):
            raise OnlyPartly(text.strip(TRIMMED))
        return
    _refuse_parts(text, head, heads, tail, tails, language)
    found = [_cut(text, symbols, start, end, facts, language) for start, end, facts in (*heads, *tails)]
    both = [
        _cut_both(text, symbols, first, last, language)
        for first in heads[:1]
        for last in tails[:1]
        if first[1].end <= last[0].start and first[0] != last[0]
    ]
    yield from both
    yield from sorted(found, key=lambda phrase: -phrase.size)


def _run(symbols: Sequence[Symbol], *, from_end: bool) -> list[Symbol]:
    """Return the known symbols up to the first unknown one, without those that say nothing."""
    ordered = reversed(symbols) if from_end else symbols
    run: list[Symbol] = []
    for symbol in ordered:
        if symbol.kind == UNKNOWN or len(run) >= SYMBOLS_MAX:
            break
        if symbol.kind != NOISE:
            run.append(symbol)
    return run[::-1] if from_end else run


Cut = tuple[Symbol, Symbol, Sequence[Fact]]


def _refuse_parts(
    text: str,
    head: Sequence[Symbol],
    heads: Sequence[Cut],
    tail: Sequence[Symbol],
    tails: Sequence[Cut],
    language: Language,
) -> None:
    """Raise OnlyPartly where what would be taken at an end is a part of something that is not understood.

    "every day except sunday" is not every sunday, nor "before friday" friday.
    """
    left = [each for each in head if heads and each.start >= heads[0][1].end]
    is_torn_off = any(goes_on(text, last, facts, head, language) for _, last, facts in heads)
    if (
        (not heads and _speak_together(head))
        or _speak_together(left)
        or _changes(left, back=True)
        or is_torn_off
        or (heads and has_minutes(heads[0][1], left))
        or is_counted_from(head)
    ):
        words = text[head[0].start : head[-1].end]
        raise OnlyPartly(words, text[head[-1].end :].strip(TRIMMED))
    left = [each for each in tail if tails and each.end <= tails[0][0].start]
    if (
        (not tails and (_speak_together(tail) or _is_beside_number(tail)))
        or _speak_together(left)
        or _changes(left, back=False)
    ):
        # Of a long run of words only what changes the time is named, since the rest may be the title.
        first = next((each for each in left if is_telling(left, each)), left[-1] if left else tail[0])
        raise OnlyPartly(text[first.start : tail[-1].end], text[: first.start].strip(TRIMMED))


def _speak_together(symbols: Sequence[Symbol]) -> bool:
    """Tell whether there is a word that speaks of time by itself beside others that are left over."""
    # "2 h 10 min" is how long, where that is asked for.
    is_length = "".join(each.kind for each in symbols) == "tU"
    return not is_length and any(is_telling(symbols, each) for each in symbols) and len(_words(symbols)) > 1


def _changes(left: Sequence[Symbol], *, back: bool) -> bool:
    """Tell whether what is left over changes the time beside it: before friday, tomorrow except at 9."""
    if not left:
        return False
    if back:
        ago = any(each.kind == BESIDE and each.value == "back" for each in left)
        return ago or (left[0].kind == BESIDE and (len(left) > 1 or left[0].value == "except"))
    last = left[-1]
    return (last.kind == BESIDE and last.value != "back") or last.kind == "g" or last.value == "after"


def is_telling(symbols: Sequence[Symbol], symbol: Symbol) -> bool:
    """Tell whether a symbol speaks of time wherever it stands; "every" and "end of" do so before what they are of."""
    if symbol.kind == "E" or (symbol.kind == BESIDE and symbol.value == "of"):
        following = next((each.kind for each in symbols if each.start >= symbol.end), "")
        return following != "" and following in ("U%WPRwVK" if symbol.kind == "E" else "U%M")
    if symbol.kind == "W":
        return symbol.end - symbol.start > ABBREVIATION_LETTERS_MAX
    return symbol.kind in "TtdiRwV"


def _is_changed(symbols: Sequence[Symbol]) -> bool:
    """Tell whether nothing but a number or a length of time is there, and what changes it: 5 minutes ago, about 9."""
    kinds = {symbol.kind for symbol in symbols}
    return BESIDE in kinds and not kinds.isdisjoint("nU")


def _is_beside_number(symbols: Sequence[Symbol]) -> bool:
    """Tell whether the end is a number after a word that would change a time: call before 5."""
    return len(symbols) > 1 and symbols[-1].kind == "n" and _changes(symbols[:-1], back=False)


def _cuts(run: Sequence[Symbol], *, from_end: bool, needed: bool) -> Iterator[Cut]:
    """Yield the readings of the longest stretch at an end of ``run``, then those of shorter ones."""
    if not needed and all(symbol.kind in _WEAK_KINDS for symbol in run):
        return
    ways = Ways(run)
    for size in range(len(run), 0, -1):
        part = run[-size:] if from_end else run[:size]
        if not from_end and (is_torn(run, size) or _says_again(part)):
            continue
        is_one = len(part) == 1 or (part[0].kind == "E" and len(_words(part)) == 1)
        if needed or not is_one or _speaks(part[0], from_end=from_end):
            found = ways.to_end(len(run) - size) if from_end else ways.from_start(size)
            for facts in found:
                # A word such as "until" at the end belongs to what follows.
                if (needed or is_solid(facts)) and not isinstance(facts[-1], Mark):
                    yield part[0], part[-1], facts


def _says_again(part: Sequence[Symbol]) -> bool:
    """Tell whether a stretch ends with how often for the second time: every day at 02:30 | nightly job."""
    words = _words(part)
    return len(words) > 1 and words[-1].kind in "ER" and any(each.kind in "ERVw" for each in words[:-1])


def _words(symbols: Sequence[Symbol]) -> Sequence[Symbol]:
    """Return one symbol for each word; those that a word stands for beside its first have no place in the text."""
    return [each for each in symbols if each.end > each.start]


def _speaks(symbol: Symbol, *, from_end: bool) -> bool:
    """Tell whether one word at an end of a longer text is a time, and not part of a title.

    "weekly report", "midnight snack" and "say good morning" are titles; "pay rent monthly" and "tomorrow gym" are not.
    """
    letters = symbol.end - symbol.start
    if symbol.kind == "P":
        return from_end and symbol.value in NAMED_HOURS
    if symbol.kind == "m" or (
        symbol.kind == "s" and not isinstance(symbol.value, str) and _is_fraction(symbol.value)
    ):
        return False
    if from_end:
        return symbol.kind != "W" or letters > ABBREVIATION_LETTERS_MAX
    return symbol.kind not in "WwVKROE"


def _is_fraction(numbers: tuple[int, ...]) -> bool:
    first, second, year = numbers
    return max(first, second) <= MONTHS and year == -1


def _covers(run: Sequence[Symbol], needed: bool) -> Iterator[Sequence[Fact]]:
    """Yield the facts of every way in which rules cover all of ``run``, those of long rules first."""
    return (facts for facts in Ways(run).to_end(0) if needed or is_solid(facts))


Facts = tuple[Fact, ...]


@lru_cache(maxsize=RULES_KEPT_MAX)
def _rules_of(kinds: str) -> Sequence[PhraseRule]:
    """Return the rules whose shape is a stretch of these kinds of symbols."""
    return tuple(rule for rule in RULES if rule.shape.fullmatch(kinds))


class Ways:
    """The ways in which rules cover a stretch without a gap, each part of it reckoned once."""

    def __init__(self, run: Sequence[Symbol]) -> None:
        self._size = len(run)
        self._by_start: dict[int, list[tuple[int, Facts]]] = {at: [] for at in range(len(run))}
        self._by_end: dict[int, list[tuple[int, Facts]]] = {end: [] for end in range(1, len(run) + 1)}
        kinds = "".join(symbol.kind for symbol in run)
        for at in range(len(run)):
            for end in range(min(len(run), at + RULE_SYMBOLS_MAX), at, -1):
                for rule in _rules_of(kinds[at:end]):
                    facts = rule.build(run[at:end])
                    if facts is not None:
                        self._by_start[at].append((end, tuple(facts)))
                        self._by_end[end].append((at, tuple(facts)))
        self._to_end: dict[int, list[Facts]] = {}
        self._from_start: dict[int, list[Facts]] = {}

    def to_end(self, at: int) -> list[Facts]:
        """Return the facts of each way from ``at`` to the end, those of long rules first."""
        for start in range(self._size, at - 1, -1):
            if start not in self._to_end:
                several = ((first + rest) for end, first in self._steps(start) for rest in self._to_end[end])
                self._to_end[start] = _distinct(several) if start < self._size else [()]
        return self._to_end[at]

    def from_start(self, end: int) -> list[Facts]:
        """Return the facts of each way from the beginning to ``end``, those of long rules first."""
        for stop in range(end + 1):
            if stop not in self._from_start:
                several = ((rest + last) for at, last in self._back(stop) for rest in self._from_start[at])
                self._from_start[stop] = _distinct(several) if stop else [()]
        return self._from_start[end]

    def onward(self, start: int, most: int) -> dict[int, list[Facts]]:
        """Return the facts of the ways from ``start`` over up to ``most`` symbols, by where they end."""
        found: dict[int, list[Facts]] = {start: [()]}
        for at in range(start, min(self._size, start + most)):
            for end, facts in self._steps(at) if at in found else ():
                if end <= start + most:
                    several = found.setdefault(end, [])
                    several.extend(before + facts for before in found[at])
                    del several[WAYS_ONWARD_MAX:]
        return found

    def _steps(self, at: int) -> Sequence[tuple[int, Facts]]:
        return self._by_start.get(at, ())

    def _back(self, end: int) -> Sequence[tuple[int, Facts]]:
        return sorted(self._by_end.get(end, ()), key=lambda step: step[0])


def _distinct(several: Iterable[Facts]) -> list[Facts]:
    return list(islice(dict.fromkeys(several), READINGS_MAX))


def is_solid(facts: Sequence[Fact]) -> bool:
    """Tell whether the facts speak of time by themselves; a lone number or a lone zone does not."""
    strong = [
        fact
        for fact in facts
        if not isinstance(fact, InZone | BadZone | Mark)
        and not (isinstance(fact, Clock | MonthDay) and fact.weak)
        and not isinstance(fact, Count | Lasting)
    ]
    return bool(strong)


def _cut(
    text: str,
    symbols: Sequence[Symbol],
    first: Symbol,
    last: Symbol,
    facts: Sequence[Fact],
    language: Language,
) -> Phrase:
    start, end = first.start, last.end
    before, after = text[:start], text[end:]
    # "the 30th at 8 beer" begins with its time, the article aside.
    at_start = not _without_noise(before, symbols, start).strip(TRIMMED)
    rest = without_joiner(after, language) if at_start else _without_noise(before, symbols, start)
    return Phrase(facts, text[start:end], rest.strip(TRIMMED), _size(symbols, start, end))


def _cut_both(text: str, symbols: Sequence[Symbol], head: Cut, tail: Cut, language: Language) -> Phrase:
    middle = text[head[1].end : tail[0].start]
    rest = _without_noise(without_joiner(middle, language), (), 0).strip(TRIMMED)
    words = f"{text[head[0].start : head[1].end]} {text[tail[0].start : tail[1].end]}"
    size = _size(symbols, head[0].start, head[1].end) + _size(symbols, tail[0].start, tail[1].end)
    return Phrase((*head[2], *tail[2]), words, rest, size)


def _size(symbols: Sequence[Symbol], start: int, end: int) -> int:
    return len([each for each in symbols if start <= each.start < end and each.kind != NOISE])


def without_joiner(text: str, language: Language) -> str:
    """Return the text without the words that tied it to the phrase before it (to, that)."""
    text = text.lstrip(TRIMMED)
    for _ in range(2):
        word, gap, following = text.partition(" ")
        if not gap or words_of(word) == () or not set(words_of(word)) <= language.joiners:
            break
        text = following.lstrip(TRIMMED)
    return text


def without_lead(text: str, languages: Sequence[Language]) -> str:
    """Return the text without the word that says whom to remind: me tomorrow at 8 to call mum."""
    word, gap, following = text.lstrip().partition(" ")
    # In capitals it is a name: US office.
    is_lead = any(words_of(word) == (lead,) for each in languages for lead in each.leads) and word != "US"
    return following.lstrip() if gap and is_lead else text


def _without_noise(before: str, symbols: Sequence[Symbol], start: int) -> str:
    """Return what stands before a phrase, without the words that belong to the phrase and say nothing (the)."""
    for symbol in reversed([each for each in symbols if each.end <= start]):
        if symbol.kind != NOISE or before[symbol.end : start].strip():
            break
        before, start = before[: symbol.start], symbol.start
    return before

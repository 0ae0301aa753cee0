"""Understanding what people write about time, and saying it back.

Puts together what the domain knows (words, rules, meaning) and what the Calendar port knows (zones, recurrences). A
phrase is read in the reader's language, then in English, then in the others, where it must mean the same in all
that know it. Not here: the words of the echo (``application.messages.times``).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from attrs import evolve, frozen

from application.ports import Calendar
from domain.when import grammar
from domain.when.answers import (
    agreed,
    asked,
    is_no_time,
    is_refused_as,
    of_both,
    options_of,
    rank,
    says_nothing,
    settles,
    takes_more,
    with_rest,
)  # fmt: skip
from domain.when.clocktime import NoSuchTime
from domain.when.doubts import is_certain, phrases_within, respelled
from domain.when.facts import Date, Fact, OpenDate
from domain.when.grammar import OnlyPartly, Phrase
from domain.when.meaning import Meant, Now, Refusal, meant, moment_of
from domain.when.places import Found, Offers, find, offset_of
from domain.when.reading import Loose, NotUnderstood, Reading, Several, reading_of
from domain.when.recurring import rules_meant
from domain.when.torn import is_length
from domain.when.values import (
    Answer,
    Moment,
    Note,
    Occurrence,
    Question,
    Reason,
    Refused,
    Rule,
    Unclear,
    Understood,
    UnknownZone,
    Zone,
)
from domain.when.walltime import moment_at
from domain.when.words import LANGUAGES
from domain.when.words.base import DAY_FIRST, MONTH_FIRST, OPEN, Language, fold, words_of

TEXT_CHARS_MAX = 4096
# Where the phrase is at the end of a long text, only this much of each end is looked at.
WINDOW_CHARS = 200
LONG_CHARS_MIN = 2 * WINDOW_CHARS
# Stands for the middle of a long text; a private character, which is in no word.
_MIDDLE = "\ue000"
ENGLISH = "en"
# Where 3/4 is the 4th of March. https://cldr.unicode.org, patterns of short dates.
MONTH_FIRST_REGIONS = frozenset({"US", "PH", "FM", "GU", "MH", "PR", "VI"})


@frozen(slots=False)
class Phrases:
    """What people write about time, understood."""

    calendar: Calendar

    @cached_property
    def _zones(self) -> Mapping[str, str]:
        return {fold(name): name for name in self.calendar.names()}

    def understand(
        self, text: str, *, now_s: float, zone: Zone, language: str | None = None, needed: bool = False
    ) -> Answer:
        """Return what the phrase of time at the beginning or end of ``text`` means, seen from now in ``zone``.

        ``language`` is the tag of the reader's app. ``needed`` says that a time is expected first, so that a lone
        number is an hour. Raises UnknownZone where ``zone`` is none.
        """
        if len(text) > TEXT_CHARS_MAX:
            return Refused(Reason.TOO_LONG, values={"most": str(TEXT_CHARS_MAX)})
        now = Now(int(now_s // 1), zone, self.calendar.tz(zone))
        tag = (language or ENGLISH).partition("-")[0].lower()
        own = [
            _for_region(LANGUAGES[name], language)
            for name in dict.fromkeys((tag, ENGLISH))
            if name in LANGUAGES
        ]
        if needed:
            text = grammar.without_lead(text, own)
        # The number of "20 Minuten Tee" is no hour in English either.
        is_long = needed and is_length(text[:WINDOW_CHARS], LANGUAGES.values(), self._zones)
        needed = needed and not is_long
        answer: Answer = Refused(Reason.NO_TIME, rest=text)
        for each in own:
            answer = self._in_language(text, each, now, needed)
            if not is_no_time(answer):
                answer = _without_lead(answer, each) if needed else answer
                break
        if is_long and is_no_time(answer):
            return answer
        answer = self._in_any(text, answer, now, [*own, *LANGUAGES.values()])
        if is_refused_as(answer, Reason.NOT_UNDERSTOOD):
            return answer
        return self._doubted(text, answer, now, own)

    def next_after(self, rule: Rule, instant_s: float) -> Moment | None:
        """Return the rule's first moment strictly after the instant; None where there is none."""
        found = self.calendar.next_after(rule, int(instant_s // 1))
        return moment_at(found.at_s, rule.zone, self.calendar.tz(rule.zone)) if found is not None else None

    def upcoming(self, rule: Rule, instant_s: float) -> Understood | None:
        """Return a stored rule with its first moment strictly after the instant, None where it has ended."""
        first = self.next_after(rule, instant_s)
        return Understood(rule, first, "", "", (), self._last(rule)) if first is not None else None

    def moment(self, at_s: float, zone: Zone) -> Moment:
        """Return an instant as it reads in a zone. Raises UnknownZone."""
        return moment_at(int(at_s // 1), zone, self.calendar.tz(zone))

    def find_zone(self, text: str) -> Found | Offers | None:
        """Return the zone of a place, country or offset as people write it; offers where it may be several.

        None where nothing is known by that name or a similar one.
        """
        return find(text, self._zones)

    # How a phrase is tried

    def _in_any(self, text: str, answer: Answer, now: Now, languages: Sequence[Language]) -> Answer:
        """Return what the other languages say, where the reader's own say nothing or take less of the text.

        Somebody whose app is in English writes "завтра в 18:00", of which English knows 18:00.
        """
        refused = is_refused_as(answer, Reason.NOT_UNDERSTOOD)
        is_open = bool(answer.rest) and (is_no_time(answer) or isinstance(answer, Understood))
        if not refused and not is_open:
            return answer
        several = {each.tag: each for each in reversed(languages)}.values()
        answers = [self._in_language(text, each, now, needed=False) for each in several]
        if refused:
            # "am 24.12. um 18 Uhr" is no "am" of English.
            return agreed([each for each in answers if takes_more(each, answer)]) or answer
        if not isinstance(answer, Understood):
            return agreed(answers) or answer
        wider = agreed([each for each in answers if takes_more(each, answer) and not says_nothing(each)])
        return answer if wider is None else of_both(answer, wider)

    def _doubted(self, text: str, answer: Answer, now: Now, languages: Sequence[Language]) -> Answer:
        """Return the answer, or the question about what looks like a time and was not taken."""
        if not (is_no_time(answer) or isinstance(answer, Understood)):
            return answer
        for each in languages:
            if found := self._spelled(text, answer, now, each):
                return found
        taken = isinstance(answer, Understood)
        for each in languages:
            for phrase in phrases_within(answer.rest[:LONG_CHARS_MIN], each, self._zones, beside=taken):
                found = self._within(answer, phrase, each, now)
                if found is not None:
                    return found
        return answer

    def _within(self, answer: Answer, phrase: Phrase, language: Language, now: Now) -> Answer | None:
        """Return the question or the note about a phrase that stands within the text; None where it says nothing."""
        rest = phrase.rest + answer.rest[LONG_CHARS_MIN:]
        meaning = self._meant(phrase, language, now)
        if not isinstance(answer, Understood):
            if isinstance(meaning, Refused):
                return None
            return asked(Question.MIDDLE, options_of(meaning), phrase.words, rest, {"phrase": phrase.words})
        if is_certain(phrase) and not isinstance(meaning, Refused):
            return evolve(answer, notes=(*answer.notes, Note("middle", {"other": phrase.words})))
        for words in (f"{phrase.words} {answer.phrase}", f"{answer.phrase} {phrase.words}"):
            both = self._in_short(words, language, now, needed=False)
            if settles(both) and not both.rest:
                if [each.what for each in options_of(both)] == [answer.what]:
                    return None
                return asked(Question.MIDDLE, (*options_of(both), answer), words, rest, {"phrase": words})
        return None

    def _spelled(self, text: str, answer: Answer, now: Now, language: Language) -> Answer | None:
        """Return the question whether a word that is nearly one of time is meant as that."""
        for each in (
            respelled(text[:TEXT_CHARS_MAX], language, self._zones) if len(text) <= LONG_CHARS_MIN else ()
        ):
            found = self._in_language(each.text, language, now, needed=False)
            phrase = getattr(found, "phrase", "")
            words = words_of(phrase)
            if (
                isinstance(found, Refused)
                or fold(each.near) not in words
                or (len(phrase.split()) == 1 and not each.alone)
            ):
                continue
            if isinstance(answer, Understood) and len(phrase) <= len(answer.phrase) + len(each.near):
                continue
            options = (*options_of(found), *options_of(answer))
            values = {"phrase": phrase, "word": each.word, "near": each.near}
            return asked(Question.SPELLING, options, phrase, found.rest, values)
        return None

    def _meant(self, phrase: Phrase, language: Language, now: Now) -> Answer:
        try:
            return self._meaning(phrase, reading_of(_ordered(phrase.facts, language)), now)
        except (Loose, NotUnderstood):
            return Refused(Reason.NO_TIME)
        except Several:
            return Unclear(Question.SEVERAL, phrase=phrase.words, rest=phrase.rest)

    def _in_language(self, text: str, language: Language, now: Now, needed: bool) -> Answer:
        """Return the answer for the longest stretch that is one time, or the refusal that says most."""
        if len(text) > LONG_CHARS_MIN:
            return self._in_long(text, language, now, needed)
        return self._in_short(text, language, now, needed)

    def _in_short(self, text: str, language: Language, now: Now, needed: bool) -> Answer:
        said: tuple[int, Answer] | None = None
        try:
            phrases = list(grammar.phrases_of(text, language, self._zones, needed=needed))
        except OnlyPartly as error:
            return Refused(Reason.NOT_UNDERSTOOD, str(error), error.rest, {"phrase": str(error)})
        for phrase in phrases:
            if said is not None and phrase.size < said[0]:
                break
            try:
                answer = self._meaning(phrase, reading_of(_ordered(phrase.facts, language)), now)
            except Loose:
                continue
            except NotUnderstood:
                answer = Refused(Reason.NOT_UNDERSTOOD, phrase.words, phrase.rest, {"phrase": phrase.words})
            except Several:
                answer = Unclear(Question.SEVERAL, phrase=phrase.words, rest=phrase.rest)
            if settles(answer):
                return answer
            if not is_no_time(answer) and (said is None or rank(answer) > rank(said[1])):
                said = (phrase.size, answer)
        return said[1] if said is not None else Refused(Reason.NO_TIME, rest=text)

    def _in_long(self, text: str, language: Language, now: Now, needed: bool) -> Answer:
        """A long text is looked at near its ends only; the middle is always rest."""
        first = text.rfind(" ", 0, WINDOW_CHARS)
        last = text.find(" ", len(text) - WINDOW_CHARS)
        first, last = max(first, 0), last if last >= 0 else len(text)
        answer = self._in_short(f"{text[:first]} {_MIDDLE}{text[last:]}", language, now, needed)
        if says_nothing(answer) or _MIDDLE not in answer.rest:
            return Refused(Reason.NO_TIME, rest=text)
        return with_rest(answer, answer.rest.replace(_MIDDLE, text[first:last].strip(), 1))

    def _meaning(self, phrase: Phrase, reading: Reading, now: Now) -> Answer:
        values = {"phrase": phrase.words}
        if reading.bad_zone is not None:
            return Unclear(Question.ZONE_ABBREVIATION, phrase=phrase.words, rest=phrase.rest,
                           values={"zone": reading.bad_zone.upper()})  # fmt: skip
        try:
            now = self._zone_of(reading, now)
            if reading.every is not None:
                return self._recurring(phrase, reading, now)
            return self._single(phrase, meant(reading, now))
        except Refusal as refusal:
            return Refused(refusal.reason, phrase.words, phrase.rest, {**values, **refusal.values})
        except NoSuchTime as error:
            return Refused(Reason.NO_SUCH_TIME, phrase.words, phrase.rest, {**values, "time": str(error)})
        except UnknownZone:
            return Refused(
                Reason.UNKNOWN_ZONE, phrase.words, phrase.rest, {**values, "zone": reading.zone or ""}
            )

    def _zone_of(self, reading: Reading, now: Now) -> Now:
        """Return now in the zone that the phrase names, with the offset that it names beside it."""
        if reading.zone is None:
            return now
        name, _, beside = reading.zone.partition(",")
        zone = offset_of(name) or (Zone(self._zones[name]) if name in self._zones else None)
        if zone is None:
            raise UnknownZone(name)
        fixed = offset_of(beside) if beside else None
        offset = self.calendar.tz(fixed).utcoffset(None) if fixed is not None else None
        return Now(now.at_s, zone, self.calendar.tz(zone), offset)

    def _single(self, phrase: Phrase, found: Meant) -> Answer:
        if found.question is None and len(found.moments) == 1:
            moment, notes = found.moments[0]
            return Understood(moment, moment, phrase.rest, phrase.words, notes)
        options = tuple(
            Understood(moment, moment, phrase.rest, phrase.words, notes) for moment, notes in found.moments
        )
        return Unclear(found.question or Question.SEVERAL, options, phrase.words, phrase.rest)

    def _recurring(self, phrase: Phrase, reading: Reading, now: Now) -> Answer:
        found = rules_meant(reading, now, self.calendar.next_after)
        options = tuple(self._rule(phrase, rule, first, now) for rule, first in found.rules)
        if len(options) == 1 and found.question is None:
            return options[0]
        return Unclear(found.question or Question.WHICH_RULE, options, phrase.words, phrase.rest)

    def _rule(self, phrase: Phrase, rule: Rule, first: Occurrence, now: Now) -> Understood:
        moment = moment_at(first.at_s, rule.zone, now.tz)
        notes: Sequence[Note] = ()
        if not rule.pattern.elapsed:
            _, notes = moment_of(first.nominal, now)
        return Understood(rule, moment, phrase.rest, phrase.words, notes, self._last(rule))

    def _last(self, rule: Rule) -> Moment | None:
        until_s = rule.pattern.until_s
        return moment_at(until_s, rule.zone, self.calendar.tz(rule.zone)) if until_s is not None else None


def _for_region(language: Language, tag: str | None) -> Language:
    """Return the language as its region writes dates: 3/4 is open in English, but not in that of Britain."""
    region = (tag or "").partition("-")[2].upper()
    if language.tag != ENGLISH or not region:
        return language
    return evolve(language, date_order=MONTH_FIRST if region in MONTH_FIRST_REGIONS else DAY_FIRST)


def _without_lead(answer: Answer, language: Language) -> Answer:
    """Return the answer to "me to call mum in 2 hours" with the rest that was meant: call mum."""
    return with_rest(answer, grammar.without_joiner(answer.rest, language))


def _ordered(facts: Sequence[Fact], language: Language) -> Sequence[Fact]:
    """Return the facts with the order of day and month decided where the language, or only one order, does."""
    return [_dated(fact, language.date_order) if isinstance(fact, OpenDate) else fact for fact in facts]


def _dated(found: OpenDate, order: str) -> Fact:
    if order == OPEN or found.first == found.second or max(found.first, found.second) > 12:
        return found
    if order == DAY_FIRST:
        return Date(found.first, found.second, found.year)
    return Date(found.second, found.first, found.year)


def languages() -> Iterator[str]:
    """Yield the tags of the languages that are understood."""
    yield from LANGUAGES

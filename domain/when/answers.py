"""Answers about phrases beside one another: which says more, which two say the same, and what is to be asked.

Not here: how they come about (``application.phrases``).
"""

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from attrs import evolve

from domain.when.values import Answer, Question, Reason, Refused, Rule, Unclear, Understood
from domain.when.words.base import words_of

# A word with as many letters, known in another language, is hardly one by accident.
CLEAR_LETTERS_MIN = 4


def with_rest(answer: Answer, rest: str) -> Answer:
    """Return the answer with another text that is left, its options as well."""
    if isinstance(answer, Unclear):
        return evolve(
            answer, rest=rest, options=tuple(evolve(option, rest=rest) for option in answer.options)
        )
    return evolve(answer, rest=rest)


def is_no_time(answer: Answer) -> bool:
    """Tell whether there is no time."""
    return isinstance(answer, Refused) and answer.reason is Reason.NO_TIME


def says_nothing(answer: Answer) -> TypeGuard[Refused]:
    """Tell whether nothing was understood."""
    return isinstance(answer, Refused) and answer.reason in (Reason.NO_TIME, Reason.NOT_UNDERSTOOD)


def is_refused_as(answer: Answer, reason: Reason) -> bool:
    """Tell whether the answer is a refusal for this reason."""
    return isinstance(answer, Refused) and answer.reason is reason


def options_of(answer: Answer) -> tuple[Understood, ...]:
    """Return the times that an answer is or offers."""
    if isinstance(answer, Understood):
        return (answer,)
    return tuple(answer.options) if isinstance(answer, Unclear) else ()


def asked(
    question: Question, options: Sequence[Understood], phrase: str, rest: str, values: Mapping[str, str]
) -> Unclear:
    """Return the question, each option once and with the same rest."""
    distinct = {(each.what, each.first): evolve(each, rest=rest) for each in reversed(options)}
    return Unclear(question, tuple(distinct.values())[::-1], phrase, rest, values)


def takes_more(answer: Answer, own: Answer) -> bool:
    """Tell whether an answer takes what another takes and more of the text."""
    return own.phrase in answer.phrase and len(answer.phrase) > len(own.phrase)


def of_both(own: Understood, wider: Answer) -> Answer:
    """Return which of two readings is meant, of which the one of another language takes more of the text."""
    more = wider.phrase.replace(own.phrase, " ", 1)
    if isinstance(wider, Understood) and (wider.what, wider.first) == (own.what, own.first):
        # The same time; "в 18:00" is cut whole, but "do as 18:00" is not taken for Portuguese.
        return own if more.isascii() else wider
    if not words_of(own.phrase) and any(len(word) >= CLEAR_LETTERS_MIN for word in words_of(more)):
        return wider
    options = (own, *options_of(wider))
    return Unclear(Question.LANGUAGE, options, wider.phrase, wider.rest)


def settles(answer: Answer) -> bool:
    """Tell whether no other reading of the same words needs to be looked at."""
    return isinstance(answer, Understood) or (
        isinstance(answer, Unclear) and answer.question is not Question.SEVERAL
    )


def rank(answer: Answer) -> int:
    """Return how much an answer that settles nothing says; a refusal that names the fault says most."""
    if isinstance(answer, Refused):
        return 1 if answer.reason in (Reason.NOT_TOGETHER, Reason.NOT_UNDERSTOOD) else 2
    return 0


def agreed(answers: Sequence[Answer]) -> Answer | None:
    """Return what all languages that know the phrase say; a question where they say different things.

    None where nothing is said. A part is not taken of what another language reads, or refuses, as a whole.
    """
    understood = [answer for answer in answers if isinstance(answer, Understood)]
    if not understood:
        return next((answer for answer in answers if not says_nothing(answer)), None)
    longest = max(len(answer.phrase) for answer in understood)
    best = [answer for answer in understood if len(answer.phrase) == longest]
    if wider := [each for each in answers if all(takes_more(each, own) for own in best)]:
        # "Alle 14 Tage ..." is no "alle 14" in Italian, even where German asks or refuses.
        return max(wider, key=lambda each: len(each.phrase))
    different = {(answer.first.at_s, isinstance(answer.what, Rule), answer.rest) for answer in best}
    if len(different) == 1:
        return best[0]
    return Unclear(Question.LANGUAGE, tuple(best), best[0].phrase, best[0].rest)

"""What a rule of phrases is: a pattern over the letters of symbols, and what it states. And how symbols are read.

The letters are those of ``domain.when.words.base`` and ``domain.when.lexer``. Not here: the rules (``rules``).
"""

import re
from collections.abc import Callable, Sequence

from attrs import frozen

from domain.when.facts import Fact
from domain.when.lexer import Symbol

Symbols = Sequence[Symbol]
Build = Callable[[Symbols], Sequence[Fact] | None]
# What may stand before a day: on, at, in.
DAY = r"[k@>]{0,2}"


@frozen
class PhraseRule:
    """A pattern and what it states; ``build`` returns None where the values do not fit after all."""

    shape: "re.Pattern[str]"
    build: Build


def rule(shape: str, build: Build) -> PhraseRule:
    """Return the rule of a shape."""
    return PhraseRule(re.compile(shape), build)


def number(symbol: Symbol) -> int:
    """Return the number that a symbol says; 1 where it is a word."""
    value = symbol.value
    return 1 if symbol.kind == "a" or isinstance(value, str) else value[0]


def text_of(symbol: Symbol) -> str:
    """Return the name that a symbol says; nothing where it is a number."""
    return symbol.value if isinstance(symbol.value, str) else ""


def only(symbols: Symbols, kinds: str) -> list[Symbol]:
    """Return the symbols of these kinds."""
    return [symbol for symbol in symbols if symbol.kind in kinds]

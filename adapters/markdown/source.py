"""Markdown source made ready and read: what chat texts mean, where CommonMark by the letter would lose it.

Formulas in ``\\(…\\)`` and ``\\[…\\]`` are formulas; a dollar before a price is none; a definition that no link
uses stays visible. Not here: how anything looks (``adapters.markdown.render``).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any

import pyromark
from pyromark import Options

from domain.formatting import clean

# One event of the reader, and the bytes of the source that it stands for.
Events = list[tuple[Any, Any]]

# A formula that is longer is no formula, but two brackets far apart.
FORMULA_CHARS_MAX = 2_000
# Every line of a table is filled up with as many cells as its head has, so cells are not bounded by the source.
EVENTS_PER_CHAR_MAX = 3
EVENTS_MIN = 1_000
# Escaping dollars can change what the others pair with; after these rounds, there are no formulas.
ROUNDS_MAX = 4

_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_GFM
)
_FORMULA_TOKEN = re.compile(r"\\\\|\\[()\[\]]|\n[ \t]*\n")
_CLOSERS = {r"\(": r"\)", r"\[": r"\]"}
_LABEL = re.compile(r"\[([^\[\]\n]{1,200})\]")
_DEFINITION = re.compile(r"^([ \t]{0,3})\[(?!\^)([^\[\]\n]{1,200})\]:(?=[ \t]*\S)", re.MULTILINE)
_FORMULA_SIGNS = re.compile(r"[\\^_{}=<>+*|]|^\S{1,3}$")


class TooComplex(Exception):
    """The source makes far more of itself than it is long."""


def normal(markdown: str) -> str:
    """Return the source with newlines as line ends, and nothing that is no text."""
    return clean(markdown.replace("\r\n", "\n").replace("\r", "\n"))


def parse(source: str) -> tuple[bytes, Events]:
    """Return the source as it was read in the end, in UTF-8, and its events. Raises TooComplex."""
    text = source
    if r"\(" in text or r"\[" in text:
        text = _outside_code(text, _with_formulas)
    if _DEFINITION.search(text):
        labels = Counter(label.casefold() for label in _LABEL.findall(text))
        text = _outside_code(text, lambda piece: _with_visible_definitions(piece, labels))
    if "$" not in text:
        return text.encode(), _events(text, _OPTIONS)
    for _ in range(ROUNDS_MAX):
        raw, events = text.encode(), _events(text, _OPTIONS | Options.ENABLE_MATH)
        if not (dollars := _prices(raw, events)):
            return raw, events
        bounds = [0, *sorted(dollars), len(raw)]
        text = b"\\".join(raw[start:end] for start, end in pairwise(bounds)).decode()
    return source.encode(), _events(source, _OPTIONS)


def _events(text: str, options: Options) -> Events:
    most = EVENTS_PER_CHAR_MAX * len(text) + EVENTS_MIN
    events = list(islice(pyromark.events_with_range(text, options=options), most + 1))
    if len(events) > most:
        raise TooComplex
    return events


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return ``text`` with ``change`` made to each stretch that is no code."""
    raw = text.encode()
    pieces, done = [], 0
    for start, end in _code_ranges(text):
        pieces += [change(raw[done:start].decode()), raw[start:end].decode()]
        done = end
    return "".join((*pieces, change(raw[done:].decode())))


def _code_ranges(text: str) -> Iterator[tuple[int, int]]:
    for event, place in _events(text, _OPTIONS):
        match event:
            case {"Start": {"CodeBlock": _}} | {"Code": _}:
                yield place["start"], place["end"]


def _with_formulas(text: str) -> str:
    pieces, done = [], 0
    opening: re.Match[str] | None = None
    for token in _FORMULA_TOKEN.finditer(text):
        if token[0] in _CLOSERS:
            opening = token
        elif opening is not None and token[0] == _CLOSERS[opening[0]]:
            formula = text[opening.end() : token.start()]
            if made := _formula(opening[0], formula):
                pieces += [text[done : opening.start()], made]
                done = token.end()
            opening = None
        elif token[0][0] == "\n":
            opening = None
    return "".join((*pieces, text[done:]))


def _formula(opening: str, formula: str) -> str | None:
    """Return a formula in Markdown: on its own as a display formula, within a line as code."""
    if not formula.strip() or len(formula) > FORMULA_CHARS_MAX or "`" in formula or "$" in formula:
        return None
    # Lines of a formula must not be taken for lists or headings; their ends mean nothing in it.
    line = " ".join(formula.split())
    return f"`{line}`" if opening == r"\(" else f"$${line}$$"


def _with_visible_definitions(text: str, labels: Counter[str]) -> str:
    return _DEFINITION.sub(
        lambda found: (
            f"{found[1]}\\{found[0][len(found[1]) :]}" if labels[found[2].casefold()] == 1 else found[0]
        ),
        text,
    )


def _prices(raw: bytes, events: Events) -> list[int]:
    """Return where the dollars stand that the reader took for formulas and a person for money or variables."""
    dollars = []
    for event, place in events:
        match event:
            case {"InlineMath": formula}:
                start, end = place["start"], place["end"]
                touches = raw[max(start - 1, 0) : start].isalnum() or raw[end : end + 1].isalnum()
                if touches or not _FORMULA_SIGNS.search(formula):
                    dollars += [start, end - 1]
    return dollars

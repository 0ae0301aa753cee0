"""From text to symbols: numbers, dates and times as they are written, and the words of a language.

Every symbol keeps its place in the text, so that what is left over can be cut out unchanged. A stretch that is none
of these is unknown (``?``) and parts the text. Besides the symbols of the word tables there are ``t`` a time with
minutes, ``d`` a date with day and month, ``s`` one whose order is open, ``i`` an ISO date, ``m`` a pair with a dot
(a date, a time or a decimal), ``x`` a decimal, ``o`` a day of the month, ``y`` a number of four digits, ``Z`` a zone,
and ``A`` an abbreviation of a zone. Not here: what follows what (``domain.when.rules``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from domain.when.words.base import Language, fold

UNKNOWN = "?"
NOISE = "-"
# A word that changes the time beside it in a way that is not read: before, except; ``back`` where it follows (ago).
BESIDE = "!"
# An abbreviation says too little: CST is in America and in China, IST in India, Israel and Ireland.
_AMERICAN = ("est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "brt", "art")
_OTHERS = (
    "cet",
    "cest",
    "eet",
    "eest",
    "wet",
    "west",
    "msk",
    "ist",
    "bst",
    "jst",
    "kst",
    "aest",
    "aedt",
    "acst",
    "nzst",
)
ABBREVIATIONS = frozenset((*_AMERICAN, *_OTHERS))
_LITERALS = re.compile(
    r"""
    (?P<zone>\(\s*(?P<inner>[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2}(?:[+-]\d{1,2}(?::?\d{2})?)?
        (?:,\s*UTC(?:[+-]\d{1,2}(?::\d{2})?)?)?)\s*\))
    | (?P<offset>\b(?:UTC|GMT)\s*[+\-−]\s*\d{1,2}(?::?\d{2})?(?!\d)|\bUTC\b|\bGMT\b)
    | (?P<iso>(?<=T\d\d:\d\d)(?:Z\b|[+-]\d\d:\d\d)|(?<=T\d\d:\d\d:\d\d)(?:Z\b|[+-]\d\d:\d\d))
    | (?P<iana>\b[A-Za-z_]+/[A-Za-z_+\-0-9]+(?:/[A-Za-z_]+)?)
    | (?P<i>(?<!\d)(?P<iy>\d{4})(?P<sep>[-/])(?P<im>\d{1,2})(?P=sep)(?P<id>\d{1,2})(?!\d)(?:T(?=\d{2}:))?)
    | (?P<short>(?<!\w)['’](?P<y2>\d{2})(?!\d))
    | (?P<d>(?<![\d.])(?P<dd>\d{1,2})\.\s?(?P<dm>\d{1,2})\.(?:(?P<dy>\d{4}|\d{2})(?![\d:.h])|\s(?P<dz>\d{4})(?![\d:]))?)
    | (?P<dash>(?<!\d)(?P<hd>\d{1,2})-(?P<hm>\d{1,2})-(?P<hy>\d{4})(?!\d))
    | (?P<s>(?<![\d/])(?P<s1>\d{1,2})/(?P<s2>\d{1,2})(?:/(?P<sy>\d{4}|\d{2}))?(?![\d/]))
    | (?P<t>(?<![\d:])(?P<th>\d{1,2}):(?P<tm>\d{2})(?::(?P<ts>\d{2}))?(?![\d:]))
    | (?P<hm2>(?<!\d)(?P<gh>\d{1,2})\s?[hHч]\s?(?P<gm>\d{2})(?!\d))
    | (?P<m>(?<![\d.])(?P<m1>\d{1,4})\.(?P<m2>\d{1,2})(?![\d]))
    | (?P<x>(?<!\d)(?P<x1>\d{1,4}),(?P<x2>\d{1,2})(?!\d))
    | (?P<number>\d+)
    | (?P<word>[^\W\d_]+)
    | (?P<minus>(?<=\s)[-−~≈](?=\d)|[~≈])
    | (?P<mark>[,;.\-–—'’()&+:/])
    | (?P<other>[^\s])
    """,
    re.VERBOSE | re.IGNORECASE,
)
# Letters that are an abbreviation of a zone only right after a time: 9am ET.
_SHORT_ABBREVIATIONS = frozenset({"et", "ct", "mt", "pt", "z"})


# What a text with a slash begins with where it is no zone: mon/wed/fri.
_WORD = re.compile(r"(?P<word>[^\W\d_]+)|(?P<other>_)")


@frozen
class Symbol:
    """One symbol: its kind, what it says, and where it stands in the text."""

    kind: str
    value: tuple[int, ...] | str
    start: int
    end: int


@frozen
class _Token:
    kind: str
    text: str
    start: int
    end: int
    found: "re.Match[str]"


def symbols_of(text: str, language: Language, zones: Mapping[str, str]) -> list[Symbol]:
    """Return the symbols of ``text`` in a language. ``zones`` has the names of zones by their folded form."""
    tokens = [
        _Token(found.lastgroup or "other", found[0], found.start(), found.end(), found)
        for found in _matches(text, zones)
    ]
    folded = [fold(token.text) for token in tokens]
    out: list[Symbol] = []
    at = 0
    while at < len(tokens):
        step, found_here = _symbols_at(tokens, folded, at, language, zones)
        out.extend(found_here)
        at += step
    return _joined(out)


def _joined(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return the symbols with mon-fri as a range, and a number with the word that makes it a day as that day."""
    out: list[Symbol] = []
    for index, symbol in enumerate(symbols):
        after = symbols[index + 1].kind if index + 1 < len(symbols) else ""
        if symbol.kind == NOISE and symbol.value == "-" and out and out[-1].kind == after == "W":
            out.append(Symbol("|", "", symbol.start, symbol.end))
        elif symbol.kind == "D":
            if out and out[-1].kind == "n":
                out[-1] = Symbol("o", out[-1].value, out[-1].start, symbol.end)
        else:
            out.append(symbol)
    return out


def _matches(text: str, zones: Mapping[str, str]) -> Iterator["re.Match[str]"]:
    """Yield what stands one after the other; words with a slash between them are words unless they are a zone."""
    at = 0
    while (found := _LITERALS.search(text, at)) is not None:
        if found["iana"] is not None and fold(found["iana"]) not in zones:
            found = _WORD.search(text, found.start())
            assert found is not None
        yield found
        at = found.end()


def _symbols_at(
    tokens: Sequence[_Token], folded: Sequence[str], at: int, language: Language, zones: Mapping[str, str]
) -> tuple[int, list[Symbol]]:
    token = tokens[at]
    group = _group(token.found)
    if group == "word":
        return _word(tokens, folded, at, language)
    if group == "number":
        return _number(tokens, folded, at, language)
    if token.text == "@" and _stands_alone(tokens, at):
        return 1, [Symbol("@", "", token.start, token.end)]
    if group == "mark":
        return 1, [Symbol(NOISE, "-" if token.text in "-–—" else "", token.start, token.end)]
    if group == "minus":
        return 1, [Symbol(BESIDE, "", token.start, token.end)]
    symbol = _literal(token, group, zones)
    return 1, [symbol if symbol is not None else Symbol(UNKNOWN, "", token.start, token.end)]


def _stands_alone(tokens: Sequence[_Token], at: int) -> bool:
    """Tell whether a sign is no part of an address such as @bob or bob@9."""
    token = tokens[at]
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    touches = at > 0 and tokens[at - 1].end == token.start
    return not touches and (after is None or after.start > token.end or after.text[0].isdigit())


_GROUPS = (
    "zone", "offset", "iso", "iana", "i", "short", "d", "dash", "s", "t", "hm2", "m", "x", "number", "word", "minus",
    "mark",
)  # fmt: skip


def _group(found: "re.Match[str]") -> str:
    names = _GROUPS if found.re is _LITERALS else ("word",)
    return next((name for name in names if found[name] is not None), "other")


def _literal(token: _Token, group: str, zones: Mapping[str, str]) -> Symbol | None:
    found = token.found

    def numbers(*names: str) -> tuple[int, ...]:
        return tuple(int(found[name]) if found[name] is not None else -1 for name in names)

    if group == "iso":
        return Symbol("Z", f"utc{token.text}" if token.text != "Z" else "utc", token.start, token.end)
    if group == "short":
        return Symbol("y", (2000 + int(found["y2"]), 4), token.start, token.end)
    if group in ("zone", "offset", "iana"):
        name = fold(found["inner"] if group == "zone" else token.text).replace(" ", "")
        known = name.partition(",")[0] in zones or name.startswith(("utc", "gmt"))
        return Symbol("Z", name, token.start, token.end) if known else None
    shapes: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "i": ("i", ("id", "im", "iy")),
        "d": ("d", ("dd", "dm", "dz" if found["dz"] else "dy")),
        "dash": ("s", ("hd", "hm", "hy")),
        "s": ("s", ("s1", "s2", "sy")),
        "t": ("t", ("th", "tm", "ts")),
        "hm2": ("t", ("gh", "gm")),
        "m": ("m", ("m1", "m2")),
        "x": ("x", ("x1", "x2")),
    }
    if group not in shapes:
        return None
    kind, names = shapes[group]
    values = numbers(*names)
    if group in ("m", "x"):
        # How many digits follow tells 1.5 from 1.50.
        values = (*values, len(found[names[1]]))
    if group == "hm2":
        values = (*values, -2)
    return Symbol(kind, values, token.start, token.end)


def _number(
    tokens: Sequence[_Token], folded: Sequence[str], at: int, language: Language
) -> tuple[int, list[Symbol]]:
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    touching = following is not None and following.start == token.end
    if len(token.text) > 9:
        return 1, [Symbol("n", (10**9,), token.start, token.end)]
    value = int(token.text)
    if touching and following is not None and len(token.text) <= 2:
        if folded[at + 1] in language.ordinal_endings or folded[at + 1] in ("°",):
            return 2, [Symbol("o", (value,), token.start, following.end)]
        if language.dot_ordinals and following.text == ".":
            return 2, [Symbol("o", (value, 1), token.start, following.end)]
    kind = "y" if len(token.text) == 4 else "n"
    return 1, [Symbol(kind, (value, len(token.text)), token.start, token.end)]


def _word(
    tokens: Sequence[_Token], folded: Sequence[str], at: int, language: Language
) -> tuple[int, list[Symbol]]:
    token = tokens[at]
    for words, meanings in language.entries.get(folded[at], ()):
        last = _run(tokens, folded, at, words)
        if last is not None:
            end = tokens[last].end
            return last - at + 1, [
                Symbol(each.kind, _value(each.value), token.start if not index else end, end)
                for index, each in enumerate(meanings)
            ]
    after_time = at > 0 and (tokens[at - 1].text[-1].isdigit() or folded[at - 1] in ("am", "pm"))
    known = folded[at] in ABBREVIATIONS or (after_time and folded[at] in _SHORT_ABBREVIATIONS)
    if known and token.text.isupper():
        if folded[at] == "z":
            return 1, [Symbol("Z", "utc", token.start, token.end)]
        return 1, [Symbol("A", folded[at], token.start, token.end)]
    return 1, [Symbol(UNKNOWN, "", token.start, token.end)]


def _run(tokens: Sequence[_Token], folded: Sequence[str], at: int, words: tuple[str, ...]) -> int | None:
    """Return the index of the last token where ``words`` stand from ``at``, hyphens and the like between them."""
    place = at
    for word in words[1:]:
        place += 1
        while place < len(tokens) and tokens[place].text in "-–'’.":
            place += 1
        if place >= len(tokens) or folded[place] != word:
            return None
    return place


def _value(text: str) -> tuple[int, ...] | str:
    return (int(text),) if text.lstrip("-").isdigit() else text

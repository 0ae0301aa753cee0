"""Inputs changed at random: any value of JSON, a text, a number, a list, an object, anywhere in it.

Bytes are written as texts in Latin-1 (``as_bytes``), so that every input is a line of JSON that people can read. Not
here: which input is worth changing (``loop``).
"""

import copy
from collections.abc import Sequence
from random import Random
from typing import Any

Json = Any

NUMBERS: tuple[int | float, ...] = (
    0,
    1,
    -1,
    2,
    9,
    10,
    59,
    60,
    99,
    127,
    255,
    256,
    4095,
    4096,
    65_535,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**53 - 1,
    2**53,
    -(2**53),
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    2**70,
    10**400,
    0.5,
    -0.0,
    1e308,
    1e-320,
    float("inf"),
    float("nan"),
    253_402_300_799,
    253_402_300_800,
    -62_135_596_801,
)
SIGNS = (
    "\x00",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u00a0",
    "\u2028",
    "\u200b",
    "\u200e",
    "\u202e",
    "\ufeff",
    "\ufffd",
    "\ufffe",
    "\x1b[2J",
    "\x1f",
    "\x7f",
    "\x85",
    "\ud800",
    "\udfff",
    "\U0001f44b\U0001f3fd",
    "e\u0301",
    "\u0130",
    "ß",
    "ﬁ",
    "٣",
    "²",
    "½",
    "Ⅻ",
    "%",
    "\\",
    '"',
    "'",
    "`",
    "*",
    "_",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "&",
    ";",
    ":",
    ",",
    ".",
    "/",
    "-",
    "+",
    "=",
    "#",
    "@",
    "!",
    "|",
    "~",
    "^",
    "$",
    "0",
    "1",
    "9",
    "00",
    "a",
    "Z",
)
TEXT_CHARS_MAX = 20_000


def as_text(value: Json) -> str:
    """Return a value as a text, whatever it is."""
    return value if isinstance(value, str) else "" if value is None else str(value)[:TEXT_CHARS_MAX]


def as_said(value: Json) -> str:
    """Return a value as a text that an app can send."""
    return as_text(value)[:4096].encode("utf-8", "replace").decode()


def as_bytes(value: Json) -> bytes:
    """Return the bytes that a text in Latin-1 stands for; of a text that is none, its UTF-8."""
    text = as_text(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def as_int(value: Json, low: int, high: int) -> int:
    """Return a value as an integer within bounds, whatever it is."""
    number = (
        value
        if isinstance(value, int)
        else int(value)
        if isinstance(value, float) and value == value and abs(value) < 1e300
        else 0
    )
    return min(max(number, low), high)


def as_list(value: Json) -> list[Json]:
    """Return a value as a list, whatever it is."""
    return value if isinstance(value, list) else []


def as_object(value: Json) -> dict[str, Json]:
    """Return a value as an object, whatever it is."""
    return value if isinstance(value, dict) else {}


def places(value: Json, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Return every place within a value that can be changed: what holds it, and its name or number there."""
    found = [] if found is None else found
    if isinstance(value, dict | list):
        for name in list(value) if isinstance(value, dict) else range(len(value)):
            found.append((value, name))
            places(value[name], found)
    return found


class Mutator:
    """Changes inputs; the same seed makes the same changes. ``words`` are texts that mean something to the target."""

    def __init__(self, random: Random, words: Sequence[str]) -> None:
        self._random = random
        self._words = tuple(words)

    def changed(self, value: Json, others: Sequence[Json]) -> Json:
        """Return a changed copy of ``value``; parts of ``others`` may be taken over."""
        holder = [copy.deepcopy(value)]
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 5))):
            found = places(holder)
            at, name = self._random.choice(found)
            self._change(at, name, others)
        return holder[0]

    def _change(self, at: Any, name: Any, others: Sequence[Json]) -> None:
        random, value = self._random, at[name]
        kind = random.random()
        if kind < 0.1 and others:
            donor = [random.choice(others)]
            other, there = random.choice(places(donor))
            at[name] = copy.deepcopy(other[there])
        elif kind < 0.2:
            self._move(at, name, others)
        elif kind < 0.3:
            at[name] = self._odd()
        elif isinstance(value, str):
            at[name] = self._text(value, others)
        elif isinstance(value, bool) or value is None:
            at[name] = random.choice((None, True, False))
        elif isinstance(value, int | float):
            at[name] = self._number(value)
        else:
            self._inside(value, others)

    def _odd(self) -> Json:
        random = self._random
        return random.choice(
            (
                lambda: random.choice((None, True, False)),
                lambda: random.choice(NUMBERS),
                lambda: random.choice(SIGNS) * random.choice((1, 1, 3, 64, 5000)),
                lambda: random.choice(self._words or SIGNS),
                lambda: "",
                list,
                dict,
                lambda: [[[[[]]]]],
                lambda: [None],
                lambda: {"": {}},
            )
        )()

    def _move(self, at: Any, name: Any, others: Sequence[Json]) -> None:
        """Take a part away, give it twice, or put it under another name."""
        random = self._random
        way = random.randrange(3)
        if isinstance(at, list) and len(at) > 1 and way == 0:
            del at[name]
        elif isinstance(at, list):
            at.insert(random.randint(0, len(at)), copy.deepcopy(at[name]))
            # The holder of the whole stays a list of one.
            del at[64:]
        elif way == 0:
            del at[name]
        else:
            names = [key for other in others if isinstance(other, dict) for key in other]
            at[random.choice(names or ["x"]) if way == 1 else self._text(str(name), others)] = at[name]

    def _inside(self, value: Any, others: Sequence[Json]) -> None:
        if isinstance(value, dict):
            value[self._random.choice(self._words or ("x",))] = self._odd()
        else:
            value.insert(self._random.randint(0, len(value)), self._odd())

    def _number(self, value: float) -> Json:
        random = self._random
        way = random.randrange(6)
        if way == 0 or value != value or value in (float("inf"), float("-inf")):
            return random.choice(NUMBERS)
        if way == 1:
            return str(value)
        return (value + 1, value - 1, -value, value * random.choice((2, 10, 60, 3600)))[way - 2]

    def _text(self, value: str, others: Sequence[Json]) -> str:
        random = self._random
        begin = random.randint(0, len(value))
        end = min(len(value), begin + random.choice((0, 1, 1, 2, 4, 8, 64)))
        way = random.randrange(8)
        if way == 0:
            piece = ""
        elif way == 1:
            piece = random.choice(SIGNS)
        elif way in (2, 3) and self._words:
            piece = random.choice(self._words)
        elif way == 4:
            piece = value[begin:end] * random.choice((2, 3, 50, 300))
        elif way == 5:
            piece = str(random.choice(NUMBERS))[:30]
        elif way == 6 and others:
            texts = [at[name] for at, name in places([random.choice(others)]) if isinstance(at[name], str)]
            other = random.choice(texts or [""])
            start = random.randint(0, len(other))
            piece = other[start : start + random.choice((1, 4, 16, 200))]
        else:
            piece = chr(
                random.choice((random.randrange(128), random.randrange(256), random.randrange(0x3000)))
            )
        glue = random.choice(("", "", "", " "))
        return (value[:begin] + glue + piece + glue + value[end if random.random() < 0.5 else begin :])[
            :TEXT_CHARS_MAX
        ]

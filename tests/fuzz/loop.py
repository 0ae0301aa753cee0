"""The search: inputs that go new ways are kept and changed further; one that fails is made small.

The same seed tries the same inputs in the same order as long as the code is the same. Not here: what an input is and
what must hold of it (``targets``).
"""

import hashlib
import json
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from attrs import Factory, define, field, frozen

from tests.fuzz.mutation import Json, Mutator, places
from tests.fuzz.paths import ROOT, Paths, Tracer
from tests.fuzz.watch import watching

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
REGRESSIONS = HERE / "regressions.jsonl"
KEPT_BYTES_MAX = 20_000
TRIES_TO_SHRINK_MAX = 400
# So many lines of ours for one input are too much work; some hundred times what the longest ordinary one takes.
LINES_MAX = 6_000_000
LINES_SHOWN = 12


class NoCase(Exception):
    """The input means nothing to the target; it is left out."""


@frozen
class Target:
    """One row of the table: what comes in, what may come out of it, and how it is tried.

    ``run`` returns in one word what came of an input, and raises where something happened that must not. ``seeds`` are
    inputs to begin with, ``words`` texts that mean something there. One with ``servers`` needs Postgres and Valkey.
    """

    name: str
    comes_in: str
    comes_out: str
    run: Callable[[Json], str]
    seeds: Callable[[], Sequence[Json]]
    words: Sequence[str] = ()
    servers: bool = False


@frozen
class Failure:
    """An input of which something came that must not, by what and where."""

    target: str
    value: Json
    signature: str
    trace: str

    @property
    def row(self) -> str:
        """The input as a row of ``regressions.jsonl``."""
        return written({"target": self.target, "about": self.signature, "input": self.value})


@define
class Campaign:
    """What a search has found so far."""

    target: Target
    random: Random
    tried: int = 0
    meaningless: int = 0
    events_max: int = 0
    outcomes: Counter[str] = field(factory=Counter)
    seen: set[int] = field(factory=set)
    kept: list[tuple[Json, Paths]] = field(factory=list)
    failures: dict[str, Failure] = field(factory=dict)
    tracer: Tracer = field(factory=Tracer)
    _picks: list[int] = field(factory=list)
    _mutator: Mutator = field(
        init=False, default=Factory(lambda self: Mutator(self.random, self.target.words), takes_self=True)
    )

    def begin(self, more: Sequence[Json] = ()) -> None:
        """Try what there is to begin with."""
        for value in (*self.target.seeds(), *more):
            self.attempt(value, keep=True)

    def step(self) -> None:
        """Change one of the inputs that were kept, rather one that was seldom changed, and try it."""
        best = min(
            self.random.sample(range(len(self.kept)), min(4, len(self.kept))), key=self._picks.__getitem__
        )
        self._picks[best] += 1
        others = [self.kept[self.random.randrange(len(self.kept))][0] for _ in range(2)]
        self.attempt(self._mutator.changed(self.kept[best][0], others))

    def attempt(self, value: Json, *, keep: bool = False) -> None:
        """Try one input, and keep it where it goes a new way."""
        self.tried += 1
        try:
            outcome, paths = self._paths_of(value)
        except NoCase:
            self.meaningless += 1
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            self._fail(value, error)
            return
        self.outcomes[outcome] += 1
        new = not paths <= self.seen
        self.seen |= paths
        if keep or (new and len(written(value)) <= KEPT_BYTES_MAX):
            self.kept.append((value, paths))
            self._picks.append(0)

    def _paths_of(self, value: Json) -> tuple[str, Paths]:
        with watching(), self.tracer.tracing():
            outcome = self.target.run(value)
        self.events_max = max(self.events_max, self.tracer.events)
        if self.tracer.events > LINES_MAX:
            raise AssertionError(f"{self.tracer.events} lines of code for one input")
        # What came of it counts as a way of its own.
        return outcome, self.tracer.paths() | {-int(hashlib.md5(outcome.encode()).hexdigest()[:12], 16)}

    def _fail(self, value: Json, error: Exception) -> None:
        signature = signature_of(error)
        if signature in self.failures:
            return
        trace = "".join(traceback.format_exception(error)[-LINES_SHOWN:])
        # Put down before it is made small: that may fail, too.
        self.failures[signature] = Failure(self.target.name, value, signature, trace)
        small = shrunk(value, lambda smaller: self._still(smaller, signature))
        self.failures[signature] = Failure(self.target.name, small, signature, trace)

    def _still(self, value: Json, signature: str) -> bool:
        try:
            with watching():
                self.target.run(value)
        except NoCase:
            return False
        except Exception as error:  # noqa: BLE001 - as above
            return signature_of(error) == signature
        return False

    def distilled(self) -> list[Json]:
        """Return few and small inputs that go all ways that were found."""
        # What came of it counts in the search alone: of refusals in other words one is as good as another.
        left, found = {way for way in self.seen if way > 0}, []
        for value, paths in sorted(self.kept, key=lambda each: len(written(each[0]))):
            if left & paths:
                found.append(value)
                left -= paths
        return found


def signature_of(error: BaseException) -> str:
    """Return what an error is and the last line of ours that it went through; of our own complaints, what they say."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts and path.parent.name != "fuzz":
            place = f"{path.relative_to(ROOT)}:{frame.lineno}"
    if isinstance(error, AssertionError):
        return " ".join(str(error).split())[:120] or f"AssertionError at {place}"
    return f"{type(error).__name__} at {place}"


def shrunk(value: Json, fails: Callable[[Json], bool]) -> Json:
    """Return a smaller input that fails in the same way."""
    tries = 0
    smaller: Json = value
    while smaller is not None and tries < TRIES_TO_SHRINK_MAX:
        value, smaller = smaller, None
        for candidate in _simpler(value):
            tries += 1
            if tries > TRIES_TO_SHRINK_MAX:
                break
            if fails(candidate):
                smaller = candidate
                break
    return value


def _simpler(value: Json) -> Iterator[Json]:
    """Yield inputs that are a little smaller, the boldest cuts first."""
    size = len(written(value))
    whole = [value]
    for at, name in places(whole):
        for part in _parts(at[name]):
            candidates = _with(whole, at, name, part)
            if candidates and len(written(candidates[0])) < size:
                yield candidates[0]


_GONE = object()


def _parts(value: Json) -> Iterator[Json]:
    yield _GONE
    if isinstance(value, str) and value:
        for pieces in (2, 4, 8, 16, 32):
            step = -(-len(value) // pieces)
            for begin in range(0, len(value), step):
                yield value[:begin] + value[begin + step :]
            if step == 1:
                break
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield 0


def _with(value: Json, at: Any, name: Any, part: Json) -> Json:
    """Return a copy of ``value`` in which the place ``name`` of its part ``at`` holds ``part``, or nothing."""
    if isinstance(value, dict):
        items = {
            key: part if value is at and key == name else _with(each, at, name, part)
            for key, each in value.items()
        }
        return {key: each for key, each in items.items() if each is not _GONE}
    if isinstance(value, list):
        listed = [
            part if value is at and key == name else _with(each, at, name, part)
            for key, each in enumerate(value)
        ]
        return [each for each in listed if each is not _GONE]
    return value


def written(value: Json) -> str:
    """Return an input as one line."""
    return json.dumps(value, ensure_ascii=True, separators=(", ", ": "))


def read_lines(path: Path) -> list[Json]:
    """Return the inputs of a file, none where there is no such file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def search(
    target: Target,
    seed: int,
    *,
    inputs: int | None = None,
    seconds: float | None = None,
    more: Sequence[Json] = (),
    tracer: Tracer | None = None,
) -> Campaign:
    """Try so many inputs, or for so long, and return what was found. What there is to begin with is tried anyway."""
    found = Campaign(target, Random(f"{seed}:{target.name}"), tracer=tracer or Tracer())
    found.begin(more)
    until = time.monotonic() + seconds if seconds is not None else None
    while (
        found.kept
        and (inputs is None or found.tried < inputs)
        and (until is None or time.monotonic() < until)
    ):
        found.step()
    return found

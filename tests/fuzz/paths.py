"""Which way an input goes through our code: pairs of lines, and about how often each.

A hook of the interpreter's own (``sys.settrace``), so that it works on every machine that runs OpenClaw: atheris, which
does the same faster, has wheels for a few platforms and none for others, and ends the process at the first finding.
Not here: what becomes of a new way (``loop``).
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from attrs import define, field

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints")
# What plays Telegram is no part of what must bear strangers.
APART = ("adapters/botworld", "adapters/memory")
# Line numbers are below this, and so a pair of them fits into one number.
LINES_MAX = 1 << 13
# How often a pair was passed is told in classes, so that a loop that runs once more is no news.
CLASSES = (1, 2, 3, 4, 8, 16, 32, 128, 1024)

Paths = frozenset[int]


def _class_of(count: int) -> int:
    return sum(count >= bound for bound in CLASSES)


@define
class Tracer:
    """Tells the pairs of lines that a block of code goes through, within our packages.

    Numbers given to files are those of one process; they mean nothing in another.
    """

    packages: Sequence[str] = PACKAGES
    events: int = 0
    _bases: dict[CodeType, int | None] = field(factory=dict)
    _files: dict[str, int | None] = field(factory=dict)
    _hits: dict[int, int] = field(factory=dict)

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Note where the block goes. ``events`` then says how many lines it passed."""
        self._hits = {}
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(before)
            self.events = sum(self._hits.values())

    def paths(self) -> Paths:
        """Return what the last block went through."""
        return frozenset(pair * 16 + _class_of(count) for pair, count in self._hits.items())

    def _call(self, frame: FrameType, event: str, _: Any) -> Any:
        base = self._base_of(frame.f_code)
        if base is None:
            return None
        hits, before = self._hits, 0

        def local(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal before
            if event == "line":
                line = frame.f_lineno
                pair = base + before * LINES_MAX + line
                hits[pair] = hits.get(pair, 0) + 1
                before = line
            return local

        return local

    def _base_of(self, code: CodeType) -> int | None:
        if code not in self._bases:
            self._bases[code] = self._file(code.co_filename)
        return self._bases[code]

    def _file(self, name: str) -> int | None:
        if name not in self._files:
            number = len(self._files) + 1 if is_ours(name, self.packages) else None
            self._files[name] = number * LINES_MAX * LINES_MAX if number is not None else None
        return self._files[name]


def is_ours(name: str, packages: Sequence[str]) -> bool:
    """Tell whether a file is one of those that are looked at."""
    path = Path(name)
    if not path.is_relative_to(ROOT):
        return False
    inside = path.relative_to(ROOT)
    return inside.parts[0] in packages and not inside.as_posix().startswith(APART)

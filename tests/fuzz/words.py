"""What there is to begin with: inputs that people thought of, and texts that mean something to a target.

The latter are its dictionary, so that the search need not find them sign by sign. Not here: what the search found
(``tests/fuzz/corpus``).
"""

import json
from collections.abc import Mapping, Sequence

from tests.fuzz.loop import HERE, read_lines
from tests.fuzz.mutation import Json

WORDS: Mapping[str, Sequence[str]] = json.loads((HERE / "words.json").read_text("utf-8"))


def thought_of(name: str) -> Sequence[Json]:
    """Return the inputs of ``tests/fuzz/seeds`` for a target."""
    return read_lines(HERE / "seeds" / f"{name}.jsonl")

"""The proof that the simulation can fail: every planted bug is found, within its stated number of seeds.

Not here: the bugs (``planted``).
"""

from pathlib import Path

import pytest

from entrypoints.simulation.checker import RULES
from entrypoints.simulation.running import run
from entrypoints.simulation.shrinking import broken
from tests.simulation.planted import PLANTED, Planted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "RELIABILITY.md"


@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.name)
def test_a_planted_bug_is_found(planted: Planted) -> None:
    with planted.plant():
        seeds = range(planted.seeds)
        found = next((seed for seed in seeds if planted.by in broken(run(planted.scenario(seed)))), None)
    assert found is not None, f"{planted.seeds} seeds did not find it by the rule {planted.by!r}"
    print(f"found by seed {found}")


def test_there_are_at_least_twenty_and_the_page_names_them() -> None:
    names = {planted.name for planted in PLANTED}
    assert len(names) >= 20
    page = PAGE.read_text("utf-8")
    assert [name for name in sorted(names) if f"| {name} |" not in page] == []


def test_the_page_names_every_rule_of_the_checker() -> None:
    page = PAGE.read_text("utf-8")
    assert [name for name in RULES if f"| {name} |" not in page] == []

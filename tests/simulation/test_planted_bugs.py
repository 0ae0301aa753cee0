"""The proof that the simulation can fail: every planted bug is found, within its stated number of seeds.

Not here: the bugs (``planted``).
"""

import pytest

from entrypoints.simulation.running import run
from entrypoints.simulation.shrinking import broken
from tests.simulation.planted import PLANTED, Planted


@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.name)
def test_a_planted_bug_is_found(planted: Planted) -> None:
    with planted.plant():
        found = next((seed for seed in range(planted.seeds) if broken(run(planted.scenario(seed)))), None)
    assert found is not None, f"{planted.seeds} seeds did not find it"
    print(f"found by seed {found}")


def test_there_are_at_least_twenty() -> None:
    assert len({planted.name for planted in PLANTED}) >= 20

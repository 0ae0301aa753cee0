"""What a storm does follows from its seed, holds what it promises to hold, and ends when the storm does."""

from collections import Counter, defaultdict

import pytest

from tests.chaos.plan import EVERY_S, REPLICAS, TABLE, Kind, Strike, strikes
from tests.chaos.strikes import ACTS

HALF_AN_HOUR_S = 1800.0
SEEDS = range(5)


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed {seed}")
def long(request: pytest.FixtureRequest) -> tuple[Strike, ...]:
    return strikes(request.param, HALF_AN_HOUR_S, EVERY_S)


def test_the_same_seed_does_the_same_and_another_something_else() -> None:
    assert strikes(1, 60.0, 1.0) == strikes(1, 60.0, 1.0)
    assert strikes(1, 60.0, 1.0) != strikes(2, 60.0, 1.0)


def test_half_an_hour_kills_three_hundred_processes_and_does_everything(long: tuple[Strike, ...]) -> None:
    assert sum(each.kills for each in long) >= 300
    assert {each.kind for each in long} == set(Kind)
    assert {victim for each in long for victim in each.victims} >= set(REPLICAS)


def test_a_victim_is_struck_by_one_at_a_time(long: tuple[Strike, ...]) -> None:
    spans = defaultdict(list)
    for each in long:
        for victim in each.victims:
            spans[victim].append((each.at_s, each.at_s + each.lasts_s))
    for found in spans.values():
        ends = [end for _, end in found]
        assert all(begin >= end for (begin, _), end in zip(found[1:], ends, strict=False))


@pytest.mark.parametrize("storm_s", [0.0, 5.0, 25.0, 600.0])
def test_everything_is_over_when_the_storm_is(storm_s: float) -> None:
    for seed in SEEDS:
        assert all(each.at_s + each.lasts_s <= storm_s for each in strikes(seed, storm_s, 0.7))


def test_every_kind_is_dealt_and_can_be_carried_out() -> None:
    assert Counter(row.kind for row in TABLE) == Counter(Kind)
    assert set(ACTS) == set(Kind)

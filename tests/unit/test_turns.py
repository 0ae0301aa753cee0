"""Who is served first where not everybody can be: quiet lanes, then those with a backlog in turn."""

from application.turns import LANES_MAX, Turns
from domain.envelope import timestamp_of
from domain.rates import Limit


def at(second: int) -> str:
    return timestamp_of(1_800_000_000 + second)


def order(turns: Turns, **made_at: int) -> list[str]:
    return sorted(made_at, key=lambda lane: turns.place(lane, at(made_at[lane])))


def test_lanes_that_were_never_served_go_by_the_age_of_their_events() -> None:
    assert order(Turns(), a=3, b=1, c=2) == ["b", "c", "a"]


def test_a_lane_with_a_backlog_waits_for_the_quiet_ones_however_old_its_event_is() -> None:
    turns = Turns()
    turns.served("flooding", at(10))
    turns.served("quiet", at(11))
    assert order(turns, flooding=1, quiet=12) == ["quiet", "flooding"]


def test_lanes_with_a_backlog_take_turns() -> None:
    turns = Turns()
    served = []
    for second in range(10, 19):
        (first, *_) = order(turns, a=1, b=1, c=1)
        turns.served(first, at(second))
        served.append(first)
    assert served == ["a", "b", "c"] * 3


def test_what_nobody_waits_for_yields_to_all() -> None:
    turns = Turns(yielding=True)
    assert not turns.is_quiet("a", at(1))


def test_what_nobody_waits_for_comes_in_the_order_of_its_age_and_a_lane_with_many_takes_turns() -> None:
    turns = Turns(yielding=True)
    assert order(turns, late=9, early=1, middle=5) == ["early", "middle", "late"]
    turns.served("many", at(6))
    assert order(turns, many=1, middle=5, late=9) == ["middle", "many", "late"]


def test_a_lane_with_a_backlog_leaves_half_of_the_burst_and_loses_nothing_of_the_rate() -> None:
    shared = Limit(interval_s=0.04, burst=5)
    assert Turns().share(shared, quiet=True) == shared
    assert Turns().share(shared, quiet=False) == Limit(interval_s=0.04, burst=3)
    # Where only one may be called at once, there is nothing to leave.
    assert Turns().share(Limit(1.0, 1), quiet=False).burst == 1


def test_only_so_many_lanes_are_remembered_and_the_longest_ago_is_forgotten_first() -> None:
    turns = Turns()
    for number in range(LANES_MAX + 1):
        turns.served(f"lane {number}", at(10))
    assert turns.is_quiet("lane 0", at(1))
    assert not turns.is_quiet("lane 1", at(1))

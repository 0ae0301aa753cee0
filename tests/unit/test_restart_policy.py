"""When the supervisor starts a dead role again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.supervisor import RestartPolicy, next_restart

POLICY = RestartPolicy(first_s=0.1, max_s=10.0, healthy_s=30.0)


def test_each_early_death_doubles_the_wait_up_to_the_bound() -> None:
    failures, waits = 0, []
    for _ in range(9):
        failures, wait_s = next_restart(POLICY, failures, 1.0)
        waits.append(wait_s)
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_healthy_run_starts_the_count_anew() -> None:
    assert next_restart(POLICY, 8, 30.0) == (1, 0.1)
    assert next_restart(POLICY, 8, 29.9) == (9, 10.0)


@settings(derandomize=True)
@given(st.integers(0, 10**9), st.floats(0, 1e9))
def test_the_wait_is_always_within_its_bounds(failures: int, ran_s: float) -> None:
    _, wait_s = next_restart(POLICY, failures, ran_s)
    assert 0.1 <= wait_s <= 10.0

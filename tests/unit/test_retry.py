"""When a failed event is tried again: growing waits, the same for the same event in every run."""

from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.retry import RetryPolicy

POLICY = RetryPolicy()
IDS = st.uuids()


@settings(derandomize=True)
@given(IDS, st.integers(1, 10_000))
def test_a_wait_lies_between_half_of_its_step_and_the_whole_and_never_over_the_cap(
    event_id: UUID, attempt: int
) -> None:
    whole = min(POLICY.cap_s, POLICY.base_s * 2.0 ** min(attempt - 1, 30))
    assert whole / 2 <= POLICY.delay_s(attempt, event_id) < whole


@settings(derandomize=True)
@given(IDS, st.integers(1, 20))
def test_the_same_failure_waits_the_same_time_in_every_run(event_id: UUID, attempt: int) -> None:
    assert POLICY.delay_s(attempt, event_id) == RetryPolicy().delay_s(attempt, UUID(str(event_id)))


def test_events_that_fail_together_are_not_tried_again_together() -> None:
    waits = sorted(POLICY.delay_s(3, uuid5(UUID(int=1), str(n))) for n in range(200))
    assert len(set(waits)) == 200
    quarters = [sum(2 + n / 2 <= wait < 2.5 + n / 2 for wait in waits) for n in range(4)]
    assert min(quarters) > 30, "spread over the whole range"


def test_attempts_are_spent_after_as_many_runs_as_allowed() -> None:
    assert [POLICY.is_spent(attempt) for attempt in range(1, 8)] == [False] * 5 + [True] * 2
    assert RetryPolicy(attempts_max=1).is_spent(1)

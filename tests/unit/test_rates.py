"""Rate limits: no window of any length ever holds more calls than its limit allows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rates import Limit, RateLimits, window

PAUSES = st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=200)


def calls_of(limit: Limit, pauses: list[float]) -> list[float]:
    """Return when calls are made by somebody who wants to call after each pause and waits as told."""
    now, full_at, made = 0.0, 0.0, []
    for pause in pauses:
        now += pause
        now += limit.wait_s(full_at - now)
        full_at = now + limit.spend(full_at - now)
        made.append(now)
    return made


def most_in_any(seconds: float, times: list[float]) -> int:
    # Windows are half open; a hair is left for sums of floats.
    return max(sum(start <= at < start + seconds - 1e-6 for at in times) for start in times)


@settings(derandomize=True, max_examples=150)
@given(PAUSES, st.integers(1, 40), st.floats(0.5, 60), st.integers(1, 50))
def test_no_window_holds_more_calls_than_allowed(
    pauses: list[float], count: int, seconds: float, burst: int
) -> None:
    limit = window(count, seconds, burst)
    assert limit is not None
    assert most_in_any(seconds, calls_of(limit, pauses)) <= count


@settings(derandomize=True, max_examples=100)
@given(PAUSES)
def test_a_chat_has_its_burst_and_then_one_a_second(pauses: list[float]) -> None:
    limit = RateLimits(chat_burst=3).buckets(1, 7)["chat:1:7"]
    made = calls_of(limit, pauses)
    for seconds in (1.0, 2.0, 10.0):
        assert most_in_any(seconds, made) <= 3 + seconds - 1


def test_whoever_keeps_on_calling_uses_the_whole_limit_in_the_long_run() -> None:
    limit = window(20, 60.0, 5)
    assert limit is not None
    made = calls_of(limit, [0.0] * 200)
    assert made[-1] == pytest.approx(195 * 60 / 15, rel=0.05)
    assert made[4] == 0.0, "the burst comes at once"


def test_a_single_call_a_window_is_spaced_by_the_whole_window() -> None:
    limit = window(1, 60.0, 5)
    assert limit is not None
    assert calls_of(limit, [0.0] * 3) == [0.0, 60.0, 120.0]


def test_each_limit_can_be_lifted_alone() -> None:
    assert RateLimits().buckets(1, -7).keys() == {"bot:1", "chat:1:-7", "group:1:-7"}
    assert RateLimits().buckets(1, 7).keys() == {"bot:1", "chat:1:7"}
    assert RateLimits(bot_per_s=0).buckets(1, 7).keys() == {"chat:1:7"}
    assert RateLimits(chat_per_s=0).buckets(1, 7).keys() == {"bot:1"}
    assert RateLimits(group_per_min=0).buckets(1, -7).keys() == {"bot:1", "chat:1:-7"}
    assert window(0, 1.0, 5) is None


@settings(derandomize=True)
@given(st.floats(-1e6, 1e6), st.floats(0.001, 60), st.integers(1, 50))
def test_waiting_is_never_negative_and_spending_always_fills(
    full_in_s: float, interval_s: float, burst: int
) -> None:
    limit = Limit(interval_s, burst)
    assert limit.wait_s(full_in_s) >= 0
    assert limit.spend(full_in_s) > max(0.0, full_in_s)

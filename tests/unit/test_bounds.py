"""Attempts, delays and bounds that are set reach whoever keeps them.

Not here: what is refused (``test_settings``), and what each bound does (the tests of its place).
"""

from application.consumer import Limits
from application.hand import LANES_MAX
from application.rounds import Decider
from application.scheduler import SchedulerLimits
from application.sender import SenderLimits
from domain.retry import RetryPolicy
from entrypoints.harness import Harness
from tests.unit.test_hand import entry


def made(**settings: object) -> Harness:
    return Harness(**settings)


def test_attempts_deaths_and_delays_reach_the_brain_and_the_sender() -> None:
    harness = made(attempts_max=9, deaths_max=5, retry_first_s=0.5, retry_longest_s=70.0)
    expected = RetryPolicy(attempts_max=9, deaths_max=5, base_s=0.5, cap_s=70.0)
    assert isinstance(harness.brain.runner, Decider)
    assert harness.brain.runner.interpreter.policy == expected
    for sending in harness.sendings:
        assert sending.deliverer.interpreter.policy == expected


def test_pauses_while_a_server_is_away_reach_every_service() -> None:
    harness = made(server_retry_longest_s=60.0)
    consumers = [harness.brain, *(sending.consumer for sending in harness.sendings)]
    assert {each.limits.backoff_max_s for each in consumers} == {60.0}
    assert {sending.deliverer.limits.backoff_max_s for sending in harness.sendings} == {60.0}
    assert harness.scheduler.limits.backoff_max_s == 60.0


def test_the_bound_of_chats_in_hand_reaches_every_consumer() -> None:
    harness = made(lanes_max=3)
    for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
        assert consumer.hand.add([entry(n, f"1:{n}") for n in range(5)]) == ["e3", "e4"]
        assert len(consumer.hand) == 3


def test_how_often_is_asked_what_is_due_reaches_the_scheduler() -> None:
    assert made(scheduler_tick_s=0.25).scheduler.limits.tick_s == 0.25


def test_without_settings_the_services_keep_what_they_have_by_default() -> None:
    harness = made()
    assert harness.brain.limits == Limits()
    assert harness.scheduler.limits == SchedulerLimits()
    for sending in harness.sendings:
        assert sending.deliverer.limits == SenderLimits(sending.deliverer.limits.concurrency)
    assert harness.settings.lanes_max == LANES_MAX

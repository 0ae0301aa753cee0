"""What is set for a chat about reminders: how it is written, and when its hours are quiet."""

from datetime import UTC, datetime

import pytest
from attrs import evolve

from domain.ids import event_id_of
from domain.tasks.policy import (
    DEFAULT_WAITS_S,
    HOUR_S,
    Policy,
    Quiet,
    parse_quiet,
    parse_waits,
    policy_of,
    written,
)
from domain.tasks.values import Task
from tests.times import TestTimes

TIMES = TestTimes()
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()


def test_settings_of_reminders_are_read_as_they_are_written() -> None:
    assert policy_of({}) == Policy(DEFAULT_WAITS_S, None)
    assert policy_of({"escalation": "off", "quiet": "22:00-07:00"}) == Policy((), Quiet(1320, 420))
    assert policy_of({"escalation": "soon", "quiet": "always"}) == Policy()
    assert parse_waits(written(DEFAULT_WAITS_S)) == DEFAULT_WAITS_S
    assert parse_waits(written(())) == ()
    for text in ("", "1", "60,", "-60", "60," * 11, "99999999", "6²"):
        assert parse_waits(text) is None
    assert str(parse_quiet("22:00-7:05")) == "22:00-07:05"
    for text in ("", "22:00", "24:00-07:00", "22:60-07:00", "22-7", "a:b-c:d", "07:00-07:00"):
        assert parse_quiet(text) is None


@pytest.mark.parametrize(
    ("hour", "zone", "over"),
    [
        (21.9, "UTC", None),
        (22, "UTC", 31),
        (30.9, "UTC", 31),
        (31, "UTC", None),
        (20, "+2", 29),
        (5, "+2", None),
    ],
)
def test_quiet_hours_are_those_of_the_zone(hour: float, zone: str, over: float | None) -> None:
    midnight = NINE - 9 * HOUR_S
    at = midnight + hour * HOUR_S
    expected = at if over is None else midnight + over * HOUR_S
    assert Quiet(22 * 60, 7 * 60).over_at(at, zone, TIMES) == expected


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    assert Quiet(8 * 60, 10 * 60).over_at(NINE, "UTC", TIMES) == NINE + HOUR_S


def test_quiet_hours_are_those_of_the_chats_clocks_where_its_zone_is_known() -> None:
    policy = policy_of({"quiet": "22:00-07:00", "zone": "+5"})
    task = Task(event_id_of("a task"), 1, "water the plants")
    # 18:00 UTC is 23:00 there.
    assert policy.quiet_until(task, NINE + 9 * HOUR_S, TIMES) == NINE + 17 * HOUR_S
    assert evolve(policy, zone=None).quiet_until(task, NINE + 9 * HOUR_S, TIMES) == NINE + 9 * HOUR_S

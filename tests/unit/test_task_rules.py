"""What happens when a task's time comes, and what people do to it."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events.tasks import ReminderKind
from domain.ids import event_id_of
from domain.tasks.moves import (
    MISSED_MAX,
    Moved,
    cancelled,
    done,
    skipped,
    snoozed,
    stopped,
    timed,
    timed_anew,
    undone,
)
from domain.tasks.policy import (
    DAY_S,
    DEFAULT_WAITS_S,
    HOUR_S,
    Policy,
    Quiet,
)
from domain.tasks.rules import Acted, Saying, act
from domain.tasks.values import Kept, Late, Priority, Status, Task, Who
from tests.times import TestTimes, daily, every

TIMES = TestTimes()
PLAIN = Policy()
SILENT = Policy(waits_s=())
NIGHT = Policy(quiet=Quiet(22 * 60, 7 * 60))
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()
ANNA = Who(7, "Anna")


def a_task(due_at: float | None = NINE, **more: object) -> Task:
    """Return an open task that is to be said when it is due."""
    made = Task(event_id_of("a task"), 1, "water the plants", due_at=due_at, remind_at=due_at)
    return evolve(made, **more)


def ledger(acted: Acted) -> list[tuple[float, Kept]]:
    """Return what is to stand, by bucket in seconds after nine."""
    return [(each.bucket - NINE, each.kept) for each in acted.occasions]


class Kitchen:
    """A task over time, as the scheduler and its ledger have it: what was said, and what stands."""

    def __init__(self, task: Task, policy: Policy = PLAIN) -> None:
        self.task, self.policy = task, policy
        self.stands: dict[float, Kept] = {}
        self.said: list[Saying] = []
        self.buckets: list[float] = []

    def at(self, now: float, *, is_reachable: bool = True) -> None:
        """Act as often as something is due at ``now``."""
        for _ in range(10):
            if self.task.remind_at is None or self.task.remind_at > now:
                return
            acted = act(self.task, now, self.policy, TIMES, is_reachable=is_reachable)
            assert acted == act(self.task, now, self.policy, TIMES, is_reachable=is_reachable)
            assert acted.task.remind_at is None or acted.task.remind_at >= now
            self.task = acted.task
            for each in acted.occasions:
                assert self.stands.get(each.bucket, Kept.PAUSED) is Kept.PAUSED, "a bucket came twice"
                self.stands[each.bucket] = each.kept
                self.buckets.append(each.bucket)
            if acted.saying is not None:
                self.said.append(acted.saying)
        raise AssertionError("still due after having acted ten times")


def test_what_is_not_due_is_left_alone() -> None:
    for task in (a_task(remind_at=None), a_task(), a_task(status=Status.DONE, remind_at=NINE - 1)):
        assert act(task, NINE - 0.5, PLAIN, TIMES) == Acted(task)


def test_an_overdue_task_is_detected_and_said_once() -> None:
    acted = act(a_task(), NINE + 0.4, PLAIN, TIMES)
    assert acted.saying == Saying(NINE, ReminderKind.OCCURRENCE)
    assert ledger(acted) == [(0, Kept.FIRED)]
    assert acted.task.is_overdue(NINE + 1)
    assert acted.task.remind_at == NINE + 0.4 + HOUR_S


@pytest.mark.parametrize(
    ("late", "kept", "kind"),
    [
        (Late.LABEL, Kept.LATE, ReminderKind.OCCURRENCE),
        (Late.SKIP, Kept.SKIPPED, ReminderKind.SKIPPED),
        (Late.EXPIRE, Kept.SKIPPED, None),
    ],
)
def test_a_late_reminder_is_labelled_skipped_or_let_go(
    late: Late, kept: Kept, kind: ReminderKind | None
) -> None:
    acted = act(a_task(late=late), NINE + 121, PLAIN, TIMES)
    assert ledger(acted) == [(0, kept)]
    assert (acted.saying.kind if acted.saying else None) == kind
    assert acted.saying is None or acted.saying.late_s == 121
    assert (acted.task.remind_at is None) == (late is not Late.LABEL), "what was let go is said again"


def test_two_minutes_do_not_count_as_late() -> None:
    acted = act(a_task(late=Late.SKIP), NINE + 120, PLAIN, TIMES)
    assert ledger(acted) == [(0, Kept.FIRED)]


def test_missed_occurrences_give_way_to_the_latest() -> None:
    acted = act(a_task(rule=daily(NINE)), NINE + 3 * DAY_S + 7200, PLAIN, TIMES)
    assert ledger(acted) == [
        (0, Kept.SUPERSEDED), (DAY_S, Kept.SUPERSEDED), (2 * DAY_S, Kept.SUPERSEDED), (3 * DAY_S, Kept.LATE),
    ]  # fmt: skip
    assert acted.saying == Saying(NINE + 3 * DAY_S, ReminderKind.OCCURRENCE, 7200)
    assert acted.task.due_at == NINE + 3 * DAY_S
    assert acted.task.remind_at == NINE + 3 * DAY_S + 7200 + HOUR_S


def test_a_missed_nag_gives_way_to_the_next_occurrence() -> None:
    nagging = a_task(rule=daily(NINE), times_said=1, remind_at=NINE + HOUR_S)
    acted = act(nagging, NINE + DAY_S, PLAIN, TIMES)
    assert ledger(acted) == [(HOUR_S, Kept.SUPERSEDED), (DAY_S, Kept.FIRED)]
    assert acted.task.times_said == 1


def test_more_missed_occurrences_than_are_taken_at_once_are_all_accounted_for() -> None:
    kitchen = Kitchen(a_task(rule=every(60, NINE)), SILENT)
    kitchen.at(NINE + 350 * 60 + 5)
    assert len(kitchen.stands) == 351 > 3 * MISSED_MAX
    assert kitchen.said == [Saying(NINE + 350 * 60, ReminderKind.OCCURRENCE)]
    assert list(kitchen.stands.values()) == [Kept.SUPERSEDED] * 350 + [Kept.FIRED]


def test_an_open_task_is_said_again_after_growing_waits_and_then_no_more() -> None:
    kitchen, now = Kitchen(a_task()), NINE
    for wait_s in DEFAULT_WAITS_S:
        kitchen.at(now)
        now += wait_s
        assert kitchen.task.remind_at == now
    kitchen.at(now)
    assert kitchen.task.remind_at is None
    assert kitchen.task.status is Status.OPEN
    assert [saying.kind for saying in kitchen.said] == [ReminderKind.OCCURRENCE] + [ReminderKind.NAG] * 5


def test_what_is_urgent_is_said_again_twice_as_soon() -> None:
    acted = act(a_task(priority=Priority.HIGH), NINE, PLAIN, TIMES)
    assert acted.task.remind_at == NINE + HOUR_S / 2


def test_without_escalation_a_task_is_said_once() -> None:
    assert act(a_task(), NINE, SILENT, TIMES).task.remind_at is None
    assert act(a_task(rule=daily(NINE)), NINE, SILENT, TIMES).task.remind_at == NINE + DAY_S


def test_the_next_occurrence_comes_before_a_later_nag() -> None:
    hourly = a_task(rule=every(1800, NINE))
    assert act(hourly, NINE, PLAIN, TIMES).task.remind_at == NINE + 1800


def test_quiet_hours_put_off_without_a_trace_and_without_being_late() -> None:
    at_night = a_task(NINE + 14 * HOUR_S)
    put_off = act(at_night, NINE + 14 * HOUR_S, NIGHT, TIMES)
    assert put_off == Acted(evolve(at_night, remind_at=NINE + 22 * HOUR_S))
    acted = act(put_off.task, NINE + 22 * HOUR_S + 1, NIGHT, TIMES)
    assert ledger(acted) == [(14 * HOUR_S, Kept.FIRED)]
    assert acted.saying == Saying(NINE + 14 * HOUR_S, ReminderKind.OCCURRENCE)


def test_what_is_urgent_is_said_in_quiet_hours() -> None:
    urgent = a_task(NINE + 14 * HOUR_S, priority=Priority.HIGH)
    assert act(urgent, NINE + 14 * HOUR_S, NIGHT, TIMES).saying is not None


def test_a_chat_that_cannot_be_reached_pauses_and_is_told_late_once_it_can() -> None:
    acted = act(a_task(), NINE, NIGHT, TIMES, is_reachable=False)
    assert ledger(acted) == [(0, Kept.PAUSED)]
    assert acted.saying is None
    assert (acted.task.is_paused, acted.task.remind_at) == (True, None)
    resumed = evolve(acted.task, is_paused=False, remind_at=NINE + DAY_S)
    again = act(resumed, NINE + DAY_S, NIGHT, TIMES)
    assert ledger(again) == [(0, Kept.LATE)]
    assert again.saying == Saying(NINE, ReminderKind.OCCURRENCE, DAY_S)


@pytest.mark.parametrize(
    "moved",
    [
        cancelled(a_task(rule=daily(NINE)), NINE + DAY_S, ANNA, TIMES),
        timed_anew(a_task(rule=daily(NINE)), NINE + 9 * DAY_S, None, "UTC", NINE + DAY_S, TIMES),
        done(a_task(rule=daily(NINE)), NINE + DAY_S, ANNA, TIMES),
    ],
    ids=["cancelled", "retimed", "done"],
)
def test_what_passed_before_it_was_said_stands_as_superseded(moved: Moved) -> None:
    """As while no scheduler ran, or in quiet hours."""
    assert [(each.bucket - NINE, each.kept) for each in moved.occasions] == [
        (0, Kept.SUPERSEDED), (DAY_S, Kept.SUPERSEDED),
    ]  # fmt: skip


def test_done_waits_for_the_next_occurrence_and_closes_what_has_none() -> None:
    moved = done(a_task(rule=daily(NINE), times_said=1, remind_at=NINE + HOUR_S), NINE + 60, ANNA, TIMES)
    assert (moved.task.due_at, moved.task.remind_at, moved.task.times_said) == (NINE + DAY_S, NINE + DAY_S, 0)
    assert moved.task.status is Status.OPEN
    assert moved.occasions == ()
    closed = done(moved.task, NINE + 70, ANNA, TIMES).task
    assert closed.due_at == NINE + 2 * DAY_S, "done ahead of time closes that occurrence"
    last = done(a_task(rule=daily(NINE, NINE)), NINE + 60, ANNA, TIMES)
    assert (last.task.status, last.task.remind_at, last.task.closed_by) == (Status.DONE, None, ANNA)
    assert [each.kept for each in last.occasions] == [Kept.SUPERSEDED], "what was not said yet is not said"
    assert cancelled(a_task(), NINE, ANNA, TIMES).task.status is Status.CANCELLED


def test_what_is_opened_again_is_said_again() -> None:
    ahead = done(a_task(), NINE - 60, ANNA, TIMES)
    assert ahead.occasions == ()
    assert undone(ahead.task, NINE - 30, PLAIN, TIMES).task == a_task()
    overdue = undone(done(a_task(times_said=3), NINE, ANNA, TIMES).task, NINE + 60, PLAIN, TIMES).task
    assert (overdue.status, overdue.remind_at) == (Status.OPEN, NINE + 60 + HOUR_S)
    repeated = cancelled(a_task(rule=daily(NINE), times_said=1), NINE, ANNA, TIMES).task
    assert undone(repeated, NINE + 2 * DAY_S + 1, PLAIN, TIMES).task.due_at == NINE + 3 * DAY_S


def test_skipping_waits_for_the_next_occurrence_if_there_is_one() -> None:
    ahead = skipped(a_task(rule=daily(NINE)), NINE - 60, TIMES)
    assert ahead is not None
    assert [(each.bucket, each.kept) for each in ahead.occasions] == [(NINE, Kept.SKIPPED)]
    assert ahead.task.remind_at == NINE + DAY_S
    said = skipped(a_task(rule=daily(NINE), times_said=1), NINE + 60, TIMES)
    assert said is not None
    assert said.occasions == ()
    assert skipped(a_task(), NINE, TIMES) is None
    assert skipped(a_task(rule=daily(NINE, NINE)), NINE, TIMES) is None


def test_a_task_that_stops_repeating_keeps_the_occurrence_that_is_meant() -> None:
    said = a_task(rule=daily(NINE), times_said=1, remind_at=NINE + DAY_S)
    assert stopped(said, NINE + 60, PLAIN, TIMES).task.remind_at == NINE + 60 + HOUR_S
    to_come = stopped(a_task(rule=daily(NINE)), NINE - 60, PLAIN, TIMES).task
    assert (to_come.rule, to_come.due_at, to_come.remind_at) == (None, NINE, NINE)
    put_off = stopped(evolve(said, remind_at=NINE + 600), NINE + 60, PLAIN, TIMES).task
    assert put_off.remind_at == NINE + 600


def test_a_snooze_says_it_again_when_it_ends_and_not_before() -> None:
    said = snoozed(a_task(times_said=1), NINE + 600, NINE, TIMES)
    assert said.occasions == ()
    acted = act(said.task, NINE + 600, PLAIN, TIMES)
    assert ledger(acted) == [(600, Kept.FIRED)]
    assert acted.saying == Saying(NINE + 600, ReminderKind.NAG)
    ahead = snoozed(a_task(), NINE + 600, NINE - 60, TIMES)
    assert [(each.bucket, each.kept) for each in ahead.occasions] == [(NINE, Kept.SUPERSEDED)]


def test_a_snooze_lasts_until_the_next_occurrence_at_most_so_that_none_is_lost() -> None:
    said = a_task(rule=daily(NINE), times_said=1)
    kitchen = Kitchen(snoozed(said, NINE + 5 * DAY_S, NINE + 60, TIMES).task)
    assert kitchen.task.remind_at == NINE + DAY_S
    kitchen.at(NINE + DAY_S)
    assert kitchen.said == [Saying(NINE + DAY_S, ReminderKind.OCCURRENCE)]
    assert snoozed(said, NINE + 600, NINE + 60, TIMES).task.remind_at == NINE + 600


def test_an_occurrence_that_was_put_off_is_said_at_its_time_after_all_if_the_snooze_is_taken_back() -> None:
    put_off = snoozed(a_task(), NINE + DAY_S, NINE - 900, TIMES)
    back = Kitchen(snoozed(put_off.task, NINE - 600, NINE - 900, TIMES).task)
    back.at(NINE - 600)
    back.at(NINE)
    assert [saying.kind for saying in back.said] == [ReminderKind.NAG, ReminderKind.OCCURRENCE]
    same = snoozed(a_task(), NINE, NINE - 900, TIMES)
    assert (same.task, same.occasions) == (a_task(), ())


def test_a_reminder_before_the_time_does_not_take_its_place() -> None:
    kitchen = Kitchen(snoozed(a_task(), NINE - 600, NINE - 900, TIMES).task)
    kitchen.at(NINE - 600)
    kitchen.at(NINE)
    assert [saying.bucket - NINE for saying in kitchen.said] == [-600, 0]
    both = Kitchen(snoozed(a_task(), NINE - 600, NINE - 900, TIMES).task)
    both.at(NINE + 1)
    assert [saying.bucket for saying in both.said] == [NINE]
    assert both.stands == {NINE - 600: Kept.SUPERSEDED, NINE: Kept.FIRED}


def test_a_task_without_a_time_can_be_put_off_and_is_said_once() -> None:
    kitchen = Kitchen(snoozed(a_task(None), NINE, NINE - 60, TIMES).task)
    kitchen.at(NINE)
    assert [saying.kind for saying in kitchen.said] == [ReminderKind.NAG]
    assert kitchen.task.remind_at is None


def test_another_time_is_said_anew() -> None:
    moved = timed(a_task(times_said=4, is_paused=True), NINE + 60, None, "+2")
    assert (moved.times_said, moved.remind_at, moved.is_paused, moved.zone) == (0, NINE + 60, False, "+2")


moments = st.integers(min_value=-2 * 86_400, max_value=20 * 86_400).map(lambda s: NINE + s)
policies = st.sampled_from([PLAIN, SILENT, NIGHT, Policy((60.0, 120.0), Quiet(60, 30))])
tasks = st.builds(
    lambda rule, late, priority, zone: a_task(rule=rule, late=late, priority=priority, zone=zone),
    st.sampled_from([None, daily(NINE), every(5400, NINE), daily(NINE, NINE + 3 * DAY_S)]),
    st.sampled_from(Late),
    st.sampled_from(Priority),
    st.sampled_from(["UTC", "+5"]),
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(tasks, policies, st.lists(st.tuples(moments, st.booleans()), max_size=25))
def test_over_downtimes_and_clock_steps_buckets_only_grow_and_nothing_is_lost(
    task: Task, policy: Policy, looks: list[tuple[float, bool]]
) -> None:
    """The clock stands at each of the moments in turn, forwards and backwards."""
    kitchen = Kitchen(task, policy)
    for now, is_reachable in looks:
        if kitchen.task.is_paused and is_reachable:
            # To the microsecond, which these moments are not, a clock that steps back meets no bucket again.
            resumed_at = max(now, kitchen.buckets[-1])
            kitchen.task = evolve(kitchen.task, is_paused=False, remind_at=resumed_at)
        kitchen.at(now, is_reachable=is_reachable)
    fresh = list(dict.fromkeys(kitchen.buckets))
    assert fresh == sorted(fresh)
    said = [saying.bucket for saying in kitchen.said]
    assert said == sorted(set(said))
    # Every occurrence up to the one that is meant stands in the ledger; that one does unless it waits to be said.
    at: float | None = NINE
    while at is not None and at < (kitchen.task.due_at or 0):
        assert at in kitchen.stands
        at = TIMES.next_after(task.rule, task.zone, at) if task.rule else None
    assert kitchen.task.times_said == 0 or kitchen.task.due_at in kitchen.stands
    # What is meant is the latest occurrence that came by the last look, unless the hours are quiet or it waits.
    waits = kitchen.task.is_paused or (kitchen.task.remind_at or 0) > NINE
    assert waits or kitchen.task.remind_at is None or kitchen.task.remind_at == NINE


moves = st.sampled_from(["look", "done", "undone", "skip", "stop", "snooze", "cancel"])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(tasks, policies, st.lists(st.tuples(st.integers(0, 2 * 86_400), moves), max_size=25))
def test_whatever_people_do_meanwhile_a_bucket_fires_once_and_an_open_task_goes_on(
    task: Task, policy: Policy, steps: list[tuple[int, str]]
) -> None:
    kitchen, now = Kitchen(task, policy), NINE - DAY_S
    for seconds, move in steps:
        now += seconds
        kitchen.at(now)
        task = kitchen.task
        moved = {
            "done": lambda task, now: done(task, now, ANNA, TIMES),
            "undone": lambda task, now: undone(task, now, policy, TIMES),
            "skip": lambda task, now: skipped(task, now, TIMES),
            "stop": lambda task, now: stopped(task, now, policy, TIMES),
            "snooze": lambda task, now: snoozed(task, now + 600, now, TIMES),
            "cancel": lambda task, now: cancelled(task, now, ANNA, TIMES),
        }.get(move, lambda task, now: None)(task, now)
        if moved is None or (task.status is Status.OPEN) == (move == "undone"):
            continue
        kitchen.task = moved.task
        for each in moved.occasions:
            assert kitchen.stands.get(each.bucket, Kept.PAUSED) not in (Kept.FIRED, Kept.LATE)
            kitchen.stands[each.bucket] = each.kept
        assert moved.task.remind_at is None or moved.task.remind_at > now - 1
        assert (moved.task.remind_at is None) or moved.task.status is Status.OPEN
        if moved.task.status is Status.OPEN and moved.task.rule is not None and policy.waits_s:
            assert moved.task.remind_at is not None, "a task that repeats was forgotten"

"""What every implementation of the Calendar port promises: the libraries', and the one that is written out.

They are also held to each other: the same rule fires at the same instants in both.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendar.recurrence import DateutilCalendar
from adapters.memory.calendar import ZONES, MemoryCalendar
from application.ports import Calendar
from domain.when.pattern import Freq, Pattern
from domain.when.values import Rule, UnknownZone, Zone
from domain.when.walltime import resolve, seconds_of

BERLIN = Zone("Europe/Berlin")
REAL, FAKE = DateutilCalendar(), MemoryCalendar()
SOME = 40


def instants(calendar: Calendar, rule: Rule, after_s: int, count: int) -> Iterator[int]:
    for _ in range(count):
        found = calendar.next_after(rule, after_s)
        if found is None:
            return
        yield found.at_s
        after_s = found.at_s


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def rule_of(text: str, start: str, zone: Zone = BERLIN) -> Rule:
    return Rule(Pattern.of_text(text), datetime.fromisoformat(start), zone)


def times(calendar: Calendar, rule: Rule, after: str, count: int) -> list[str]:
    found = instants(calendar, rule, utc(after), count)
    return [f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M}" for at_s in found]


class CalendarContract:
    """The promises of the port."""

    def test_a_wall_time_stays_through_both_changes(self, calendar: Calendar) -> None:
        rule = rule_of("FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "2027-03-27T09:00")
        assert times(calendar, rule, "2027-03-26T00:00", 2) == ["2027-03-27T08:00", "2027-03-28T07:00"]
        assert times(calendar, rule, "2027-10-30T00:00", 2) == ["2027-10-30T07:00", "2027-10-31T08:00"]

    def test_a_time_that_does_not_exist_moves_by_the_gap_and_one_that_is_twice_is_the_first(
        self, calendar: Calendar
    ) -> None:
        rule = rule_of("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2027-03-27T02:30")
        expected = ["2027-03-27T01:30", "2027-03-28T01:30", "2027-03-29T00:30"]
        assert times(calendar, rule, "2027-03-26T00:00", 3) == expected
        assert times(calendar, rule, "2027-10-30T12:00", 2) == ["2027-10-31T00:30", "2027-11-01T01:30"]

    def test_two_wall_times_on_one_instant_are_one_occurrence(self, calendar: Calendar) -> None:
        rule = rule_of("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", "2027-03-27T02:30")
        expected = ["2027-03-28T01:30", "2027-03-29T00:30"]
        assert times(calendar, rule, "2027-03-27T12:00", 2) == expected

    def test_hours_are_elapsed_time(self, calendar: Calendar) -> None:
        rule = rule_of("FREQ=HOURLY;INTERVAL=2", "2027-03-28T00:00")
        expected = ["2027-03-28T00:00", "2027-03-28T02:00", "2027-03-28T04:00"]
        assert times(calendar, rule, "2027-03-27T23:59", 3) == expected

    def test_an_end_is_kept(self, calendar: Calendar) -> None:
        counted = rule_of("FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9;BYMINUTE=0;COUNT=3", "2026-11-30T09:00")
        expected = ["2026-11-30T08:00", "2026-12-03T08:00", "2026-12-07T08:00"]
        assert times(calendar, counted, "2026-01-01T00:00", 5) == expected
        until = rule_of("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;UNTIL=20261201T225959Z", "2026-11-30T09:00")
        assert times(calendar, until, "2026-01-01T00:00", 5) == ["2026-11-30T08:00", "2026-12-01T08:00"]

    def test_the_31st_is_the_last_day_of_a_shorter_month(self, calendar: Calendar) -> None:
        rule = rule_of(
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYHOUR=8,20;BYMINUTE=0;BYSETPOS=-2,-1", "2027-01-31T08:00"
        )
        expected = ["2027-01-31T07:00", "2027-01-31T19:00", "2027-02-28T07:00", "2027-02-28T19:00"]
        assert times(calendar, rule, "2027-01-30T00:00", 4) == expected

    def test_the_fifth_monday_of_february_is_found_a_generation_ahead(self, calendar: Calendar) -> None:
        rule = rule_of("FREQ=YEARLY;BYMONTH=2;BYDAY=5MO;BYHOUR=9;BYMINUTE=0", "2024-03-01T09:00")
        assert times(calendar, rule, "2024-03-01T00:00", 1) == ["2044-02-29T08:00"]

    def test_an_unknown_zone_is_told(self, calendar: Calendar) -> None:
        with pytest.raises(UnknownZone, match="Mars"):
            calendar.tz(Zone("Mars/Olympus"))

    def test_offsets_are_zones_and_names_are_known(self, calendar: Calendar) -> None:
        assert calendar.tz(Zone("UTC-03:30")).utcoffset(None) == -timedelta(hours=3.5)
        assert {"UTC", "Europe/Berlin"} <= set(calendar.names())
        assert isinstance(calendar, Calendar)


class TestDateutilCalendar(CalendarContract):
    @pytest.fixture
    def calendar(self) -> Calendar:
        return REAL

    def test_an_old_rule_costs_no_more_than_a_new_one(self) -> None:
        rule = rule_of("FREQ=DAILY;INTERVAL=3;BYHOUR=9;BYMINUTE=0", "1990-01-01T09:00")
        assert times(REAL, rule, "2400-01-01T00:00", 1) == ["2400-01-03T08:00"]


class TestMemoryCalendar(CalendarContract):
    @pytest.fixture
    def calendar(self) -> Calendar:
        return FAKE


hours = st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True).map(
    lambda some: tuple(sorted(some))
)
minutes = st.sampled_from([0, 15, 30, 45])
nths = st.sampled_from([1, 2, 3, 4, 5, -1])
weekdays = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True)
counts = st.none() | st.integers(1, 20)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Draw any pattern that is taken."""
    freq = draw(st.sampled_from(Freq))
    interval = draw(st.integers(1, 4))
    count = draw(counts)
    if freq is Freq.MINUTELY:
        return Pattern(freq, draw(st.integers(5, 600)), count=count)
    if freq is Freq.HOURLY:
        return Pattern(freq, interval, count=count)
    known = {
        "freq": freq,
        "interval": interval,
        "hours": draw(hours),
        "minute": draw(minutes),
        "count": count,
    }
    if freq is Freq.DAILY:
        return Pattern(**known)
    if freq is Freq.WEEKLY:
        return Pattern(**known, weekdays=tuple((0, day) for day in sorted(draw(weekdays))))
    months = (draw(st.integers(1, 12)),) if freq is Freq.YEARLY else ()
    if draw(st.booleans()):
        return Pattern(**known, months=months, weekdays=((draw(nths), draw(st.integers(0, 6))),))
    if (not months or months == (2,)) and draw(st.booleans()):
        days = (28, 29) if months else (28, 29, 30)
        return Pattern(**known, months=months, month_days=days, last_only=True)
    return Pattern(
        **known,
        months=months,
        month_days=(draw(st.sampled_from([1, 15, 28] if months else [-1, 1, 15, 28])),),
    )


zones = st.sampled_from(sorted(ZONES)).map(Zone) | st.integers(-12, 14).map(
    lambda hours: Zone.at_offset(hours * 60)
)
# Days around both changes of the zones above, and any others.
starts = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
changes = st.sampled_from(
    [
        datetime(2027, 3, 27),
        datetime(2027, 10, 30),
        datetime(2027, 3, 13),
        datetime(2026, 10, 3),
        datetime(2027, 4, 3),
    ]
)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(pattern=patterns(), start=starts | changes, zone=zones, ahead_days=st.integers(-3, 90))
def test_both_calendars_agree_and_nothing_repeats_or_goes_back(
    pattern: Pattern, start: datetime, zone: Zone, ahead_days: int
) -> None:
    rule = Rule(pattern, start, zone)
    after_s = seconds_of(start + timedelta(days=ahead_days))
    found = list(instants(REAL, rule, after_s, 8))
    assert found == list(instants(FAKE, rule, after_s, 8))
    assert all(one < other for one, other in pairwise([after_s, *found]))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(pattern=patterns(), start=starts, zone=zones)
def test_a_rule_is_read_back_from_its_text(pattern: Pattern, start: datetime, zone: Zone) -> None:
    rule = Rule(pattern, start, zone)
    assert Rule.of_text(rule.text) == rule


@settings(max_examples=300, derandomize=True, deadline=None)
@given(local=st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)), name=st.sampled_from(sorted(ZONES)))
def test_both_calendars_know_the_same_offsets(local: datetime, name: str) -> None:
    local = local.replace(second=0, microsecond=0)
    assert resolve(local, REAL.tz(Zone(name))) == resolve(local, FAKE.tz(Zone(name)))

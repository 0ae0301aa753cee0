"""What the bot says it understood is understood as the same, and reads well."""

from datetime import datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from application.messages import LANGUAGES
from application.messages.times import WORDS, echo
from domain.tasks.times import DOUBTS
from domain.when.pattern import Freq, Pattern
from domain.when.values import Question, Reason, Rule, Understood, Zone
from domain.when.walltime import moment_at
from tests.contract.test_calendar_contract import patterns
from tests.unit.test_when_phrases import ALL, Line
from tests.unit.whens import BERLIN, PHRASES, instant

NOW = "2026-11-27 10:00"
NAMES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "UTC-03:30",
    "Pacific/Apia",
]


@pytest.mark.parametrize(
    ("phrase", "tag", "expected"),
    [
        ("tomorrow 9", "en", "Sat 28 Nov 2026, 09:00 (Europe/Berlin, UTC+1)"),
        ("tomorrow 9", "de", "Sa 28. Nov 2026, 09:00 (Europe/Berlin, UTC+1)"),
        ("tomorrow 9", "xx", "Sat 28 Nov 2026, 09:00 (Europe/Berlin, UTC+1)"),
        ("tomorrow 9 UTC-3:30", "en", "Sat 28 Nov 2026, 09:00 (UTC-03:30)"),
        ("tomorrow 9 Asia/Kolkata", "en", "Sat 28 Nov 2026, 09:00 (Asia/Kolkata, UTC+5:30)"),
        ("every weekday at 9", "en", "every weekday at 09:00 (Europe/Berlin), next Mon 30 Nov 2026"),
        ("every weekday at 9", "de", "jeden Werktag um 09:00 (Europe/Berlin), nächstes Mal Mo 30. Nov 2026"),
        ("every 2 weeks on mon", "en", "every 2 weeks on Mon at 09:00 (Europe/Berlin), next Mon 30 Nov 2026"),
        (
            "monthly on the last friday",
            "en",
            "every month on the last Fri at 09:00 (Europe/Berlin), next Fri 25 Dec 2026",
        ),
        (
            "every 31st at 8",
            "en",
            "every month on the 31st or the last day at 08:00 (Europe/Berlin), next Mon 30 Nov 2026",
        ),
        ("every 2 hours", "en", "every 2 hours, next Fri 27 Nov 2026, 12:00 (Europe/Berlin, UTC+1)"),
        (
            "daily at 8:00 and 20:00 until 31 dec",
            "en",
            "every day until Thu 31 Dec 2026 at 08:00 and 20:00 (Europe/Berlin), next Fri 27 Nov 2026",
        ),
        (
            "every day at 8, 14 and 20",
            "de",
            "jeden Tag um 08:00, 14:00 und 20:00 (Europe/Berlin), nächstes Mal Fr 27. Nov 2026",
        ),
        (
            "every 3 days 5 times",
            "de",
            "alle 3 Tage um 09:00, 5 Mal (Europe/Berlin), nächstes Mal Sa 28. Nov 2026",
        ),
    ],
)
def test_the_echo_reads_well(phrase: str, tag: str, expected: str) -> None:
    answer = PHRASES.understand(phrase, now_s=instant(NOW), zone=BERLIN)
    assert isinstance(answer, Understood)
    assert echo(answer, tag) == expected


def same_again(understood: Understood, now_s: float, zone: Zone) -> None:
    for tag in WORDS:
        said = echo(understood, tag)
        again = PHRASES.understand(said, now_s=now_s, zone=zone, language=tag)
        assert isinstance(again, Understood), (said, again)
        assert (again.what, again.first, again.rest) == (understood.what, understood.first, ""), said


@pytest.mark.parametrize("line", ALL, ids=[f"{line.language}: {line.phrase}" for line in ALL])
def test_every_phrase_of_the_table_is_echoed_as_the_same(line: Line) -> None:
    now_s = instant(line.now, line.zone)
    answer = PHRASES.understand(line.phrase, now_s=now_s, zone=line.zone, language=line.language)
    for each in [answer] if isinstance(answer, Understood) else getattr(answer, "options", ()):
        same_again(each, now_s, line.zone)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    at=st.datetimes(datetime(2026, 11, 28), datetime(2060, 1, 1)),
    name=st.sampled_from(NAMES),
    reader=st.sampled_from(NAMES),
)
def test_any_minute_of_any_zone_is_echoed_as_the_same(at: datetime, name: str, reader: str) -> None:
    zone = Zone(name)
    at_s = round((at.replace(second=0, microsecond=0) - datetime(1970, 1, 1)).total_seconds())
    moment = moment_at(at_s, zone, PHRASES.calendar.tz(zone))
    same_again(Understood(moment, moment, "", ""), instant(NOW), Zone(reader))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(minutes=st.integers(0, 240), name=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe"]))
def test_both_of_two_equal_wall_times_are_echoed_as_themselves(minutes: int, name: str) -> None:
    night = {"Europe/Berlin": "2027-10-31 00:00", "Australia/Lord_Howe": "2027-04-04 00:00"}
    zone = Zone(name)
    at_s = round(instant(night[name], zone)) + minutes * 60
    moment = moment_at(at_s, zone, PHRASES.calendar.tz(zone))
    same_again(Understood(moment, moment, "", ""), instant(NOW), BERLIN)


CHANGES = {
    "Europe/Berlin": ("2027-03-28 00:00", "2027-10-31 00:00"),
    "America/New_York": ("2027-03-14 00:00", "2026-11-01 00:00"),
    "Australia/Lord_Howe": ("2027-10-03 00:00", "2027-04-04 00:00"),
    "Africa/Casablanca": ("2026-03-22 00:00", "2026-09-20 00:00"),
}


@settings(max_examples=100, derandomize=True, deadline=None)
@given(name=st.sampled_from(sorted(CHANGES)), which=st.booleans(), minutes=st.integers(-60, 300))
def test_any_minute_of_both_nights_of_a_change_is_echoed_as_the_same(
    name: str, which: bool, minutes: int
) -> None:
    zone = Zone(name)
    at_s = round(instant(CHANGES[name][which], zone)) + minutes * 60
    moment = moment_at(at_s, zone, PHRASES.calendar.tz(zone))
    same_again(Understood(moment, moment, "", ""), at_s - 86400, zone)
    same_again(Understood(moment, moment, "", ""), at_s - 60, BERLIN)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    pattern=patterns(),
    name=st.sampled_from(sorted(CHANGES)),
    which=st.booleans(),
    minutes=st.integers(-1500, 300),
)
def test_a_rule_that_is_said_around_a_change_is_echoed_as_the_same(
    pattern: Pattern, name: str, which: bool, minutes: int
) -> None:
    assume(pattern.freq is not Freq.MINUTELY or pattern.interval % 60)
    zone = Zone(name)
    now_s = instant(CHANGES[name][which], zone) + minutes * 60
    same_again(begun(pattern, now_s, zone), now_s, zone)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(pattern=patterns(), name=st.sampled_from(NAMES), minutes=st.integers(0, 400 * 1440))
def test_any_rule_that_can_be_asked_for_is_echoed_as_the_same(
    pattern: Pattern, name: str, minutes: int
) -> None:
    assume(pattern.freq is not Freq.MINUTELY or pattern.interval % 60)
    zone = Zone(name)
    now_s = instant(NOW) + timedelta(minutes=minutes).total_seconds()
    same_again(begun(pattern, now_s, zone), now_s, zone)


def begun(pattern: Pattern, now_s: float, zone: Zone) -> Understood:
    """Return the rule that begins with the pattern's first occurrence after now."""
    if pattern.elapsed:
        at_s = int(now_s) + pattern.period_s
        start = datetime(1970, 1, 1) + timedelta(seconds=at_s)
    else:
        begin = datetime(1970, 1, 1) + timedelta(seconds=now_s) - timedelta(days=2)
        everyone = Rule(evolve(pattern, interval=1, count=None), begin, zone)
        first = PHRASES.calendar.next_after(everyone, int(now_s))
        assert first is not None
        at_s, start = first.at_s, first.nominal
    moment = moment_at(at_s, zone, PHRASES.calendar.tz(zone))
    return Understood(Rule(pattern, start, zone), moment, "", "")


@pytest.mark.parametrize("tag", WORDS)
def test_every_question_refusal_and_note_has_its_wording(tag: str) -> None:
    wording = LANGUAGES[tag].wording
    keys = [*(f"when.ask.{each}" for each in Question), *(f"when.no.{each}" for each in Reason)]
    notes = [f"when.note.{each}" for each in ("gap", "fold", "middle")]
    assert {key for key in wording if key.startswith("when.")} == {*keys, *notes}
    assert {key for key in wording if key.startswith("doubt.")} == set(DOUBTS.values())

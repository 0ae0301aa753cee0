"""Understanding is bounded and never fails, whatever is written; titles are left alone."""

import sys
from time import perf_counter
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.phrases import LONG_CHARS_MIN, TEXT_CHARS_MAX
from domain.when.pattern import Pattern
from domain.when.values import Question, Reason, Refused, Rule, Unclear, Understood, Zone
from domain.when.words import LANGUAGES
from tests.unit.test_when_phrases import ALL
from tests.unit.whens import BERLIN, PHRASES, instant, written

NOW_S = instant("2026-11-27 10:00")
# Generous for a machine that is shared: most phrases take less than a millisecond.
TYPICAL_S_MAX = 0.005
# The worst that was found is "mon 9 1" over and over: 380 thousand, of which a tenth of a second is made.
CALLS_MAX = 500_000
ODDITIES = ("#", "@", "((", "1/", "99:99", "0", "\ue000")
WORDS = [*sorted({word for line in ALL for word in line.phrase.split()}), *ODDITIES]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    words=st.lists(st.sampled_from(WORDS), max_size=14),
    language=st.sampled_from([*LANGUAGES, "ja", ""]),
    needed=st.booleans(),
)
def test_any_jumble_of_words_is_answered(words: list[str], language: str, needed: bool) -> None:
    answer = PHRASES.understand(" ".join(words), now_s=NOW_S, zone=BERLIN, language=language, needed=needed)
    found = [answer] if isinstance(answer, Understood) else getattr(answer, "options", ())
    assert all(each.first.at_s > NOW_S for each in found)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(text=st.text(max_size=80) | st.text(alphabet="0123456789.:/-hU TC+apm@", max_size=40))
def test_any_text_is_answered(text: str) -> None:
    PHRASES.understand(text, now_s=NOW_S, zone=BERLIN, needed=True)


@pytest.mark.parametrize(
    "title",
    [
        "buy milk", "buy 2 apples", "do the laundry", "march on washington", "may the force be with you",
        "read chapter 5", "watch 24", "second opinion", "pay the first invoice", "fix bug 1234", "sun cream",
        "sat nav update", "the last of us", "mon petit chou", "email Jan", "upgrade to 3.11", "7 habits",
        "and/or gate", "check PR #12", "next steps", "buy 1/2 pound butter", "weekly report", "daily standup notes",
        "morning run", "say good morning", "room 101", "d", "100", "2026", "every", "12", "", "write bob@9",
    ],
)  # fmt: skip
def test_a_title_is_not_taken_for_a_time(title: str) -> None:
    answer = PHRASES.understand(f"x {title}", now_s=NOW_S, zone=BERLIN)
    assert isinstance(answer, Refused), written(answer)
    if title not in ("12", "2026", "100"):
        answer = PHRASES.understand(title, now_s=NOW_S, zone=BERLIN)
        assert isinstance(answer, Refused), written(answer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9 call mum", '2026-11-28 09:00+01:00 "call mum"'),
        ("fri call mum", '2026-12-04 09:00+01:00 "call mum"'),
        ("me to call mum in 2 hours", '2026-11-27 12:00+01:00 "call mum"'),
        ("me in 20 minutes to call mum", '2026-11-27 10:20+01:00 "call mum"'),
        ("me tomorrow at 8 that I call mum", '2026-11-28 08:00+01:00 "I call mum"'),
        ("us tomorrow at 8 about the car", '2026-11-28 08:00+01:00 "the car"'),
        ("US office tomorrow at 8", '2026-11-28 08:00+01:00 "US office"'),
        ("nine thirty call", '2026-11-28 09:30+01:00 "call"'),
        ("25:00 foo", "! no_such_time"),
        ("20 min tea", "! no_time"),
        ("2 days before christmas buy gifts", "! not_understood"),
        ("tomorrow 9 to call mum", '2026-11-28 09:00+01:00 "call mum"'),
        ("5", "? which_hour: 2026-11-27 17:00+01:00; 2026-11-28 05:00+01:00"),
        ("call mum", "! no_time"),
    ],
)
def test_where_a_time_is_needed_a_lone_number_or_day_is_one(text: str, expected: str) -> None:
    assert written(PHRASES.understand(text, now_s=NOW_S, zone=BERLIN, needed=True)) == expected


def test_what_is_all_time_but_not_understood_as_a_whole_is_not_taken_in_part() -> None:
    answer = PHRASES.understand("every tuesday first 14 hours", now_s=NOW_S, zone=BERLIN)
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.NOT_UNDERSTOOD


def test_several_times_and_abbreviated_zones_are_asked_about() -> None:
    several = PHRASES.understand("call bob tomorrow and friday at 9", now_s=NOW_S, zone=BERLIN)
    assert isinstance(several, Unclear)
    assert several.question is Question.SEVERAL
    zone = PHRASES.understand("call bob tomorrow 9 CST", now_s=NOW_S, zone=BERLIN)
    assert isinstance(zone, Unclear)
    assert (zone.question, zone.values) == (Question.ZONE_ABBREVIATION, {"zone": "CST"})


def test_a_long_text_keeps_its_middle() -> None:
    text = "word " * 500
    answer = PHRASES.understand(f"tomorrow 9 {text}", now_s=NOW_S, zone=BERLIN)
    assert isinstance(answer, Understood)
    assert answer.rest == text.strip()
    answer = PHRASES.understand(f"{text} tomorrow 9", now_s=NOW_S, zone=BERLIN)
    assert isinstance(answer, Understood)
    assert answer.rest == text.strip()
    too_long = PHRASES.understand("x" * 5000, now_s=NOW_S, zone=BERLIN)
    assert isinstance(too_long, Refused)
    assert too_long.reason is Reason.TOO_LONG


def test_a_phrase_is_understood_in_good_time() -> None:
    took = []
    for line in ALL:
        began = perf_counter()
        PHRASES.understand(line.phrase, now_s=NOW_S, zone=BERLIN, language=line.language)
        took.append(perf_counter() - began)
    assert sorted(took)[len(took) // 2] < TYPICAL_S_MAX


def calls_of(text: str, language: str) -> int:
    """Return how many functions are called to understand ``text``: the work, whatever the machine."""
    count = 0

    def called(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        PHRASES.understand(text, now_s=NOW_S, zone=BERLIN, language=language, needed=language == "en")
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize(
    "piece",
    [
        "9", "9 ", "٣ ", "１８:００ ", "1/2 ", "1.1.1.", "a - ", "a-", "((", "\u202e", "\u200bt", "a\u0301", "\ufdfa",
        "every ", "tomorrow ", "mon 9 ", "mon 9 1 ", "1 mon ", "so di mi do fr sa mo ", "and the of ", "zzzz ",
        "tommorw ", "every mon 9 zz ", "in 9 h at 9 zz ", "every 2nd mon on the 1st at 9 and ", "before ", "a/b/",
        "end of ", "twice a day ", "(UTC+1, ",
    ],
)  # fmt: skip
def test_the_longest_text_is_answered_with_bounded_work(piece: str, language: str) -> None:
    text = (piece * TEXT_CHARS_MAX)[:TEXT_CHARS_MAX]
    assert calls_of(text, language) < CALLS_MAX
    assert calls_of(text[:LONG_CHARS_MIN], language) < CALLS_MAX


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from([*WORDS, "\u200f", "\u0301", "٣", "x" * 30]) | st.text(max_size=6), min_size=1
    ),
    between=st.sampled_from([" ", "", "-", "/", ", ", "\n"]),
    language=st.sampled_from([*LANGUAGES, "ja"]),
)
def test_a_text_of_any_length_is_answered_with_bounded_work(
    pieces: list[str], between: str, language: str
) -> None:
    text = between.join(pieces * (TEXT_CHARS_MAX // (len(pieces) * 2) + 1))[:TEXT_CHARS_MAX]
    assert calls_of(text, language) < CALLS_MAX


def test_a_stored_rule_is_said_from_where_it_is() -> None:
    answer = PHRASES.understand("every day at 9 until 30 nov", now_s=NOW_S, zone=BERLIN)
    assert isinstance(answer, Understood)
    assert isinstance(answer.what, Rule)
    upcoming = PHRASES.upcoming(answer.what, instant("2026-11-29 12:00"))
    assert upcoming is not None
    assert upcoming.first.at_s == instant("2026-11-30 09:00")
    assert PHRASES.upcoming(answer.what, instant("2026-11-30 12:00")) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("FREQ=MINUTELY;INTERVAL=4", "more often"),
        ("FREQ=DAILY", "BYHOUR: missing"),
        ("FREQ=SECONDLY", "SECONDLY"),
        ("FREQ=DAILY;BYHOUR=25;BYMINUTE=0", "no such time"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31;BYHOUR=9;BYMINUTE=0", "no such day"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER: not taken"),
        ("FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0", "BYDAY"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;COUNT=100000", "COUNT"),
        ("", "not taken|valid"),
    ],
)
def test_a_pattern_that_is_not_taken_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Pattern.of_text(text)


def test_an_offset_is_a_zone_by_its_written_form() -> None:
    assert Zone.at_offset(330).name == "UTC+05:30"
    assert Zone.at_offset(0).name == "UTC"
    assert Zone("UTC-03:30").fixed is not None
    assert Zone("Europe/Berlin").fixed is None

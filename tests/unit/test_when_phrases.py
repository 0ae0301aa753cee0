"""The table of phrases, line by line: what people write, and the instant, rule, question or refusal it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from domain.when.values import Understood, Zone
from domain.when.words import LANGUAGES
from tests.unit.whens import PHRASES, instant, written

TABLE = Path(__file__).with_name("when_phrases.txt")
LINES_MIN = 300


@frozen
class Line:
    """A line of the table."""

    zone: Zone
    now: str
    language: str
    phrase: str
    expected: str


def lines() -> Iterator[Line]:
    zone, now = Zone("UTC"), ""
    for text in TABLE.read_text(encoding="utf-8").splitlines():
        if text.startswith("@"):
            _, name, now = text.split(" ", 2)
            zone = Zone(name)
        elif text and not text.startswith("#"):
            language, phrase, expected = text.split(" | ")
            yield Line(zone, now, language, phrase, expected)


ALL = list(lines())


@pytest.mark.parametrize("line", ALL, ids=[f"{line.language}: {line.phrase}" for line in ALL])
def test_a_phrase_means_what_the_table_says(line: Line) -> None:
    now_s = instant(line.now, line.zone)
    answer = PHRASES.understand(line.phrase, now_s=now_s, zone=line.zone, language=line.language)
    assert written(answer, line.zone) == line.expected


def test_the_table_has_every_language_several_zones_and_enough_lines() -> None:
    assert len(ALL) >= LINES_MIN
    assert {line.language for line in ALL} >= LANGUAGES.keys()
    assert len({line.zone for line in ALL}) >= 8


@pytest.mark.parametrize("line", ALL, ids=[f"{line.language}: {line.phrase}" for line in ALL])
def test_what_is_understood_is_never_past(line: Line) -> None:
    now_s = instant(line.now, line.zone)
    answer = PHRASES.understand(line.phrase, now_s=now_s, zone=line.zone, language=line.language)
    found = [answer] if isinstance(answer, Understood) else getattr(answer, "options", ())
    assert all(each.first.at_s > now_s for each in found)

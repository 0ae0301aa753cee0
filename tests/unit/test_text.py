"""Cutting long text: nothing lost, nothing torn, formatting kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events.telegram import Entity
from domain.text import LIMIT_UNITS, split, utf16_length

FAMILY = "👨‍👩‍👧‍👦"
WAVE = "👋🏽"
FLAG = "🇩🇪"
ACCENT = "e\u0301"


def units(text: str, start: int = 0, end: int | None = None) -> str:
    """Return the part of ``text`` between two UTF-16 offsets."""
    raw = text.encode("utf-16-le")
    return raw[2 * start : None if end is None else 2 * end].decode("utf-16-le")


def texts(text: str, limit_units: int) -> list[str]:
    """Return the texts of the parts."""
    return [part for part, _ in split(text, (), limit_units)]


def without_space(text: str) -> str:
    """Return ``text`` without any whitespace."""
    return "".join(text.split())


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("é", 1), ("😀", 2), (FLAG, 4)])
def test_length_is_in_utf16_units(text: str, length: int) -> None:
    assert utf16_length(text) == length


def test_a_short_text_stays_as_it_is() -> None:
    entities = (Entity("bold", 0, 2),)
    assert split("  Hi \n", entities) == [("  Hi \n", entities)]


@pytest.mark.parametrize("text", ["", " ", "\n\n", " " * 5000])
def test_a_blank_text_has_no_parts(text: str) -> None:
    assert split(text) == []


def test_a_text_of_exactly_the_limit_is_one_part() -> None:
    assert texts("😀" * (LIMIT_UNITS // 2), LIMIT_UNITS) == ["😀" * (LIMIT_UNITS // 2)]
    assert len(texts("😀" * (LIMIT_UNITS // 2) + "a", LIMIT_UNITS)) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two\nthree\n\nfour five six", ["one two\nthree", "four five six"]),
        ("one two\nthree four five six", ["one two", "three four five", "six"]),
        ("one two three four five", ["one two three", "four five"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmno", "pqrstuvwxyz"]),
        ("exactly fifteen\n\nand more", ["exactly fifteen", "and more"]),
        ("one two   \n\n\n   three four", ["one two", "   three four"]),
    ],
)
def test_cuts_at_paragraph_then_line_then_word_then_anywhere(text: str, parts: list[str]) -> None:
    assert texts(text, 15) == parts


def test_indentation_of_code_survives_a_cut_at_its_line() -> None:
    assert texts("def f():\n    return 1", 12) == ["def f():", "    return 1"]


@pytest.mark.parametrize("cluster", [FAMILY, WAVE, FLAG, ACCENT, "\u1100\u1161\u11a8", "각", "☝️"])
@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_what_a_reader_sees_as_one_character_is_not_torn(cluster: str, shift: int) -> None:
    text = "x" * shift + cluster * 20
    for part in texts(text, 25):
        assert without_space(part).lstrip("x") == cluster * part.count(cluster)


def test_a_cluster_longer_than_a_message_is_cut_all_the_same() -> None:
    text = "a" + "\u0301" * 100
    assert "".join(texts(text, 10)) == text


def test_a_word_is_not_cut_at_a_space_that_forbids_it() -> None:
    assert texts("one 10\u00a0km far", 8) == ["one", "10\u00a0km", "far"]


def test_a_code_block_goes_on_in_the_next_part() -> None:
    text = "Look:\nline one\nline two\nEnd"
    pre = Entity("pre", 6, 17, language="python")
    assert split(text, (pre,), 15) == [
        ("Look:\nline one", (Entity("pre", 6, 8, language="python"),)),
        ("line two\nEnd", (Entity("pre", 0, 8, language="python"),)),
    ]


def test_offsets_count_units_and_not_characters() -> None:
    text = "😀😀😀 bold"
    assert split(text, (Entity("bold", 7, 4),), 7) == [("😀😀😀", ()), ("bold", (Entity("bold", 0, 4),))]


def test_an_entity_that_covers_only_the_cut_disappears() -> None:
    assert split("one two", (Entity("bold", 3, 1),), 4) == [("one", ()), ("two", ())]


def test_half_a_custom_emoji_is_none() -> None:
    emoji = Entity("custom_emoji", 8, 4, custom_emoji_id="5")
    assert [share for _, share in split("abcdefgh" + "\u2603" * 4, (emoji,), 10)] == [(), ()]


def test_a_limit_below_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        split("a", (), 1)


PIECES = st.sampled_from(
    ["a", "word", " ", "  ", "\n", "\n\n", "\t", "é", ACCENT, "😀", FAMILY, WAVE, FLAG, "각", "漢", "x" * 30]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@st.composite
def formatted(draw: st.DrawFn) -> tuple[str, tuple[Entity, ...]]:
    """Draw a text and entities within it."""
    text = draw(TEXTS)
    length = utf16_length(text)
    entities = []
    for _ in range(draw(st.integers(0, 4 if text else 0))):
        offset = draw(st.integers(0, length - 1))
        kind = draw(st.sampled_from(["bold", "pre", "text_link"]))
        entities.append(Entity(kind, offset, draw(st.integers(1, length - offset))))
    return text, tuple(entities)


@settings(derandomize=True, max_examples=500)
@given(formatted(), st.integers(2, 60))
def test_nothing_but_whitespace_is_lost_and_every_part_fits(
    given_text: tuple[str, tuple[Entity, ...]], limit_units: int
) -> None:
    text, entities = given_text
    parts = split(text, entities, limit_units)
    assert without_space("".join(part for part, _ in parts)) == without_space(text)
    for part, share in parts:
        assert part.strip()
        assert utf16_length(part) <= limit_units
        assert all(
            e.offset >= 0 and e.length > 0 and e.offset + e.length <= utf16_length(part) for e in share
        )


@settings(derandomize=True, max_examples=300)
@given(TEXTS, st.integers(2, 60), st.data())
def test_formatting_covers_the_same_characters_after_the_cut(
    text: str, limit_units: int, data: st.DataObject
) -> None:
    starts = [index for index, character in enumerate(text) if not character.isspace()]
    if not starts:
        return
    first = data.draw(st.sampled_from(starts))
    last = data.draw(st.sampled_from([index for index in starts if index >= first]))
    covered = text[first : last + 1]
    entity = Entity("bold", utf16_length(text[:first]), utf16_length(covered))
    shares = [
        units(part, e.offset, e.offset + e.length)
        for part, share in split(text, (entity,), limit_units)
        for e in share
    ]
    assert without_space("".join(shares)) == without_space(covered)


def test_a_very_long_text_without_any_space_is_cut_in_bounded_time() -> None:
    text = FLAG * 30_000
    assert "".join(texts(text, LIMIT_UNITS)) == text

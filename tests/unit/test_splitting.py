"""Cutting long text: nothing lost, nothing torn, formatting kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events.spec import TEXT_UNITS_MAX
from domain.events.telegram import Entity
from domain.formatting import MESSAGE_ENTITIES_MAX, Formatted, acceptable
from domain.splitting import CAPTION_UNITS_MAX, shorten, split, split_caption
from domain.text import utf16_length

FAMILY = "👨‍👩‍👧‍👦"
WAVE = "👋🏽"
FLAG = "🇩🇪"
ACCENT = "e\u0301"


def units(text: str, start: int = 0, end: int | None = None) -> str:
    """Return the part of ``text`` between two UTF-16 offsets."""
    raw = text.encode("utf-16-le")
    return raw[2 * start : None if end is None else 2 * end].decode("utf-16-le")


def covered(part: Formatted) -> list[str]:
    """Return what each entity of a part covers."""
    return [units(part.text, each.offset, each.offset + each.length) for each in part.entities]


def texts(text: str, limit_units: int) -> list[str]:
    """Return the texts of the parts."""
    return [part.text for part in split(text, (), limit_units)]


def without_space(text: str) -> str:
    """Return ``text`` without any whitespace."""
    return "".join(text.split())


def test_a_short_text_stays_as_it_is() -> None:
    entities = (Entity("bold", 2, 2),)
    assert split("  Hi \n", entities) == [Formatted("  Hi \n", entities)]


@pytest.mark.parametrize("text", ["", " ", "\n\n", " " * 5000, "\u200b" * 5000])
def test_a_blank_text_has_no_parts(text: str) -> None:
    assert split(text) == []


def test_a_text_of_exactly_the_limit_is_one_part() -> None:
    assert texts("😀" * (TEXT_UNITS_MAX // 2), TEXT_UNITS_MAX) == ["😀" * (TEXT_UNITS_MAX // 2)]
    assert len(texts("😀" * (TEXT_UNITS_MAX // 2) + "a", TEXT_UNITS_MAX)) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two\nthree\n\nfour five six", ["one two\nthree", "four five six"]),
        ("one two\nthree four five six", ["one two", "three four five", "six"]),
        ("one two three four five", ["one two three", "four five"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmno", "pqrstuvwxyz"]),
        ("exactly fifteen\n\nand more", ["exactly fifteen", "and more"]),
        ("one two   \n\n\n   three four", ["one two", "   three four"]),
        ("Hi\n\none two three four", ["Hi\n\none two", "three four"]),
        (
            "今日は、いい天気ですね。明日も晴れるでしょう。",
            ["今日は、いい天気ですね。", "明日も晴れるでしょう。"],
        ),
        ("مرحبا بك في هذا العالم", ["مرحبا بك في هذا", "العالم"]),
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


def test_a_code_block_goes_on_in_the_next_part_with_its_language() -> None:
    text = "\n".join(f"line {number}" for number in range(6))
    parts = split(f"Look:\n{text}\nEnd", (Entity("pre", 6, len(text), language="python"),), 24)
    assert [part.text for part in parts] == ["Look:\nline 0\nline 1", "line 2\nline 3\nline 4", "line 5\nEnd"]
    assert [each.language for part in parts for each in part.entities] == ["python"] * 3
    assert [covered(part) for part in parts] == [["line 0\nline 1"], ["line 2\nline 3\nline 4"], ["line 5"]]


def test_a_code_block_goes_whole_to_the_next_part_rather_than_be_cut() -> None:
    text = "Some words before.\nx = 1\ny = 2\n"
    parts = split(text, (Entity("pre", 19, 11),), 26)
    assert [part.text for part in parts] == ["Some words before.", "x = 1\ny = 2\n"]


def test_a_code_block_that_is_cut_keeps_the_indentation_of_its_lines_within_it() -> None:
    text = "def f():\n    return 1\n    pass"
    first, second = split(text, (Entity("pre", 0, len(text)),), 24)
    assert (covered(first), covered(second)) == (["def f():\n    return 1"], ["    pass"])


def test_a_link_stays_whole_where_a_word_ends_before_it() -> None:
    text = "Here is a long name of a link and more"
    link = Entity("text_link", 10, 19, url="https://example.org/")
    first, second = split(text, (link,), 28)
    assert first == Formatted("Here is a")
    assert covered(second) == ["long name of a link"]


def test_a_link_longer_than_a_part_goes_on_in_the_next() -> None:
    link = Entity("text_link", 0, 23, url="https://example.org/")
    parts = split("one two three four five", (link,), 10)
    assert [covered(part) for part in parts] == [["one two"], ["three four"], ["five"]]


def test_offsets_count_units_and_not_characters() -> None:
    text = "😀😀😀 bold"
    assert split(text, (Entity("bold", 7, 4),), 7) == [
        Formatted("😀😀😀"),
        Formatted("bold", (Entity("bold", 0, 4),)),
    ]


def test_an_entity_that_covers_only_the_cut_disappears() -> None:
    assert split("one two", (Entity("bold", 3, 1),), 4) == [Formatted("one"), Formatted("two")]


def test_formatting_at_the_cut_begins_and_ends_at_letters() -> None:
    first, second = split("one two  three", (Entity("bold", 4, 10),), 9)
    assert (covered(first), covered(second)) == (["two"], ["three"])


def test_nothing_is_cut_within_a_custom_emoji() -> None:
    emoji = Entity("custom_emoji", 8, 4, custom_emoji_id="5")
    parts = split("abcdefgh" + "\u2603" * 4, (emoji,), 10)
    assert [part.text for part in parts] == ["abcdefgh", "\u2603" * 4]
    assert covered(parts[1]) == ["\u2603" * 4]


def test_half_a_custom_emoji_is_none() -> None:
    emoji = Entity("custom_emoji", 0, 50, custom_emoji_id="5")
    assert [part.entities for part in split("\u2603" * 50, (emoji,), 40)] == [(), ()]


def test_a_part_has_at_most_a_hundred_entities_so_that_no_formatting_is_lost() -> None:
    words = 1000
    bold = tuple(Entity("bold", 3 * number, 2) for number in range(words))
    parts = split("ab " * words, bold)
    assert [len(part.entities) for part in parts] == [100] * 10
    assert all(share == "ab" for part in parts for share in covered(part))


def test_entities_that_reach_into_a_part_count_in_it() -> None:
    words = 300
    bold = [Entity("bold", 3 * number, 2) for number in range(words)]
    quote = Entity("blockquote", 0, 3 * words)
    parts = split("ab " * words, (quote, *bold))
    assert [len(part.entities) for part in parts] == [100, 100, 100, 4]
    assert all(part.entities[0].type == "blockquote" for part in parts)


def test_a_limit_below_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        split("a", (), 1)
    with pytest.raises(ValueError, match="at least 3"):
        shorten("a", (), 2)


def test_a_caption_takes_what_it_may_and_messages_the_rest() -> None:
    text = " ".join(["word"] * 1500)
    caption, rest = split_caption(text, (Entity("italic", 0, len(text)),))
    assert utf16_length(caption.text) <= CAPTION_UNITS_MAX
    assert [utf16_length(part.text) <= TEXT_UNITS_MAX for part in rest] == [True, True]
    assert " ".join([caption.text, *(part.text for part in rest)]) == text
    assert all(part.entities == (Entity("italic", 0, len(part.text)),) for part in (caption, *rest))


def test_a_short_caption_is_all_and_a_blank_one_is_empty() -> None:
    assert split_caption("Hi", (Entity("bold", 0, 2),)) == (Formatted("Hi", (Entity("bold", 0, 2),)), [])
    assert split_caption(" \n") == (Formatted(""), [])


@pytest.mark.parametrize(
    ("text", "limit_units", "short"),
    [
        ("fits", 4, "fits"),
        ("one two three", 10, "one two…"),
        ("one two\n\nthree four", 14, "one two…"),
        ("abcdefgh", 5, "abcd…"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
        ("שלום לכולם", 8, "שלום…"),
    ],
)
def test_what_is_too_long_for_one_message_ends_in_an_ellipsis(
    text: str, limit_units: int, short: str
) -> None:
    assert shorten(text, (), limit_units).text == short
    assert utf16_length(short) <= limit_units


def test_what_is_shortened_keeps_its_formatting() -> None:
    text = "x = 1\ny = 2\nz = 3"
    assert shorten(text, (Entity("pre", 0, 17, language="py"),), 14) == Formatted(
        "x = 1\ny = 2…", (Entity("pre", 0, 11, language="py"),)
    )


def test_a_shortened_text_has_no_more_entities_than_telegram_shows() -> None:
    bold = tuple(Entity("bold", 3 * number, 2) for number in range(1000))
    short = shorten("ab " * 1000, bold)
    assert (len(short.text), short.entities) == (3000, bold[:MESSAGE_ENTITIES_MAX])


PIECES = st.sampled_from(
    [
        "a",
        "word",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "é",
        ACCENT,
        "😀",
        FAMILY,
        WAVE,
        FLAG,
        "각",
        "漢",
        "。",
        "ש",
        "x" * 30,
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)
KINDS = ("bold", "italic", "pre", "code", "text_link", "blockquote", "custom_emoji", "spoiler")


@st.composite
def formatted(draw: st.DrawFn) -> tuple[str, tuple[Entity, ...]]:
    """Draw a text and entities within it."""
    text = draw(TEXTS)
    length = utf16_length(text)
    entities = []
    for _ in range(draw(st.integers(0, 6 if text else 0))):
        offset = draw(st.integers(0, length - 1))
        kind = draw(st.sampled_from(KINDS))
        size = draw(st.integers(1, length - offset))
        entities.append(Entity(kind, offset, size, url="https://a.bc/", language="py", custom_emoji_id="1"))
    return text, tuple(entities)


@settings(derandomize=True, max_examples=400)
@given(formatted(), st.integers(2, 60))
def test_nothing_but_whitespace_is_lost_and_every_part_fits(
    given_text: tuple[str, tuple[Entity, ...]], limit_units: int
) -> None:
    text, entities = given_text
    parts = split(text, entities, limit_units)
    # A joiner that is cut from both its neighbours shows nothing, so it is no part.
    joined = without_space("".join(part.text for part in parts))
    assert joined.replace("\u200d", "") == without_space(text).replace("\u200d", "")
    for part in parts:
        assert part.text.strip()
        assert utf16_length(part.text) <= limit_units
        assert len(part.entities) <= MESSAGE_ENTITIES_MAX
        assert acceptable(part.text, part.entities) == part


@settings(derandomize=True, max_examples=200)
@given(formatted(), st.integers(3, 60))
def test_a_shortened_text_is_a_beginning_that_fits(
    given_text: tuple[str, tuple[Entity, ...]], limit_units: int
) -> None:
    text, entities = given_text
    short = shorten(text, entities, limit_units)
    assert utf16_length(short.text) <= limit_units
    assert short.text == text or text.startswith(short.text.removesuffix("…"))
    assert acceptable(short.text, short.entities) == short


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
    bold = text[first : last + 1]
    entity = Entity("bold", utf16_length(text[:first]), utf16_length(bold))
    shares = [share for part in split(text, (entity,), limit_units) for share in covered(part)]
    assert without_space("".join(shares)) == without_space(bold)


def test_a_very_long_text_without_any_space_is_cut_in_bounded_time() -> None:
    text = FLAG * 30_000
    assert "".join(texts(text, TEXT_UNITS_MAX)) == text

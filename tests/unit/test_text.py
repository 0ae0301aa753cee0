"""Text as Telegram counts it and as a reader sees it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.text import Offsets, is_blank, is_boundary, shortened, utf16_length

FAMILY = "👨‍👩‍👧‍👦"
WAVE = "👋🏽"
FLAG = "🇩🇪"
SCOTLAND = "🏴󠁧󠁢󠁳󠁣󠁴󠁿"
ACCENT = "e\u0301"
ARABIC = "السلام عليكم"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        (ACCENT, 2),
        ("😀", 2),
        (FLAG, 4),
        (FAMILY, 11),
        (ARABIC, 12),
        ("\u202bשלום\u202c", 6),
        ("𝕏", 2),
        ("\ud83d", 1),
    ],
)
def test_length_is_in_utf16_units(text: str, length: int) -> None:
    assert utf16_length(text) == length


@settings(derandomize=True, max_examples=300)
@given(st.text(st.sampled_from("a \n漢😀é\u0301𝕏ש"), max_size=40), st.data())
def test_offsets_lead_from_characters_to_units_and_back(text: str, data: st.DataObject) -> None:
    offsets = Offsets(text)
    at = data.draw(st.integers(0, len(text)))
    unit = utf16_length(text[:at])
    assert offsets.units(at) == unit
    assert offsets.first(unit) == offsets.end(unit) == at


def test_an_offset_within_a_character_is_rounded_into_the_range() -> None:
    offsets = Offsets("a😀b")
    assert (offsets.first(2), offsets.end(2)) == (2, 1)
    assert (offsets.first(-5), offsets.end(-5)) == (0, 0)
    assert (offsets.first(99), offsets.end(99)) == (3, 3)
    assert (Offsets("ab").first(99), Offsets("ab").end(-1)) == (2, 0)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t ", "\u200b", "\u200f \u202a", "\u00ad", "\u2800", "\ufeff", "\0"]
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", [".", " a ", "\u200bא", "\u0301", "😀"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    "cluster", [FAMILY, WAVE, FLAG, SCOTLAND, ACCENT, "\u1100\u1161\u11a8", "☝️", "\r\n", "नि"]
)
def test_within_what_a_reader_sees_as_one_character_there_is_no_boundary(cluster: str) -> None:
    text = cluster * 2
    inside = [at for at in range(1, len(text)) if is_boundary(text, at)]
    assert inside == [len(cluster)]


def test_between_two_words_there_is_a_boundary_and_so_there_is_at_the_ends() -> None:
    assert all(is_boundary("a b", at) for at in range(4))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("milk", "milk"), ("0123456789", "0123456789"), ("0123456789a", "012345678…"), ("01234567 9a", "01234567…"),
     ("0123456👩‍👧abc", "0123456…"), ("🇩🇪" * 6, "🇩🇪" * 4 + "…")],
)  # fmt: skip
def test_a_text_is_shortened_between_characters(text: str, shown: str) -> None:
    assert shortened(text, 10) == shown

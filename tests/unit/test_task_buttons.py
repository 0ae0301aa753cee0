"""What the buttons of tasks carry: whole on the way back, and never too long for Telegram."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events.spec import CALLBACK_BYTES_MAX
from domain.tasks.buttons import (
    Action,
    Button,
    OnListed,
    OnOption,
    OnPage,
    OnTask,
    OnZone,
    bucket_of,
    read,
    written,
)

BUCKETS = st.none() | st.integers(0, 36**9 - 1)
SHOWN = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
TOKENS = st.text("0123456789abcdef", min_size=8, max_size=8)
BUTTONS: st.SearchStrategy[Button] = st.one_of(
    st.builds(OnTask, st.sampled_from(Action), st.uuids(), BUCKETS),
    st.builds(OnListed, st.uuids(), BUCKETS, st.integers(0, 9999), SHOWN),
    st.builds(OnPage, st.integers(0, 9999), SHOWN),
    st.builds(OnOption, TOKENS, st.integers(0, 9)),
    st.builds(OnZone, st.text("ABCabc/_+-:09", min_size=1, max_size=60)),
)


@settings(derandomize=True, max_examples=500)
@given(BUTTONS)
def test_a_button_that_fits_comes_back_as_it_was(button: Button) -> None:
    text = written(button)
    if text is not None:
        assert len(text.encode()) <= CALLBACK_BYTES_MAX
        assert read(text) == button


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=64))
def test_whatever_else_a_press_brings_is_no_button_or_the_very_same(text: str) -> None:
    button = read(text)
    assert button is None or read(written(button) or text) == button


def test_a_button_of_a_task_is_as_documented() -> None:
    task_id = UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert written(OnTask(Action.DONE, task_id, 1_750_000_000)) == "t1:done:ABEiM0RVZneImaq7zN3u_w:sxwkn4"
    assert written(OnTask(Action.SKIP, task_id)) == "t1:skip:ABEiM0RVZneImaq7zN3u_w:"


@pytest.mark.parametrize(
    "text",
    ["", "t1", "t1:gone:AAAAAAAAAAAAAAAAAAAAAA:1", "t1:done:short:1", "t2:done:AAAAAAAAAAAAAAAAAAAAAA:1", "l1:x:open",
     "q1:0000000g:1", "z1:", "y"],
)  # fmt: skip
def test_what_is_none_is_none(text: str) -> None:
    assert read(text) is None


def test_an_occurrence_is_named_to_the_second() -> None:
    assert (bucket_of(None), bucket_of(12.999)) == (None, 12)

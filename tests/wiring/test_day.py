"""A day with tasks, played through ``openclaw up`` on real servers with its clock moved, reads as the page shows it."""

import pytest

from tests.servers import short_dir
from tests.wiring.day import PAGE, played, runs_of
from tests.wiring.installation import openclaw


def test_a_day_with_tasks_is_said_as_the_page_shows_it() -> None:
    shown = runs_of(PAGE.read_text("utf-8"))
    assert len(shown) > 1
    with short_dir() as folder:
        for run, now in zip(shown, played(shown, folder / "data"), strict=True):
            for (typed, expected), (_, printed) in zip(run.turns, now.turns, strict=True):
                assert printed == expected, typed


@pytest.mark.parametrize("arguments", [["--clock", "soon"], ["--clock", "yesterday 9:00"]])
def test_a_clock_that_cannot_be_moved_there_is_refused_in_a_sentence(arguments: list[str]) -> None:
    with short_dir() as folder:
        done = openclaw("up", "--data-dir", str(folder / "data"), *arguments)
    assert done.code != 0
    assert "no instant to come to which the clock can be moved" in done.err
    assert "Traceback" not in done.err

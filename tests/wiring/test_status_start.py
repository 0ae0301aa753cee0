"""Right after a start: whoever answers is among those that run, and what is missing is starting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.exits import Exit
from tests.servers import short_dir
from tests.wiring.installation import Running, openclaw, up


@pytest.fixture
def begun() -> Iterator[tuple[Path, Running]]:
    with short_dir() as path, up(path) as running:
        yield path, running


def test_the_first_answer_to_status_names_every_service_that_it_passed(begun: tuple[Path, Running]) -> None:
    path, running = begun
    running.say("/status")
    lines = [running.answer()]
    while not lines[-1].startswith("dead letters:"):
        lines.append(running.answer())
    services = [line.split() for line in lines if line.startswith("  ") and ", seen " in line]
    roles = {words[0] for words in services}
    assert {"gateway", "brain"} <= roles
    # The answer went through the sender too, so by now everything runs.
    assert openclaw("status", "--data-dir", str(path)).code == Exit.OK

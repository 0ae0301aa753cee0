"""Hostile input: what failed once does not fail again, and a slice of the campaign finds nothing new.

Not here: the campaign, which is a command (``python -m tests.fuzz``).
"""

import json
import logging
from collections.abc import Iterator
from random import Random

import pytest

from tests.fuzz.ground import Ground
from tests.fuzz.loop import CORPUS, REGRESSIONS, NoCase, read_lines, signature_of, written
from tests.fuzz.mutation import Mutator
from tests.fuzz.page import BEGIN, rows_of_page
from tests.fuzz.table import TARGETS
from tests.fuzz.watch import watching
from tests.servers import apart

SEED = 20261123
# So many of the inputs that are there, and so many changed ones.
KNOWN, NEW = 14, 14
KNOWN_ON_SERVERS, NEW_ON_SERVERS = 4, 4
FAILED_ONCE = read_lines(REGRESSIONS)
IN_MEMORY = [name for name, target in TARGETS.items() if not target.servers]
ON_SERVERS = [name for name, target in TARGETS.items() if target.servers]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Leave out the warnings, which hostile input brings about by thousands; errors are what is looked for."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    yield
    logging.disable(before)


def tried(name: str, value: object) -> None:
    """Try one input; raises where it fails."""

    def run() -> None:
        with watching():
            TARGETS[name].run(value)

    apart(run)


def a_slice(name: str, known: int, new: int) -> None:
    """Try some of the inputs that are there, and some changed ones; where they go is left to the campaign, it costs."""
    print(f"seed {SEED}")
    random, target = Random(f"{SEED}:{name}"), TARGETS[name]
    there = [*target.seeds(), *read_lines(CORPUS / f"{name}.jsonl")]
    values = random.sample(there, min(known, len(there)))
    mutator = Mutator(random, target.words)
    values += [mutator.changed(random.choice(values), random.sample(there, 2)) for _ in range(new)]
    meant, failed = 0, []
    for value in values:
        try:
            tried(name, value)
            meant += 1
        except NoCase:
            continue
        except Exception as error:  # noqa: BLE001 - shown with its input, as the campaign does
            failed.append(written({"target": name, "about": signature_of(error), "input": value}))
    assert failed == []
    assert meant > len(values) / 3


def test_there_are_rows_of_what_failed_once_and_each_names_a_target_and_what_it_showed() -> None:
    assert len(FAILED_ONCE) >= 15
    assert {row["target"] for row in FAILED_ONCE} <= set(TARGETS)
    assert all(row["about"] and set(row) == {"target", "about", "input"} for row in FAILED_ONCE)
    assert max(len(json.dumps(row)) for row in FAILED_ONCE) < 1500


@pytest.mark.parametrize(
    "row",
    [row for row in FAILED_ONCE if not TARGETS[row["target"]].servers],
    ids=lambda row: f"{row['target']}: {row['about']}",
)
def test_what_failed_once_does_not_fail_again(row: dict[str, object]) -> None:
    tried(str(row["target"]), row["input"])


@pytest.mark.parametrize(
    "row",
    [row for row in FAILED_ONCE if TARGETS[row["target"]].servers],
    ids=lambda row: f"{row['target']}: {row['about']}",
)
@pytest.mark.usefixtures("ground")
def test_what_failed_once_on_the_servers_does_not_fail_again(row: dict[str, object]) -> None:
    tried(str(row["target"]), row["input"])


@pytest.mark.parametrize("name", IN_MEMORY)
def test_a_slice_of_the_campaign_finds_nothing(name: str) -> None:
    a_slice(name, KNOWN, NEW)


@pytest.mark.parametrize("name", ON_SERVERS)
def test_a_slice_on_the_servers_finds_nothing(name: str, ground: Ground) -> None:
    assert ground.postgres_url
    a_slice(name, KNOWN_ON_SERVERS, NEW_ON_SERVERS)


def test_the_page_lists_every_target_as_the_table_has_it() -> None:
    assert BEGIN
    assert {name: texts[:2] for name, texts in rows_of_page().items()} == {
        name: (target.comes_in, target.comes_out) for name, target in TARGETS.items()
    }

"""The search itself: it finds what is hidden, makes it small, repeats itself, and takes logged errors for failures."""

import asyncio
import logging
from random import Random

import pytest

from tests.fuzz.loop import Campaign, Target, read_lines, search, shrunk, written
from tests.fuzz.mutation import Json, Mutator, as_text
from tests.fuzz.paths import Tracer
from tests.fuzz.watch import Unforeseen, run, watching
from tests.servers import apart

SEED = 7
HIDDEN = "(a:1)"


def _steps(text: str) -> int:
    """Return how much of what is hidden a text begins with, each sign by a line of its own."""
    if text[:1] != HIDDEN[0]:
        return 0
    if text[1:2] != HIDDEN[1]:
        return 1
    if text[2:3] != HIDDEN[2]:
        return 2
    if text[3:4] != HIDDEN[3]:
        return 3
    if text[4:5] != HIDDEN[4]:
        return 4
    raise KeyError("found")


def planted(value: Json) -> str:
    """Fail for one beginning among a hundred million."""
    _steps(as_text(value))
    return "well"


TARGET = Target("planted", "a text", "nothing", planted, lambda: ["xxxxxxxxxx"])


def found_with(packages: tuple[str, ...], inputs: int) -> Campaign:
    print(f"seed {SEED}")
    return apart(lambda: search(TARGET, SEED, inputs=inputs, tracer=Tracer(packages)))


def test_a_fault_behind_five_conditions_is_found_because_each_of_them_is_a_new_way() -> None:
    found = found_with(("tests",), 20_000)
    assert [failure.signature.partition(" ")[0] for failure in found.failures.values()] == ["KeyError"]


def test_without_looking_at_the_ways_it_is_not_found() -> None:
    assert found_with(("nothing",), 20_000).failures == {}


def test_the_same_seed_tries_the_same_inputs() -> None:
    inputs: list[list[str]] = [[], []]
    for each in inputs:
        mutator, value = Mutator(Random(SEED), ("word",)), {"a": ["b", 1, None], "c": "d"}
        each += [written(mutator.changed(value, [value])) for _ in range(300)]
    assert inputs[0] == inputs[1]
    assert len(set(inputs[0])) > 200


def test_a_failing_input_is_made_small() -> None:
    value = {"steps": [{"say": "xxxxxxxxbadxxxxxxx", "who": 7}, {"say": "y"}], "n": 123456}
    small = shrunk(value, lambda each: "bad" in written(each))
    assert small == {"steps": [{"say": "bad"}]}


def test_an_input_becomes_a_line_and_is_read_back(tmp_path: object) -> None:
    assert tmp_path
    value = {"text": "\ud800\x00é", "number": 10**400, "none": None}
    path = tmp_path / "x.jsonl"  # type: ignore[operator]
    path.write_text(written(value) + "\n", "utf-8")
    assert read_lines(path) == [value]


def test_an_error_in_the_log_is_a_failure_and_a_dead_letter_is_none() -> None:
    with pytest.raises(Unforeseen, match="handler_failed"), watching():
        logging.getLogger("openclaw.x").error("no", extra={"action": "handler_failed"})
    with watching():
        logging.getLogger("openclaw.x").error("no", extra={"action": "dead_lettered"})


def test_what_a_task_raised_and_nobody_took_is_a_failure() -> None:
    async def step() -> str:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        return "well"

    with pytest.raises(Unforeseen, match="division"):
        apart(lambda: run(step))

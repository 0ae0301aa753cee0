"""Fakes beside what they stand for, driven by the same operations: a slice of what ``python -m tests.twins`` runs."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.twins.stage import Stage
from tests.twins.store_machine import StoreMachine

SLICE = settings(
    max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    made = Stage(database)
    yield made
    made.end()


def test_the_store_in_memory_does_what_the_store_in_postgres_does(stage: Stage) -> None:
    StoreMachine.stage = stage
    run_state_machine_as_test(StoreMachine, settings=SLICE)

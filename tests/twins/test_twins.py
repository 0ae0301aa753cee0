"""Fakes beside what they stand for, driven by the same operations: a slice of what ``python -m tests.twins`` runs."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.servers import Databases
from tests.twins.agenda_machine import AgendaMachine
from tests.twins.machines import on
from tests.twins.redis_machine import RedisMachine, RedisStage
from tests.twins.sides import Diverged, Machine, Sides, Told
from tests.twins.stage import Stage
from tests.twins.store_machine import StoreMachine
from tests.twins.streams_machine import StreamsMachine, StreamsStage
from tests.twins.telegram_machine import TelegramMachine, TelegramStage


@pytest.fixture(scope="module")
def stage(databases: Databases) -> Iterator[Stage]:
    """A database on both sides."""
    with databases.fresh() as url:
        made = Stage(url)
        yield made
        made.end()


def drive(machine: type[Machine], stage: Sides, courses: int, steps: int = 30) -> None:
    """Let a machine run its courses, the same ones every time. A difference is told as it was found."""
    made = type(machine.__name__, (machine,), {"stage": stage, "seen": stage.seen})
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=courses, stateful_step_count=steps, derandomize=True, deadline=None, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_the_store_in_memory_does_what_the_store_in_postgres_does(stage: Stage) -> None:
    drive(StoreMachine, stage, courses=30)


def test_tasks_in_memory_do_what_tasks_in_postgres_do(stage: Stage) -> None:
    drive(AgendaMachine, stage, courses=18)


def test_streams_in_memory_do_what_streams_on_a_server_do(valkey_url: str) -> None:
    with on(StreamsMachine, StreamsStage(valkey_url)) as machine:
        drive(machine, machine.stage, courses=10)


def test_what_else_is_kept_in_redis_is_the_same_in_memory(valkey_url: str) -> None:
    with on(RedisMachine, RedisStage(valkey_url)) as machine:
        drive(machine, machine.stage, courses=10)


def test_telegram_in_memory_does_what_telegram_over_http_does() -> None:
    with on(TelegramMachine, TelegramStage()) as machine:
        drive(machine, machine.stage, courses=10)


def test_a_difference_is_told_by_where_it_is() -> None:
    sides = Sides()
    same = {"rows": [1, (2, 3)], "other": None}
    with pytest.raises(Diverged, match=r"\[0\]\['rows'\]\[1\]\[1\]\n  real: 3\n  fake: 4"):
        sides.agreed(Told(same), Told({**same, "rows": [1, (2, 4)]}))
    assert sides.has_diverged
    sides.end()

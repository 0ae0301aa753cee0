"""A task that ends the process of whoever acts on it, or has it stand still: it is buried, its neighbours remind."""

import asyncio
import threading
from uuid import uuid4

import pytest
from attrs import evolve

from adapters.codec import Codec
from adapters.memory.store import MemoryRecords
from application.records import AuditFilter
from domain.decisions import Outcome
from domain.envelope import Event
from domain.tasks.values import Kept
from tests.times import daily
from tests.unit.test_scheduler import Office


@pytest.fixture
def office() -> Office:
    return Office()


class Killed(BaseException):
    """The process died here."""


class Deadly(Codec):
    """A codec whose process dies of a word, as it may of anything that somebody wrote."""

    def encode(self, event: Event) -> bytes:
        raw = super().encode(event)
        if b"poison" in raw:
            raise Killed
        return raw


async def lives(office: Office) -> int:
    """Let the scheduler die and come back until nothing is due; return how often it died."""
    deaths = 0
    for _ in range(50):
        scheduler = office.another()
        scheduler.codec = Deadly()
        try:
            while await scheduler.tick():
                pass
        except Killed:
            deaths += 1
        else:
            return deaths
    raise AssertionError("it dies for ever")


async def test_a_task_that_ends_its_processes_is_buried_and_its_neighbours_remind(office: Office) -> None:
    poison = await office.given(title="poison", rule=daily(office.clock.now()))
    fine = [await office.given() for _ in range(3)]
    assert await lives(office) == 3
    assert {due.task_id for due in office.owed()} == {task.task_id for task in fine}
    (letter,) = office.database.tables.letters.values()
    assert (letter.target, letter.event_type, letter.deaths) == ("brain", "reminder.due", 3)
    assert letter.reasons == ("it ended its process",)
    assert office.stands(poison) == {0.0: Kept.AMBIGUOUS}
    assert office.task(poison) == evolve(poison, remind_at=None), "it does nothing by itself any more"
    (row,) = [
        e.row for e in await MemoryRecords(office.database).audit(AuditFilter(outcome=Outcome.DEAD_LETTERED))
    ]
    assert row.reason == "it ended its process; 3 earlier runs did not end"
    assert not any(ids for _, ids in office.database.tables.runs.values())


async def test_tasks_that_were_in_hand_with_it_survive_alone_and_are_told_apart(office: Office) -> None:
    tasks = [await office.given(title=title) for title in ("poison", "one", "poison", "two")]
    # The first life ends with all four in hand, each further one with one of the two.
    assert await lives(office) == 5
    assert {due.task_id for due in office.owed()} == {tasks[1].task_id, tasks[3].task_id}
    assert len(office.database.tables.letters) == 2


async def test_what_is_clean_does_not_wait_for_all_that_ended_a_process(office: Office) -> None:
    tasks = [await office.given(-10 + n) for n in range(3)]
    office.database.tables.runs[uuid4()] = ("scheduler", [tasks[0].task_id, tasks[1].task_id])
    scheduler = office.another()
    order = []
    while await scheduler.tick():
        order.append([tasks.index(t) for t in tasks if office.task(t).remind_at != t.remind_at])
    assert order == [[2], [0, 2], [0, 1, 2]]


async def test_a_decision_without_an_end_is_seen_by_the_watchdog(office: Office) -> None:
    at_it, end = threading.Event(), threading.Event()

    class Endless(Codec):
        def encode(self, event: Event) -> bytes:
            at_it.set()
            end.wait(10)
            return super().encode(event)

    scheduler = office.another(decide_s=5)
    scheduler.codec = Endless()
    await office.given()
    tick = asyncio.create_task(scheduler.tick())
    await asyncio.to_thread(at_it.wait, 10)
    assert scheduler.moves
    await office.clock.advance(6)
    assert not scheduler.moves
    end.set()
    assert await tick == 1
    assert scheduler.moves

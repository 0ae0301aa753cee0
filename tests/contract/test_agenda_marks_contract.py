"""What every AgendaRound promises of marks: a process that ends while it acts on a task is a death of that task.

Not here: what is written of a task that is acted on (``test_agenda_contract``).
"""

import pytest
from attrs import evolve

from application.agenda import AgendaChanges, Buried
from application.letters import LetterFilter
from application.retention import Kind
from domain.decisions import PutTask
from tests.acceptance.waiting import until
from tests.contract.legs import Leg, ident, offered
from tests.contract.test_agenda_contract import ANN, HOUR_S, LANES, firing, given_due, moved_on, when_done


class Killed(BaseException):
    """The end of a process, as far as it can be had within one."""


async def when_killed(leg: Leg, run: str, *names: str) -> None:
    """Let a process end while it acts on these tasks."""
    await when_ended(leg, run, Killed, *names)


async def when_ended(leg: Leg, run: str, end: type[BaseException], *names: str) -> None:
    async def act() -> None:
        async with leg.agenda_of(run).due(10) as current:
            await current.mark([ident(name) for name in names])
            raise end

    with pytest.raises(end):
        await act()


async def deaths(leg: Leg, run: str = "last") -> dict[str, int]:
    async with leg.agenda_of(run).due(10) as current:
        return {each.task.title: each.deaths for each in current.due}


async def test_each_process_that_ended_acting_on_a_task_is_one_death_of_it(leg: Leg) -> None:
    await given_due(leg, "a", 1)
    await given_due(leg, "b", 2)
    await when_killed(leg, "one", "a", "b")
    await when_killed(leg, "two", "a")
    found: dict[str, int] = {}

    async def are_offered() -> bool:
        found.update(await deaths(leg))
        return found.keys() == {"a", "b"}

    # A server rolls back what a process left open a moment after it ended, and passes over what is locked until then.
    await until(are_offered, "both to be offered again", 10.0)
    assert found == {"a": 2, "b": 1}


async def test_a_round_that_fails_in_a_process_that_lives_is_no_death(leg: Leg) -> None:
    await given_due(leg, "a")
    await when_ended(leg, "one", ZeroDivisionError, "a")
    assert await deaths(leg) == {"a": 0}


async def test_a_task_that_was_acted_on_has_survived_and_its_neighbours_deaths_stay(leg: Leg) -> None:
    await given_due(leg, "a", 1)
    await given_due(leg, "b", 2)
    await when_killed(leg, "one", "a", "b")
    async with leg.agenda_of("two").due(10) as current:
        await current.mark([ident("a")])
        await current.apply(
            AgendaChanges(tasks=[each.task for each in current.due if each.task.title == "a"])
        )
    assert await deaths(leg) == {"a": 0, "b": 1}


async def test_a_run_of_which_no_task_is_due_any_more_is_forgotten(leg: Leg) -> None:
    gone = await given_due(leg, "a", 1)
    await when_killed(leg, "one", "a")
    await when_done(leg, PutTask(evolve(gone, remind_at=leg.now() + HOUR_S)))
    await given_due(leg, "b", 2)
    async with leg.agenda_of("two").due(10) as current:
        await current.mark([ident("b")])
        await current.apply(AgendaChanges(tasks=[moved_on(each) for each in current.due]))
    await leg.elapse(HOUR_S)
    assert (await deaths(leg))["a"] == 0


async def test_what_stands_for_the_event_of_a_task_that_ended_its_processes_is_a_dead_letter_of_the_brain(
    leg: Leg,
) -> None:
    await given_due(leg, "a")
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        letter = firing(due).owed
        assert letter is not None
        changes = AgendaChanges(tasks=[evolve(due.task, remind_at=None)], buried=[Buried(letter, 3, "why")])
        await current.apply(changes)
    (found,) = await leg.letters.newest(LetterFilter(), 10)
    assert (found.target, found.lane, found.deaths, found.reasons) == ("brain", LANES[ANN], 3, ("why",))
    assert await deaths(leg) == {}
    await leg.letters.redrive([found.letter_id])
    assert await offered(leg.store(), "brain", LANES[ANN]) == [letter.envelope.decode()]


async def test_a_death_is_not_forgotten_while_its_task_is_due(leg: Leg) -> None:
    task = await given_due(leg, "a", 1)
    await when_killed(leg, "one", "a")
    await leg.move_clock(2 * HOUR_S)
    assert await leg.archive.forget(Kind.LEFTOVERS, 0.0, 10) == 0
    assert await deaths(leg) == {"a": 1}
    await when_done(leg, PutTask(evolve(task, remind_at=None)))
    assert await leg.archive.forget(Kind.LEFTOVERS, 0.0, 10) == 1

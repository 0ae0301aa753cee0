"""What every Agenda and AgendaRound promises: ``MemoryAgenda`` with ``MemoryAgendaRound``, and ``PostgresAgenda`` with
``PostgresAgendaRound``.

Not here: when a task is due again, which is the scheduler's to decide (``tests/unit``).
"""

import asyncio
import json
from collections.abc import Sequence

import pytest
from attrs import evolve

from application.agenda import AgendaChanges, DueTask, Firing
from application.changes import AuditRow, Changes, DeadLetter, Owed, ScopedEffect, Unreachable
from application.records import AuditFilter
from domain.decisions import AddTask, Effect, KeepOccasion, Outcome, PutSetting, PutTask, ResumeTasks
from domain.errors import RowsGone
from domain.tasks.keys import reminder_key
from domain.tasks.values import Kept, Occasion, Priority, Status, Task
from tests.contract.legs import Leg, ident, offered, when_applied

ANN, BEN, GROUP = "1:u5", "1:u6", "1:c-7"
LANES = {ANN: "1:5", BEN: "1:6", GROUP: "1:-7"}
HOUR_S = 3600.0


async def when_done(leg: Leg, *effects: Effect, scope: str = ANN) -> None:
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


async def given_due(leg: Leg, name: str, number: int = 1, ago_s: float = 5.0, scope: str = ANN) -> Task:
    """Have a task that has been due for ``ago_s`` seconds, and return it as it is kept."""
    at = round(leg.now() - ago_s, 3)
    await when_done(leg, AddTask(Task(ident(name), number, name, due_at=at, remind_at=at)), scope=scope)
    return await task(leg, name, scope)


async def task(leg: Leg, name: str, scope: str = ANN) -> Task:
    async with leg.store().round("brain", ()) as current:
        return (await current.tasks.by_ids({scope: [ident(name)]}))[scope][ident(name)]


async def kept(leg: Leg, name: str, scope: str = ANN) -> list[Kept]:
    async with leg.store().round("brain", ()) as current:
        return [each.kept for each in await current.tasks.occasions(scope, ident(name), 10)]


def envelope(name: str) -> bytes:
    """Return bytes that say who made them, which is all that Postgres asks of the scheduler's events."""
    return f'{{"source":"scheduler","name":"{name}"}}'.encode()


def firing(due: DueTask, kept: Kept = Kept.FIRED, bucket: float | None = None, tag: str = "") -> Firing:
    """Return what the scheduler writes of a task that fires: the occasion, the owed event and its audit row."""
    name = f"reminder of {due.task.title}{tag}"
    at = bucket if bucket is not None else due.task.due_at
    assert at is not None
    owed = Owed("brain", ident(name), LANES[due.scope], None, envelope(name))
    audit = AuditRow(Outcome.ACCEPTED, ident(name), "reminder.due", "scheduler", "brain", scope=due.scope)
    return Firing(Occasion(due.task.task_id, at, kept), owed, audit)


def moved_on(due: DueTask, by_s: float = HOUR_S) -> Task:
    assert due.task.due_at is not None
    return evolve(due.task, due_at=due.task.due_at + by_s, remind_at=due.task.due_at + by_s)


def fires(due: Sequence[DueTask]) -> AgendaChanges:
    return AgendaChanges([firing(each) for each in due], [moved_on(each) for each in due])


async def when_fired(leg: Leg, limit: int = 100) -> list[str]:
    """Fire what is due and return the titles of what took effect."""
    async with leg.agenda.due(limit) as current:
        fired = {each.occasion.task_id for each in await current.apply(fires(current.due))}
        return [each.task.title for each in current.due if each.task.task_id in fired]


async def due_titles(leg: Leg, limit: int = 100) -> list[str]:
    async with leg.agenda.due(limit) as current:
        return [each.task.title for each in current.due]


# What is due


async def test_what_is_due_comes_with_its_scope_and_the_earliest_first(leg: Leg) -> None:
    await given_due(leg, "late", 1, 60)
    first = await given_due(leg, "first", 1, 900, GROUP)
    await given_due(leg, "last", 2, 1)
    async with leg.agenda.due(10) as current:
        assert [(each.scope, each.task.title) for each in current.due] == [
            (GROUP, "first"), (ANN, "late"), (ANN, "last"),
        ]  # fmt: skip
        assert current.due[0].task == first
        assert current.now == pytest.approx(leg.now(), abs=30)
    assert await due_titles(leg, limit=2) == ["first", "late"]


async def test_only_open_tasks_whose_instant_has_come_are_due(leg: Leg) -> None:
    due, now = await given_due(leg, "due"), leg.now()
    others = (
        evolve(due, task_id=ident("done"), number=2, status=Status.DONE),
        evolve(due, task_id=ident("cancelled"), number=3, status=Status.CANCELLED),
        evolve(due, task_id=ident("silent"), number=4, remind_at=None),
        evolve(due, task_id=ident("later"), number=5, title="later", remind_at=now + HOUR_S),
    )
    await when_done(leg, *map(AddTask, others))
    assert await due_titles(leg) == ["due"]
    await leg.elapse(HOUR_S + 60)
    assert await due_titles(leg) == ["due", "later"]


async def test_a_due_task_knows_the_settings_of_its_scope_and_whether_its_chat_can_be_reached(
    leg: Leg,
) -> None:
    await given_due(leg, "a", scope=ANN)
    await given_due(leg, "b", ago_s=4, scope=BEN)
    await given_due(leg, "c", ago_s=3, scope=GROUP)
    await when_done(leg, PutSetting("quiet", "22:00-07:00"), scope=GROUP)
    await when_done(leg, PutSetting("tone", "dry"), scope="1:u9")
    unreachable = Changes(unreachable=[Unreachable(1, 6, "blocked"), Unreachable(2, 5, "blocked")])
    await when_applied(leg.store("sender"), "sender", unreachable)
    async with leg.agenda.due(10) as current:
        assert [(each.is_reachable, dict(each.settings)) for each in current.due] == [
            (True, {}), (False, {}), (True, {"quiet": "22:00-07:00"}),
        ]  # fmt: skip


# What is written


async def test_a_firing_keeps_the_occasion_owes_the_event_audits_it_and_moves_the_task(leg: Leg) -> None:
    before = await given_due(leg, "a")
    assert before.due_at is not None
    assert await when_fired(leg) == ["a"]
    assert await kept(leg, "a") == [Kept.FIRED]
    assert await offered(leg.store(), "brain", "1:5") == [envelope("reminder of a").decode()]
    (entry,) = await leg.records.audit(AuditFilter(consumer="scheduler"))
    assert (entry.row.event_type, entry.row.scope) == ("reminder.due", ANN)
    expected = evolve(before, due_at=before.due_at + HOUR_S, remind_at=before.due_at + HOUR_S)
    assert await task(leg, "a") == expected
    assert await due_titles(leg) == []


async def test_a_block_that_fails_has_no_effect_and_the_task_is_due_again(leg: Leg) -> None:
    before = await given_due(leg, "a")

    async def fails() -> None:
        async with leg.agenda.due(10) as current:
            await current.apply(fires(current.due))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert (await kept(leg, "a"), await task(leg, "a")) == ([], before)
    assert await offered(leg.store(), "brain", "1:5") == []
    assert await leg.records.audit(AuditFilter(consumer="scheduler")) == []
    assert await when_fired(leg) == ["a"]


async def test_an_occasion_that_stands_is_not_owed_or_audited_again_and_the_task_moves_on(leg: Leg) -> None:
    before = await given_due(leg, "a")
    assert before.due_at is not None
    await when_done(leg, KeepOccasion(Occasion(ident("a"), before.due_at, Kept.AMBIGUOUS)))
    await given_due(leg, "b", 2)
    assert await when_fired(leg) == ["b"]
    assert await kept(leg, "a") == [Kept.AMBIGUOUS]
    assert (await task(leg, "a")).due_at == before.due_at + HOUR_S
    rows = await leg.records.audit(AuditFilter(consumer="scheduler"))
    assert [entry.row.event_id for entry in rows] == [ident("reminder of b")]
    assert await offered(leg.store(), "brain", "1:5") == [envelope("reminder of b").decode()]


async def test_of_two_firings_of_one_occasion_the_first_counts(leg: Leg) -> None:
    await given_due(leg, "a")
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        twice = [firing(due, Kept.LATE), firing(due, Kept.FIRED, tag=" again")]
        fired = await current.apply(AgendaChanges(twice, [moved_on(due)]))
        assert fired == twice[:1]
    assert await kept(leg, "a") == [Kept.LATE]
    assert await offered(leg.store(), "brain", "1:5") == [envelope("reminder of a").decode()]


async def test_occasions_without_an_event_are_kept_beside_the_one_that_fires(leg: Leg) -> None:
    before = await given_due(leg, "a")
    assert before.due_at is not None
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        missed = [Firing(Occasion(ident("a"), before.due_at - n, Kept.SUPERSEDED)) for n in (2, 1)]
        fired = await current.apply(AgendaChanges([*missed, firing(due, Kept.LATE)], [moved_on(due)]))
        assert len(fired) == 3
    assert await kept(leg, "a") == [Kept.LATE, Kept.SUPERSEDED, Kept.SUPERSEDED]
    assert len(await leg.records.audit(AuditFilter(consumer="scheduler"))) == 1


async def test_a_paused_occasion_fires_after_contact_and_then_not_again(leg: Leg) -> None:
    await given_due(leg, "a")
    for _ in range(2):
        async with leg.agenda.due(10) as current:
            (due,) = current.due
            paused = Firing(Occasion(ident("a"), firing(due).occasion.bucket, Kept.PAUSED))
            await current.apply(AgendaChanges([paused], [evolve(due.task, remind_at=None, is_paused=True)]))
        assert await kept(leg, "a") == [Kept.PAUSED]
        assert await due_titles(leg) == []
        await when_done(leg, ResumeTasks())
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        assert not due.task.is_paused
        late = firing(due, Kept.LATE)
        assert await current.apply(AgendaChanges([late], [evolve(due.task, remind_at=None)])) == [late]
    assert await kept(leg, "a") == [Kept.LATE]
    await when_done(leg, PutTask(due.task))
    assert await when_fired(leg) == []


async def test_an_event_that_is_owed_still_is_owed_once_and_holds_up_nothing(leg: Leg) -> None:
    await given_due(leg, "a")
    await given_due(leg, "b", 2)
    async with leg.agenda.due(10) as current:
        first = next(each for each in current.due if each.task.title == "a")
        skipped = firing(first, Kept.SKIPPED)
        await current.apply(AgendaChanges([skipped], [evolve(first.task, times_said=1)]))
    assert await when_fired(leg) == ["a", "b"]
    assert await kept(leg, "a") == [Kept.FIRED]
    assert (await leg.records.figures()).owed == {"brain": 2}


@pytest.mark.parametrize("standing", [Kept.SKIPPED, Kept.SUPERSEDED])
async def test_what_was_let_go_and_planned_anew_fires(leg: Leg, standing: Kept) -> None:
    before = await given_due(leg, "a")
    assert before.due_at is not None
    await when_done(leg, KeepOccasion(Occasion(ident("a"), before.due_at, standing)))
    assert await when_fired(leg) == ["a"]
    assert await kept(leg, "a") == [Kept.FIRED]


async def test_contact_lets_nothing_remind_before_it_is_due(leg: Leg) -> None:
    task = await given_due(leg, "a")
    to_come = evolve(task, due_at=round(leg.now() + HOUR_S, 3), remind_at=None, is_paused=True)
    await when_done(leg, PutTask(to_come))
    await when_done(leg, ResumeTasks())
    assert await due_titles(leg) == []
    await leg.elapse(HOUR_S + 60)
    assert await due_titles(leg) == ["a"]


async def test_of_a_task_only_what_the_scheduler_decides_is_written(leg: Leg) -> None:
    before = await given_due(leg, "a")
    async with leg.agenda.due(10) as current:
        (due,) = current.due
        foreign = evolve(
            due.task, title="new", number=9, status=Status.DONE, priority=Priority.HIGH, rule="x",
            remind_at=current.now + 60, times_said=3, is_paused=True,
        )  # fmt: skip
        await current.apply(AgendaChanges([], [foreign]))
    expected = evolve(before, remind_at=round(foreign.remind_at or 0, 6), times_said=3, is_paused=True)
    assert await task(leg, "a") == expected


async def test_a_task_that_is_not_due_is_not_written(leg: Leg) -> None:
    await given_due(leg, "a")
    later = Task(ident("later"), 2, "later", due_at=leg.now() + HOUR_S, remind_at=leg.now() + HOUR_S)
    await when_done(leg, AddTask(later))
    before = await task(leg, "later")
    with pytest.raises(RowsGone):
        async with leg.agenda.due(10) as current:
            await current.apply(AgendaChanges([], [evolve(before, times_said=5)]))
    async with leg.agenda.due(10) as current:
        stray = Firing(Occasion(ident("later"), leg.now(), Kept.FIRED))
        assert await current.apply(AgendaChanges([stray])) == []
    assert (await task(leg, "later"), await kept(leg, "later")) == (before, [])


async def test_nothing_due_and_nothing_to_write_are_fine(leg: Leg) -> None:
    async with leg.agenda.due(10) as current:
        assert (list(current.due), await current.apply(AgendaChanges())) == ([], [])


@pytest.mark.parametrize("scope", [ANN, GROUP])
async def test_an_occasion_whose_event_becomes_a_dead_letter_is_ambiguous(leg: Leg, scope: str) -> None:
    task = await given_due(leg, "a", scope=scope)
    await given_due(leg, "b", 2, scope=scope)
    await when_fired(leg)
    assert task.due_at is not None
    letters = []
    for event_type, name in (("reminder.due", "a"), ("reminder.settled", "b")):
        labels = {"event_type": event_type, "idempotency_key": reminder_key(ident(name), task.due_at)}
        letters.append(Owed("brain", ident(event_type), LANES[scope], None, json.dumps(labels).encode()))
    letters.append(Owed("brain", ident("garbage"), LANES[scope], None, b"\x00"))
    await when_applied(leg.store(), "brain", Changes(owed=letters))
    dead = Changes(dead=[DeadLetter(each.event_id, ("why",)) for each in letters])
    await when_applied(leg.store(), "brain", dead)
    assert await kept(leg, "a", scope) == [Kept.AMBIGUOUS]
    assert await kept(leg, "b", scope) == [Kept.FIRED]


# At once


async def test_many_schedulers_at_once_hand_out_each_due_task_once(leg: Leg) -> None:
    for n in range(30):
        await given_due(leg, f"task {n}", n + 1, 90.0 - n)
    seen: list[str] = []
    meet = asyncio.Barrier(3)

    async def schedules() -> None:
        async with leg.agenda.due(10) as current:
            await meet.wait()
            seen.extend(each.task.title for each in current.due)
            await current.apply(fires(current.due))

    await asyncio.gather(*(schedules() for _ in range(3)))
    assert sorted(seen) == sorted(f"task {n}" for n in range(30))
    assert await due_titles(leg) == []
    rows = await leg.records.audit(AuditFilter(consumer="scheduler"))
    assert len({entry.row.event_id for entry in rows}) == len(rows) == 30


async def test_a_task_that_a_round_of_the_brain_has_is_left_out_until_the_round_ends(leg: Leg) -> None:
    await given_due(leg, "theirs")
    await given_due(leg, "free", 2)
    async with leg.store().round("brain", ()) as current:
        found = (await current.tasks.by_numbers({ANN: [1]}))[ANN][1]
        assert await due_titles(leg) == ["free"]
        done = ScopedEffect(ANN, PutTask(evolve(found, status=Status.DONE)))
        await current.apply(Changes(effects=[done]))
        assert await due_titles(leg) == ["free"]
    assert await due_titles(leg) == ["free"]
    assert (await task(leg, "theirs")).status is Status.DONE


async def test_the_brain_waits_for_a_scheduler_and_then_sees_what_it_wrote(leg: Leg) -> None:
    before = await given_due(leg, "a")
    asked = asyncio.Event()
    read: list[Task] = []

    async def brain() -> None:
        async with leg.store().round("brain", ()) as current:
            asked.set()
            read.append((await current.tasks.by_ids({ANN: [ident("a")]}))[ANN][ident("a")])

    async with leg.agenda.due(10) as current:
        reading = asyncio.ensure_future(brain())
        await asked.wait()
        await current.apply(fires(current.due))
        assert not reading.done()
    await asyncio.wait_for(reading, 10)
    assert before.due_at is not None
    assert read[0].due_at == before.due_at + HOUR_S


async def test_a_scheduler_that_ends_in_the_middle_leaves_its_tasks_to_the_others(leg: Leg) -> None:
    await given_due(leg, "a")
    taken = asyncio.Event()

    async def hangs() -> None:
        async with leg.agenda.due(10) as current:
            await current.apply(fires(current.due))
            taken.set()
            await asyncio.Event().wait()

    hanging = asyncio.ensure_future(hangs())
    await taken.wait()
    assert await due_titles(leg) == []
    hanging.cancel()
    await asyncio.wait([hanging])
    fired: list[str] = []
    async with asyncio.timeout(10):
        # The server lets go as soon as it sees that the connection is gone.
        while not fired:
            fired = await when_fired(leg)
    assert fired == ["a"]

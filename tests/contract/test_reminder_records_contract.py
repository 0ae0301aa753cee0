"""What every ReminderRecords promises: ``MemoryReminderRecords`` and ``PostgresReminderRecords``."""

import pytest
from attrs import evolve

from application.agenda import Coming, LedgerRow, Outlook, TaskState
from application.books import ReminderRecords
from application.changes import Changes, ScopedEffect
from domain.decisions import AddTask, Effect, KeepOccasion, ToldOccasions
from domain.tasks.values import Kept, Late, Occasion, Status, Task
from tests.contract.legs import Leg, ident, when_applied

ANN, GROUP = "1:u5", "1:c-7"
NOON = 1_795_780_800.0
DAY_S = 86_400.0


async def when_done(leg: Leg, *effects: Effect, scope: str = ANN) -> None:
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


def a_task(name: str, number: int, remind_at: float | None = None) -> Task:
    return Task(ident(name), number, name, due_at=remind_at, remind_at=remind_at, created_at=NOON)


async def test_a_task_is_found_by_its_id_and_by_its_number_in_its_scope(leg: Leg) -> None:
    assert isinstance(leg.reminders, ReminderRecords)
    made = Task(
        ident("a"), 3, "a", Status.DONE, NOON + 1, NOON + 2, "Europe/Berlin", "FREQ=DAILY", late=Late.SKIP,
        times_said=2, is_paused=True, created_at=NOON, closed_at=NOON + 3,
    )  # fmt: skip
    await when_done(leg, AddTask(made))
    await when_done(leg, AddTask(a_task("b", 3)), scope=GROUP)
    expected = TaskState(
        ident("a"), ANN, 3, Status.DONE, NOON + 1, NOON + 2, "FREQ=DAILY", "Europe/Berlin", Late.SKIP, 2, True,
        NOON, NOON + 3,
    )  # fmt: skip
    assert await leg.reminders.task(ident("a")) == expected
    assert await leg.reminders.task((ANN, 3)) == expected
    other = await leg.reminders.task((GROUP, 3))
    assert other is not None
    assert (other.task_id, other.due_at, other.rule, other.closed_at) == (ident("b"), None, None, None)
    assert await leg.reminders.task((ANN, 4)) is None
    assert await leg.reminders.task(ident("nobody")) is None


async def test_the_ledger_of_a_task_comes_newest_first_with_what_its_chat_was_told(leg: Leg) -> None:
    await when_done(leg, AddTask(a_task("a", 1)), AddTask(a_task("b", 2)))
    kept = [Kept.FIRED, Kept.AMBIGUOUS, Kept.AMBIGUOUS]
    occasions = [Occasion(ident("a"), NOON + n, each, reason=f"why {n}") for n, each in enumerate(kept)]
    await when_done(leg, *map(KeepOccasion, occasions), KeepOccasion(Occasion(ident("b"), NOON, Kept.LATE)))
    await when_done(leg, ToldOccasions((ident("a"),), (NOON + 1,)))
    rows = await leg.reminders.ledger(ident("a"), 10)
    assert [evolve(row, occasion=evolve(row.occasion, at=0.0)) for row in rows] == [
        LedgerRow(occasions[2], False), LedgerRow(occasions[1], True), LedgerRow(occasions[0], False),
    ]  # fmt: skip
    assert rows[0].occasion.at == pytest.approx(leg.now(), abs=30)
    assert list(await leg.reminders.ledger(ident("a"), 2)) == list(rows[:2])
    assert list(await leg.reminders.ledger(ident("nobody"), 2)) == []


async def test_where_there_is_no_task_nothing_is_due_and_nothing_comes(leg: Leg) -> None:
    seen = await leg.reminders.outlook(0.0, 10)
    assert evolve(seen, kept=dict(seen.kept), coming=tuple(seen.coming)) == Outlook()


async def test_the_outlook_counts_what_needs_a_look_and_tells_what_comes_next(leg: Leg) -> None:
    now = round(leg.now(), 3)
    await when_done(
        leg, AddTask(a_task("old", 1, now - 60)), AddTask(a_task("next", 2, now + DAY_S)), AddTask(a_task("silent", 3)),
        AddTask(evolve(a_task("done", 4, now - 90), status=Status.DONE)),
        AddTask(evolve(a_task("away", 5), is_paused=True)),
        AddTask(evolve(a_task("given up", 6), status=Status.CANCELLED, is_paused=True)),
    )  # fmt: skip
    await when_done(leg, AddTask(a_task("late", 1, now - 30)), scope=GROUP)
    kept = [Kept.FIRED, Kept.FIRED, Kept.AMBIGUOUS, Kept.AMBIGUOUS]
    await when_done(
        leg, *(KeepOccasion(Occasion(ident("old"), NOON + n, each)) for n, each in enumerate(kept))
    )
    await when_done(leg, ToldOccasions((ident("old"),), (NOON + 2,)))
    seen = await leg.reminders.outlook(leg.now() - 60, 2)
    assert (seen.overdue, seen.paused, seen.untold) == (2, 1, 1)
    assert seen.oldest_s == pytest.approx(60, abs=30)
    assert dict(seen.kept) == {Kept.FIRED: 2, Kept.AMBIGUOUS: 2}
    assert list(seen.coming) == [
        Coming(now - 60, ANN, 1, ident("old")), Coming(now - 30, GROUP, 1, ident("late"))
    ]  # fmt: skip
    assert [each.number for each in (await leg.reminders.outlook(0.0, 10)).coming] == [1, 1, 2]
    assert dict((await leg.reminders.outlook(leg.now() + DAY_S, 1)).kept) == {}

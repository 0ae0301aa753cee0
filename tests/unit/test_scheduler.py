"""What a tick of the scheduler writes, owes and publishes, and how it outlasts servers that are away."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from adapters.codec import Codec
from adapters.memory import agenda
from adapters.memory.agenda import MemoryAgenda, MemoryAgendaRound
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.store import MemoryRecords, MemoryStore
from adapters.memory.streams import MemoryStreams
from application.agenda import AgendaChanges, Firing
from application.changes import Changes, ScopedEffect, Unreachable
from application.crashpoints import SCHEDULER_POINTS
from application.ports import Wakeup
from application.records import AuditFilter
from application.scheduler import PUT_OFF_S, Scheduler, SchedulerLimits
from domain.decisions import AddTask, Outcome, PutSetting, PutTask
from domain.errors import Unavailable
from domain.events.tasks import ReminderDue, ReminderKind
from domain.ids import event_id_of
from domain.tasks.keys import instant_of, named_by, reminder_key
from domain.tasks.policy import HOUR_S
from domain.tasks.values import Kept, Task, Who
from tests.times import DAY_S, TestTimes, daily

ANN, GROUP = "1000:u7", "1000:c-5"


class Office:
    """A scheduler on a store in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.streams = MemoryStreams(self.clock)
        self.reached: list[str] = []
        self.scheduler = self.another()
        self.number = 0

    def another(self, **limits: float) -> Scheduler:
        return Scheduler(
            MemoryAgenda(self.database, run_id=uuid4()), self.streams, Codec(), self.clock, TestTimes(),
            self.reached.append, SchedulerLimits(**limits),
        )  # fmt: skip

    async def write(self, *effects: object, scope: str = ANN, **changes: list[object]) -> None:
        scoped = [ScopedEffect(scope, effect) for effect in effects]
        store = MemoryStore(self.database, consumer="brain", run_id=event_id_of("run"))
        async with store.round("brain", ()) as current:
            await current.apply(Changes(effects=scoped, **changes))

    async def given(self, in_s: float = 0.0, *, scope: str = ANN, **more: object) -> Task:
        """Have a task that is due in so many seconds."""
        self.number += 1
        at = self.clock.now() + in_s
        task = Task(
            event_id_of(f"task {self.number}"), self.number, "water the plants", due_at=at, remind_at=at
        )
        task = evolve(task, **more)
        await self.write(AddTask(task), scope=scope)
        return task

    def task(self, task: Task) -> Task:
        return self.database.tables.tasks.tasks[task.task_id].task

    def stands(self, task: Task) -> dict[float, Kept]:
        """Return the ledger of a task, by seconds from when it was first due."""
        found = self.database.tables.tasks.occasions
        assert task.due_at is not None
        return {
            bucket - task.due_at: row.occasion.kept
            for (of, bucket), row in found.items()
            if of == task.task_id
        }

    def owed(self) -> list[ReminderDue]:
        """Return what is owed to the brain, in order."""
        found = []
        for row in sorted(self.database.tables.outbox.values(), key=lambda row: row.head.seq):
            event = Codec().decode(row.head.envelope)
            assert (event.target, event.source) == ("brain", "scheduler")
            assert isinstance(event.payload, ReminderDue)
            assert event.idempotency_key == event.payload.reminder_key
            found.append(event.payload)
        return found

    async def published(self) -> list[Wakeup]:
        entries = await self.streams.consume("brain", "test", 1000, 0)
        return [entry.wakeup for entry in entries if entry.wakeup is not None]


@pytest.fixture
def office() -> Office:
    return Office()


async def test_what_is_due_is_kept_owed_audited_and_published_once(office: Office) -> None:
    task = await office.given(thread_id=3, assigned_to=Who(9, "Ben"), scope=GROUP)
    await office.clock.advance(1)
    assert await office.scheduler.tick() == 1
    assert await office.scheduler.tick() == 0
    (due,) = office.owed()
    assert task.due_at is not None
    assert due.reminder_key == reminder_key(task.task_id, task.due_at)
    assert instant_of(due.due_at) == task.due_at
    assert (due.chat_id, due.user_id, due.thread_id, due.late_s) == (-5, 9, 3, 0)
    assert due.kind is ReminderKind.OCCURRENCE
    assert office.stands(task) == {0: Kept.FIRED}
    (wakeup,) = await office.published()
    assert wakeup.lane == "1000:-5"
    (entry,) = await MemoryRecords(office.database).audit(AuditFilter(consumer="scheduler"))
    assert (entry.row.outcome, entry.row.event_type) == (Outcome.ACCEPTED, "reminder.due")
    assert office.task(task).remind_at == office.clock.now() + HOUR_S
    assert office.scheduler.occasions == {Kept.FIRED: 1}
    assert office.reached == list(SCHEDULER_POINTS)


async def test_duplicate_prevention_for_three_schedulers_at_once(office: Office) -> None:
    """However many look at the same moment, each task is acted on by one of them, and every one is."""
    tasks = [await office.given() for _ in range(30)]
    schedulers = [office.another(batch_max=7) for _ in range(3)]
    while sum(await asyncio.gather(*(each.tick() for each in schedulers))):
        pass
    assert len({due.reminder_key for due in office.owed()}) == len(office.owed()) == len(tasks)
    assert sum(each.counters.acted for each in schedulers) == 30
    assert all(each.counters.acted for each in schedulers)


async def test_the_earliest_come_first_and_a_batch_is_bounded(office: Office) -> None:
    late, early = await office.given(20), await office.given(10)
    await office.clock.advance(20)
    scheduler = office.another(batch_max=1)
    assert [await scheduler.tick() for _ in range(3)] == [1, 1, 0]
    assert [due.task_id for due in office.owed()] == [early.task_id, late.task_id]


async def test_a_nag_names_the_occurrence_that_it_is_about_and_its_own_bucket(office: Office) -> None:
    task = await office.given()
    await office.scheduler.tick()
    await office.clock.advance(HOUR_S)
    await office.scheduler.tick()
    nag = office.owed()[-1]
    named = named_by(nag.reminder_key)
    assert named is not None
    assert instant_of(named.bucket) == office.clock.now()
    assert instant_of(nag.due_at) == task.due_at
    assert nag.kind is ReminderKind.NAG


async def test_after_a_downtime_one_reminder_says_how_late_it_is(office: Office) -> None:
    task = await office.given()
    await office.write(PutTask(evolve(task, rule=daily(office.clock.now()))))
    await office.clock.advance(2 * DAY_S + 600)
    await office.scheduler.tick()
    (due,) = office.owed()
    assert due.late_s == 600
    assert office.stands(task) == {0: Kept.SUPERSEDED, DAY_S: Kept.SUPERSEDED, 2 * DAY_S: Kept.LATE}


async def test_settings_of_the_scope_count(office: Office) -> None:
    task = await office.given()
    await office.write(PutSetting("escalation", "off"))
    await office.scheduler.tick()
    assert office.task(task).remind_at is None


async def test_a_chat_that_cannot_be_reached_is_told_nothing_and_its_task_waits(office: Office) -> None:
    task = await office.given()
    await office.write(unreachable=[Unreachable(1000, 7, "blocked")])
    await office.scheduler.tick()
    assert office.owed() == []
    assert office.stands(task) == {0: Kept.PAUSED}
    assert office.task(task).is_paused


class Unreadable(TestTimes):
    """A calendar that knows no zone any more for one of the tasks."""

    def next_after(self, rule: str, zone: str, after: float) -> float | None:
        if zone == "Gone/Away":
            raise KeyError(zone)
        return 1e30 if zone == "Far/Away" else super().next_after(rule, zone, after)


@pytest.mark.parametrize("zone", ["Gone/Away", "Far/Away"])
async def test_a_task_that_cannot_be_acted_on_keeps_nobody_else_waiting(
    office: Office, zone: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await office.given(zone=zone, rule=daily(office.clock.now()))
    await office.write(PutSetting("escalation", "off"))
    fine = await office.given()
    office.scheduler.times = Unreadable()
    assert await office.scheduler.tick() == 2
    assert [due.task_id for due in office.owed()] == [fine.task_id]
    assert office.task(broken).remind_at == office.clock.now() + PUT_OFF_S
    assert office.scheduler.counters.put_off == 1
    assert "could not be acted on" in caplog.text
    assert "plants" not in caplog.text


class Refusing(MemoryAgendaRound):
    """A transaction that the database does not take with what one of the tasks fires."""

    refused: UUID | None = None

    async def apply(self, changes: AgendaChanges) -> Sequence[Firing]:
        if any(firing.occasion.task_id == self.refused for firing in changes.firings):
            raise ValueError("water the plants")
        return await super().apply(changes)


async def test_a_task_whose_writing_fails_keeps_nobody_else_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [await office.given() for _ in range(5)]
    monkeypatch.setattr(agenda, "MemoryAgendaRound", Refusing)
    monkeypatch.setattr(Refusing, "refused", tasks[2].task_id)
    scheduler = office.another(tick_s=3600)
    running = asyncio.create_task(scheduler.run())
    async with asyncio.timeout(10):
        while len(office.owed()) < 4:
            await asyncio.sleep(0)
        scheduler.stop()
        await running
    assert {due.task_id for due in office.owed()} == {task.task_id for task in tasks} - {tasks[2].task_id}
    assert office.task(tasks[2]).remind_at == office.clock.now() + PUT_OFF_S
    assert scheduler.counters.put_off == 1
    assert "plants" not in caplog.text


class Lost(MemoryStreams):
    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        raise Unavailable("Redis is away")


async def test_without_redis_what_is_due_is_owed_all_the_same(office: Office) -> None:
    await office.given()
    office.scheduler.streams = Lost(office.clock)
    assert await office.scheduler.tick() == 1
    assert len(office.owed()) == 1
    assert office.scheduler.counters.stream_faults == 1


async def test_a_scheduler_waits_for_postgres_and_stops_when_asked(office: Office) -> None:
    task = await office.given()
    office.database.down = True
    scheduler = office.another(backoff_s=0.001, backoff_max_s=0.002, tick_s=3600)
    running = asyncio.create_task(scheduler.run())
    async with asyncio.timeout(10):
        while scheduler.counters.store_faults < 3:
            await asyncio.sleep(0)
        office.database.down = False
        while not scheduler.counters.acted:
            await asyncio.sleep(0)
        scheduler.stop()
        await running
    assert office.stands(task) == {0: Kept.FIRED}


async def test_of_many_that_are_due_no_more_a_second_are_owed_than_can_be_delivered(office: Office) -> None:
    for _ in range(5):
        await office.given()
    scheduler = office.another(batch_max=2, tick_s=3600, per_s=0.001)
    running = asyncio.create_task(scheduler.run())
    async with asyncio.timeout(10):
        while scheduler.counters.acted < 2:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert scheduler.counters.acted == 2
        scheduler.stop()
        await running


async def test_a_full_batch_of_which_nothing_is_said_is_followed_by_the_next_at_once(office: Office) -> None:
    await office.write(PutSetting("quiet", "00:00-23:59"))
    for _ in range(5):
        await office.given()
    scheduler = office.another(batch_max=2, tick_s=3600, per_s=0.001)
    running = asyncio.create_task(scheduler.run())
    async with asyncio.timeout(10):
        while scheduler.counters.acted < 5:
            await asyncio.sleep(0)
        scheduler.stop()
        await running


async def test_asked_to_stop_in_the_middle_of_a_batch_it_finishes_that_batch(office: Office) -> None:
    for _ in range(4):
        await office.given()
    scheduler = office.another(batch_max=2)
    scheduler.crash = lambda point: scheduler.stop() if point == "scheduler.read" else None
    await scheduler.run()
    assert len(office.owed()) == 2
    assert len(await office.published()) == 2


async def test_what_fired_before_is_neither_owed_nor_published_again(office: Office) -> None:
    """As after a clock that was set back by hand in the database: the ledger has the last word."""
    task = await office.given()
    await office.scheduler.tick()
    await office.published()
    await office.write(PutTask(task))
    assert await office.scheduler.tick() == 1
    assert len(office.owed()) == 1
    assert await office.published() == []
    assert office.task(task).times_said == 1

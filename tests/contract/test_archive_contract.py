"""What every Archive promises: ``MemoryArchive`` and ``PostgresArchive``.

Just before its term a row is kept, just after it is forgotten, and what is needed never is. Time passes by the clock
of the database, which is moved. Not here: who asks, and how often (``tests/unit/test_retention.py``), and that nobody
else may (``tests/adapters/test_postgres_retention.py``).
"""

import json
from datetime import UTC, datetime

import pytest

from application.changes import AuditRow, Changes, DeadLetter, Delivery, Owed, ScopedEffect
from application.letters import LetterFilter
from application.records import AuditFilter
from application.retention import DAY_S, Archive, Kind
from domain.access import Person, Standing
from domain.decisions import (
    AddInvitation,
    AddTask,
    AskAccess,
    CountWrongCode,
    Effect,
    KeepOccasion,
    Outcome,
    PutTask,
    SetStanding,
    ToldOccasions,
)
from domain.tasks.values import Kept, Occasion, Status, Task
from tests.contract.legs import (
    Leg,
    a_claim,
    arrival,
    given_owed,
    ident,
    owed,
    when_applied,
    when_claimed,
    when_settled,
)

MINUTE_S, MONTH_S = 60.0, 31 * DAY_S
ANN = "1:u5"
TRACE = "a" * 32


async def forgotten(leg: Leg, kind: Kind, days: float, limit: int = 100) -> int | None:
    return await leg.archive.forget(kind, days * DAY_S, limit)


async def when_done(leg: Leg, *effects: Effect, scope: str = ANN) -> None:
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


# Terms


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        (Kind.UPDATES, 0.0), (Kind.UPDATES, 2.0), (Kind.UPDATES, 7.0), (Kind.UPDATES, 400.0),
        (Kind.DELIVERIES, 6.9), (Kind.OCCASIONS, 30.9), (Kind.AUDIT, 89.9), (Kind.AUDIT, -1.0),
    ],
)  # fmt: skip
async def test_a_term_that_is_not_safe_is_refused_and_nothing_goes(leg: Leg, kind: Kind, days: float) -> None:
    assert isinstance(leg.archive, Archive)
    await leg.intake.accept([arrival("tg:1:1")])
    await leg.move_clock(500 * DAY_S)
    with pytest.raises(ValueError, match="refused"):
        await forgotten(leg, kind, days)
    assert await leg.intake.accept([arrival("tg:1:1")]) == [False]


async def test_a_batch_has_a_bound(leg: Leg) -> None:
    await leg.intake.accept([arrival(f"tg:1:{n}") for n in range(5)])
    await leg.move_clock(5 * DAY_S + MINUTE_S)
    assert [await forgotten(leg, Kind.UPDATES, 5, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_was_gone_through_is_noted(leg: Leg) -> None:
    for removed in (3, 0):
        await leg.archive.note(Kind.UPDATES, 5 * DAY_S, removed)
    await leg.archive.make_room()


# Keys of updates


async def test_the_key_of_an_update_is_kept_for_its_term_and_no_longer(leg: Leg) -> None:
    """Telegram repeats updates for a day, and may begin its ids anew after a week (``Update.update_id``)."""
    await leg.intake.accept([arrival("tg:1:1", "a")])
    await leg.move_clock(5 * DAY_S - MINUTE_S)
    assert await forgotten(leg, Kind.UPDATES, 5) == 0
    assert await leg.intake.accept([arrival("tg:1:1", "a")]) == [False]
    await leg.move_clock(2 * MINUTE_S)
    assert await forgotten(leg, Kind.UPDATES, 5) == 1
    assert await leg.intake.accept([arrival("tg:1:1", "another")]) == [True]


# Deliveries


async def given_delivery(leg: Leg, name: str, lane: str = "1:5") -> None:
    delivery = Delivery(f"key-of-{name}", lane, "delivered", 77)
    await when_applied(leg.store("sender"), "sender", Changes(deliveries=[delivery]))


async def is_delivered(leg: Leg, name: str) -> bool:
    async with leg.store("sender").round("sender", ()) as current:
        return bool(await current.delivered([f"key-of-{name}"]))


async def test_a_delivery_is_kept_for_its_term_and_no_longer(leg: Leg) -> None:
    await given_delivery(leg, "a")
    await leg.move_clock(90 * DAY_S - MINUTE_S)
    assert await forgotten(leg, Kind.DELIVERIES, 90) == 0
    assert await is_delivered(leg, "a")
    await leg.move_clock(2 * MINUTE_S)
    assert await forgotten(leg, Kind.DELIVERIES, 90) == 1
    assert not await is_delivered(leg, "a")


@pytest.mark.parametrize("target", ["brain", "sender", "sender-bulk"])
async def test_a_delivery_is_kept_while_anything_of_its_chat_is_owed(leg: Leg, target: str) -> None:
    await given_delivery(leg, "a")
    await given_delivery(leg, "of another", "1:6")
    await given_owed(leg, owed("a", target=target))
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.DELIVERIES, 7) == 1
    assert await is_delivered(leg, "a")
    await when_settled(leg, "a", target=target)
    assert await forgotten(leg, Kind.DELIVERIES, 7) == 1


async def test_a_delivery_is_kept_while_a_dead_letter_of_its_chat_may_be_redriven(leg: Leg) -> None:
    await given_delivery(leg, "a")
    await given_owed(leg, owed("a", target="sender"))
    await when_applied(leg.store("sender"), "sender", Changes(dead=[DeadLetter(ident("a"), ("why",))]))
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.DELIVERIES, 7) == 0
    (letter,) = await leg.letters.newest(LetterFilter(), 1)
    await leg.letters.redrive([letter.letter_id])
    assert await forgotten(leg, Kind.DELIVERIES, 7) == 0
    assert await when_claimed(leg.store("sender"), a_claim("a")) == set(), "and so it is not sent again"
    await when_settled(leg, "a", target="sender")
    assert await forgotten(leg, Kind.DELIVERIES, 7) == 1


# Occasions


async def given_occasions(leg: Leg, task: Task, *days_ago: float, kept: Kept = Kept.FIRED) -> None:
    now = leg.now()
    await when_done(leg, AddTask(task))
    await when_done(
        leg, *(KeepOccasion(Occasion(task.task_id, now - days * DAY_S, kept)) for days in days_ago)
    )


async def occasions(leg: Leg, task: Task) -> int:
    async with leg.store().round("brain", ()) as current:
        return len(await current.tasks.occasions(ANN, task.task_id, 100))


def closed(name: str) -> Task:
    return Task(ident(name), 1, name, Status.DONE)


async def test_an_occasion_is_kept_for_its_term_and_no_longer(leg: Leg) -> None:
    task = closed("a")
    await given_occasions(leg, task, 0.0)
    await leg.move_clock(400 * DAY_S - MINUTE_S)
    assert await forgotten(leg, Kind.OCCASIONS, 400) == 0
    await leg.move_clock(2 * MINUTE_S)
    assert await forgotten(leg, Kind.OCCASIONS, 400) == 1
    assert await occasions(leg, task) == 0


async def test_of_a_task_that_recurs_the_last_occasion_and_those_not_behind_it_are_kept(leg: Leg) -> None:
    now = leg.now()
    task = Task(ident("a"), 1, "a", due_at=now - 2 * DAY_S, remind_at=now + DAY_S, rule="FREQ=DAILY")
    await given_occasions(leg, task, 4, 3, 2, 1)
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 2
    assert await occasions(leg, task) == 2
    await when_done(leg, PutTask(Task(ident("a"), 1, "a", Status.CANCELLED)))
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 2


async def test_the_last_occasion_of_an_open_task_is_kept_wherever_the_task_stands(leg: Leg) -> None:
    task = Task(ident("a"), 1, "a", remind_at=leg.now() + 900 * DAY_S)
    await given_occasions(leg, task, 2, 1)
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 1
    assert await occasions(leg, task) == 1


async def test_an_occasion_of_which_its_chat_was_not_told_is_kept_until_it_was(leg: Leg) -> None:
    task = closed("a")
    await given_occasions(leg, task, 0.0, kept=Kept.AMBIGUOUS)
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 0
    async with leg.store().round("brain", ()) as current:
        (occasion,) = await current.tasks.occasions(ANN, task.task_id, 1)
    await when_done(leg, ToldOccasions((task.task_id,), (occasion.bucket,)))
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 1


async def test_an_occasion_is_kept_while_anything_of_its_chat_is_owed_or_a_dead_letter(leg: Leg) -> None:
    await given_occasions(leg, closed("a"), 0.0)
    await given_owed(leg, owed("a"))
    await leg.move_clock(500 * DAY_S)
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 0
    await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident("a"), ("why",))]))
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 0
    (letter,) = await leg.letters.newest(LetterFilter(), 1)
    await leg.letters.discard([letter.letter_id], "not needed")
    assert await forgotten(leg, Kind.OCCASIONS, 31) == 1


# The audit


def end_of_month(at: float) -> float:
    when = datetime.fromtimestamp(at, UTC)
    return datetime(when.year + when.month // 12, when.month % 12 + 1, 1, tzinfo=UTC).timestamp()


async def given_audited(leg: Leg, *rows: AuditRow) -> float:
    """Audit rows, and return when the month ends in which they are."""
    await when_applied(leg.store(), "brain", Changes(audit=list(rows)))
    return end_of_month(leg.now())


async def all_old_months(leg: Leg) -> int:
    """Forget every month that may go, those without a row included, and return how many rows there were."""
    rows = 0
    while (gone := await forgotten(leg, Kind.AUDIT, 90)) is not None:
        rows += gone
    return rows


async def reasons(leg: Leg) -> list[str]:
    return [entry.row.reason for entry in await leg.records.audit(AuditFilter(limit=1000))]


async def test_a_month_of_the_audit_is_kept_until_its_last_row_could_be_old_enough(leg: Leg) -> None:
    ends = await given_audited(leg, AuditRow(Outcome.PROCESSED, reason="old"))
    await leg.move_clock(ends - leg.now() + 90 * DAY_S - MINUTE_S)
    assert await forgotten(leg, Kind.AUDIT, 90) is None
    assert "old" in await reasons(leg)
    await leg.move_clock(2 * MINUTE_S)
    assert await forgotten(leg, Kind.AUDIT, 90) == 1
    (told,) = await reasons(leg)
    month = datetime.fromtimestamp(ends - 1, UTC)
    assert told == f"openclaw.audit_{month:%Y_%m}, with 1 rows, was older than 90 days"
    (entry,) = await leg.records.audit(AuditFilter(outcome="discarded"))
    assert entry.consumer == "scheduler"


async def test_months_go_one_by_one_the_oldest_first_and_the_present_one_stays(leg: Leg) -> None:
    for name in ("first", "second", "third"):
        await leg.archive.make_room()
        ends = await given_audited(leg, AuditRow(Outcome.PROCESSED, reason=name))
        await leg.move_clock(ends - leg.now() + DAY_S)
    await leg.move_clock(60 * DAY_S)
    assert await forgotten(leg, Kind.AUDIT, 90) == 1
    assert (await reasons(leg))[:2] == ["second", "third"]
    await leg.move_clock(400 * DAY_S)
    await all_old_months(leg)
    left = await reasons(leg)
    assert not {"first", "second", "third"} & set(left)
    assert left, "what tells of it is of the present month"


def traced(name: str, trace: str, target: str = "brain") -> Owed:
    envelope = json.dumps({"trace_id": trace, "name": name}).encode()
    return Owed(target, ident(name), "1:5", None, envelope)


async def test_a_month_is_kept_while_a_trace_of_it_goes_on(leg: Leg) -> None:
    await given_audited(leg, AuditRow(Outcome.ACCEPTED, reason="goes on", trace_id=TRACE))
    await given_owed(leg, traced("a", TRACE), traced("b", "b" * 32))
    await leg.move_clock(500 * DAY_S)
    assert await all_old_months(leg) == 0
    await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident("a"), ("why",))]))
    assert await all_old_months(leg) == 0
    (letter,) = await leg.letters.newest(LetterFilter(), 1)
    await leg.letters.discard([letter.letter_id], "not needed")
    assert "goes on" in await reasons(leg)
    assert await all_old_months(leg) == 1
    assert "goes on" not in await reasons(leg)


async def test_whoever_follows_the_audit_goes_on_after_a_month_went(leg: Leg) -> None:
    await given_audited(leg, AuditRow(Outcome.PROCESSED, reason="old"))
    await leg.move_clock(500 * DAY_S)
    _, mark = await leg.records.audit_after(AuditFilter(), None)
    assert await forgotten(leg, Kind.AUDIT, 90) == 1
    await given_audited(leg, AuditRow(Outcome.PROCESSED, reason="new"))
    found, _ = await leg.records.audit_after(AuditFilter(), mark)
    assert [entry.row.reason for entry in found][-1] == "new"
    assert "old" not in [entry.row.reason for entry in found]


# What is left over


async def person(leg: Leg, subject: str) -> Person:
    async with leg.store().round("brain", ()) as current:
        return (await current.access.people([subject])).get(subject, Person())


async def test_strangers_who_were_not_decided_about_are_forgotten_after_a_day(leg: Leg) -> None:
    await when_done(
        leg, AskAccess("1:5", "Ann", "hash", 60.0), CountWrongCode("1:6"),
        SetStanding("1:-7", Standing.REVOKED, "", "user 9"), AddInvitation(1, "code", Standing.MEMBER, 60.0),
    )  # fmt: skip
    await leg.move_clock(DAY_S - MINUTE_S)
    assert await forgotten(leg, Kind.LEFTOVERS, 0) == 0
    await leg.move_clock(3 * MINUTE_S)
    assert await forgotten(leg, Kind.LEFTOVERS, 0) == 3
    assert await person(leg, "1:5") == await person(leg, "1:6") == Person()
    assert (await person(leg, "1:-7")).standing is Standing.REVOKED


async def test_the_mark_of_a_row_that_is_owed_is_kept(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    async with leg.store(run="one").round("brain", ["1:5"]) as current:
        await current.mark([ident("a")])
    await leg.move_clock(2 * 3600.0)
    assert await forgotten(leg, Kind.LEFTOVERS, 0) == 0
    async with leg.store(run="two").round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [True]


async def test_a_claim_is_kept_while_its_row_is_owed(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    await leg.move_clock(2 * 3600.0)
    assert await forgotten(leg, Kind.LEFTOVERS, 0) == 0
    async with leg.store("sender").round("sender", ["1:5"]) as current:
        assert [head.ambiguous for head in current.heads] == [True]
    await when_settled(leg, "a", target="sender")
    assert await forgotten(leg, Kind.LEFTOVERS, 0) == 1

"""What every Intake and every Records promises: ``MemoryIntake`` and ``PostgresIntake``, ``MemoryRecords`` and
``PostgresRecords``."""

import asyncio

import pytest
from attrs import evolve

from application.changes import Arrival, AuditRow, Changes, Delivery, ScopedEffect
from application.ports import Intake, Records
from application.records import AuditFilter, Crowds
from domain.access import Standing
from domain.decisions import Outcome, SetStanding
from tests.contract.legs import Leg, arrival, given_owed, ident, offered, owed, when_applied, when_settled


async def outcomes(leg: Leg) -> list[str]:
    return [entry.row.outcome.value for entry in await leg.records.audit(AuditFilter())]


# The edge


async def test_an_update_leaves_its_key_its_owed_row_and_its_audit_row(leg: Leg) -> None:
    assert isinstance(leg.intake, Intake)
    new = arrival("tg:1:1", "hello")
    assert await leg.intake.accept([new]) == [True]
    assert await offered(leg.store(), "brain", "1:5") == ["hello"]
    (entry,) = await leg.records.audit(AuditFilter())
    assert entry.row == evolve(new.audit, attempt=0)
    assert entry.consumer == "gateway"


async def test_an_update_that_is_ignored_leaves_its_key_and_its_audit_row_only(leg: Leg) -> None:
    assert await leg.intake.accept([arrival("tg:1:1")]) == [True]
    assert await outcomes(leg) == ["ignored"]
    assert await leg.intake.accept([arrival("tg:1:1")]) == [False]
    assert (await leg.records.figures()).owed == {}


async def test_an_update_seen_before_leaves_only_an_audit_row_that_says_so(leg: Leg) -> None:
    await leg.intake.accept([arrival("tg:1:1", "hello")])
    assert await leg.intake.accept([arrival("tg:1:1", "hello")]) == [False]
    await when_settled(leg, "hello")
    assert await leg.intake.accept([arrival("tg:1:1", "hello")]) == [False]
    assert (await leg.records.figures()).owed == {}
    assert await outcomes(leg) == ["accepted", "duplicate", "duplicate"]


async def test_of_equal_updates_in_one_batch_the_first_is_new(leg: Leg) -> None:
    batch = [arrival("tg:1:1", "hello"), arrival("tg:1:2"), arrival("tg:1:1", "hello"), arrival("tg:1:2")]
    assert await leg.intake.accept(batch) == [True, True, False, False]
    assert dict((await leg.records.figures()).owed) == {"brain": 1}
    assert sorted(await outcomes(leg)) == ["accepted", "duplicate", "duplicate", "ignored"]


async def test_a_batch_of_new_and_known_updates_tells_them_apart_in_its_order(leg: Leg) -> None:
    await leg.intake.accept([arrival("tg:1:2", "b")])
    batch = [arrival("tg:1:3", "c", "1:6"), arrival("tg:1:2", "b"), arrival("tg:1:1", "a", "1:7")]
    assert await leg.intake.accept(batch) == [True, False, True]
    assert await leg.intake.accept([]) == []


async def test_updates_of_one_batch_keep_their_order(leg: Leg) -> None:
    names = [f"message {n}" for n in (5, 3, 1, 4, 2)]
    await leg.intake.accept([arrival(f"tg:1:{n}", name) for n, name in enumerate(names)])
    seen = []
    for _ in names:
        (name,) = await offered(leg.store(), "brain", "1:5")
        seen.append(name)
        await when_settled(leg, name)
    assert seen == names


async def test_the_same_update_offered_by_many_at_once_is_new_to_one(leg: Leg) -> None:
    batches = [[arrival("tg:1:1", "a"), arrival(f"tg:1:{n}", f"row {n}")] for n in range(10, 18)]
    answers = await asyncio.gather(*(leg.intake.accept(batch) for batch in batches))
    assert sorted(first for first, _ in answers) == [False] * 7 + [True]
    assert all(second for _, second in answers)


async def test_updates_that_cross_each_other_in_other_orders_do_not_block_for_good(leg: Leg) -> None:
    keys = [f"tg:1:{n}" for n in range(20)]
    forwards = [arrival(key, f"row {key}", f"1:{n}") for n, key in enumerate(keys)]
    rounds = [forwards if n % 2 else forwards[::-1] for n in range(6)]
    answers = await asyncio.gather(*(leg.intake.accept(batch) for batch in rounds))
    assert sum(sum(answer) for answer in answers) == len(keys)


# What is owed


async def crowds(leg: Leg, owes: int, limit: int = 10, *, with_admins: bool = False) -> Crowds:
    return await leg.intake.crowds(owes, limit, with_admins=with_admins)


async def test_chats_that_owe_much_are_told_with_how_much_and_what_is_owed_in_all(leg: Leg) -> None:
    assert await crowds(leg, 1) == Crowds(0, {})
    await leg.intake.accept([arrival(f"tg:1:{n}", f"{n}", "1:5" if n % 3 else "1:-7") for n in range(9)])
    await given_owed(leg, owed("s", "1:5", "sender"), owed("of another", "1:8", "sender"))
    await given_owed(leg, *(owed(f"bulk {n}", "1:9", "sender-bulk") for n in range(5)))
    assert await crowds(leg, 1) == Crowds(16, {"1:5": 7, "1:-7": 3, "1:8": 1})
    assert await crowds(leg, 3) == Crowds(16, {"1:5": 7, "1:-7": 3})
    assert await crowds(leg, 1, 1) == Crowds(16, {"1:5": 7}), "the greatest first"
    await given_owed(leg, *(owed(f"more {n}", "1:10", "sender-bulk") for n in range(150)))
    assert (await crowds(leg, 8)).owed == 116, "a chat's bulk counts for a hundred at most"
    await when_settled(leg, *(f"more {n}" for n in range(150)), target="sender-bulk")
    await when_settled(leg, *(f"{n}" for n in range(9)))
    assert await crowds(leg, 1) == Crowds(7, {"1:5": 1, "1:8": 1})


async def test_the_private_chats_of_owners_and_admins_are_told_where_they_are_asked_for(leg: Leg) -> None:
    standings = {"1:5": Standing.OWNER, "1:6": Standing.ADMIN, "1:7": Standing.MEMBER, "1:-8": Standing.ADMIN}
    effects = [
        ScopedEffect("1:u9", SetStanding(each, standing, "", "user 9"))
        for each, standing in standings.items()
    ]
    await when_applied(leg.store(), "brain", Changes(effects=effects))
    assert (await crowds(leg, 1)).admins == frozenset()
    assert await crowds(leg, 1, with_admins=True) == Crowds(0, {}, frozenset({"1:5", "1:6"}))


async def test_updates_that_were_taken_in_are_known_by_their_keys(leg: Leg) -> None:
    await leg.intake.accept([arrival("tg:1:1", "a"), arrival("tg:1:2")])
    assert set(await leg.intake.taken_in(["tg:1:1", "tg:1:2", "tg:1:3"])) == {"tg:1:1", "tg:1:2"}
    assert set(await leg.intake.taken_in([])) == set()


# Records


def row(name: str, **more: object) -> AuditRow:
    return evolve(AuditRow(Outcome.PROCESSED, ident(name)), **more)


async def given_audit(leg: Leg, *rows: AuditRow, role: str = "brain") -> None:
    await when_applied(leg.store(role), role, Changes(audit=list(rows)))


async def test_an_audit_row_comes_back_as_it_was_written(leg: Leg) -> None:
    full = AuditRow(
        Outcome.RETRIED,
        ident("e"),
        "telegram.send",
        "brain",
        "sender",
        "c" * 32,
        "tg:1:1/reply",
        ident("cause"),
        "1:u5",
        3,
        "Telegram: 500 Internal 'Server' Error, again",
        12.5,
    )
    await given_audit(leg, full, AuditRow(Outcome.DISCARDED))
    assert [entry.row for entry in await leg.records.audit(AuditFilter())] == [
        full,
        AuditRow(Outcome.DISCARDED),
    ]
    assert isinstance(leg.records, Records)


async def test_traces_are_found_by_how_they_begin_each_once_and_sorted(leg: Leg) -> None:
    traces = ("ab" * 16, "ab" + "f" * 30, "ab" * 16, "ac" * 16, None)
    await given_audit(leg, *(row(f"{n}", trace_id=trace) for n, trace in enumerate(traces)))
    assert await leg.records.traces("ab", 10) == ["ab" * 16, "ab" + "f" * 30]
    assert await leg.records.traces("ab", 1) == ["ab" * 16]
    assert await leg.records.traces("ac" * 16, 10) == ["ac" * 16]
    assert await leg.records.traces("b", 10) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AuditFilter(trace_id="d" * 32), {"a"}),
        (AuditFilter(outcome="retried"), {"b"}),
        (AuditFilter(consumer="sender"), {"c"}),
        (AuditFilter(event_type="telegram.send"), {"b", "c"}),
        (AuditFilter(scope="1:u5"), {"a", "c"}),
        (AuditFilter(event_id=ident("b")), {"b"}),
        (AuditFilter(event_type="telegram.send", scope="1:u5"), {"c"}),
        (AuditFilter(since=0.0), {"a", "b", "c"}),
        (AuditFilter(since=32_503_680_000.0), set()),
        (AuditFilter(scope="1:u"), set()),
    ],
)
async def test_the_audit_is_filtered_by_every_field(
    leg: Leg, wanted: AuditFilter, expected: set[str]
) -> None:
    await given_audit(
        leg,
        row("a", trace_id="d" * 32, scope="1:u5"),
        row("b", outcome=Outcome.RETRIED, event_type="telegram.send", scope="1:c-7"),
    )
    await given_audit(leg, row("c", event_type="telegram.send", scope="1:u5"), role="sender")
    found = {entry.row.event_id for entry in await leg.records.audit(wanted)}
    assert found == {ident(name) for name in expected}


async def test_the_newest_audit_rows_are_shown_oldest_first(leg: Leg) -> None:
    for name in "abcde":
        await given_audit(leg, row(name))
        await leg.elapse(1)
    found = await leg.records.audit(AuditFilter(limit=3))
    assert [entry.row.event_id for entry in found] == [ident(name) for name in "cde"]
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)


async def test_the_trace_of_a_message_is_found_by_its_delivery(leg: Leg) -> None:
    sent = row("sent", trace_id="e" * 32, idempotency_key="tg:1:1/reply")
    await when_applied(
        leg.store("sender"),
        "sender",
        Changes(audit=[sent], deliveries=[Delivery("tg:1:1/reply", "1:-5", "delivered", 77)]),
    )
    assert await leg.records.trace_of_delivery(1, -5, 77) == "e" * 32
    assert await leg.records.trace_of_delivery(1, -5, 78) is None
    assert await leg.records.trace_of_delivery(2, -5, 77) is None


def test_an_arrival_that_owes_nothing_needs_no_event() -> None:
    assert Arrival("tg:1:1", AuditRow(Outcome.IGNORED)).owed is None

"""What every Store promises of rounds that are open at the same time, and of what is written in which order.

Each test runs on both legs: ``MemoryStore`` and ``PostgresStore``. Most of them are courses in which the machines of
``tests/twins`` found that the two sides differed.
"""

import asyncio
import json
from collections.abc import Awaitable

import pytest
from attrs import evolve

from application.changes import (
    AuditRow,
    Changes,
    DeadLetter,
    Migration,
    Owed,
    RateState,
    Retry,
    ScopedEffect,
)
from application.letters import LetterFilter
from application.ports import Round
from application.records import AuditFilter
from application.retention import DAY_S, Kind
from domain.access import Standing
from domain.decisions import (
    AddInvitation,
    AddTask,
    AskAccess,
    CountWrongCode,
    Effect,
    KeepOccasion,
    MoveData,
    Outcome,
    PutSetting,
    PutTask,
    SetStanding,
    UseInvitation,
)
from domain.tasks.keys import reminder_key
from domain.tasks.values import Kept, Occasion, Task
from tests.contract.legs import (
    Leg,
    a_claim,
    arrival,
    given_owed,
    ident,
    offered,
    owed,
    when_applied,
    when_claimed,
    when_settled,
)

PATIENCE_S = 10.0
ANN, GROUP = "1:u5", "1:c-7"


async def when_done(leg: Leg, *effects: Effect, scope: str = ANN) -> None:
    """Apply effects in one round of the brain."""
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(scope, e) for e in effects]))


async def begun(work: Awaitable[object]) -> asyncio.Future[object]:
    """Return work that has been begun, and may wait for what an open round has locked."""
    task = asyncio.ensure_future(work)
    for _ in range(10):
        await asyncio.sleep(0)
    return task


# Reading beside others


async def test_a_round_sees_what_others_commit_meanwhile(leg: Leg) -> None:
    async with leg.store(run="one").round("brain", ()) as current:
        assert await current.access.people(["1:5"]) == {}
        await when_done(leg, SetStanding("1:5", Standing.MEMBER, "Ann", "user 9"), PutSetting("tone", "dry"))
        assert (await current.access.people(["1:5"]))["1:5"].standing is Standing.MEMBER
        assert await current.settings([ANN]) == {ANN: {"tone": "dry"}}


async def test_what_was_written_for_rows_that_are_not_there_has_no_effect_on_later_ones(leg: Leg) -> None:
    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(retries=[Retry(ident("a"), 5, 60.0)], owed=[owed("mine", "1:9")]))
        await given_owed(leg, owed("a"))
    assert await offered(leg.store(), "brain", "1:5", "1:9") == ["a", "mine"]


# Which comes first


async def test_what_was_owed_earlier_comes_first_whoever_commits_first(leg: Leg) -> None:
    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(owed=[owed("first")]))
        await given_owed(leg, owed("second"))
        assert await offered(leg.store(run="two"), "brain", "1:5") == ["second"]
    assert await offered(leg.store(), "brain", "1:5") == ["first"]


async def test_the_audit_is_told_in_the_order_of_its_times_whoever_commits_first(leg: Leg) -> None:
    rows = [AuditRow(Outcome.PROCESSED, reason=reason) for reason in ("first", "second")]
    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(audit=rows[:1]))
        await leg.elapse(1)
        await when_applied(leg.store(run="two"), "brain", Changes(audit=rows[1:]))
    assert [entry.row.reason for entry in await leg.records.audit(AuditFilter())] == ["first", "second"]


async def test_a_letter_that_died_earlier_has_the_lower_id_whoever_commits_first(leg: Leg) -> None:
    await given_owed(leg, owed("first", "1:1"), owed("second", "1:2"))
    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(dead=[DeadLetter(ident("first"), ("why",))]))
        await when_applied(
            leg.store(run="two"), "brain", Changes(dead=[DeadLetter(ident("second"), ("why",))])
        )
    letters = await leg.letters.newest(LetterFilter(), 10)
    assert [letter.envelope for letter in letters] == [b"first", b"second"]


async def test_rows_that_are_buried_together_get_their_ids_in_the_order_in_which_they_are_named(
    leg: Leg,
) -> None:
    names = [f"event {n}" for n in (3, 1, 4, 0, 2)]
    await given_owed(leg, *(owed(name) for name in sorted(names)))
    await when_applied(
        leg.store(), "brain", Changes(dead=[DeadLetter(ident(name), ("why",)) for name in names])
    )
    letters = await leg.letters.newest(LetterFilter(), 10)
    assert [letter.envelope.decode() for letter in letters] == names


# Waiting for one another


async def test_a_rate_is_one_rounds_at_a_time(leg: Leg) -> None:
    async def read(current: Round) -> RateState:
        return (await current.rates(["bot:1"]))["bot:1"]

    async def after() -> RateState:
        async with leg.store("sender", "two").round("sender", ()) as current:
            return await read(current)

    async with leg.store("sender", "one").round("sender", ()) as current:
        await read(current)
        other = await begun(after())
        await current.apply(Changes(rates={"bot:1": RateState(30.0, 0.0)}))
    state = await asyncio.wait_for(other, PATIENCE_S)
    assert isinstance(state, RateState)
    assert state.full_in_s == pytest.approx(30, abs=5)


async def test_a_claim_is_taken_over_only_after_the_round_that_gives_it_up(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender", "one"), a_claim("a"))
    await leg.elapse(31)
    async with leg.store("sender", "one").round("sender", ()) as current:
        assert await current.release({"1:5": ident("mine")}) == {"1:5"}
        other = await begun(when_claimed(leg.store("sender", "two"), a_claim("a", token="theirs")))
    assert await asyncio.wait_for(other, PATIENCE_S) == {"1:5"}
    async with leg.store("sender", "three").round("sender", ["1:5"]) as current:
        assert set(current.claimed) == {"1:5"}, "what the first round gave up is not what the second one took"


async def test_an_invitation_serves_one_of_two_rounds_that_read_it(leg: Leg) -> None:
    await when_done(leg, AddInvitation(1, "code", Standing.MEMBER, 60.0))

    async def use(run: str) -> bool:
        async with leg.store(run=run).round("brain", ()) as current:
            if not await current.access.codes(["code"]):
                return False
            await asyncio.sleep(0)
            await current.apply(Changes(effects=[ScopedEffect(ANN, UseInvitation("code"))]))
            return True

    async with asyncio.timeout(PATIENCE_S):
        assert sorted(await asyncio.gather(use("one"), use("two"))) == [False, True]


async def test_who_asks_is_counted_by_one_round_at_a_time(leg: Leg) -> None:
    async def count(run: str) -> int:
        async with leg.store(run=run).round("brain", ()) as current:
            asking = await current.access.asking(1)
            await asyncio.sleep(0)
            asks = AskAccess(f"1:{run}", "Ann", f"hash of {run}", 60.0)
            await current.apply(Changes(effects=[ScopedEffect(ANN, asks)]))
            return asking.users

    async with asyncio.timeout(PATIENCE_S):
        assert sorted(await asyncio.gather(*map(count, "123"))) == [0, 1, 2]


async def test_wrong_codes_that_two_rounds_count_are_both_counted(leg: Leg) -> None:
    async def count(run: str) -> None:
        await when_applied(
            leg.store(run=run), "brain", Changes(effects=[ScopedEffect(ANN, CountWrongCode("1:5"))])
        )

    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(effects=[ScopedEffect(ANN, CountWrongCode("1:5"))]))
        other = await begun(count("two"))
    await asyncio.wait_for(other, PATIENCE_S)
    async with leg.store().round("brain", ()) as current:
        assert (await current.access.people(["1:5"]))["1:5"].wrong_codes == 2


async def test_a_task_that_a_round_has_written_is_not_due_for_a_scheduler_until_that_ends(leg: Leg) -> None:
    at = leg.now() - 5
    task = Task(ident("a"), 1, "a", due_at=at, remind_at=at)
    await when_done(leg, AddTask(task))
    async with leg.store(run="one").round("brain", ()) as current:
        await current.apply(Changes(effects=[ScopedEffect(ANN, PutTask(evolve(task, title="b")))]))
        async with leg.agenda.due(10) as agenda:
            assert list(agenda.due) == []
    async with leg.agenda.due(10) as agenda:
        assert [each.task.title for each in agenda.due] == ["b"]


# What is left of rounds that failed


async def test_a_round_that_marks_nothing_leaves_the_mark_of_the_one_before_when_it_fails(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    store = leg.store(run="one")
    async with store.round("brain", ["1:5"]) as current:
        await current.mark([ident("a")])

    async def fail() -> None:
        async with store.round("brain", ()):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with leg.store(run="two").round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [True]


async def test_a_round_that_fails_after_it_applied_something_takes_its_mark_back(leg: Leg) -> None:
    await given_owed(leg, owed("a"))

    async def fail() -> None:
        async with leg.store(run="one").round("brain", ["1:5"]) as current:
            await current.mark([ident("a")])
            await current.apply(Changes(settled=[ident("a")]))
            raise ZeroDivisionError

    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ZeroDivisionError):
            await fail()
    async with leg.store(run="two").round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [False]


# What one round writes, in its order


async def test_what_a_group_is_set_follows_it_when_it_moves_in_the_same_round(leg: Leg) -> None:
    await when_done(leg, MoveData(-1007), PutSetting("tone", "dry"), scope=GROUP)
    async with leg.store().round("brain", ()) as current:
        assert await current.settings([GROUP, "1:c-1007"]) == {GROUP: {}, "1:c-1007": {"tone": "dry"}}


async def test_an_invitation_does_not_outlive_what_is_decided_of_who_made_it_in_the_same_round(
    leg: Leg,
) -> None:
    demoted = SetStanding("1:5", Standing.MEMBER, "Ann", "user 9")
    await when_done(leg, demoted, AddInvitation(1, "code", Standing.MEMBER, 60.0, "1:5"))
    async with leg.store().round("brain", ()) as current:
        assert await current.access.codes(["code"]) == {}


async def test_a_group_that_the_sender_saw_move_is_known_by_its_new_scope_at_once(leg: Leg) -> None:
    await when_applied(leg.store("sender"), "sender", Changes(migrations=[Migration(1, -7, -1007)]))
    async with leg.store().round("brain", ()) as current:
        assert await current.tasks.moved([GROUP, ANN]) == {GROUP: "1:c-1007"}


# Rows and letters that meet their like


async def test_a_lane_whose_row_waits_longer_than_its_claim_is_told_as_claimed_too(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    retry = Changes(retries=[Retry(ident("a"), 1, 60.0, ordered=True)])
    await when_applied(leg.store("sender"), "sender", retry)
    async with leg.store("sender", "two").round("sender", ["1:5"]) as current:
        assert set(current.claimed) == {"1:5"}
        assert current.waiting["1:5"] == pytest.approx(60, abs=5)


async def test_an_update_whose_key_was_forgotten_while_its_event_is_owed_is_owed_once(leg: Leg) -> None:
    assert await leg.intake.accept([arrival("tg:1:1", "a")]) == [True]
    await leg.elapse(6 * DAY_S)
    await leg.archive.forget(Kind.UPDATES, 5 * DAY_S, 10)
    assert await leg.intake.accept([arrival("tg:1:1", "a"), arrival("tg:1:2", "b")]) == [True, True]
    assert await offered(leg.store(), "brain", "1:5") == ["a"]
    await when_settled(leg, "a")
    assert await offered(leg.store(), "brain", "1:5") == ["b"]


async def test_a_reminder_that_is_buried_while_its_letter_stands_is_in_doubt_again(leg: Leg) -> None:
    at = float(int(leg.now()))
    key = reminder_key(ident("a"), at)
    envelope = json.dumps(
        {"event_type": "reminder.due", "source": "scheduler", "idempotency_key": key}
    ).encode()
    event = Owed("brain", ident("reminder"), "1:5", None, envelope)
    await when_done(leg, AddTask(Task(ident("a"), 1, "a", due_at=at)))
    bury = Changes(dead=[DeadLetter(event.event_id, ("why",))])
    for _ in range(2):
        await given_owed(leg, event)
        await when_done(leg, KeepOccasion(Occasion(ident("a"), at, Kept.FIRED)))
        await when_applied(leg.store(), "brain", bury)
        async with leg.store().round("brain", ()) as current:
            (occasion,) = await current.tasks.occasions(ANN, ident("a"), 10)
            assert occasion.kept is Kept.AMBIGUOUS
    assert len(await leg.letters.newest(LetterFilter(), 10)) == 1

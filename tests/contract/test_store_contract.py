"""What every Store promises of lanes, rounds, marks and failures: ``MemoryStore`` and ``PostgresStore``.

Each test runs on both legs; ``MemoryRound`` and ``PostgresRound`` are what they lend. Deliveries and claims are in
``test_ledger_contract``, settings and modes in ``test_data_contract``.
"""

import asyncio

import pytest

from application.changes import AuditRow, Changes, DeadLetter, Retry
from application.letters import LetterFilter
from application.ports import Round, Store
from application.records import AuditFilter
from domain.decisions import Outcome
from domain.errors import RowsGone
from tests.contract.legs import Leg, given_owed, ident, offered, owed, when_applied, when_settled


def audited(name: str) -> AuditRow:
    return AuditRow(Outcome.PROCESSED, ident(name), trace_id="b" * 32)


# What a lane offers


async def test_a_lane_offers_its_oldest_row_and_the_next_once_that_is_settled(leg: Leg) -> None:
    await given_owed(leg, owed("first"), owed("second"), owed("third"))
    assert await offered(leg.store(), "brain", "1:5") == ["first"]
    await when_settled(leg, "first")
    assert await offered(leg.store(), "brain", "1:5") == ["second"]


async def test_a_head_tells_everything_of_its_row(leg: Leg) -> None:
    await when_applied(leg.store(), "brain", Changes(owed=[owed("cause", "1:9"), owed("row", "1:-7")]))
    async with leg.store().round("brain", ["1:-7"]) as current:
        assert isinstance(current, Round)
        (head,) = current.heads
        assert (head.target, head.event_id, head.lane) == ("brain", ident("row"), "1:-7")
        assert (head.ordered, head.attempt, head.deaths, head.cause) == (True, 0, 0, None)
        assert (head.envelope, head.marked, head.ambiguous, head.repeat) == (b"row", False, False, False)
    assert isinstance(leg.store(), Store)


async def test_a_round_has_one_head_of_each_lane_and_of_no_other_target(leg: Leg) -> None:
    await given_owed(leg, owed("a1", "1:1"), owed("b1", "1:2"), owed("a2", "1:1"), owed("s", "1:1", "sender"))
    assert await offered(leg.store(), "brain", "1:1", "1:2") == ["a1", "b1"]
    assert await offered(leg.store("sender"), "sender", "1:1", "1:2") == ["s"]


async def test_a_lane_without_rows_is_idle(leg: Leg) -> None:
    async with leg.store().round("brain", ["1:5"]) as current:
        assert (list(current.heads), dict(current.waiting), set(current.idle)) == ([], {}, {"1:5"})


async def test_a_lane_whose_rows_are_not_due_waits_until_the_first_is(leg: Leg) -> None:
    await given_owed(leg, owed("later", delay_s=60))
    async with leg.store().round("brain", ["1:5"]) as current:
        assert list(current.heads) == []
        assert set(current.idle) == set()
        assert current.waiting["1:5"] == pytest.approx(60, abs=5)
    await leg.elapse(61)
    assert await offered(leg.store(), "brain", "1:5") == ["later"]


async def test_an_ordered_row_that_waits_holds_up_those_behind_it(leg: Leg) -> None:
    await given_owed(leg, owed("first", delay_s=60), owed("second"))
    assert await offered(leg.store(), "brain", "1:5") == []
    await leg.elapse(61)
    assert await offered(leg.store(), "brain", "1:5") == ["first"]


async def test_a_row_retried_outside_the_order_does_not_hold_up_its_lane(leg: Leg) -> None:
    await given_owed(leg, owed("bad"), owed("good"))
    await when_applied(leg.store(), "brain", Changes(retries=[Retry(ident("bad"), 1, 60.0)]))
    assert await offered(leg.store(), "brain", "1:5") == ["good"]
    await leg.elapse(61)
    assert await offered(leg.store(), "brain", "1:5") == ["bad"], "the oldest due row comes first again"


async def test_a_row_retried_in_order_holds_up_its_lane(leg: Leg) -> None:
    await given_owed(leg, owed("bad"), owed("good"))
    await when_applied(leg.store(), "brain", Changes(retries=[Retry(ident("bad"), 1, 60.0, ordered=True)]))
    assert await offered(leg.store(), "brain", "1:5") == []
    await leg.elapse(61)
    async with leg.store().round("brain", ["1:5"]) as current:
        assert [(head.envelope, head.attempt) for head in current.heads] == [(b"bad", 1)]


async def test_of_several_rows_outside_the_order_the_one_due_first_is_offered(leg: Leg) -> None:
    await given_owed(leg, owed("slow"), owed("quick"))
    retries = [Retry(ident("slow"), 3, 60.0), Retry(ident("quick"), 1, 10.0)]
    await when_applied(leg.store(), "brain", Changes(retries=retries))
    async with leg.store().round("brain", ["1:5"]) as current:
        assert current.waiting["1:5"] == pytest.approx(10, abs=5)
    await leg.elapse(11)
    assert await offered(leg.store(), "brain", "1:5") == ["quick"]


# Lanes are one round's at a time


async def test_a_lane_is_one_rounds_at_a_time_and_lost_to_the_others(leg: Leg) -> None:
    await given_owed(leg, owed("a", "1:1"), owed("b", "1:2"))
    async with leg.store().round("brain", ["1:1"]) as first:
        assert len(first.heads) == 1
        async with leg.store(run="two").round("brain", ["1:1", "1:2"]) as second:
            assert [head.lane for head in second.heads] == ["1:2"]
            assert "1:1" not in {*second.waiting, *second.idle}
    assert await offered(leg.store(run="two"), "brain", "1:1") == ["a"], "given back at the end"


async def test_a_lane_of_one_target_does_not_lock_that_of_another(leg: Leg) -> None:
    await given_owed(leg, owed("a", "1:1"), owed("b", "1:1", "sender"))
    async with leg.store().round("brain", ["1:1"]):
        assert await offered(leg.store("sender"), "sender", "1:1") == ["b"]


async def test_a_round_that_fails_gives_its_lanes_back(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    with pytest.raises(ZeroDivisionError):
        async with leg.store().round("brain", ["1:5"]):
            raise ZeroDivisionError
    assert await offered(leg.store(run="two"), "brain", "1:5") == ["a"]


async def test_many_rounds_at_once_hand_out_each_row_once(leg: Leg) -> None:
    lanes = [f"1:{n}" for n in range(1, 6)]
    await given_owed(leg, *(owed(f"{lane}/{n}", lane) for n in range(4) for lane in lanes))
    handled: list[str] = []

    async def work(run: str) -> None:
        for _ in range(40):
            async with leg.store(run=run).round("brain", lanes) as current:
                await asyncio.sleep(0)
                await current.apply(Changes(settled=[head.event_id for head in current.heads]))
                handled.extend(head.envelope.decode() for head in current.heads)
            if len(current.idle) == len(lanes):
                return

    await asyncio.gather(work("one"), work("two"), work("three"))
    assert sorted(handled) == sorted(f"{lane}/{n}" for n in range(4) for lane in lanes)
    assert all(
        [x for x in handled if x.startswith(f"{lane}/")] == [f"{lane}/{n}" for n in range(4)]
        for lane in lanes
    )


# Applying


async def test_settling_owing_and_auditing_take_effect_together(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    changes = Changes(settled=[ident("a")], owed=[owed("b", target="sender")], audit=[audited("a")])
    await when_applied(leg.store(), "brain", changes, ["1:5"])
    assert await offered(leg.store(), "brain", "1:5") == []
    assert await offered(leg.store("sender"), "sender", "1:5") == ["b"]
    assert [e.row.outcome for e in await leg.records.audit(AuditFilter())] == [Outcome.PROCESSED]


async def test_a_round_whose_block_fails_has_no_effect_at_all(leg: Leg) -> None:
    await given_owed(leg, owed("a"))

    async def fail() -> None:
        async with leg.store().round("brain", ["1:5"]) as current:
            await current.apply(Changes(settled=[ident("a")], owed=[owed("b")], audit=[audited("a")]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await offered(leg.store(), "brain", "1:5") == ["a"]
    assert await leg.records.audit(AuditFilter()) == []


async def test_settling_a_row_that_is_gone_fails_the_whole_round(leg: Leg) -> None:
    await given_owed(leg, owed("a"), owed("b", "1:6"))
    await when_settled(leg, "a")
    with pytest.raises(RowsGone):
        await when_applied(
            leg.store(), "brain", Changes(settled=[ident("a"), ident("b")], audit=[audited("b")])
        )
    assert await offered(leg.store(), "brain", "1:6") == ["b"]
    assert await leg.records.audit(AuditFilter()) == []


async def test_retrying_burying_or_counting_a_row_that_is_gone_changes_nothing(leg: Leg) -> None:
    gone = ident("gone")
    changes = Changes(retries=[Retry(gone, 1, 1.0)], dead=[DeadLetter(gone, ("why",))], deaths=[gone])
    await when_applied(leg.store(), "brain", changes)
    assert await leg.letters.newest(LetterFilter(), 10) == []


async def test_rows_keep_the_order_in_which_one_round_owed_them(leg: Leg) -> None:
    names = [f"part {n}" for n in (3, 1, 2, 5, 4)]
    await given_owed(leg, *(owed(name, target="sender") for name in names))
    seen = []
    for _ in names:
        (name,) = await offered(leg.store("sender"), "sender", "1:5")
        seen.append(name)
        await when_settled(leg, name, target="sender")
    assert seen == names


async def test_owing_an_event_again_leaves_the_row_that_stands(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    await when_applied(leg.store(), "brain", Changes(retries=[Retry(ident("a"), 2, 0.0, ordered=True)]))
    await given_owed(leg, owed("a", delay_s=60))
    async with leg.store().round("brain", ["1:5"]) as current:
        assert [head.attempt for head in current.heads] == [2]


async def test_a_buried_row_leaves_its_lane_and_stands_in_the_dead_letters(leg: Leg) -> None:
    await given_owed(leg, owed("bad"), owed("good"))
    reasons = ("trace_id: missing", "payload.text: must be a text; really, 'quotes' and, commas")
    await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident("bad"), reasons)]))
    assert await offered(leg.store(), "brain", "1:5") == ["good"]
    (letter,) = await leg.letters.newest(LetterFilter(), 10)
    assert (letter.target, letter.event_id, letter.lane) == ("brain", ident("bad"), "1:5")
    assert (letter.reasons, letter.envelope, letter.attempt, letter.deaths) == (reasons, b"bad", 0, 0)


# Marks of runs that did not end


class Killed(BaseException):
    """The end of a process, as far as it can be had within one."""


@pytest.mark.parametrize(("end", "is_marked"), [(Killed, True), (ZeroDivisionError, False)])
async def test_a_mark_outlives_the_end_of_its_process_and_no_other_end(
    leg: Leg, end: type[BaseException], is_marked: bool
) -> None:
    await given_owed(leg, owed("a"))

    async def run() -> None:
        async with leg.store(run="one").round("brain", ["1:5"]) as current:
            await current.mark([ident("a")])
            raise end

    with pytest.raises(end):
        await run()
    async with leg.store(run="two").round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [is_marked]


async def test_a_run_does_not_see_its_own_mark(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    store = leg.store(run="one")
    async with store.round("brain", ["1:5"]) as current:
        await current.mark([ident("a")])
    async with store.round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [False]


async def test_applying_clears_the_mark_of_its_run(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    async with leg.store(run="one").round("brain", ["1:5"]) as current:
        await current.mark([ident("a")])
        await current.apply(Changes(retries=[Retry(ident("a"), 1, 0.0)]))
    async with leg.store(run="two").round("brain", ["1:5"]) as current:
        assert [head.marked for head in current.heads] == [False]


async def test_a_later_mark_of_a_run_replaces_its_earlier_one(leg: Leg) -> None:
    await given_owed(leg, owed("a", "1:1"), owed("b", "1:2"))
    for name, lane in (("a", "1:1"), ("b", "1:2")):
        async with leg.store(run="one").round("brain", [lane]) as current:
            await current.mark([ident(name)])
    async with leg.store(run="two").round("brain", ["1:1", "1:2"]) as current:
        assert {head.envelope: head.marked for head in current.heads} == {b"a": False, b"b": True}


async def test_counting_a_death_raises_it_and_forgets_the_mark_of_that_row_only(leg: Leg) -> None:
    await given_owed(leg, owed("a", "1:1"), owed("b", "1:2"))
    async with leg.store(run="one").round("brain", ["1:1", "1:2"]) as current:
        await current.mark([ident("a"), ident("b")])
    await when_applied(leg.store(run="two"), "brain", Changes(deaths=[ident("a")]))
    async with leg.store(run="two").round("brain", ["1:1", "1:2"]) as current:
        seen = {head.envelope: (head.deaths, head.marked) for head in current.heads}
    assert seen == {b"a": (1, False), b"b": (0, True)}


async def test_each_target_of_a_process_has_a_mark_of_its_own_and_settling_leaves_it(leg: Leg) -> None:
    store = leg.store("sender", "one")
    await given_owed(leg, owed("a", target="sender"), owed("b", target="sender-bulk"))

    async def run() -> None:
        async with store.round("sender", ["1:5"]) as first, store.round("sender-bulk", ["1:5"]) as second:
            await first.mark([ident("a")])
            await second.mark([ident("b")])
            async with store.round("sender", ()) as settling:
                await settling.apply(Changes())
            raise Killed

    with pytest.raises(Killed):
        await run()
    for target in ("sender", "sender-bulk"):
        async with leg.store("sender", "two").round(target, ["1:5"]) as current:
            assert [head.marked for head in current.heads] == [True]


async def test_a_death_is_counted_before_its_row_becomes_a_dead_letter(leg: Leg) -> None:
    await given_owed(leg, owed("a"))
    changes = Changes(deaths=[ident("a")], dead=[DeadLetter(ident("a"), ("why",))])
    await when_applied(leg.store(), "brain", changes)
    (letter,) = await leg.letters.newest(LetterFilter(), 10)
    assert letter.deaths == 1

"""What every Store promises of the delivery ledger: claims, their suspension, deliveries, rates, chats.

Each test runs on both legs, as the sender: ``MemoryStore`` and ``PostgresStore``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from application.changes import Changes, Delivery, Migration, RateState, Retry, Suspended, Unreachable
from application.ports import Round
from application.retention import DAY_S
from tests.contract.legs import (
    Leg,
    a_claim,
    given_owed,
    ident,
    offered,
    owed,
    when_applied,
    when_claimed,
    when_settled,
)


@asynccontextmanager
async def sender_round(
    leg: Leg, *lanes: str, run: str = "one", target: str = "sender"
) -> AsyncIterator[Round]:
    async with leg.store("sender", run).round(target, lanes) as current:
        yield current


async def flags(leg: Leg, lane: str = "1:5") -> tuple[bool, bool]:
    """Return whether the head of the lane is ambiguous, and whether a call for it may be a repeat."""
    async with sender_round(leg, lane) as current:
        (head,) = current.heads
        return head.ambiguous, head.repeat


# Claims


async def test_a_claim_holds_the_chat_until_it_runs_out(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    assert await when_claimed(leg.store("sender"), a_claim("a")) == {"1:5"}
    async with sender_round(leg, "1:5", run="two") as current:
        assert list(current.heads) == []
        assert current.waiting["1:5"] == pytest.approx(30, abs=5)
        assert await current.claim([a_claim("a", token="theirs")]) == set()
    await leg.elapse(31)
    assert await flags(leg) == (True, True)


async def test_a_claim_that_ran_out_is_taken_over_for_the_same_row(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    await leg.elapse(31)
    assert await when_claimed(leg.store("sender", "two"), a_claim("a", token="theirs")) == {"1:5"}
    async with sender_round(leg) as current:
        assert await current.release({"1:5": ident("mine")}) == set(), "the first token is worth nothing now"
        assert await current.release({"1:5": ident("theirs")}) == {"1:5"}


async def test_a_claim_that_ran_out_keeps_the_chat_for_its_row_while_that_is_owed(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"), owed("b", target="sender-bulk"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    await leg.elapse(31)
    assert await when_claimed(leg.store("sender"), a_claim("b"), target="sender-bulk") == set()
    await when_settled(leg, "a", target="sender")
    assert await when_claimed(leg.store("sender"), a_claim("b"), target="sender-bulk") == {"1:5"}


async def test_a_claim_whose_row_is_gone_marks_nothing_of_the_next_row(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"), owed("b", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    await when_settled(leg, "a", target="sender")
    await leg.elapse(31)
    assert await flags(leg) == (False, False)
    assert await when_claimed(leg.store("sender"), a_claim("b", token="next")) == {"1:5"}


async def test_a_chat_is_claimed_by_one_target_of_the_sender_at_a_time(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"), owed("b", target="sender-bulk"))
    async with sender_round(leg, "1:5") as replies:
        assert await replies.claim([a_claim("a")]) == {"1:5"}
    async with sender_round(leg, "1:5", target="sender-bulk") as bulk:
        assert list(bulk.heads) == []
        assert bulk.waiting["1:5"] == pytest.approx(30, abs=5)
        assert await bulk.claim([a_claim("b", token="bulk")]) == set()


async def test_several_chats_are_claimed_at_once_and_the_taken_one_is_lost(leg: Leg) -> None:
    names = {f"1:{n}": f"row {n}" for n in (1, 2, 3)}
    await given_owed(leg, *(owed(name, lane, "sender") for lane, name in names.items()))
    await when_claimed(leg.store("sender"), a_claim("row 2", "1:2"))
    claims = [a_claim(name, lane, f"token {lane}") for lane, name in names.items()]
    assert await when_claimed(leg.store("sender", "two"), *claims) == {"1:1", "1:3"}


async def test_a_claim_of_a_round_that_fails_is_no_claim(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))

    async def fail() -> None:
        async with sender_round(leg, "1:5") as current:
            assert await current.claim([a_claim("a")]) == {"1:5"}
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await offered(leg.store("sender"), "sender", "1:5") == ["a"]
    assert await when_claimed(leg.store("sender", "two"), a_claim("a", token="theirs")) == {"1:5"}


async def test_a_delivery_that_is_settled_is_never_claimed_again(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    settled = Delivery("key-of-a", "1:5", "delivered", 77)
    await when_applied(leg.store("sender"), "sender", Changes(deliveries=[settled]))
    assert await when_claimed(leg.store("sender"), a_claim("a")) == set()


async def test_releasing_needs_the_token_and_frees_the_chat(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    async with sender_round(leg) as current:
        assert await current.release({"1:5": ident("a guess"), "1:6": ident("mine")}) == set()
    async with sender_round(leg) as current:
        assert await current.release({"1:5": ident("mine")}) == {"1:5"}
        await current.apply(Changes())
    assert await flags(leg) == (False, False)


async def test_a_late_release_of_a_claim_that_nobody_took_over_still_counts(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    await leg.elapse(31)
    async with sender_round(leg) as current:
        assert await current.release({"1:5": ident("mine")}) == {"1:5"}


# Suspended claims


@pytest.mark.parametrize(("ambiguous", "expected"), [(True, (True, True)), (False, (False, True))])
async def test_a_suspended_claim_keeps_what_is_known_of_the_calls_before(
    leg: Leg, ambiguous: bool, expected: tuple[bool, bool]
) -> None:
    await given_owed(leg, owed("a", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    async with sender_round(leg) as current:
        await current.release({"1:5": ident("mine")})
        kept = Suspended("1:5", ident("a"), ident("mine"), ambiguous)
        await current.apply(Changes(retries=[Retry(ident("a"), 1, 5.0, ordered=True)], suspended=[kept]))
    async with sender_round(leg, "1:5") as current:
        assert current.waiting["1:5"] == pytest.approx(5, abs=2), "the row waits; the claim is over"
    await leg.elapse(6)
    assert await flags(leg) == expected
    assert await when_claimed(leg.store("sender", "two"), a_claim("a", token="theirs")) == {"1:5"}


async def test_a_suspended_claim_says_nothing_of_another_row(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"), owed("b", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a"))
    async with sender_round(leg) as current:
        await current.release({"1:5": ident("mine")})
        await current.apply(Changes(suspended=[Suspended("1:5", ident("a"), ident("mine"), ambiguous=True)]))
    await when_settled(leg, "a", target="sender")
    assert await flags(leg) == (False, False)


async def test_only_a_claim_that_ran_out_was_abandoned(leg: Leg) -> None:
    await given_owed(leg, owed("a", "1:1", target="sender"), owed("b", "1:2", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("a", "1:1"), a_claim("b", "1:2"))
    async with sender_round(leg) as current:
        await current.release({"1:2": ident("mine")})
        await current.apply(Changes(suspended=[Suspended("1:2", ident("b"), ident("mine"), ambiguous=True)]))
    await leg.elapse(31)
    async with sender_round(leg, "1:1", "1:2") as current:
        seen = {head.envelope: (head.ambiguous, head.abandoned) for head in current.heads}
    assert seen == {b"a": (True, True), b"b": (True, False)}


# Deliveries


async def test_the_ledger_knows_what_was_delivered_and_nothing_else(leg: Leg) -> None:
    done = Delivery("k1", "1:5", "delivered", 77, repeat=True)
    unknown = Delivery("k2", "1:6", "ambiguous")
    await when_applied(leg.store("sender"), "sender", Changes(deliveries=[done, unknown]))
    async with sender_round(leg) as current:
        assert dict(await current.delivered(["k1", "k2", "k3"])) == {"k1": done, "k2": unknown}
        assert dict(await current.delivered([])) == {}


async def test_a_delivery_of_the_same_key_replaces_the_one_before(leg: Leg) -> None:
    for message_id in (1, 2):
        settled = Delivery("k", "1:5", "delivered", message_id)
        await when_applied(leg.store("sender"), "sender", Changes(deliveries=[settled]))
    async with sender_round(leg) as current:
        assert (await current.delivered(["k"]))["k"].message_id == 2


# Rates and chats


async def test_a_bucket_nobody_used_has_been_full_and_open_for_long(leg: Leg) -> None:
    async with sender_round(leg) as current:
        states = await current.rates(["bot:1", "chat:1:5", "bot:1"])
    assert states.keys() == {"bot:1", "chat:1:5"}
    assert all(max(state.full_in_s, state.blocked_for_s) < -DAY_S for state in states.values())


async def test_a_bucket_counts_down_as_time_goes_by(leg: Leg) -> None:
    async with sender_round(leg) as current:
        await current.rates(["bot:1"])
        await current.apply(Changes(rates={"bot:1": RateState(20.0, 60.0)}))
    await leg.elapse(30)
    async with sender_round(leg, run="two") as current:
        state = (await current.rates(["bot:1"]))["bot:1"]
    assert state.full_in_s == pytest.approx(-10, abs=5)
    assert state.blocked_for_s == pytest.approx(30, abs=5)


@pytest.mark.parametrize("bucket", ["chat:1:5", "bot:1"])
async def test_a_row_tells_that_its_chat_or_bot_is_to_be_left_alone(leg: Leg, bucket: str) -> None:
    both = [owed("a", "1:5", "sender"), owed("b", "2:5", "sender")]
    await when_applied(leg.store("brain"), "brain", Changes(owed=both))
    async with sender_round(leg) as current:
        await current.rates([bucket])
        await current.apply(Changes(rates={bucket: RateState(0.0, 60.0)}))
    await leg.elapse(20)
    async with sender_round(leg, "1:5", "2:5", run="two") as current:
        blocked = {head.lane: head.blocked_for_s for head in current.heads}
    assert blocked["1:5"] == pytest.approx(40, abs=5)
    assert blocked["2:5"] == 0


async def test_a_chat_whose_bucket_was_never_blocked_is_not_to_be_left_alone(leg: Leg) -> None:
    await given_owed(leg, owed("a", target="sender"))
    async with sender_round(leg) as current:
        await current.rates(["chat:1:5"])
        await current.apply(Changes())
    async with sender_round(leg, "1:5") as current:
        assert [head.blocked_for_s for head in current.heads] == [0]


async def test_a_chat_may_be_unreachable_and_may_move_more_than_once(leg: Leg) -> None:
    changes = Changes(
        unreachable=[
            Unreachable(1, 5, "Forbidden: bot was blocked by the user"),
            Unreachable(1, 6, "kicked"),
        ],
        migrations=[Migration(1, -5, -1005)],
    )
    for _ in range(2):
        await when_applied(leg.store("sender"), "sender", changes)


async def test_the_sender_owes_to_the_brain_as_well_as_to_itself(leg: Leg) -> None:
    rows = [owed("migrated", "1:-5"), owed("moved", "1:-1005", "sender"), owed("bulk", "1:-9", "sender-bulk")]
    await when_applied(leg.store("sender"), "sender", Changes(owed=rows))
    assert await offered(leg.store("brain"), "brain", "1:-5") == ["migrated"]
    assert await offered(leg.store("sender"), "sender", "1:-1005") == ["moved"]

"""What every LetterWatch and LetterTurn promises: ``MemoryLetterWatch`` with ``MemoryLetterTurn``, and
``PostgresLetterWatch`` with ``PostgresLetterTurn``.

Not here: when it is time to tell and what is said (``tests/unit/test_notices.py``).
"""

import asyncio
import json

import pytest
from attrs import evolve

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.memory.streams import MemoryStreams
from application.changes import Changes, DeadLetter, Owed, ScopedEffect, Unreachable
from application.crashpoints import no_crash
from application.journal import Journal
from application.letters import LetterFilter
from application.notices import LANGUAGE, Fallen, LetterState, Notifier
from application.records import AuditFilter
from domain.access import Policy, Standing
from domain.decisions import AskAccess, PutSetting, SetStanding
from domain.notices import NoticeRule
from tests.contract.legs import Leg, ident, offered, owed, when_applied

ANN, BEN, CAT = "1:u5", "1:u6", "1:u7"
REFUSED = "Telegram: 400 Bad Request: odd"


def labelled(name: str, event_type: str = "telegram.send", key: str = "tg:1:1/reply") -> bytes:
    return json.dumps({"event_type": event_type, "idempotency_key": key, "name": name}).encode()


async def given_letter(
    leg: Leg,
    name: str,
    *,
    lane: str = "1:9",
    target: str = "sender",
    reason: str = REFUSED,
    key: str = "tg:1:1/a",
) -> int:
    """Let an event become a dead letter of a service, and return the letter's id."""
    row = Owed(target, ident(name), lane, None, labelled(name, key=key))
    await when_applied(leg.store(), "brain", Changes(owed=[row]))
    dead = Changes(dead=[DeadLetter(ident(name), (reason, "and more"))])
    await when_applied(leg.store("brain" if target == "brain" else "sender"), target, dead)
    (letter,) = await leg.letters.newest(LetterFilter(event_id=ident(name)), 1)
    return letter.letter_id


async def state_of(leg: Leg) -> LetterState:
    async with leg.watch.turn() as turn:
        return turn.state


async def when_told(leg: Leg, *bots: int) -> list[Fallen]:
    async with leg.watch.turn() as turn:
        return list(await turn.tell(bots or (1,)))


def counted(fallen: list[Fallen] | tuple[Fallen, ...]) -> dict[tuple[int, str, str], int]:
    return {(each.bot_id, each.target, each.reason): each.letters for each in fallen}


# What stands


async def test_without_a_dead_letter_there_is_nothing_to_tell(leg: Leg) -> None:
    state = await state_of(leg)
    assert evolve(state, now=0.0) == LetterState(0.0)
    assert state.now == pytest.approx(leg.now(), abs=30)
    assert await when_told(leg) == []
    assert (await state_of(leg)).told_at is None


async def test_letters_of_every_service_are_counted_by_what_they_are_and_why(leg: Leg) -> None:
    first, *_, last = [await given_letter(leg, name) for name in ("a", "b", "c")]
    await given_letter(leg, "d", target="sender-bulk")
    await given_letter(leg, "e", target="brain", reason="event_id: missing", lane="2:-3")
    state = await state_of(leg)
    assert counted(state.fallen) == {
        (1, "sender", REFUSED): 3, (1, "sender-bulk", REFUSED): 1, (2, "brain", "event_id: missing"): 1,
    }  # fmt: skip
    (sent,) = [each for each in state.fallen if each.target == "sender"]
    assert (sent.event_type, sent.last_id) == ("telegram.send", last)
    assert first < last
    assert sent.first_at == pytest.approx(leg.now(), abs=30)
    assert (state.letters, state.is_known, state.told_at, state.seen_at) == (5, False, None, None)


async def test_bytes_that_tell_nothing_and_lanes_of_no_bot_are_fine(leg: Leg) -> None:
    for name, lane in (("a", "1:9"), ("b", "nobody's"), ("c", "")):
        await when_applied(leg.store(), "brain", Changes(owed=[owed(name, lane)]))
        await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident(name), ("why",))]))
    state = await state_of(leg)
    assert [(each.bot_id, each.event_type) for each in state.fallen] == [(1, None)]
    assert state.letters == 3


async def test_a_notice_that_became_a_letter_is_told_of_to_nobody(leg: Leg) -> None:
    await given_letter(leg, "notice", key="notice:1:12:5")
    state = await state_of(leg)
    assert (state.fallen, state.letters, state.is_known) == ((), 1, False)
    assert await when_told(leg) == []
    await given_letter(leg, "real")
    assert counted(await when_told(leg)) == {(1, "sender", REFUSED): 1}


# Telling


async def test_each_letter_is_told_of_once(leg: Leg) -> None:
    await given_letter(leg, "a")
    await given_letter(leg, "b")
    assert counted(await when_told(leg)) == {(1, "sender", REFUSED): 2}
    state = await state_of(leg)
    assert (state.fallen, state.is_known) == ((), True)
    assert state.told_at == pytest.approx(leg.now(), abs=30)
    await given_letter(leg, "c")
    assert counted((await state_of(leg)).fallen) == {(1, "sender", REFUSED): 1}
    assert counted(await when_told(leg)) == {(1, "sender", REFUSED): 1}
    assert await when_told(leg) == []


async def test_letters_of_other_bots_stay_to_be_told(leg: Leg) -> None:
    await given_letter(leg, "a")
    await given_letter(leg, "b", lane="2:9")
    assert counted(await when_told(leg, 2, 3)) == {(2, "sender", REFUSED): 1}
    assert counted((await state_of(leg)).fallen) == {(1, "sender", REFUSED): 1}


async def test_a_turn_that_fails_leaves_everything_to_be_told(leg: Leg) -> None:
    await given_letter(leg, "a")

    async def fails() -> None:
        async with leg.watch.turn() as turn:
            await turn.tell([1])
            await turn.note([owed("x", target="sender-bulk")], [])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    state = await state_of(leg)
    assert (len(state.fallen), state.told_at) == (1, None)
    assert await offered(leg.store("sender"), "sender-bulk", "1:5") == []


async def test_one_at_a_time_has_something_to_tell(leg: Leg) -> None:
    await given_letter(leg, "a")
    async with leg.watch.turn() as mine:
        assert len(mine.state.fallen) == 1
        async with leg.watch.turn() as theirs:
            assert (theirs.state.fallen, list(await theirs.tell([1]))) == ((), [])
        async with leg.watch.turn() as theirs:
            assert theirs.state.fallen == ()
    assert len((await state_of(leg)).fallen) == 1


async def test_a_redriven_letter_that_dies_again_is_told_of_again(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a")
    await when_told(leg)
    await leg.letters.redrive([letter_id])
    assert not (await state_of(leg)).is_known
    await when_applied(leg.store("sender"), "sender", Changes(dead=[DeadLetter(ident("a"), ("again",))]))
    assert counted(await when_told(leg)) == {(1, "sender", "again"): 1}


# Looking


async def test_what_somebody_saw_need_not_be_told(leg: Leg) -> None:
    seen = await given_letter(leg, "a")
    await given_letter(leg, "b")
    await leg.letters.seen([seen, 10**9])
    state = await state_of(leg)
    assert (counted(state.fallen), state.is_known) == ({(1, "sender", REFUSED): 1}, True)
    assert state.seen_at == pytest.approx(leg.now(), abs=30)
    assert state.told_at is None


async def test_looking_at_nothing_is_looking_too_and_can_be_done_again(leg: Leg) -> None:
    await leg.letters.seen([])
    first = (await state_of(leg)).seen_at
    assert first is not None
    await leg.elapse(100)
    await leg.letters.seen([])
    again = (await state_of(leg)).seen_at
    assert again is not None
    assert again == pytest.approx(leg.now(), abs=30)


# Whom to tell


async def test_a_private_chat_exists_where_something_was_set_or_somebody_asked_and_can_be_reached(
    leg: Leg,
) -> None:
    decided = SetStanding("1:6", Standing.ADMIN, "", "operator")
    asked = AskAccess("1:7", "Cat", "hash", 60.0)
    effects = [ScopedEffect(ANN, PutSetting(LANGUAGE, "de")), ScopedEffect(ANN, PutSetting("tone", "dry"))]
    effects += [
        ScopedEffect(BEN, decided),
        ScopedEffect(CAT, asked),
        ScopedEffect("1:u8", PutSetting("tone", "x")),
    ]
    await when_applied(leg.store(), "brain", Changes(effects=effects))
    gone = Changes(unreachable=[Unreachable(1, 8, "blocked")])
    await when_applied(leg.store("sender"), "sender", gone)
    async with leg.watch.turn() as turn:
        found = await turn.reachable([ANN, BEN, CAT, "1:u8", "1:u9"])
        assert found == {ANN: {LANGUAGE: "de", "tone": "dry"}, CAT: {}}
        assert await turn.reachable([]) == {}
        assert (await turn.access.people(["1:6"]))["1:6"].standing is Standing.ADMIN


async def test_what_is_noted_is_owed_and_audited_with_what_was_told(leg: Leg) -> None:
    await given_letter(leg, "a")
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(ANN, PutSetting("tone", "dry"))]))
    notifiers = [notifier(leg) for _ in range(3)]
    assert sorted(await asyncio.gather(*(each.look() for each in notifiers))) == [0, 0, 1]
    (row,) = [entry.row for entry in await leg.records.audit(AuditFilter(consumer="brain"))]
    assert (row.outcome, row.event_type, row.scope) == ("accepted", "telegram.send", ANN)
    assert row.reason == "tells of 1 dead letter, the last of them 1"
    (envelope,) = await offered(leg.store("sender"), "sender-bulk", "1:5")
    assert json.loads(envelope)["idempotency_key"] == "notice:1:1:5"


# Several at once


def notifier(leg: Leg, gather_s: float = 0.0) -> Notifier:
    """Return one of several who tell user 5, the owner; at once, and again after an hour."""
    clock = ManualClock()
    rule = NoticeRule(gather_s=gather_s, gap_s=60.0, every_s=3600.0)
    return Notifier(
        leg.watch, MemoryStreams(clock), Codec(), clock, Policy(owner=5), rule, no_crash, Journal(clock)
    )


async def test_of_many_who_look_while_letters_die_and_move_each_letter_is_told_of_once(leg: Leg) -> None:
    await when_applied(leg.store(), "brain", Changes(effects=[ScopedEffect(ANN, PutSetting("tone", "dry"))]))
    notifiers, is_over = [notifier(leg) for _ in range(3)], asyncio.Event()

    async def looks(each: Notifier) -> None:
        await each.look()
        while not is_over.is_set():
            await each.look()
            await asyncio.sleep(0)

    async def dies() -> None:
        for n in range(6):
            await given_letter(leg, f"letter {n}")
            if n % 2:
                letters = await leg.letters.newest(LetterFilter(), 1)
                await leg.letters.redrive([letter.letter_id for letter in letters])
        await notifiers[0].look()
        is_over.set()

    await asyncio.gather(dies(), *map(looks, notifiers))
    assert sum(each.counters.notices for each in notifiers) == 1, "the others wait for their time"
    await leg.elapse(3601)
    await asyncio.gather(*map(looks, notifiers))
    rows = [entry.row for entry in await leg.records.audit(AuditFilter(consumer="brain"))]
    assert (
        len(rows)
        == len({row.event_id for row in rows})
        == sum(each.counters.notices for each in notifiers)
        <= 2
    )
    told = sum(each.counters.letters for each in notifiers)
    assert len(await leg.letters.newest(LetterFilter(), 100)) == 3
    assert 3 <= told <= 6
    assert (await state_of(leg)).fallen == ()

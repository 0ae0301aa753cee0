"""What every DeadLetters promises: ``MemoryDeadLetters`` and ``PostgresDeadLetters``."""

import asyncio
import json
from uuid import UUID

import pytest

from application.changes import AuditRow, Changes, DeadLetter, Delivery, Owed, Suspended
from application.letters import Count, LetterFilter, Moved
from application.ports import DeadLetters
from application.records import AuditFilter
from domain.decisions import Outcome
from tests.contract.legs import Leg, a_claim, given_owed, ident, offered, owed, when_applied, when_claimed

TRACE, OTHER_TRACE = "a" * 32, "ab" + "c" * 30
TEXT = "the secret plan for tuesday"
ALL = LetterFilter()


def envelope(**fields: object) -> bytes:
    """Return bytes that hold these fields beside what somebody wrote."""
    return json.dumps({"payload": {"text": TEXT}, **fields}).encode()


async def given_letter(
    leg: Leg,
    name: str,
    *reasons: str,
    lane: str = "1:5",
    target: str = "brain",
    raw: bytes | None = None,
    repeat: bool = False,
) -> int:
    """Let the event ``name`` die and return the id of its letter."""
    content = name.encode() if raw is None else raw
    await given_owed(leg, Owed(target, ident(name), lane, ident("cause"), content))
    dead = Changes(dead=[DeadLetter(ident(name), reasons or ("why",), repeat)])
    await when_applied(leg.store("brain" if target == "brain" else "sender"), target, dead)
    return (await leg.letters.newest(ALL, 1))[0].letter_id


async def names(leg: Leg, wanted: LetterFilter = ALL, limit: int = 100) -> list[str]:
    """Return the envelopes of the matching letters, oldest first."""
    return [letter.envelope.decode() for letter in await leg.letters.newest(wanted, limit)]


async def audit(leg: Leg, outcome: str) -> list[AuditRow]:
    return [entry.row for entry in await leg.records.audit(AuditFilter(outcome=outcome))]


# Finding


async def test_a_letter_tells_everything_of_the_row_that_it_was(leg: Leg) -> None:
    assert isinstance(leg.letters, DeadLetters)
    key = "tg:1:77/reply"
    raw = envelope(event_type="telegram.send", source="brain", trace_id=TRACE, idempotency_key=key)
    letter_id = await given_letter(leg, "a", "one", "two", lane="1:-7", target="sender", raw=raw, repeat=True)
    (letter,) = await leg.letters.newest(ALL, 10)
    assert (letter.letter_id, letter.target, letter.event_id) == (letter_id, "sender", ident("a"))
    assert (letter.lane, letter.cause, letter.reasons) == ("1:-7", ident("cause"), ("one", "two"))
    assert (letter.attempt, letter.deaths, letter.repeat, letter.envelope) == (0, 0, True, raw)
    assert (letter.event_type, letter.source) == ("telegram.send", "brain")
    assert (letter.trace_id, letter.idempotency_key) == (TRACE, key)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe", b"null", b"5", b"[1]", b"[" * 9_000, b'"x"', b'{"trace_id": NaN}', b'{"a": 1, }',
        b'{"trace_id": 11111111111111111111111111111111}', b'{"trace_id": "\\u0000"}', b'{"source": ["brain"]}',
        b'{"idempotency_key": "\\ud800"}', b"\xef\xbb\xbf{}", b'{"event_type": "telegram.send\\n"}',
        envelope(event_type=TEXT, source=TEXT, trace_id=TEXT, idempotency_key=TEXT),
        envelope(event_type="word_by_word", trace_id="0" * 32, idempotency_key="tg:1:2 and " + TEXT),
        envelope(trace_id="A" * 32, idempotency_key="tg:" + "x" * 191, source="x" * 65),
    ],
)  # fmt: skip
async def test_bytes_that_are_no_event_have_no_labels_and_are_kept_as_they_are(leg: Leg, raw: bytes) -> None:
    await given_letter(leg, "a", raw=raw)
    (letter,) = await leg.letters.newest(ALL, 10)
    assert letter.envelope == raw
    labels = (letter.event_type, letter.source, letter.trace_id, letter.idempotency_key)
    assert labels == (None, None, None, None)


async def test_of_a_field_that_stands_twice_the_last_one_counts(leg: Leg) -> None:
    await given_letter(leg, "a", raw=b'{"source": "one", "n": 1e999, "source": "two"}')
    assert (await leg.letters.newest(ALL, 1))[0].source == "two"


async def test_the_newest_letters_are_shown_oldest_first(leg: Leg) -> None:
    for name in ("a", "b", "c"):
        await given_letter(leg, name)
    assert await names(leg, limit=2) == ["b", "c"]
    assert [letter.letter_id for letter in await leg.letters.newest(ALL, 9)] == [1, 2, 3]


async def given_many(leg: Leg) -> dict[str, bytes]:
    """Let four letters die, ten minutes after one another, each different in everything that can be asked for."""
    raws = {
        "a": envelope(event_type="telegram.send", trace_id=TRACE),
        "b": envelope(event_type="telegram.edit", trace_id=OTHER_TRACE),
        "c": envelope(event_type="telegram.send"),
        "d": b"\xff no event",
    }
    await given_letter(leg, "a", "Telegram: 403 Forbidden", target="sender", raw=raws["a"])
    await leg.elapse(600)
    await given_letter(leg, "b", "fine", "Telegram: 400 Bad Request: 100%_", target="sender", raw=raws["b"])
    await leg.elapse(600)
    await given_letter(leg, "c", "it ended its process", lane="1:-7", raw=raws["c"])
    await leg.elapse(600)
    await given_letter(leg, "d", "envelope: must be an object", lane="1:-7", raw=raws["d"])
    return raws


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (LetterFilter(), "abcd"),
        (LetterFilter(target="sender"), "ab"),
        (LetterFilter(target="nobody"), ""),
        (LetterFilter(event_type="telegram.send"), "ac"),
        (LetterFilter(reason="TELEGRAM: 4"), "ab"),
        (LetterFilter(reason="0%_"), "b"),
        (LetterFilter(reason="forbidden"), "a"),
        (LetterFilter(lane="1:-7"), "cd"),
        (LetterFilter(trace="a"), "ab"),
        (LetterFilter(trace="ab"), "b"),
        (LetterFilter(trace=TRACE), "a"),
        (LetterFilter(trace="b"), ""),
        (LetterFilter(event_id=ident("c")), "c"),
        (LetterFilter(letter_id=2), "b"),
        (LetterFilter(target="sender", event_type="telegram.edit", trace="ab", reason="fine"), "b"),
        (LetterFilter(target="brain", event_type="telegram.edit"), ""),
    ],
)
async def test_filters_are_combined(leg: Leg, wanted: LetterFilter, found: str) -> None:
    raws = await given_many(leg)
    letters = await leg.letters.newest(wanted, 10)
    assert [letter.envelope for letter in letters] == [raws[name] for name in found]
    assert await leg.letters.count(wanted) == Count(
        len(found), max([x.letter_id for x in letters], default=0)
    )


async def test_letters_are_found_by_when_they_died(leg: Leg) -> None:
    await given_many(leg)
    (_, second, third, _) = await leg.letters.newest(ALL, 10)
    later = await leg.letters.newest(LetterFilter(since=second.dead_at + 1), 10)
    assert [letter.letter_id for letter in later] == [3, 4]
    between = LetterFilter(since=second.dead_at - 1, until=third.dead_at - 1)
    assert [letter.letter_id for letter in await leg.letters.newest(between, 10)] == [2]


async def test_the_oldest_are_read_on_from_an_id_to_another(leg: Leg) -> None:
    for name in "abcde":
        await given_letter(leg, name, target="sender" if name == "c" else "brain")
    brain = LetterFilter(target="brain")

    async def page(after: int) -> list[int]:
        return [letter.letter_id for letter in await leg.letters.oldest(brain, after, 4, 2)]

    assert [await page(0), await page(2), await page(4)] == [[1, 2], [4], []]


# Redriving


async def test_a_redriven_letter_is_owed_again_as_if_it_had_never_been_tried(leg: Leg) -> None:
    await given_owed(leg, owed("before"))
    letter_id = await given_letter(leg, "dead")
    await given_owed(leg, owed("behind"))
    assert await leg.letters.redrive([letter_id]) == Moved((letter_id,))
    assert await leg.letters.count(ALL) == Count(0, 0)
    order = []
    for _ in range(3):
        async with leg.store().round("brain", ["1:5"]) as current:
            (head,) = current.heads
            order.append(head.envelope.decode())
            await current.apply(Changes(settled=[head.event_id]))
    assert order == ["before", "behind", "dead"], "it takes its place at the end of its lane"
    assert (head.attempt, head.deaths, head.ordered, head.repeat) == (0, 0, True, False)
    assert head.cause == ident("cause")


async def test_redriving_is_audited_with_what_the_envelope_tells(leg: Leg) -> None:
    raw = envelope(event_type="telegram.send", source="brain", trace_id=TRACE, idempotency_key="tg:1:2/reply")
    letter_id = await given_letter(leg, "a", lane="1:-7", target="sender", raw=raw)
    await leg.letters.redrive([letter_id])
    (entry,) = await leg.records.audit(AuditFilter(outcome="redriven"))
    assert entry.consumer == "operator"
    assert entry.row == AuditRow(
        Outcome.REDRIVEN, ident("a"), "telegram.send", "brain", "sender", TRACE, "tg:1:2/reply", ident("cause"),
        "1:c-7",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lane", "scope"), [("1:7", "1:u7"), ("1:-100123", "1:c-100123"), ("", None), ("x:7", None)]
)
async def test_the_scope_in_the_audit_is_that_of_the_lane(leg: Leg, lane: str, scope: str | None) -> None:
    await leg.letters.redrive([await given_letter(leg, "a", lane=lane, raw=b"no event")])
    (row,) = await audit(leg, "redriven")
    assert (row.scope, row.event_id, row.event_type, row.trace_id) == (scope, ident("a"), None, None)


async def test_redriving_twice_or_what_was_never_there_changes_nothing(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a")
    assert await leg.letters.redrive([letter_id, letter_id, 99]) == Moved((letter_id,))
    assert await leg.letters.redrive([letter_id]) == Moved()
    assert await leg.letters.redrive([]) == Moved()
    assert dict((await leg.records.figures()).owed) == {"brain": 1}
    assert len(await audit(leg, "redriven")) == 1


async def test_of_operators_who_redrive_and_discard_at_once_one_does_each_letter(leg: Leg) -> None:
    ids = [await given_letter(leg, f"letter {n}") for n in range(12)]
    results = await asyncio.gather(
        leg.letters.redrive(ids), leg.letters.redrive(ids[::-1]), leg.letters.discard(ids[:6], "old"),
        leg.letters.redrive(ids[6:]), leg.letters.discard(ids, "old"),
    )  # fmt: skip
    assert sorted(x for moved in results for x in moved.done) == ids
    redriven, discarded = await audit(leg, "redriven"), await audit(leg, "discarded")
    assert sorted(row.event_id or UUID(int=0) for row in redriven + discarded) == sorted(
        ident(f"letter {n}") for n in range(12)
    )
    assert sum((await leg.records.figures()).owed.values()) == len(redriven)


async def test_an_event_that_is_owed_already_is_owed_once_and_the_audit_says_so(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a")
    await given_owed(leg, owed("a"))
    assert await leg.letters.redrive([letter_id]) == Moved((), (letter_id,))
    assert dict((await leg.records.figures()).owed) == {"brain": 1}
    assert await leg.letters.count(ALL) == Count(0, 0)
    (row,) = await audit(leg, "redriven")
    assert row.reason == "it was owed already; only the letter was removed"


async def test_letters_are_owed_in_the_order_in_which_they_died(leg: Leg) -> None:
    ids = [await given_letter(leg, f"letter {n}") for n in range(5)]
    await leg.letters.redrive(ids[::-1])
    order = []
    for _ in ids:
        (name,) = await offered(leg.store(), "brain", "1:5")
        await when_applied(leg.store(), "brain", Changes(settled=[ident(name)]))
        order.append(name)
    assert order == [f"letter {n}" for n in range(5)]


async def test_what_dies_again_is_a_letter_with_a_greater_id(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a")
    await leg.letters.redrive([letter_id])
    await when_applied(leg.store(), "brain", Changes(dead=[DeadLetter(ident("a"), ("again",))]))
    (letter,) = await leg.letters.newest(ALL, 10)
    assert letter.letter_id > letter_id
    assert letter.reasons == ("again",)


# Redriving deliveries


async def test_a_redriven_delivery_that_was_settled_meanwhile_is_not_claimed(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a", target="sender")
    delivered = Changes(deliveries=[Delivery("key-of-a", "1:5", "delivered", 7)])
    await when_applied(leg.store("sender"), "sender", delivered)
    await leg.letters.redrive([letter_id])
    assert await when_claimed(leg.store("sender"), a_claim("a")) == set()


async def test_a_redriven_delivery_remembers_that_it_may_be_a_repeat(leg: Leg) -> None:
    first = await given_letter(leg, "a", target="sender", lane="1:1", repeat=True)
    second = await given_letter(leg, "b", target="sender", lane="1:2")
    await leg.letters.redrive([first, second])
    async with leg.store("sender").round("sender", ["1:1", "1:2"]) as current:
        marks = {head.lane: (head.ambiguous, head.repeat) for head in current.heads}
    assert marks == {"1:1": (False, True), "1:2": (False, False)}


@pytest.mark.parametrize("ambiguous", [True, False])
async def test_a_claim_that_a_dead_row_left_does_not_hold_up_its_chat(leg: Leg, ambiguous: bool) -> None:
    """The redriven row stands behind others, which may not claim the chat while a claim of its own is kept."""
    letter_id = await given_letter(leg, "dead", target="sender")
    left = Suspended("1:5", ident("dead"), ident("token"), ambiguous)
    await when_applied(leg.store("sender"), "sender", Changes(suspended=[left]))
    await given_owed(leg, owed("next", target="sender"))
    await leg.letters.redrive([letter_id])
    assert await when_claimed(leg.store("sender"), a_claim("next", token="next")) == {"1:5"}


async def test_a_claim_of_another_event_stays(leg: Leg) -> None:
    letter_id = await given_letter(leg, "dead", target="sender")
    await given_owed(leg, owed("next", target="sender"))
    await when_claimed(leg.store("sender"), a_claim("next"))
    await leg.letters.redrive([letter_id])
    async with leg.store("sender").round("sender", ()) as current:
        assert await current.release({"1:5": ident("mine")}) == {"1:5"}


# Discarding


async def test_a_discarded_letter_is_gone_and_the_audit_keeps_why(leg: Leg) -> None:
    letter_id = await given_letter(leg, "a", lane="1:7")
    assert await leg.letters.discard([letter_id, 99], "the chat is gone") == Moved((letter_id,))
    assert await leg.letters.discard([letter_id], "twice") == Moved()
    assert await leg.letters.count(ALL) == Count(0, 0)
    assert (await leg.records.figures()).owed == {}
    (entry,) = await leg.records.audit(AuditFilter(outcome="discarded"))
    assert (entry.consumer, entry.row.reason, entry.row.scope) == ("operator", "the chat is gone", "1:u7")


async def test_the_audit_of_moving_holds_nothing_that_was_written(leg: Leg) -> None:
    ids = [await given_letter(leg, f"{n}", raw=envelope(event_type=TEXT, source=TEXT)) for n in range(2)]
    await leg.letters.redrive(ids[:1])
    await leg.letters.discard(ids[1:], "old")
    assert "plan" not in str(await leg.records.audit(AuditFilter()))

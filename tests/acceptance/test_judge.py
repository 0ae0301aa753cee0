"""The judge itself: it passes what is right, and tells each breach of a promise."""

import pytest
from attrs import evolve

from application.changes import AuditRow
from application.records import AuditEntry
from domain.decisions import Outcome
from domain.ids import child_key
from tests.acceptance.judge import Allowed, History, judge
from tests.acceptance.load import Said, marked

FIRST, SECOND = Said(7, 1, "one", "tg:1000:1"), Said(7, 2, "two", "tg:1000:2")


def row(consumer: str, outcome: Outcome, key: str) -> AuditEntry:
    return AuditEntry(0.0, consumer, AuditRow(outcome, idempotency_key=key))


def steps(said: Said) -> list[AuditEntry]:
    return [
        row("gateway", Outcome.ACCEPTED, said.key),
        row("brain", Outcome.PROCESSED, said.key),
        row("sender", Outcome.PROCESSED, said.reply_key),
        row("sender", Outcome.ACCEPTED, child_key(said.reply_key, "delivered")),
    ]


AUDIT = [*steps(FIRST), *steps(SECOND)]
RIGHT = History([FIRST, SECOND], {7: ["one", "two"]}, AUDIT, {"owed rows": 0})
AMBIGUOUS = row("sender", Outcome.AMBIGUOUS, SECOND.reply_key)
REPEATED = evolve(RIGHT, answers={7: ["one", "two", marked("two")]}, audit=[*AUDIT, AMBIGUOUS])


def test_what_is_right_passes() -> None:
    judge(RIGHT)
    judge(REPEATED, Allowed(frozenset({SECOND.reply_key})))


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (evolve(RIGHT, answers={7: ["one"]}), "two: answered 0 times"),
        (evolve(RIGHT, answers={7: ["one", "one", "two"]}), "one: answered 2 times"),
        (evolve(RIGHT, answers={7: ["two", "one"]}), "out of order"),
        (evolve(RIGHT, answers={7: ["one", "two", "three"]}), "nobody asked for 'three'"),
        (evolve(RIGHT, left={"owed rows": 1}), "1 left: owed rows"),
        (evolve(RIGHT, audit=AUDIT[1:]), "one: 0 audit rows"),
        (evolve(RIGHT, audit=[*AUDIT, AUDIT[1]]), "one: 2 audit rows"),
        (evolve(RIGHT, audit=[*AUDIT, row("gateway", Outcome.DUPLICATE, FIRST.key)]), "1 updates audited"),
        (evolve(RIGHT, audit=[*AUDIT, row("brain", Outcome.RETRIED, FIRST.key)]), "1 unexpected audit rows"),
        (REPEATED, "two: answered 1 times, and 1 times marked as a repeat"),
        (evolve(REPEATED, audit=AUDIT), "two: repeated without an ambiguous row"),
    ],
)
def test_each_breach_is_told(history: History, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        judge(history)


def test_a_repeat_that_was_not_being_called_at_the_fault_is_a_breach() -> None:
    with pytest.raises(AssertionError, match="two: answered"):
        judge(REPEATED, Allowed(frozenset({FIRST.reply_key})))

"""The brain's rounds on Postgres: a transaction that fails because of one event's data harms only that event.

And what the sweep costs, by which a backlog is found.
"""

import re
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.postgres.sql import SQL
from application.changes import Changes
from application.crashpoints import no_crash
from application.facts import Facts
from application.interpreter import Interpreter
from application.letters import LetterFilter
from application.ports import Round
from application.records import AuditFilter
from application.rounds import Decider
from domain.decisions import Decision, PutSetting
from domain.envelope import Event
from domain.events.telegram import MessageReceived
from domain.retry import RetryPolicy
from tests.contract.legs import PostgresLeg, when_applied
from tests.unit.given import BOT, AsItIs, a_message, an_owed

# Postgres has no text with this character, so the statement that writes it fails.
UNWRITABLE = "planted-value\x00"


def keep_text(event: Event, facts: Facts) -> Decision:
    message = event.payload
    assert isinstance(message, MessageReceived)
    return Decision(effects=(PutSetting("text", UNWRITABLE if message.text == "bad" else "fine"),))


async def know_nothing(current: Round, events: Sequence[Event]) -> Facts:
    return Facts(AsItIs())


async def tell_nobody(changes: Changes) -> None:
    return None


def a_brain(leg: PostgresLeg) -> Decider[Facts]:
    interpreter = Interpreter("brain", Codec(), ManualClock(), RetryPolicy())
    handlers = {"message.received": keep_text}

    async def unbounded(decision: object) -> Decision:
        raise AssertionError("no handler here waits")

    return Decider(
        "brain", leg.store(), interpreter, handlers, know_nothing, tell_nobody, unbounded, no_crash
    )


async def given_messages(leg: PostgresLeg, *texts: str) -> dict[str, UUID]:
    """Owe one message in a chat of its own for each text; return the ids of the events by lane."""
    events = [a_message(text, chat=n, update=n) for n, text in enumerate(texts, 1)]
    await when_applied(leg.store(), "brain", Changes(owed=[an_owed(event) for event in events]))
    return {f"{BOT}:{n}": event.event_id for n, event in enumerate(events, 1)}


@pytest.mark.parametrize("guilty", [0, 3, 6])
async def test_the_guilty_event_alone_is_retried_and_the_others_go_through(
    leg: PostgresLeg, guilty: int
) -> None:
    texts = ["bad" if n == guilty else "good" for n in range(7)]
    ids = await given_messages(leg, *texts)
    report = await a_brain(leg).run(list(ids))
    assert report.lost == set()
    assert report.settled.keys() == ids.keys()
    rows = {entry.row.event_id: entry.row for entry in await leg.records.audit(AuditFilter())}
    outcomes = [rows[event_id].outcome.value for event_id in ids.values()]
    assert outcomes == ["retried" if text == "bad" else "processed" for text in texts]
    assert dict((await leg.records.figures()).owed) == {"brain": 1}


async def test_what_failed_is_told_by_its_kind_and_never_by_the_value(leg: PostgresLeg) -> None:
    ids = await given_messages(leg, "bad")
    await a_brain(leg).run(list(ids))
    (entry,) = await leg.records.audit(AuditFilter())
    assert entry.row.reason == "its transaction failed (CharacterNotInRepertoireError)"


async def test_a_row_that_keeps_failing_ends_as_a_dead_letter(leg: PostgresLeg) -> None:
    ids = await given_messages(leg, "bad", "good")
    brain = a_brain(leg)
    for _ in range(RetryPolicy().attempts_max):
        await brain.run(list(ids))
        await leg.elapse(400)
    (letter,) = await leg.letters.newest(LetterFilter(target="brain"), 10)
    assert letter.attempt == RetryPolicy().attempts_max - 1
    assert (await leg.records.figures()).owed == {}


async def test_the_sweep_ends_with_the_last_lane_that_is_asked_for_however_many_there_are(
    leg: PostgresLeg, database: str
) -> None:
    admin = await asyncpg.connect(database)
    await admin.execute(
        "insert into openclaw.outbox (target, event_id, lane, envelope) select 'brain', gen_random_uuid(), "
        "'1:' || n, '' from generate_series(1, 1000) n"
    )
    await admin.close()
    async with leg.pools["brain"].connection() as connection:
        plan = await connection.fetch(
            f"explain (analyze, costs off, timing off) {SQL['due_lanes']}", "brain", "", 10, 0.0, 20_000
        )
    text = "\n".join(row[0] for row in plan)
    hops = re.search(r"Recursive Union \(actual rows=(\d+)", text)
    assert hops is not None, text
    assert int(hops[1]) <= 11, text

"""When a failed event is tried again, to the hundredth of a second of a clock that is moved by hand.

Not here: where it ends (``test_dlq_routing``), and the arithmetic alone (``tests/unit/test_retry.py``).
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from application.facts import Facts
from application.records import AuditFilter
from domain.decisions import Decision
from domain.envelope import Event
from domain.errors import StoreUnavailable, Transient
from domain.retry import RetryPolicy
from entrypoints.harness import Harness
from tests.acceptance.business import (
    given_handler,
    given_refusal,
    then_all_is_done,
    when_owed,
    when_time_passes,
)

CHAT = 7
TICK_S = 0.01
RUNS = ("retried", "dead_lettered", "processed")


async def given_harness(**settings: Any) -> Harness:
    """Have a harness whose chat has talked to the bot, and in which what is due is taken up at once."""
    harness = Harness(sweep_grace_s=TICK_S / 10, **settings)
    await harness.say(CHAT, CHAT, "/start")
    return harness


def given_failing_handler(harness: Harness, failures: int = 100) -> None:
    """Let messages fail so many times."""
    left = [failures]

    def handle(event: Event, facts: Facts) -> Decision:
        left[0] -= 1
        if left[0] >= 0:
            raise Transient("not yet")
        return Decision()

    given_handler(harness, handle)


async def attempts_of(harness: Harness, event_id: UUID, consumer: str) -> list[float]:
    """Return when each run of an event ended, in seconds since the epoch, as the audit has it."""
    entries = await harness.records.audit(AuditFilter(event_id=event_id, consumer=consumer, limit=1000))
    return [entry.at for entry in entries if entry.row.outcome in RUNS]


async def last_message(harness: Harness) -> UUID:
    row = (await harness.audit(event_type="message.received", consumer="gateway"))[-1]
    assert row.event_id is not None
    return row.event_id


def waits_of(event_id: UUID, policy: RetryPolicy | None = None) -> list[float]:
    policy = policy or RetryPolicy()
    return [policy.delay_s(attempt, event_id) for attempt in range(1, policy.attempts_max)]


async def then_each_attempt_comes_at_its_instant(
    harness: Harness, event_id: UUID, consumer: str, waits_s: Sequence[float]
) -> list[float]:
    """Move the clock to just before each instant at which an attempt is due, and just behind it."""
    for done, wait_s in enumerate(waits_s, 1):
        await harness.advance(wait_s - TICK_S)
        assert len(await attempts_of(harness, event_id, consumer)) == done, "none comes early"
        await harness.advance(2 * TICK_S)
        assert len(await attempts_of(harness, event_id, consumer)) == done + 1, "and none late"
    return await attempts_of(harness, event_id, consumer)


async def test_retry_simulation_attempts_come_by_the_schedule_and_end_in_the_dead_letter_queue() -> None:
    harness = await given_harness()
    given_failing_handler(harness)
    await harness.say(CHAT, CHAT, "hello")
    event_id = await last_message(harness)
    ends = await then_each_attempt_comes_at_its_instant(harness, event_id, "brain", waits_of(event_id))
    assert [round(at - ends[0], 1) for at in ends] == [0.0, 1.0, 2.7, 5.9, 10.7, 25.3]
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 attempts failed, the last one: not yet",)
    assert letter.dead_at == ends[-1]
    rows = await harness.audit(event_id=event_id, consumer="brain")
    assert [(row.outcome.value, row.attempt) for row in rows] == [
        *(("retried", attempt) for attempt in range(5)), ("dead_lettered", 5),
    ]  # fmt: skip
    await when_time_passes(harness, 3600, step_s=300)
    assert len(await attempts_of(harness, event_id, "brain")) == 6, "it is not tried again by itself"


async def test_retry_simulation_the_senders_attempts_keep_their_place_in_the_chat() -> None:
    harness = await given_harness()
    given_refusal(harness, 502, "Bad Gateway", count=6)
    first = await when_owed(harness, "one", CHAT)
    await when_owed(harness, "two", CHAT)
    await harness.settle()
    waits_s = waits_of(first.event_id)
    await then_each_attempt_comes_at_its_instant(harness, first.event_id, "sender", waits_s[:-1])
    assert harness.texts(CHAT)[1:] == [], "what stands behind it waits as long as there are attempts"
    await harness.advance(waits_s[-1] + TICK_S)
    assert harness.texts(CHAT)[1:] == ["two"]
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("6 attempts failed, the last one: Telegram: 502 Bad Gateway",)


async def test_retry_simulation_attempts_and_delays_are_those_that_are_set() -> None:
    given = {"attempts_max": 9, "retry_first_s": 4.0, "retry_longest_s": 20.0}
    harness = await given_harness(**given)
    given_failing_handler(harness)
    await harness.say(CHAT, CHAT, "hello")
    event_id = await last_message(harness)
    waits_s = waits_of(event_id, RetryPolicy(attempts_max=9, base_s=4.0, cap_s=20.0))
    ends = await then_each_attempt_comes_at_its_instant(harness, event_id, "brain", waits_s)
    assert len(ends) == 9
    assert max(waits_s) <= 20.0
    assert 2.0 <= waits_s[0] <= 4.0
    (letter,) = await harness.dead_letters()
    assert letter.reasons == ("9 attempts failed, the last one: not yet",)


async def test_retry_simulation_the_same_failure_waits_the_same_time_in_every_run() -> None:
    runs = []
    for _ in range(2):
        harness = await given_harness()
        given_failing_handler(harness)
        for text in ("one", "two"):
            await harness.say(CHAT, CHAT, text)
        await when_time_passes(harness, 40, step_s=0.2)
        entries = await harness.records.audit(AuditFilter(consumer="brain", outcome="retried", limit=100))
        runs.append([(entry.at, entry.row.event_id, entry.row.attempt) for entry in entries])
    assert runs[0] == runs[1]
    assert len({at for at, _, attempt in runs[0] if attempt == 3}) == 2, "and two events not at the same time"


async def test_retry_simulation_what_succeeds_at_the_last_attempt_leaves_no_dead_letter() -> None:
    harness = await given_harness()
    given_failing_handler(harness, 5)
    await harness.say(CHAT, CHAT, "hello")
    event_id = await last_message(harness)
    await then_each_attempt_comes_at_its_instant(harness, event_id, "brain", waits_of(event_id))
    rows = await harness.audit(event_id=event_id, consumer="brain")
    assert [row.outcome.value for row in rows] == ["retried"] * 5 + ["processed"]
    await then_all_is_done(harness)


async def test_retry_simulation_what_telegram_asks_to_wait_is_waited_in_full_and_is_no_attempt() -> None:
    harness = await given_harness()
    given_refusal(harness, 429, "Too Many Requests: retry after 17", retry_after_s=17, count=8)
    event = await when_owed(harness, "one", CHAT)
    await harness.settle()
    await then_each_attempt_comes_at_its_instant(harness, event.event_id, "sender", [17.0] * 8)
    rows = await harness.audit(event_id=event.event_id, consumer="sender")
    assert {row.attempt for row in rows} == {0}
    assert harness.texts(CHAT)[1:] == ["one"]
    await then_all_is_done(harness)


async def test_retry_simulation_while_postgres_is_away_no_attempt_is_spent() -> None:
    harness = await given_harness()
    given_failing_handler(harness, 1)
    await harness.say(CHAT, CHAT, "hello")
    event_id = await last_message(harness)
    harness.database.down = True
    for _ in range(100):
        await harness.clock.advance(60)
        with suppress(StoreUnavailable):
            await harness.step()
    harness.database.down = False
    await harness.advance(TICK_S)
    rows = await harness.audit(event_id=event_id, consumer="brain")
    assert [(row.outcome.value, row.attempt) for row in rows] == [("retried", 0), ("processed", 1)]

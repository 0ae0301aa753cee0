"""Each kind of failure ends where it should, with its reasons and its bytes, and can be brought back from there.

Not here: when it is tried again until then (``test_retry_simulation``), what moving letters means in detail
(``test_dead_letters``), poison in real processes (``tests/wiring``).
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve, frozen

from adapters.botworld import FaultKind
from adapters.codec import Codec
from application.brain import on_message
from application.facts import Facts
from application.letters import Letter
from domain.decisions import Decision, Emit
from domain.envelope import Event
from domain.errors import Permanent, Transient
from domain.events.telegram import TelegramEdit, TelegramSend
from domain.notices import Cause, cause_of
from entrypoints.harness import BOT_ID, Harness
from tests.acceptance.business import (
    KillAt,
    Killed,
    expect_deaths,
    given_fault,
    given_handler,
    given_refusal,
    then_all_is_done,
    when_owed,
    when_time_passes,
)

CHAT, OTHER = 7, 8
Act = Callable[[Harness], Awaitable[None]]


def raises(error: BaseException) -> Act:
    """Return the act of writing a message whose handler raises, and of starting anew as often as that kills."""

    async def act(harness: Harness) -> None:
        def handle(event: Event, facts: Facts) -> Decision:
            raise error

        given_handler(harness, handle)
        harness.world.say(CHAT, CHAT, "hello")
        for _ in range(60):
            try:
                await harness.advance(1)
            except Killed:
                harness.restart()
                given_handler(harness, handle)

    return act


def refused(code: int, description: str) -> Act:
    async def act(harness: Harness) -> None:
        given_refusal(harness, code, description, count=6)
        await when_owed(harness, "hello", CHAT)
        await when_time_passes(harness, 90)

    return act


def written(target: str, envelope: bytes) -> Act:
    """Return the act of owing bytes that nobody of ours wrote."""

    async def act(harness: Harness) -> None:
        event = await harness.owe(
            TelegramSend(bot_id=BOT_ID, chat_id=CHAT, text="x"), "forged", target=target
        )
        row = harness.database.tables.outbox[(target, event.event_id)]
        row.head = evolve(row.head, envelope=envelope)
        await harness.settle()

    return act


async def makes_nonsense(harness: Harness) -> None:
    send = TelegramSend(bot_id=0, chat_id=CHAT, text="")
    given_handler(harness, lambda event, facts: Decision(events=(Emit("reply", send),)))
    await harness.say(CHAT, CHAT, "hello")


async def is_for_another(harness: Harness) -> None:
    await harness.owe(TelegramSend(bot_id=BOT_ID, chat_id=CHAT, text="x"), "lost", target="brain")
    await harness.settle()


async def edits_what_was_never_sent(harness: Harness) -> None:
    await harness.owe(
        TelegramEdit(bot_id=BOT_ID, chat_id=CHAT, delivery_key="tg:1:1/reply", text="x"), "an edit"
    )
    await harness.settle()


async def is_never_answered(harness: Harness) -> None:
    given_fault(harness, FaultKind.RESET_BEFORE, count=6)
    await when_owed(harness, "hello", CHAT)
    await when_time_passes(harness, 120)


@frozen
class Route:
    """A kind of failure: what happens, and where it ends with which reasons, attempts and row of the audit."""

    name: str
    act: Act
    target: str
    reasons: tuple[str, ...]
    cause: Cause
    attempt: int = 0
    deaths: int = 0
    outcome: str = "dead_lettered"
    # Whether trying again helps once what was wrong is mended.
    can_be_mended: bool = True


UNKNOWN_TYPE = {
    "event_id": str(UUID(int=5)), "event_type": "memory.dreamt", "schema_version": "1.0.0", "source": "brain",
    "target": "brain", "timestamp": "2026-11-22T16:00:00.000000Z", "trace_id": "a" * 32,
    "idempotency_key": "tg:1:1", "payload": {"bot_id": 1000, "chat_id": 7, "secret": "what somebody wrote"},
}  # fmt: skip
ROUTES = (
    Route("bytes that are no JSON", written("brain", b"\xff\x00"), "brain", ("envelope: not JSON",), Cause.UNREADABLE,
          outcome="rejected", can_be_mended=False),
    Route("an envelope without its fields", written("sender", b'{"payload": {}, "trace_id": 5}'), "sender",
          ("event_id: missing", "event_type: missing"), Cause.UNREADABLE, outcome="rejected", can_be_mended=False),
    Route("an unknown type", written("brain", json.dumps(UNKNOWN_TYPE).encode()), "brain",
          ("event_type: unknown type 'memory.dreamt'",), Cause.UNREADABLE, outcome="rejected", can_be_mended=False),
    Route("a type that its target does not handle", is_for_another, "brain",
          ("brain has no handler for telegram.send",), Cause.UNHANDLED, can_be_mended=False),
    Route("a permanent error", raises(Permanent("this cannot be done")), "brain", ("this cannot be done",),
          Cause.OTHER),
    Route("attempts that are spent", raises(Transient("the weather is bad")), "brain",
          ("6 attempts failed, the last one: the weather is bad",), Cause.SPENT, attempt=5),
    Route("an error that nobody foresaw", raises(KeyError("what somebody wrote")), "brain",
          ("6 attempts failed, the last one: KeyError in the handler",), Cause.SPENT, attempt=5),
    Route("deaths of its process", raises(Killed()), "brain", ("it ended its process",), Cause.ENDED_PROCESS,
          deaths=3),
    Route("a handler that makes nonsense", makes_nonsense, "brain",
          ("its handler made an invalid event: payload.bot_id: must be a whole number from 1 to 9007199254740991; "
           "payload.text: must be text of 1 to 4096 UTF-16 units",), Cause.OTHER),
    Route("a call that Telegram refuses for good", refused(400, "Bad Request: odd"), "sender",
          ("Telegram: 400 Bad Request: odd",), Cause.REFUSED),
    Route("a chat that blocked the bot", refused(403, "Forbidden: bot was blocked by the user"), "sender",
          ("Telegram: 403 Forbidden: bot was blocked by the user",), Cause.UNREACHABLE),
    Route("a chat that is gone", refused(400, "Bad Request: chat not found"), "sender",
          ("Telegram: 400 Bad Request: chat not found",), Cause.UNREACHABLE),
    Route("Telegram that is down", refused(502, "Bad Gateway"), "sender",
          ("6 attempts failed, the last one: Telegram: 502 Bad Gateway",), Cause.SPENT, attempt=5),
    Route("calls that nobody answers", is_never_answered, "sender",
          ("6 calls were made and whether one took effect is unknown",), Cause.UNKNOWN, attempt=5),
    Route("an edit of what was never sent", edits_what_was_never_sent, "sender",
          ("the message it edits was never delivered",), Cause.OTHER, can_be_mended=False),
)  # fmt: skip


def when_mended(harness: Harness) -> None:
    """Take back whatever was wrong with Telegram or the brain."""
    harness.world.faults.clear()
    given_handler(harness, on_message)


@pytest.fixture
async def harness() -> Harness:
    expect_deaths()
    made = Harness(crash=KillAt())
    for chat in (CHAT, OTHER):
        await made.say(chat, chat, "/start")
    return made


@pytest.fixture(params=ROUTES, ids=lambda route: route.name)
async def dead(request: pytest.FixtureRequest, harness: Harness) -> tuple[Route, Letter, bytes]:
    """A failure of each kind: its route, the letter that came of it, and the bytes that were owed."""
    owed: dict[UUID, bytes] = {}
    route: Route = request.param
    commit = type(harness.database).commit

    def noted(database: Any, view: Any) -> Any:
        owed.update({event_id: row.head.envelope for (_, event_id), row in database.tables.outbox.items()})
        return commit(database, view)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(harness.database), "commit", noted)
        await route.act(harness)
    (letter,) = await harness.dead_letters()
    return route, letter, owed[letter.event_id]


async def test_dlq_routing_each_failure_ends_with_its_reasons_and_its_raw_bytes(
    harness: Harness, dead: tuple[Route, Letter, bytes]
) -> None:
    route, letter, owed = dead
    assert letter.target == route.target
    assert letter.reasons[: len(route.reasons)] == route.reasons
    assert cause_of(letter.reasons[0]) is route.cause, "and admins are told of it in the right words"
    assert (letter.attempt, letter.deaths, letter.lane) == (route.attempt, route.deaths, f"{BOT_ID}:{CHAT}")
    assert letter.envelope == owed != b""
    consumer = route.target.partition("-")[0]
    rows = await harness.audit(event_id=letter.event_id, consumer=consumer)
    assert [row.outcome.value for row in rows].count(route.outcome) == 1
    assert [row.outcome.value for row in rows][-1] == route.outcome
    assert "somebody wrote" not in "".join(row.reason for row in rows)
    assert harness.owed == 0
    when_mended(harness)
    assert (await harness.say(OTHER, OTHER, "and you?"))[-1:] == ["and you?"]


async def test_dlq_routing_what_is_redriven_once_its_cause_is_mended_is_handled(
    harness: Harness, dead: tuple[Route, Letter, bytes]
) -> None:
    route, letter, _ = dead
    when_mended(harness)
    before = len(harness.texts(CHAT))
    moved = await harness.redrive(letter.letter_id)
    assert moved.done == (letter.letter_id,)
    await when_time_passes(harness, 40)
    redriven = await harness.audit(event_id=letter.event_id, outcome="redriven")
    assert len(redriven) == 1
    if route.can_be_mended:
        assert [text.partition("\n")[0] for text in harness.texts(CHAT)[before:]] == ["hello"]
        # What a dead process held is let go of by whoever compares it with what is in hand.
        for consumer in (harness.brain, *(sending.consumer for sending in harness.sendings)):
            await consumer.reconcile()
        await then_all_is_done(harness)
        return
    (again,) = await harness.dead_letters()
    assert (again.event_id, again.reasons, again.envelope) == (
        letter.event_id,
        letter.reasons,
        letter.envelope,
    )
    assert again.letter_id > letter.letter_id
    assert harness.texts(CHAT)[before:] == []


async def test_dlq_routing_every_cause_that_admins_are_told_of_has_a_failure_here() -> None:
    """Letters that a restore parks are in ``tests/wiring/test_backup.py``."""
    assert {route.cause for route in ROUTES} == set(Cause) - {Cause.RESTORED}


async def test_dlq_routing_what_is_dead_decodes_to_the_event_that_it_was(harness: Harness) -> None:
    await refused(400, "Bad Request: odd")(harness)
    (letter,) = await harness.dead_letters()
    event = Codec().decode(letter.envelope)
    assert event.event_id == letter.event_id
    assert isinstance(event.payload, TelegramSend)
    assert event.payload.text == "hello"

"""What came of a call, as changes: one row of the ledger, of the audit and of the outbox for each outcome."""

from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from application.botcalls import bot_call
from application.changes import Changes, Delivery, RateState, Suspended, Unreachable
from application.interpreter import Interpreter, Run
from application.settling import (
    CHATS_WAITING_FOR_BOT,
    MISCONFIGURED_S,
    Flight,
    Outcomes,
    Result,
    Settlement,
    message_id_of,
)
from domain.decisions import Outcome
from domain.envelope import create
from domain.errors import NoAnswer, NotSent, Refusal, Refused, TelegramError
from domain.events.tasks import ReminderOutcome, ReminderSettled
from domain.events.telegram import MessageClass, TelegramSend
from domain.ids import event_id_of
from domain.retry import RetryPolicy
from domain.tasks.keys import named_by, reminder_key
from tests.unit.given import BOT, a_head, a_send

TOKEN = UUID(int=9)
ANSWER = {"message_id": 77}


class Desk:
    """The sender's accounts."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.outcomes = Outcomes(Interpreter("sender", Codec(), self.clock, RetryPolicy(), keeps_order=True))
        self.changes = Changes()

    def settle(
        self, result: Result, *, held: bool = True, known: Any = None, states: Any = None
    ) -> Settlement:
        return self.outcomes.settle(result, held, known or {}, states or {}, self.changes)

    @property
    def audited(self) -> list[str]:
        return [row.outcome.value for row in self.changes.audit]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def a_flight(*, chat: int = 7, repeat: bool = False, **head: Any) -> Flight:
    event = a_send(chat=chat)
    run = Run(a_head(event, **head), event, 0.0)
    return Flight(run, bot_call(event.payload, repeat=repeat, message_id=None), TOKEN, 30.0, repeat)


def came(error: TelegramError | None = None, answer: object = None, **flight: Any) -> Result:
    return Result(a_flight(**flight), answer, error)


def refused(code: int, text: str = "x", *, flight: dict[str, Any] | None = None, **more: Any) -> Result:
    return came(Refused(Refusal(code, text, **more)), **(flight or {}))


def test_sender_handler(desk: Desk) -> None:
    """A message that Telegram took is settled, kept in the ledger and told to the audit, once each."""
    result = came(answer=ANSWER)
    assert desk.settle(result) == Settlement(True, [])
    assert desk.changes.settled == [result.flight.run.head.event_id]
    assert desk.changes.deliveries == [Delivery(f"tg:{BOT}:1", f"{BOT}:7", "delivered", 77, False)]
    rows = [(row.event_type, row.outcome) for row in desk.changes.audit]
    assert rows == [("telegram.send", Outcome.PROCESSED), ("telegram.delivered", Outcome.ACCEPTED)]
    assert desk.changes.owed == []


def test_a_delivery_that_may_be_a_repeat_stays_marked_as_one(desk: Desk) -> None:
    desk.settle(came(answer=ANSWER, repeat=True))
    assert desk.changes.deliveries[0].repeat


@pytest.mark.parametrize("error", [NotSent("no net"), Refused(Refusal(500, "x"))])
def test_a_call_that_did_nothing_is_retried_in_its_place(desk: Desk, error: TelegramError) -> None:
    assert desk.settle(came(error, attempt=1)).is_done is False
    (retry,) = desk.changes.retries
    assert (retry.attempt, retry.ordered) == (2, True)
    assert desk.audited == ["retried"]
    assert desk.changes.suspended == []


def test_a_call_that_did_nothing_for_the_last_time_is_a_dead_letter(desk: Desk) -> None:
    assert desk.settle(came(NotSent("no net"), attempt=5)).is_done
    assert desk.audited == ["dead_lettered"]


def test_a_call_without_an_answer_leaves_its_claim_behind_for_the_next_one_to_account_for(desk: Desk) -> None:
    result = came(NoAnswer("reset"), attempt=1)
    assert not desk.settle(result).is_done
    (retry,) = desk.changes.retries
    assert retry.attempt == 1, "whoever takes the claim over counts it"
    kept = Suspended(f"{BOT}:7", result.flight.run.head.event_id, TOKEN, ambiguous=True)
    assert desk.changes.suspended == [kept]
    assert desk.audited == ["retried"]


@pytest.mark.parametrize("error", [NotSent("no net"), Refused(Refusal(429, "x", retry_after_s=3))])
def test_after_an_ambiguous_call_the_possibility_of_a_repeat_is_kept(
    desk: Desk, error: TelegramError
) -> None:
    desk.settle(came(error, repeat=True))
    assert [each.ambiguous for each in desk.changes.suspended] == [False]


def test_waiting_as_told_costs_no_attempt_and_blocks_the_chats_bucket(desk: Desk) -> None:
    result = refused(429, retry_after_s=300, flight={"attempt": 5})
    assert desk.outcomes.blocks(result) == {f"chat:{BOT}:7": 300.0}
    assert not desk.settle(result, states={f"chat:{BOT}:7": RateState(1.0, -5.0)}).is_done
    (retry,) = desk.changes.retries
    assert (retry.attempt, retry.delay_s, retry.ordered) == (5, 300.0, True)
    assert desk.changes.rates == {f"chat:{BOT}:7": RateState(1.0, 300.0)}
    assert desk.outcomes.held_s(BOT, f"{BOT}:7") == 300.0
    assert desk.outcomes.held_s(BOT, f"{BOT}:8") <= 0


def test_several_chats_that_are_told_to_wait_hold_the_whole_bot_until_the_first_may_be_asked(
    desk: Desk,
) -> None:
    chats = range(7, 7 + CHATS_WAITING_FOR_BOT)
    states = {name: RateState() for name in (f"bot:{BOT}", *(f"chat:{BOT}:{chat}" for chat in chats))}
    for chat in chats:
        assert f"bot:{BOT}" not in desk.changes.rates, "a few chats are no bot"
        desk.settle(refused(429, retry_after_s=10 * chat, flight={"chat": chat}), states=states)
    blocked = {name: state.blocked_for_s for name, state in desk.changes.rates.items()}
    assert blocked == {f"bot:{BOT}": 70.0, **{f"chat:{BOT}:{chat}": 10.0 * chat for chat in chats}}
    assert desk.outcomes.held_s(BOT, f"{BOT}:99") == 70.0
    assert desk.outcomes.held_s(BOT, f"{BOT}:8") == 80.0
    assert desk.outcomes.held_s(2, "2:9") <= 0, "another bot goes on"


def test_a_shorter_wait_that_is_told_later_does_not_end_a_longer_one(desk: Desk) -> None:
    states = {f"chat:{BOT}:7": RateState(0.0, 60.0)}
    desk.settle(refused(429, retry_after_s=5), states=states)
    assert desk.changes.rates[f"chat:{BOT}:7"].blocked_for_s == 60.0


async def test_chats_that_waited_long_ago_hold_nobody(desk: Desk) -> None:
    desk.settle(refused(429, retry_after_s=5))
    await desk.clock.advance(6)
    assert desk.outcomes.blocks(refused(429, retry_after_s=5, flight={"chat": 8})) == {f"chat:{BOT}:8": 5.0}


def test_a_token_that_is_not_known_costs_no_attempt(desk: Desk) -> None:
    desk.settle(refused(401, "Unauthorized"))
    assert [(retry.attempt, retry.delay_s) for retry in desk.changes.retries] == [(0, MISCONFIGURED_S)]


def test_what_telegram_has_already_counts_as_delivered(desk: Desk) -> None:
    assert desk.settle(refused(400, "Bad Request: message is not modified: x")).is_done
    assert [each.outcome for each in desk.changes.deliveries] == ["delivered"]


@pytest.mark.parametrize(("code", "unreachable"), [(400, 0), (403, 1)])
def test_a_permanent_refusal_is_a_dead_letter_that_the_ledger_knows_nothing_of(
    desk: Desk, code: int, unreachable: int
) -> None:
    assert desk.settle(refused(code, "Forbidden: bot was blocked by the user")).is_done
    assert desk.audited == ["dead_lettered"]
    assert desk.changes.deliveries == []
    assert len(desk.changes.unreachable) == unreachable
    for chat in desk.changes.unreachable:
        assert chat == Unreachable(BOT, 7, "Forbidden: bot was blocked by the user")


def test_a_group_that_moved_is_written_to_where_it_is_and_its_data_follow(desk: Desk) -> None:
    result = refused(400, "x", migrate_to_chat_id=-1005, flight={"chat": -5})
    settlement = desk.settle(result)
    assert settlement.is_done
    assert [(owed.target, owed.lane) for owed in desk.changes.owed] == [
        ("sender", f"{BOT}:-1005"),
        ("brain", f"{BOT}:-5"),
    ]
    assert len(settlement.wakeups) == 2
    assert [move.new_chat_id for move in desk.changes.migrations] == [-1005]
    sent = Codec().decode(desk.changes.owed[0].envelope)
    assert sent.idempotency_key == f"tg:{BOT}:1/moved"


# Too late


@pytest.mark.parametrize(
    ("error", "answer", "audited"),
    [
        (None, ANSWER, ["ambiguous"]),
        (NoAnswer("reset"), None, ["ambiguous"]),
        (NotSent("no net"), None, []),
        (Refused(Refusal(500, "x")), None, []),
    ],
)
def test_a_late_call_tells_what_it_may_have_done_and_changes_nothing(
    desk: Desk, error: TelegramError | None, answer: object, audited: list[str]
) -> None:
    assert desk.settle(came(error, answer), held=False) == Settlement(False)
    assert desk.audited == audited
    assert evolve(desk.changes, audit=[]) == Changes()


def test_a_settlement_that_was_committed_though_its_answer_was_lost_is_no_late_one(desk: Desk) -> None:
    known = {f"tg:{BOT}:1": Delivery(f"tg:{BOT}:1", f"{BOT}:7", "delivered", 77)}
    desk.settle(came(answer=ANSWER), held=False, known=known)
    assert desk.audited == []


@pytest.mark.parametrize(
    ("answer", "message_id"),
    [(ANSWER, 77), (True, None), (None, None), ({}, None), ({"message_id": "7"}, None)],
)
def test_the_id_of_a_message_is_read_where_there_is_one(answer: object, message_id: int | None) -> None:
    assert message_id_of(answer) == message_id


# Reminders

A_TASK = event_id_of("a task")


def a_reminder(key: str = reminder_key(A_TASK, 1_000_000.5), **head: Any) -> Flight:
    send = TelegramSend(bot_id=BOT, chat_id=7, text="Water the plants", message_class=MessageClass.REMINDER)
    event = create(send, source="brain", key=key, trace_id="a" * 32, timestamp="2026-01-01T00:00:00Z")
    run = Run(a_head(event, **head), event, 0.0)
    return Flight(run, bot_call(send, repeat=False, message_id=None), TOKEN, 30.0, False)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, ReminderOutcome.DELIVERED),
        (Refused(Refusal(403, "Forbidden: bot was blocked by the user")), ReminderOutcome.UNREACHABLE),
        (Refused(Refusal(400, "Bad Request: no such thing")), ReminderOutcome.FAILED),
        (NotSent("no net"), ReminderOutcome.FAILED),
    ],
)
def test_the_brain_is_told_what_became_of_a_reminder(
    desk: Desk, error: TelegramError | None, outcome: ReminderOutcome
) -> None:
    settlement = desk.settle(Result(a_reminder(attempt=5), ANSWER if error is None else None, error))
    assert settlement.is_done
    (owed,) = desk.changes.owed
    assert [wakeup.event_id for wakeup in settlement.wakeups] == [owed.event_id]
    told = Codec().decode(owed.envelope)
    assert (told.target, told.event_type, owed.lane) == ("brain", "reminder.settled", f"{BOT}:7")
    assert told.payload == ReminderSettled(
        task_id=A_TASK, bot_id=BOT, chat_id=7, bucket="1970-01-12T13:46:40.500000Z", outcome=outcome,
        delivery_key=reminder_key(A_TASK, 1_000_000.5),
    )  # fmt: skip


def test_nothing_is_told_of_a_reminder_that_is_tried_again_nor_of_further_parts_of_one(desk: Desk) -> None:
    desk.settle(Result(a_reminder(attempt=1), None, NotSent("no net")))
    desk.settle(Result(a_reminder(f"{reminder_key(A_TASK, 1.0)}/reminder.2"), ANSWER, None))
    assert desk.changes.owed == []


def test_a_reminder_follows_its_group_under_its_own_key(desk: Desk) -> None:
    refusal = Refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1007)
    desk.settle(Result(a_reminder(), None, Refused(refusal)))
    moved = Codec().decode(desk.changes.owed[0].envelope)
    assert named_by(moved.idempotency_key) is not None
    assert isinstance(moved.payload, TelegramSend)
    assert moved.payload.chat_id == -1007

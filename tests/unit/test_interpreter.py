"""Decisions as changes: children derived, effects stamped, failures counted, and nothing half done."""

from uuid import UUID

import pytest

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from application.changes import Changes, ScopedEffect
from application.interpreter import Interpreter, Run, describe, event_row, parts_of, scope_of
from domain.decisions import Decision, Emit, Outcome, PutSetting
from domain.envelope import Event
from domain.errors import InvalidEvent, Permanent, Transient
from domain.events.telegram import Button, Entity, TelegramDelivered, TelegramEdit, TelegramSend
from domain.ids import child_id
from domain.retry import RetryPolicy
from domain.text import utf16_length
from tests.unit.given import BOT, a_head, a_message

SEND = TelegramSend(bot_id=BOT, chat_id=7, text="hello")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def interpreter(clock: ManualClock) -> Interpreter:
    return Interpreter("brain", Codec(), clock, RetryPolicy())


def a_run(event: Event | None = None, **head: object) -> Run:
    event = event or a_message()
    return Run(a_head(event, **head), event, 0.0)


# Success


def test_success_settles_owes_audits_and_wakes(interpreter: Interpreter) -> None:
    changes, run = Changes(), a_run()
    wakeups = interpreter.succeed(run, Decision(events=(Emit("reply", SEND),)), changes)
    (owed,) = changes.owed
    assert changes.settled == [run.head.event_id]
    assert (owed.target, owed.lane, owed.cause) == ("sender", f"{BOT}:7", run.head.event_id)
    assert [row.outcome for row in changes.audit] == [Outcome.PROCESSED]
    assert [(w.target, w.lane, w.event_id, w.envelope) for w in wakeups] == [
        ("sender", f"{BOT}:7", owed.event_id, owed.envelope)
    ]
    child = Codec().decode(owed.envelope)
    assert child.event_id == child_id(run.head.event_id, "reply")
    assert child.idempotency_key == f"tg:{BOT}:1/reply"
    assert run.event is not None
    assert (child.trace_id, child.source) == (run.event.trace_id, "brain")


def test_a_handler_that_runs_twice_names_the_same_events(
    interpreter: Interpreter, clock: ManualClock
) -> None:
    first, second = Changes(), Changes()
    interpreter.succeed(a_run(), Decision(events=(Emit("reply", SEND),)), first)
    interpreter.succeed(a_run(), Decision(events=(Emit("reply", SEND),)), second)
    assert first.owed == second.owed


def test_an_event_with_a_delay_wakes_nobody_yet(interpreter: Interpreter) -> None:
    changes = Changes()
    assert interpreter.succeed(a_run(), Decision(events=(Emit("later", SEND, delay_s=5.0),)), changes) == []
    assert changes.owed[0].delay_s == 5.0


def test_an_event_goes_to_the_target_that_it_names(interpreter: Interpreter) -> None:
    changes = Changes()
    interpreter.succeed(a_run(), Decision(events=(Emit("bulk", SEND, target="sender-bulk"),)), changes)
    assert [owed.target for owed in changes.owed] == ["sender-bulk"]


def test_an_event_that_nobody_consumes_is_audited_and_never_owed(interpreter: Interpreter) -> None:
    done = TelegramDelivered(bot_id=BOT, chat_id=7, delivery_key="k", repeat=False, method="sendMessage")
    changes, run = Changes(), a_run()
    assert interpreter.succeed(run, Decision(events=(Emit("delivered", done),)), changes) == []
    assert changes.owed == []
    rows = [(row.event_type, row.outcome, row.cause) for row in changes.audit]
    assert rows[1] == ("telegram.delivered", Outcome.ACCEPTED, run.head.event_id)


def test_an_effect_is_stamped_with_the_scope_of_its_event_whatever_its_handler_thinks(
    interpreter: Interpreter,
) -> None:
    changes = Changes()
    for event in (a_message(), a_message(chat=-5, update=2)):
        interpreter.succeed(a_run(event), Decision(effects=(PutSetting("x", "y"),)), changes)
    stamped = [(f"{BOT}:u7", PutSetting("x", "y")), (f"{BOT}:c-5", PutSetting("x", "y"))]
    assert changes.effects == [ScopedEffect(*each) for each in stamped]


def test_a_failure_while_making_events_leaves_nothing_of_the_run(interpreter: Interpreter) -> None:
    changes = Changes()
    events = (Emit("good", SEND), Emit("bad", TelegramSend(bot_id=BOT, chat_id=7, text="")))
    with pytest.raises(InvalidEvent):
        interpreter.succeed(a_run(), Decision(events, (PutSetting("x", "y"),)), changes)
    assert changes == Changes()


# Long messages


def test_a_text_that_fits_is_left_alone() -> None:
    emit = Emit("reply", TelegramSend(bot_id=BOT, chat_id=7, text="x" * 4000))
    assert parts_of(emit) == [emit]


def test_a_long_text_becomes_parts_with_names_of_their_own_and_room_for_the_mark() -> None:
    buttons = ((Button("More", "m"),),)
    send = TelegramSend(bot_id=BOT, chat_id=7, text="word " * 3000, buttons=buttons, reply_to_message_id=4)
    parts = parts_of(Emit("reply", send))
    assert [part.name for part in parts] == ["reply", "reply.2", "reply.3", "reply.4"]
    payloads = [part.payload for part in parts]
    assert all(isinstance(payload, TelegramSend) for payload in payloads)
    sends = [payload for payload in payloads if isinstance(payload, TelegramSend)]
    assert [bool(each.buttons) for each in sends] == [False, False, False, True]
    assert [each.reply_to_message_id for each in sends] == [4, None, None, None]
    assert all(utf16_length(each.text) <= 4000 for each in sends)


def test_more_entities_than_telegram_shows_make_more_parts() -> None:
    bold = tuple(Entity("bold", 5 * number, 4) for number in range(250))
    parts = parts_of(Emit("reply", TelegramSend(bot_id=BOT, chat_id=7, text="word " * 250, entities=bold)))
    sends = [part.payload for part in parts if isinstance(part.payload, TelegramSend)]
    assert [len(each.entities) for each in sends] == [100, 100, 50]


def test_formatting_that_telegram_would_refuse_is_mended_on_its_way() -> None:
    odd = (Entity("text_link", 0, 4, url="nowhere"), Entity("bold", 3, 99))
    (part,) = parts_of(Emit("reply", TelegramSend(bot_id=BOT, chat_id=7, text="a few words", entities=odd)))
    assert isinstance(part.payload, TelegramSend)
    assert part.payload.entities == (Entity("bold", 3, 8),)


def test_an_edit_is_one_message_however_long_its_text_is() -> None:
    bold = tuple(Entity("bold", 5 * number, 4) for number in range(1500))
    edit = TelegramEdit(bot_id=BOT, chat_id=7, message_id=4, text="word " * 1500, entities=bold)
    (part,) = parts_of(Emit("correction", edit))
    assert isinstance(part.payload, TelegramEdit)
    assert part.payload.text.endswith("word…")
    assert utf16_length(part.payload.text) <= 4096
    assert part.payload.entities == bold[:100]


def test_a_blank_text_is_left_to_its_fault() -> None:
    emit = Emit("reply", TelegramSend(bot_id=BOT, chat_id=7, text=" " * 5000))
    assert parts_of(emit) == [emit]


# Failure


def test_a_transient_failure_is_retried_later_with_one_attempt_more(interpreter: Interpreter) -> None:
    changes, run = Changes(), a_run(attempt=2)
    retry = interpreter.fail(run, Transient("not now"), changes)
    assert changes.retries == [retry]
    assert retry is not None
    assert (retry.event_id, retry.attempt, retry.ordered) == (run.head.event_id, 3, False)
    assert retry.delay_s == RetryPolicy().delay_s(3, run.head.event_id)
    assert [(row.outcome, row.attempt, row.reason) for row in changes.audit] == [
        (Outcome.RETRIED, 2, "not now")
    ]


@pytest.mark.parametrize(("keeps_order", "was_ordered"), [(True, True), (True, False), (False, True)])
def test_only_the_sender_retries_in_the_order_of_the_lane(
    clock: ManualClock, keeps_order: bool, was_ordered: bool
) -> None:
    interpreter = Interpreter("sender", Codec(), clock, RetryPolicy(), keeps_order=keeps_order)
    retry = interpreter.fail(a_run(ordered=was_ordered), Transient("x"), Changes())
    assert retry is not None
    assert retry.ordered == (keeps_order and was_ordered)


@pytest.mark.parametrize(
    ("error", "attempt", "reason"),
    [
        (Permanent("never"), 0, "never"),
        (
            InvalidEvent(("payload.text: too short",)),
            0,
            "its handler made an invalid event: payload.text: too short",
        ),
        (Transient("not now"), 5, "6 attempts failed, the last one: not now"),
        (KeyError("secret"), 5, "6 attempts failed, the last one: KeyError in the handler"),
    ],
)
def test_what_can_not_succeed_is_a_dead_letter(
    interpreter: Interpreter, error: Exception, attempt: int, reason: str
) -> None:
    changes = Changes()
    assert interpreter.fail(a_run(attempt=attempt), error, changes) is None
    assert [dead.reasons for dead in changes.dead] == [(reason,)]
    assert [(row.outcome, row.reason) for row in changes.audit] == [(Outcome.DEAD_LETTERED, reason)]
    assert changes.retries == []


def test_bytes_that_are_no_event_are_rejected_with_what_is_known_of_the_row(interpreter: Interpreter) -> None:
    changes, head = Changes(), a_head(a_message())
    interpreter.reject(Run(head, None, 0.0, ("trace_id: missing", "payload: missing")), changes)
    (row,) = changes.audit
    assert (row.outcome, row.event_id, row.target) == (Outcome.REJECTED, head.event_id, "brain")
    assert row.reason == "trace_id: missing; payload: missing"
    assert changes.dead[0].reasons == ("trace_id: missing", "payload: missing")


# The audit


def test_runs_that_were_killed_show_in_the_row_of_the_run_after_them(interpreter: Interpreter) -> None:
    assert interpreter.audit_row(a_run(deaths=1), Outcome.PROCESSED).reason == "1 earlier run did not end"
    row = interpreter.audit_row(a_run(deaths=2), Outcome.RETRIED, "why")
    assert row.reason == "why; 2 earlier runs did not end"


async def test_a_row_tells_how_long_its_run_took(interpreter: Interpreter, clock: ManualClock) -> None:
    await clock.advance(0.25)
    assert interpreter.audit_row(a_run(), Outcome.PROCESSED).duration_ms == pytest.approx(250)


def test_a_reason_is_cut_and_a_row_has_no_text_of_the_message(interpreter: Interpreter) -> None:
    row = interpreter.audit_row(a_run(a_message("a-private-word")), Outcome.PROCESSED, "x" * 5000)
    assert len(row.reason) == 1000
    assert "a-private-word" not in repr(row)


def test_a_row_tells_what_follows_from_the_event() -> None:
    event = a_message(chat=-5)
    row = event_row(event, Outcome.ACCEPTED)
    assert (row.event_id, row.event_type, row.scope) == (event.event_id, "message.received", f"{BOT}:c-5")
    assert (row.trace_id, row.idempotency_key) == (event.trace_id, event.idempotency_key)
    assert isinstance(row.event_id, UUID)


def test_only_our_own_errors_are_quoted() -> None:
    assert describe(Transient("the weather")) == "the weather"
    assert describe(ValueError("what a user wrote")) == "ValueError in the handler"


def test_a_payload_without_a_chat_has_no_scope() -> None:
    assert scope_of(object()) is None
    assert scope_of(SEND) is not None

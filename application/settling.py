"""What came of a call to Telegram, as changes. Pure but for the clock that times the run.

Not here: making calls and keeping lanes (``sender``), and what an error answer means (``botcalls``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from attrs import define, evolve, field, frozen

from application.botcalls import BotCall, Verdict, judge, moved
from application.changes import Changes, Delivery, Migration, RateState, Retry, Suspended, Unreachable
from application.interpreter import Interpreter, Run
from application.ports import Wakeup
from domain.decisions import Decision, Emit, Outcome
from domain.errors import NoAnswer, Refused, TelegramError
from domain.events.tasks import ReminderOutcome, ReminderSettled
from domain.events.telegram import ChatMigrated, MessageClass, TelegramDelivered, TelegramSend
from domain.notices import NOTICE_KEY
from domain.tasks.keys import instant_of, named_by
from domain.updates.parts import positive

# How long to wait before asking again with a token or an address that Telegram does not know.
MISCONFIGURED_S = 30.0
# How long a reminder may wait for the limits of Telegram, or for a sender, and still be said as it was written.
STALE_S = 600.0
# Telegram that is away makes dead letters, and a notice of them has to outlast it: about a day, by the usual delays.
NOTICE_ATTEMPTS_MIN = 400
# Until a call of which nobody knows is made again, its chat stays claimed, and no other reply can go there.
CLAIMED_S_MAX = 60.0
# So many chats told to wait at the same time mean that the whole bot is to wait.
CHATS_WAITING_FOR_BOT = 3


@frozen
class Flight:
    """A call that was claimed: its run, the claim's token, and until when the claim holds by the steady clock."""

    run: Run
    call: BotCall
    token: UUID
    until_s: float
    repeat: bool

    @property
    def lane(self) -> str:
        """The chat's lane."""
        return self.run.head.lane

    @property
    def key(self) -> str:
        """The key of the delivery in the ledger."""
        assert self.run.event is not None
        return self.run.event.idempotency_key

    @property
    def payload(self) -> Any:
        """What is delivered."""
        assert self.run.event is not None
        return self.run.event.payload


@frozen
class Result:
    """What came of a call: Telegram's result, or the error."""

    flight: Flight
    answer: object
    error: TelegramError | None


@frozen
class Settlement:
    """Whether the row is done with, and what to publish."""

    is_done: bool
    wakeups: Sequence[Wakeup] = ()


@define
class Outcomes:
    """Turns results into changes."""

    interpreter: Interpreter
    # When the chats that Telegram told to wait may be called again, by the steady clock: lane to reading.
    waiting: dict[str, float] = field(factory=dict)
    # The same for whole bots, by their ids.
    bots: dict[int, float] = field(factory=dict)

    def held_s(self, bot_id: int, lane: str) -> float:
        """Return how long this process was told to leave the chat alone, whether limits are kept or lifted."""
        return max(self.waiting.get(lane, 0.0), self.bots.get(bot_id, 0.0)) - self.interpreter.clock.steady()

    def blocks(self, result: Result) -> dict[str, float]:
        """Return the rate buckets that this result blocks, each with the seconds, and keep them in mind."""
        error = result.error
        if not isinstance(error, Refused) or judge(error.refusal) is not Verdict.WAIT:
            return {}
        now_s = self.interpreter.clock.steady()
        wait_s = float(error.refusal.retry_after_s or 1)
        self.waiting = {lane: at for lane, at in self.waiting.items() if at > now_s}
        self.waiting[result.flight.lane] = now_s + wait_s
        bot_id, chat_id = result.flight.payload.bot_id, result.flight.payload.chat_id
        same_bot = [at for lane, at in self.waiting.items() if lane.startswith(f"{bot_id}:")]
        found = {f"chat:{bot_id}:{chat_id}": wait_s}
        if len(same_bot) >= CHATS_WAITING_FOR_BOT:
            # The bot as a whole is asked again as soon as the first of them may be: if it was only the chats that
            # were limited, the others lose little, and if it was the bot, Telegram says so again.
            self.bots[bot_id] = min(same_bot)
            found[f"bot:{bot_id}"] = min(same_bot) - now_s
        return found

    def settle(
        self,
        result: Result,
        held: bool,
        known: Mapping[str, Delivery],
        states: Mapping[str, RateState],
        changes: Changes,
    ) -> Settlement:
        """Account for one result. ``held``: its claim was still this sender's."""
        if not held:
            return self._late(result, known, changes)
        if result.error is None:
            return self._delivered(result, changes)
        if isinstance(result.error, Refused):
            return self._refused(result, result.error, states, changes)
        ambiguous = isinstance(result.error, NoAnswer)
        return self._again(result, str(result.error), changes, ambiguous=ambiguous)

    def hand_back(self, run: Run, changes: Changes) -> list[Wakeup]:
        """Settle a reminder that waited too long, for the brain to decide anew; return the wake-ups to publish."""
        told = reminder_settled(run, ReminderOutcome.STALE)
        reason = "it waited too long; what it says is decided anew"
        return self.interpreter.succeed(run, Decision(told, reason=reason), changes)

    def miss(self, run: Run, changes: Changes) -> list[Wakeup]:
        """Settle a reminder whose earlier call is ambiguous: it is not sent again in its window, and the brain knows.

        Returns the wake-ups to publish after the commit.
        """
        assert run.event is not None
        changes.deliveries.append(Delivery(run.event.idempotency_key, run.head.lane, "ambiguous"))
        reason = "whether the reminder was delivered is unknown; it is not repeated in its window"
        told = reminder_settled(run, ReminderOutcome.AMBIGUOUS)
        return self.interpreter.succeed(
            run, Decision(told, outcome=Outcome.AMBIGUOUS, reason=reason), changes
        )

    def _late(self, result: Result, known: Mapping[str, Delivery], changes: Changes) -> Settlement:
        """Another sender took the chat over. What this call did is told, if it may have done anything."""
        flight = result.flight
        standing = known.get(flight.key)
        settled_by_us = standing is not None and standing.message_id == message_id_of(result.answer)
        may_have_acted = result.error is None or isinstance(result.error, NoAnswer)
        if may_have_acted and not settled_by_us:
            reason = "settled too late: the claim had run out and was taken over"
            changes.audit.append(self.interpreter.audit_row(flight.run, Outcome.AMBIGUOUS, reason))
        return Settlement(is_done=False)

    def _delivered(self, result: Result, changes: Changes) -> Settlement:
        flight = result.flight
        message_id = message_id_of(result.answer)
        changes.deliveries.append(Delivery(flight.key, flight.lane, "delivered", message_id, flight.repeat))
        delivered = TelegramDelivered(
            bot_id=flight.payload.bot_id, chat_id=flight.payload.chat_id, message_id=message_id,
            delivery_key=flight.key, repeat=flight.repeat, method=flight.call.method,
        )  # fmt: skip
        events = (Emit("delivered", delivered), *reminder_settled(flight.run, ReminderOutcome.DELIVERED))
        decision = Decision(events=events)
        return Settlement(True, self.interpreter.succeed(flight.run, decision, changes))

    def _refused(
        self, result: Result, error: Refused, states: Mapping[str, RateState], changes: Changes
    ) -> Settlement:
        flight, refusal, verdict = result.flight, error.refusal, judge(error.refusal)
        reason = f"Telegram: {error}"
        if verdict is Verdict.SETTLED:
            return self._delivered(result, changes)
        if verdict is Verdict.WAIT:
            wait_s = float(refusal.retry_after_s or 1)
            for name, blocked_s in self.blocks(result).items():
                # A shorter wait that is told later does not end a longer one.
                if (state := changes.rates.get(name, states.get(name))) is not None:
                    longest_s = max(state.blocked_for_s, blocked_s)
                    changes.rates[name] = evolve(state, blocked_for_s=longest_s)
            return self._wait(result, wait_s, reason, changes)
        if verdict is Verdict.MISCONFIGURED:
            return self._wait(result, MISCONFIGURED_S, reason, changes)
        if verdict is Verdict.RETRY:
            return self._again(result, reason, changes, ambiguous=False)
        if verdict is Verdict.MOVED and refusal.migrate_to_chat_id is not None:
            return self._follow(result, refusal.migrate_to_chat_id, changes)
        if verdict is Verdict.UNREACHABLE:
            payload = flight.payload
            changes.unreachable.append(Unreachable(payload.bot_id, payload.chat_id, refusal.told))
        # The ledger says nothing of it: a dead letter that is redriven shall be tried again.
        self.interpreter.bury(flight.run, reason, changes)
        outcome = ReminderOutcome.UNREACHABLE if verdict is Verdict.UNREACHABLE else ReminderOutcome.FAILED
        told = reminder_settled(flight.run, outcome)
        return Settlement(True, self.interpreter.emit(flight.run, told, changes))

    def _wait(self, result: Result, wait_s: float, reason: str, changes: Changes) -> Settlement:
        """Wait as long as told, in full, without counting an attempt."""
        flight = result.flight
        head = flight.run.head
        changes.retries.append(Retry(head.event_id, head.attempt, wait_s, ordered=head.ordered))
        changes.audit.append(self.interpreter.audit_row(flight.run, Outcome.RETRIED, reason))
        self._keep_mark(flight, changes, ambiguous=False)
        return Settlement(False)

    def _again(self, result: Result, reason: str, changes: Changes, *, ambiguous: bool) -> Settlement:
        """Retry within the bounds of attempts. After an ambiguous call the next claim accounts for it."""
        flight = result.flight
        head = flight.run.head
        if ambiguous:
            # The attempt is counted, and the row of the audit written, by whoever takes the expired claim over.
            planned_s = self.interpreter.policy.delay_s(head.attempt + 1, head.event_id)
            delay_s = min(planned_s, CLAIMED_S_MAX)
            changes.retries.append(Retry(head.event_id, head.attempt, delay_s, ordered=head.ordered))
            changes.audit.append(self.interpreter.audit_row(flight.run, Outcome.RETRIED, reason))
            self._keep_mark(flight, changes, ambiguous=True)
            return Settlement(False)
        attempts_min = NOTICE_ATTEMPTS_MIN if is_notice(flight.run) else 0
        if self.interpreter.retry(flight.run, reason, changes, attempts_min=attempts_min) is None:
            told = reminder_settled(flight.run, ReminderOutcome.FAILED)
            return Settlement(True, self.interpreter.emit(flight.run, told, changes))
        self._keep_mark(flight, changes, ambiguous=False)
        return Settlement(False)

    def _keep_mark(self, flight: Flight, changes: Changes, *, ambiguous: bool) -> None:
        """Keep for the next call that this one, or one before it, may have taken effect."""
        if ambiguous or flight.repeat:
            event_id = flight.run.head.event_id
            changes.suspended.append(Suspended(flight.lane, event_id, flight.token, ambiguous))

    def _follow(self, result: Result, chat_id: int, changes: Changes) -> Settlement:
        """Deliver to the supergroup that the group became, and have the group's data follow."""
        payload = result.flight.payload
        migrated = ChatMigrated(bot_id=payload.bot_id, chat_id=payload.chat_id, new_chat_id=chat_id)
        changes.migrations.append(Migration(payload.bot_id, payload.chat_id, chat_id))
        events = (
            # A reminder keeps its key, by which its occasion is known.
            Emit(
                "moved",
                moved(payload, chat_id),
                target=result.flight.run.head.target,
                key=result.flight.key if is_reminder(result.flight.run) else None,
            ),
            Emit("migrated", migrated),
        )
        decision = Decision(events=events, reason="the group became a supergroup")
        return Settlement(True, self.interpreter.succeed(result.flight.run, decision, changes))


def is_stale(run: Run, now: float) -> bool:
    """Tell whether a reminder waited so long for its first call that its chat is to be told by how the task is now."""
    if run.event is None or run.head.repeat or not reminder_settled(run, ReminderOutcome.STALE):
        return False
    return now - instant_of(run.event.timestamp) > STALE_S


def is_notice(run: Run) -> bool:
    """Tell whether a run is about a message that tells an admin of dead letters."""
    return run.event is not None and run.event.idempotency_key.startswith(NOTICE_KEY)


def is_reminder(run: Run) -> bool:
    """Tell whether a run is about a message that reminds, which is never sent twice."""
    payload = run.event.payload if run.event is not None else None
    return isinstance(payload, TelegramSend) and payload.message_class is MessageClass.REMINDER


def reminder_settled(run: Run, outcome: ReminderOutcome) -> tuple[Emit, ...]:
    """Return what the brain is told of a message that reminds; of any other, and of further parts of one, nothing."""
    if run.event is None or not is_reminder(run):
        return ()
    payload, key = cast(TelegramSend, run.event.payload), run.event.idempotency_key
    occasion = named_by(key)
    if occasion is None:
        return ()
    settled = ReminderSettled(
        task_id=occasion.task_id, bot_id=payload.bot_id, chat_id=payload.chat_id,
        thread_id=payload.thread_id, bucket=occasion.bucket, outcome=outcome, delivery_key=key,
    )  # fmt: skip
    return (Emit(f"settled.{outcome.value}", settled),)


def message_id_of(answer: object) -> int | None:
    """Return the id of the message that a call made, where it made one."""
    found = answer.get("message_id") if isinstance(answer, Mapping) else None
    return positive(found)

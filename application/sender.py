"""The sender: a claim is committed before every call and settled after it.

A round claims at most one call a chat and starts them; they run outside any transaction, many chats at once. What
came of them is settled in the order of arrival, as many in one transaction as there are. A row that ends its process
is counted by its claim or, before there is one, by a mark. Not here: what an answer means (``botcalls``), who may call
when (``rationing``), who flies alone (``solitude``).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from attrs import Factory, define, evolve, field, frozen

from application.botcalls import Verdict, bot_call, judge
from application.changes import Changes, Claim, Delivery, Head, Retry
from application.crashpoints import CrashPoints
from application.interpreter import Interpreter, Run
from application.journal import Journal
from application.pacing import Pacer
from application.ports import Clock, Round, Store, Telegram, Tokens, Wakeup
from application.rationing import Rationing, SenderCounters
from application.rounds import ENDED_ITS_PROCESS, Report, open_run, place_of, without_poison
from application.settling import (
    NOTICE_ATTEMPTS_MIN,
    Flight,
    Outcomes,
    Result,
    is_notice,
    is_reminder,
    is_stale,
)
from application.solitude import Air
from domain.decisions import Outcome
from domain.envelope import timestamp_of
from domain.errors import NoAnswer, NotSent, Refused, RowsGone, StoreUnavailable, TelegramError
from domain.events.telegram import TelegramEdit

log = logging.getLogger("openclaw.sender")

# How soon a chat is looked at again whose claim another sender, or another target of this one, holds.
CLAIMED_ELSEWHERE_S = 0.1
UNSETTLED = "an earlier call was not settled; it may have taken effect"
APART_PAUSE_S = 0.5


@frozen
class SenderLimits:
    """``call_timeout_s`` bounds a whole call; a claim lasts ``claim_s``, which must be longer by ``margin_s``.

    ``backoff_s`` to ``backoff_max_s`` are the pauses while what came of calls cannot be settled.
    """

    concurrency: int = 64
    call_timeout_s: float = 15.0
    claim_s: float = 30.0
    margin_s: float = 3.0
    backoff_s: float = 0.1
    backoff_max_s: float = 5.0


class Lanes(Protocol):
    """What the deliverer needs of its consumer."""

    async def free(self, lanes: Mapping[str, UUID | None]) -> None:
        """Let lanes go on whose calls were settled; the entries of the events that are named are done with."""

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """Publish wake-ups of rows that were just committed."""

    def is_news(self, lane: str, event_id: UUID) -> bool:
        """Whether this process was the first to be told of the row."""


@define
class Deliverer:
    """Delivers what one target owes. A ``RoundRunner`` whose lanes stay busy until their call is settled."""

    target: str
    store: Store
    telegram: Telegram
    interpreter: Interpreter
    clock: Clock
    tokens: Tokens
    crash: CrashPoints
    outcomes: Outcomes
    pacer: Pacer
    rationing: Rationing
    # Set by whoever makes the consumer, which needs the deliverer first.
    lanes: Lanes = field(init=False)
    limits: SenderLimits = field(factory=SenderLimits)
    air: Air = field(factory=Air)
    in_flight: set[asyncio.Task[None]] = field(factory=set)
    journal: Journal = field(
        init=False, default=Factory(lambda self: Journal(self.interpreter.clock), takes_self=True)
    )
    _results: list[Result] = field(factory=list)
    _settler: asyncio.Task[None] | None = None

    @property
    def counters(self) -> SenderCounters:
        """What the audit does not tell."""
        return self.rationing.counters

    def room(self) -> int:
        """Return how many further calls may be claimed: no more than are called at once, and one that flies alone."""
        return self.air.room(self.target, self.limits.concurrency - len(self.in_flight))

    @property
    def unsettled(self) -> int:
        """How many calls have ended and wait to be settled."""
        return len(self._results)

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way and every one that was made is settled."""
        return not self.in_flight and not self._results and self.rationing.typist.is_idle

    async def run(self, lanes: Sequence[str]) -> Report:
        """Claim one call for each lane that offers one, and start them after the commit."""
        changes, report = Changes(), Report()
        claimed_at_s = self.clock.steady()
        self.air.begin(self.target)
        async with self.store.round(self.target, lanes) as current:
            self.crash("sender.read")
            report.idle.update(current.idle)
            report.waiting.update(current.waiting)
            # Another sender's call will be settled as soon as it is answered, not when its claim runs out.
            for lane in current.claimed:
                report.waiting[lane] = min(report.waiting[lane], CLAIMED_ELSEWHERE_S)
            seen = {head.lane for head in current.heads} | report.idle | set(report.waiting)
            report.lost.update(lane for lane in lanes if lane not in seen)
            heads = self._in_company(without_poison(current.heads, changes, report), report)
            # What this process was told of first, no other can have died of; marks are for all else, which is little.
            suspects = [h.event_id for h in heads if h.deaths or not self.lanes.is_news(h.lane, h.event_id)]
            if suspects:
                await current.mark(suspects)
            flights = await self._prepare(current, heads, changes, report, claimed_at_s)
            flights = await self._claim(current, flights, changes, report)
            self.crash("sender.claimed")
            if suspects or changes != Changes():
                await current.apply(changes)
        self.crash("sender.claim_committed")
        self.journal.tell(changes.audit)
        for flight in flights:
            report.busy.add(flight.lane)
            self.air.take_off(self.target, flight.lane, flight.run.head)
            self.rationing.turns.served(flight.lane, timestamp_of(self.interpreter.clock.now()))
            task = asyncio.create_task(self._fly(flight))
            self.in_flight.add(task)
            task.add_done_callback(self.in_flight.discard)
        return report

    def _in_company(self, heads: Sequence[Head], report: Report) -> list[Head]:
        """Return the rows that may go with the others; one that has to fly alone has its round when nothing flies."""
        found = []
        for head in heads:
            if self.air.must_wait(self.target, head, among=len(heads)):
                report.alone.add(head.lane)
            else:
                found.append(head)
        return found

    def _bury_deadly(self, run: Run, changes: Changes, report: Report) -> None:
        """Bury a row that took down as many processes as it may, in the call that was not settled or before."""
        head = run.head
        if head.abandoned:
            changes.deaths.append(head.event_id)
            run = evolve(run, head=evolve(head, deaths=head.deaths + 1))
            changes.audit.append(self.interpreter.audit_row(run, Outcome.AMBIGUOUS, UNSETTLED))
        self.interpreter.bury(run, ENDED_ITS_PROCESS, changes)
        report.settle(head)

    async def _prepare(
        self, current: Round, heads: Sequence[Head], changes: Changes, report: Report, now_s: float
    ) -> list[Flight]:
        runs = []
        for head in heads:
            deaths_max = self.interpreter.policy.deaths_max
            if head.deaths >= deaths_max:
                # Unread, since reading it may be what they died of.
                self._bury_deadly(Run(head, None, self.clock.steady()), changes, report)
                continue
            run = open_run(head, self.interpreter.codec, self.clock)
            # A reminder is not called for again anyway, and the brain is to be told.
            if head.deaths + head.abandoned >= deaths_max and not is_reminder(run):
                self._bury_deadly(run, changes, report)
            elif run.event is None:
                self.interpreter.reject(run, changes)
                report.settle(head)
            elif head.ambiguous and self._is_spent(run):
                reason = f"{head.attempt + 1} calls were made and whether one took effect is unknown"
                changes.audit.append(self.interpreter.audit_row(run, Outcome.AMBIGUOUS, reason))
                self.interpreter.bury(run, reason, changes)
                report.settle(head)
            elif is_stale(run, self.interpreter.clock.now()):
                report.wakeups += self.outcomes.hand_back(run, changes)
                report.settle(head)
            else:
                runs.append(run)
        allowed = await self.rationing.allowed(current, runs, changes, report)
        messages = await self._edited_messages(current, allowed)
        flights = []
        for run in allowed:
            if (flight := self._flight(run, messages, now_s, changes, report)) is not None:
                flights.append(flight)
        return flights

    def _is_spent(self, run: Run) -> bool:
        """Tell whether no further call is made whose outcome may stay unknown; a reminder has none anyway."""
        attempt = run.head.attempt + 1
        if is_notice(run) and attempt < NOTICE_ATTEMPTS_MIN:
            return False
        return self.interpreter.policy.is_spent(attempt) and not is_reminder(run)

    async def _edited_messages(self, current: Round, runs: Sequence[Run]) -> Mapping[str, Delivery]:
        payloads = [run.event.payload for run in runs if run.event is not None]
        keys = [
            p.delivery_key for p in payloads if isinstance(p, TelegramEdit) and p.delivery_key is not None
        ]
        return await current.delivered(keys) if keys else {}

    def _flight(
        self, run: Run, messages: Mapping[str, Delivery], now_s: float, changes: Changes, report: Report
    ) -> Flight | None:
        """Return the call that a run needs; None where the row was settled without one."""
        assert run.event is not None
        payload, head, message_id = run.event.payload, run.head, None
        if isinstance(payload, TelegramEdit) and payload.delivery_key is not None:
            known = messages.get(payload.delivery_key)
            message_id = known.message_id if known is not None else None
            if message_id is None:
                self.interpreter.bury(run, "the message it edits was never delivered", changes)
                report.settle(head)
                return None
        try:
            call = bot_call(payload, repeat=head.repeat, message_id=message_id)
        except TypeError as error:
            self.interpreter.bury(run, str(error), changes)
            report.settle(head)
            return None
        # A reminder that is a repeat without being ambiguous was redriven after its last call had been.
        if head.repeat and is_reminder(run):
            report.wakeups += self.outcomes.miss(run, changes)
            report.settle(head)
            return None
        return Flight(run, call, self.tokens.token(), now_s + self.limits.claim_s, head.repeat)

    async def _claim(
        self, current: Round, flights: list[Flight], changes: Changes, report: Report
    ) -> list[Flight]:
        if not flights:
            return []
        hold_s = self.limits.claim_s
        claims = [Claim(f.lane, f.run.head.event_id, f.token, f.key, hold_s) for f in flights]
        won = await current.claim(claims)
        lost = [flight for flight in flights if flight.lane not in won]
        known = await current.delivered([flight.key for flight in lost]) if lost else {}
        for flight in lost:
            if flight.key in known:
                changes.settled.append(flight.run.head.event_id)
                changes.audit.append(
                    self.interpreter.audit_row(flight.run, Outcome.DUPLICATE, "delivered before")
                )
                report.settle(flight.run.head)
            else:
                self.counters.claimed += 1
                report.waiting[flight.lane] = CLAIMED_ELSEWHERE_S
        return [self._begin(flight, changes) for flight in flights if flight.lane in won]

    def _begin(self, flight: Flight, changes: Changes) -> Flight:
        """Account for the ambiguous call before this one, if there was one."""
        head = flight.run.head
        if not head.ambiguous:
            return flight
        changes.audit.append(self.interpreter.audit_row(flight.run, Outcome.AMBIGUOUS, UNSETTLED))
        changes.retries.append(Retry(head.event_id, head.attempt + 1, 0.0, ordered=head.ordered))
        if head.abandoned:
            changes.deaths.append(head.event_id)
        now = evolve(head, attempt=head.attempt + 1, deaths=head.deaths + head.abandoned)
        return evolve(flight, run=evolve(flight.run, head=now))

    async def _fly(self, flight: Flight) -> None:
        """Make the call and hand in what came of it; never raises."""
        answer, error = await self._outcome(flight, formatted=True)
        if isinstance(error, Refused) and judge(error.refusal) is Verdict.PLAIN and flight.call.entities:
            answer, error = await self._outcome(flight, formatted=False)
        self.crash("sender.after_call")
        self._results.append(Result(flight, answer, error))
        if self._settler is None or self._settler.done():
            self._settler = asyncio.create_task(self._settle_all())

    async def _outcome(self, flight: Flight, *, formatted: bool) -> tuple[object, TelegramError | None]:
        try:
            # Who calls keeps to the time for a call. Whatever waits longer all the same ends well before the claim.
            async with asyncio.timeout(self.limits.call_timeout_s + self.limits.margin_s / 2):
                return await self._call(flight, formatted=formatted), None
        except TelegramError as failure:
            return None, failure
        except TimeoutError:
            return None, NoAnswer("the call did not end in its time")
        except Exception as error:  # noqa: BLE001 - whatever it was, the call is accounted for
            # A fault of ours, not of Telegram's: its chat must not stay claimed for ever, and who knows what was done.
            where = f"{type(error).__name__} at {place_of(error)}"
            log.error("a call failed in an unforeseen way: %s", where, extra={"action": "call_failed"})
            return None, NoAnswer(f"the call failed in an unforeseen way ({type(error).__name__})")

    async def _call(self, flight: Flight, *, formatted: bool) -> object:
        """Call Telegram, unless too little is left of the claim for the whole call.

        Half of the margin is for what lies between the claim and the call: the commit, and other calls.
        """
        if flight.until_s - self.clock.steady() < self.limits.call_timeout_s + self.limits.margin_s / 2:
            raise NotSent("the claim was about to run out, so the call was not begun")
        self.crash("sender.before_call")
        params = flight.call.all_params(formatted=formatted)
        return await self.telegram.call(flight.call.method, params, self.limits.call_timeout_s)

    async def _settle_all(self) -> None:
        """Settle what came in, in order, until nothing is left; a server that is away is waited for."""
        pause_s = self.limits.backoff_s
        while self._results:
            await self.pacer.wait()
            batch = self._results[: self.limits.concurrency]
            self.pacer.begin(len(batch))
            try:
                await self._settle(batch)
            except RowsGone:
                await self._settle_apart(batch)
            except StoreUnavailable as error:
                log.warning("sender: %s", error, extra={"action": "settle_failed", "target": self.target})
                await self.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, self.limits.backoff_max_s)
                continue
            except Exception:  # noqa: BLE001 - one delivery's data must not keep the others from being settled
                await self._settle_apart(batch)
            del self._results[: len(batch)]

    async def _settle_apart(self, batch: Sequence[Result]) -> None:
        """Settle one by one what could not be settled together; what still fails runs out of its claim."""
        left = list(batch)
        while left:
            try:
                await self._settle(left[:1])
            except RowsGone as error:
                await self._give_up(left[0], error)
            except StoreUnavailable:
                await self.clock.sleep(APART_PAUSE_S)
                continue
            except Exception as error:  # noqa: BLE001 - as above, of one delivery alone
                await self._give_up(left[0], error)
            del left[0]

    async def _give_up(self, result: Result, error: Exception) -> None:
        self.counters.given_up += 1
        # The error's own text may quote what was written.
        where = f"{type(error).__name__} at {place_of(error)}"
        log.error("a delivery could not be settled: %s", where, extra={"action": "settle_failed"})
        self._land([result])
        await self.lanes.free({result.flight.lane: None})

    def _land(self, results: Sequence[Result]) -> None:
        for result in results:
            self.air.land(self.target, result.flight.lane)

    async def _settle(self, batch: Sequence[Result]) -> None:
        changes = Changes()
        async with self.store.round(self.target, ()) as current:
            held = await current.release({result.flight.lane: result.flight.token for result in batch})
            self.crash("sender.released")
            late = [result.flight.key for result in batch if result.flight.lane not in held]
            known = await current.delivered(late) if late else {}
            blocked = sorted({name for result in batch for name in self.outcomes.blocks(result)})
            states = await current.rates(blocked) if blocked else {}
            settlements = [
                self.outcomes.settle(r, r.flight.lane in held, known, states, changes) for r in batch
            ]
            await current.apply(changes)
            self.crash("sender.settled")
        self.crash("sender.settle_committed")
        self.journal.tell(changes.audit)
        await self.lanes.publish([wakeup for settlement in settlements for wakeup in settlement.wakeups])
        pairs = zip(batch, settlements, strict=True)
        self._land(batch)
        await self.lanes.free(
            {r.flight.lane: r.flight.run.head.event_id if s.is_done else None for r, s in pairs}
        )

    async def finish(self) -> None:
        """Wait until every call under way is settled; each is bounded by its timeout."""
        while self.in_flight or self._results:
            if self.in_flight:
                await asyncio.gather(*self.in_flight, return_exceptions=True)
            if self._settler is not None:
                await self._settler
        await self.rationing.typist.finish()

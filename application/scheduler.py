"""The scheduler: it finds the tasks whose instant has come and lets each do what is due, once, however many look.

Nothing is planned in memory: every tick asks the store, so neither a restart nor a second scheduler changes what is
said. Of many that are due at once it owes no more a second than can be delivered: what waits, waits in its row, in the
order of its time, where it can still be done or put off, and the brain is free for whoever writes meanwhile.

Not here: what is due for a task (``domain.tasks.rules``), and what a reminder says (``brain``).
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from attrs import Factory, define, evolve, field, frozen

from application.agenda import AgendaChanges, Buried, DueTask, Firing
from application.books import Agenda
from application.changes import Owed
from application.crashpoints import CrashPoints
from application.interpreter import event_row
from application.journal import Journal
from application.meters import AGE_S, Histogram
from application.ports import Clock, Codec, Streams, Wakeup
from application.rounds import ENDED_ITS_PROCESS, place_of
from domain.catalogue import SCHEDULER
from domain.decisions import Outcome
from domain.envelope import Event, create, timestamp_of
from domain.errors import RowsGone, StoreUnavailable, Unavailable
from domain.events.tasks import ReminderDue, ReminderKind
from domain.ids import trace_of
from domain.scope import Scope, bot_and_chat
from domain.tasks.keys import reminder_key
from domain.tasks.policy import Times, policy_of
from domain.tasks.rules import Acted, Saying, act
from domain.tasks.values import Kept, Occasion, Task

log = logging.getLogger("openclaw.scheduler")

# What a dead letter calls a task of which nothing was read.
NAMELESS = "?"
# How long a task is left alone that could not be acted on, so that it keeps nobody else from being told.
PUT_OFF_S = 3600.0


@frozen
class SchedulerLimits:
    """``tick_s``: how often is asked what is due; ``batch_max``: how many tasks are acted on in one transaction.

    ``per_s``: how many reminders are owed a second while more are due. ``decide_s``: how long it may take to decide
    about a batch; ``deaths_max``: how many processes one task may end.
    """

    tick_s: float = 1.0
    batch_max: int = 25
    per_s: float = 250.0
    backoff_s: float = 0.2
    backoff_max_s: float = 5.0
    decide_s: float = 10.0
    deaths_max: int = 3


@define
class SchedulerCounters:
    """What the ledger of occasions does not tell: tasks that could not be acted on, and when a server was away."""

    ticks: int = 0
    acted: int = 0
    put_off: int = 0
    buried: int = 0
    store_faults: int = 0
    stream_faults: int = 0


@frozen
class Decided:
    """What a tick is to write, and how many tasks could not be acted on."""

    changes: AgendaChanges
    put_off: int = 0


def decide(due: Sequence[DueTask], now: float, times: Times, codec: Codec) -> Decided:
    """Return what is to be written for the tasks that are due at ``now``. Plain computation, without waiting."""
    changes, put_off = AgendaChanges(), 0
    for each in due:
        try:
            acted = act(each.task, now, policy_of(each.settings), times, is_reachable=each.is_reachable)
            _check(acted)
            firings = _firings(each, acted, now, codec)
        except Exception as error:  # noqa: BLE001 - one task's data must not keep all others from being told
            changes.tasks.append(_put_off(each.task, now, error))
            put_off += 1
        else:
            changes.tasks.append(acted.task)
            changes.firings += firings
    return Decided(changes, put_off)


def bury(due: DueTask, now: float, codec: Codec, changes: AgendaChanges) -> None:
    """Let a dead letter stand for the reminder of a task that ended too many processes.

    It does nothing by itself any more until somebody changes it, and its chat is told with the next contact. What
    people wrote is not in the letter, since that may be what they died of; the brain has it in the task.
    """
    task, at = due.task, due.task.remind_at
    assert at is not None
    kind = ReminderKind.NAG if task.times_said else ReminderKind.OCCURRENCE
    event = _event(
        due, evolve(task, title=NAMELESS), Saying(at, ReminderKind.DIGEST if task.is_digest else kind), now
    )
    lane = Scope(*bot_and_chat(due.scope)).lane
    letter = Owed(event.target, event.event_id, lane, None, codec.encode(event))
    told = f"{ENDED_ITS_PROCESS}; {due.deaths} earlier runs did not end"
    occasion = Occasion(task.task_id, at, Kept.AMBIGUOUS, reason=ENDED_ITS_PROCESS)
    changes.firings.append(Firing(occasion, audit=event_row(event, Outcome.DEAD_LETTERED, reason=told)))
    changes.buried.append(Buried(letter, due.deaths, ENDED_ITS_PROCESS))
    changes.tasks.append(evolve(task, remind_at=None))


def _put_off(task: Task, now: float, error: Exception) -> Task:
    where = f"{type(error).__name__} at {place_of(error)}"
    log.error(
        "task %s could not be acted on and is put off by %g s: %s", task.task_id, PUT_OFF_S, where,
        extra={"action": "task_put_off"},
    )  # fmt: skip
    return evolve(task, remind_at=now + PUT_OFF_S)


def _check(acted: Acted) -> None:
    """Raise for instants that nothing can be written of, before they fail what is written together with them."""
    for at in (acted.task.due_at, acted.task.remind_at):
        if at is not None:
            timestamp_of(at)


def _firings(due: DueTask, acted: Acted, now: float, codec: Codec) -> list[Firing]:
    """Return what stands of the occasions; the last one has the event, if the chat is told."""
    firings = [Firing(occasion) for occasion in acted.occasions]
    if acted.saying is not None:
        event = _event(due, acted.task, acted.saying, now)
        lane = Scope(*bot_and_chat(due.scope)).lane
        owed = Owed(event.target, event.event_id, lane, None, codec.encode(event))
        firings[-1] = Firing(firings[-1].occasion, owed, event_row(event, Outcome.ACCEPTED))
    return firings


def _event(due: DueTask, task: Task, saying: Saying, now: float) -> Event:
    bot_id, chat_id = bot_and_chat(due.scope)
    scope = Scope(bot_id, chat_id)
    # Somebody whom only a name stands for has no id.
    assigned = task.assigned_to.user_id or None if task.assigned_to is not None else None
    person = chat_id if scope.is_private else assigned
    key = reminder_key(task.task_id, saying.bucket)
    # The occurrence that it is about, by which the brain sees whether that still stands; the key names the occasion.
    due_at = timestamp_of(saying.bucket if task.due_at is None else task.due_at)
    payload = ReminderDue(
        task_id=task.task_id, bot_id=bot_id, chat_id=chat_id, user_id=person, thread_id=task.thread_id,
        title=task.title, due_at=due_at, reminder_key=key, late_s=int(saying.late_s),
        kind=saying.kind,
    )  # fmt: skip
    return create(payload, source=SCHEDULER, key=key, trace_id=trace_of(key), timestamp=timestamp_of(now))


@define
class Scheduler:
    """Acts on what is due. ``run`` is the service; ``tick`` is one pass, for tests and simulation.

    Any number may run at once: what one has in hand, no other sees. ``late_s`` tells how much later than planned tasks
    were acted on, whatever came of it.
    """

    agenda: Agenda
    streams: Streams
    codec: Codec
    clock: Clock
    times: Times
    crash: CrashPoints
    limits: SchedulerLimits = field(factory=SchedulerLimits)
    counters: SchedulerCounters = field(factory=SchedulerCounters)
    occasions: dict[Kept, int] = field(factory=dict)
    # How many reminders the last tick owed.
    _owed: int = 0
    late_s: Histogram = field(factory=lambda: Histogram(AGE_S))
    journal: Journal = field(init=False, default=Factory(lambda self: Journal(self.clock), takes_self=True))
    _stop: asyncio.Event = field(factory=asyncio.Event)
    # So many ticks act on one task alone, since a transaction over several of them failed.
    _alone: int = 0
    # The next tick is for a task that ended a process, if there is one.
    _is_others_turn: bool = False
    # Since when, by the steady clock, it decides.
    _decides_since_s: float | None = None

    def stop(self) -> None:
        """Ask ``run`` to finish the batch in hand and return."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until ``stop``, outlasting the servers' absence."""
        pause_s = self.limits.backoff_s
        while not self._stop.is_set():
            limit = self._limit
            began_s = self.clock.steady()
            try:
                acted = await self.tick()
            except (StoreUnavailable, RowsGone) as error:
                self.counters.store_faults += 1
                log.warning("scheduler: %s", error, extra={"action": "store_unavailable"})
                await self._wait(pause_s)
                pause_s = min(pause_s * 2, self.limits.backoff_max_s)
                continue
            pause_s = self.limits.backoff_s
            if acted < limit:
                await self._wait(self.limits.tick_s)
            else:
                await self._wait(began_s + self._owed / self.limits.per_s - self.clock.steady())

    async def tick(self) -> int:
        """Act on the first tasks that are due and return how many there were; a full batch means: perhaps more.

        A transaction that fails for what is written in it is tried again task by task, and the task that makes it fail
        is put off. Raises StoreUnavailable and RowsGone; then nothing was written, or the commit's answer was lost.
        """
        self.counters.ticks += 1
        limit, in_hand = self._limit, list[DueTask]()
        self._alone = max(0, self._alone - 1)
        try:
            return await self._act(limit, in_hand)
        except (StoreUnavailable, RowsGone):
            raise
        except Exception as error:  # one task's data must not keep all others from being told
            if not in_hand:
                raise
            self._alone = len(in_hand)
            if len(in_hand) == 1:
                await self._pass_over(in_hand[0].task, error)
            return limit

    @property
    def moves(self) -> bool:
        """Whether it is not held up by a decision without an end, which nothing but the end of the process stops."""
        since_s = self._decides_since_s
        return since_s is None or self.clock.steady() - since_s < self.limits.decide_s

    @property
    def _limit(self) -> int:
        return 1 if self._alone else self.limits.batch_max

    async def _pass_over(self, guilty: Task, error: Exception) -> None:
        """Put off a task that fails even alone, unless another scheduler has it by now."""
        async with self.agenda.due(1) as current:
            found = [each.task for each in current.due if each.task.task_id == guilty.task_id]
            await current.apply(AgendaChanges(tasks=[_put_off(task, current.now, error) for task in found]))
        self.counters.put_off += len(found)

    async def _act(self, limit: int, in_hand: list[DueTask]) -> int:
        async with self.agenda.due(limit) as current:
            due, now = self._in_turn(current.due), current.now
            if not due:
                return 0
            in_hand.extend(due)
            self.crash("scheduler.read")
            await current.mark([each.task.task_id for each in due])
            self.crash("scheduler.marked")
            decided = await self._decide(due, now)
            self.crash("scheduler.decided")
            is_all = len(due) == len(current.due)
            fired = await current.apply(decided.changes)
            self.crash("scheduler.applied")
        self.crash("scheduler.committed")
        self._note(due, now, decided, fired)
        owed = [firing.owed for firing in fired if firing.owed is not None]
        self._owed = len(owed)
        await self._publish(owed)
        self.crash("scheduler.published")
        return len(due) if is_all else limit

    def _in_turn(self, due: Sequence[DueTask]) -> Sequence[DueTask]:
        """Return what is acted on now: all that ended no process yet, or, every other time, one that did alone."""
        clean, others = [each for each in due if not each.deaths], [each for each in due if each.deaths]
        self._is_others_turn = bool(others) and not (self._is_others_turn or not clean)
        return clean if self._is_others_turn or not others else others[:1]

    async def _decide(self, due: Sequence[DueTask], now: float) -> Decided:
        if due[0].deaths >= self.limits.deaths_max:
            changes = AgendaChanges()
            bury(due[0], now, self.codec, changes)
            self.counters.buried += 1
            return Decided(changes)
        self._decides_since_s = self.clock.steady()
        try:
            # Health is told meanwhile, however many occurrences there are to go through.
            return await asyncio.to_thread(decide, due, now, self.times, self.codec)
        finally:
            self._decides_since_s = None

    def _note(self, due: Sequence[DueTask], now: float, decided: Decided, fired: Sequence[Firing]) -> None:
        """Count and tell what was committed."""
        self.counters.acted += len(due)
        self.counters.put_off += decided.put_off
        for firing in fired:
            kept = firing.occasion.kept
            self.occasions[kept] = self.occasions.get(kept, 0) + 1
        for each in due:
            if each.task.remind_at is not None:
                self.late_s.observe(max(0.0, now - each.task.remind_at))
        self.journal.tell([firing.audit for firing in fired if firing.audit is not None])

    async def _publish(self, owed: Sequence[Owed]) -> None:
        """Wake the brain for what was committed. A failure costs the grace of its sweep, no more."""
        if not owed:
            return
        try:
            await self.streams.publish([Wakeup(o.target, o.lane, o.event_id, 0, o.envelope) for o in owed])
        except Unavailable as error:
            self.counters.stream_faults += 1
            log.warning("scheduler: %s", error, extra={"action": "publish_failed"})

    async def _wait(self, seconds: float) -> None:
        """Wait, but not when asked to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

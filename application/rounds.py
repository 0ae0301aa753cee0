"""One round of quick handlers: a transaction over many lanes, one event from each, everything written at once.

Also here: the rule for poison, and the splitting of a round whose transaction fails. Not here: where lanes come
from (``consumer``), and slow work outside transactions (``sender``).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from attrs import Factory, define, field

from application.changes import Changes, Head
from application.crashpoints import CrashPoints
from application.hand import Place
from application.interpreter import Interpreter, Run
from application.journal import Journal
from application.ports import Clock, Codec, Round, Store, Wakeup
from domain.decisions import Decision, Outcome
from domain.envelope import Event
from domain.errors import InvalidEvent, OpenClawError, StoreUnavailable, Transient

log = logging.getLogger("openclaw.rounds")

# Why a row is a dead letter that took down as many processes as it may.
ENDED_ITS_PROCESS = "it ended its process"

F = TypeVar("F")
F_contra = TypeVar("F_contra", contravariant=True)


class Handler(Protocol[F_contra]):
    """A use case: from an event and what it needs to know to a decision. It writes nothing.

    Raise ``Permanent`` or ``Transient`` to say what kind of failure it is; anything else counts as transient.
    """

    def __call__(self, event: Event, facts: F_contra) -> Decision | Awaitable[Decision]:
        """Decide."""


@define
class Report:
    """What a round did, for whoever keeps the lanes."""

    settled: dict[str, list[UUID]] = field(factory=dict)
    idle: set[str] = field(factory=set)
    waiting: dict[str, float] = field(factory=dict)
    # Lanes that wait for something that all of them share, by their places, and how long it takes until there is some.
    queued: dict[str, Place] = field(factory=dict)
    queue_s: float = 0.0
    lost: set[str] = field(factory=set)
    alone: set[str] = field(factory=set)
    busy: set[str] = field(factory=set)
    wakeups: list[Wakeup] = field(factory=list)

    def settle(self, head: Head) -> None:
        """Note that the row needs no wake-up any more."""
        self.settled.setdefault(head.lane, []).append(head.event_id)

    def absorb(self, other: "Report") -> None:
        """Add what another round did."""
        self.settled.update(other.settled)
        self.waiting.update(other.waiting)
        for mine, theirs in ((self.idle, other.idle), (self.lost, other.lost), (self.alone, other.alone)):
            mine.update(theirs)
        self.busy.update(other.busy)
        self.wakeups.extend(other.wakeups)


class RoundRunner(Protocol):
    """How a consumer's lanes are worked off."""

    journal: Journal

    async def run(self, lanes: Sequence[str]) -> Report:
        """Work once on each lane; raises StoreUnavailable, after which nothing was done or all of it."""


def open_run(head: Head, codec: Codec, clock: Clock) -> Run:
    """Return the run of a row, with its event, or with every reason why its bytes are none."""
    began_s = clock.steady()
    try:
        event = codec.decode(head.envelope)
    except InvalidEvent as error:
        return Run(head, None, began_s, error.reasons)
    if event.event_id != head.event_id:
        # Its audit would tell of another row, and its children would be those of that one.
        return Run(head, None, began_s, ("event_id: not that of its row",))
    return Run(head, event, began_s)


def without_poison(heads: Sequence[Head], changes: Changes, report: Report) -> list[Head]:
    """Count the deaths of rows whose earlier run did not end, and keep such rows for a round of their own."""
    clean = []
    for head in heads:
        if head.marked:
            changes.deaths.append(head.event_id)
            report.alone.add(head.lane)
        elif head.deaths and len(heads) > 1:
            report.alone.add(head.lane)
        else:
            clean.append(head)
    return clean


@define
class Decider(Generic[F]):
    """Runs rounds of quick handlers for one target.

    ``gather`` finds out what the handlers need to know, once for the whole round. ``told`` is called after every
    commit with what was written. ``bounded`` awaits a handler that is not done at once, and raises Transient over its
    bound.
    """

    target: str
    store: Store
    interpreter: Interpreter
    handlers: Mapping[str, Handler[F]]
    gather: Callable[[Round, Sequence[Event]], Awaitable[F]]
    told: Callable[[Changes], Awaitable[None]]
    bounded: Callable[[Awaitable[Decision]], Awaitable[Decision]]
    crash: CrashPoints
    # Rows whose transaction failed although they stood alone, with the kind of failure.
    suspects: dict[UUID, str] = field(factory=dict)
    journal: Journal = field(
        init=False, default=Factory(lambda self: Journal(self.interpreter.clock), takes_self=True)
    )

    async def run(self, lanes: Sequence[str]) -> Report:
        """See ``RoundRunner``. A round that fails is split until the guilty event stands alone."""
        try:
            return await self._attempt(lanes)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event's data does to the round must not stop the others
            return await self._split(lanes, error)

    async def _split(self, lanes: Sequence[str], error: Exception) -> Report:
        if len(lanes) > 1:
            middle = len(lanes) // 2
            report = await self.run(lanes[:middle])
            report.absorb(await self.run(lanes[middle:]))
            return report
        async with self.store.round(self.target, lanes) as current:
            guilty = [head.event_id for head in current.heads]
        if not guilty:
            return Report(lost=set(lanes))
        self.suspects[guilty[0]] = type(error).__name__
        return await self._attempt(lanes)

    async def _attempt(self, lanes: Sequence[str]) -> Report:
        changes, report = Changes(), Report()
        async with self.store.round(self.target, lanes) as current:
            self.crash(f"{self.target}.read")
            report.idle.update(current.idle)
            report.waiting.update(current.waiting)
            seen = {head.lane for head in current.heads} | report.idle | set(report.waiting)
            report.lost.update(lane for lane in lanes if lane not in seen)
            heads = without_poison(current.heads, changes, report)
            if heads:
                await current.mark([head.event_id for head in heads])
                self.crash(f"{self.target}.marked")
                await self._decide(current, heads, changes, report)
                self.crash(f"{self.target}.decided")
            if heads or changes.deaths:
                await current.apply(changes)
            self.crash(f"{self.target}.applied")
        self.crash(f"{self.target}.committed")
        self.journal.tell(changes.audit)
        await self.told(changes)
        self.crash(f"{self.target}.told")
        return report

    async def _decide(self, current: Round, heads: Sequence[Head], changes: Changes, report: Report) -> None:
        interpreter = self.interpreter
        runs = []
        for head in heads:
            if head.deaths >= interpreter.policy.deaths_max:
                run = Run(head, None, interpreter.clock.steady())
                interpreter.bury(run, ENDED_ITS_PROCESS, changes)
                report.settle(head)
                continue
            run = open_run(head, interpreter.codec, interpreter.clock)
            if run.event is None:
                interpreter.reject(run, changes)
                report.settle(head)
            elif (fault := self.suspects.pop(head.event_id, None)) is not None:
                # Nothing more is done with it, since nobody knows which step its data made fail.
                interpreter.fail(run, Transient(f"its transaction failed ({fault})"), changes)
                report.settle(head)
            else:
                runs.append(run)
        if not runs:
            return
        facts = await self.gather(current, [run.event for run in runs if run.event is not None])
        for run in runs:
            await self._handle(run, facts, changes, report)

    async def _handle(self, run: Run, facts: F, changes: Changes, report: Report) -> None:
        assert run.event is not None
        report.settle(run.head)
        try:
            handler = self.handlers.get(run.event.event_type)
            if handler is None:
                reason = f"{self.target} has no handler for {run.event.event_type}"
                self.interpreter.bury(run, reason, changes)
                return
            decision = handler(run.event, facts)
            if isawaitable(decision):
                decision = await self.bounded(decision)
            report.wakeups.extend(self.interpreter.succeed(run, decision, changes))
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a handler may raise anything; only its own row is retried
            if not isinstance(error, OpenClawError):
                log.error(
                    "the handler of %s failed: %s at %s", run.event.event_type, type(error).__name__, place_of(error),
                    extra={"action": "handler_failed", "trace_id": run.event.trace_id},
                )  # fmt: skip
            self.interpreter.fail(run, error, changes)


def place_of(error: BaseException) -> str:
    """Return where an error arose, as file and line; its text may quote what a user wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (
        f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "an unknown place"
    )


def ignored(reason: str) -> Decision:
    """Return the decision to do nothing, and why."""
    return Decision(outcome=Outcome.IGNORED, reason=reason)

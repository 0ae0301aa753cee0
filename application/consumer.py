"""The consumer harness: one for every service. It gathers wake-ups, sweeps, runs rounds, publishes, acknowledges.

Not here: what a round does (``rounds``, ``sender``); streams and store are ports.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from attrs import Factory, define, field, frozen

from application.crashpoints import CrashPoints
from application.hand import Hand
from application.pacing import Pacer
from application.ports import Clock, Entry, Store, Streams, Wakeup
from application.rounds import Report, RoundRunner
from domain.errors import StoreUnavailable, Unavailable

log = logging.getLogger("openclaw.consumer")

# How soon a lane that another replica holds is tried again: soon enough not to be felt, rare enough not to spin.
LOST_LANE_S = 0.02
# How long settled entries wait for others to be acknowledged with, and how many do not wait.
ACK_S = 0.02
ACKS_MAX = 500


@frozen
class Limits:
    """Bounds of one consumer; seconds unless named otherwise."""

    round_max: int = 100
    read_max: int = 200
    block_s: float = 0.5
    grace_s: float = 1.0
    sweep_max: int = 500
    reconcile_s: float = 10.0
    abandoned_s: float = 60.0
    backoff_s: float = 0.2
    backoff_max_s: float = 5.0


@define
class Counters:
    """What the audit does not tell: entries let go without an effect, and how often a server was away."""

    rounds: int = 0
    settled: int = 0
    let_go: int = 0
    swept: int = 0
    store_faults: int = 0
    stream_faults: int = 0


@define
class Consumer:
    """Works off one target. ``run`` is the service; ``step`` is one deterministic pass, for tests and simulation."""

    target: str
    name: str
    streams: Streams
    store: Store
    runner: RoundRunner
    clock: Clock
    crash: CrashPoints
    limits: Limits = field(factory=Limits)
    hand: Hand = field(factory=Hand)
    counters: Counters = field(factory=Counters)
    room: Callable[[], int] = lambda: 1_000_000
    # Something small that the service repeats now and then.
    chore: Callable[[], Awaitable[None]] | None = None
    # Lanes that must be run without neighbours: an earlier run there did not end.
    _alone: list[str] = field(factory=list)
    _pacer: Pacer = field(init=False, default=Factory(lambda self: Pacer(self.clock), takes_self=True))
    _news: asyncio.Event = field(factory=asyncio.Event)
    # Something went wrong with the streams: they may believe that we hold what we never got, or let go of.
    _doubt: asyncio.Event = field(factory=asyncio.Event)
    _stopping: bool = False
    _serving: bool = False
    # Entries to acknowledge, and whether any of them did its work.
    _done: list[str] = field(factory=list)
    _acted: bool = False
    _any_done: asyncio.Event = field(factory=asyncio.Event)
    _cursor: str = ""

    @property
    def _service(self) -> str:
        """Whose crash points it passes: both of the sender's targets are the sender's."""
        return self.target.partition("-")[0]

    def stop(self) -> None:
        """Ask ``run`` to finish what is in hand and return."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Serve until ``stop``: read, sweep and work at the same time, each surviving the servers' absence."""
        loops = (
            self._keep(self._read),
            self._keep(self._flush_in_company),
            self._keep(self._sweep),
            self._keep(self._reconcile),
        )
        self._serving = True
        tasks = [asyncio.create_task(loop) for loop in loops]
        work = asyncio.create_task(self._keep(self._work))
        try:
            # A loop that ends by an error nobody foresaw ends the service: its supervisor starts it anew.
            running = {work, *tasks}
            while not work.done():
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            self.stop()
            await asyncio.gather(work, return_exceptions=True)
            # Reading and acknowledging end by themselves, so that no entry is delivered to nobody and none stays
            # pending, unless they pause because Redis is away. The others only wait and may be cancelled.
            self._any_done.set()
            for task in tasks[2:]:
                task.cancel()
            await asyncio.wait(tasks[:2], timeout=2 * self.limits.block_s)
            for task in tasks[:2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._serving = False
            await self._release()

    async def step(self) -> bool:
        """Take in what is there and run one round; tell whether there was anything to do."""
        with suppress(Unavailable):
            await self._take_in(await self.streams.consume(self.target, self.name, self.limits.read_max, 0))
        self.hand.ring(self.clock.steady())
        return await self._round()

    async def sweep(self) -> int:
        """Take up lanes that have had a due row for longer than the grace; return how many."""
        limits = self.limits
        due = await self.store.due_lanes(self.target, self._cursor, limits.sweep_max, limits.grace_s)
        self._cursor = due.after
        self.counters.swept += len(due.lanes)
        self.hand.wake(due.lanes, self.clock.steady())
        return len(due.lanes)

    async def _keep(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Repeat a loop's body until stopped, with growing pauses while a server is away."""
        pause_s = self.limits.backoff_s
        while not self._stopping:
            try:
                await loop()
                pause_s = self.limits.backoff_s
                continue
            except StoreUnavailable as error:
                self.counters.store_faults += 1
                self._warn("store_unavailable", error)
            except Unavailable as error:
                self.counters.stream_faults += 1
                self._doubt.set()
                self._warn("streams_unavailable", error)
            await self.clock.sleep(pause_s)
            pause_s = min(pause_s * 2, self.limits.backoff_max_s)

    def _warn(self, action: str, error: Exception) -> None:
        log.warning("%s: %s", self.target, error, extra={"action": action, "target": self.target})

    async def _read(self) -> None:
        if self.hand.is_full:
            await self.clock.sleep(self.limits.backoff_s)
            return
        limits = self.limits
        await self._take_in(
            await self.streams.consume(self.target, self.name, limits.read_max, limits.block_s)
        )

    async def _take_in(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self.crash(f"{self._service}.consumed")
        let_go = self.hand.add(entries)
        self._news.set()
        await self._ack(let_go, without_effect=True)

    async def _work(self) -> None:
        await self._pacer.wait()
        now = self.clock.steady()
        next_timer = self.hand.ring(now)
        if await self._round():
            return
        self._news.clear()
        if self.hand.has_ready and self.room() > 0:
            return
        wait_s = 1.0 if next_timer is None else max(0.001, min(1.0, next_timer - now))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), wait_s)

    async def _round(self) -> bool:
        room = min(self.limits.round_max, self.room())
        lanes = self._next_lanes(room)
        if not lanes:
            return False
        self._pacer.begin(len(lanes))
        try:
            report = await self.runner.run(lanes)
        except BaseException:
            for lane in lanes:
                self.hand.give_back(lane)
            raise
        self.counters.rounds += 1
        await self._finish(lanes, report)
        return True

    def _next_lanes(self, room: int) -> list[str]:
        if room <= 0:
            return []
        if self._alone:
            return [self._alone.pop()]
        return self.hand.take(room, self.clock.steady())

    async def _finish(self, lanes: Sequence[str], report: Report) -> None:
        """After the commit: publish what is newly owed, then let go of the entries that did their work."""
        done = [
            entry
            for lane, ids in report.settled.items()
            for event_id in ids
            for entry in self._settle(lane, event_id)
        ]
        now = self.clock.steady()
        if report.queued:
            # Next time as many as could go on this time, and one more, which tells when there is some again.
            self.hand.queue_up(report.queued, now + report.queue_s, max(2, len(report.busy) + 1))
        useless = [
            entry
            for lane in (*report.idle, *report.waiting, *report.queued)
            for entry in self.hand.drop(lane)
        ]
        for lane, seconds in report.waiting.items():
            self.hand.wake_at(lane, now + seconds)
        for lane in report.lost:
            self.hand.rest(lane)
            self.hand.wake_at(lane, now + LOST_LANE_S)
        self._alone.extend(report.alone)
        for lane in lanes:
            if lane not in report.lost and lane not in report.busy and lane not in report.alone:
                self.hand.give_back(lane)
        await self.publish(report.wakeups)
        self.crash(f"{self._service}.published")
        await self._ack(useless, without_effect=True)
        await self._ack(done)

    def _settle(self, lane: str, event_id: UUID) -> list[str]:
        self.counters.settled += 1
        return self.hand.settle(lane, event_id)

    def is_news(self, lane: str, event_id: UUID) -> bool:
        """Whether this process was the first to be told of the row: then no other has died of it."""
        return self.hand.has(lane, event_id)

    async def free(self, lanes: Mapping[str, UUID | None]) -> None:
        """Let lanes that a round kept busy go on, after their slow work was settled.

        The id is of the event that is done with; None where its row stays owed.
        """
        entries = []
        for lane, event_id in lanes.items():
            if event_id is not None:
                entries += self._settle(lane, event_id)
            self.hand.give_back(lane)
        self._news.set()
        await self._ack(entries)

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """Publish wake-ups of rows that were just committed. A failure costs the grace of a sweep, no more."""
        if not wakeups:
            return
        try:
            await self.streams.publish(wakeups)
        except Unavailable as error:
            # The rows are owed; the sweep of their target finds them.
            self.counters.stream_faults += 1
            self._warn("publish_failed", error)

    async def _ack(self, entry_ids: Sequence[str], *, without_effect: bool = False) -> None:
        """Acknowledge and delete entries: at once, or while ``run`` serves a moment later, many together.

        Nothing hurries: their rows are settled, and an entry without a row has no effect.
        """
        if without_effect:
            self.counters.let_go += len(entry_ids)
        else:
            self._acted = self._acted or bool(entry_ids)
        self._done.extend(entry_ids)
        if not self._serving or len(self._done) >= ACKS_MAX:
            await self._flush()
        elif self._done:
            self._any_done.set()

    async def _flush(self) -> None:
        done, self._done = self._done, []
        acted, self._acted = self._acted, False
        if not done:
            return
        try:
            await self.streams.ack(self.target, done)
        except Unavailable as error:
            # They stay pending until they are compared with what is in hand.
            self.counters.stream_faults += 1
            self._doubt.set()
            self._warn("ack_failed", error)
        if acted:
            self.crash(f"{self._service}.acked")

    async def _flush_in_company(self) -> None:
        await self._any_done.wait()
        self._any_done.clear()
        await self.clock.sleep(ACK_S)
        await self._flush()

    async def _sweep(self) -> None:
        if await self.sweep():
            self._news.set()
        await self.clock.sleep(self.limits.grace_s)

    async def _reconcile(self) -> None:
        """Compare what Redis believes we hold with what is in hand, and take over what the dead left.

        At the start, since an earlier life of this name may have left something; after faults; and now and then.
        """
        self._doubt.clear()
        if self.chore is not None:
            await self.chore()
        await self.reconcile()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._doubt.wait(), self.limits.reconcile_s)

    async def reconcile(self) -> None:
        """Let go of pending entries that are not in hand: their rows, if any are left, are due for the sweep."""
        limits = self.limits
        in_hand = self.hand.entry_ids.union(self._done)
        pending = await self.streams.pending(self.target, self.name, 1000)
        await self._ack([entry for entry in pending if entry not in in_hand], without_effect=True)
        left = await self.streams.claim(self.target, self.name, limits.abandoned_s, limits.read_max)
        # Their rows are no news: whoever was to act on them may have died of them.
        self.hand.wake([entry.wakeup.lane for entry in left if entry.wakeup is not None], self.clock.steady())
        self._news.set()
        await self._ack([entry.entry_id for entry in left], without_effect=True)

    async def _release(self) -> None:
        """Let go of what is in hand and was not begun: the rows are owed, and another replica's sweep finds them."""
        await self._ack(list(self.hand.entry_ids), without_effect=True)

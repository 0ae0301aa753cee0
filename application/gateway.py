"""The gateway: every update is durable before it is acknowledged; updates that come together share a commit.

Not here: HTTP (``entrypoints.web``) and Telegram's shapes (``domain.updates``).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

from attrs import Factory, define, evolve, field

from application.changes import Arrival, AuditRow, Owed
from application.crashpoints import CrashPoints
from application.interpreter import event_row, scope_of
from application.journal import Journal
from application.messages import command_menus
from application.ports import Clock, Codec, Intake, Streams, Telegram, Wakeup
from domain.decisions import Outcome
from domain.envelope import create, timestamp_of
from domain.errors import (
    InvalidEvent,
    NoAnswer,
    Refused,
    StoreUnavailable,
    TelegramError,
    Unavailable,
)
from domain.updates import Translated, is_update, translate

log = logging.getLogger("openclaw.gateway")

SOURCE = "gateway"
BATCH_MAX = 200
WAITING_MAX = 2_000
# Of these a single chat takes so many at most; a batch of a poll has no more than a hundred.
CHAT_WAITING_MAX = 200
POLL_TIMEOUT_S = 25
CALL_S = 10.0
ALLOWED_UPDATES = [
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member",
]  # fmt: skip


@define
class EdgeCounters:
    """What the audit does not tell: batches committed, updates turned away, and how often Redis was away."""

    commits: int = 0
    turned_away: int = 0
    stream_faults: int = 0


@define
class Gateway:
    """Takes in updates of one bot."""

    bot_id: int
    intake: Intake
    streams: Streams
    codec: Codec
    clock: Clock
    crash: CrashPoints
    bot_name: str | None = None
    accepted: int = 0
    duplicates: int = 0
    counters: EdgeCounters = field(factory=EdgeCounters)
    journal: Journal = field(init=False, default=Factory(lambda self: Journal(self.clock), takes_self=True))
    _waiting: list[tuple[Arrival, asyncio.Future[bool]]] = field(factory=list)
    # How many of the waiting ones each chat has.
    _lanes: Counter[str] = field(factory=Counter)
    _committer: asyncio.Task[None] | None = None
    _publishing: set[asyncio.Task[None]] = field(factory=set)

    @property
    def waiting(self) -> int:
        """How many updates wait to be committed."""
        return len(self._waiting)

    def arrival(self, update: object) -> Arrival:
        """Return what ``update`` becomes. Raises NotAnUpdate for JSON that is no update."""
        found = translate(update, self.bot_id, self.bot_name)
        if found.payload is None:
            return Arrival(found.key, self._ignored(found, found.reason))
        event = create(
            found.payload, source=SOURCE, key=found.key, trace_id=found.trace_id,
            timestamp=timestamp_of(self.clock.now()),
        )  # fmt: skip
        try:
            encoded = self.codec.encode(event)
        except InvalidEvent as error:
            return Arrival(found.key, self._ignored(found, f"not usable: {error}"))
        scope = scope_of(found.payload)
        assert scope is not None
        owed = Owed(event.target, event.event_id, scope.lane, None, encoded)
        return Arrival(found.key, event_row(event, Outcome.ACCEPTED), owed)

    def _ignored(self, found: Translated, reason: str) -> AuditRow:
        return AuditRow(
            Outcome.IGNORED, source=SOURCE, trace_id=found.trace_id, idempotency_key=found.key, reason=reason
        )

    async def accept(self, updates: Sequence[object]) -> None:
        """Return when every update is committed. Raises StoreUnavailable, after which none need be; offer them again.

        Updates that come while a commit runs wait for the next one and share it. A chat that floods is turned away
        long before it would keep the others out.
        """
        arrivals = [self.arrival(update) for update in updates]
        if self.bot_name is None and any(_is_of_group(arrival) for arrival in arrivals):
            self.counters.turned_away += len(arrivals)
            raise StoreUnavailable(
                "the bot's name is not known yet, so nobody can tell what of a group is meant for it"
            )
        self._make_room(arrivals)
        self.crash("gateway.received")
        loop = asyncio.get_running_loop()
        places = [(arrival, loop.create_future()) for arrival in arrivals]
        self._waiting.extend(places)
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_all())
        # Every answer is taken, since a failure is that of all of them.
        for answer in await asyncio.gather(*(place for _, place in places), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
        self.crash("gateway.answered")

    def _make_room(self, arrivals: Sequence[Arrival]) -> None:
        """Raise StoreUnavailable where a chat of these updates, or everybody together, has too many waiting."""
        lanes = Counter(a.owed.lane for a in arrivals if a.owed is not None)
        fault = ""
        if any(count + self._lanes[lane] > CHAT_WAITING_MAX for lane, count in lanes.items()):
            fault = "too many updates of one chat wait to be committed"
        elif len(self._waiting) + len(arrivals) > WAITING_MAX:
            fault = "too many updates wait to be committed"
        if fault:
            self.counters.turned_away += len(arrivals)
            raise StoreUnavailable(fault)
        self._lanes.update(lanes)

    async def _commit_all(self) -> None:
        # One turn of the loop lets requests that are being read already share the first commit.
        await asyncio.sleep(0)
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
            arrivals: Sequence[Arrival] = [arrival for arrival, _ in batch]
            self._lanes -= Counter(a.owed.lane for a in arrivals if a.owed is not None)
            try:
                news: Sequence[bool | None] = await self.intake.accept(arrivals)
            except StoreUnavailable as error:
                for _, place in batch:
                    if not place.done():
                        place.set_exception(error)
                continue
            except Exception as error:  # noqa: BLE001 - one update's data must not keep the others out
                arrivals, news = zip(*await self._accept_apart(batch, error), strict=True)
            self.crash("gateway.committed")
            self._note(arrivals, news)
            self._start_publishing(
                [a.owed for a, new in zip(arrivals, news, strict=True) if new and a.owed is not None]
            )
            for (_, place), new in zip(batch, news, strict=True):
                if not place.done():
                    place.set_result(bool(new))

    def _note(self, arrivals: Sequence[Arrival], news: Sequence[bool | None]) -> None:
        """Account for what was committed; None is what was not."""
        committed = [(a.audit, new) for a, new in zip(arrivals, news, strict=True) if new is not None]
        self.counters.commits += bool(committed)
        self.accepted += sum(new for _, new in committed)
        self.duplicates += sum(not new for _, new in committed)
        self.journal.tell(row if new else evolve(row, outcome=Outcome.DUPLICATE) for row, new in committed)

    async def _accept_apart(
        self, batch: Sequence[tuple[Arrival, asyncio.Future[bool]]], error: Exception
    ) -> list[tuple[Arrival, bool | None]]:
        """Commit one by one what could not be committed together; what still fails is audited as ignored.

        Returns what each was committed as and whether it was new, None where it was not committed.
        """
        if len(batch) == 1:
            log.error(
                "an update cannot be stored: %s", type(error).__name__, extra={"action": "update_not_stored"}
            )
            arrival = batch[0][0]
            row = evolve(
                arrival.audit,
                outcome=Outcome.IGNORED,
                reason=f"not storable: {type(error).__name__}",
                made_at=None,
            )
            refused = Arrival(arrival.key, row)
            return [(refused, (await self.intake.accept([refused]))[0])]
        found: list[tuple[Arrival, bool | None]] = []
        for arrival, place in batch:
            try:
                found.append((arrival, (await self.intake.accept([arrival]))[0]))
            except StoreUnavailable as unavailable:
                place.set_exception(unavailable)
                found.append((arrival, None))
            except Exception as alone:  # noqa: BLE001 - as above, of one update alone
                found += await self._accept_apart([(arrival, place)], alone)
        return found

    def _start_publishing(self, owed: Sequence[Owed]) -> None:
        if owed:
            task = asyncio.create_task(self._publish(owed))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _publish(self, owed: Sequence[Owed]) -> None:
        try:
            await self.streams.publish([Wakeup(o.target, o.lane, o.event_id, 0, o.envelope) for o in owed])
        except Unavailable as error:
            # The rows are owed; the brain's sweep finds them.
            self.counters.stream_faults += 1
            log.warning("gateway: %s", error, extra={"action": "publish_failed"})
        self.crash("gateway.published")

    async def finish(self) -> None:
        """Wait until what was accepted is published."""
        if self._committer is not None:
            await self._committer
        await asyncio.gather(*self._publishing, return_exceptions=True)


@define
class PollCounters:
    """What came of polls: how many brought an answer, how many failed, and how many updates they brought."""

    answered: int = 0
    failed: int = 0
    updates: int = 0


def _is_of_group(arrival: Arrival) -> bool:
    return arrival.owed is not None and ":-" in arrival.owed.lane


@define
class Poller:
    """Long polling: the offset moves only when what came before it is committed."""

    gateway: Gateway
    telegram: Telegram
    clock: Clock
    stopping: asyncio.Event = field(factory=asyncio.Event)
    poll_timeout_s: int = POLL_TIMEOUT_S
    counters: PollCounters = field(factory=PollCounters)
    _offset: int = 0
    _pause_s: float = 0.5

    def stop(self) -> None:
        """Ask ``run`` to return; a poll that is under way is given up, which confirms nothing."""
        self.stopping.set()

    async def run(self) -> None:
        """Poll until stopped, with growing pauses while Telegram or the store is away."""
        while not self.stopping.is_set():
            try:
                await self.once()
                if self._pause_s > 0.5:
                    log.info("Telegram answers again", extra={"action": "telegram_answers"})
                self._pause_s = 0.5
            except (StoreUnavailable, TelegramError) as error:
                self.counters.failed += 1
                log.warning("polling: %s", error, extra={"action": "poll_failed"})
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), self._pause_after(error))

    async def once(self) -> int:
        """Poll once and commit what came; return the number of updates."""
        params = {"offset": self._offset, "timeout": self.poll_timeout_s, "allowed_updates": ALLOWED_UPDATES}
        call = asyncio.ensure_future(self.telegram.call("getUpdates", params, self.poll_timeout_s + 10.0))
        stop = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait({call, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not call.done():
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            return 0
        answer = call.result()
        if not isinstance(answer, list):
            raise NoAnswer("getUpdates brought no list")
        updates = [one for one in answer if is_update(one)]
        if answer and not updates:
            raise NoAnswer("getUpdates brought nothing that is an update")
        if updates:
            await self.gateway.accept(updates)
            self._offset = max(int(update["update_id"]) for update in updates) + 1
        self.counters.answered += 1
        self.counters.updates += len(updates)
        return len(updates)

    def _pause_after(self, error: Exception) -> float:
        if isinstance(error, Refused) and error.refusal.retry_after_s is not None:
            return float(error.refusal.retry_after_s)
        self._pause_s = min(self._pause_s * 2, 30.0)
        return self._pause_s


async def introduce(gateway: Gateway, telegram: Telegram, stopping: asyncio.Event) -> None:
    """Ask Telegram for the bot's name, repeating until it answers; a name that was set is kept."""
    if gateway.bot_name is not None:
        return
    me = await repeat(lambda: telegram.call("getMe", {}, CALL_S), "introduce_failed", stopping)
    if isinstance(me, dict) and isinstance(me.get("username"), str):
        gateway.bot_name = me["username"]


async def offer_commands(telegram: Telegram, admins: Collection[int], stopping: asyncio.Event) -> None:
    """Set the bot's menus of commands, by scope and language."""
    for params in command_menus(admins):
        await repeat(partial(_offer, telegram, params), "commands_not_set", stopping)


async def _offer(telegram: Telegram, params: Mapping[str, object]) -> None:
    try:
        await telegram.call("setMyCommands", params, CALL_S)
    except Refused as error:
        scope = params.get("scope")
        if error.refusal.code not in (400, 403) or not isinstance(scope, dict) or scope.get("type") != "chat":
            raise
        # An admin who has not written to the bot yet, or has blocked it; the menu is set at the next start.
        log.info("no menu for a chat that is not there: %s", error, extra={"action": "menu_not_set"})


async def repeat(call: Callable[[], Awaitable[object]], action: str, stopping: asyncio.Event) -> object:
    """Call Telegram until it answers well, with growing pauses; return its result, None when stopped before."""
    pause_s = 0.5
    while not stopping.is_set():
        try:
            result = await call()
            if pause_s > 0.5:
                log.info("Telegram answers again", extra={"action": "telegram_answers"})
            return result
        except TelegramError as error:
            log.warning("Telegram: %s", error, extra={"action": action})
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause_s)
            pause_s = min(pause_s * 2, 30.0)
    return None

"""The gateway: every update is durable before it is acknowledged; updates that come together share a commit.

Not here: HTTP (``entrypoints.web``), ``polling``, who is turned away (``pressure``), and Telegram's shapes
(``domain.updates``).
"""

import asyncio
import logging
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
from application.pressure import SENTENCES, Pressure, Reason
from domain.decisions import Outcome
from domain.envelope import create, timestamp_of
from domain.errors import (
    InvalidEvent,
    Refused,
    StoreUnavailable,
    TelegramError,
    TurnedAway,
    Unavailable,
)
from domain.updates import Translated, translate

log = logging.getLogger("openclaw.gateway")

SOURCE = "gateway"
BATCH_MAX = 200
CALL_S = 10.0
ALLOWED_UPDATES = [
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member",
]  # fmt: skip

# An update that waits to be committed, and where the answer is awaited whether it was new.
Waiting = tuple[Arrival, asyncio.Future[bool]]


@define
class EdgeCounters:
    """What the audit does not tell: batches committed, and how often Redis was away."""

    commits: int = 0
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
    pressure: Pressure = field(
        default=Factory(lambda self: Pressure(self.intake, self.clock), takes_self=True)
    )
    _waiting: list[Waiting] = field(factory=list)
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

    async def accept(self, updates: Sequence[object], *, insist: bool = False) -> None:
        """Return when every update is committed; updates that come while a commit runs share the next one.

        Raises TurnedAway for those that were not taken in for now, which leave nothing behind, when the others are
        committed (``application.pressure``; ``insist`` is as there), and StoreUnavailable, after which none need be.
        Offer them again.
        """
        arrivals = [self.arrival(update) for update in updates]
        if self.bot_name is None and any(_is_of_group(arrival) for arrival in arrivals):
            self.pressure.turned_away[Reason.NO_NAME] += len(arrivals)
            raise StoreUnavailable(SENTENCES[Reason.NO_NAME])
        faults = await self.pressure.admit(arrivals, insist=insist)
        self.crash("gateway.received")
        loop = asyncio.get_running_loop()
        places = [
            (each, loop.create_future())
            for each, fault in zip(arrivals, faults, strict=True)
            if fault is None
        ]
        self._waiting.extend(places)
        if places and (self._committer is None or self._committer.done()):
            self._committer = asyncio.create_task(self._commit_all())
        # Every answer is taken, since a failure is that of all of them.
        for answer in await asyncio.gather(*(place for _, place in places), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
        refused = {place: fault for place, fault in enumerate(faults) if fault is not None}
        if refused:
            raise TurnedAway(SENTENCES[next(iter(refused.values()))], frozenset(refused))
        self.crash("gateway.answered")

    async def _commit_all(self) -> None:
        # One turn of the loop lets requests that are being read already share the first commit.
        await asyncio.sleep(0)
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
            batch = [each for each in batch if not self._is_behind(each)]
            if not batch:
                continue
            arrivals: Sequence[Arrival] = [arrival for arrival, _ in batch]
            try:
                news: Sequence[bool | None] = await self.intake.accept(arrivals)
            except StoreUnavailable as error:
                for each in batch:
                    self._fail(each, error)
                continue
            except Exception as error:  # noqa: BLE001 - one update's data must not keep the others out
                arrivals, news = zip(*await self._accept_apart(batch, error), strict=True)
            self.crash("gateway.committed")
            self._note(arrivals, news)
            self._start_publishing(
                [a.owed for a, new in zip(arrivals, news, strict=True) if new and a.owed is not None]
            )
            for (arrival, place), new in zip(batch, news, strict=True):
                if new is not None:
                    self.pressure.done(arrival, taken=True)
                if not place.done():
                    place.set_result(bool(new))

    def _is_behind(self, waiting: Waiting) -> bool:
        """Turn an update away of which an earlier one of its chat could not be committed, and tell whether it was."""
        is_behind = self.pressure.is_behind(waiting[0])
        if is_behind:
            self.pressure.turned_away[Reason.BEHIND] += 1
            self._fail(waiting, StoreUnavailable(SENTENCES[Reason.BEHIND]))
        return is_behind

    def _fail(self, waiting: Waiting, error: StoreUnavailable) -> None:
        arrival, place = waiting
        self.pressure.done(arrival, taken=False)
        if not place.done():
            place.set_exception(error)

    def _note(self, arrivals: Sequence[Arrival], news: Sequence[bool | None]) -> None:
        """Account for what was committed; None is what was not."""
        committed = [(a.audit, new) for a, new in zip(arrivals, news, strict=True) if new is not None]
        self.counters.commits += bool(committed)
        self.accepted += sum(new for _, new in committed)
        self.duplicates += sum(not new for _, new in committed)
        self.journal.tell(row if new else evolve(row, outcome=Outcome.DUPLICATE) for row, new in committed)

    async def _accept_apart(
        self, batch: Sequence[Waiting], error: Exception
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
            try:
                return [(refused, (await self.intake.accept([refused]))[0])]
            except StoreUnavailable as unavailable:
                self._fail(batch[0], unavailable)
            except Exception as again:  # noqa: BLE001 - then it was not the update: nothing can be stored now
                why = f"neither an update nor its refusal can be stored: {type(again).__name__}"
                self._fail(batch[0], StoreUnavailable(why))
            return [(refused, None)]
        found: list[tuple[Arrival, bool | None]] = []
        for arrival, place in batch:
            try:
                if self._is_behind((arrival, place)):
                    found.append((arrival, None))
                    continue
                found.append((arrival, (await self.intake.accept([arrival]))[0]))
            except StoreUnavailable as unavailable:
                self._fail((arrival, place), unavailable)
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


def _is_of_group(arrival: Arrival) -> bool:
    return arrival.owed is not None and ":-" in arrival.owed.lane


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

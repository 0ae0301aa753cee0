"""The whole system in one process on the in-memory adapters: no servers, no waiting, a clock moved by hand.

::

    harness = Harness()
    await harness.say(user=7, chat=7, text="hello")     # ["hello"]

It is deterministic: the same calls have the same outcome, ids and times included. Not here: faults at random
(a simulation plans them in ``world.faults``, ``streams`` and ``database``).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from adapters.botworld import World
from adapters.botworld.values import Effect
from adapters.calendar.recurrence import DateutilCalendar
from adapters.codec import Codec
from adapters.markdown import MarkdownFormatter
from adapters.memory.agenda import MemoryAgenda
from adapters.memory.archive import MemoryArchive
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.liveness import MemoryLiveness
from adapters.memory.notices import MemoryLetterWatch
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from adapters.memory.store import MemoryIntake, MemoryRecords, MemoryStore
from adapters.memory.streams import MemoryStreams
from adapters.memory.telegram import MemoryTelegram
from application.changes import AuditRow, Changes, Owed
from application.crashpoints import CrashPoints, no_crash
from application.gateway import Gateway
from application.interpreter import scope_of
from application.letters import Letter, LetterFilter, Moved
from application.phrases import Phrases
from application.polling import Poller
from application.ports import Wakeup
from application.records import AuditEntry, AuditFilter
from application.runtime import RuntimeState
from application.scheduler import Scheduler
from application.sender import Deliverer
from application.timing import Timing
from domain.access import AccessMode
from domain.commands.base import Calendar
from domain.envelope import Event, create, timestamp_of
from domain.errors import StoreUnavailable
from domain.ids import event_id_of, trace_of
from entrypoints.assembly import Ports, Sending, brain, pressure, retention, scheduler, sender
from entrypoints.settings import Settings
from entrypoints.version import version

TOKEN = "1000:in-memory-token"
BOT_ID = 1000
BOT_NAME = "openclaw_bot"
STEPS_MAX = 10_000
# So often the other tasks run before a call counts as waiting for the clock.
TURNS_MAX = 100


class CountedTokens:
    """Tokens that follow from a count, so that runs repeat."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def token(self) -> UUID:
        """Return the next token."""
        self._count += 1
        return event_id_of(f"token:{self._name}:{self._count}")


class Harness:
    """One gateway, one brain, one sender, one scheduler, and the Telegram that they talk to."""

    def __init__(
        self,
        *,
        admins: Sequence[int] = (),
        crash: CrashPoints = no_crash,
        calendar: Calendar | None = None,
        **settings: Any,
    ) -> None:
        """``settings`` are fields of ``Settings``; unless given, rate limits are lifted and everybody may talk."""
        lifted = {
            "rate_bot_per_s": 0,
            "rate_chat_per_s": 0.0,
            "rate_group_per_min": 0,
            "access": AccessMode.OPEN,
        }
        self.settings = Settings(**{**lifted, "instance": "harness", "admins": frozenset(admins), **settings})
        self.clock = ManualClock()
        self.world = World(self.clock.now)
        self.world.add_bot(TOKEN, BOT_NAME)
        self.database = MemoryDatabase(self.clock)
        self.streams = MemoryStreams(self.clock, self.settings.stream_max)
        self.redis = MemoryRedis()
        self.liveness = MemoryLiveness(self.clock)
        self.records = MemoryRecords(self.database)
        self.letters = MemoryDeadLetters(self.database)
        self._crash = crash
        self._calendar: Calendar = Timing(Phrases(DateutilCalendar())) if calendar is None else calendar
        self._starts = 0
        self.sendings: Sequence[Sending] = ()
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is committed, as after the death of every process."""
        for sending in self.sendings:
            for call in sending.deliverer.in_flight:
                call.cancel()
        self._starts += 1
        telegram = MemoryTelegram(self.world, TOKEN, self.clock)
        runtime = RuntimeState(AsyncMemoryRedis(self.redis))
        intake = MemoryIntake(self.database)
        self.gateway = Gateway(
            BOT_ID, intake, self.streams, Codec(), self.clock, self._crash, BOT_NAME,
            pressure=pressure(intake, self.clock, self.settings, BOT_ID),
        )  # fmt: skip
        self.poller = Poller(self.gateway, telegram, self.clock, poll_timeout_s=0)
        self.brain = brain(
            self._ports("brain"), self.settings, runtime, self.liveness, version(), self._calendar,
            MemoryLetterWatch(self.database),
        )  # fmt: skip
        self.sendings = sender(self._ports("sender", claims=True), self.settings, telegram)
        self.scheduler = self.new_scheduler()
        self.retention = retention(MemoryArchive(self.database), self.clock, self.settings)

    def new_scheduler(self, name: str = "scheduler") -> Scheduler:
        """Return another scheduler beside the one there is; it is for the caller to let it tick."""
        agenda = MemoryAgenda(self.database, run_id=event_id_of(f"run:{name}:{self._starts}"), consumer=name)
        return scheduler(
            agenda, self.streams, Codec(), self.clock, self._calendar, self.settings, self._crash
        )

    def _ports(self, role: str, *, claims: bool = False) -> Ports:
        run_id = event_id_of(f"run:{role}:{self._starts}")
        store = MemoryStore(self.database, consumer=role, run_id=run_id, claims=claims)
        tokens = CountedTokens(f"{role}:{self._starts}")
        return Ports(
            self.streams, store, Codec(), MarkdownFormatter(), self.clock, tokens, self._crash, paced=False
        )

    async def say(self, user: int, chat: int, text: str, **more: Any) -> list[str]:
        """Write ``text`` as ``user`` in ``chat`` and return the texts that reached the chat because of it."""
        before = len(self.world.record.of_chat(chat))
        self.world.say(chat, user, text, **more)
        await self.settle()
        return self.texts(chat, before)

    async def press(self, user: int, chat: int, message: int, data: str) -> list[str]:
        """Press the button with ``data`` as ``user`` and return the texts that reached the chat because of it."""
        before = len(self.world.record.of_chat(chat))
        self.world.press(chat, user, message, data)
        await self.settle()
        return self.texts(chat, before)

    def texts(self, chat: int, after: int = 0) -> list[str]:
        """Return the texts that reached ``chat``, from the number ``after`` on."""
        effects = self.world.record.of_chat(chat)[after:]
        return [text for effect in effects if (text := text_of(effect)) is not None]

    async def settle(self) -> None:
        """Take in Telegram's updates and run until nothing is left to do at this moment."""
        await self.take_in()
        for _ in range(STEPS_MAX):
            if not await self.step():
                return
        raise RuntimeError(f"still busy after {STEPS_MAX} steps; something repeats itself without an end")

    async def take_in(self) -> None:
        """Hand Telegram's waiting updates to the gateway."""
        while await self.poller.once():
            await self.gateway.finish()

    async def step(self) -> bool:
        """Let every service do one round; tell whether any had something to do."""
        worked = False
        # As its ``run`` does, the scheduler outlasts the database's absence.
        with suppress(StoreUnavailable):
            worked = await self.scheduler.tick() > 0
        worked = await self.brain.step() or worked
        for sending in self.sendings:
            worked = await sending.consumer.step() or worked
            await self._let_call(sending.deliverer)
        return worked

    async def _let_call(self, deliverer: Deliverer) -> None:
        """Let the calls under way go as far as they get while the clock stands still; some may hang."""
        for _ in range(TURNS_MAX):
            if deliverer.is_idle:
                return
            await asyncio.sleep(0)

    async def owe(self, payload: object, key: str, *, target: str | None = None) -> Event:
        """Owe ``payload`` as an event of the brain's, such as a reminder to send, and return the event."""
        event = create(
            payload, source="brain", key=key, trace_id=trace_of(key), timestamp=timestamp_of(self.clock.now()),
            target=target,
        )  # fmt: skip
        scope = scope_of(payload)
        lane = scope.lane if scope is not None else ""
        owed = Owed(event.target, event.event_id, lane, None, Codec().encode(event))
        async with self._ports("brain").store.round("brain", ()) as current:
            await current.apply(Changes(owed=[owed]))
        await self.brain.publish([Wakeup(owed.target, owed.lane, owed.event_id, 0, owed.envelope)])
        return event

    async def advance(self, seconds: float) -> None:
        """Move the clock, sweep as the services would meanwhile, and run until nothing is left to do."""
        await self.clock.advance(seconds)
        if self.brain.chore is not None:
            await self.brain.chore()
        for consumer in (self.brain, *(sending.consumer for sending in self.sendings)):
            await consumer.sweep()
        await self.settle()

    async def audit(self, **wanted: Any) -> list[AuditRow]:
        """Return audit rows, oldest first; the arguments are fields of ``AuditFilter``."""
        entries: list[AuditEntry] = await self.records.audit(AuditFilter(**{"limit": 100_000, **wanted}))
        return [entry.row for entry in entries]

    async def dead_letters(self) -> list[Letter]:
        """Return every dead letter."""
        return await self.letters.newest(LetterFilter(), 100_000)

    async def redrive(self, *letter_ids: int) -> Moved:
        """Owe these dead letters again, without ids all of them; a sweep takes them up, as ``advance`` does."""
        return await self.letters.redrive(letter_ids or [x.letter_id for x in await self.dead_letters()])

    async def discard(self, *letter_ids: int, why: str) -> Moved:
        """Remove these dead letters for ever, without ids all of them."""
        return await self.letters.discard(letter_ids or [x.letter_id for x in await self.dead_letters()], why)

    @property
    def owed(self) -> int:
        """How many rows are owed."""
        return len(self.database.tables.outbox)


def text_of(effect: Effect) -> str | None:
    """Return the text that an effect brought to its chat; None for effects without one."""
    found = effect.params.get("text")
    return found if isinstance(found, str) else None

"""The same services on a real Postgres and a real Valkey, for what only these refuse: zero bytes, numbers too large.

Servers and connections serve all inputs, the tables are emptied between them. Not here: what comes in (``targets``).
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import redis.asyncio
from attrs import define, field

from adapters.botworld import World
from adapters.botworld.updates import UpdateQueue
from adapters.codec import Codec
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.markdown import MarkdownFormatter
from adapters.memory.telegram import MemoryTelegram
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams, key_of
from adapters.system import SystemClock, SystemTokens
from application.crashpoints import no_crash
from application.gateway import Gateway
from application.polling import Poller
from application.records import AuditFilter
from application.runtime import RuntimeState
from domain.access import AccessMode
from domain.ids import event_id_of
from entrypoints.assembly import Ports, brain, scheduler, sender
from entrypoints.harness import BOT_ID, BOT_NAME, TOKEN, text_of
from entrypoints.settings import Settings
from tests.contract.legs import PostgresLeg
from tests.fuzz.house import CALENDAR, FIRST_UPDATE_ID, GROUP, NEIGHBOUR, OWNER, PEOPLE
from tests.fuzz.watch import Unforeseen, refuse_unforeseen
from tests.servers import Databases, running, short_dir

YEAR_S = 400 * 86_400.0
TRIES_MAX = 60
# What is the same for every input.
KEPT_TABLES = ("retention", "audit", "clock", "schema_version", "alembic_version", "control")


@define
class Ground:
    """The servers, and what stays connected to them."""

    postgres_url: str
    redis_url: str
    runner: asyncio.Runner = field(factory=asyncio.Runner)
    leg: PostgresLeg = field(init=False)
    client: redis.asyncio.Redis = field(init=False)
    streams: RedisStreams = field(init=False)
    admin: Any = field(init=False, default=None)
    tables: Sequence[str] = ()

    def run(self, step: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """Run ``step`` with empty tables; what its tasks raised and nobody took is a failure."""
        lost: list[str] = []

        def note(_: Any, context: dict[str, Any]) -> None:
            lost.append(f"{context['message']}: {context.get('exception')!r}")

        async def cleared() -> str:
            asyncio.get_running_loop().set_exception_handler(note)
            await self._clear()
            return await step()

        told = self.runner.run(cleared())
        if lost:
            raise Unforeseen(lost[0])
        return told

    async def _clear(self) -> None:
        if self.admin is None:
            self.admin = await asyncpg.connect(self.postgres_url)
            self.leg = PostgresLeg(self.postgres_url)
            self.client = connect(self.redis_url, "openclaw-test")
            self.streams = RedisStreams(self.client)
            found = await self.admin.fetch(
                "select c.relname from pg_class c where c.relnamespace = 'openclaw'::regnamespace "
                "and c.relkind in ('r', 'p') and not c.relispartition"
            )
            self.tables = [row[0] for row in found if row[0] not in KEPT_TABLES]
            await self.admin.execute("set session_replication_role = replica")
        await self.admin.execute("; ".join(f"delete from openclaw.{name}" for name in self.tables))
        await self.client.flushall()

    async def _close(self) -> None:
        if self.admin is not None:
            await self.leg.close()
            await self.streams.close()
            await self.client.aclose()
            await self.admin.close()

    def close(self) -> None:
        """Close every connection."""
        self.runner.run(self._close())
        self.runner.close()


@contextmanager
def own_ground() -> Iterator[Ground]:
    """Start both servers and lend them."""
    with ExitStack() as stack:
        postgres = stack.enter_context(running(EmbeddedPostgres(stack.enter_context(short_dir()))))
        valkey = stack.enter_context(running(EmbeddedValkey(stack.enter_context(short_dir()))))
        url = stack.enter_context(Databases(postgres).fresh())
        ground = Ground(url, valkey.admin_url)
        try:
            yield ground
        finally:
            ground.close()


class ServerHouse:
    """A gateway, a brain, a sender and a scheduler on the servers, and the simulated Telegram that they talk to."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.began = time.time()
        self.clock = SystemClock()
        self.world = World(self.clock.now)
        self.world.add_bot(TOKEN, BOT_NAME)
        self.world.queues[BOT_ID] = UpdateQueue(FIRST_UPDATE_ID, self.world.now)
        for user in (*PEOPLE, NEIGHBOUR):
            self.world.meet(user)
        self.world.add_group(GROUP, "Flat")
        self.telegram: Any = MemoryTelegram(self.world, TOKEN, self.clock)
        self.settings = Settings(
            rate_bot_per_s=0,
            rate_chat_per_s=0.0,
            rate_group_per_min=0,
            access=AccessMode.OPEN,
            instance="fuzz",
            admins=frozenset({OWNER}),
            sweep_grace_s=0.001,
        )
        leg, streams = ground.leg, ground.streams
        self.gateway = Gateway(BOT_ID, leg.intake, streams, Codec(), self.clock, no_crash, BOT_NAME)
        self.poller = Poller(self.gateway, self.telegram, self.clock, poll_timeout_s=0)
        self.sending_telegram: Any = self.telegram
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is committed; nothing is waited for that an earlier life was told to wait for."""
        leg, streams = self.ground.leg, self.ground.streams
        runtime, liveness = RuntimeState(self.ground.client), RedisLiveness(self.ground.client)
        self.brain = brain(self.ports("brain"), self.settings, runtime, liveness, "0", CALENDAR, leg.watch)
        self.sendings = sender(self.ports("sender"), self.settings, self.sending_telegram)
        self.scheduler = scheduler(leg.agenda, streams, Codec(), self.clock, CALENDAR, self.settings)

    def ports(self, role: str) -> Ports:
        """Return what a service stands on."""
        store = self.ground.leg.store(role, run=f"{role}:{self.began}")
        return Ports(
            self.ground.streams, store, Codec(), MarkdownFormatter(), self.clock, SystemTokens(), paced=False
        )

    async def step(self) -> bool:
        """Let every service do one round; tell whether any had something to do."""
        worked = await self.scheduler.tick() > 0
        worked = await self.brain.step() or worked
        for sending in self.sendings:
            worked = await sending.consumer.step() or worked
            await sending.deliverer.finish()
        return worked

    async def settle(self) -> None:
        """Take in what waits at Telegram and work until nothing is left to do at this moment."""
        while await self.poller.once():
            await self.gateway.finish()
        for _ in range(200):
            if not await self.step():
                return
        raise Unforeseen("still busy after 200 rounds")

    async def rest(self) -> None:
        """Let time go by until nothing is owed, and raise where something stays owed."""
        for _ in range(TRIES_MAX):
            if not await self.owed():
                return
            await self.elapse(YEAR_S)
            for consumer in (self.brain, *(each.consumer for each in self.sendings)):
                await consumer.sweep()
            await self.settle()
        raise Unforeseen(f"{await self.owed()} rows are owed for ever")

    async def elapse(self, seconds: float) -> None:
        """Let what is planned be due, and claims have run out."""
        by = "make_interval(secs => $1)"
        await self.ground.admin.execute(
            f"update openclaw.outbox set available_at = available_at - {by}", seconds
        )
        await self.ground.admin.execute(
            f"update openclaw.claims set claimed_until = claimed_until - {by}", seconds
        )
        for column in ("full_at", "blocked_until"):
            await self.ground.admin.execute(f"update openclaw.rates set {column} = {column} - {by}", seconds)
        self.restart()

    async def owed(self) -> int:
        """Return how many rows are owed."""
        found: int = await self.ground.admin.fetchval("select count(*) from openclaw.outbox")
        return found

    def texts(self, chat: int) -> list[str]:
        """Return the texts that reached a chat."""
        return [text for effect in self.world.record.of_chat(chat) if (text := text_of(effect)) is not None]

    async def neighbour_is_answered(self) -> None:
        """Raise where somebody in another chat is not answered."""
        self.world.say(NEIGHBOUR, NEIGHBOUR, "are you there?")
        await self.settle()
        if self.texts(NEIGHBOUR) != ["are you there?"]:
            raise Unforeseen(f"the neighbour got {len(self.texts(NEIGHBOUR))} answers")

    async def check(self) -> list[str]:
        """Raise where something happened that nobody foresaw; return the reasons of the dead letters."""
        entries = await self.ground.leg.records.audit(AuditFilter(limit=10_000, since=self.began - 1))
        rows = await self.ground.admin.fetch("select reasons from openclaw.dead_letters")
        reasons = [reason for row in rows for reason in row[0]]
        refuse_unforeseen([entry.row.reason for entry in entries] + reasons)
        return reasons

    async def put_row(
        self, target: str, lane: str, envelope: bytes, name: UUID | None, attempt: int, deaths: int
    ) -> None:
        """Put a row into the outbox as damage, or an older version, may have left it there."""
        await self.ground.admin.execute(
            "insert into openclaw.outbox (target, event_id, lane, envelope, attempt, deaths) "
            "values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
            target,
            name or event_id_of(f"fuzz:{envelope!r}"),
            lane,
            envelope,
            attempt,
            deaths,
        )

    async def put_entry(self, target: str, fields: Sequence[bytes]) -> None:
        """Write an entry into a stream as a stranger would."""
        await self.ground.client.execute_command("XADD", key_of(target), "*", *fields)

"""What each role tells at ``GET /metrics``: which numbers it keeps, and what it asks of its servers for a scrape.

Not here: the metrics themselves (``adapters.metrics``), and the route (``web``).
"""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from redis.asyncio import Redis

from adapters.metrics import readings
from adapters.metrics.exposition import Exposition, Reading, ServiceCollector, Source
from adapters.metrics.readings import CONSUMER_OUTCOMES, EDGE_OUTCOMES, POSTGRES, REDIS, SCHEDULER_OUTCOMES
from adapters.metrics.survey import Survey
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.redis_streams.connect import translated
from application.meters import SHORT_S, Histogram
from application.ports import Streams
from domain.catalogue import BRAIN, CATALOGUE, GATEWAY, SCHEDULER, SENDER
from entrypoints.assembly import SENDER_TARGETS
from entrypoints.containers import (
    BrainContainer,
    Common,
    GatewayContainer,
    SchedulerContainer,
    SenderContainer,
)
from entrypoints.settings import Settings
from entrypoints.version import version
from entrypoints.web import Webhook

TARGETS = (BRAIN, *SENDER_TARGETS)
POLLING_METHODS = ("getUpdates", "getMe", "setMyCommands", "deleteWebhook")
WEBHOOK_METHODS = ("getMe", "setMyCommands", "setWebhook")
SENDER_METHODS = ("sendMessage", "editMessageText", "answerCallbackQuery")
LAG_EVERY_S = 1.0

Question = Callable[[], Awaitable[Sequence[Reading]]]
Restarts = Callable[[], Mapping[str, int]]


def gateway_metrics(
    settings: Settings, container: GatewayContainer, webhook: Webhook | None, methods: Sequence[str]
) -> Exposition:
    """Return the metrics of a gateway that takes updates in by ``webhook``, or else by polling."""
    gateway = container.gateway()
    types = [kind.name for kind in CATALOGUE.values() if GATEWAY in kind.producers]
    sources: list[Source] = [
        readings.from_journals([gateway.journal], types, EDGE_OUTCOMES, handles=False),
        readings.from_gateway(gateway),
        readings.from_calls(container.telegram().meter, methods),
        _pools({"main": container.pool()}),
        readings.from_poller(container.poller()) if webhook is None else _webhook(webhook),
    ]
    questions = {POSTGRES: _ready(container.watch()), REDIS: _answers(container.redis())}
    return _exposition(GATEWAY, settings, container, sources, questions)


def brain_metrics(settings: Settings, container: BrainContainer) -> Exposition:
    """Return the metrics of a brain, which alone tells of everybody's backlog."""
    consumer = container.consumer()
    types = [kind.name for kind in CATALOGUE.values() if kind.target == BRAIN]
    sources = [
        readings.from_journals([consumer.runner.journal], types, CONSUMER_OUTCOMES, handles=True),
        readings.from_consumer(consumer),
        _pools({"main": container.pool(), "marks": container.marks()}),
    ]
    records = PostgresRecords(container.watch())

    async def backlog() -> Sequence[Reading]:
        return readings.from_figures(await records.figures(), TARGETS)

    questions = {POSTGRES: backlog, REDIS: _depths(container.streams(), (BRAIN,))}
    return _exposition(BRAIN, settings, container, sources, questions)


def sender_metrics(settings: Settings, container: SenderContainer) -> Exposition:
    """Return the metrics of a sender."""
    sendings = container.sendings()
    types = [kind.name for kind in CATALOGUE.values() if kind.target == SENDER]
    journals = [sending.deliverer.journal for sending in sendings]
    sources = [
        readings.from_journals(journals, types, CONSUMER_OUTCOMES, handles=True),
        *(readings.from_consumer(sending.consumer) for sending in sendings),
        *(readings.from_deliverer(sending.deliverer) for sending in sendings),
        readings.from_calls(container.telegram().meter, SENDER_METHODS),
        _pools({"main": container.pool()}),
    ]
    questions = {
        POSTGRES: _ready(container.watch()),
        REDIS: _depths(container.streams(), SENDER_TARGETS),
    }
    return _exposition(SENDER, settings, container, sources, questions)


def scheduler_metrics(settings: Settings, container: SchedulerContainer) -> Exposition:
    """Return the metrics of a scheduler."""
    scheduler = container.scheduler()
    types = [kind.name for kind in CATALOGUE.values() if SCHEDULER in kind.producers]
    sources = [
        readings.from_journals([scheduler.journal], types, SCHEDULER_OUTCOMES, handles=False),
        readings.from_scheduler(scheduler),
        readings.from_retention(container.retention()),
        _pools({"main": container.pool()}),
    ]
    questions = {POSTGRES: _ready(container.watch()), REDIS: _answers(container.redis())}
    return _exposition(SCHEDULER, settings, container, sources, questions)


class LoopLag:
    """How much later than asked for the running event loop takes up a timer."""

    def __init__(self) -> None:
        self.late_s = Histogram(SHORT_S)

    async def run(self, every_s: float = LAG_EVERY_S) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            await asyncio.sleep(every_s)
            self.late_s.observe(max(0.0, loop.time() - began_s - every_s))

    def read(self) -> Iterator[Reading]:
        """Return what was measured."""
        yield Reading("openclaw_loop_lag_seconds", self.late_s)


def supervised(restarts: Restarts) -> Source:
    """Return how often a supervisor started what it keeps again."""

    def read() -> Iterator[Reading]:
        for process, count in restarts().items():
            yield Reading("openclaw_supervised_restarts_total", count, (process,))

    return read


def _exposition(
    role: str,
    settings: Settings,
    container: Common,
    sources: Sequence[Source],
    questions: Mapping[str, Question],
) -> Exposition:
    survey: Survey[Sequence[Reading]] = Survey(container.clock(), questions)
    connects = container.connects()

    def about() -> Iterator[Reading]:
        yield Reading("openclaw_build_info", 1, (version(), platform.python_version(), settings.instance))
        yield Reading("openclaw_redis_connects_total", connects[REDIS])

    return Exposition(ServiceCollector(role, [*sources, readings.from_survey(survey), about]), survey)


def _pools(pools: Mapping[str, Pool]) -> Source:
    def read() -> Iterator[Reading]:
        for name, pool in pools.items():
            yield from readings.from_pool(name, pool.meter, pool.size)

    return read


def _webhook(webhook: Webhook) -> Source:
    requests, listener = readings.from_requests(webhook.requests), readings.from_listener(webhook.listener)

    def read() -> Iterator[Reading]:
        yield from requests()
        yield from listener()

    return read


def _ready(pool: Pool) -> Question:
    async def ask() -> Sequence[Reading]:
        await pool.ready()
        return ()

    return ask


def _answers(redis: Redis) -> Question:
    async def ask() -> Sequence[Reading]:
        with translated("answer"):
            await redis.ping()
        return ()

    return ask


def _depths(streams: Streams, targets: Sequence[str]) -> Question:
    async def ask() -> Sequence[Reading]:
        return readings.from_depths({target: await streams.depth(target) for target in targets})

    return ask

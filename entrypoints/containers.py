"""The real adapters behind the ports, one container a service role (dependency-injector).

Containers stay in this package; nothing is injected by name elsewhere. Not here: how a service is put together
from ports (``assembly``), and its life (``roles``).
"""

import logging
from collections import Counter
from collections.abc import Callable
from uuid import uuid4

from dependency_injector import containers, providers
from redis.asyncio import Redis

from adapters.calendar.recurrence import DateutilCalendar
from adapters.codec import Codec
from adapters.markdown import MarkdownFormatter
from adapters.metrics.readings import REDIS
from adapters.postgres.access import PostgresDesk
from adapters.postgres.agenda import PostgresAgenda
from adapters.postgres.archive import PostgresArchive
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.intake import PostgresIntake
from adapters.postgres.notices import PostgresLetterWatch
from adapters.postgres.pool import Pool
from adapters.postgres.records import PostgresRecords
from adapters.postgres.reminders import PostgresReminderRecords
from adapters.postgres.roles import role_of
from adapters.postgres.store import PostgresStore
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams
from adapters.system import SystemClock, SystemTokens
from adapters.telegram.client import HttpTelegram, bot_id_of
from application import ports
from application.admission import Admission
from application.gateway import Gateway
from application.meters import MeteredTelegram
from application.phrases import Phrases
from application.polling import Poller
from application.runtime import RuntimeState
from application.timing import Timing
from domain.errors import InvalidSettings
from entrypoints import assembly
from entrypoints.crash import crash_points
from entrypoints.poison import poisoned_codec, poisoned_telegram
from entrypoints.settings import Settings
from entrypoints.settings_types import Secret
from entrypoints.version import version

log = logging.getLogger("openclaw.runtime")


def timing() -> Timing:
    """Return what is known of time."""
    return Timing(Phrases(DateutilCalendar()))


def _text(secret: Secret | None, name: str) -> str:
    if secret is None:
        raise InvalidSettings((f"OPENCLAW_{name}: missing; this service needs it",))
    return secret.reveal()


def _postgres_url(settings: Settings) -> str:
    return _text(settings.postgres_url, "POSTGRES_URL")


def _redis_url(settings: Settings) -> str:
    return _text(settings.redis_url, "REDIS_URL")


def _token(settings: Settings) -> str:
    return _text(settings.telegram_token, "TELEGRAM_TOKEN")


def _pool(
    settings: Settings, service: str, *, size_max: int | None = None, wait_for_disk: bool = True
) -> Pool:
    # A round never outlives a claim, so neither may the transaction of a process that was paused in it.
    return Pool(
        _postgres_url(settings), role_of(service), size_max=size_max or settings.postgres_pool_max,
        hold_s=settings.claim_s, wait_for_disk=wait_for_disk, steady_plans=service != "operator",
    )  # fmt: skip


def _telegram(settings: Settings, connections_max: int) -> HttpTelegram:
    return HttpTelegram(_token(settings), settings.telegram_api_url, connections_max)


def _redis(settings: Settings, service: str, connects: Counter[str] | None = None) -> Redis:
    def connected() -> None:
        if connects is not None:
            connects[REDIS] += 1

    name = f"openclaw-{service}"
    return connect(
        _redis_url(settings), name=name, connections_max=settings.redis_pool_max, connected=connected
    )


class Common(containers.DeclarativeContainer):
    """What every service has."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    tokens = providers.Singleton(SystemTokens)
    codec: providers.Singleton[ports.Codec] = providers.Singleton(Codec)
    formatter = providers.Singleton(MarkdownFormatter)
    crash = providers.Singleton(crash_points)
    calendar = providers.Singleton(timing)
    # Connections opened, by server.
    connects: providers.Singleton[Counter[str]] = providers.Singleton(Counter)


class GatewayContainer(Common):
    """The gateway: takes updates in. ``watch`` is for the metrics, which take no connection of the service's own."""

    redis = providers.Singleton(_redis, Common.settings, "gateway", Common.connects)
    streams = providers.Singleton(RedisStreams, redis, Common.settings.provided.stream_max)
    liveness = providers.Singleton(RedisLiveness, redis)
    pool = providers.Singleton(_pool, Common.settings, "gateway")
    watch = providers.Singleton(_pool, Common.settings, "gateway", size_max=1)
    intake = providers.Singleton(PostgresIntake, pool)
    http = providers.Singleton(_telegram, Common.settings, 4)
    telegram = providers.Singleton(MeteredTelegram, http, Common.clock)
    bot_id = providers.Callable(lambda settings: bot_id_of(_token(settings)), Common.settings)
    pressure = providers.Singleton(assembly.pressure, intake, Common.clock, Common.settings, bot_id)
    gateway = providers.Singleton(
        Gateway,
        bot_id=bot_id, intake=intake, streams=streams, codec=Common.codec, clock=Common.clock, crash=Common.crash,
        bot_name=Common.settings.provided.bot_username, pressure=pressure,
    )  # fmt: skip
    poller = providers.Singleton(Poller, gateway, telegram, Common.clock)


class BrainContainer(Common):
    """The brain: decides."""

    codec = providers.Singleton(poisoned_codec, Common.codec, "brain")
    redis = providers.Singleton(_redis, Common.settings, "brain", Common.connects)
    streams = providers.Singleton(RedisStreams, redis, Common.settings.provided.stream_max)
    liveness = providers.Singleton(RedisLiveness, redis)
    runtime = providers.Singleton(RuntimeState, redis, log.warning)
    pool = providers.Singleton(_pool, Common.settings, "brain")
    watch = providers.Singleton(_pool, Common.settings, "brain", size_max=1)
    marks = providers.Singleton(_pool, Common.settings, "brain", size_max=1, wait_for_disk=False)
    store = providers.Singleton(
        PostgresStore, pool, marks, consumer=providers.Object("brain"), run_id=providers.Callable(uuid4)
    )
    ports = providers.Singleton(
        assembly.Ports,
        streams,
        store,
        codec,
        Common.formatter,
        Common.clock,
        Common.tokens,
        Common.crash,
    )
    consumer = providers.Singleton(
        assembly.brain,
        ports,
        Common.settings,
        runtime,
        liveness,
        providers.Callable(version),
        Common.calendar,
        providers.Singleton(PostgresLetterWatch, pool),
    )


class SenderContainer(Common):
    """The sender: delivers."""

    codec = providers.Singleton(poisoned_codec, Common.codec, "sender")
    redis = providers.Singleton(_redis, Common.settings, "sender", Common.connects)
    streams = providers.Singleton(RedisStreams, redis, Common.settings.provided.stream_max)
    liveness = providers.Singleton(RedisLiveness, redis)
    pool = providers.Singleton(_pool, Common.settings, "sender")
    watch = providers.Singleton(_pool, Common.settings, "sender", size_max=1)
    marks = providers.Singleton(_pool, Common.settings, "sender", size_max=1, wait_for_disk=False)
    store = providers.Singleton(
        PostgresStore,
        pool,
        marks,
        consumer=providers.Object("sender"),
        run_id=providers.Callable(uuid4),
        claims=True,
    )
    http = providers.Singleton(_telegram, Common.settings, Common.settings.provided.sender_concurrency)
    telegram = providers.Singleton(
        MeteredTelegram, providers.Singleton(poisoned_telegram, http), Common.clock
    )
    ports = providers.Singleton(
        assembly.Ports,
        streams,
        store,
        codec,
        Common.formatter,
        Common.clock,
        Common.tokens,
        Common.crash,
    )
    sendings = providers.Singleton(assembly.sender, ports, Common.settings, telegram)


class SchedulerContainer(Common):
    """The scheduler: says when tasks are due, and forgets what nobody needs any more, on a connection each."""

    codec = providers.Singleton(poisoned_codec, Common.codec, "scheduler")
    redis = providers.Singleton(_redis, Common.settings, "scheduler", Common.connects)
    streams = providers.Singleton(RedisStreams, redis, Common.settings.provided.stream_max)
    liveness = providers.Singleton(RedisLiveness, redis)
    pool = providers.Singleton(_pool, Common.settings, "scheduler", size_max=2)
    watch = providers.Singleton(_pool, Common.settings, "scheduler", size_max=1)
    marks = providers.Singleton(_pool, Common.settings, "scheduler", size_max=1, wait_for_disk=False)
    agenda = providers.Singleton(PostgresAgenda, pool, marks, run_id=providers.Callable(uuid4))
    scheduler = providers.Singleton(
        assembly.scheduler,
        agenda,
        streams,
        codec,
        Common.clock,
        Common.calendar,
        Common.settings,
        Common.crash,
    )
    archive = providers.Singleton(PostgresArchive, pool)
    retention = providers.Singleton(assembly.retention, archive, Common.clock, Common.settings)


class OperatorContainer(Common):
    """The operator's commands."""

    redis = providers.Singleton(_redis, Common.settings, "operator")
    streams = providers.Singleton(RedisStreams, redis, Common.settings.provided.stream_max)
    liveness = providers.Singleton(RedisLiveness, redis)
    runtime = providers.Singleton(RuntimeState, redis, log.warning)
    pool = providers.Singleton(_pool, Common.settings, "operator", size_max=1)
    records = providers.Singleton(PostgresRecords, pool)
    desk = providers.Singleton(PostgresDesk, pool)
    admission = providers.Factory(
        Admission, desk=desk, codec=Common.codec, clock=Common.clock, tokens=Common.tokens
    )
    letters = providers.Singleton(PostgresDeadLetters, pool)
    reminders = providers.Singleton(PostgresReminderRecords, pool)


CONTAINERS: dict[str, Callable[..., Common]] = {
    "gateway": GatewayContainer,
    "brain": BrainContainer,
    "sender": SenderContainer,
    "scheduler": SchedulerContainer,
}

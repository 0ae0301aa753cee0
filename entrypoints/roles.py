"""The life of a service role: start, serve until SIGTERM, stop within a bound. One row a role.

Not here: how the services are put together (``assembly``, ``containers``) and who starts them (``cli``,
``supervisor``).
"""

import asyncio
import faulthandler
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop
from attrs import asdict, define, field, frozen

from adapters.asgi import CannotServe, Served, serve
from adapters.logs import log_loop_trouble, log_stray_errors, set_up_logging
from adapters.metrics.exposition import Exposition
from adapters.system import SystemClock
from application.gateway import ALLOWED_UPDATES, CALL_S, introduce, offer_commands, repeat
from application.ports import Clock, Liveness, Telegram
from domain.errors import OpenClawError, Unavailable
from entrypoints.containers import BrainContainer, GatewayContainer, SchedulerContainer, SenderContainer
from entrypoints.metering import (
    POLLING_METHODS,
    WEBHOOK_METHODS,
    LoopLag,
    Restarts,
    brain_metrics,
    gateway_metrics,
    scheduler_metrics,
    sender_metrics,
    supervised,
)
from entrypoints.settings import Settings
from entrypoints.settings_types import HostPort, TelegramMode
from entrypoints.version import version
from entrypoints.web import WEBHOOK_PATH, Health, Webhook, web_app

log = logging.getLogger("openclaw.role")

ANNOUNCE_S = 5.0
# While nobody has heard it yet, as Redis starts too; and how long serving waits for it.
ANNOUNCE_AGAIN_S = 0.5
ANNOUNCE_FIRST_S = 0.5
# So many times does the watchdog hear that all is well within the time after which it ends the process.
WATCHES = 6


@define
class Service:
    """One running role: what serves until it is asked to stop, and what is done then, in order."""

    name: str
    settings: Settings
    liveness: Liveness
    health: Health
    metrics: Exposition
    webhook: Webhook | None = None
    serving: list[Callable[[], Awaitable[None]]] = field(factory=list)
    stopping: list[Callable[[], None]] = field(factory=list)
    finishing: list[Callable[[], Awaitable[None]]] = field(factory=list)
    closing: list[Callable[[], Awaitable[Any]]] = field(factory=list)
    counters: dict[str, object] = field(factory=dict)
    # Whether what works beside the event loop, where it cannot be cancelled, does not stand still.
    moves: Callable[[], bool] = lambda: True


def _gateway(settings: Settings, clock: Clock) -> Service:
    container = GatewayContainer(settings=settings, clock=clock)
    gateway, telegram = container.gateway(), container.telegram()
    stop = asyncio.Event()
    webhook = None
    if settings.telegram_mode is TelegramMode.WEBHOOK:
        secrets = [
            s.reveal().encode() for s in (settings.webhook_secret, settings.webhook_secret_previous) if s
        ]
        webhook = Webhook(gateway, secrets)
    metrics = gateway_metrics(settings, container, webhook, WEBHOOK_METHODS if webhook else POLLING_METHODS)
    health = Health({"postgres": container.intake().ready})
    service = Service("gateway", settings, container.liveness(), health, metrics, webhook)
    service.serving.append(lambda: offer_commands(telegram, settings.access_policy().named_admins, stop))
    if webhook is not None:
        service.serving.append(lambda: introduce(gateway, telegram, stop))
        service.serving.append(lambda: _register_webhook(settings, telegram, stop))
        service.serving.append(lambda: _wait(stop))
    else:
        poller = container.poller()

        async def poll() -> None:
            # The bot's name first: without it, commands to other bots of a group could not be told from ours.
            await _unregister_webhook(telegram, stop)
            await introduce(gateway, telegram, stop)
            await poller.run()

        service.serving.append(poll)
        service.stopping.append(poller.stop)
    service.stopping.append(stop.set)
    service.finishing.append(gateway.finish)
    service.closing += [container.http().aclose, container.pool().close, container.watch().close]
    service.closing.append(container.redis().aclose)
    return service


def _brain(settings: Settings, clock: Clock) -> Service:
    container = BrainContainer(settings=settings, clock=clock)
    consumer = container.consumer()
    health, metrics = Health({"postgres": container.pool().ready}), brain_metrics(settings, container)
    service = Service("brain", settings, container.liveness(), health, metrics)
    service.serving.append(consumer.run)
    service.stopping.append(consumer.stop)
    service.counters["brain"] = consumer.counters
    service.closing += [container.streams().close, container.pool().close, container.marks().close]
    service.closing += [container.watch().close, container.redis().aclose]
    return service


def _sender(settings: Settings, clock: Clock) -> Service:
    container = SenderContainer(settings=settings, clock=clock)
    health, metrics = Health({"postgres": container.pool().ready}), sender_metrics(settings, container)
    service = Service("sender", settings, container.liveness(), health, metrics)
    for sending in container.sendings():
        service.serving.append(sending.consumer.run)
        service.stopping.append(sending.consumer.stop)
        service.counters[sending.consumer.target] = sending.consumer.counters
        service.finishing.append(sending.deliverer.finish)
    service.closing += [container.http().aclose, container.streams().close, container.pool().close]
    service.closing += [container.marks().close, container.watch().close, container.redis().aclose]
    return service


def _scheduler(settings: Settings, clock: Clock) -> Service:
    container = SchedulerContainer(settings=settings, clock=clock)
    scheduler = container.scheduler()
    health, metrics = Health({"postgres": container.pool().ready}), scheduler_metrics(settings, container)
    service = Service("scheduler", settings, container.liveness(), health, metrics)
    retention = container.retention()
    service.serving += [scheduler.run, retention.run]
    service.stopping += [scheduler.stop, retention.stop]
    service.counters["scheduler"] = scheduler.counters
    service.moves = lambda: scheduler.moves
    service.closing += [container.streams().close, container.pool().close, container.marks().close]
    service.closing += [container.watch().close, container.redis().aclose]
    return service


@frozen
class Role:
    """One row of the role table."""

    name: str
    summary: str
    build: Callable[[Settings, Clock], Service]
    required: tuple[str, ...]


_SERVERS = ("postgres_url", "redis_url")
ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role("gateway", "Take updates in from Telegram.", _gateway, ("telegram_token", *_SERVERS)),
        Role("brain", "Decide what to do about each event.", _brain, _SERVERS),
        Role("sender", "Deliver to Telegram.", _sender, ("telegram_token", *_SERVERS)),
        Role("scheduler", "Say when tasks are due.", _scheduler, _SERVERS),
    )
}


def run_role(
    name: str,
    settings: Settings,
    *,
    restarts: Restarts | None = None,
    log_file: Path | None = None,
    clock: Clock | None = None,
) -> int:
    """Run a role until SIGTERM or SIGINT; return the exit code. Raises OpenClawError where it cannot start.

    ``restarts`` tells how often its supervisor, where it has one, started what it keeps again. With ``log_file`` it
    logs there in place of standard error. ``clock`` is for one that was moved; it is the machine's otherwise.
    """
    set_up_logging(
        log_format=settings.log_format, level=settings.log_level, secrets=settings.secret_texts(),
        about={"role": name, "instance": settings.instance}, file=log_file,
    )  # fmt: skip
    log_stray_errors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(ROLES[name], settings, restarts, clock or SystemClock()))


async def _run(role: Role, settings: Settings, restarts: Restarts | None, clock: Clock) -> int:
    service, lag = role.build(settings, clock), LoopLag()
    service.metrics.add(lag.read, *([supervised(restarts)] if restarts is not None else []))
    service.closing.insert(0, service.metrics.survey.close)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_trouble)
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stopped.set)
    served = await open_faces(service)
    announced = asyncio.Event()
    helpers = [
        asyncio.create_task(each)
        for each in (_announce(service, announced), watch(settings.stuck_s, service.moves), lag.run())
    ]
    # Whoever is answered by a service finds it among those that run. Redis that is away holds nothing up.
    with suppress(TimeoutError):
        await asyncio.wait_for(announced.wait(), ANNOUNCE_FIRST_S)
    tasks = [asyncio.ensure_future(start()) for start in service.serving]
    # What was made so far lives as long as the process; looking through it again and again finds nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    log.info("started", extra={"action": "started", "listening": [s.base_url for s in served]})
    waiter = asyncio.create_task(stopped.wait())
    failure = await _until_stopped(tasks, waiter)
    for stop in service.stopping:
        stop()
    code = await _finish(service, tasks, served, settings.stop_timeout_s)
    for helper in (*helpers, waiter):
        helper.cancel()
    with suppress(Unavailable):
        await service.liveness.withdraw(role.name, settings.instance)
    for close in service.closing:
        with suppress(OpenClawError, OSError):
            await close()
    faulthandler.cancel_dump_traceback_later()
    if failure is not None:
        raise failure
    log.info("stopped", extra={"action": "stopped", "counters": _plain(service.counters)})
    return code


def _plain(counters: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {name: asdict(values) for name, values in counters.items()}


async def _until_stopped(
    tasks: Sequence[asyncio.Future[None]], waiter: asyncio.Task[bool]
) -> BaseException | None:
    """Wait for the request to stop, or for a loop that failed; a loop that merely ended is fine."""
    running: set[asyncio.Future[Any]] = {*tasks, waiter}
    while not waiter.done():
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not waiter and (failure := task.exception()) is not None:
                return failure
    return None


async def _finish(
    service: Service, tasks: Sequence[asyncio.Future[None]], served: Sequence[Served], stop_timeout_s: float
) -> int:
    """Finish what is in hand, within the bound; what is left is owed and taken up by whoever runs next."""
    try:
        async with asyncio.timeout(stop_timeout_s):
            for server in served:
                await server.stop()
            await asyncio.gather(*tasks, return_exceptions=True)
            for finish in service.finishing:
                await finish()
        return 0
    except TimeoutError:
        log.warning(
            "did not finish in time; what was left is taken up by the next",
            extra={"action": "stop_timed_out"},
        )  # fmt: skip
        return 1


async def open_faces(service: Service) -> list[Served]:
    """Start the HTTP faces that the settings ask for."""
    settings, served = service.settings, []
    faces: dict[HostPort, Webhook | None] = {}
    if settings.health_listen is not None:
        faces[settings.health_listen] = None
    if service.webhook is not None:
        faces[settings.webhook_listen] = service.webhook
    for address, webhook in faces.items():
        # The webhook's address is open to the world; the metrics are not for it.
        metrics = service.metrics if address == settings.health_listen else None
        try:
            app = web_app(service.health, webhook, metrics)
            served.append(await serve(app, address.host, address.port, meter=app.meter))
        except CannotServe as error:
            raise OpenClawError(str(error)) from error
    return served


async def _announce(service: Service, announced: asyncio.Event) -> None:
    """Say again and again that this service runs; ``announced`` is set once somebody has heard it."""
    while True:
        with suppress(Unavailable):
            await service.liveness.announce(service.name, service.settings.instance, version())
            announced.set()
        await asyncio.sleep(ANNOUNCE_S if announced.is_set() else ANNOUNCE_AGAIN_S)


async def watch(stuck_s: float, moves: Callable[[], bool] = lambda: True) -> None:
    """Keep the watchdog from ending this process, as long as the loop turns and what works beside it moves."""
    while True:
        if moves():
            # The dump shows where each thread is stuck; it holds names of code, never values.
            faulthandler.dump_traceback_later(stuck_s, exit=True, file=2)
        await asyncio.sleep(stuck_s / WATCHES)


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


async def _register_webhook(settings: Settings, telegram: Telegram, stop: asyncio.Event) -> None:
    """Tell Telegram where to call, repeating until it took note."""
    secret = settings.webhook_secret
    params = {
        "url": settings.webhook_url,
        "secret_token": secret.reveal() if secret is not None else None,
        "allowed_updates": ALLOWED_UPDATES,
        "max_connections": 100,
    }
    await repeat(lambda: telegram.call("setWebhook", params, CALL_S), "webhook_not_set", stop)


async def _unregister_webhook(telegram: Telegram, stop: asyncio.Event) -> None:
    """Have Telegram keep updates for polling, which it refuses to serve while a webhook is set."""
    await repeat(lambda: telegram.call("deleteWebhook", {}, CALL_S), "webhook_not_deleted", stop)


__all__ = ["ROLES", "WEBHOOK_PATH", "Role", "open_faces", "run_role"]

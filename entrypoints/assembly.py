"""How each service is put together from ports: one place for the deployed roles and for the in-memory harness.

Not here: which adapters stand behind the ports (``containers``, ``harness``) and how a role runs (``roles``).
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from attrs import evolve, frozen

from application.books import Agenda
from application.brain import HANDLERS
from application.consumer import Consumer, Limits
from application.crashpoints import CrashPoints, no_crash
from application.facts import Facts, Gatherer
from application.hand import Hand
from application.interpreter import Interpreter
from application.notices import LetterWatch, Notifier
from application.pacing import Pacer
from application.ports import Clock, Codec, Formatter, Intake, Liveness, Store, Streams, Telegram, Tokens
from application.pressure import Bounds, Pressure
from application.rationing import Rationing
from application.retention import Archive, Retention, Terms
from application.rounds import Decider
from application.runtime import RuntimeState
from application.scheduler import Scheduler, SchedulerLimits
from application.sender import Deliverer, SenderLimits
from application.settling import Outcomes
from application.solitude import Air, alone_after
from application.turns import Turns
from application.typing import Typist
from domain.commands.base import Calendar
from domain.decisions import Decision
from domain.errors import Transient
from domain.notices import NoticeRule
from domain.rates import RateLimits
from domain.retry import RetryPolicy
from domain.scope import Scope
from domain.tasks.policy import Times
from entrypoints.settings import Settings

BRAIN, SENDER, SENDER_BULK = "brain", "sender", "sender-bulk"
SENDER_TARGETS = (SENDER, SENDER_BULK)
# Of the calls a sender may make at once, bulk traffic takes this part, so that replies always find room.
BULK_SHARE = 4


@frozen
class Ports:
    """The adapters that a service stands on."""

    streams: Streams
    store: Store
    codec: Codec
    formatter: Formatter
    clock: Clock
    tokens: Tokens
    crash: CrashPoints = no_crash
    # Whether batches may wait a moment for company; not where the clock is moved by hand.
    paced: bool = True


def limits_of(settings: Settings) -> Limits:
    """Return the bounds of a consumer."""
    return Limits(
        round_max=settings.round_max, grace_s=settings.sweep_grace_s, backoff_max_s=settings.server_retry_longest_s
    )  # fmt: skip


def policy_of(settings: Settings) -> RetryPolicy:
    """Return when failed events are tried again."""
    return RetryPolicy(
        settings.attempts_max, settings.deaths_max, settings.retry_first_s, settings.retry_longest_s
    )


def rates_of(settings: Settings) -> RateLimits:
    """Return how often Telegram may be called."""
    return RateLimits(
        bot_per_s=settings.rate_bot_per_s,
        chat_per_s=settings.rate_chat_per_s,
        chat_burst=settings.rate_chat_burst,
        group_per_min=settings.rate_group_per_min,
    )


def notices_of(settings: Settings) -> NoticeRule:
    """Return when admins are told of dead letters."""
    return NoticeRule(gather_s=settings.notice_gather_s, every_s=settings.notice_every_s)


def brain(
    ports: Ports,
    settings: Settings,
    runtime: RuntimeState[Any],
    liveness: Liveness,
    version: str,
    calendar: Calendar,
    watch: LetterWatch,
) -> Consumer:
    """Return the brain's consumer, which also tells admins of dead letters."""
    gatherer = Gatherer(
        ports.store,
        runtime,
        liveness,
        ports.formatter,
        ports.tokens,
        ports.clock,
        settings.access_policy(),
        version,
        calendar,
    )
    interpreter = Interpreter(BRAIN, ports.codec, ports.clock, policy_of(settings))

    async def bounded(decision: Awaitable[Decision]) -> Decision:
        try:
            return await asyncio.wait_for(decision, settings.handler_timeout_s)
        except TimeoutError:
            raise Transient(f"its handler took longer than {settings.handler_timeout_s:g} s") from None

    decider: Decider[Facts] = Decider(
        BRAIN, ports.store, interpreter, HANDLERS, gatherer, gatherer.told, bounded, ports.crash
    )
    notifier = Notifier(
        watch, ports.streams, ports.codec, ports.clock, settings.access_policy(), notices_of(settings), ports.crash,
        decider.journal,
    )  # fmt: skip

    async def chore() -> None:
        await gatherer.chore()
        await notifier.chore()

    return Consumer(
        BRAIN, settings.instance, ports.streams, ports.store, decider, ports.clock, ports.crash,
        limits=limits_of(settings), hand=Hand(settings.lanes_max), chore=chore,
    )  # fmt: skip


def scheduler(
    agenda: Agenda, streams: Streams, codec: Codec, clock: Clock, times: Times, settings: Settings,
    crash: CrashPoints = no_crash,
) -> Scheduler:  # fmt: skip
    """Return the scheduler, which owes no more reminders a second than the bot may send."""
    usual = SchedulerLimits()
    per_s = min(settings.rate_bot_per_s or usual.per_s, usual.per_s)
    limits = evolve(
        usual, per_s=per_s, batch_max=min(int(per_s), usual.batch_max), tick_s=settings.scheduler_tick_s,
        backoff_max_s=settings.server_retry_longest_s, decide_s=settings.handler_timeout_s,
        deaths_max=settings.deaths_max,
    )  # fmt: skip
    return Scheduler(agenda, streams, codec, clock, times, crash, limits)


def pressure(intake: Intake, clock: Clock, settings: Settings, bot_id: int) -> Pressure:
    """Return what decides about updates on their way in; the settings' own admins are held back by nobody else."""
    admins = frozenset(Scope(bot_id, user).lane for user in settings.access_policy().named_admins)
    bounds = Bounds(settings.backlog_chat_max, settings.backlog_max)
    return Pressure(intake, clock, bounds, admins)


def retention(archive: Archive, clock: Clock, settings: Settings) -> Retention:
    """Return what forgets."""
    terms = Terms(
        settings.keep_updates_days, settings.keep_deliveries_days, settings.keep_occasions_days,
        settings.keep_audit_days,
    )  # fmt: skip
    return Retention(archive, clock, terms)


@frozen
class Sending:
    """One target of the sender: who takes up its lanes, and who makes its calls."""

    consumer: Consumer
    deliverer: Deliverer


def sender(ports: Ports, settings: Settings, telegram: Telegram) -> Sequence[Sending]:
    """Return the sender's two lanes of traffic, interactive first."""
    bulk = max(1, settings.sender_concurrency // BULK_SHARE)
    shares = {SENDER: max(1, settings.sender_concurrency - bulk), SENDER_BULK: bulk}
    # One for both: what Telegram tells one lane of traffic holds for the other.
    outcomes = Outcomes(Interpreter(SENDER, ports.codec, ports.clock, policy_of(settings), keeps_order=True))
    air = Air(alone_after(settings.deaths_max))
    return [
        _sending(ports, settings, telegram, outcomes, target, shares[target], air)
        for target in SENDER_TARGETS
    ]


def _sending(
    ports: Ports, settings: Settings, telegram: Telegram, outcomes: Outcomes, target: str, concurrency: int,
    air: Air,
) -> Sending:  # fmt: skip
    interpreter = outcomes.interpreter
    limits = SenderLimits(
        concurrency, settings.call_timeout_s, settings.claim_s, backoff_max_s=settings.server_retry_longest_s
    )
    turns, typist = Turns(yielding=target == SENDER_BULK), Typist(telegram, ports.clock)
    deliverer = Deliverer(
        target, ports.store, telegram, interpreter, ports.clock, ports.tokens, ports.crash, outcomes,
        Pacer(ports.clock, 0.001 if ports.paced else 0.0), Rationing(rates_of(settings), turns, outcomes, typist),
        limits=limits, air=air,
    )  # fmt: skip
    consumer = Consumer(
        target, settings.instance, ports.streams, ports.store, deliverer, ports.clock, ports.crash,
        limits=limits_of(settings), hand=Hand(settings.lanes_max), room=deliverer.room,
    )  # fmt: skip
    deliverer.lanes = consumer
    return Sending(consumer, deliverer)

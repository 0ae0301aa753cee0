"""How the numbers that services keep become readings, read at the moment of a scrape.

What may happen is told from the first scrape on, with 0: a counter that first appears with 1 would not count as an
increase. Not here: which service has what (``entrypoints.metering``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapters.metrics.exposition import Reading, Source
from adapters.metrics.survey import Survey
from application.consumer import Consumer
from application.gateway import Gateway
from application.journal import Journal
from application.meters import (
    AGE_S,
    CALL_RESULTS,
    REFUSAL_REASONS,
    SHORT_S,
    CallMeter,
    Histogram,
    ListenerMeter,
    PoolMeter,
    RequestMeter,
)
from application.polling import Poller
from application.ports import Depth
from application.pressure import Reason
from application.records import Figures
from application.retention import Kind, Retention
from application.scheduler import Scheduler
from application.sender import Deliverer
from domain.catalogue import CATALOGUE
from domain.decisions import Outcome
from domain.tasks.values import Kept

# The type of what is no event, and of what no catalogue knows; whatever it is called then is nobody's label.
NO_TYPE, OTHER_TYPE = "none", "other"
OTHER_TARGETS = "other"
POSTGRES, REDIS = "postgres", "redis"
# What the webhook answers.
STATUSES = (200, 400, 401, 408, 413, 415, 429, 500, 503)
EDGE_OUTCOMES = (Outcome.ACCEPTED, Outcome.IGNORED, Outcome.DUPLICATE)
SCHEDULER_OUTCOMES = (Outcome.ACCEPTED,)
CONSUMER_OUTCOMES = (
    Outcome.PROCESSED, Outcome.IGNORED, Outcome.DUPLICATE, Outcome.REJECTED, Outcome.RETRIED, Outcome.DEAD_LETTERED,
    Outcome.AMBIGUOUS,
)  # fmt: skip


def type_label(event_type: str | None) -> str:
    """Return the label of an event's type; only types of the catalogue have one of their own."""
    if event_type is None:
        return NO_TYPE
    return event_type if event_type in CATALOGUE else OTHER_TYPE


def from_journals(
    journals: Sequence[Journal], types: Iterable[str], outcomes: Sequence[Outcome], *, handles: bool
) -> Source:
    """Return what journals count. ``types`` and ``outcomes`` are told even before they occur."""
    expected = (*types, NO_TYPE)

    def read() -> Iterator[Reading]:
        for name in expected:
            yield from (Reading("openclaw_events_total", 0, (name, each.value)) for each in outcomes)
        if handles:
            for name in expected[:-1]:
                yield Reading("openclaw_handling_seconds", Histogram(SHORT_S), (name,))
                yield Reading("openclaw_event_age_seconds", Histogram(AGE_S), (name,))
        for journal in journals:
            for (outcome, kind), count in journal.outcomes.items():
                yield Reading("openclaw_events_total", count, (type_label(kind), outcome.value))
            if handles:
                for kind, histogram in journal.handling_s.items():
                    yield Reading("openclaw_handling_seconds", histogram, (type_label(kind),))
                for kind, histogram in journal.age_s.items():
                    yield Reading("openclaw_event_age_seconds", histogram, (type_label(kind),))

    return read


def from_consumer(consumer: Consumer) -> Source:
    """Return what a consumer counts."""
    counters, target = consumer.counters, (consumer.target,)

    def read() -> Iterator[Reading]:
        yield Reading("openclaw_rounds_total", counters.rounds, target)
        yield Reading("openclaw_settled_total", counters.settled, target)
        yield Reading("openclaw_swept_lanes_total", counters.swept, target)
        yield Reading("openclaw_entries_let_go_total", counters.let_go, target)
        yield Reading("openclaw_lanes_in_hand", len(consumer.hand), target)
        yield Reading("openclaw_server_faults_total", counters.stream_faults, (REDIS,))

    return read


def from_deliverer(deliverer: Deliverer) -> Source:
    """Return what one target of the sender counts."""
    counters, target = deliverer.counters, deliverer.target

    def read() -> Iterator[Reading]:
        for reason in ("limited", "held", "claimed"):
            count = getattr(counters, reason)
            yield Reading("openclaw_sender_lanes_put_back_total", count, (target, reason))
        yield Reading("openclaw_sender_limited_seconds_total", counters.limited_s, (target,))
        yield Reading("openclaw_sender_calls_in_flight", len(deliverer.in_flight), (target,))
        yield Reading("openclaw_sender_calls_max", deliverer.limits.concurrency, (target,))
        yield Reading("openclaw_sender_unsettled", deliverer.unsettled, (target,))
        yield Reading("openclaw_sender_given_up_total", counters.given_up, (target,))

    return read


def from_calls(meter: CallMeter, methods: Sequence[str]) -> Source:
    """Return what is known of calls to Telegram. ``methods`` are told even before they are called."""

    def read() -> Iterator[Reading]:
        for method in methods:
            yield from (Reading("openclaw_telegram_calls_total", 0, (method, each)) for each in CALL_RESULTS)
        for labels, count in meter.results.items():
            yield Reading("openclaw_telegram_calls_total", count, labels)
        for method, histogram in meter.took_s.items():
            yield Reading("openclaw_telegram_call_seconds", histogram, (method,))
        yield Reading("openclaw_telegram_calls_under_way", meter.under_way)
        yield Reading("openclaw_telegram_told_to_wait_seconds_total", meter.told_to_wait_s)

    return read


def from_gateway(gateway: Gateway) -> Source:
    """Return what the gateway counts, however its updates come."""
    counters, pressure = gateway.counters, gateway.pressure

    def read() -> Iterator[Reading]:
        yield Reading("openclaw_updates_waiting", gateway.waiting)
        yield Reading("openclaw_update_commits_total", counters.commits)
        for reason in Reason:
            yield Reading("openclaw_updates_turned_away_total", pressure.turned_away[reason], (reason.value,))
        yield Reading("openclaw_chats_turned_away", pressure.chats)
        yield Reading("openclaw_server_faults_total", counters.stream_faults, (REDIS,))

    return read


def from_retention(retention: Retention) -> Source:
    """Return what was forgotten."""

    def read() -> Iterator[Reading]:
        for kind in Kind:
            yield Reading("openclaw_forgotten_total", retention.forgotten[kind], (kind.value,))
        yield Reading("openclaw_forgetting_failed_total", retention.failed)

    return read


def from_poller(poller: Poller) -> Source:
    """Return what polling counts."""
    counters = poller.counters

    def read() -> Iterator[Reading]:
        yield Reading("openclaw_polls_total", counters.answered, ("answered",))
        yield Reading("openclaw_polls_total", counters.failed, ("failed",))
        yield Reading("openclaw_polled_updates_total", counters.updates)

    return read


def from_requests(meter: RequestMeter) -> Source:
    """Return what is known of requests to the webhook."""

    def read() -> Iterator[Reading]:
        yield from (Reading("openclaw_webhook_requests_total", 0, (str(status),)) for status in STATUSES)
        for status, count in meter.statuses.items():
            yield Reading("openclaw_webhook_requests_total", count, (str(status),))
        yield Reading("openclaw_webhook_seconds", meter.took_s)
        yield Reading("openclaw_webhook_requests_under_way", meter.under_way)

    return read


def from_listener(meter: ListenerMeter) -> Source:
    """Return what is known of the listener that the world may reach."""

    def read() -> Iterator[Reading]:
        yield Reading("openclaw_webhook_connections", meter.open_now)
        yield Reading("openclaw_webhook_connections_opened_total", meter.opened)
        for reason in REFUSAL_REASONS:
            yield Reading("openclaw_webhook_refused_total", meter.refused.get(reason, 0), (reason,))

    return read


def from_scheduler(scheduler: Scheduler) -> Source:
    """Return what a scheduler counts."""
    counters = scheduler.counters

    def read() -> Iterator[Reading]:
        yield Reading("openclaw_scheduler_ticks_total", counters.ticks)
        yield Reading("openclaw_scheduler_tasks_total", counters.acted)
        yield Reading("openclaw_scheduler_put_off_total", counters.put_off)
        yield Reading("openclaw_scheduler_lag_seconds", scheduler.late_s)
        for kept in Kept:
            yield Reading("openclaw_occasions_total", scheduler.occasions.get(kept, 0), (kept.value,))
        yield Reading("openclaw_server_faults_total", counters.stream_faults, (REDIS,))

    return read


def from_pool(name: str, meter: PoolMeter, open_now: int) -> Iterator[Reading]:
    """Return what a pool of connections to Postgres notes; ``open_now`` counts those that are lent, too."""
    yield Reading("openclaw_server_faults_total", meter.faults, (POSTGRES,))
    # Being opened, a connection is lent before the pool counts it.
    yield Reading("openclaw_postgres_pool_connections", max(0, open_now - meter.in_use), (name, "idle"))
    yield Reading("openclaw_postgres_pool_connections", meter.in_use, (name, "in_use"))
    yield Reading("openclaw_postgres_pool_connections_max", meter.size_max, (name,))
    yield Reading("openclaw_postgres_pool_opened_total", meter.opened, (name,))
    yield Reading("openclaw_postgres_pool_wait_seconds", meter.waits_s, (name,))


def from_survey(survey: Survey[Sequence[Reading]]) -> Source:
    """Return what the servers answered, and which of them did."""

    def read() -> Iterator[Reading]:
        for server, answer in survey.answers.items():
            yield Reading("openclaw_server_up", answer is not None, (server,))
            yield from answer or ()

    return read


def from_figures(figures: Figures, targets: Sequence[str]) -> list[Reading]:
    """Return the sizes of the backlog by target; what is owed to others (agents) is told together."""
    owed, oldest_s = (dict.fromkeys((*targets, OTHER_TARGETS), 0.0) for _ in range(2))
    for target, count in figures.owed.items():
        label = target if target in owed else OTHER_TARGETS
        owed[label] += count
        oldest_s[label] = max(oldest_s[label], figures.oldest_s_of.get(target, 0.0))
    readings = [Reading("openclaw_dead_letters", figures.dead_letters)]
    readings += [Reading("openclaw_owed_rows", count, (target,)) for target, count in owed.items()]
    readings += [
        Reading("openclaw_oldest_due_seconds", age_s, (target,)) for target, age_s in oldest_s.items()
    ]
    return readings


def from_depths(depths: Mapping[str, Depth]) -> list[Reading]:
    """Return the sizes of streams."""
    readings = []
    for target, depth in depths.items():
        readings.append(Reading("openclaw_stream_entries", depth.length, (target,)))
        readings.append(Reading("openclaw_stream_pending", depth.pending, (target,)))
    return readings

"""Every metric of ours: the one table that the exposition and its documentation are held against.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for counters. Every metric also has
the label ``role``. Label values come from fixed lists (event types, outcomes, methods, targets), never from people:
no chat, no user, no text. Not here: where the numbers come from (``readings``, ``survey``).
"""

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen


class Kind(StrEnum):
    """The types of metrics that are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@frozen
class Metric:
    """One row: a metric's name, type, labels beside ``role``, which services have it, and what it says."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    roles: str
    about: str


C, G, H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
ALL, EDGE, WEBHOOK, POLLING = "all", "gateway", "gateway (webhook)", "gateway (polling)"
CONSUMERS, BRAIN, SENDER, SCHEDULER, CALLERS, UP = (
    "brain, sender",
    "brain",
    "sender",
    "scheduler",
    "gateway, sender",
    "all, under `up`",
)

_EVENTS = (
    Metric("openclaw_events_total", C, ("type", "outcome"), ALL,
           "Audit rows committed by this process, by type of event and outcome."),
    Metric("openclaw_handling_seconds", H, ("type",), CONSUMERS,
           "From reading an owed row to settling, retrying or burying it; a sender's includes the call."),
    Metric("openclaw_event_age_seconds", H, ("type",), CONSUMERS,
           "Age of an event when it was done with, from its making to the commit."),
    Metric("openclaw_rounds_total", C, ("target",), CONSUMERS, "Transactions over owed rows."),
    Metric("openclaw_settled_total", C, ("target",), CONSUMERS, "Owed rows that need no wake-up any more."),
    Metric("openclaw_swept_lanes_total", C, ("target",), CONSUMERS,
           "Lanes taken up from Postgres because nothing had woken them in time."),
    Metric("openclaw_entries_let_go_total", C, ("target",), CONSUMERS,
           "Stream entries acknowledged without an effect: duplicates, strangers', and what did not fit in hand."),
    Metric("openclaw_lanes_in_hand", G, ("target",), CONSUMERS, "Lanes that wait for a round or are in one."),
)  # fmt: skip

_QUEUES = (
    Metric("openclaw_owed_rows", G, ("target",), BRAIN, "Events owed to a target and not settled yet."),
    Metric("openclaw_oldest_due_seconds", G, ("target",), BRAIN,
           "How long the oldest due row of a target has been due; 0 when none is."),
    Metric("openclaw_dead_letters", G, (), BRAIN, "Dead letters now."),
    Metric("openclaw_stream_entries", G, ("target",), CONSUMERS, "Wake-ups in the target's stream, not settled."),
    Metric("openclaw_stream_pending", G, ("target",), CONSUMERS, "Entries of it that some consumer holds."),
)  # fmt: skip

_TELEGRAM = (
    Metric("openclaw_telegram_calls_total", C, ("method", "result"), CALLERS,
           "Calls to the Bot API by how they ended: ok, 429, 4xx, 5xx, no_answer, not_sent, failed, given_up."),
    Metric("openclaw_telegram_call_seconds", H, ("method",), CALLERS, "How long calls to the Bot API took."),
    Metric("openclaw_telegram_calls_under_way", G, (), CALLERS, "Calls to the Bot API that have not ended."),
    Metric("openclaw_telegram_told_to_wait_seconds_total", C, (), CALLERS, "Seconds of retry_after in answers."),
    Metric("openclaw_sender_lanes_put_back_total", C, ("target", "reason"), SENDER,
           "Chats that had to wait: limited (our rate limits), held (Telegram said so), claimed (by another sender)."),
    Metric("openclaw_sender_limited_seconds_total", C, ("target",), SENDER,
           "Seconds that chats were told to wait by our own rate limits."),
    Metric("openclaw_sender_calls_in_flight", G, ("target",), SENDER, "Deliveries claimed and not ended."),
    Metric("openclaw_sender_calls_max", G, ("target",), SENDER, "How many deliveries may be in flight."),
    Metric("openclaw_sender_unsettled", G, ("target",), SENDER, "Deliveries that ended and wait to be settled."),
    Metric("openclaw_sender_given_up_total", C, ("target",), SENDER,
           "Deliveries that could not be settled; their claims run out."),
)  # fmt: skip

_REMINDERS = (
    Metric("openclaw_scheduler_ticks_total", C, (), SCHEDULER, "Times that it was asked what is due."),
    Metric("openclaw_scheduler_tasks_total", C, (), SCHEDULER, "Due tasks that were acted on."),
    Metric("openclaw_scheduler_put_off_total", C, (), SCHEDULER,
           "Due tasks that could not be acted on and are tried again in an hour; the log says why."),
    Metric("openclaw_scheduler_lag_seconds", H, (), SCHEDULER,
           "How much later than planned due tasks were acted on."),
    Metric("openclaw_occasions_total", C, ("kept",), SCHEDULER,
           "Occasions of tasks by what stands of them; whether one is ambiguous only the brain learns."),
    Metric("openclaw_forgotten_total", C, ("kind",), SCHEDULER,
           "Rows that were forgotten: updates (their keys), deliveries, occasions, audit, leftovers."),
    Metric("openclaw_forgetting_failed_total", C, (), SCHEDULER,
           "Times that something could not be forgotten; it is tried again in an hour, and the log says why."),
)  # fmt: skip

_EDGE = (
    Metric("openclaw_updates_waiting", G, (), EDGE, "Updates taken in that wait to be committed."),
    Metric("openclaw_update_commits_total", C, (), EDGE, "Transactions that made updates durable."),
    Metric("openclaw_updates_turned_away_total", C, ("reason",), EDGE,
           "Updates that were not taken in for now: chat_waiting, all_waiting (to be committed), chat_owes, all_owe "
           "(too much is owed), behind (an earlier one of the chat), no_name (the bot's name is not known yet)."),
    Metric("openclaw_chats_turned_away", G, (), EDGE, "Chats whose updates are turned away for what they owe."),
    Metric("openclaw_polls_total", C, ("result",), POLLING,
           "Polls for updates: answered (and committed) or failed, by Telegram or by the store."),
    Metric("openclaw_polled_updates_total", C, (), POLLING, "Updates that polls brought and that were committed."),
    Metric("openclaw_webhook_requests_total", C, ("status",), WEBHOOK, "Requests to the webhook by HTTP status."),
    Metric("openclaw_webhook_seconds", H, (), WEBHOOK, "From the head of a request to its answer."),
    Metric("openclaw_webhook_requests_under_way", G, (), WEBHOOK, "Requests to the webhook without an answer yet."),
    Metric("openclaw_webhook_refused_total", C, ("reason",), WEBHOOK,
           "Requests and connections refused at the webhook's address: wrong_secret, no_route, wrong_type, malformed, "
           "too_large, too_slow, incomplete, crowded."),
    Metric("openclaw_webhook_connections", G, (), WEBHOOK, "Open connections to the webhook's address."),
    Metric("openclaw_webhook_connections_opened_total", C, (), WEBHOOK, "Connections opened to it."),
)  # fmt: skip

_SERVERS = (
    Metric("openclaw_server_up", G, ("server",), ALL, "Whether the server answered for this scrape (1) or not (0)."),
    Metric("openclaw_server_faults_total", C, ("server",), ALL, "Times that the service found a server away."),
    Metric("openclaw_postgres_pool_connections", G, ("pool", "state"), ALL, "Open connections, idle and in_use."),
    Metric("openclaw_postgres_pool_connections_max", G, ("pool",), ALL, "How many connections there may be."),
    Metric("openclaw_postgres_pool_opened_total", C, ("pool",), ALL, "Connections opened."),
    Metric("openclaw_postgres_pool_wait_seconds", H, ("pool",), ALL,
           "Wait for a connection, opening one included; its count is that of all uses."),
    Metric("openclaw_redis_connects_total", C, (), ALL,
           "Connections opened to Redis; grows when connections are lost."),
)  # fmt: skip

_PROCESS = (
    Metric("openclaw_build_info", G, ("version", "python", "instance_name"), ALL, "Always 1; what runs here."),
    Metric("openclaw_loop_lag_seconds", H, (), ALL, "How much later than asked for the event loop took up a timer."),
    Metric("openclaw_supervised_restarts_total", C, ("process",), UP,
           "Times that `up` started a role or server again; every role tells the same, so take the max."),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for group in (_EVENTS, _QUEUES, _TELEGRAM, _REMINDERS, _EDGE, _SERVERS, _PROCESS)
    for metric in group
}
# What the library adds about the process and its interpreter.
FOREIGN = (
    "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
    "process_start_time_seconds", "process_open_fds", "process_max_fds", "python_gc_collections_total",
    "python_gc_objects_collected_total", "python_gc_objects_uncollectable_total",
)  # fmt: skip

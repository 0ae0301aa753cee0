"""A simulated Telegram as plain values: bots, people, chats, messages, queues of updates, faults, a record.

Two faces stand on it: the HTTP simulator (``adapters.telegram.simulator``) and the in-memory fake
(``adapters.memory.telegram``), so that both answer a call in the same words. Part of the product: ``openclaw up``
without a token runs on it, and so do the tests. Modules: ``world`` (state and people), ``methods`` (what bots can
do), ``updates`` (a bot's queue), ``faults``, ``limits``, ``record``, ``bell`` (waiting for changes).

Not here: HTTP, and any knowledge of OpenClaw's own rules. Only what text messages need of the Bot API: no media,
no payments, no inline mode, no channels.
"""

from adapters.botworld.bell import Bell
from adapters.botworld.methods import Call, receive, updates_request
from adapters.botworld.values import (
    ApiError,
    Effect,
    Fault,
    FaultKind,
    RateLimits,
    WorldError,
    blocked,
    http_500,
    rate_limited,
)
from adapters.botworld.world import Said, Topic, World

__all__ = [
    "ApiError",
    "Bell",
    "Call",
    "Effect",
    "Fault",
    "FaultKind",
    "RateLimits",
    "Said",
    "Topic",
    "World",
    "WorldError",
    "blocked",
    "http_500",
    "rate_limited",
    "receive",
    "updates_request",
]

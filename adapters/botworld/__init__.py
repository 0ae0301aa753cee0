"""A simulated Telegram as plain values: bots, people, chats, messages, queues of updates, faults, a record.

Two faces stand on it: the HTTP simulator (``adapters.telegram.simulator``) and the in-memory fake
(``adapters.memory.telegram``), so that both answer a call in the same words. Part of the product: ``openclaw up``
without a token runs on it, and so do the tests. Modules: ``state``, the acts of people by kind (``people_*``), the
methods of bots by kind (``api_*``), ``updates`` (a bot's queue), ``faults``, ``limits``, ``record``, ``bell`` (waiting
for changes).

Not here: HTTP, and any knowledge of OpenClaw's own rules. There is no inline mode, no shop, no business account, and
what is in a file is not kept.
"""

from adapters.botworld.api_updates import updates_request
from adapters.botworld.bell import Bell
from adapters.botworld.call import Call, Upload
from adapters.botworld.methods import receive
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
    "Upload",
    "World",
    "WorldError",
    "blocked",
    "http_500",
    "rate_limited",
    "receive",
    "updates_request",
]

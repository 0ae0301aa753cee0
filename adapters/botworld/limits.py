"""Telegram's rate limits, enforced when a world is given them: a bucket per bot, per chat and per group.

Not here: the sender's own limits, which keep it from ever meeting these.
"""

import math

from attrs import define

from adapters.botworld.values import RateLimits, too_many_requests


@define
class _Bucket:
    left: float
    at: float


class Limiter:
    """Takes one token per message from each bucket that applies, or from none."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._buckets: dict[tuple[str, int, int], _Bucket] = {}

    def check(self, bot_id: int, chat_id: int, now: float) -> None:
        """Let a message through. Raises ApiError 429 with the whole seconds until one would pass."""
        limits = self._limits
        rules = [(("bot", bot_id, 0), limits.per_bot_s, limits.per_bot_s)]
        rules.append((("chat", bot_id, chat_id), limits.per_chat_s, float(limits.chat_burst)))
        if chat_id < 0:
            rules.append((("group", bot_id, chat_id), limits.per_group_min / 60, limits.per_group_min))
        waits = [self._wait(key, rate, burst, now) for key, rate, burst in rules]
        if max(waits) > 0:
            raise too_many_requests(math.ceil(max(waits)))
        for key, _, _ in rules:
            self._buckets[key].left -= 1

    def _wait(self, key: tuple[str, int, int], rate: float, burst: float, now: float) -> float:
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        bucket.left = min(burst, bucket.left + max(0.0, now - bucket.at) * rate)
        bucket.at = now
        return max(0.0, (1 - bucket.left) / rate)

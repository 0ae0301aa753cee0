"""Rate limits as pure arithmetic: the generic cell rate algorithm, tuned so that no window exceeds its limit.

The limits are Telegram's (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
Not here: keeping the states, which all senders share.
"""

from attrs import frozen


@frozen
class Limit:
    """At most ``burst`` at once and one more every ``interval_s`` seconds."""

    interval_s: float
    burst: int

    def wait_s(self, full_in_s: float) -> float:
        """Return how long the next call must wait, given when the bucket is full again; 0 is: not at all."""
        return max(0.0, max(0.0, full_in_s) - (self.burst - 1) * self.interval_s)

    def spend(self, full_in_s: float) -> float:
        """Return when the bucket is full again after one more call."""
        return max(0.0, full_in_s) + self.interval_s


def window(count: int, seconds: float, burst: int) -> Limit | None:
    """Return the limit that allows at most ``count`` calls in any ``seconds``; None lifts it (``count`` 0)."""
    if count <= 0:
        return None
    burst = max(1, min(burst, count - 1))
    return Limit(seconds / max(1, count - burst), burst)


def bot_bucket(bot_id: int) -> str:
    """Return the name of the bucket that all chats of a bot share."""
    return f"bot:{bot_id}"


@frozen
class RateLimits:
    """How often a bot may call: in all, to one chat, to one group. Zero lifts a limit."""

    bot_per_s: int = 30
    chat_per_s: float = 1.0
    chat_burst: int = 3
    group_per_min: int = 20

    def buckets(self, bot_id: int, chat_id: int) -> dict[str, Limit]:
        """Return the limits that a call to this chat must keep, by the name of their bucket."""
        found: dict[str, Limit] = {}
        if (bot := window(self.bot_per_s, 1.0, self.bot_per_s // 6)) is not None:
            found[bot_bucket(bot_id)] = bot
        if self.chat_per_s > 0:
            found[f"chat:{bot_id}:{chat_id}"] = Limit(1.0 / self.chat_per_s, max(1, self.chat_burst))
        if chat_id < 0 and (group := window(self.group_per_min, 60.0, self.group_per_min // 4)) is not None:
            found[f"group:{bot_id}:{chat_id}"] = group
        return found

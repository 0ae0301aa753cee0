"""Chats that flood, and a quiet chat that talks meanwhile: what is said, and how long the quiet one waits.

The simulated Telegram enforces the limits that the sender was told, so that a call too many would show. Not here: what
may come of it (the tests), and figures (``benchmarks.flood``).
"""

import time
from collections.abc import Callable

from attrs import define, field, frozen

from adapters.botworld import Effect, RateLimits, World
from tests.acceptance.waiting import until

# Its lane comes last wherever names decide.
QUIET = 99_042
FIRST = 50_001
PACE_S = 1.0
PATIENCE_S = 30.0


@frozen
class Rates:
    """The limits of a run: calls a second of the bot and of a chat, and the burst of a chat."""

    bot_per_s: int
    chat_per_s: int
    burst: int = 3

    @property
    def settings(self) -> dict[str, object]:
        """What the sender is told."""
        return {
            "rate_bot_per_s": self.bot_per_s, "rate_chat_per_s": self.chat_per_s, "rate_chat_burst": self.burst,
        }  # fmt: skip

    @property
    def telegram(self) -> RateLimits:
        """What the simulated Telegram enforces."""
        # Calls that left in time may arrive closer together, which matters where limits are far above the real ones.
        burst = self.burst if self.chat_per_s == 1 else 3 * self.burst
        return RateLimits(
            per_bot_s=float(self.bot_per_s), per_chat_s=float(self.chat_per_s), chat_burst=burst
        )


@frozen
class Flood:
    """``chats`` chats that write ``each`` messages at once; ``allowed`` are let in, others are strangers."""

    name: str
    chats: int
    each: int
    rates: Rates
    is_allowed: bool = True

    @property
    def ids(self) -> range:
        """The chats that flood."""
        return range(FIRST, FIRST + self.chats)

    @property
    def settings(self) -> dict[str, object]:
        """What the installation is told: the quiet chat is let in, and the flooding ones where they are allowed."""
        if self.is_allowed:
            return {**self.rates.settings, "access": "open"}
        return {**self.rates.settings, "access": "pairing", "allowed": QUIET, "owner": QUIET}

    def begin(self, world: World) -> None:
        """Let all of it be written at once, the chats in turn."""
        for number in range(1, self.each + 1):
            for chat in self.ids:
                world.say(chat, chat, f"flood {number}")

    def is_over(self, world: World) -> bool:
        """Tell whether every flooding chat got all that it is to get; a stranger gets one code."""
        each = self.each if self.is_allowed else 1
        return all(len(texts_of(world, chat)) >= each for chat in self.ids)


FLOODS = (
    Flood("one chat, 200 messages at once", 1, 200, Rates(100, 40)),
    Flood("20 strangers, 20 messages each at once", 20, 20, Rates(100, 40), is_allowed=False),
    Flood("30 chats, 6 messages each at once, more than the bot may answer at once", 30, 6, Rates(30, 1)),
)


@define
class Quiet:
    """The quiet chat: it writes a message a second, whether or not the one before is answered."""

    world: World
    said_at_s: list[float] = field(factory=list)

    async def talk(self, at_least: int, until_done: Callable[[], bool] = lambda: True) -> list[float]:
        """Write until so many messages are written and the flood is over; return how long each answer took, seconds."""
        first = len(self.said_at_s)
        while len(self.said_at_s) < first + at_least or not until_done():
            due_s = self.said_at_s[-1] + PACE_S if self.said_at_s else 0.0
            await until(lambda due_s=due_s: time.time() >= due_s, "the next second", PATIENCE_S)  # type: ignore[misc]
            self.said_at_s.append(time.time())
            self.world.say(QUIET, QUIET, f"quiet {len(self.said_at_s)}")
        await until(
            lambda: len(self._answers()) >= len(self.said_at_s), "every answer to the quiet chat", PATIENCE_S
        )
        return self.waits_s[first:]

    @property
    def waits_s(self) -> list[float]:
        """How long each answer took; they come in the order of the messages."""
        return [a.received_at - s for a, s in zip(self._answers(), self.said_at_s, strict=True)]

    @property
    def is_answered_in_order(self) -> bool:
        """Whether each message was answered once, in its place."""
        return texts_of(self.world, QUIET) == [f"quiet {n}" for n in range(1, len(self.said_at_s) + 1)]

    def _answers(self) -> list[Effect]:
        return self.world.record.of_chat(QUIET, method="sendMessage")


def texts_of(world: World, chat: int) -> list[str]:
    """Return what reached a chat, in order."""
    return [str(effect.text) for effect in world.record.of_chat(chat, method="sendMessage")]


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]

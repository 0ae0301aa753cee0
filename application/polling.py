"""Long polling: Telegram's updates handed to the gateway, and the offset that tells Telegram which of them are durable.

Not here: how an update becomes durable (``gateway``), and webhooks (``entrypoints.web``).
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from attrs import define, field

from application.gateway import ALLOWED_UPDATES, Gateway
from application.ports import Clock, Telegram
from domain.errors import NoAnswer, Refused, StoreUnavailable, TelegramError, TurnedAway
from domain.updates import is_update

log = logging.getLogger("openclaw.gateway")

POLL_TIMEOUT_S = 25
# So many updates Telegram returns at once; where it does, there may be more behind them.
POLL_MAX = 100
# How long a poll waits after one of which something was turned away: that would be returned at once.
TURNED_AWAY_S = 0.5


@define
class PollCounters:
    """What came of polls: how many brought an answer, how many failed, and how many updates they brought."""

    answered: int = 0
    failed: int = 0
    updates: int = 0


@define
class Poller:
    """Long polling: the offset moves only when what came before it is committed.

    An offset confirms everything before it, so what was turned away stays in front of whatever else waits at Telegram,
    which returns so many at most. What was taken in behind it is not offered again. As long as all that waits is seen,
    everybody else is taken in meanwhile. Where there may be more behind what is seen, chats are taken in that owe more
    than they may, so that they hold up nobody: that takes room in Postgres and no other chat's turn.
    """

    gateway: Gateway
    telegram: Telegram
    clock: Clock
    stopping: asyncio.Event = field(factory=asyncio.Event)
    poll_timeout_s: int = POLL_TIMEOUT_S
    counters: PollCounters = field(factory=PollCounters)
    _offset: int = 0
    # Updates from the offset on that were taken in.
    _taken: set[int] = field(factory=set)
    _is_held: bool = False
    _pause_s: float = 0.5

    def stop(self) -> None:
        """Ask ``run`` to return; a poll that is under way is given up, which confirms nothing."""
        self.stopping.set()

    async def run(self) -> None:
        """Poll until stopped, with growing pauses while Telegram or the store is away."""
        while not self.stopping.is_set():
            try:
                await self.once()
                if self._pause_s > 0.5:
                    log.info("Telegram answers again", extra={"action": "telegram_answers"})
                self._pause_s = 0.5
                if self._is_held:
                    await self._rest(TURNED_AWAY_S)
            except (StoreUnavailable, TelegramError) as error:
                self.counters.failed += 1
                log.warning("polling: %s", error, extra={"action": "poll_failed"})
                await self._rest(self._pause_after(error))

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    async def once(self) -> int:
        """Poll once and commit what came; return how many updates were taken in."""
        params = {"offset": self._offset, "timeout": self.poll_timeout_s, "allowed_updates": ALLOWED_UPDATES}
        call = asyncio.ensure_future(self.telegram.call("getUpdates", params, self.poll_timeout_s + 10.0))
        stop = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait({call, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not call.done():
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            return 0
        answer = call.result()
        if not isinstance(answer, list):
            raise NoAnswer("getUpdates brought no list")
        updates = [one for one in answer if is_update(one)]
        if answer and not updates:
            raise NoAnswer("getUpdates brought nothing that is an update")
        taken = await self._take(updates, is_all=len(answer) < POLL_MAX)
        self.counters.answered += 1
        self.counters.updates += taken
        return taken

    async def _take(self, updates: Sequence[dict[str, Any]], *, is_all: bool) -> int:
        """Have updates taken in, move the offset up to the first that was not; return how many were."""
        fresh = [each for each in updates if each["update_id"] not in self._taken]
        left = await self._offer(fresh)
        if left and not is_all:
            left = await self._offer(left, insist=True)
        first = min((each["update_id"] for each in left), default=None)
        self._is_held = first is not None
        numbers = {each["update_id"] for each in updates}
        if first is not None:
            self._offset = first
        elif numbers:
            self._offset = max(numbers) + 1
        refused = {each["update_id"] for each in left}
        self._taken = {number for number in numbers if number >= self._offset} - refused
        return len(fresh) - len(left)

    async def _offer(self, updates: list[dict[str, Any]], *, insist: bool = False) -> list[dict[str, Any]]:
        """Offer updates to the gateway and return those that were turned away."""
        try:
            if updates:
                await self.gateway.accept(updates, insist=insist)
        except TurnedAway as error:
            return [updates[place] for place in sorted(error.refused)]
        return []

    def _pause_after(self, error: Exception) -> float:
        if isinstance(error, Refused) and error.refusal.retry_after_s is not None:
            return float(error.refusal.retry_after_s)
        self._pause_s = min(self._pause_s * 2, 30.0)
        return self._pause_s

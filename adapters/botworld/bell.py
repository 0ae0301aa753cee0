"""Waiting for something to happen in a world: the one asynchronous part of it, and the long poll built on it."""

import asyncio
from collections.abc import Awaitable, Callable

from adapters.botworld.accounts import Bot
from adapters.botworld.api_updates import UpdatesRequest
from adapters.botworld.values import ApiError, Json
from adapters.botworld.world import Topic, World


class Bell:
    """Wakes those who wait when the world changes. ``sleep`` is the clock's, so that time can be simulated."""

    def __init__(self, world: World, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._world = world
        self._sleep = sleep
        self._waiting: dict[Topic, set[asyncio.Future[None]]] = {}
        self._closed = False
        world.listen(self.ring)

    def ring(self, topic: Topic) -> None:
        """Wake everyone who waits for ``topic``."""
        for waiter in self._waiting.pop(topic, ()):
            if not waiter.done():
                waiter.set_result(None)

    def ring_all(self) -> None:
        """Wake everyone."""
        for topic in list(self._waiting):
            self.ring(topic)

    def close(self) -> None:
        """Wake everyone for good and listen no more: from now on nothing is waited for."""
        if self._closed:
            return
        self._closed = True
        self._world.unlisten(self.ring)
        self.ring_all()

    async def wait(self, topic: Topic, seconds: float) -> bool:
        """Wait for ``topic`` at most ``seconds``; return whether it came."""
        if seconds <= 0 or self._closed:
            return False
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(topic, set()).add(waiter)
        timer = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({waiter, timer}, return_when=asyncio.FIRST_COMPLETED)
            return waiter.done() and not self._closed
        finally:
            timer.cancel()
            waiters = self._waiting.get(topic)
            if waiters is not None:
                waiters.discard(waiter)
                if not waiters:
                    del self._waiting[topic]

    async def get_updates(self, bot: Bot, request: UpdatesRequest) -> list[Json]:
        """Answer ``getUpdates``: at once when something is waiting, else after at most its timeout.

        Raises ApiError 409 while a webhook is set, or when another ``getUpdates`` ends this one, and 401 when the bot
        gets another token meanwhile.
        """
        queue, token = self._world.queues[bot.bot_id], bot.token
        poll = queue.open_poll()
        topic = Topic("updates", bot.bot_id)
        self.ring(topic)
        queue.allow(request.allowed_updates)
        queue.confirm(request.offset)
        deadline = self._world.now() + request.timeout_s
        while True:
            batch = queue.batch(request.limit)
            if batch or not await self.wait(topic, deadline - self._world.now()):
                self._world.record.told(update["update_id"] for update in batch)
                return batch
            if bot.token != token:
                raise ApiError(401, "Unauthorized")
            queue.check_poll(poll)

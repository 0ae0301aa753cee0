"""What the simulated services meet: streams that lose and repeat entries, and a Telegram that goes on without them.

Not here: what can go wrong with any server (``links``), and when it does (``faults``).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random

import httpx
import orjson

from adapters.memory.streams import MemoryStreams
from adapters.memory.telegram import MemoryTelegram
from adapters.telegram.http import HttpAnswer
from application.gateway import Gateway
from application.ports import Entry, Wakeup
from domain.errors import NoAnswer, NotSent, StoreUnavailable
from entrypoints.simulation.links import TRAVEL_S, Remote, Server
from entrypoints.simulation.loop import Process, SimulatedLoop, State

# So often somebody who waits for a process looks whether it still lives.
LOOK_S = 0.05


class RemoteStreams(Remote):
    """``application.ports.Streams`` over the way to a server that may lose entries, and deliver them twice."""

    def __init__(self, streams: MemoryStreams, server: Server) -> None:
        super().__init__(streams, server)
        self._streams, self._redis = streams, server

    async def consume(self, target: str, consumer: str, count: int, block_s: float) -> list[Entry]:
        """See the port. Who waits hears of a lost group, and only then makes it again: much may come in between."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + block_s
        while True:
            await self._redis.request()
            if not self._streams.has_group(target):
                await self._redis.travel()
                await self._streams.create_group(target)
            found = await self._streams.consume(target, consumer, count, 0)
            if found or loop.time() >= deadline_s:
                await self._redis.answer()
                return found
            await self._streams.wait(target, deadline_s - loop.time())

    async def ack(self, target: str, entry_ids: Sequence[str]) -> None:
        """See the port."""
        await self._redis.request()
        await self._streams.ack(target, entry_ids)
        await self._redis.answer()

    async def publish(self, wakeups: Sequence[Wakeup]) -> None:
        """See the port."""
        redis = self._redis
        await redis.request()
        redis.lose("memory")
        arriving = list(wakeups)
        if redis.losing["entry"] > 0:
            redis.losing["entry"] -= 1
            redis.lost["entry"] += 1
            arriving.pop()
        if redis.losing["once"] > 0:
            redis.losing["once"] -= 1
            redis.lost["once"] += 1
            arriving += wakeups
        await self._streams.publish(arriving)
        await redis.answer()


class RemoteTelegram:
    """``application.ports.Telegram``: a call that has left goes on in Telegram, whatever becomes of its caller."""

    def __init__(self, telegram: MemoryTelegram, loop: SimulatedLoop, chance: Random) -> None:
        self._telegram, self._loop, self._chance = telegram, loop, chance

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        """See the port."""
        return await asyncio.shield(self._loop.spawn(None, self._serve(method, params, timeout_s)))

    async def _serve(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        await asyncio.sleep(self._chance.random() * TRAVEL_S)
        result = await self._telegram.call(method, params, timeout_s)
        await asyncio.sleep(self._chance.random() * TRAVEL_S)
        return result


class Front:
    """Whoever takes webhooks in: of the gateways that live, each delivery meets one."""

    def __init__(
        self, loop: SimulatedLoop, server: Server, gateways: Callable[[], Sequence[tuple[Process, Gateway]]]
    ) -> None:
        self._loop, self._server, self._gateways = loop, server, gateways

    async def post(self, url: httpx.URL, headers: httpx.Headers, body: bytes, timeout_s: float) -> HttpAnswer:
        """Hand an update in, as Telegram does: 200 when it is durable, 503 when it cannot be now."""
        await asyncio.sleep(self._server.chance.random() * TRAVEL_S)
        living = [each for each in self._gateways() if each[0].state is not State.DEAD]
        if not living:
            raise NotSent("no gateway lives")
        process, gateway = living[int(self._server.chance.random() * len(living))]
        task = self._loop.spawn(process, gateway.accept([orjson.loads(body)]))
        deadline_s = self._loop.time() + timeout_s
        while not task.done():
            if process.state is State.DEAD or self._loop.time() > deadline_s:
                raise NoAnswer("the gateway ended, or did not answer in time")
            await asyncio.wait({task}, timeout=LOOK_S)
        if isinstance(error := task.exception(), StoreUnavailable):
            return HttpAnswer(503, b"")
        if error is not None:
            raise NoAnswer("the gateway failed")
        self._server.lose("answer")
        return HttpAnswer(200, b"")

    async def aclose(self) -> None:
        """Nothing to close."""

"""The yardstick: FastStream on Redis Streams, two hops, default subscriber, no logger, no storage.

``python -m benchmarks.yardstick URL COUNT`` prints messages a second from a backlog of COUNT.
"""

import asyncio
import sys
import time

import uvloop
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis


async def measure(url: str, count: int) -> float:
    """Return the messages a second that pass both hops."""
    broker = RedisBroker(url, logger=None)
    done = asyncio.Event()
    seen = 0

    @broker.subscriber(stream=StreamSub("yardstick:first", group="first", consumer="one"))
    @broker.publisher(stream="yardstick:second")
    async def first(message: dict[str, object]) -> dict[str, object]:
        return message

    @broker.subscriber(stream=StreamSub("yardstick:second", group="second", consumer="one"))
    async def second(message: dict[str, object]) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            done.set()

    async with Redis.from_url(url) as client:
        await client.delete("yardstick:first", "yardstick:second")
        await broker.connect()
        for number in range(count):
            await broker.publish(
                {"chat_id": 1, "text": str(number), "padding": "x" * 300}, stream="yardstick:first"
            )
        await client.xgroup_create("yardstick:first", "first", id="0")
        began = time.perf_counter()
        await broker.start()
        await asyncio.wait_for(done.wait(), 300)
        took_s = time.perf_counter() - began
        await broker.stop()
        await client.delete("yardstick:first", "yardstick:second")
    return count / took_s


if __name__ == "__main__":
    print(uvloop.run(measure(sys.argv[1], int(sys.argv[2]))))

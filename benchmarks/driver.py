"""The outside of the pipeline for measurements: a load generator and a Bot API that only takes note of calls.

Both are as lean as they can be (plain asyncio protocols), since they share the processors with what is measured.
Not here: a true Telegram; that is the simulator's job.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

import orjson

ANSWER = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"text":""}}'
RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
) + ANSWER
TRUE = b'{"ok":true,"result":true}'
TRUE_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(TRUE)
) + TRUE


class Sink:
    """Takes note of when each ``sendMessage`` arrived, by its text, which is the number of the message."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self.repeats = 0
        self._expected = 0
        self._all_here = asyncio.Event()

    async def listen(self) -> str:
        """Listen on a free port and return the base URL."""
        server = await asyncio.get_running_loop().create_server(lambda: _SinkProtocol(self), "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def took(self, number: int) -> None:
        """Note a call."""
        if number in self.arrived:
            self.repeats += 1
            return
        self.arrived[number] = time.perf_counter()
        if len(self.arrived) >= self._expected > 0:
            self._all_here.set()

    async def wait_for(self, count: int, timeout_s: float = 180.0) -> None:
        """Return when ``count`` different messages have arrived since the last reset."""
        self._expected = count
        if len(self.arrived) < count:
            await asyncio.wait_for(self._all_here.wait(), timeout_s)

    def reset(self) -> None:
        """Forget what arrived."""
        self.arrived.clear()
        self._all_here.clear()
        self._expected = 0


class _SinkProtocol(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's, so there is nothing to check.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._held) < end + 4 + length:
                return
            body = self._held[end + 4 : end + 4 + length]
            self._held = self._held[end + 4 + length :]
            if b"/sendmessage" in head[:200]:
                self._sink.took(int(orjson.loads(body)["text"]))
                self._transport.write(RESPONSE)
            else:
                self._transport.write(TRUE_RESPONSE)


class _Caller(asyncio.Protocol):
    """One keep-alive connection that posts one update at a time."""

    def __init__(self) -> None:
        self._held = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's, so there is nothing to check.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._held[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self._held) < end + 4 + length:
            return
        self._held = self._held[end + 4 + length :]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the gateway closed the connection"))

    async def post(self, head: bytes, body: bytes) -> int:
        """Post ``body`` and return the status."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        return await self._answer


class Load:
    """Posts updates to the webhook, over a number of connections."""

    def __init__(self, port: int, secret: str, path: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"x-telegram-bot-api-secret-token: {secret}\r\n"
        ).encode()
        self.sent: dict[int, float] = {}
        self.refused = 0

    async def connect(self, count: int) -> list[_Caller]:
        """Open ``count`` connections."""
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(_Caller, "127.0.0.1", self._port) for _ in range(count)]
        return [caller for _, caller in made]

    async def one(self, caller: _Caller, number: int, chats: int) -> None:
        """Post the message ``number``; repeat it, as Telegram does, until it is taken."""
        body = update(number, chats)
        self.sent[number] = time.perf_counter()
        while await caller.post(self._head, body) != 200:
            self.refused += 1

    async def flood(self, callers: Sequence[_Caller], numbers: range, chats: int) -> None:
        """Post as fast as the answers come back, one at a time on each connection."""
        queue = iter(numbers)

        async def work(caller: _Caller) -> None:
            for number in queue:
                await self.one(caller, number, chats)

        await asyncio.gather(*(work(caller) for caller in callers))

    async def pace(self, callers: Sequence[_Caller], numbers: range, chats: int, per_s: float) -> None:
        """Post at a steady rate, whatever the answers do."""
        free = list(callers)
        tasks: set[asyncio.Task[None]] = set()
        began = time.perf_counter()

        async def one(caller: _Caller, number: int) -> None:
            await self.one(caller, number, chats)
            free.append(caller)

        for index, number in enumerate(numbers):
            wait_s = began + index / per_s - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if not free:
                free.extend(await self.connect(8))
            task = asyncio.create_task(one(free.pop(), number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)


def update(number: int, chats: int) -> bytes:
    """Return the update whose message says ``number``, just written in one of ``chats`` private chats."""
    user = 10_000 + number % chats
    return orjson.dumps({
        "update_id": 1_000_000 + number,
        "message": {
            "message_id": number + 1, "date": int(time.time()),
            "chat": {"id": user, "type": "private", "first_name": "Ada"},
            "from": {"id": user, "is_bot": False, "first_name": "Ada", "language_code": "en"},
            "text": str(number),
        },
    })  # fmt: skip

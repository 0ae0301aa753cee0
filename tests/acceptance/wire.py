"""Raw connections to the gateway: what is sent is sent as it is, and what comes back is read to its end.

Not here: what is sent (``hostile``).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import orjson
from attrs import field, frozen

from tests.acceptance.hostile import SECRET, Hostile, get, post, update

PATIENCE_S = 25.0


@frozen
class Got:
    """What came back: the statuses, whether the connection ended, the bodies of refusals, and all headers."""

    statuses: tuple[int, ...]
    ended: bool
    heads: tuple[bytes, ...] = ()
    bodies: tuple[bytes, ...] = ()


@frozen
class Wire:
    """One connection to the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes] = field(factory=list)
    bodies: list[bytes] = field(factory=list)

    async def send(self, pieces: Iterable[bytes | float]) -> None:
        """Send until all is said or the other side is gone."""
        with suppress(ConnectionError):
            for piece in pieces:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                    continue
                self.writer.write(piece)
                await self.writer.drain()

    async def answer(self, *, bodiless: bool = False) -> int | None:
        """Return the status of the next answer, None where the connection ended instead."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            length = 0 if bodiless else int(fields[b"content-length"])
            self.bodies.append(await self.reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self.heads.append(head)
        return int(head[9:12])

    async def is_open(self) -> bool:
        """Tell whether a further request is answered."""
        await self.send([get()])
        return await self.answer() == 200


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    """Lend a connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port: int, row: Hostile) -> Got:
    """Send what a row says and return what came back. Raises TimeoutError where nothing ever happens."""
    async with asyncio.timeout(PATIENCE_S), wire(port) as it:
        sending = asyncio.create_task(it.send(row.send()))
        try:
            if row.hangs_up:
                await sending
                it.writer.write_eof()
            statuses: list[int] = []
            while len(statuses) < len(row.gets) or row.ends:
                status = await it.answer(bodiless=row.bodiless)
                if status is None:
                    return Got(tuple(statuses), True, tuple(it.heads), tuple(it.bodies))
                statuses.append(status)
            heads, bodies = tuple(it.heads), tuple(it.bodies)
            return Got(tuple(statuses), not await it.is_open(), heads, bodies)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def post_update(port: int, number: int, chat: int, secret: str = SECRET) -> int | None:
    """Post a plain update over a connection of its own and return the status."""
    async with wire(port) as it:
        await it.send([post(orjson.dumps(update(number, chat)), secret=secret)])
        return await it.answer()

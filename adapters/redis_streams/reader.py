"""One connection for blocking reads, on which no command is ever cancelled in flight.

A cancelled command would leave its answer on the connection for the next one to read. So the read runs in a task
of its own; a caller that is cancelled leaves it running, and the next call takes up its answer.
Not here: what is read, and what its errors mean (``streams``).
"""

import asyncio
import contextlib
from typing import Any

import redis
from redis.asyncio.connection import AbstractConnection


class Reader:
    """One connection for the blocking reads of one consumer."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection: Any = connection
        self._in_flight: asyncio.Task[Any] | None = None

    async def read(self, command: tuple[object, ...], timeout_s: float) -> Any:
        """Return the server's answer to ``command``, or to an earlier command whose caller was cancelled.

        ``timeout_s`` bounds the wait for the answer, so that a dead connection is noticed; it must exceed the time
        for which the command itself blocks. After an error the next call connects again. Raises the driver's errors.
        """
        task = self._in_flight
        if task is None:
            task = self._in_flight = asyncio.create_task(self._ask(command, timeout_s), name="redis-read")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise redis.ConnectionError("the connection was closed during a read") from None
            raise
        finally:
            if task.done():
                self._in_flight = None

    async def close(self) -> None:
        """Close the connection; a read that is still in flight fails."""
        task = self._in_flight
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await self._connection.disconnect(nowait=True)

    async def _ask(self, command: tuple[object, ...], timeout_s: float) -> Any:
        await self._connection.connect()
        # Not read_response(timeout=...): that returns None when time is up, and leaves the answer for the next read.
        self._connection.socket_timeout = timeout_s
        await self._connection.send_command(*command, check_health=False)
        return await self._connection.read_response()

"""A TCP proxy on the loopback whose connections a test can cut, hold up or make deaf."""

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType


class TcpProxy:
    """Forwards ``127.0.0.1:port`` to ``host:target_port``, or to the Unix socket ``path``.

    With ``more_ports`` connections go to each port in turn, and past those where nobody listens.
    Switches: ``cut`` breaks every connection at once; ``accepting`` False breaks new ones, and between ``close`` and
    ``open`` they are refused; while ``answers`` is cleared, what the server answers is held back, and ``requests``
    does the same for what the client sends.
    ``drop_answers_with`` makes a connection deaf from the first answer in which that stands, and ``deaf`` counts them.
    """

    def __init__(
        self,
        target_port: int = 0,
        host: str = "127.0.0.1",
        path: str = "",
        more_ports: Sequence[int] = (),
    ) -> None:
        self.port = 0
        self.accepting = True
        self.drop_answers_with: bytes | None = None
        self.deaf = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.requests = asyncio.Event()
        self.requests.set()
        self.answered_bytes = 0
        self._host, self._path = host, path
        self._ports = [target_port, *more_ports]
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections are open, counting both sides of each as one."""
        return len(self._writers) // 2

    async def __aenter__(self) -> "TcpProxy":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.cut()
        self.answers.set()
        self.requests.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def open(self) -> None:
        """Listen, at the same port as before; fine while it does."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more; connections that are there stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """Break every connection, with nothing more delivered in either direction."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.accepting:
                await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await self._connect()
        self._writers.add(up_writer)
        try:
            ways = {
                asyncio.create_task(self._pump(reader, up_writer, self.requests, answers=False)),
                asyncio.create_task(self._pump(up_reader, writer, self.answers, answers=True)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._writers.discard(up_writer)
            up_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path:
            return await asyncio.open_unix_connection(self._path)
        self._ports = [*self._ports[1:], self._ports[0]]
        for port in self._ports[:-1]:
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection(self._host, port)
        return await asyncio.open_connection(self._host, self._ports[-1])

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, gate: asyncio.Event, answers: bool
    ) -> None:
        deaf = False
        with contextlib.suppress(OSError):
            while chunk := await source.read(65536):
                if answers:
                    self.answered_bytes += len(chunk)
                await gate.wait()
                if answers and not deaf and self.drop_answers_with is not None:
                    deaf = self.drop_answers_with in chunk
                    self.deaf += deaf
                if not deaf:
                    sink.write(chunk)
                    await sink.drain()

"""A server that runs an ASGI application inside a running event loop.

Besides serving it looks round now and then: it ends connections whose time is up, and logs at most once a minute how
much was refused. Not here: applications (``app``), and what one connection may do (``connection``).
"""

import asyncio
import contextlib
import logging
import math
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from attrs import field, frozen

from adapters.asgi.connection import Connection, State
from adapters.asgi.limits import Limits
from application.meters import ListenerMeter

_log = logging.getLogger(__name__)


class CannotServe(Exception):
    """The server cannot start: the address is taken or not ours, or the app's own start failed."""


class _Server(uvicorn.Server):
    """uvicorn's server without signal handlers, and with events in place of its polling."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self.server_state = self.state = state
        self.ready = asyncio.Event()
        self.leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            raise CannotServe("the app failed to start; see the log") from None
        self.ready.set()

    async def main_loop(self) -> None:
        watch = asyncio.create_task(self._watch(), name="http server watch")
        await self.leave.wait()
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        state, loop = self.state, asyncio.get_running_loop()
        told: Counter[str] = Counter()
        tell_at_s = loop.time()
        while True:
            await asyncio.sleep(state.limits.watch_s)
            now_s = loop.time()
            state.look_round(now_s)
            # Strangers can bring about as many refusals as they like, but not as many lines.
            if now_s >= tell_at_s and (news := Counter(state.meter.refused) - told):
                told = Counter(state.meter.refused)
                tell_at_s = now_s + state.limits.report_s
                fields = {"refused": dict(news), "connections": state.meter.open_now}
                _log.info(
                    "%d requests were refused since the last report", news.total(),
                    extra={"action": "requests_refused", **fields},
                )  # fmt: skip


@frozen
class Served:
    """A running server: the address it is bound to, and how to stop it."""

    host: str
    port: int
    _server: _Server = field(repr=False)
    _task: "asyncio.Task[None]" = field(repr=False)

    @property
    def base_url(self) -> str:
        """The address as ``http://host:port``."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    async def stop(self) -> None:
        """Take no more connections, let the running requests finish within the bound, then end them."""
        self._server.leave.set()
        await self._task
        if self._server.server_state.tasks:
            await asyncio.wait(self._server.server_state.tasks, timeout=1.0)


def listen(host: str, port: int, backlog: int = 2048) -> socket.socket:
    """Return a listening TCP socket; ``port`` 0 takes a free one. Raises CannotServe."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotServe(f"cannot listen on {host} port {port}: {reason}; choose another address") from error
    # Accepted connections inherit it; without it a kept-alive answer can wait 40 ms for the other side's ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


async def serve(
    app: Callable[..., Any],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    stop_s_max: float = 5.0,
    limits: Limits | None = None,
    meter: ListenerMeter | None = None,
) -> Served:
    """Serve ``app`` over HTTP in the running event loop and return once it listens.

    ``port`` 0 takes a free one. ``stop_s_max`` (whole seconds, rounded up) bounds the graceful part of ``stop``,
    ``limits`` what clients may do; ``meter`` counts connections and what was refused before the app saw it. No signal
    handler is installed and no request is logged. Raises CannotServe.
    """
    limits = limits or Limits()
    listener = listen(host, port)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=math.ceil(stop_s_max),
    )
    server = _Server(config, State(limits, meter or ListenerMeter()))
    bound_port: int = listener.getsockname()[1]
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        server.leave.set()
        listener.close()
        raise
    finally:
        ready.cancel()
    if not server.ready.is_set():
        listener.close()
        await task
    return Served(host, bound_port, server, task)

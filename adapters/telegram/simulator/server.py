"""The simulator as a server: start it on a free port, point bots at ``base_url``, stop it.

Not here: its faces (``bot_api``, ``control_api``) and the client of the control interface (``control``).
"""

import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from adapters.asgi import App, HttpRefusal, Request, Response, Route, Served, json_response, serve
from adapters.botworld import Bell, World
from adapters.telegram.simulator.bot_api import BotApi
from adapters.telegram.simulator.control_api import LOOPBACK_HOSTS, ControlApi
from adapters.telegram.simulator.webhooks import PushPolicy, WebhookPusher

# Message ids start at the seconds since this moment, so that those of a later run are new to a database that
# remembers an earlier one (2025-01-01T00:00:00Z).
_MESSAGE_EPOCH_S = 1_735_689_600


def fresh_world(now: Callable[[], float] = time.time) -> World:
    """Return an empty world whose update and message ids do not repeat those of earlier worlds.

    Telegram, too, starts its update ids at random (https://core.telegram.org/bots/api#update).
    """
    first_message_id = max(1, int(now()) - _MESSAGE_EPOCH_S)
    first_update_id = 100_000_000 + secrets.randbelow(800_000_000)
    return World(now, first_update_id=first_update_id, first_message_id=first_message_id)


class SimulatorServer:
    """A Bot API simulator over HTTP. ``port`` 0 takes a free one; ``control`` serves the control interface there too.

    With ``control_port`` the control interface is at that port of the loopback besides, so that the Bot API may be
    where others reach it. ``world`` is the state, for use in the same event loop; without one it is a fresh one whose
    time is ``now`` (seconds since the epoch). Raises ValueError for a control interface that others could reach.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        world: World | None = None,
        now: Callable[[], float] = time.time,
        control: bool = True,
        control_port: int | None = None,
        push: PushPolicy | None = None,
    ) -> None:
        if control and host not in LOOPBACK_HOSTS:
            raise ValueError(f"the control interface is for loopback addresses; {host} is not one")
        self.world = world if world is not None else fresh_world(now)
        self._address = (host, port)
        self._control = control
        self._control_port = control_port
        self._policy = push or PushPolicy()
        self._served: Served | None = None
        self._served_control: Served | None = None

    @property
    def base_url(self) -> str:
        """The address for ``HttpTelegram`` and ``SimulatorControl``, once started."""
        if self._served is None:
            raise RuntimeError("the simulator is not running; start it first")
        return self._served.base_url

    @property
    def control_url(self) -> str:
        """The address for ``SimulatorControl``, once started."""
        return self._served_control.base_url if self._served_control is not None else self.base_url

    async def start(self) -> Self:
        """Listen. Raises adapters.asgi.CannotServe when the address is taken."""
        self._bell = Bell(self.world)
        self._pusher = WebhookPusher(self.world, self._policy)
        self._bot_api = BotApi(self.world, self._bell)
        control = ControlApi(self.world, self._bell, self._bot_api, self._pusher).routes()
        routes = [Route("GET", "/healthz", _is_well), *self._bot_api.routes()]
        routes += control if self._control else [Route("POST", "/control/*", _control_is_off)]
        try:
            if self._control_port is not None:
                self._served_control = await serve(App(control), "127.0.0.1", self._control_port)
            self._served = await serve(App(routes), *self._address)
        except BaseException:
            await self._close()
            raise
        return self

    async def stop(self) -> None:
        """Drop hung calls, end long polls and pushes, and stop listening. What was said is still in ``world``."""
        if self._served is None:
            return
        served, self._served = self._served, None
        self._bot_api.release()
        await self._close()
        await served.stop()

    async def _close(self) -> None:
        """End what waits and pushes, then the control interface of its own."""
        self._bell.close()
        await self._pusher.aclose()
        if self._served_control is not None:
            control, self._served_control = self._served_control, None
            await control.stop()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def _is_well(request: Request) -> Response:
    return json_response({"ok": True})


async def _control_is_off(request: Request) -> Response:
    raise HttpRefusal(403, "the control interface is off; start the simulator with control=True")

"""The simulated Telegram as a service of its own: its Bot API for the other services, its control for the chat.

Not here: the simulator itself (``adapters.telegram.simulator``), and the one inside ``openclaw up`` (``up``).
"""

import asyncio
import logging
import signal

from adapters.asgi import CannotServe
from adapters.telegram.simulator import SimulatorServer
from domain.errors import OpenClawError
from entrypoints.settings_types import HostPort

log = logging.getLogger("openclaw.simulated")

BOT_ID = 1_000_000_001
BOT_NAME = "openclaw_bot"
# The port of this machine on which the chat finds the simulator.
CONTROL_PORT = 8082


def run_simulator(token: str | None, bot_api: HostPort, control_port: int) -> int:
    """Serve the Bot API at ``bot_api`` for the bot with ``token`` until SIGTERM or SIGINT; return the exit code.

    Without a token any token that looks like one makes a bot. The control interface, which can do anything, is at
    ``control_port`` of the loopback only. Raises OpenClawError.
    """
    return asyncio.run(_run(token, bot_api, control_port))


async def _run(token: str | None, bot_api: HostPort, control_port: int) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = SimulatorServer(bot_api.host, bot_api.port, control=False, control_port=control_port)
    if token is None:
        server.world.adopts = True
    else:
        server.world.add_bot(token, BOT_NAME)
    try:
        await server.start()
    except CannotServe as error:
        raise OpenClawError(str(error)) from error
    listening = [server.base_url, server.control_url]
    log.info(
        "telegram is simulated: Bot API and control", extra={"action": "started", "listening": listening}
    )
    await stopped.wait()
    await server.stop()
    return 0

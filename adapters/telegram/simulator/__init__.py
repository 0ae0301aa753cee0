"""A Telegram on the loopback: the Bot API over HTTP with faults on demand and a record, part of the product.

``SimulatorServer`` is the server, ``SimulatorControl`` the client of its control interface. The state and the
rules are ``adapters.botworld``; here is only HTTP.
"""

from adapters.telegram.simulator.control import SimulatorControl, SimulatorError
from adapters.telegram.simulator.server import SimulatorServer, fresh_world
from adapters.telegram.simulator.webhooks import SECRET_HEADER, PushPolicy

__all__ = [
    "SECRET_HEADER",
    "PushPolicy",
    "SimulatorControl",
    "SimulatorError",
    "SimulatorServer",
    "fresh_world",
]

"""A small ASGI toolkit: routes, bounded bodies, JSON refusals, and a server that the public internet may reach.

The webhook server and the Bot API simulator stand on it. See ``docs/HOSTILE.md`` for what clients may try, and what
they get.
"""

from adapters.asgi.app import (
    JSON_TYPE,
    Aborted,
    App,
    Handler,
    HttpRefusal,
    Lifespan,
    Receive,
    Request,
    Response,
    Route,
    Scope,
    Send,
    json_response,
)
from adapters.asgi.limits import BODY_BYTES_MAX, Limits
from adapters.asgi.server import CannotServe, Served, listen, serve

__all__ = [
    "BODY_BYTES_MAX",
    "JSON_TYPE",
    "Aborted",
    "App",
    "CannotServe",
    "Handler",
    "HttpRefusal",
    "Lifespan",
    "Limits",
    "Receive",
    "Request",
    "Response",
    "Route",
    "Scope",
    "Send",
    "Served",
    "json_response",
    "listen",
    "serve",
]

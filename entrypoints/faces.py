"""Where the roles of one machine tell their health and metrics: an address each, found out before they are started.

Not here: what they tell there (``web``).
"""

import socket
from collections.abc import Sequence

from adapters.asgi import CannotServe, listen
from adapters.embedded.files import free_port
from domain.errors import InvalidSettings, OpenClawError
from entrypoints.settings import Settings
from entrypoints.settings_types import HostPort, TelegramMode

PORT_MAX = 65535


def faces_of(settings: Settings, roles: Sequence[str]) -> dict[str, HostPort]:
    """Return where each role tells its health and metrics: consecutive ports, or free ones for port 0.

    Raises InvalidSettings where there are not so many ports, OpenClawError where one is taken.
    """
    first = settings.health_listen
    if first is None:
        return {}
    last = first.port + len(roles) - 1
    if last > PORT_MAX:
        raise InvalidSettings(
            (
                f"OPENCLAW_HEALTH_LISTEN: `up` takes {len(roles)} ports from it on; choose one up to "
                f"{PORT_MAX - len(roles) + 1}",
            )
        )
    ports = range(first.port, last + 1) if first.port else [free_port() for _ in roles]
    faces = {role: HostPort(first.host, port) for role, port in zip(roles, ports, strict=True)}
    # The gateway may tell its health where it takes webhooks, as it may when it runs alone.
    webhooks = {settings.webhook_listen} if settings.telegram_mode is TelegramMode.WEBHOOK else set()
    taken: list[socket.socket] = []
    try:
        for address in (*faces.values(), *(webhooks - {faces["gateway"]})):
            taken.append(listen(address.host, address.port))
    except CannotServe as error:
        raise OpenClawError(f"{error}; `up` takes {len(roles)} from OPENCLAW_HEALTH_LISTEN on") from error
    finally:
        for listener in taken:
            listener.close()
    return faces

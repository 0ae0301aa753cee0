"""Clients of a Redis or Valkey server, and the one place where the driver's errors become ours.

``unix://``, ``redis://`` and ``rediss://`` URLs. Not here: what is said over a connection (``streams``, ``liveness``).
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.retry import Retry as SyncRetry

from domain.errors import Unavailable

TIMEOUT_S = 5.0
CONNECTIONS_MAX = 8


def connect(
    url: str,
    name: str = "openclaw",
    timeout_s: float = TIMEOUT_S,
    connections_max: int = CONNECTIONS_MAX,
    connected: Callable[[], None] | None = None,
) -> redis.asyncio.Redis:
    """Return an asyncio client; it connects when it is first used.

    Each command is bounded by ``timeout_s`` seconds and tried once more after a lost connection, since the server
    may have been restarted since. At most ``connections_max`` commands run at once; more wait their turn. The RESP2
    protocol is used: every supported server has it, and a connection costs no ``HELLO``. ``connected`` is told of each
    connection once it may be used.
    """

    async def greet(connection: Any) -> None:
        await connection.on_connect()
        if connected is not None:
            connected()

    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=connections_max,
        timeout=timeout_s,
        retry=Retry(NoBackoff(), 1),
        redis_connect_func=greet,
        **_options(name, timeout_s),
    )
    return redis.asyncio.Redis.from_pool(pool)


def connect_blocking(url: str, name: str = "openclaw", timeout_s: float = TIMEOUT_S) -> redis.Redis:
    """Return a blocking client for workers without an event loop; otherwise as ``connect``."""
    return redis.Redis.from_url(url, retry=SyncRetry(NoBackoff(), 1), **_options(name, timeout_s))


def _options(name: str, timeout_s: float) -> dict[str, Any]:
    return {
        "client_name": name,
        "protocol": 2,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "health_check_interval": 0,
    }


@contextlib.contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn the driver's errors into Unavailable, the cause kept. The text names no address: it may hold a password."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Unavailable(f"Redis cannot {action} now ({type(error).__name__})") from error

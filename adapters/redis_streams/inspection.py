"""What ``openclaw doctor`` asks of Redis or Valkey: ``INFO``, the streams' groups, and what a user may do.

Nothing is changed: rights are tried with commands that the server refuses for their arguments after it has looked at
the rights, or that find nothing to do. Not here: what the answers mean (``entrypoints.doctor``).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
import redis.asyncio
from attrs import field, frozen

from adapters.redis_streams.acl import RIGHTS, Rights
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import PREFIX, RedisLiveness
from adapters.redis_streams.streams import key_of
from domain.errors import Unavailable
from domain.runtime_state import KEY

TIMEOUT_S = 3.0
CLIENT = "openclaw-doctor"
# So many of the oldest entries of a stream are looked at for what is not ours.
ENTRIES_MAX = 100
CHAIN_MAX = 10
FIELDS = frozenset({b"lane", b"event_id", b"attempt", b"event"})
# No id of an entry: refused as an argument, by a server that would have run the command.
NO_ID = "none"


Client = Any  # redis-py's own types leave out the commands that are sent as words.


class Trouble(StrEnum):
    """Why the server could not be asked."""

    UNREACHABLE = "unreachable"
    HANGS = "hangs"
    PASSWORD = "password"  # noqa: S105 - the name of a trouble
    LOADING = "loading"
    FULL = "full"
    REFUSED = "refused"


@frozen
class StreamFacts:
    """A target's stream: its length, whether its group is there, and how many of its oldest entries are not ours."""

    length: int
    has_group: bool
    foreign: int


@frozen
class Inspection:
    """What the server answered, by question, and by question why it did not answer another.

    With ``trouble`` nothing else is known.
    """

    trouble: Trouble | None = None
    detail: str = ""
    known: Mapping[str, Any] = field(factory=dict)
    failed: Mapping[str, str] = field(factory=dict)


async def inspect(url: str, targets: Sequence[str], timeout_s: float = TIMEOUT_S) -> Inspection:
    """Ask the server at ``url`` everything, as the user in it; never raises for what a server may do."""
    try:
        client = connect(url, CLIENT, timeout_s, connections_max=1)
    except ValueError:
        return Inspection(Trouble.REFUSED, "the URL cannot be read")
    try:
        trouble = await _trouble(client)
        if trouble is not None:
            return Inspection(*trouble)
        questions: Mapping[str, Callable[[], Awaitable[Any]]] = {
            "info": lambda: _info(client),
            "services": RedisLiveness(client).alive,
            "streams": lambda: _streams(client, targets),
            "mode": lambda: client.get(KEY),
            "rights": lambda: _refused(client, user_of(url)),
        }
        known: dict[str, Any] = {"user": user_of(url)}
        failed: dict[str, str] = {}
        for name, ask in questions.items():
            try:
                known[name] = await ask()
            except (redis.RedisError, Unavailable) as error:
                cause = error.__cause__ or error
                if isinstance(cause, redis.TimeoutError | redis.ConnectionError):
                    return Inspection(_kind(cause), type(cause).__name__, known=known, failed=failed)
                failed[name] = f"the server refuses the question ({type(cause).__name__})"
        return Inspection(known=known, failed=failed)
    finally:
        await _close(client)


async def refused_of_login(
    url: str, service: str, timeout_s: float = TIMEOUT_S
) -> tuple[Trouble | None, tuple[str, ...]]:
    """Return why ``service`` cannot log in with ``url``, and what it may not do although it needs it."""
    client = connect(url, CLIENT, timeout_s, connections_max=1)
    try:
        trouble = await _trouble(client)
        return (trouble[0], ()) if trouble is not None else (None, await _refused(client, service))
    except redis.RedisError as error:
        return _kind(error), ()
    finally:
        await _close(client)


def user_of(url: str) -> str:
    """Return the user in a URL; ``default`` where it names none."""
    return unquote(urlsplit(url).username or "") or "default"


async def _close(client: Client) -> None:
    # Not the client's own way, which waits for a server that may hang.
    with suppress(Exception):
        await client.connection_pool.disconnect(inuse_connections=True)


async def _trouble(client: Client) -> tuple[Trouble, str] | None:
    try:
        await client.execute_command("PING")
    except redis.exceptions.NoPermissionError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever a server or a URL provokes is what the doctor is here to tell
        return _kind(error), type(error).__name__
    return None


def _kind(error: BaseException) -> Trouble:
    """Return what an error of the driver means; it may wrap the one that tells."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < CHAIN_MAX:
        chain.append(inner)
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Trouble], ...] = (
        (redis.BusyLoadingError, Trouble.LOADING),
        (redis.AuthenticationError, Trouble.PASSWORD),
        (redis.exceptions.MaxConnectionsError, Trouble.FULL),
        ((redis.TimeoutError, TimeoutError), Trouble.HANGS),
        ((redis.ConnectionError, OSError), Trouble.UNREACHABLE),
    )
    texts = " ".join(str(each) for each in chain)
    if "max number of clients" in texts:
        return Trouble.FULL
    if "NOAUTH" in texts or "WRONGPASS" in texts:
        return Trouble.PASSWORD
    return next(
        (trouble for kind, trouble in kinds if any(isinstance(each, kind) for each in chain)), Trouble.REFUSED
    )


async def _info(client: Client) -> dict[str, Any]:
    """Return all of ``INFO``, which managed services allow too."""
    found: dict[str, Any] = {}
    for section in ("server", "clients", "memory", "persistence", "replication", "cluster"):
        found |= await client.info(section)
    return found


async def _streams(client: Client, targets: Sequence[str]) -> dict[str, StreamFacts]:
    found = {}
    for target in targets:
        key = key_of(target)
        length = int(await client.xlen(key))
        oldest = await client.execute_command("XRANGE", key, "-", "+", "COUNT", ENTRIES_MAX)
        foreign = sum(not set(entry[1] or ()).issuperset(FIELDS) for entry in oldest)
        found[target] = StreamFacts(length, await _has_group(client, key, target), foreign)
    return found


async def _has_group(client: Client, key: str, group: str) -> bool:
    try:
        await client.execute_command("XPENDING", key, group)
    except redis.ResponseError as error:
        if str(error).startswith("NOGROUP"):
            return False
        raise
    return True


async def _refused(client: Client, user: str) -> tuple[str, ...]:
    """Return what the user may not do although its service needs it; whoever is no service must do what all need."""
    services = [user] if user in RIGHTS else list(RIGHTS)
    found: dict[str, None] = {}
    for service in services:
        for command in _needs(service, RIGHTS[service]):
            try:
                await client.execute_command(*command)
            except redis.exceptions.NoPermissionError:
                found[" ".join((command[0], *(part for part in command if part.startswith("openclaw:"))))] = (
                    None
                )
            except redis.ResponseError:
                # Refused for its arguments, as meant.
                continue
    return tuple(found)


def _needs(service: str, rights: Rights) -> list[tuple[str, ...]]:
    """Return a harmless form of each command that a service needs."""
    alive = f"{PREFIX}{service}:doctor"
    needed: list[tuple[str, ...]] = []
    for target in rights.consumes:
        key = key_of(target)
        needed += [
            ("XREADGROUP", "GROUP", target, CLIENT, "STREAMS", key, NO_ID),
            ("XACK", key, target, NO_ID),
            ("XDEL", key, NO_ID),
            ("XPENDING", key, target),
            ("XCLAIM", key, target, CLIENT, "0", NO_ID),
            ("XGROUP", "DELCONSUMER", key, target, CLIENT),
            ("XINFO", "CONSUMERS", key, target),
        ]
    needed += [("XADD", key_of(target), NO_ID, "lane", "") for target in rights.publishes]
    needed += [("XLEN", key_of(target)) for target in rights.publishes]
    if rights.reads_all:
        needed += [
            ("XLEN", key_of("brain")),
            ("GET", alive),
            ("PTTL", alive),
            ("GET", KEY),
            ("INFO", "server"),
        ]
    else:
        needed += [("SET", alive, "", "NO-SUCH-OPTION"), ("DEL", alive)]
    if rights.sets_mode:
        needed += [("GET", KEY), ("SET", KEY, "", "NO-SUCH-OPTION"), ("GET", alive), ("PTTL", alive)]
    return needed

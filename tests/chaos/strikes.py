"""How each kind of strike is carried out, and undone. Not here: when and on whom (``plan``).

An append-only file that cannot grow needs no special rights: the file size limit of the running server is lowered to
what the file has (``prlimit``), and its writes fail as they do on a full disk.
"""

import os
import resource
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import redis.asyncio

from adapters.botworld import Fault, FaultKind, blocked, http_500, rate_limited
from adapters.embedded.valkey import EmbeddedValkey
from tests.chaos.installation import Installation
from tests.chaos.pacing import pass_time
from tests.chaos.plan import Kind, Strike
from tests.servers import kill, pause, resume

SEND = "sendMessage"
# Within what a call may take (``storm.SETTINGS``), so that nothing takes effect after its sender gave up.
SLOW_S_MAX = 1.5
RETRY_AFTER_S_MAX = 4
# Of messages that are refused for good, since they are answered by nobody.
REFUSED_MAX = 8
# Whatever is in use is more.
MEMORY_LOW_BYTES = 1
COMMAND_S_MAX = 5.0

Act = Callable[[Installation, Strike], Awaitable[None]]


async def carry_out(it: Installation, strike: Strike) -> None:
    """Do it to its victims and undo it; whoever is being hit by another strike is waited for."""
    async with AsyncExitStack() as stack:
        for victim in strike.victims:
            await stack.enter_async_context(it.held[victim])
        await ACTS[strike.kind](it, strike)


# Roles


async def _kill_roles(it: Installation, strike: Strike) -> None:
    for name in strike.victims:
        it.cluster.services[name].signal(signal.SIGKILL)
    for name in strike.victims:
        await it.cluster.services[name].end()
    await pass_time(strike.lasts_s)
    for name in strike.victims:
        it.start(name)


async def _stop_role(it: Installation, strike: Strike) -> None:
    service = it.cluster.services[strike.victim]
    service.stop()
    await service.end()
    await pass_time(strike.lasts_s)
    it.start(strike.victim)


async def _pause_role(it: Installation, strike: Strike) -> None:
    service = it.cluster.services[strike.victim]
    service.pause()
    try:
        await pass_time(strike.lasts_s)
    finally:
        service.resume()


# Servers


async def _kill_server(it: Installation, strike: Strike) -> None:
    server = it.servers[strike.victim]
    await it.keeper(lambda: kill(server))
    await pass_time(strike.lasts_s)
    await it.keeper(server.start)


async def _kill_with_data(it: Installation, strike: Strike) -> None:
    await it.keeper(lambda: kill(it.valkey))
    shutil.rmtree(it.valkey.log.parent / "appendonlydir")
    await pass_time(strike.lasts_s)
    await it.keeper(it.valkey.start)


async def _stop_server(it: Installation, strike: Strike) -> None:
    server = it.servers[strike.victim]
    await it.keeper(server.stop)
    await pass_time(strike.lasts_s)
    await it.keeper(server.start)


async def _restart_at_once(it: Installation, strike: Strike) -> None:
    os.kill(it.postgres.pid, signal.SIGQUIT)
    await _stop_server(it, strike)


async def _pause_server(it: Installation, strike: Strike) -> None:
    server = it.servers[strike.victim]
    pause(server)
    try:
        await pass_time(strike.lasts_s)
    finally:
        resume(server)


async def _tell_valkey(it: Installation, *command: str | int) -> None:
    """Say something to Valkey on a connection of its own, past the proxy."""
    url = it.valkey.admin_url
    async with redis.asyncio.from_url(url, socket_timeout=COMMAND_S_MAX, protocol=2) as client:
        await client.execute_command(*command)


async def _flush(it: Installation, strike: Strike) -> None:
    await _tell_valkey(it, "FLUSHALL")


async def _leave_no_memory(it: Installation, strike: Strike) -> None:
    await _tell_valkey(it, "CONFIG", "SET", "maxmemory", MEMORY_LOW_BYTES)
    await pass_time(strike.lasts_s)
    await _tell_valkey(it, "CONFIG", "SET", "maxmemory", 0)


def fill_disk(server: EmbeddedValkey) -> None:
    """Let the append-only file of a server that the keeper started grow no more."""
    files = (server.log.parent / "appendonlydir").glob("*.incr.aof")
    _limit_files(server, max((file.stat().st_size for file in files), default=0))


def empty_disk(server: EmbeddedValkey) -> None:
    """Let it grow again."""
    _limit_files(server, resource.RLIM_INFINITY)


def _limit_files(server: EmbeddedValkey, size: int) -> None:
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))


async def _leave_no_disk(it: Installation, strike: Strike) -> None:
    fill_disk(it.valkey)
    await pass_time(strike.lasts_s)
    empty_disk(it.valkey)


# Ways


async def _cut(it: Installation, strike: Strike) -> None:
    it.ways[strike.victim].cut()


async def _lose_answers(it: Installation, strike: Strike) -> None:
    way = it.ways[strike.victim]
    way.answers.clear()
    await pass_time(strike.lasts_s)
    way.cut()
    way.answers.set()


async def _hold_up(it: Installation, strike: Strike) -> None:
    way = it.ways[strike.victim]
    way.answers.clear()
    way.requests.clear()
    await pass_time(strike.lasts_s)
    way.requests.set()
    way.answers.set()


async def _refuse(it: Installation, strike: Strike) -> None:
    way = it.ways[strike.victim]
    way.close()
    way.cut()
    await pass_time(strike.lasts_s)
    await way.open()


# Telegram


def _fault(strike: Strike) -> Fault:
    match strike.kind:
        case Kind.SLOW:
            delay_s = SLOW_S_MAX * strike.chance
            return Fault(FaultKind.SLOW, SEND, count=strike.calls, delay_s=delay_s)
        case Kind.RATE_LIMITED:
            return rate_limited(1 + int(RETRY_AFTER_S_MAX * strike.chance), SEND, count=strike.calls)
        case Kind.HTTP_500:
            return http_500(SEND, count=strike.calls)
        case Kind.GATEWAY:
            return Fault(FaultKind.GATEWAY, SEND, count=strike.calls, code=502)
        case Kind.CHAT_REFUSED:
            return blocked(SEND, count=min(strike.calls or REFUSED_MAX, REFUSED_MAX))
        case _:
            return Fault(FaultKind[strike.kind.name], SEND, count=strike.calls)


async def _fail_calls(it: Installation, strike: Strike) -> None:
    it.cluster.world.faults.add(_fault(strike))
    await pass_time(strike.lasts_s)
    it.cluster.world.faults.clear()


ACTS: Mapping[Kind, Act] = {
    Kind.ROLE_KILLED: _kill_roles,
    Kind.PAIR_KILLED: _kill_roles,
    Kind.ROLE_STOPPED: _stop_role,
    Kind.ROLE_PAUSED: _pause_role,
    Kind.ROLE_PAUSED_LONG: _pause_role,
    Kind.ROLE_PAUSED_FOR_AGES: _pause_role,
    Kind.SERVER_KILLED: _kill_server,
    Kind.SERVER_STOPPED: _stop_server,
    Kind.SERVER_IMMEDIATE: _restart_at_once,
    Kind.SERVER_PAUSED: _pause_server,
    Kind.SERVER_PAUSED_LONG: _pause_server,
    Kind.WITHOUT_DATA: _kill_with_data,
    Kind.FLUSHED: _flush,
    Kind.MEMORY_LOW: _leave_no_memory,
    Kind.DISK_FULL: _leave_no_disk,
    Kind.CUT: _cut,
    Kind.ANSWERS_LOST: _lose_answers,
    Kind.DELAYED: _hold_up,
    Kind.REFUSED: _refuse,
    **dict.fromkeys(
        (
            Kind.SLOW, Kind.HANG_BEFORE, Kind.HANG_AFTER, Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.RATE_LIMITED,
            Kind.HTTP_500, Kind.GATEWAY, Kind.CHAT_REFUSED,
        ),
        _fail_calls,
    ),
}  # fmt: skip

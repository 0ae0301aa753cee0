"""Measures how a quiet chat fares while strangers attack the webhook and while other chats flood.

``python -m benchmarks.flood [--only attacks|chats] [--write]`` prints tables of Markdown; ``--write`` puts them into
``docs/HOSTILE.md``, the table of hostile requests too. Each line compares one run with itself: first calm, then under
attack. It runs the product's own services on servers of its own. Not here: what must hold (``tests/acceptance``).
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from pathlib import Path

import uvloop
from attrs import frozen

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES
from benchmarks.page import put, table
from entrypoints.database import prepare_database
from tests.acceptance.cluster import Servers, password_of, running_cluster
from tests.acceptance.door import NUMBERS, QUIET, Door, gateway_alone
from tests.acceptance.floods import FLOODS, Flood, Quiet, percentile
from tests.acceptance.hostile import BIG, LIMITS, ROWS, chunked, post, valid
from tests.acceptance.processes import Nursery, nursing
from tests.acceptance.waiting import until
from tests.acceptance.wire import post_update, wire
from tests.servers import Databases, running, short_dir

PAGE = Path(__file__).resolve().parents[1] / "docs" / "HOSTILE.md"
ATTACK_S, CALLERS, QUIET_PER_S = 5.0, 16, 20.0
CALM, AT_LEAST = 10, 10


@frozen
class Attack:
    """What strangers do, all callers at once, again and again; without ``makes`` they only hold connections open."""

    name: str
    makes: Callable[[], bytes] | None = None


ATTACKS = (
    Attack("requests with a wrong secret, each over a connection of its own", lambda: post(secret="wrong")),
    Attack("no HTTP at all", lambda: b"hello\r\n\r\n"),
    Attack("heads of 1 MiB", lambda: post(b"", f"x-a: {'x' * 2**20}")),
    Attack("bodies of 16 MiB without the secret", lambda: post(b" " * BIG, secret=None)),
    Attack("a thousand requests in one piece", lambda: post(b"{}", secret="wrong") * 1000),
    Attack(f"{2 * LIMITS.connections_max} connections that say nothing"),
    Attack("bodies in chunks of one byte, with the secret", lambda: post(
        b"", "transfer-encoding: chunked", length=None, raw=chunked(valid(2**15), size=1))),
    Attack("bodies of 1 MiB that are no update, with the secret", lambda: post(b"[" + b"1," * (2**19 - 1))),
)  # fmt: skip


async def attack(port: int, kind: Attack, seconds: float) -> int:
    """Attack for a while and return how often."""
    until_s = time.perf_counter() + seconds
    if kind.makes is None:
        return await _hold(port, until_s)
    made, done = kind.makes(), 0

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < until_s:
            with suppress(ConnectionError):
                async with wire(port) as it:
                    sending = asyncio.create_task(it.send([made]))
                    await it.answer()
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
            done += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return done


async def _hold(port: int, until_s: float) -> int:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * LIMITS.connections_max)]
    await asyncio.sleep(max(0.0, until_s - time.perf_counter()))
    for _, writer in held:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in held), return_exceptions=True)
    return len(held)


async def attackers(port: int, number: int) -> "asyncio.subprocess.Process":
    """Start an attack as a process of its own, so that it does not hold up the clock of the quiet chat."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.flood", "--attack", str(number), "--port", str(port),
        cwd=PAGE.parents[1], stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def quiet_ms(door: Door, seconds: float) -> list[float]:
    """Post an update of a quiet chat now and then, each over a new connection; return how long each took."""
    took, tasks = [], []
    began = time.perf_counter()

    async def one() -> None:
        at = time.perf_counter()
        if await post_update(door.public, next(NUMBERS), QUIET) != 200:
            raise RuntimeError("an update of the quiet chat was not taken")
        took.append((time.perf_counter() - at) * 1000)

    for index in range(int(seconds * QUIET_PER_S)):
        await asyncio.sleep(max(0.0, began + index / QUIET_PER_S - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    return took


def compared(calm: Sequence[float], under: Sequence[float]) -> list[str]:
    """Return cells: p50 and p99 of both, in milliseconds, and their ratios."""
    cells = []
    for share in (0.5, 0.99):
        before, after = percentile(list(calm), share), percentile(list(under), share)
        cells += [f"{before:.1f}", f"{after:.1f}", f"{after / before:.1f}"]
    return cells


async def attacks(door: Door) -> list[list[str]]:
    """Return a line for each attack."""
    await door.ready()
    rows = []
    for number, kind in enumerate(ATTACKS):
        await quiet_ms(door, 1.0)
        calm = await quiet_ms(door, ATTACK_S)
        before = await door.refused()
        process = await attackers(door.public, number)
        assert process.stdout is not None
        # It has imported what it needs, and begins.
        await process.stdout.readline()
        under = await quiet_ms(door, ATTACK_S)
        done = int(await process.stdout.read())
        await process.wait()
        refused = ", ".join(sorted(await door.refused() - before))
        rows.append([kind.name, f"{done / ATTACK_S:,.0f}", refused, *compared(calm, under)])
    return rows


async def chats(nursery: Nursery, servers: Servers, folder: Path, flood: Flood) -> list[str]:
    """Return the line of one flood."""
    async with running_cluster(nursery, servers, folder, webhook=True, **flood.settings) as it:
        it.start("gateway-1", "brain-1", "sender-1")
        await it.ready()
        it.world.limit_rates(flood.rates.telegram)
        quiet = Quiet(it.world)
        # The first messages open connections.
        await quiet.talk(2)
        calm_s = await quiet.talk(CALM)
        began_s = it.world.now()
        flood.begin(it.world)
        waits_s = await quiet.talk(AT_LEAST, lambda: flood.is_over(it.world))
        await until(lambda: flood.is_over(it.world), "the flood to be answered", 120.0)
        took_s = max(it.world.record.of_chat(chat)[-1].received_at for chat in flood.ids) - began_s
        if not quiet.is_answered_in_order:
            raise RuntimeError("the quiet chat was not answered in order")
        await it.stop()
    cells = compared([1000 * s for s in calm_s], [1000 * s for s in waits_s])
    return [flood.name, str(flood.chats * flood.each), f"{took_s:.0f}", *cells]


def requests_table() -> str:
    """Return the table of hostile requests, which the tests hold a running gateway to."""
    rows = []
    for group, members in groupby(ROWS, key=lambda row: row.group):
        for row in members:
            rows.append([group, row.what, row.told, ", ".join(row.counted)])
    return table(("about", "what is sent", "what it gets", "counted as"), rows)


PERCENTILES = ("p50 calm, ms", "meanwhile, ms", "ratio", "p99 calm, ms", "meanwhile, ms", "ratio")


def measure(only: str | None) -> Iterator[tuple[str, str]]:
    """Yield the tables by the name of their place."""
    yield "requests", requests_table()
    with ExitStack() as stack:
        nursery = stack.enter_context(nursing())
        postgres = stack.enter_context(running(EmbeddedPostgres(stack.enter_context(short_dir()))))
        valkey = stack.enter_context(running(EmbeddedValkey(stack.enter_context(short_dir()))))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ocb")))
        databases = Databases(postgres)
        if only != "chats":
            with databases.fresh() as url:
                uvloop.run(prepare_database(url, {service: password_of(service) for service in SERVICES}))
                with gateway_alone(nursery, url, valkey.admin_url, folder) as door:
                    rows = uvloop.run(attacks(door))
                uvloop.run(door.service.end())
            yield "attacks", table(("attack", "a second", "counted as", *PERCENTILES), rows)
        if only != "attacks":
            lines = []
            for flood in FLOODS:
                with databases.fresh() as url:
                    servers = Servers(url, valkey.admin_url)
                    lines.append(uvloop.run(chats(nursery, servers, folder, flood)))
            yield "chats", table(("flood", "messages", "answered within, s", *PERCENTILES), lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("attacks", "chats"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--attack", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack is not None:
        print("attacking", flush=True)
        print(uvloop.run(attack(options.port, ATTACKS[options.attack], ATTACK_S)))
        return
    for name, text in measure(options.only):
        print(f"{name}\n\n{text}")
        if options.write:
            put(PAGE, "benchmarks.flood", name, text)


if __name__ == "__main__":
    main()

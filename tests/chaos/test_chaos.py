"""A slice of the storm, judged; its faults do what they say; and however it is interrupted, nothing of it is left.

Not here: half an hour of it, which is a command (``python -m tests.chaos``).
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from adapters.embedded.files import free_port
from adapters.embedded.valkey import EmbeddedValkey
from tests.acceptance.load import chosen_seed
from tests.acceptance.processes import ROOT, without_settings
from tests.acceptance.waiting import until
from tests.chaos.installation import Keeper
from tests.chaos.strikes import empty_disk, fill_disk
from tests.proxy import TcpProxy

SLICE_MIN, EVERY_S = 0.4, 0.8
RUN_S_MAX, END_S_MAX, FULL_S_MAX = 400.0, 60.0, 10.0


@contextmanager
def command(*options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command; at the end it has ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *options], cwd=ROOT, env=without_settings(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=END_S_MAX)


def test_in_a_slice_of_the_storm_nothing_is_lost_and_nothing_comes_twice() -> None:
    seed = str(chosen_seed())
    with command("--minutes", str(SLICE_MIN), "--every", str(EVERY_S), "--seed", seed) as process:
        told, _ = process.communicate(timeout=RUN_S_MAX)
    print(told)
    assert process.returncode == 0, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_it_finds_nothing_left(number: signal.Signals) -> None:
    with command("--minutes", "10", "--every", "0.3", "--seed", "1") as process:
        assert process.stdout is not None
        assert any("the storm begins" in line for line in iter(process.stdout.readline, ""))
        started = psutil.Process(process.pid).children(recursive=True)
        assert {each.name() for each in started} >= {"postgres", "valkey-server"}
        process.send_signal(number)
        process.communicate(timeout=END_S_MAX)
    assert process.returncode == 130
    assert psutil.wait_procs(started, timeout=END_S_MAX)[1] == []


async def test_a_valkey_whose_disk_is_full_refuses_to_write_until_it_is_not(short_path: Path) -> None:
    keeper, server = Keeper(), EmbeddedValkey(short_path)
    await keeper(server.start)
    try:
        with redis.Redis.from_url(server.admin_url) as client:
            fill_disk(server)

            async def refused() -> bool:
                try:
                    client.set("name", "value")
                except redis.ResponseError as error:
                    return "MISCONF" in str(error)
                return False

            await until(refused, "a write to be refused", FULL_S_MAX)
            assert client.get("name") is not None
            empty_disk(server)

            async def taken() -> bool:
                return not await refused()

            await until(taken, "writes to be taken again", FULL_S_MAX)
    finally:
        await keeper(server.stop)
        keeper.close()


async def test_a_proxy_goes_past_a_port_where_nobody_listens() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with TcpProxy(free_port(), more_ports=[port]) as proxy:
        for _ in range(4):
            assert await said_by(proxy) == b"here"
        proxy.close()
        with pytest.raises(ConnectionRefusedError):
            await said_by(proxy)
        await proxy.open()
        assert await said_by(proxy) == b"here"
    listening.close()
    await listening.wait_closed()


async def said_by(proxy: TcpProxy) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()

"""The simulator where others reach its Bot API: the control interface stays on the loopback, at a port of its own."""

import asyncio
import os
import sys
from pathlib import Path

import httpx
import pytest

from adapters.asgi import CannotServe
from adapters.embedded.files import free_port
from adapters.telegram.simulator import SimulatorControl, SimulatorServer

TOKEN = "1000000001:simulated-simulated-simulated"
ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0


async def test_control_and_bot_api_share_one_world_over_two_ports() -> None:
    async with SimulatorServer("0.0.0.0", control=False, control_port=free_port()) as server:
        server.world.add_bot(TOKEN, "openclaw_bot")
        bot_api = server.base_url.replace("0.0.0.0", "127.0.0.1")
        assert server.control_url.startswith("http://127.0.0.1:")
        async with SimulatorControl(server.control_url) as control, httpx.AsyncClient() as client:
            await control.say(1, 1, "hello")
            answer = await client.get(f"{bot_api}/bot{TOKEN}/getUpdates")
            assert [update["message"]["text"] for update in answer.json()["result"]] == ["hello"]
            assert (await client.post(f"{bot_api}/control/say", json={})).status_code == 403
            assert (await client.get(f"{bot_api}/healthz")).status_code == 200


async def test_a_taken_address_leaves_no_half_started_simulator() -> None:
    async with SimulatorServer() as first:
        port = int(first.base_url.rpartition(":")[2])
        control_port = free_port()
        with pytest.raises(CannotServe):
            await SimulatorServer(port=port, control=False, control_port=control_port).start()
        async with SimulatorServer(control=False, control_port=control_port):
            pass


async def test_the_command_serves_bots_of_any_token_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port, control_port = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCLAW_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "entrypoints.cli", "simulate-telegram", "--port", str(port),
        "--control-port", str(control_port),
        env=environment | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while b"telegram is simulated" not in await process.stderr.readline():
                assert process.returncode is None
        async with (
            SimulatorControl(f"http://127.0.0.1:{control_port}") as control,
            httpx.AsyncClient() as client,
        ):
            bot = f"http://127.0.0.1:{port}/bot77:any-token"
            assert (await client.get(f"{bot}/getMe")).json()["result"]["id"] == 77
            await control.say(7, 7, "hello")
            answer = (await client.get(f"{bot}/getUpdates")).json()["result"]
            assert [update["message"]["text"] for update in answer] == ["hello"]
    finally:
        process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            code = await process.wait()
    assert code == 0

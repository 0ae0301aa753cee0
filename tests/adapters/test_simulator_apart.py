"""The simulator where others reach its Bot API: the control interface stays on the loopback, at a port of its own."""

import httpx
import pytest

from adapters.asgi import CannotServe
from adapters.embedded.files import free_port
from adapters.telegram.simulator import SimulatorControl, SimulatorServer

TOKEN = "1000000001:simulated-simulated-simulated"


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

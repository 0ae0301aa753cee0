"""The API mode: one implementation on sync and async clients, in memory, on fakeredis and on a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isawaitable
from pathlib import Path
from typing import Any, TypeVar

import fakeredis
import pytest
import redis
import redis.asyncio

from adapters.embedded.valkey import EmbeddedValkey
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from application.runtime import RuntimeState
from domain.errors import Unavailable
from domain.runtime_state import DEFAULT_MODE, KEY, InvalidMode, Mode, mode_in_force, parse_mode
from domain.status import ServiceStatus, StatusReport, age_text, status_text
from tests.servers import kill

T = TypeVar("T")
CLIENTS = ["memory-sync", "memory-async", "fakeredis-sync", "fakeredis-async"]


async def the(result: T | Awaitable[T]) -> T:
    """Return a method's value, whichever kind of client it ran on."""
    return await result if isawaitable(result) else result


@pytest.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory-sync":
        yield MemoryRedis()
    elif request.param == "memory-async":
        yield AsyncMemoryRedis(MemoryRedis())
    elif request.param == "fakeredis-sync":
        with fakeredis.FakeRedis() as sync_client:
            yield sync_client
    else:
        async with fakeredis.FakeAsyncRedis() as async_client:
            yield async_client


async def test_default_mode(client: Any) -> None:
    stored = await the(RuntimeState(client).mode())
    assert stored is None
    assert mode_in_force(stored, committed=None) is DEFAULT_MODE is Mode.AUTO
    assert mode_in_force(stored, committed=Mode.KIMI) is Mode.KIMI
    assert mode_in_force(Mode.CUSTOM, committed=Mode.KIMI) is Mode.CUSTOM


@pytest.mark.parametrize(
    "connect", [redis.Redis.from_url, redis.asyncio.Redis.from_url], ids=["sync", "async"]
)
async def test_persistence_across_restart(
    private_valkey: Callable[..., EmbeddedValkey], connect: Callable[[str], Any]
) -> None:
    server = private_valkey(config=["appendfsync always"])
    before = connect(server.admin_url)
    await the(RuntimeState(before).set_mode(Mode.KIMI))
    await the(before.aclose() if hasattr(before, "aclose") else before.close())

    kill(server)
    server.start()

    after = connect(server.admin_url)
    assert await the(RuntimeState(after).mode()) is Mode.KIMI
    await the(after.aclose() if hasattr(after, "aclose") else after.close())


async def test_invalid_mode(client: Any) -> None:
    for text in ("", "gpt", "AUTO", " auto", "auto;"):
        with pytest.raises(InvalidMode, match=r"^unknown API mode; valid modes: custom, openai, kimi, auto$"):
            parse_mode(text)
    faults: list[str] = []
    state = RuntimeState(client, faults.append)
    await the(client.set(KEY, "bogus-value"))
    assert await the(state.mode()) is None
    assert len(faults) == 1
    assert KEY in faults[0]
    assert "bogus-value" not in faults[0]


async def test_bytes_that_are_no_text_are_reported_and_treated_as_missing(client: Any) -> None:
    if isinstance(client, MemoryRedis | AsyncMemoryRedis):
        await the(client.set(KEY, "\x00\x01"))
    else:
        await the(client.set(KEY, b"\xff\xfe"))
    faults: list[str] = []
    assert await the(RuntimeState(client, faults.append).mode()) is None
    assert len(faults) == 1


@pytest.mark.parametrize("mode", Mode)
async def test_a_mode_that_was_set_is_read_back(client: Any, mode: Mode) -> None:
    state = RuntimeState(client)
    await the(state.set_mode(mode))
    assert await the(state.mode()) is mode
    await the(state.clear())
    assert await the(state.mode()) is None


async def test_restoring_fills_a_gap_and_an_unknown_value_but_never_overwrites_a_choice(client: Any) -> None:
    state = RuntimeState(client)
    assert await the(state.restore(Mode.OPENAI)) is Mode.OPENAI
    assert await the(state.restore(Mode.KIMI)) is Mode.OPENAI
    await the(client.set(KEY, "bogus"))
    assert await the(state.restore(Mode.KIMI)) is Mode.KIMI
    assert await the(state.mode()) is Mode.KIMI


async def test_a_server_that_cannot_be_asked_is_unavailable_with_its_cause(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/nowhere.sock"
    with redis.Redis.from_url(nowhere) as sync_client, pytest.raises(Unavailable) as fault:
        RuntimeState(sync_client).mode()
    assert isinstance(fault.value.__cause__, redis.ConnectionError)
    async with redis.asyncio.Redis.from_url(nowhere) as async_client:
        with pytest.raises(Unavailable) as fault:
            await RuntimeState(async_client).set_mode(Mode.AUTO)
    assert isinstance(fault.value.__cause__, redis.ConnectionError)


FULL_STATUS = """\
version: 0.1.0
mode: kimi
provider: openai
fallbacks: 3
last provider error: 401 for key [hidden] of https://user:[hidden]@example.org
services:
  brain host-1: 0.1.0, up 1h 2m, seen 3s ago
  brain host-2: 0.1.0, up 12s, seen 0s ago
  gateway host-1: 0.0.9, up 2d 1h, not seen for 12s
backlog:
  brain: 2
  sender: 0
dead letters: 7"""

BARE_STATUS = """\
version: 0.1.0
mode: auto
provider: none
fallbacks: 0
last provider error: none
services: none
backlog: none
dead letters: 0"""


@pytest.mark.parametrize(
    "make", [MemoryRedis, lambda: AsyncMemoryRedis(MemoryRedis())], ids=["sync", "async"]
)
async def test_status_format(make: Callable[[], Any]) -> None:
    state = RuntimeState(make())
    assert status_text(StatusReport("0.1.0", mode_in_force(await the(state.mode()), None))) == BARE_STATUS
    await the(state.set_mode(Mode.KIMI))
    report = StatusReport(
        version="0.1.0",
        mode=mode_in_force(await the(state.mode()), None),
        provider="openai",
        fallbacks=3,
        last_provider_error="401 for key\n sk-planted-planted-planted of https://user:pass@example.org",
        services=(
            ServiceStatus("gateway", "host-1", "0.0.9", 49 * 3600.0, 12.9),
            ServiceStatus("brain", "host-2", "0.1.0", 12.9, -0.1),
            ServiceStatus("brain", "host-1", "0.1.0", 3725.0, 3.0),
        ),
        backlog={"sender": 0, "brain": 2},
        dead_letters=7,
    )
    assert status_text(report) == FULL_STATUS


def test_ages_are_told_in_their_two_largest_units() -> None:
    ages = {-5.0: "0s", 59.9: "59s", 60.0: "1m 0s", 3599.0: "59m 59s", 7200.0: "2h 0m", 90000.0: "1d 1h"}
    assert {age_s: age_text(age_s) for age_s in ages} == ages

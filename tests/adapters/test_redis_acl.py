"""The rights of each service on a real server: all that its adapters do, and nothing of another's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
import redis

from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES
from adapters.redis_streams.acl import RIGHTS, acl_file
from adapters.redis_streams.connect import connect
from adapters.redis_streams.liveness import RedisLiveness
from adapters.redis_streams.streams import RedisStreams, key_of
from application.ports import Wakeup
from application.runtime import RuntimeState
from domain.runtime_state import KEY, Mode

PASSWORDS = {service: f"password-of-{service}" for service in SERVICES}
As = Callable[[str], redis.asyncio.Redis]


@pytest.fixture
async def log_in(private_valkey: Callable[..., EmbeddedValkey], tmp_path: Path) -> AsyncIterator[As]:
    """Return a function that gives a client logged in as a service, on a server with the ACL file."""
    (tmp_path / "users.acl").write_text(acl_file(PASSWORDS), encoding="utf-8")
    server = private_valkey(config=[f"aclfile {tmp_path / 'users.acl'}", "protected-mode no"])
    clients: dict[str, redis.asyncio.Redis] = {}

    def log_in(service: str) -> redis.asyncio.Redis:
        return clients.setdefault(service, connect(server.url(service, PASSWORDS[service]), name=service))

    yield log_in
    for client in clients.values():
        await client.aclose()


def wakeup(target: str) -> Wakeup:
    return Wakeup(target=target, lane="l", event_id=UUID(int=1), attempt=0, envelope=b"{}")


def test_every_service_has_its_rights_and_no_password_is_in_the_file() -> None:
    assert set(RIGHTS) == set(SERVICES)
    text = acl_file(PASSWORDS)
    assert [line.split()[1] for line in text.splitlines()] == ["default", *SERVICES]
    assert not any(password in text for password in PASSWORDS.values())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_to_its_targets_and_does_all_on_the_streams_it_consumes(
    log_in: As, service: str
) -> None:
    rights, streams = RIGHTS[service], RedisStreams(log_in(service))
    await streams.publish([wakeup(target) for target in rights.publishes])
    for target in rights.consumes:
        await streams.create_group(target)
        await streams.publish([wakeup(target)])
        entries = await streams.consume(target, "a", 10, 0.01)
        assert entries
        assert len(await streams.pending(target, "a", 10)) == len(entries)
        taken = await streams.claim(target, "b", 0, 10)
        assert len(taken) == len(entries)
        await streams.ack(target, [entry.entry_id for entry in taken])
        await streams.claim(target, "b", 0, 10)
        assert await streams.depth(target)
    await streams.close()


async def test_services_announce_themselves_and_brain_and_operator_see_all_of_them(log_in: As) -> None:
    services = ("gateway", "brain", "sender", "scheduler")
    for service in services:
        await RedisLiveness(log_in(service)).announce(service, "1", "0")
    for service in ("brain", "operator"):
        found = await RedisLiveness(log_in(service)).alive()
        assert [each.role for each in found] == sorted(services)
    for service in services:
        await RedisLiveness(log_in(service)).withdraw(service, "1")


async def test_the_brain_sets_the_mode_and_the_operator_reads_it(log_in: As) -> None:
    state = RuntimeState(log_in("brain"))
    await state.set_mode(Mode.KIMI)
    assert await RuntimeState(log_in("operator")).mode() is Mode.KIMI
    await state.clear()
    assert await state.restore(Mode.OPENAI) is Mode.OPENAI


async def test_the_operator_measures_streams_and_asks_the_server_about_itself(log_in: As) -> None:
    brain = RedisStreams(log_in("brain"))
    await brain.publish([wakeup("sender")])
    assert (await RedisStreams(log_in("operator")).depth("sender")).length == 1
    assert (await log_in("operator").info("memory"))["maxmemory_policy"] == "noeviction"
    await brain.close()


FORBIDDEN: dict[str, tuple[str, Callable[[redis.asyncio.Redis], Awaitable[object]]]] = {
    "the gateway reads the brain's events": ("gateway", lambda c: c.xrange(key_of("brain"))),
    "the gateway publishes to the sender": ("gateway", lambda c: c.xadd(key_of("sender"), {"a": "b"})),
    "the gateway announces the brain": ("gateway", lambda c: c.set("openclaw:{alive}:brain:1", "x")),
    "the sender reads the mode": ("sender", lambda c: c.get(KEY)),
    "the sender takes the brain's events": ("sender", lambda c: c.delete(key_of("brain"))),
    "the brain reads the sender's events": ("brain", lambda c: c.xrange(key_of("sender"))),
    "the brain empties the server": ("brain", lambda c: c.flushall()),
    "the brain changes the server's settings": ("brain", lambda c: c.config_set("appendonly", "no")),
    "the scheduler reads the brain's events": ("scheduler", lambda c: c.xrange(key_of("brain"))),
    "the scheduler publishes to the sender": ("scheduler", lambda c: c.xadd(key_of("sender"), {"a": "b"})),
    "the scheduler sets the mode": ("scheduler", lambda c: c.set(KEY, "auto")),
    "the operator publishes": ("operator", lambda c: c.xadd(key_of("brain"), {"a": "b"})),
    "the operator sets the mode": ("operator", lambda c: c.set(KEY, "auto")),
    "the operator makes users": ("operator", lambda c: c.acl_setuser("x", enabled=True)),
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_what_a_service_does_not_need_is_refused(log_in: As, what: str) -> None:
    service, act = FORBIDDEN[what]
    with pytest.raises(redis.exceptions.NoPermissionError):
        await act(log_in(service))

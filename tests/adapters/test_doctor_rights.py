"""What ``openclaw doctor`` asks of Redis changes nothing, and finds each right that a service lacks."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES
from adapters.redis_streams.acl import acl_file
from adapters.redis_streams.inspection import Trouble, inspect, refused_of_login

PASSWORDS = {service: f"password-of-{service}" for service in SERVICES}
TARGETS = ("brain", "sender", "sender-bulk")


@pytest.fixture
def server(private_valkey: Callable[..., EmbeddedValkey], tmp_path: Path) -> EmbeddedValkey:
    """A server with the users of the ACL file beside its administrator."""
    users = [line for line in acl_file(PASSWORDS).splitlines() if not line.startswith("user default ")]
    return private_valkey(config=users)


async def test_asking_leaves_no_trace(server: EmbeddedValkey) -> None:
    for service, password in PASSWORDS.items():
        url = server.url(service, password)
        assert await refused_of_login(url, service) == (None, ())
        await inspect(url, TARGETS)
    found = await inspect(server.admin_url, TARGETS)
    assert (found.trouble, found.failed, found.known["rights"]) == (None, {}, ())
    with redis.Redis.from_url(server.admin_url) as client:
        assert client.keys("*") == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_right_that_is_missing_is_named(server: EmbeddedValkey, service: str) -> None:
    with redis.Redis.from_url(server.admin_url) as client:
        client.execute_command("ACL", "SETUSER", service, "clearselectors")
    trouble, refused = await refused_of_login(server.url(service, PASSWORDS[service]), service)
    assert trouble is None
    expected = {
        "gateway": {"XADD openclaw:{brain}:events", "SET openclaw:{alive}:gateway:doctor"},
        "brain": {"XREADGROUP openclaw:{brain}:events", "GET openclaw:api_mode"},
        "sender": {"XREADGROUP openclaw:{sender-bulk}:events", "XADD openclaw:{brain}:events"},
        "scheduler": {"XADD openclaw:{brain}:events", "SET openclaw:{alive}:scheduler:doctor"},
        "operator": {"INFO", "GET openclaw:api_mode"},
    }
    assert expected[service] <= set(refused)


async def test_a_password_that_is_refused_and_a_server_that_is_away_are_told_apart(
    server: EmbeddedValkey,
) -> None:
    assert await refused_of_login(server.url("brain", "another"), "brain") == (Trouble.PASSWORD, ())
    assert await refused_of_login("redis://127.0.0.1:9", "brain") == (Trouble.UNREACHABLE, ())
    assert (await inspect("redis://127.0.0.1:many", TARGETS)).trouble is Trouble.REFUSED

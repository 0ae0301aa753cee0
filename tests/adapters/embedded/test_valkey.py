"""The embedded Valkey as it really runs."""

import stat
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.valkey import EmbeddedValkey
from tests.servers import kill, running

Start = Callable[..., EmbeddedValkey]


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True)


def test_it_runs_append_only_and_never_evicts(valkey_url: str) -> None:
    with client(valkey_url) as server:
        asked = ("appendonly", "appendfsync", "maxmemory-policy", "save")
        assert [server.config_get(name)[name] for name in asked] == ["yes", "everysec", "noeviction", ""]


def test_no_connection_goes_without_the_password(private_valkey: Start) -> None:
    server = private_valkey(tcp=True)
    with client(server.admin_url) as welcome:
        assert welcome.ping()
    for url in (server.url(), f"unix://{server.socket}"):
        with client(url) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_its_files_are_for_its_owner_only(valkey_server: EmbeddedValkey) -> None:
    base = valkey_server.log.parent
    for directory in (base.parent, base, valkey_server.socket.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((base / "valkey.conf").stat().st_mode) == 0o600
    assert stat.S_IMODE(valkey_server.socket.stat().st_mode) == 0o700
    assert valkey_server.password not in " ".join(psutil.Process(valkey_server.pid).cmdline())
    assert valkey_server.password not in valkey_server.url()


def test_a_stopped_server_keeps_what_it_took(private_valkey: Start) -> None:
    server = private_valkey()
    with client(server.admin_url) as first:
        first.set("name", "kept")
    server.stop()
    server.start()
    with client(server.admin_url) as second:
        assert second.get("name") == "kept"


def test_a_killed_server_starts_again_with_the_same_url(private_valkey: Start) -> None:
    server = private_valkey(tcp=True)
    url = server.admin_url
    kill(server)
    server.start()
    assert server.admin_url == url
    with client(url) as again:
        assert again.ping()


def test_the_server_of_a_dead_owner_is_stopped_by_the_next_start(private_valkey: Start) -> None:
    first = private_valkey()
    with running(EmbeddedValkey(first.log.parent.parent)) as again:
        assert not first.is_running()
        assert again.is_running()


def test_further_settings_count(private_valkey: Start) -> None:
    server = private_valkey(config=["maxmemory 32mb"])
    with client(server.admin_url) as asked:
        assert asked.config_get("maxmemory")["maxmemory"] == str(32 * 1024 * 1024)


def test_an_acl_file_counts(private_valkey: Start, short_path: Path) -> None:
    users = short_path / "users.acl"
    users.write_text("user default on >a-password ~* &* +@all\nuser reader on >other-password ~* +get\n")
    server = private_valkey(password="a-password", config=[f"aclfile {users}"])
    with client(server.url("reader", "other-password")) as reader:
        assert reader.get("x") is None
        with pytest.raises(redis.exceptions.NoPermissionError):
            reader.set("x", "1")


def test_a_failing_start_shows_the_end_of_the_log(short_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"(?s)Valkey ended with 1 while starting.*no-such-setting"):
        EmbeddedValkey(short_path, config=["no-such-setting 1"]).start()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(short_path: Path) -> None:
    with running(EmbeddedValkey(short_path / ("long" * 30))) as server, client(server.admin_url) as asked:
        assert asked.ping()
        sockets = server.socket.parent
    assert not sockets.exists()


def test_a_password_that_needs_quoting_is_refused(short_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="8 to 200 letters"):
        EmbeddedValkey(short_path, 'a" b\nappendonly no')

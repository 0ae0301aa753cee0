"""``openclaw doctor`` as a process of its own: beside an ``up``, with servers that hang, and its exit codes."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from entrypoints.exits import Exit
from tests.servers import short_dir
from tests.wiring.installation import openclaw, up

WHOLE_S_MAX = 15.0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data directory of an ``up`` that answered a message."""
    with short_dir() as path, up(path) as running:
        assert running.ask("hello") == "hello"
        yield path


def test_beside_an_up_every_check_is_made_and_fine(home: Path) -> None:
    done = openclaw("doctor", "--data-dir", str(home), "--json")
    assert (done.code, done.err) == (Exit.OK, ""), done.out
    found = json.loads(done.out)
    # How full this machine's disk is, is not the test's business.
    unwell = [
        each for each in found["findings"] if each["severity"] != "ok" and each["check"] != "machine.disk"
    ]
    assert unwell == []
    secrets = [path.read_text(encoding="utf-8").strip() for path in (home / "secrets").iterdir()]
    assert len(secrets) > 4
    assert [secret for secret in secrets if secret in done.out] == []


def test_a_service_whose_password_was_changed_is_named_beside_an_up(home: Path) -> None:
    kept = home / "secrets" / "postgres-gateway"
    before = kept.read_text(encoding="utf-8")
    kept.write_text("planted-planted-planted\n", encoding="utf-8")
    try:
        done = openclaw("doctor", "--data-dir", str(home))
    finally:
        kept.write_text(before, encoding="utf-8")
    assert done.code == Exit.FAILED
    assert "FAULT  postgres.logins\n    openclaw_gateway is refused\n    -> stop `openclaw up`" in done.out


def test_the_end_of_the_text_says_how_much_is_fine(home: Path) -> None:
    done = openclaw("doctor", "--data-dir", str(home))
    assert done.out.splitlines()[-1].startswith("0 faults, ")
    assert done.out.splitlines()[-1].endswith(" fine, 0 not checked")
    everything = openclaw("doctor", "--data-dir", str(home), "--all")
    assert "OK  redis.maxmemory_policy\n    maxmemory-policy is noeviction\n" in everything.out


@contextmanager
def hanging(count: int) -> Iterator[list[int]]:
    """Lend ports that take connections and never answer."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        yield [listener.getsockname()[1] for listener in listeners]


def test_when_everything_hangs_each_is_named_and_the_whole_is_bounded(tmp_path: Path) -> None:
    with hanging(3) as (postgres, redis, telegram):
        began = time.monotonic()
        done = openclaw(
            "doctor", "--json", cwd=tmp_path,
            OPENCLAW_POSTGRES_URL=f"postgresql://u:planted-word@127.0.0.1:{postgres}/x",
            OPENCLAW_REDIS_URL=f"redis://u:planted-word@127.0.0.1:{redis}/0",
            OPENCLAW_TELEGRAM_API_URL=f"http://127.0.0.1:{telegram}",
            OPENCLAW_TELEGRAM_TOKEN="1000000001:planted-planted-planted-planted_x",
        )  # fmt: skip
        took_s = time.monotonic() - began
    assert done.code == Exit.FAILED
    assert took_s < WHOLE_S_MAX
    faults = {each["check"]: each for each in json.loads(done.out)["findings"] if each["severity"] == "fault"}
    assert set(faults) == {"postgres.reachable", "redis.reachable", "telegram.reachable"}
    assert all("does not answer" in each["found"] and each["remedy"] for each in faults.values())
    assert "planted-word" not in done.out + done.err


def test_before_anything_was_started_it_says_so_without_a_fault(tmp_path: Path) -> None:
    done = openclaw("doctor", cwd=tmp_path)
    assert (done.code, done.err) == (Exit.OK, "")
    assert "nothing runs in ./data; start it with `openclaw up`" in done.out
    assert list(tmp_path.iterdir()) == []


def test_faulty_settings_are_findings_and_not_the_end(tmp_path: Path) -> None:
    done = openclaw("doctor", cwd=tmp_path, OPENCLAW_REDIS_ULR="redis://x", OPENCLAW_ROUND_MAX="0")
    assert done.code == Exit.FAILED
    assert "-> rename OPENCLAW_REDIS_ULR to OPENCLAW_REDIS_URL, or remove it" in done.out
    assert "OPENCLAW_ROUND_MAX: must be 1 or more" in done.out
    assert "2 faults" in done.out

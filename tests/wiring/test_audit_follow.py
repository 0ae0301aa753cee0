"""``openclaw audit --follow`` as a process: rows as they come, a server that goes away and comes back, Ctrl-C."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrate import migrate_sync
from entrypoints.exits import Exit
from tests.servers import kill
from tests.wiring.buried import NO_REDIS, on, servers
from tests.wiring.installation import ROOT, Running, environment, openclaw

WRITE = "insert into openclaw.audit (consumer, outcome, reason) values ('brain', $1, $2)"


def given_row(url: str, reason: str, outcome: str = "processed") -> None:
    on(url, lambda connection: connection.execute(WRITE, outcome, reason))


@contextmanager
def following(url: str, *arguments: str) -> Iterator[Running]:
    """Start the command and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", "audit", "--follow", *arguments], cwd=ROOT,
        env=environment(**servers(url)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    running = Running(process)
    running.listen()
    try:
        yield running
    finally:
        process.kill()
        running.end()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def test_rows_are_shown_as_they_come_until_ctrl_c(database: str) -> None:
    for name in ("old", "older", "newest"):
        given_row(database, name)
    with following(database, "--limit", "1", "--outcome", "processed") as running:
        assert running.answer().split()[:2] == ["TIME", "(UTC)"]
        assert running.answer().split()[2:4] == ["brain", "processed"]
        assert running.answer() == "    newest"
        given_row(database, "retried", "retried")
        given_row(database, "new")
        assert running.answer().split()[2:4] == ["brain", "processed"]
        assert running.answer() == "    new"
        running.process.send_signal(signal.SIGINT)
        assert running.end() == Exit.OK
        assert running.out.empty()
        assert running.told == []


def test_a_server_that_goes_away_is_told_and_waited_for(
    private_postgres: Callable[..., EmbeddedPostgres],
) -> None:
    server = private_postgres()
    migrate_sync(server.admin_url)
    given_row(server.admin_url, "before")
    with following(server.admin_url, "--json") as running:
        assert json.loads(running.answer())["reason"] == "before"
        kill(server)
        told = running.wait_told("waiting for it")
        assert told.startswith("openclaw: Postgres at ")
        server.start()
        given_row(server.admin_url, "after")
        running.wait_told("openclaw: Postgres answers again")
        assert json.loads(running.answer())["reason"] == "after"
        running.process.send_signal(signal.SIGINT)
        assert running.end() == Exit.OK


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_server_that_is_not_there_at_first_ends_it(more: tuple[str, ...]) -> None:
    url = "postgresql://openclaw:plantedpassword@127.0.0.1:9/openclaw"
    done = openclaw("audit", "-f", *more, OPENCLAW_POSTGRES_URL=url, OPENCLAW_REDIS_URL=NO_REDIS)
    assert (done.code, done.out) == (Exit.UNREACHABLE, "")
    assert done.err == "openclaw: Postgres at 127.0.0.1:9 cannot be reached (ConnectionRefusedError)\n"

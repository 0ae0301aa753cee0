"""``openclaw status --watch`` on a terminal of its own: redrawn in place, through outages, until Ctrl-C."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from attrs import define

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.migrate import migrate_sync
from entrypoints.exits import Exit
from entrypoints.live import ENTER, LEAVE
from tests.servers import apart, kill
from tests.wiring.installation import WAIT_S, environment

ARGUMENTS = [sys.executable, "-m", "entrypoints.cli", "status", "--watch", "0.2"]
HOME = "\x1b[H"


@define
class Terminal:
    """A terminal with a program in it."""

    process: "subprocess.Popen[bytes]"
    master: int
    seen: str = ""

    def wait_for(self, text: str, *, gone: str = "") -> str:
        """Wait for a whole screen that shows ``text``, and not ``gone``; return it."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            *screens, last = self.seen.split(HOME)
            for screen in screens[1:]:
                if text in screen and not (gone and gone in screen):
                    self.seen = HOME + last
                    return screen
            self.seen = HOME + last if screens else last
            self.read()
        raise AssertionError(f"{text!r} was not shown in time; the last was:\n{self.seen}")

    def read(self) -> None:
        """Take in what the program writes, for a moment."""
        if select.select([self.master], [], [], 0.1)[0]:
            with suppress(OSError):
                self.seen += os.read(self.master, 65536).decode()

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size, of which the program is told."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self) -> int:
        """Take in the rest, and return the exit code."""
        deadline = time.monotonic() + WAIT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
        self.read()
        return self.process.wait(WAIT_S)


@contextmanager
def terminal(cwd: Path, **variables: str) -> Iterator[Terminal]:
    """Run ``status --watch`` in a terminal of 100 columns and 40 rows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        ARGUMENTS, cwd=cwd, env=environment(**variables), stdin=slave, stdout=slave, stderr=slave,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(WAIT_S)
        os.close(master)


@pytest.fixture
def urls(
    database: str, private_valkey: Callable[..., EmbeddedValkey]
) -> tuple[dict[str, str], EmbeddedValkey]:
    server = private_valkey()
    return {"OPENCLAW_POSTGRES_URL": database, "OPENCLAW_REDIS_URL": server.admin_url}, server


def test_ctrl_c_ends_it_and_gives_the_terminal_back(
    urls: tuple[dict[str, str], EmbeddedValkey], tmp_path: Path
) -> None:
    with terminal(tmp_path, **urls[0]) as seen:
        first = seen.wait_for("no brain runs")
        assert "every 0.2 s; Ctrl-C ends" in first
        assert seen.wait_for("needs attention:") != ""
        os.write(seen.master, b"\x03")
        assert seen.end() == Exit.OK
        assert seen.seen.endswith(LEAVE)


def test_it_takes_the_alternate_screen_and_sigterm_gives_it_back_too(
    urls: tuple[dict[str, str], EmbeddedValkey], tmp_path: Path
) -> None:
    with terminal(tmp_path, **urls[0]) as seen:
        while ENTER not in seen.seen:
            seen.read()
        seen.wait_for("no brain runs")
        seen.process.send_signal(signal.SIGTERM)
        assert seen.end() == Exit.OK
        assert seen.seen.endswith(LEAVE)


def test_it_goes_on_while_a_server_is_away_and_when_it_is_back(
    urls: tuple[dict[str, str], EmbeddedValkey], tmp_path: Path
) -> None:
    variables, valkey = urls
    with terminal(tmp_path, **variables) as seen:
        seen.wait_for("no brain runs", gone="cannot be reached")
        kill(valkey)
        away = seen.wait_for("cannot be reached")
        assert "services: unknown" in away
        assert "Redis at" in away
        valkey.start()
        seen.wait_for("no brain runs", gone="cannot be reached")
        os.write(seen.master, b"\x03")
        assert seen.end() == Exit.OK


def test_postgres_may_go_away_too(
    private_postgres: Callable[..., EmbeddedPostgres], valkey_url: str, tmp_path: Path
) -> None:
    postgres = private_postgres()
    apart(lambda: migrate_sync(postgres.admin_url))
    with terminal(tmp_path, OPENCLAW_POSTGRES_URL=postgres.admin_url, OPENCLAW_REDIS_URL=valkey_url) as seen:
        seen.wait_for("dead letters: 0")
        kill(postgres)
        assert "Postgres at a unix socket cannot be reached" in seen.wait_for("dead letters: unknown")
        postgres.start()
        seen.wait_for("dead letters: 0")
        os.write(seen.master, b"\x03")
        assert seen.end() == Exit.OK


def test_a_smaller_window_is_drawn_at_once_and_fits(tmp_path: Path) -> None:
    with terminal(tmp_path) as seen:
        seen.wait_for("nothing runs in ./data")
        seen.resize(20, 2)
        small = seen.wait_for("... ")
        lines = [line.replace("\x1b[K", "").replace("\x1b[J", "") for line in small.split("\r\n")]
        assert [line for line in lines if len(line) >= 20] == []
        os.write(seen.master, b"\x03")
        assert seen.end() == Exit.OK


def test_for_programs_each_report_is_a_line(database: str, valkey_url: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*ARGUMENTS, "--json"], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        env=environment(OPENCLAW_POSTGRES_URL=database, OPENCLAW_REDIS_URL=valkey_url),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [each["dead_letters"] for each in found] == [0, 0]
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == Exit.OK
    finally:
        process.kill()
        process.wait(WAIT_S)
        process.stdout.close()

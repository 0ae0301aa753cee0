"""``openclaw`` as processes of its own, for the tests: commands run to their end, and an ``up`` that is talked to.

Not here: fixtures and expectations (the test modules of this folder).
"""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import asyncpg
import psutil
from attrs import define, field, frozen

from adapters.embedded.postgres import EmbeddedPostgres
from tests.servers import RUN_VARIABLE, apart

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0
OPEN_MATTERS = "select exists (select from openclaw.outbox) or exists (select from openclaw.claims)"


@frozen
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which only ``more`` is set of our variables, and Python finds the project."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("OPENCLAW_")}
    ours |= {"OPENCLAW_ENV_FILE": os.devnull, RUN_VARIABLE: os.environ[RUN_VARIABLE], "PYTHONPATH": str(ROOT)}
    return ours | more


def openclaw(*arguments: str, stdin: str = "", cwd: Path = ROOT, **variables: str) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *arguments],
        cwd=cwd, env=environment(**variables), input=stdin, capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@define
class Running:
    """An ``openclaw up`` whose standard input is ours. Lines are taken in the order in which they come."""

    process: "subprocess.Popen[str]"
    out: "queue.Queue[str]" = field(factory=queue.Queue)
    err: "queue.Queue[str]" = field(factory=queue.Queue)
    told: list[str] = field(factory=list)
    readers: list[threading.Thread] = field(factory=list)

    def listen(self) -> None:
        """Take in what it prints, from now on."""
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            self.readers.append(threading.Thread(target=_read, args=(stream, lines), daemon=True))
            self.readers[-1].start()

    def say(self, text: str) -> None:
        """Write a line to the chat."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        """Return the next line of standard output."""
        return self.out.get(timeout=WAIT_S)

    def ask(self, text: str) -> str:
        """Write a line and return the first line of the answer."""
        self.say(text)
        return self.answer()

    def wait_told(self, text: str) -> str:
        """Wait for a line with ``text`` on standard error and return it."""
        while True:
            line = self.err.get(timeout=WAIT_S)
            self.told.append(line)
            if text in line:
                return line

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and all that it started."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def interrupt(self) -> None:
        """Press Ctrl-C: the signal goes to every process of the terminal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> int:
        """Wait for the end and return the exit code; what was printed until then is in ``told`` and ``out``."""
        code = self.process.wait(WAIT_S)
        for reader in self.readers:
            reader.join(WAIT_S)
        with suppress(queue.Empty):
            while True:
                self.told.append(self.err.get_nowait())
        return code


def settled(data_dir: Path) -> None:
    """Wait until nothing is owed and no call is under way: from then on a kill makes no reply a possible repeat."""

    async def wait() -> None:
        connection = await asyncpg.connect(EmbeddedPostgres(data_dir).admin_url)
        try:
            async with asyncio.timeout(WAIT_S):
                while await connection.fetchval(OPEN_MATTERS):
                    await asyncio.sleep(0.01)
        finally:
            await connection.close()

    apart(lambda: asyncio.run(wait()))


@contextmanager
def up(data_dir: Path, **variables: str) -> Iterator[Running]:
    """Start ``openclaw up`` in a session of its own and end it, at the latest when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", "up", "--data-dir", str(data_dir)],
        cwd=ROOT, env=environment(**variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    running = Running(process)
    running.listen()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            running.end()
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                with suppress(BrokenPipeError):
                    stream.close()


def _read(stream: IO[str], lines: "queue.Queue[str]") -> None:
    with suppress(ValueError):
        for line in stream:
            lines.put(line.rstrip("\n"))

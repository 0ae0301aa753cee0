"""The services as processes of their own: started by the nursery, killed, paused and resumed by signals.

Not here: what they are told (``cluster``), and the program that forks them (``nursery``).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define

from tests.acceptance.waiting import until

ROOT = Path(__file__).resolve().parents[2]
END_S = 30.0


@define
class Service:
    """One running service."""

    name: str
    pid: int
    code_of: Callable[[int], int | None]

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.code_of(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal. Its number cannot mean another process: the nursery reaps it only when it is asked."""
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Ask it to finish what is in hand and end."""
        self.signal(signal.SIGTERM)

    def pause(self) -> None:
        """Stop it where it stands."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.signal(signal.SIGKILL)
        assert await self.end() == -signal.SIGKILL

    async def end(self) -> int:
        """Wait for its end and return the exit code."""
        await until(lambda: self.code is not None, f"the end of {self.name}", END_S)
        assert self.code is not None
        return self.code


class Nursery:
    """Starts services from one image. Belongs to the process that made it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Service:
        """Fork ``openclaw <argv>`` with ``env`` on top of the environment, writing to ``log``."""
        pid = self._ask(start=list(argv), env=dict(env), log=str(log))
        return Service(name, pid, lambda pid: self._ask(code=pid))

    def _ask(self, **question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery has ended"
        return json.loads(answer)


@contextmanager
def nursing() -> Iterator[Nursery]:
    """Run a nursery; at the end nothing that it started is left."""
    command = [sys.executable, "-m", "tests.acceptance.nursery"]
    # A session of its own: Ctrl-C is for whoever started it, who then ends it and with it what it started.
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=without_settings(),
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Nursery(process)
    finally:
        process.communicate(timeout=END_S)


def without_settings() -> dict[str, str]:
    """Return the environment without settings of OpenClaw but those of the tests."""
    kept = ("OPENCLAW_TEST_",)
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(kept) or not name.startswith("OPENCLAW_")
    }

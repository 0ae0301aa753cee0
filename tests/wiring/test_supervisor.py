"""The supervisor with real processes, real signals and a real server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 20.0


class Supervised:
    """A running ``tests/wiring/supervised.py``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, object]] = []
        self._unread: list[dict[str, object]] = []

    async def until(self, **wanted: object) -> dict[str, object]:
        """Return the first thing told that has all of ``wanted`` and was not returned before; wait for it."""
        while True:
            for told in self._unread:
                if wanted.items() <= told.items():
                    self._unread.remove(told)
                    return told
            assert self.process.stdout is not None
            line = await asyncio.wait_for(self.process.stdout.readline(), TIMEOUT_S)
            assert line, f"ended without telling {wanted}; told: {self.told}"
            self.told.append(json.loads(line))
            self._unread.append(self.told[-1])

    async def pid_of(self, name: str) -> int:
        """Return the process id of the next start of ``name``."""
        return int(str((await self.until(what="started", name=name))["pid"]))

    async def end(self) -> tuple[int, str]:
        """Wait for the end; return exit code and standard error."""
        out, err = await asyncio.wait_for(self.process.communicate(), TIMEOUT_S)
        self.told += [json.loads(line) for line in out.splitlines()]
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()

    def happened(self, what: str) -> list[object]:
        """Return the names to which ``what`` happened, in order."""
        return [told["name"] for told in self.told if told.get("what") == what]


Start = Callable[..., Awaitable[Supervised]]


@asynccontextmanager
async def supervised(
    *roles: str, stop_s: float, server: Path | None, stdin: bytes
) -> AsyncIterator[Supervised]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.wiring.supervised", str(stop_s), str(server or "-"), *roles),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    try:
        yield Supervised(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a supervised program; it is stopped at the end."""
    async with AsyncExitStack() as stack:

        async def enter(
            *roles: str, stop_s: float = TIMEOUT_S, server: Path | None = None, stdin: bytes = b""
        ) -> Supervised:
            return await stack.enter_async_context(
                supervised(*roles, stop_s=stop_s, server=server, stdin=stdin)
            )

        yield enter


def gone(*pids: int) -> bool:
    """Wait until none of the processes runs."""
    alive = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, left = psutil.wait_procs(alive, timeout=TIMEOUT_S)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in left)


async def test_a_killed_role_is_started_again(start: Start) -> None:
    run = await start("obedient", "plain")
    first = await run.pid_of("obedient")
    await run.until(role="plain")
    os.kill(first, signal.SIGKILL)
    died = await run.until(what="died", name="obedient")
    assert (died["pid"], died["code"], died["restart_s"]) == (first, -9, 0.01)
    assert await run.pid_of("obedient") != first


async def test_a_role_that_raises_shows_where_and_is_started_again_after_growing_waits(start: Start) -> None:
    run = await start("raising")
    waits = [(await run.until(what="died"))["restart_s"] for _ in range(4)]
    assert waits == [0.01, 0.02, 0.04, 0.05]
    run.process.terminate()
    code, err = await run.end()
    assert code == 0
    assert "RuntimeError: the role broke" in err


async def test_a_role_may_leave_by_system_exit(start: Start) -> None:
    run = await start("exiting")
    assert (await run.until(what="died"))["code"] == 5


async def test_sigterm_stops_the_roles_last_first_and_exits_with_0(start: Start) -> None:
    run = await start("obedient", "plain", "stubborn", stop_s=0.2)
    for role in ("obedient", "plain", "stubborn"):
        await run.until(role=role)
    run.process.terminate()
    assert await run.end() == (0, "")
    assert run.happened("stopping") == ["stubborn", "plain", "obedient"]
    assert run.happened("killed") == ["stubborn"]
    assert run.happened("died") == []


async def test_ctrl_c_in_the_terminal_stops_everything_once_and_silently(start: Start) -> None:
    run = await start("plain", "obedient")
    assert (await run.until(role="plain"))["int_ignored"] is True
    await run.until(role="obedient")
    os.killpg(run.process.pid, signal.SIGINT)
    assert await run.end() == (0, "")
    assert {"role": "obedient", "came": "SIGTERM", "more": []} in run.told
    assert run.happened("stopping") == ["obedient", "plain"]


async def test_a_paused_role_ends_too(start: Start) -> None:
    run = await start("obedient")
    pid = await run.pid_of("obedient")
    await run.until(role="obedient")
    os.kill(pid, signal.SIGSTOP)
    run.process.terminate()
    assert await run.end() == (0, "")
    assert run.happened("killed") == []


async def test_the_end_of_the_foreground_role_ends_everything_with_its_code(start: Start) -> None:
    run = await start("obedient", "chat", stdin=b"one\ntwo\n")
    code, err = await run.end()
    assert (code, err) == (7, "")
    assert {"role": "chat", "lines": 2} in run.told
    assert run.happened("stopped") == ["chat", "obedient"]


async def test_only_the_foreground_role_has_standard_input(start: Start) -> None:
    run = await start("obedient")
    assert (await run.until(role="obedient"))["stdin"] is True


async def test_nothing_survives_a_killed_supervisor(start: Start, short_path: Path) -> None:
    run = await start("stubborn", "obedient", server=short_path)
    pids = [await run.pid_of(name) for name in ("valkey", "stubborn", "obedient")]
    await run.until(role="obedient")
    run.process.kill()
    await run.process.wait()
    assert await asyncio.to_thread(gone, *pids)


async def test_a_dead_server_is_started_again_and_stopped_after_the_roles(
    start: Start, short_path: Path
) -> None:
    run = await start("obedient", server=short_path)
    first = await run.pid_of("valkey")
    await run.until(role="obedient")
    os.kill(first, signal.SIGKILL)
    await run.until(what="died", name="valkey")
    assert await run.pid_of("valkey") != first
    run.process.terminate()
    assert await run.end() == (0, "")
    assert run.happened("stopped") == ["obedient", "valkey"]


async def test_a_server_that_cannot_start_fails_the_start(start: Start, short_path: Path) -> None:
    (short_path / "valkey").write_text("in the way")
    run = await start("obedient", server=short_path)
    assert await run.end() == (9, "")
    assert run.happened("started") == []

"""The watchdog: a process whose loop is stuck is ended, so that its supervisor can start it anew."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUCK = """
import asyncio, threading
from entrypoints.roles import watch

async def main():
    watching = asyncio.create_task(watch(stuck_s=0.5, every_s=0.1))
    await asyncio.sleep(0)
    {then}

asyncio.run(main())
"""


def run(then: str) -> subprocess.CompletedProcess[str]:
    program = STUCK.format(then=then)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_whose_loop_is_stuck_is_ended_and_shows_where() -> None:
    done = run("threading.Event().wait(50)")
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in main" in done.stderr


def test_a_process_whose_loop_turns_is_left_alone() -> None:
    done = run("await asyncio.wait([watching], timeout=1.2)")
    assert done.returncode == 0, done.stderr

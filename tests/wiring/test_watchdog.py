"""The watchdog: a process whose loop is stuck is ended, so that its supervisor can start it anew."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUCK = """
import asyncio, faulthandler, threading
from entrypoints.roles import watch

async def main():
    watching = asyncio.create_task(watch({stuck_s}, {moves}))
    await asyncio.sleep(0)
    {then}

asyncio.run(main())
# As a role does that ends: how long the interpreter takes for its own end is no matter of the loop.
faulthandler.cancel_dump_traceback_later()
"""


def run(then: str, stuck_s: float, moves: str = "lambda: True") -> subprocess.CompletedProcess[str]:
    program = STUCK.format(then=then, stuck_s=stuck_s, moves=moves)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_whose_loop_is_stuck_is_ended_and_shows_where() -> None:
    done = run("threading.Event().wait(50)", 0.5)
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in main" in done.stderr


def test_a_process_whose_loop_turns_is_left_alone() -> None:
    done = run("await asyncio.wait([watching], timeout=3)", 2.0)
    assert done.returncode == 0, done.stderr


def test_a_process_is_ended_whose_loop_turns_while_what_works_beside_it_stands_still() -> None:
    done = run(
        "await watching", 0.5, moves="iter([True, False, False, False, False, False, False, False]).__next__"
    )
    assert done.returncode == 1

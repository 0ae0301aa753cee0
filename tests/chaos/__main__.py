"""``python -m tests.chaos --minutes 30 --seed 1``: kills, pauses, cuts and fills while people write, then judges.

The installation is its own: servers, services and a simulated Telegram on the loopback, gone when it ends, also when
it is interrupted. Exit codes: 0 when every promise was kept; 1 when one was not, and then the seed, the stories of the
messages and the folder with all logs are told; 130 when it was interrupted.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from entrypoints.simulation.checker import Violation, violations
from entrypoints.simulation.story import story
from tests.acceptance.processes import Nursery, nursing
from tests.chaos.plan import EVERY_S
from tests.chaos.report import told, write
from tests.chaos.storm import Course, Interrupted, Options, weather

INTERRUPTED = 130
# Of each rule that was broken.
STORIES_MAX, SHOWN_MAX = 2, 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; return the exit code."""
    options, is_written = _options(argv)
    command = f"python -m tests.chaos --minutes {options.storm_s / 60:g} --seed {options.seed}"
    command += f" --rate {options.rate:g} --every {options.every_s:g}"
    print(command, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="openclaw-chaos-"))
    try:
        with nursing() as nursery, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            course = runner.run(_run(nursery, folder, options))
    except (Interrupted, KeyboardInterrupt):
        shutil.rmtree(folder)
        print("interrupted; nothing was judged")
        return INTERRUPTED
    except BaseException:
        print(f"the logs are in {folder}")
        raise
    found = violations(course.history)
    text = told(course, found, command)
    print(text)
    if found or course.unforeseen or not course.is_at_rest:
        _complain(course, found, folder)
        return 1
    shutil.rmtree(folder)
    if is_written:
        write(text)
    return 0


def _options(argv: Sequence[str] | None) -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the storm lasts")
    parser.add_argument(
        "--seed", type=int, help="what the storm and the load follow from; chosen when not given"
    )
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second")
    parser.add_argument(
        "--every", type=float, default=EVERY_S, help="seconds from a strike to the next, about"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/RELIABILITY.md")
    given = parser.parse_args(argv)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    return Options(seed, given.minutes * 60, given.rate, given.every), given.write


async def _run(nursery: Nursery, folder: Path, options: Options) -> Course:
    """Run until the end, or until the first signal to end."""
    interrupted, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted.set)
    return await weather(nursery, folder, options, interrupted)


def _complain(course: Course, found: Sequence[Violation], folder: Path) -> None:
    """Tell what was not kept, and leave what is needed to find out why."""
    lines = [] if course.is_at_rest else [f"it did not come to rest: {dict(course.history.standing.left)}"]
    lines += [f"{each.name} ended by itself with {each.code}" for each in course.unforeseen]
    by_rule: dict[str, list[Violation]] = {}
    for each in found:
        by_rule.setdefault(each.rule, []).append(each)
    for rule, broken in by_rule.items():
        lines += ["", f"{rule}: {len(broken)} times", *(f"  {each.sentence}" for each in broken[:SHOWN_MAX])]
        for each in broken[:STORIES_MAX]:
            lines += ["", f"{rule}: {each.sentence}", *story(course.history, each)]
    print("\n".join(lines))
    fallen = sorted(course.struck, key=lambda each: each.at)
    struck = [f"{each.at:.3f} - {each.until:.3f}: {each.strike}" for each in fallen]
    (folder / "strikes.txt").write_text("\n".join(struck) + "\n", encoding="utf-8")
    (folder / "violations.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"\n{len(found)} violations with seed {course.options.seed}; logs, strikes and stories are in {folder}"
    )


if __name__ == "__main__":
    sys.exit(main())

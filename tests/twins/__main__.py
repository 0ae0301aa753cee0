"""Long runs of what ``test_twins`` runs a slice of: ``python -m tests.twins --examples 500``.

Each machine has a database, and servers, of its own. A difference is told with the shortest course that shows it.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.twins.machines import MACHINES


def main(arguments: Sequence[str]) -> None:
    """Run the machines that are named, or all; the first difference ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.twins", description=__doc__)
    parser.add_argument(
        "machines", nargs="*", default=sorted(MACHINES), help=f"of {', '.join(sorted(MACHINES))}"
    )
    parser.add_argument("--examples", type=int, default=200, help="courses of each machine")
    parser.add_argument("--steps", type=int, default=60, help="operations of a course, at most")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the courses")
    parser.add_argument(
        "--as-found",
        action="store_true",
        help="tell a difference at once instead of looking for a shorter course",
    )
    given = parser.parse_args(arguments)
    phases = [Phase.generate] if given.as_found else [Phase.generate, Phase.shrink]
    for name in given.machines:
        print(
            f"{name}: {given.examples} courses of up to {given.steps} operations, seed {given.seed}",
            flush=True,
        )
        began_s = time.perf_counter()
        with MACHINES[name]() as machine:
            run_state_machine_as_test(
                seed(given.seed)(machine),
                settings=settings(
                    max_examples=given.examples, stateful_step_count=given.steps, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck), print_blob=False, phases=phases,
                ),
            )  # fmt: skip
            done = ", ".join(f"{count} {what}" for what, count in sorted(machine.seen.items()))
        print(f"{name}: no difference in {time.perf_counter() - began_s:.0f} s; {done}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

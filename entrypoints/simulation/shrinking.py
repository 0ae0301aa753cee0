"""The shortest schedule that still fails: steps are left out, in ever smaller portions, while the run still fails.

Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input (2002): delta debugging. Not here: running
(``running``).
"""

from collections.abc import Callable, Sequence

from entrypoints.simulation.faults import Fault
from entrypoints.simulation.people import Action
from entrypoints.simulation.running import Run, Scenario, run, without

# So many runs are spent on making a schedule shorter.
RUNS_MAX = 250
Part = Action | Fault


def shrink(failed: Run, again: Callable[[Scenario], Run] = run, runs_max: int = RUNS_MAX) -> Run:
    """Return the run of the shortest schedule found that breaks a rule that ``failed`` breaks."""
    wanted, best, left = broken(failed), failed, runs_max
    size = max(1, best.scenario.steps // 2)
    while left > 0:
        shorter = None
        for portion in _portions([*best.scenario.faults, *best.scenario.actions], size):
            if left <= 0:
                break
            left -= 1
            tried = again(_without(best.scenario, portion))
            if broken(tried) & wanted:
                shorter = tried
                break
        if shorter is not None:
            best = shorter
            size = max(1, min(size, best.scenario.steps // 2))
        elif size == 1:
            break
        else:
            size = max(1, size // 2)
    return best


def broken(made: Run) -> frozenset[str]:
    """Return the rules that a run broke."""
    return frozenset(each.rule for each in made.violations) | (
        frozenset({"failures"}) if made.failures else frozenset()
    )


def _portions(parts: Sequence[Part], size: int) -> list[Sequence[Part]]:
    return [parts[at : at + size] for at in range(0, len(parts), size)]


def _without(made: Scenario, portion: Sequence[Part]) -> Scenario:
    actions = [part for part in portion if isinstance(part, Action)]
    return without(made, actions, [part for part in portion if isinstance(part, Fault)])

"""Many runs, one seed each, over several processes; and what they hit.

Not here: one run (``running``), and the command line (``entrypoints.commands.simulate``).
"""

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from attrs import define, field, frozen

from entrypoints.simulation.faults import KINDS
from entrypoints.simulation.running import run, scenario
from entrypoints.simulation.servers import MakeServers, MemoryServers
from entrypoints.simulation.shrinking import broken

# So many seeds are one piece of work.
CHUNK = 4
# What this process of a campaign makes the servers of its runs by.
_MADE_BY: list[MakeServers] = [MemoryServers]


@frozen
class Verdict:
    """What is kept of one run of a campaign."""

    seed: int
    broken: frozenset[str]
    hits: dict[str, int]
    simulated_s: float
    deeds: int
    answers: int


@define
class Totals:
    """What a campaign came to."""

    runs: int = 0
    simulated_s: float = 0.0
    deeds: int = 0
    answers: int = 0
    hits: Counter[str] = field(factory=lambda: Counter(dict.fromkeys(KINDS, 0)))
    failed: list[Verdict] = field(factory=list)
    last: Verdict | None = None

    def add(self, verdict: Verdict) -> None:
        """Take in one run."""
        self.runs += 1
        self.last = verdict
        self.simulated_s += verdict.simulated_s
        self.deeds += verdict.deeds
        self.answers += verdict.answers
        self.hits.update(verdict.hits)
        if verdict.broken:
            self.failed.append(verdict)

    @property
    def missed(self) -> list[str]:
        """Return the faults and crash points that no run hit."""
        return sorted(kind for kind, count in self.hits.items() if not count)


def tried(seed: int, steps: int) -> Verdict:
    """Run one seed, on servers of this process."""
    made = run(scenario(seed, steps), _MADE_BY[-1])
    history = made.history
    return Verdict(
        seed, broken(made), dict(made.hits), made.simulated_s, len(history.deeds), len(history.effects)
    )


def campaign(
    seeds: Sequence[int],
    steps: int,
    servers: Sequence[MakeServers],
    told: Callable[[Totals], None] = lambda totals: None,
) -> Totals:
    """Run all seeds, with each of ``servers`` in a process of its own; ``told`` hears of every run as it ends."""
    totals = Totals()
    for verdict in _verdicts(seeds, steps, servers):
        totals.add(verdict)
        told(totals)
    return totals


def _verdicts(seeds: Sequence[int], steps: int, servers: Sequence[MakeServers]) -> Iterator[Verdict]:
    work = partial(tried, steps=steps)
    if len(servers) <= 1:
        _MADE_BY[:] = servers
        yield from map(work, seeds)
        return
    context = multiprocessing.get_context("spawn")
    free = context.SimpleQueue()
    for made_by in servers:
        free.put(made_by)
    with context.Pool(len(servers), _take, (free,)) as pool:
        yield from pool.imap_unordered(work, seeds, chunksize=CHUNK)


def _take(free: Any) -> None:
    """Begin a process of a campaign: it takes servers that no other has, and whoever is interrupted ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _MADE_BY[:] = [free.get()]

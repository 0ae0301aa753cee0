"""``openclaw simulate``: the whole system in one process, made to fail on purpose from a seed, and judged.

Not here: the simulation (``entrypoints.simulation``) and how its findings are shown (``entrypoints.views.simulation``).
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from entrypoints.exits import Exit
from entrypoints.simulation.campaign import Totals, campaign
from entrypoints.simulation.running import STEPS, Run, run, scenario
from entrypoints.simulation.servers import MakeServers, MemoryServers
from entrypoints.simulation.shrinking import broken, shrink
from entrypoints.views.lines import print_lines
from entrypoints.views.simulation import campaign_lines, failure_lines, history_lines, run_lines

# Fewer runs than this cannot be expected to meet every fault.
ENOUGH = 1_000
PROGRESS_EVERY, REAL_PROGRESS_EVERY = 100, 10
# A run on real servers takes some seconds.
REAL_SHRINKING_RUNS_MAX = 60


@click.command()
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="What everything follows from."
)
@click.option("--steps", type=click.IntRange(1, 10_000), default=STEPS, show_default=True,
              help="How much happens: what people do, and faults.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="So many seeds, counted up from the first.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True,
              help="Processes for many seeds.")  # fmt: skip
@click.option("--history", type=click.Path(dir_okay=False, path_type=Path),
              help="Write what happened to a file; the same seed writes the same bytes.")  # fmt: skip
@click.option("--real", is_flag=True,
              help="Run on a Postgres and a Valkey of its own, with the drivers of the product.")  # fmt: skip
def simulate(seed: int, steps: int, seeds: int, workers: int, history: Path | None, real: bool) -> int:
    """Simulate the whole system while everything around it fails, and check every promise.

    All roles run twice, in this process, on servers in memory, under a simulated clock. Processes die and hang, Redis
    and Postgres lose data and connections, Telegram does not answer, clocks jump; then it is calm, and what happened is
    judged. Of a run that fails the shortest schedule that still fails is shown, and what became of the message.

    With --real Postgres and Valkey are servers of its own, which the drivers of the product talk to, step by step in
    the order that the seed says; in one run of four Postgres crashes where it seemed to be away. A run takes some
    seconds then, and a fault has its shortest schedule from fewer tries.

    Many seeds are a campaign, which fails too when a kind of fault or a crash point was never met by 1,000 runs or
    more. See docs/RELIABILITY.md.
    """
    if seeds > 1 and history is not None:
        raise click.UsageError("--history is for one seed; leave out --seeds")
    with _servers(min(workers, seeds), real=real) as servers:
        if seeds > 1:
            return _campaign(range(seed, seed + seeds), steps, servers, real=real)
        made = run(scenario(seed, steps), servers[0])
        if history is not None:
            history.write_text("\n".join(history_lines(made)) + "\n", "utf-8")
        print_lines(run_lines(made))
        if not broken(made):
            return Exit.OK
        print_lines(_failure(made, steps, servers[0], real=real))
        return Exit.FAILED


@contextmanager
def _servers(count: int, *, real: bool) -> Iterator[Sequence[MakeServers]]:
    if not real:
        yield [MemoryServers] * count
        return
    # Imported only now: what makes databases takes longer to import than a run in memory takes.
    from entrypoints.simulation.machines import servers
    from entrypoints.simulation.real import At

    with servers(count) as places:
        yield [At(place) for place in places]


def _failure(made: Run, steps: int, servers: MakeServers, *, real: bool) -> list[str]:
    again = partial(run, servers=servers)
    shortest = shrink(made, again, REAL_SHRINKING_RUNS_MAX) if real else shrink(made, again)
    return failure_lines(shortest, steps, real=real)


def _campaign(seeds: range, steps: int, servers: Sequence[MakeServers], *, real: bool) -> int:
    every = REAL_PROGRESS_EVERY if real else PROGRESS_EVERY
    totals = campaign(seeds, steps, servers, lambda so_far: _progress(so_far, len(seeds), every))
    print_lines(campaign_lines(seeds, steps, totals, must_hit=len(seeds) >= ENOUGH))
    for verdict in sorted(totals.failed, key=lambda each: each.seed)[:1]:
        print_lines(_failure(run(scenario(verdict.seed, steps), servers[0]), steps, servers[0], real=real))
    return Exit.FAILED if totals.failed or (totals.missed and len(seeds) >= ENOUGH) else Exit.OK


def _progress(totals: Totals, count: int, every: int) -> None:
    # A campaign may take an hour; who waits for it can look at what failed meanwhile.
    if totals.last is not None and totals.last.broken:
        rules = ", ".join(sorted(totals.last.broken))
        click.echo(f"openclaw: seed {totals.last.seed} failed: {rules}", err=True)
    if totals.runs % every == 0 and totals.runs < count:
        failed = f", {len(totals.failed)} failed" if totals.failed else ""
        click.echo(f"openclaw: {totals.runs} of {count} runs{failed}", err=True)
        sys.stderr.flush()

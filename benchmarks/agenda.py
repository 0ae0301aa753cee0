"""Measures tasks at scale: finding those that are due among a million, and a burst of them in the same minute.

``python -m benchmarks.agenda [--only scan|burst] [--open N] [--due N ...] [--at-once N] [--write]`` prints tables of
Markdown; ``--write`` puts them into ``docs/BENCHMARKS.md``. It runs the product's own services on servers of its own.
Not here: the measurements (``agenda_scan``, ``agenda_burst``), and what must hold (``tests``).
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import uvloop

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from benchmarks import agenda_burst, agenda_scan
from benchmarks.agenda_burst import Burst, Leg, both
from benchmarks.agenda_scan import Cost, Scan
from benchmarks.page import put, table
from tests.acceptance.cluster import Servers
from tests.acceptance.processes import nursing
from tests.servers import Databases, running, short_dir

PAGE = Path(__file__).resolve().parents[1] / "docs" / "BENCHMARKS.md"


def cells(cost: Cost) -> list[str]:
    """Return a cost in milliseconds and pages."""
    return [f"{cost.ms:.1f}", f"{cost.pages:,}"]


async def scans(url: str, size_max: int) -> list[Scan]:
    """Return the figures of each size."""
    return [scan async for scan in agenda_scan.measure(url, size_max)]


def scan_table(found: Sequence[Scan]) -> str:
    """Return the table of what a look for due tasks costs."""
    head = ["open tasks", "tick, nothing due, ms", "pages", f"tick, {agenda_scan.DUE} due, ms", "pages"]
    head += ["`/tasks` of 1,000, ms", "pages", "its tally, ms", "pages"]
    return table(
        head,
        [
            [f"{s.tasks:,}", *cells(s.nothing_due), *cells(s.some_due), *cells(s.listed), *cells(s.tallied)]
            for s in found
        ],
    )


def about(burst: Burst) -> list[str]:
    """Return which run it was."""
    leg = burst.leg
    return [f"{leg.due:,}", f"{leg.spread_s:.0f}", str(leg.per_s or "any")]


ABOUT = ("due", "within, s", "calls a second")


def burst_table(found: Sequence[Burst]) -> str:
    """Return the table of how late reminders come, in seconds."""
    head = [*ABOUT, "all said after, s", "late p50, s", "p99", "ideal p50, s", "p99"]
    head += ["p99 of chats with one", "with many", "overtaken p99, s", "refused by Telegram"]
    rows = []
    for b in found:
        seconds = [*both([*b.one_late_s, *b.many_late_s]), *both(b.ideal_s)]
        seconds += [both(each)[1] for each in (b.one_late_s, b.many_late_s, b.overtaken_s)]
        rows.append([*about(b), f"{b.took_s:.0f}", *(f"{s:.1f}" for s in seconds), str(b.refused)])
    return table(head, rows)


def reply_table(found: Sequence[Burst]) -> str:
    """Return the table of how long replies take meanwhile, and what the services use for each reminder."""
    names = list(found[0].cpu_s)
    head = [*ABOUT, "reply p50 calm, ms", "meanwhile", "p99 calm, ms", "meanwhile", "longest"]
    head += [f"{name}, ms of CPU a reminder" for name in names]
    rows = []
    for b in found:
        calm, meanwhile = both(b.calm_s), both(b.meanwhile_s)
        ms = [1000 * s for s in (calm[0], meanwhile[0], calm[1], meanwhile[1], max(b.meanwhile_s))]
        used = [f"{b.cpu_s[name] / b.leg.due * 1000:.1f}" for name in names]
        rows.append([*about(b), *(f"{each:.0f}" for each in ms), *used])
    return table(head, rows)


def measure(only: str | None, size_max: int, legs: Sequence[Leg]) -> Iterator[tuple[str, str]]:
    """Yield the tables by the name of their place."""
    with ExitStack() as stack:
        nursery = stack.enter_context(nursing())
        postgres = stack.enter_context(running(EmbeddedPostgres(stack.enter_context(short_dir()))))
        valkey = stack.enter_context(running(EmbeddedValkey(stack.enter_context(short_dir()))))
        url = stack.enter_context(Databases(postgres).fresh())
        if only != "burst":
            yield "scan", scan_table(uvloop.run(scans(url, size_max)))
        if only != "scan":
            found = []
            for leg in legs:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ocb")))
                servers = Servers(url, valkey.admin_url)
                found.append(uvloop.run(agenda_burst.measure(nursery, servers, folder, leg)))
            yield "burst", burst_table(found)
            yield "replies", reply_table(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("scan", "burst"))
    parser.add_argument("--open", type=int, default=1_000_000, help="how many open tasks there are at most")
    parser.add_argument(
        "--due", type=int, nargs="*", default=[2_000], help="how many are due in a minute, for each run"
    )
    parser.add_argument(
        "--at-once", type=int, default=10_000, help="how many without limits; 0 leaves it out"
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    legs = [*map(Leg, options.due), *([Leg(options.at_once, 0, 0.0)] if options.at_once else [])]
    for name, text in measure(options.only, options.open, legs):
        print(f"{name}\n\n{text}", flush=True)
        if options.write:
            put(PAGE, "benchmarks.agenda", name, text)


if __name__ == "__main__":
    main()

"""The campaign: ``python -m tests.fuzz --minutes 5 --seed 1``, one target after the other.

It prints what each target came to. An input that fails is written to a file and printed as a row for
``regressions.jsonl``; with ``--keep`` the inputs that go new ways become the corpus. Not here: the search (``loop``).
"""

import argparse
import logging
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tests.fuzz.ground import own_ground
from tests.fuzz.loop import CORPUS, Campaign, read_lines, search, written
from tests.fuzz.page import write
from tests.fuzz.table import TARGETS
from tests.fuzz.targets.servers import GROUND


def main() -> int:
    """Run the campaign; return 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    parser.add_argument("--inputs", type=int, help="so many for each target, in place of minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--target", action="append", choices=list(TARGETS), help="only this one; may be repeated"
    )
    parser.add_argument("--keep", action="store_true", help="write the corpus anew")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/HOSTILE.md")
    parser.add_argument(
        "--failures", type=Path, default=Path("fuzz-failures"), help="where inputs go that fail"
    )
    parser.add_argument(
        "--servers", action="store_true", help="start Postgres and Valkey for the targets that need them"
    )
    given = parser.parse_args()
    with ExitStack() as stack:
        if given.servers or any(TARGETS[name].servers for name in given.target or ()):
            GROUND.append(stack.enter_context(own_ground()))
        return campaign(given)


def campaign(given: argparse.Namespace) -> int:
    """Go through the targets; return 1 where something failed."""
    # Warnings of the services are what hostile input brings about.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable(logging.WARNING)
    failed, campaigns = 0, {}
    print(f"seed {given.seed}", flush=True)
    for name in given.target or [name for name, target in TARGETS.items() if GROUND or not target.servers]:
        began_s = time.monotonic()
        seconds = given.minutes * 60 if given.inputs is None else None
        corpus = CORPUS / f"{name}.jsonl"
        found = search(
            TARGETS[name], given.seed, inputs=given.inputs, seconds=seconds, more=read_lines(corpus)
        )
        campaigns[name] = found, time.monotonic() - began_s
        report(*campaigns[name])
        for failure in found.failures.values():
            failed += 1
            given.failures.mkdir(exist_ok=True)
            path = given.failures / f"{name}-{failed}.json"
            path.write_text(failure.row + "\n", "utf-8")
            print(
                f"\n{failure.trace}\nwritten to {path}; as a row of regressions.jsonl:\n{failure.row}\n",
                flush=True,
            )
        if given.keep:
            CORPUS.mkdir(exist_ok=True)
            corpus.write_text("".join(f"{written(each)}\n" for each in found.distilled()), "utf-8")
    if given.write:
        write(campaigns)
    return 1 if failed else 0


def report(found: Campaign, seconds: float) -> None:
    """Print what a search came to."""
    outcomes = ", ".join(f"{name or '-'} {count}" for name, count in found.outcomes.most_common(12))
    print(
        f"{found.target.name}: {found.tried} inputs in {seconds:.0f} s, {len(found.seen)} ways, "
        f"{len(found.kept)} kept, "
        f"{found.meaningless} without meaning, at most {found.events_max} lines, {len(found.failures)} failures\n"
        f"    {outcomes}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())

"""The conversation of a day with tasks, as ``docs/A_DAY.md`` shows it: read from the page, played, written back.

``python -m tests.wiring.day`` plays it and writes what was printed into the page. Not here: what must hold of it
(``test_day``).
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from tests.servers import RUN_VARIABLE
from tests.wiring.installation import ROOT, environment

PAGE = ROOT / "docs" / "A_DAY.md"
BLOCK = re.compile(r"^```console day\n\$ \./openclaw (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "> "
# A press that nothing answers but this complaint, so that what was printed before belongs to the line before.
MARK, MARKED = ":0", "openclaw: there is no button 0;"


@frozen
class Run:
    """One start: its arguments, and the lines that were typed with what each printed."""

    arguments: Sequence[str]
    turns: Sequence[tuple[str, str]]


def runs_of(page: str) -> list[Run]:
    """Return the runs that a page shows."""
    found = []
    for arguments, text in BLOCK.findall(page):
        turns = [turn.partition("\n") for turn in re.split(rf"^{PROMPT}", text, flags=re.MULTILINE)[1:]]
        found.append(Run(shlex.split(arguments), [(typed, printed) for typed, _, printed in turns]))
    return found


def played(runs: Sequence[Run], data_dir: Path) -> list[Run]:
    """Return the runs as they go now, one after the other on the same data."""
    return [Run(run.arguments, list(_turns(run, data_dir))) for run in runs]


def _turns(run: Run, data_dir: Path) -> Iterator[tuple[str, str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", *run.arguments, "--data-dir", str(data_dir)],
        cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for typed in ("", *(typed for typed, _ in run.turns)):
                process.stdin.write(f"{typed}\n{MARK}\n")
                process.stdin.flush()
                printed = []
                while not (line := process.stdout.readline()).startswith(MARKED):
                    if not line:
                        raise AssertionError(f"it ended at {typed!r}: {''.join(printed)}")
                    printed.append(line)
                if typed:
                    yield typed, "".join(printed)
        finally:
            process.stdin.close()
            process.wait(60)


def written(page: str, runs: Sequence[Run]) -> str:
    """Return the page with these runs in place of its own."""
    following = iter(runs)

    def block(match: re.Match[str]) -> str:
        turns = "".join(f"{PROMPT}{typed}\n{printed}" for typed, printed in next(following).turns)
        return f"```console day\n$ ./openclaw {match[1]}\n{turns}```"

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    os.environ.setdefault(RUN_VARIABLE, "a day that is written down")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        shown = PAGE.read_text("utf-8")
        PAGE.write_text(written(shown, played(runs_of(shown), Path(folder) / "data")), "utf-8")

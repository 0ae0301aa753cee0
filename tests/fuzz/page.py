"""The table of targets in ``docs/HOSTILE.md``, with the figures of the last campaign of each.

Not here: the campaign.
"""

from collections.abc import Mapping

from tests.fuzz.loop import Campaign
from tests.fuzz.paths import ROOT
from tests.fuzz.table import TARGETS

PAGE = ROOT / "docs" / "HOSTILE.md"
BEGIN = "<!-- targets: made by python -m tests.fuzz --write -->"
END = "<!-- end of targets -->"
HEAD = ("target", "what comes in", "what may come of it", "inputs", "ways", "seconds")


def rows_of_page() -> dict[str, tuple[str, ...]]:
    """Return the cells of each row of the page behind the target's name."""
    _, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    lines = rest.partition(END)[0].strip().splitlines()[2:]
    cells = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return {row[0].strip(): row[1:] for row in cells}


def write(campaigns: Mapping[str, tuple[Campaign, float]]) -> None:
    """Write the table anew; targets that were not tried keep their figures."""
    known, lines = rows_of_page(), [f"| {' | '.join(HEAD)} |", "| --- " * len(HEAD) + "|"]
    for name, target in TARGETS.items():
        figures: tuple[str, ...] = known.get(name, ("", "", "0", "0", "0"))[2:]
        if name in campaigns:
            found, seconds = campaigns[name]
            figures = f"{found.tried:,}", f"{len(found.seen):,}", f"{seconds:.0f}"
        lines.append(f"| {' | '.join((name, target.comes_in, target.comes_out, *figures))} |")
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join((f"{before}{BEGIN}", *lines, f"{END}{after}")), "utf-8")

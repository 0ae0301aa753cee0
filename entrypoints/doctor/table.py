"""The table of all checks, in the order in which they are told; docs/DOCTOR.md is made from it.

``python -m entrypoints.doctor.table`` writes that page; a test holds it against what this would write. Not here: the
checks themselves (a module a group).
"""

from itertools import groupby
from operator import attrgetter
from pathlib import Path

from entrypoints.doctor import configuration, machine, postgres, redis, running, schema, telegram
from entrypoints.doctor.evidence import Evidence
from entrypoints.doctor.verdicts import Check

CHECKS: tuple[Check[Evidence], ...] = (
    *configuration.CHECKS,
    *machine.CHECKS,
    *postgres.CHECKS,
    *schema.CHECKS,
    *redis.CHECKS,
    *telegram.CHECKS,
    *running.CHECKS,
)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "DOCTOR.md"
BEGIN, END = (
    "<!-- checks: made by python -m entrypoints.doctor.table; do not edit -->\n",
    "<!-- end of checks -->\n",
)


def checks_text() -> str:
    """Return the part of the page that is made: a table a group."""
    parts = []
    for group, checks in groupby(CHECKS, key=attrgetter("group")):
        rows = [f"### {group}", "", "| check | looks at | names | remedy |", "|---|---|---|---|"]
        for check in checks:
            cells = (f"`{check.id}`", check.looks_at, check.names, check.remedy)
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def page_text(page: str) -> str:
    """Return ``page`` with the made part as it should be. Raises ValueError where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks the lines between which the checks stand")
    return f"{before}{BEGIN}\n{checks_text()}\n{END}{after}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page_text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""``openclaw doctor``: findings as text, the worst first, and as one JSON document of a stable shape.

Not here: finding them (``entrypoints.doctor``).
"""

import textwrap
from collections import Counter
from collections.abc import Sequence

from entrypoints.doctor.verdicts import Finding, Severity
from entrypoints.views.lines import COLUMNS, plain

# Raised when a reader of the document would have to change.
SHAPE = 1
CHARS_MAX = 2000
HEADS = {
    Severity.FAULT: "FAULT",
    Severity.WARNING: "WARNING",
    Severity.NOT_CHECKED: "NOT CHECKED",
    Severity.OK: "OK",
}
INDENT = "    "


def doctor_lines(findings: Sequence[Finding], *, everything: bool) -> list[str]:
    """Return the faults and warnings as text, with ``everything`` all findings, and what there is of each at the end.

    Checks that were not made are told by their reason, once each.
    """
    shown = list(HEADS) if everything else [Severity.FAULT, Severity.WARNING]
    lines: list[str] = []
    for severity in shown:
        for finding in findings:
            if finding.severity is severity:
                lines += [*_lines(finding), ""] if finding.remedy else _lines(finding)
        if lines and lines[-1]:
            lines.append("")
    if not everything:
        lines += _not_checked(findings)
    return [*lines, _summary(findings)]


def _lines(finding: Finding) -> list[str]:
    lines = [f"{HEADS[finding.severity]}  {finding.check}", *_wrapped(finding.found)]
    # A remedy is something to type, so it is not broken in the middle of it.
    return [*lines, f"{INDENT}-> {plain(finding.remedy, CHARS_MAX)}"] if finding.remedy else lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        plain(text, CHARS_MAX), COLUMNS, initial_indent=INDENT, subsequent_indent=INDENT,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _not_checked(findings: Sequence[Finding]) -> list[str]:
    """Return each reason for which something was not checked, with how many checks it kept from being made."""
    reasons = Counter(each.found for each in findings if each.severity is Severity.NOT_CHECKED)
    lines = []
    for reason, count in reasons.items():
        lines += _wrapped(f"{count} check{'s' if count > 1 else ''} not made: {reason}")
    return ["NOT CHECKED", *lines, ""] if lines else []


def _summary(findings: Sequence[Finding]) -> str:
    counts = count(findings)
    parts = [
        f"{counts['fault']} fault{'s' if counts['fault'] != 1 else ''}",
        f"{counts['warning']} warning{'s' if counts['warning'] != 1 else ''}",
        f"{counts['ok']} fine",
        f"{counts['not_checked']} not checked",
    ]
    return ", ".join(parts)


def count(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity."""
    return {severity.value: sum(each.severity is severity for each in findings) for severity in Severity}


def doctor_json(findings: Sequence[Finding], version: str) -> dict[str, object]:
    """Return every finding as one JSON document; docs/DOCTOR.md describes its shape."""
    counts = count(findings)
    return {
        "shape": SHAPE,
        "version": version,
        "healthy": counts["fault"] == 0,
        "counts": counts,
        "findings": [
            {
                "check": each.check,
                "severity": each.severity.value,
                "found": plain(each.found, CHARS_MAX),
                "remedy": plain(each.remedy, CHARS_MAX) or None,
            }
            for each in findings
        ],
    }

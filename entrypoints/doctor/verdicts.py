"""What a check is, and what it finds: a severity, a sentence, and the remedy.

Not here: the checks themselves (a module a group) and the evidence that they judge (``evidence``).
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

Evidence_contra = TypeVar("Evidence_contra", contravariant=True)
EXPECTED_OF_A_BUG = "report it with `openclaw version`"


class Severity(StrEnum):
    """How bad it is: a fault breaks a promise or a service, a warning may become one."""

    FAULT = "fault"
    WARNING = "warning"
    NOT_CHECKED = "not_checked"
    OK = "ok"


@frozen
class Verdict:
    """What a check found. Without ``remedy`` the one of the check's row holds."""

    severity: Severity
    found: str
    remedy: str = ""


def ok(found: str) -> Verdict:
    """Return the verdict that all is well."""
    return Verdict(Severity.OK, found)


def warning(found: str, remedy: str = "") -> Verdict:
    """Return the verdict that something may become a fault."""
    return Verdict(Severity.WARNING, found, remedy)


def fault(found: str, remedy: str = "") -> Verdict:
    """Return the verdict that something is broken."""
    return Verdict(Severity.FAULT, found, remedy)


def not_checked(why: str) -> Verdict:
    """Return the verdict that it could not be found out."""
    return Verdict(Severity.NOT_CHECKED, why)


class NotKnown(Exception):
    """The evidence does not have what a check needs; the text says why. The check counts as not checked."""


@frozen
class Check(Generic[Evidence_contra]):
    """One row of the table.

    ``id`` is stable: scripts go by it. ``looks_at``, ``names`` and ``remedy`` stand in docs/DOCTOR.md. ``judge``
    returns one verdict or several, and may raise NotKnown.
    """

    id: str
    looks_at: str
    names: str
    remedy: str
    judge: Callable[[Evidence_contra], Verdict | Iterable[Verdict]]

    @property
    def group(self) -> str:
        """What the check is about: the id up to its point."""
        return self.id.partition(".")[0]


@frozen
class Finding:
    """What one check found, as it is told. Only faults and warnings have a remedy."""

    check: str
    severity: Severity
    found: str
    remedy: str


def judged(
    checks: Iterable[Check[Evidence_contra]], evidence: Evidence_contra, hide: Callable[[str], str]
) -> tuple[Finding, ...]:
    """Return what every check finds, in their order; ``hide`` takes secrets out of what was found.

    A check that fails itself does not keep the others from being made.
    """
    found: list[Finding] = []
    for check in checks:
        for verdict in _verdicts(check, evidence):
            needs_remedy = verdict.severity in (Severity.FAULT, Severity.WARNING)
            remedy = (verdict.remedy or check.remedy) if needs_remedy else ""
            found.append(Finding(check.id, verdict.severity, hide(verdict.found), hide(remedy)))
    return tuple(found)


def _verdicts(check: Check[Evidence_contra], evidence: Evidence_contra) -> tuple[Verdict, ...]:
    try:
        given = check.judge(evidence)
        return (given,) if isinstance(given, Verdict) else tuple(given)
    except NotKnown as error:
        return (not_checked(str(error)),)
    except Exception as error:  # noqa: BLE001 - a server's odd answer to one check must not hide what the others find
        return (warning(f"the check itself failed ({type(error).__name__})", EXPECTED_OF_A_BUG),)

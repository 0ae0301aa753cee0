"""What a planted fault is: how it is planted, which check must name it, and the words that its remedy must have.

Not here: the faults themselves (``faults_*``).
"""

from collections.abc import Callable

from attrs import frozen

from entrypoints.doctor.verdicts import Severity
from tests.adapters.planted.ward import Ward

FAULT, WARNING = Severity.FAULT, Severity.WARNING


@frozen
class Planted:
    """One row. ``also`` are checks that rightly find the same fault; ``fresh`` plants it in a database of its own."""

    what: str
    check: str
    remedy: str
    plant: Callable[[Ward], object]
    severity: Severity = FAULT
    also: frozenset[str] = frozenset()
    fresh: bool = False

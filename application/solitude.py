"""Who has to fly alone: a row that ended its process twice is called for while nothing else of its sender is.

Every call in flight when a process dies becomes ambiguous, and a death of its row. A first one is taken for chance, as
nearly all are, so that a sender that was killed does not go through all it had in hand one by one. The last one before
a row is a dead letter is always its own: what merely flew beside it is not buried with it. Not here: who counts deaths
(``sender``), and when a row is a dead letter (``domain.retry``).
"""

from attrs import define, field

from application.changes import Head

ALONE_AFTER_DEATHS = 2


def alone_after(deaths_max: int) -> int:
    """Return after how many deaths a row flies alone, where ``deaths_max`` of them bury it."""
    return min(ALONE_AFTER_DEATHS, deaths_max - 1)


@define
class Air:
    """What one sender process has in flight, over all of its targets; every target is given the same one."""

    # After so many deaths a row flies alone.
    alone_after: int = ALONE_AFTER_DEATHS
    # The lanes in flight, with their targets, until what came of them is settled.
    flying: set[tuple[str, str]] = field(factory=set)
    # Which targets have a row that waits until nothing flies, in the order in which they asked.
    waiting: list[str] = field(factory=list)
    is_taken: bool = False

    def room(self, target: str, usual: int) -> int:
        """Return how many calls a target may claim now, where it might claim ``usual`` of them otherwise."""
        if self.is_taken:
            return 0
        if not self.waiting:
            return usual
        return min(usual, 1) if self.waiting[0] == target and not self.flying else 0

    def begin(self, target: str) -> None:
        """Forget that a target waits: its next round finds out again whether it has to."""
        self.waiting = [each for each in self.waiting if each != target]

    def must_wait(self, target: str, head: Head, *, among: int) -> bool:
        """Tell whether a row has to wait for the air to be empty; everybody makes room for it then."""
        if head.deaths + head.abandoned < self.alone_after or (among == 1 and not self.flying):
            return False
        if target not in self.waiting:
            self.waiting.append(target)
        return True

    def take_off(self, target: str, lane: str, head: Head) -> None:
        """Note that a lane is in flight now."""
        self.flying.add((target, lane))
        self.is_taken = self.is_taken or head.deaths >= self.alone_after

    def land(self, target: str, lane: str) -> None:
        """Note that what came of a lane's call is settled, or given up."""
        self.flying.discard((target, lane))
        self.is_taken = self.is_taken and bool(self.flying)

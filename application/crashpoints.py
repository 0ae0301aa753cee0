"""Names for every step of the protocol at which a process may die, so that tests can stop it exactly there.

The product reaches these points too and nothing happens. Not here: how a test ends a process.
"""

from typing import Protocol

GATEWAY_POINTS = ("gateway.received", "gateway.committed", "gateway.published", "gateway.answered")
BRAIN_POINTS = (
    "brain.consumed", "brain.read", "brain.marked", "brain.decided", "brain.applied", "brain.committed",
    "brain.told", "brain.published", "brain.acked",
)  # fmt: skip
SENDER_POINTS = (
    "sender.consumed", "sender.read", "sender.claimed", "sender.claim_committed", "sender.before_call",
    "sender.after_call", "sender.released", "sender.settled", "sender.settle_committed", "sender.published",
    "sender.acked",
)  # fmt: skip
# What an update passes on its way to the reply; what a due task passes before that.
POINTS = GATEWAY_POINTS + BRAIN_POINTS + SENDER_POINTS
SCHEDULER_POINTS = (
    "scheduler.read", "scheduler.marked", "scheduler.decided", "scheduler.applied", "scheduler.committed",
    "scheduler.published",
)  # fmt: skip
# What whoever tells admins of dead letters passes.
NOTICE_POINTS = ("notice.read", "notice.noted", "notice.committed", "notice.published")
ALL_POINTS = POINTS + SCHEDULER_POINTS + NOTICE_POINTS


class CrashPoints(Protocol):
    """Told of each point as it is reached."""

    def __call__(self, point: str) -> None:
        """Return, or never return."""


def no_crash(point: str) -> None:
    """Go on: what the product does at every point."""

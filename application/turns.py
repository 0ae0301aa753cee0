"""Whose turn it is where not everybody can be served at once: a chat that is quiet goes before chats with a backlog.

The idea is fair queueing with priority for sparse flows (https://www.rfc-editor.org/rfc/rfc8290#section-4.2): an
event that came up after its lane was last served waited behind nothing of its own, so its lane is quiet; every other
one stands in its lane's backlog. Lanes with a backlog take turns, and leave a part of what all lanes share to the
quiet ones. What is kept is a guess of one process that may be lost: it decides the order, never whether. Not here:
how much may be called (``domain.rates``).
"""

from attrs import define, evolve, field

from domain.rates import Limit

LANES_MAX = 10_000


@define
class Turns:
    """``yielding`` treats every lane as one with a backlog, for work that nobody waits for."""

    yielding: bool = False
    # When each lane was last served, the longest ago first; instants as in envelopes.
    _served_at: dict[str, str] = field(factory=dict)

    def is_quiet(self, lane: str, made_at: str) -> bool:
        """Tell whether an event that was made at ``made_at`` came up after its lane was last served."""
        return not self.yielding and made_at > self._served_at.get(lane, "")

    def place(self, lane: str, made_at: str) -> tuple[bool, str]:
        """Return what to sort by: quiet lanes first, by age; then the others, by who was served the longest ago.

        Where nobody is quiet, an event counts as made when its lane was last served, if that was later: all come in the
        order of their age, and a lane with many takes turns with the others.
        """
        quiet, served_at = self.is_quiet(lane, made_at), self._served_at.get(lane, "")
        if self.yielding:
            return True, max(made_at, served_at)
        return not quiet, made_at if quiet else served_at

    def served(self, lane: str, at: str) -> None:
        """Note that a lane is served."""
        self._served_at.pop(lane, None)
        if len(self._served_at) >= LANES_MAX:
            del self._served_at[next(iter(self._served_at))]
        self._served_at[lane] = at

    def share(self, shared: Limit, *, quiet: bool) -> Limit:
        """Return what a lane may take of a limit that all lanes share: quiet ones all of it, others half of a burst."""
        return shared if quiet else evolve(shared, burst=shared.burst - shared.burst // 2)

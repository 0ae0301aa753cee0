"""Lets work that comes in quick succession share transactions, without delaying work that comes alone.

The pause before the next transaction grows with the size of the last one. Below a certain rate it stays close to
nothing; above, each pause makes the next batch larger, up to a bound, and the fixed cost of a transaction is shared.
Not here: what is batched.
"""

from attrs import define, field

from application.ports import Clock


@define
class Pacer:
    """Spaces the beginnings of batches: ``each_s`` for each item of the last batch, ``max_s`` at most."""

    clock: Clock
    each_s: float = 0.0015
    max_s: float = 0.02
    _next_s: float = field(default=0.0)

    async def wait(self) -> None:
        """Wait until the next batch may begin."""
        wait_s = self._next_s - self.clock.steady()
        if wait_s > 0:
            await self.clock.sleep(min(wait_s, self.max_s))

    def begin(self, size: int) -> None:
        """Note that a batch of ``size`` items begins now."""
        self._next_s = self.clock.steady() + min(self.max_s, size * self.each_s)

"""Between a simulated process and a server: the way takes time, and goes wrong on purpose.

Every port of the product is taken by the same remote: each of its calls is a request that travels, an act of the server
at one moment, and an answer that travels back. A fault may stop the request (nothing was done) or the answer (it was
done, and nobody hears of it). Not here: transactions, which also end with their connection (``sessions``).
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from attrs import define, field

# How long a message is under way: mostly about as long as on one machine, now and then far longer.
TRAVEL_S, SLOW_TRAVEL_S, SLOW_ONE_IN, LATE_ONE_IN = 0.001, 0.05, 40, 3


@define(eq=False)
class Server:
    """What can go wrong with one server, for everybody: ``error`` makes what a client of it raises."""

    name: str
    error: Callable[[str], Exception]
    chance: random.Random
    down: bool = False
    slow_s: float = 0.0
    # How many of the coming requests, answers, commits and answers to commits are lost.
    losing: Counter[str] = field(factory=Counter)
    # How many were.
    lost: Counter[str] = field(factory=Counter)

    async def request(self) -> None:
        """Let a request arrive. Raises the server's error where it does not: nothing was done."""
        await self.travel()
        self._check()
        self.lose("request")

    async def answer(self) -> None:
        """Let an answer arrive. Raises the server's error where it does not: it was done all the same."""
        self.lose("answer")
        if (delay_s := self.answer_delay_s()) > 0:
            await asyncio.sleep(delay_s)

    def lose(self, what: str) -> None:
        """Raise the server's error if one of these is to be lost."""
        if self.loses(what):
            raise self.error(f"the simulated {self.name} lost the connection ({what})")

    def loses(self, what: str) -> bool:
        """Return whether one of these is to be lost, and count it."""
        if self.losing[what] <= 0:
            return False
        self.losing[what] -= 1
        self.lost[what] += 1
        return True

    def delay_s(self) -> float:
        """Return how long the next message is under way."""
        slow = self.chance.random() * SLOW_ONE_IN < 1
        return self.slow_s + self.chance.random() * (SLOW_TRAVEL_S if slow else TRAVEL_S)

    def answer_delay_s(self) -> float:
        """Return how long the next answer is under way; most come at once.

        To wait for each would double the steps of a run and show little more.
        """
        return self.delay_s() if self.slow_s or self.chance.random() * LATE_ONE_IN < 1 else 0.0

    def _check(self) -> None:
        if self.down:
            raise self.error(f"the simulated {self.name} is away")

    async def travel(self) -> None:
        """Take as long as a message is under way."""
        await asyncio.sleep(self.delay_s())


class Remote:
    """An object behind a server: what it has is seen at once, and what it does is asked for over the way there.

    ``nested`` are those of its attributes that are remote themselves; ``alive`` is asked as a request arrives, and
    raises where nobody is there any more to serve it.
    """

    def __init__(
        self, behind: object, server: Server, nested: frozenset[str] = frozenset(),
        alive: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._behind, self._server, self._nested, self._alive = behind, server, nested, alive

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if name in self._nested:
            return Remote(found, self._server, alive=self._alive)
        if not iscoroutinefunction(found):
            return found
        server, alive = self._server, self._alive

        async def asked(*given: Any, **more: Any) -> Any:
            await server.request()
            alive()
            result = await found(*given, **more)
            await server.answer()
            return result

        return asked

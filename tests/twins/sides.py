"""Two sides that are given the same operations, and how a difference between them is told.

Not here: which sides there are (``stage``, ``streams_machine`` and their like).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import asyncpg
import attrs
from attrs import frozen
from hypothesis.stateful import RuleBasedStateMachine

from adapters.postgres.pool import translated

Result = TypeVar("Result")

# How often the loop turns for a fake before we say that it waits.
TURNS = 20
# What is nobody's to handle is raised as it comes.
SAME_ERRORS = {"UniqueViolationError": "ValueError"}


class Diverged(AssertionError):
    """The two sides did not do the same."""


@frozen
class Told:
    """What came of an operation: a value, the name of an error, or that it waits for what another has locked."""

    value: object = None
    error: str = ""
    waits: bool = False


class Machine(RuleBasedStateMachine):
    """What drives two sides; ``seen`` counts what came of the operations."""

    stage: Any
    seen: Counter[str]

    @property
    def has_diverged(self) -> bool:
        """Whether this course has shown a difference already."""
        return bool(self.stage.has_diverged)


class Sides:
    """The event loop of both sides, and what came of the operations: ``seen`` counts that."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.seen: Counter[str] = Counter()
        self.has_diverged = False

    def end(self) -> None:
        """Let go of everything."""
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something on the event loop."""
        return self.loop.run_until_complete(work)

    def agreed(self, real: Told, fake: Told) -> Told:
        """Return what both sides tell. Raises Diverged."""
        found = "".join(differences(attrs.astuple(real, recurse=False), attrs.astuple(fake, recurse=False)))
        if found:
            self.has_diverged = True
            raise Diverged(f"the two sides differ{found}")
        return real

    def count(self, what: str, came: Told) -> None:
        """Note what came of something."""
        self.seen[
            f"{what} that wait" if came.waits else f"{what} with {came.error}" if came.error else what
        ] += 1


def differences(real: Any, fake: Any, place: str = "") -> Iterator[str]:
    """Yield where two values differ, as lines."""
    if isinstance(real, dict) and isinstance(fake, dict) and real.keys() == fake.keys():
        for key in real:
            yield from differences(real[key], fake[key], f"{place}[{key!r}]")
    elif isinstance(real, list | tuple) and isinstance(fake, list | tuple) and len(real) == len(fake):
        for number, pair in enumerate(zip(real, fake, strict=True)):
            yield from differences(*pair, f"{place}[{number}]")
    elif real != fake:
        yield f"\n{place or 'as a whole'}\n  real: {real!r}\n  fake: {fake!r}"


async def told(work: Awaitable[object], normal: Callable[[Any], object]) -> Told:
    """Return what comes of an operation, told by ``normal``."""
    try:
        # Within a round the driver's own errors come, which its end would turn into ours.
        with translated():
            return Told(normal(await work))
    except Exception as error:  # noqa: BLE001 - whatever comes is compared
        if isinstance(error.__cause__, asyncpg.LockNotAvailableError):
            return Told(waits=True)
        name = type(error).__name__
        return Told(error=SAME_ERRORS.get(name, name))


async def told_at_once(work: Awaitable[object], normal: Callable[[Any], object]) -> Told:
    """The same of the fake, which does not end by itself what waits."""
    task = asyncio.ensure_future(told(work, normal))
    for _ in range(TURNS):
        if task.done():
            return task.result()
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    return Told(waits=True)

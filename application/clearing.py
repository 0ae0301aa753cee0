"""Moving many dead letters in bounded batches, each a transaction of its own.

What is moved is bounded by the letters that were there at the beginning: one that is redriven and dies again meanwhile
is not moved again. Not here: what moving does (the port ``application.ports.DeadLetters``).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from attrs import define, frozen

from application.letters import Letter, LetterFilter, Moved
from application.ports import DeadLetters

BATCH = 500

Move = Callable[[Sequence[int]], Awaitable[Moved]]


@frozen
class Batch:
    """Letters that were moved together, and what became of them."""

    letters: Sequence[Letter]
    moved: Moved


@define
class Tally:
    """How many letters were moved so far; ``gone`` are those that somebody else had moved."""

    done: int = 0
    owed_already: int = 0
    gone: int = 0

    @property
    def all(self) -> int:
        """How many letters were looked after, whatever became of them."""
        return self.done + self.owed_already + self.gone

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        moved = len(batch.moved.done), len(batch.moved.owed_already)
        self.done += moved[0]
        self.owed_already += moved[1]
        self.gone += len(batch.letters) - sum(moved)


async def pages(letters: DeadLetters, wanted: LetterFilter, through: int) -> AsyncIterator[list[Letter]]:
    """Yield the matching letters with ids not above ``through``, oldest first, a batch at a time."""
    after = 0
    while page := await letters.oldest(wanted, after, through, BATCH):
        yield page
        after = page[-1].letter_id


async def cleared(
    given: AsyncIterator[list[Letter]], move: Move, stopped: Callable[[], bool]
) -> AsyncIterator[Batch]:
    """Move a batch after the other until none is left, or ``stopped`` says so between two of them."""
    async for page in given:
        if stopped():
            return
        yield Batch(page, await move([letter.letter_id for letter in page]))

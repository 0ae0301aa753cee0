"""What ``openclaw dlq redrive`` and ``discard`` have in common: trying it out, asking, moving in batches, telling.

Not here: their options (``commands.dead_letters``), and what moving does (``application.ports.DeadLetters``).
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import click
from attrs import define, field, frozen

from adapters.codec import Codec
from application.clearing import BATCH, Batch, Move, Tally, cleared, pages
from application.letters import Letter, LetterFilter
from application.ports import DeadLetters
from domain.errors import InvalidEvent
from entrypoints.exits import Exit, NothingFound
from entrypoints.views.letters import letter_json, letter_lines
from entrypoints.views.lines import json_text, print_lines


@frozen
class Act:
    """What is done to letters, in words: ``redrive``, ``redriven``."""

    verb: str
    done: str


@frozen
class Manner:
    """How it is done: only shown, without asking first, told as JSON."""

    dry_run: bool
    yes: bool
    as_json: bool


@define
class Clearing:
    """One run of a command over letters."""

    act: Act
    manner: Manner
    letters: DeadLetters
    move: Move
    tally: Tally = field(factory=Tally)
    codec: Codec = field(factory=Codec)
    # Letters that hold no event: whoever takes them up will reject them again.
    unreadable: int = 0

    async def named(self, found: Sequence[Letter]) -> int:
        """Do it to these letters and return the exit code."""

        async def given() -> AsyncIterator[list[Letter]]:
            for start in range(0, len(found), BATCH):
                yield list(found[start : start + BATCH])

        return await self._run(given(), len(found))

    async def matching(self, wanted: LetterFilter, that: str) -> int:
        """Do it to all letters that match, after asking; ``that`` says which they are. Return the exit code."""
        count = await self.letters.count(wanted)
        if not count.letters:
            raise NothingFound(f"there are no dead letters{that}")
        if not self.manner.dry_run and not self._is_wanted(count.letters, that):
            click.echo("nothing was changed", err=True)
            return Exit.OK
        return await self._run(pages(self.letters, wanted, count.last_id), count.letters)

    def _is_wanted(self, number: int, that: str) -> bool:
        if self.manner.yes:
            return True
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"{self.act.verb} {counted(number)}{that}? Nobody can be asked here; give --yes, or look with --dry-run"
            )
        return click.confirm(f"{self.act.verb} {counted(number)}{that}?", err=True)

    async def _run(self, given: AsyncIterator[list[Letter]], number: int) -> int:
        if self.manner.dry_run:
            return await self._show(given)
        with interruptible() as pressed:
            async for batch in cleared(given, self.move, pressed.is_set):
                self._tell(batch, number)
            return self._conclude(is_whole=not pressed.is_set() or self.tally.all >= number)

    async def _show(self, given: AsyncIterator[list[Letter]]) -> int:
        number = 0
        async for page in given:
            number += len(page)
            print_lines(
                (json_text(letter_json(letter)) for letter in page)
                if self.manner.as_json
                else letter_lines(page)
            )
        click.echo(f"openclaw: would {self.act.verb} {counted(number)}; nothing was changed", err=True)
        return Exit.OK

    def _tell(self, batch: Batch, number: int) -> None:
        self.tally.add(batch)
        done, owed_already = set(batch.moved.done), set(batch.moved.owed_already)
        for letter in batch.letters:
            result = (
                self.act.done if letter.letter_id in done
                else "owed already" if letter.letter_id in owed_already else "gone"
            )  # fmt: skip
            if self.manner.as_json:
                click.echo(json_text({"id": letter.letter_id, "event_id": letter.event_id, "result": result}))
            self.unreadable += letter.letter_id in done and not self._is_event(letter)
        if number > BATCH:
            click.echo(f"openclaw: {self.tally.done} of {number} {self.act.done}", err=True)

    def _is_event(self, letter: Letter) -> bool:
        try:
            self.codec.decode(letter.envelope)
        except InvalidEvent:
            return False
        return True

    def _conclude(self, *, is_whole: bool) -> int:
        tally = self.tally
        if not self.manner.as_json:
            click.echo(f"{counted(tally.done)} {self.act.done}")
        if tally.owed_already:
            click.echo(
                f"openclaw: {counted(tally.owed_already)} removed whose event was owed already", err=True
            )
        if tally.gone:
            click.echo(f"openclaw: {counted(tally.gone)} not there any more", err=True)
        if self.unreadable and self.act.verb == "redrive":
            click.echo(
                f"openclaw: {counted(self.unreadable)} without a valid event will be rejected again",
                err=True,
            )
        if not is_whole:
            click.echo("openclaw: ended by Ctrl-C between two batches; run it again to go on", err=True)
            return Exit.INTERRUPTED
        return Exit.OK if tally.done or tally.owed_already else Exit.NOTHING


def counted(number: int) -> str:
    """Return so many letters in words."""
    return f"{number} letter{'' if number == 1 else 's'}"


@contextmanager
def interruptible() -> Iterator[asyncio.Event]:
    """Turn the first Ctrl-C into an event, so that the batch under way ends and is counted; the second one ends it."""
    loop, task, pressed = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None

    def press() -> None:
        if pressed.is_set():
            task.cancel()
        pressed.set()

    loop.add_signal_handler(signal.SIGINT, press)
    try:
        yield pressed
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        loop.remove_signal_handler(signal.SIGINT)

"""What counts as a failure although nothing is raised: an error in the log, an exception that nobody took.

Services end no neighbour's work when something unforeseen happens: they log it and go on. So hostile input that is met
by that net alone would look well. Here it does not: whatever is logged as an error while an input is handled is a
failure of the input. Not here: what each target asks for besides (``targets``).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What the audit says of what nobody foresaw.
UNFORESEEN = (
    " in the handler",
    "its transaction failed",
    "not storable",
    "its handler made an invalid event",
    "in an unforeseen way",
)


# What the journal logs of a dead letter; its reasons are looked at.
FORESEEN = frozenset({"dead_lettered", "rejected"})


class Unforeseen(AssertionError):
    """Something happened that no rule is for; the text says what, and where."""


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "action", None) in FORESEEN:
            return
        text = f"{getattr(record, 'action', record.name)}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self.found.append(text)


@contextmanager
def watching() -> Iterator[None]:
    """Raise Unforeseen at the end of the block where anything was logged as an error within it."""
    errors, root = _Errors(), logging.getLogger()
    root.addHandler(errors)
    try:
        yield
    finally:
        root.removeHandler(errors)
    if errors.found:
        raise Unforeseen(errors.found[0])


def refuse_unforeseen(reasons: list[str]) -> None:
    """Raise Unforeseen where one of these reasons of the audit, or of a dead letter, says that nobody foresaw it."""
    for reason in reasons:
        if any(words in reason for words in UNFORESEEN):
            raise Unforeseen(reason)


def run(step: Callable[[], Awaitable[str]]) -> str:
    """Run ``step`` in an event loop of its own; what its tasks raised and nobody took is a failure, too."""
    lost: list[str] = []

    def note(_: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        lost.append(f"{context['message']}: {type(error).__name__ if error else ''} {error or ''}")

    async def watched() -> str:
        asyncio.get_running_loop().set_exception_handler(note)
        return await step()

    with asyncio.Runner() as runner:
        told = runner.run(watched())
    if lost:
        raise Unforeseen(lost[0])
    return told

"""What has to be asked of servers for a scrape: rarely, together, and never for longer than a scrape may take.

An answer serves all scrapes of the next few seconds. A server that does not answer in time is told as down, and its
numbers are left out rather than repeated; the question goes on in the background within its own bound, and nothing
asks again meanwhile. Not here: what is asked (``entrypoints.metering``).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from attrs import define, field

from application.ports import Clock
from domain.errors import OpenClawError

log = logging.getLogger("openclaw.metrics")

Answer = TypeVar("Answer")

FRESH_S = 5.0
WAIT_S = 1.0
ASK_S = 10.0


@define
class _Inquiry(Generic[Answer]):
    """One server's question, and the answer if it is fresh."""

    ask: Callable[[], Awaitable[Answer]]
    answer: Answer | None = None
    at_s: float = float("-inf")
    task: "asyncio.Task[None] | None" = None


@define
class Survey(Generic[Answer]):
    """Asks each server its question. ``answers`` is what is known after ``refresh``: None for a server that is away."""

    clock: Clock
    questions: Mapping[str, Callable[[], Awaitable[Answer]]]
    fresh_s: float = FRESH_S
    wait_s: float = WAIT_S
    ask_s: float = ASK_S
    _inquiries: dict[str, _Inquiry[Answer]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._inquiries = {name: _Inquiry(ask) for name, ask in self.questions.items()}

    @property
    def answers(self) -> Mapping[str, Answer | None]:
        """The fresh answers, by server."""
        return {name: each.answer for name, each in self._inquiries.items()}

    async def refresh(self) -> None:
        """Ask what is not fresh, all at once, and return when all have answered or ``wait_s`` seconds are over."""
        now_s = self.clock.steady()
        for each in self._inquiries.values():
            if now_s - each.at_s < self.fresh_s:
                continue
            each.answer = None
            if each.task is None or each.task.done():
                each.task = asyncio.create_task(self._ask(each), name="metrics-survey")
        running = {each.task for each in self._inquiries.values() if each.task and not each.task.done()}
        if running:
            await asyncio.wait(running, timeout=self.wait_s)

    async def _ask(self, inquiry: _Inquiry[Answer]) -> None:
        try:
            async with asyncio.timeout(self.ask_s):
                inquiry.answer = await inquiry.ask()
            inquiry.at_s = self.clock.steady()
        except Exception as error:  # noqa: BLE001 - whatever it was, the missing answer says that it is down
            if not isinstance(error, OpenClawError | TimeoutError):
                kind = type(error).__name__
                log.warning("a question for the metrics failed: %s", kind, extra={"action": "survey_failed"})

    async def close(self) -> None:
        """Give up what is being asked."""
        tasks = [each.task for each in self._inquiries.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

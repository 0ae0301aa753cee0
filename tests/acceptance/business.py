"""Given, when and then of the business rules on the in-memory harness. Not here: the rules (``test_harness*``)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.botworld import Fault, FaultKind
from application.brain import HANDLERS
from application.facts import Facts
from application.rounds import Decider
from domain.decisions import Decision
from domain.envelope import Event
from domain.events.telegram import MessageClass, TelegramSend
from entrypoints.harness import BOT_ID, Harness

ADMIN = 1
Handle = Callable[[Event, Facts], Decision | Awaitable[Decision]]


class Killed(BaseException):
    """A process died here."""


def expect_deaths() -> None:
    """Let tasks in which a process died end without a complaint of the running loop."""
    loop = asyncio.get_running_loop()

    def complain(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Killed):
            loop.default_exception_handler(context)

    loop.set_exception_handler(complain)


class KillAt:
    """Kills at a crash point, so many times."""

    def __init__(self) -> None:
        self.point = ""
        self.left = 0

    def __call__(self, point: str) -> None:
        if point == self.point and self.left > 0:
            self.left -= 1
            raise Killed(point)


def given_fault(
    harness: Harness, kind: FaultKind, *, method: str | None = "sendMessage", **more: Any
) -> None:
    """Plan what goes wrong with the next call."""
    harness.world.faults.add(Fault(kind, method, **more))


def given_refusal(harness: Harness, code: int, description: str, **more: Any) -> None:
    """Plan that Telegram refuses the next message."""
    given_fault(harness, FaultKind.REFUSE, code=code, description=description, **more)


def given_handler(harness: Harness, handle: Handle) -> None:
    """Let the brain handle messages by ``handle``, until it is restarted."""
    decider = harness.brain.runner
    assert isinstance(decider, Decider)
    decider.handlers = {**HANDLERS, "message.received": handle}


async def when_owed(harness: Harness, text: str, chat: int, *, bulk: bool = False, **more: Any) -> Event:
    """Owe a message to send, to the bulk lane of traffic where asked."""
    payload = TelegramSend(bot_id=BOT_ID, chat_id=chat, text=text, **more)
    return await harness.owe(payload, f"owed:{chat}:{text}", target="sender-bulk" if bulk else None)


async def when_reminded(harness: Harness, text: str, chat: int) -> Event:
    """Owe a reminder on the bulk lane of traffic."""
    return await when_owed(harness, text, chat, bulk=True, message_class=MessageClass.REMINDER)


async def when_time_passes(harness: Harness, seconds: float, step_s: float = 1.0) -> None:
    """Let time pass in steps, sweeping as the services do."""
    left_s = seconds
    while left_s > 0:
        await harness.advance(min(step_s, left_s))
        left_s -= step_s


async def outcomes(harness: Harness, **wanted: Any) -> Counter[str]:
    """Count the audit rows by outcome."""
    return Counter(row.outcome.value for row in await harness.audit(**wanted))


async def sends(harness: Harness) -> Counter[str]:
    """Count the audit rows of messages to send that the sender wrote, by outcome."""
    return await outcomes(harness, consumer="sender", event_type="telegram.send")


async def then_all_is_done(harness: Harness) -> None:
    """Nothing is owed, no letter is dead, and the streams hold nothing."""
    assert harness.owed == 0
    assert await harness.dead_letters() == []
    await then_streams_are_empty(harness)


async def then_streams_are_empty(harness: Harness) -> None:
    """No entry is left in any stream, and nobody holds one."""
    for target in ("brain", "sender", "sender-bulk"):
        depth = await harness.streams.depth(target)
        assert (depth.length, depth.pending) == (0, 0), target

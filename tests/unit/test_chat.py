"""The chat in the terminal, as far as piped lines go: each waits for its answer. Not here: the whole (``wiring``)."""

import asyncio
import io
from typing import Any, cast

from adapters.botworld.values import Effect
from adapters.telegram.simulator import SimulatorControl
from entrypoints.chat import Chat


class Control:
    """A control of the simulator that tells what comes, batch by batch."""

    def __init__(self, *batches: list[Effect]) -> None:
        self.batches = list(batches)
        self.said: list[str] = []

    async def say(self, chat_id: int, user_id: int, text: str) -> None:
        self.said.append(text)

    async def record(self, chat_id: int, after: int, wait_s: float) -> list[Effect]:
        return self.batches.pop(0) if self.batches else []


def an_effect(seq: int, method: str, **params: Any) -> Effect:
    return Effect(seq, 1, 1, method, None, 0.0, params)


async def test_that_the_bot_is_typing_is_no_answer() -> None:
    typing = an_effect(1, "sendChatAction", action="typing")
    control = Control([typing], [an_effect(2, "sendMessage", text="hello")])
    chat = Chat(cast(SimulatorControl, control), io.StringIO(), is_terminal=False)
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    for line in ("hello", None):
        lines.put_nowait(line)
    assert await chat.run(lines) == 0
    assert cast(io.StringIO, chat.out).getvalue() == "hello\n"
    assert control.said == ["hello"]

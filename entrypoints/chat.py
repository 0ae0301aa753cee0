"""A chat with the bot in the terminal: what is typed goes in as a Telegram update over HTTP, what the bot sends
comes back the same way.

Answers go to standard output, everything else to standard error. Not here: the simulated Telegram itself
(``adapters.telegram.simulator``).
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from attrs import define, field

from adapters.botworld.values import Effect
from adapters.telegram.simulator import SimulatorControl
from domain.errors import TelegramError

USER_ID = 1
CHAT_ID = 1
# How long a piped line waits for its answer, and how long it takes without a further message to call it complete.
ANSWER_S = 30.0
QUIET_S = 0.3
LINE_CHARS_MAX = 4096


@define
class Chat:
    """One person's private chat. ``is_terminal``: somebody types; otherwise lines are worked off one by one."""

    control: SimulatorControl
    out: TextIO
    is_terminal: bool
    seen: int = 0
    unanswered: int = field(default=0)

    async def run(self, lines: "asyncio.Queue[str | None]") -> int:
        """Chat until the lines end (None); return the exit code: 1 when a line got no answer."""
        printer = asyncio.create_task(self._print_for_ever()) if self.is_terminal else None
        self._prompt()
        while (line := await lines.get()) is not None:
            if line.strip():
                await self._say(line)
            else:
                self._prompt()
        if printer is not None:
            printer.cancel()
            with suppress(asyncio.CancelledError):
                await printer
        return 1 if self.unanswered else 0

    async def _say(self, line: str) -> None:
        if len(line) > LINE_CHARS_MAX:
            line = line[:LINE_CHARS_MAX]
            print(f"(cut to the {LINE_CHARS_MAX} characters that Telegram allows)", file=sys.stderr)
        await self.control.say(CHAT_ID, USER_ID, line)
        if not self.is_terminal and not await self._print_answer():
            self.unanswered += 1
            print(f"openclaw: no answer within {ANSWER_S:g} s", file=sys.stderr)
        while not self.is_terminal and await self._print_new(QUIET_S):
            pass

    async def _print_answer(self) -> bool:
        """Print what comes until something is shown: that the bot is typing is no answer. Tell whether it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                while not await self._print_new(ANSWER_S):
                    pass
                return True
        return False

    async def _print_new(self, wait_s: float) -> bool:
        """Print what is new, waiting so long for the first of it; tell whether anything was shown."""
        effects = await self.control.record(CHAT_ID, after=self.seen, wait_s=wait_s)
        texts = [text for effect in effects if (text := shown(effect)) is not None]
        self.seen = effects[-1].seq if effects else self.seen
        for text in texts:
            self.out.write(f"\r{text}\n" if self.is_terminal else f"{text}\n")
        self.out.flush()
        return bool(texts)

    async def _print_for_ever(self) -> None:
        while True:
            with suppress(TelegramError):
                if await self._print_new(20.0):
                    self._prompt()

    def _prompt(self) -> None:
        if self.is_terminal:
            self.out.write("> ")
            self.out.flush()


def shown(effect: Effect) -> str | None:
    """Return an effect as a line of the chat; None for what nobody sees there."""
    text: Any = effect.params.get("text")
    if not isinstance(text, str):
        return None
    return f"(edited) {text}" if effect.method == "editMessageText" else text


def read_lines(source: TextIO, put: Callable[[str | None], object]) -> threading.Thread:
    """Read lines from ``source`` in a thread, since a terminal, a pipe and a file all block; None ends them."""

    def read() -> None:
        with suppress(ValueError, OSError):
            for line in source:
                put(line.rstrip("\r\n"))
        put(None)

    thread = threading.Thread(target=read, name="chat-input", daemon=True)
    thread.start()
    return thread


async def chat(base_url: str, source: TextIO, out: TextIO, *, resumed: bool = False) -> int:
    """Chat over the simulator at ``base_url`` until ``source`` ends; return the exit code.

    ``resumed``: the simulator has been running; what reached the chat before is not shown again.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    read_lines(source, lambda line: loop.call_soon_threadsafe(lines.put_nowait, line))
    async with SimulatorControl(base_url) as control:
        earlier = await control.record(CHAT_ID) if resumed else []
        seen = earlier[-1].seq if earlier else 0
        return await Chat(control, out, source.isatty() and out.isatty(), seen).run(lines)

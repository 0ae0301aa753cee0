"""A chat with the bot in the terminal: what is typed goes in as a Telegram update over HTTP, what the bot sends
comes back the same way.

Answers go to standard output, everything else to standard error. Buttons have numbers, and a line such as ``:3`` is a
press; ``:clock 9:00`` lets time pass where there is a clock to move. Not here: the simulated Telegram itself
(``adapters.telegram.simulator``), and moving the clock (``daylong``).
"""

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from attrs import define, field

from adapters.botworld.values import Effect
from adapters.telegram.simulator import SimulatorControl, SimulatorError
from domain.errors import NotSent, OpenClawError, TelegramError

USER_ID = 1
CHAT_ID = 1
# How long a piped line waits for its answer, and how long it takes without a further message to call it complete.
ANSWER_S = 30.0
QUIET_S = 0.3
LINE_CHARS_MAX = 4096
# How often the simulator is looked for at the start, and the pause in between.
MEETINGS_MAX, MEETING_S = 300, 0.1
PRESS = re.compile(r":(\d{1,9})")
CLOCK = re.compile(r":clock\b(.*)")

# Lets time pass up to the instant that a phrase means, and tells each stop on the way.
Passing = Callable[[str], AsyncIterator[str]]
# Waits until everything that is due was said.
Rest = Callable[[], Awaitable[object]]


@define
class Chat:
    """One person's private chat. ``is_terminal``: somebody types; otherwise lines are worked off one by one.

    ``passing`` lets time pass, where the clock can be moved; ``rest`` waits for the rest of an answer, where it can be
    known. Buttons are numbered as they are shown, each anew.
    """

    control: SimulatorControl
    out: TextIO
    is_terminal: bool
    seen: int = 0
    passing: Passing | None = None
    rest: Rest | None = None
    unanswered: int = field(default=0)
    # The message and the data of each button that was shown, from 1.
    buttons: list[tuple[int, str]] = field(factory=list)
    # Whoever prints holds it, so that what belongs together stands together.
    printing: asyncio.Lock = field(factory=asyncio.Lock)

    async def run(self, lines: "asyncio.Queue[str | None]") -> int:
        """Chat until the lines end (None); return the exit code: 1 when a line got no answer."""
        printer = asyncio.create_task(self._print_for_ever()) if self.is_terminal else None
        self._prompt()
        while (line := await lines.get()) is not None:
            if (clock := CLOCK.fullmatch(line.strip())) is not None:
                await self._pass(clock[1].strip())
            elif (press := PRESS.fullmatch(line.strip())) is not None:
                await self._press(int(press[1]))
            elif line.strip():
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
        await self._await_answer()

    async def _press(self, number: int) -> None:
        if not 1 <= number <= len(self.buttons):
            many = f"they go from :1 to :{len(self.buttons)}" if self.buttons else "none was shown yet"
            self._complain(f"there is no button {number}; {many}")
            return
        message_id, data = self.buttons[number - 1]
        try:
            await self.control.press(CHAT_ID, USER_ID, message_id, data)
        except SimulatorError:
            # As in an app: what the message does not show any more cannot be pressed.
            self._complain(f"button {number} is gone, since its message has changed or was deleted")
            return
        await self._await_answer()

    async def _pass(self, phrase: str) -> None:
        """Let time pass, each stop at which something was said above that, and where it ends."""
        if self.passing is None:
            self._complain("only `openclaw up` with servers of its own has a clock that can be moved")
            return
        if not phrase:
            self._complain("until when? For example :clock 12:30, :clock in 2 hours or :clock tomorrow 9:00")
            return
        async with self.printing:
            try:
                if self.rest is not None:
                    await self.rest()
                await self._print_new(0.0)
                silent = last = ""
                async for stop in self.passing(phrase):
                    said = await self.control.record(CHAT_ID, after=self.seen, wait_s=0.0)
                    silent = "" if any(map(shown, said)) else stop
                    if not silent:
                        # Stops within a minute read the same.
                        self._tell(stop if stop != last else "")
                        self._print(said)
                        last = stop
                if silent:
                    self._tell(silent)
            except OpenClawError as error:
                self._complain(str(error))
                return
        self._prompt()

    def _tell(self, stop: str) -> None:
        if not stop:
            return
        self.out.write(f"\r-- {stop}\n" if self.is_terminal else f"-- {stop}\n")
        self.out.flush()

    def _complain(self, sentence: str) -> None:
        print(f"openclaw: {sentence}", file=sys.stderr, flush=True)
        self._prompt()

    async def _await_answer(self) -> None:
        """Print the answer of a piped line before the next line is read; a person at a terminal sees it come."""
        if self.is_terminal:
            return
        if not await self._print_answer():
            self.unanswered += 1
            print(f"openclaw: no answer within {ANSWER_S:g} s", file=sys.stderr)
        if self.rest is not None:
            with suppress(OpenClawError):
                await self.rest()
        while await self._print_new(QUIET_S if self.rest is None else 0.0):
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
        return self._print(effects)

    def _print(self, effects: Sequence[Effect]) -> bool:
        # What was printed meanwhile by another is not printed again.
        fresh = [effect for effect in effects if effect.seq > self.seen]
        texts = [text for effect in fresh if (text := self._shown(effect)) is not None]
        self.seen = fresh[-1].seq if fresh else self.seen
        for text in texts:
            self.out.write(f"\r{text}\n" if self.is_terminal else f"{text}\n")
        self.out.flush()
        return bool(texts)

    def _shown(self, effect: Effect) -> str | None:
        """Return an effect as lines of the chat, its buttons with the numbers to press them by."""
        text = shown(effect)
        if text is None or effect.message_id is None:
            return text
        return "\n".join([text, *(self._row(effect.message_id, row) for row in keyboard_of(effect))])

    def _row(self, message_id: int, row: Sequence[Mapping[str, Any]]) -> str:
        shown_as = []
        for button in row:
            if "callback_data" in button:
                self.buttons.append((message_id, button["callback_data"]))
                shown_as.append(f"[:{len(self.buttons)} {button['text']}]")
        return "  " + " ".join(shown_as)

    async def _print_for_ever(self) -> None:
        while True:
            with suppress(TelegramError):
                effects = await self.control.record(CHAT_ID, after=self.seen, wait_s=20.0)
                async with self.printing:
                    if self._print(effects):
                        self._prompt()

    def _prompt(self) -> None:
        if self.is_terminal:
            self.out.write("> ")
            self.out.flush()


def shown(effect: Effect) -> str | None:
    """Return an effect as a line of the chat; None for what nobody sees there."""
    text: Any = effect.params.get("text")
    if not isinstance(text, str) or not text:
        return None
    if effect.method == "answerCallbackQuery":
        return f"({text})"
    return f"(edited) {text}" if effect.method == "editMessageText" else text


def keyboard_of(effect: Effect) -> Sequence[Sequence[Mapping[str, Any]]]:
    """Return the rows of a message's buttons."""
    markup: Any = effect.params.get("reply_markup")
    if isinstance(markup, str):
        markup = json.loads(markup)
    return markup.get("inline_keyboard", ()) if isinstance(markup, dict) else ()


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


async def _met(control: SimulatorControl) -> Sequence[Effect]:
    """Return what reached the chat so far. The simulator may still be starting, as everything does that was forked."""
    for _ in range(MEETINGS_MAX):
        try:
            return await control.record(CHAT_ID, after=0, wait_s=0.0)
        except NotSent:
            await asyncio.sleep(MEETING_S)
    raise OpenClawError("the simulated Telegram does not answer; its log says why, start again")


async def chat(
    base_url: str,
    source: TextIO,
    out: TextIO,
    *,
    resumed: bool = False,
    passing: Passing | None = None,
    rest: Rest | None = None,
) -> int:
    """Chat over the simulator at ``base_url`` until ``source`` ends; return the exit code.

    ``resumed``: the simulator has been running; what reached the chat before is not shown again. ``passing`` and
    ``rest`` are as in ``Chat``.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    read_lines(source, lambda line: loop.call_soon_threadsafe(lines.put_nowait, line))
    async with SimulatorControl(base_url) as control:
        earlier = await _met(control)
        seen = earlier[-1].seq if resumed and earlier else 0
        return await Chat(control, out, source.isatty() and out.isatty(), seen, passing, rest).run(lines)

"""The chat in the terminal, as far as piped lines go: each waits for its answer, buttons are pressed, time passes.

Not here: the whole (``wiring``).
"""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

import entrypoints.chat
from adapters.botworld.values import Effect
from adapters.telegram.simulator import SimulatorControl, SimulatorError
from domain.errors import NotSent, OpenClawError
from entrypoints.chat import Chat, Passing, _met


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


class Pressed(Control):
    """A control that takes presses, too."""

    def __init__(self, *batches: list[Effect]) -> None:
        super().__init__(*batches)
        self.pressed: list[tuple[int, str]] = []

    async def press(self, chat_id: int, user_id: int, message_id: int, data: str) -> None:
        self.pressed.append((message_id, data))


def a_keyboard(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
    }


async def typed(control: Control, *lines: str, passing: Passing | None = None) -> tuple[str, int]:
    """Return what a chat of piped lines prints, and its exit code."""
    out = io.StringIO()
    chat = Chat(cast(SimulatorControl, control), out, is_terminal=False, passing=passing)
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    for line in (*lines, None):
        queue.put_nowait(line)
    code = await chat.run(queue)
    return out.getvalue(), code


async def test_buttons_have_numbers_which_press_them() -> None:
    keyboard = a_keyboard([("Done", "d:1")], [("10 min", "s:1"), ("1 h", "s:2")])
    asked = Effect(1, 1, 1, "sendMessage", 70, 0.0, {"text": "milk", "reply_markup": keyboard})
    edited = Effect(3, 1, 1, "editMessageText", 70, 0.0, {"text": "milk, done"})
    control = Pressed([asked], [], [an_effect(2, "answerCallbackQuery", text="Done."), edited], [])
    printed, code = await typed(control, "/remind", ":3")
    assert printed == "milk\n  [:1 Done]\n  [:2 10 min] [:3 1 h]\n(Done.)\n(edited) milk, done\n"
    assert (control.pressed, control.said, code) == ([(70, "s:2")], ["/remind"], 0)


async def test_a_number_without_a_button_is_refused_and_sent_to_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    control = Pressed()
    printed, code = await typed(control, ":1", ":0")
    assert (printed, control.pressed, control.said, code) == ("", [], [], 0)
    assert capsys.readouterr().err == (
        "openclaw: there is no button 1; none was shown yet\nopenclaw: there is no button 0; none was shown yet\n"
    )


async def test_time_passes_stop_by_stop_each_above_what_was_said_there() -> None:
    control = Control(
        [an_effect(1, "sendMessage", text="before")],
        [an_effect(2, "sendMessage", text="milk!")],
        [an_effect(3, "sendChatAction", action="typing")],
        [an_effect(4, "sendMessage", text="bread!")],
        [],
    )
    asked = []

    async def passing(phrase: str) -> AsyncIterator[str]:
        asked.append(phrase)
        for stop in ("9:00", "9:30", "10:00", "10:05"):
            yield stop

    printed, code = await typed(control, ":clock in 2 h", passing=passing)
    assert printed == "before\n-- 9:00\nmilk!\n-- 10:00\nbread!\n-- 10:05\n"
    assert (asked, code) == (["in 2 h"], 0)


async def test_a_time_that_is_none_and_a_clock_that_cannot_be_moved_are_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def passing(phrase: str) -> AsyncIterator[str]:
        raise OpenClawError(f"{phrase} is no instant")
        yield

    assert await typed(Control(), ":clock soon", passing=passing) == ("", 0)
    assert await typed(Control(), ":clock 9:00") == ("", 0)
    assert capsys.readouterr().err == (
        "openclaw: soon is no instant\n"
        "openclaw: only `openclaw up` with servers of its own has a clock that can be moved\n"
    )


async def test_other_lines_with_a_colon_are_words_to_the_bot() -> None:
    answers = [[an_effect(n, "sendMessage", text="?")] for n in (1, 2, 3)]
    control = Control(answers[0], [], answers[1], [], answers[2])
    await typed(control, ":)", ":clocks", ": 1")
    assert control.said == [":)", ":clocks", ": 1"]


async def test_a_button_that_its_message_lost_is_told_and_the_chat_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Gone(Pressed):
        async def press(self, chat_id: int, user_id: int, message_id: int, data: str) -> None:
            raise SimulatorError("the message has no such button")

    asked = Effect(
        1, 1, 1, "sendMessage", 70, 0.0, {"text": "milk", "reply_markup": a_keyboard([("Done", "d")])}
    )
    control = Gone([asked], [], [an_effect(2, "sendMessage", text="hello")])
    assert await typed(control, "/remind", ":1", "hello") == ("milk\n  [:1 Done]\nhello\n", 0)
    assert (
        capsys.readouterr().err
        == "openclaw: button 1 is gone, since its message has changed or was deleted\n"
    )


async def test_stops_that_read_the_same_are_shown_once_and_no_time_at_all_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def passing(phrase: str) -> AsyncIterator[str]:
        for stop in ("9:00", "9:00", "9:30"):
            yield stop

    control = Control([], *([an_effect(n, "sendMessage", text=str(n))] for n in (1, 2)))
    assert await typed(control, ":clock", ":clock 9:30", passing=passing) == ("-- 9:00\n1\n2\n-- 9:30\n", 0)
    assert capsys.readouterr().err.startswith("openclaw: until when? For example :clock 12:30")


class Starting(Control):
    """A control of a simulator that is still starting."""

    left = 2

    async def record(self, chat_id: int, after: int, wait_s: float) -> list[Effect]:
        if self.left:
            self.left -= 1
            raise NotSent("no connection")
        return await super().record(chat_id, after, wait_s)


async def test_a_simulator_that_still_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrypoints.chat, "MEETING_S", 0.0)
    said = an_effect(1, "sendMessage", text="earlier")
    assert await _met(cast(SimulatorControl, Starting([said]))) == [said]
    monkeypatch.setattr(Starting, "left", 1000)
    with pytest.raises(OpenClawError, match="does not answer"):
        await _met(cast(SimulatorControl, Starting()))

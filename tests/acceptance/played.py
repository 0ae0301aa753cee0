"""Conversations as pages show them, played in one process: what was typed is read from the page, the rest is printed.
Each section of a page begins anew, at one instant and with a time zone that is known unless the section asks for it.

A line of a conversation that begins with ``> `` is typed in private; ``Ann> `` and ``Ben> `` are written in a group. A
line of ``[Done]`` is a press of the button that was shown last with that label. ``-- 18:00`` lets time pass up to the
instant that is meant, and is no line of the chat; behind it may stand what goes wrong (``AWAY``, ``BROKEN``).
``python -m tests.acceptance.played`` writes the page anew. Not here: that the page is held against it (the test).
"""

import asyncio
import re
from collections.abc import Iterator

from attrs import define, field

from adapters.botworld.values import Effect, FaultKind
from adapters.calendar.recurrence import DateutilCalendar
from application.phrases import Phrases
from application.timing import Timing
from domain.tasks.times import Understood
from domain.tasks.values import Status
from entrypoints.chat import keyboard_of, shown
from entrypoints.harness import BOT_NAME, Harness
from tests.acceptance.business import given_fault
from tests.tidy.sources import ROOT

PAGE = ROOT / "docs" / "TASKS.md"

PEOPLE = {"Ann": 7, "Ben": 8}
GROUP = -50
ZONE = "Europe/Berlin"
# Thursday, 26 November 2026, 9:00 there.
BEGIN_S = 1_795_680_000.0
TYPED = re.compile(r"(?P<who>[A-Z][a-z]*)?> (?P<text>.*)")
STAGE = re.compile(r"-- (?P<phrase>[^,]+)(?:, (?P<wrong>.+))?")
AWAY = "and the bot did not run meanwhile"
BROKEN = "and the line to Telegram breaks in the middle"
CONVERSATION = re.compile(r"^```text chat\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@define
class Play:
    """Conversations with one bot, to whom nobody has spoken before; one goes on where the last ended."""

    harness: Harness = field(factory=Harness)
    _seen: dict[int, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.harness.clock.jump(BEGIN_S - self.harness.clock.now())
        for name, user in PEOPLE.items():
            self.harness.world.add_user(user, first_name=name, username=f"{name.lower()}_b")
        self.harness.world.add_group(GROUP, "Flat")

    async def know_zone(self) -> None:
        """Let the zone be known to the private chat, and show nothing of that."""
        await self.harness.say(PEOPLE["Ann"], PEOPLE["Ann"], f"/timezone {ZONE}")
        list(self._news())

    async def printed(self, body: str) -> str:
        """Play the lines of ``body`` that people typed, and return how the whole reads."""
        lines = []
        for line in body.splitlines():
            typed = TYPED.fullmatch(line)
            if typed is not None:
                user, chat = PEOPLE[typed["who"] or "Ann"], GROUP if typed["who"] else PEOPLE["Ann"]
                lines += [line, *await self._typed(user, chat, typed["text"])]
            elif (stage := STAGE.fullmatch(line)) is not None:
                lines += [line, *await self._passing(stage["phrase"], stage["wrong"])]
        return "".join(f"{line}\n" for line in lines)

    async def _typed(self, user: int, chat: int, text: str) -> list[str]:
        press = re.fullmatch(r"\[(.+)\]", text)
        if press is None:
            command = re.sub(r"^(/\w+)", rf"\1@{BOT_NAME}", text) if chat < 0 else text
            await self.harness.say(user, chat, command)
        else:
            message, data = self._button(chat, press[1])
            await self.harness.press(user, chat, message, data)
        return list(self._news())

    def _button(self, chat: int, label: str) -> tuple[int, str]:
        """Return message and data of the button that was shown last with a label."""
        for effect in reversed(self.harness.world.record.of_chat(chat)):
            for button in (each for row in keyboard_of(effect) for each in row):
                if button["text"] == label and effect.message_id is not None:
                    return effect.message_id, button["callback_data"]
        raise AssertionError(f"no button was shown that says {label}")

    async def _passing(self, phrase: str, wrong: str | None) -> list[str]:
        """Let time pass stop by stop, at each instant for which a task waits."""
        clock = self.harness.clock
        goal = Timing(Phrases(DateutilCalendar())).understand(
            phrase, now=clock.now(), zone=ZONE, language="en", needed=True
        )
        assert isinstance(goal, Understood), f"{phrase} is no instant"
        assert wrong in (None, AWAY, BROKEN)
        if wrong == AWAY:
            self.harness.clock.jump(goal.at - clock.now())
            await self.harness.settle()
            return list(self._news())
        if wrong == BROKEN:
            given_fault(self.harness, FaultKind.RESET_AFTER)
        lines: list[str] = []
        while clock.now() < goal.at:
            await self.harness.advance(min([goal.at, *self._waiting()]) - clock.now())
            lines += self._news()
        return lines

    def _waiting(self) -> list[float]:
        rows = self.harness.database.tables.tasks.tasks.values()
        return [
            row.task.remind_at for row in rows
            if row.task.remind_at is not None and row.task.status is Status.OPEN
        ]  # fmt: skip

    def _news(self) -> Iterator[str]:
        """Yield what the chats have that was not shown yet, with the rows of its buttons."""
        for chat in (PEOPLE["Ann"], GROUP):
            effects = self.harness.world.record.of_chat(chat)
            for effect in effects[self._seen.get(chat, 0) :]:
                text = shown(effect)
                if text is not None:
                    yield from text.split("\n")
                    yield from _rows(effect)
            self._seen[chat] = len(effects)


def _rows(effect: Effect) -> Iterator[str]:
    for row in keyboard_of(effect):
        yield "  " + " ".join(f"[{button['text']}]" for button in row)


async def replayed(page: str) -> str:
    """Return a page with the conversations of its sections as they read when they are played."""
    return "".join([await _section(text) for text in re.split(r"^(?=## )", page, flags=re.MULTILINE)])


async def _section(text: str) -> str:
    play, parts, at = Play(), [], 0
    if "> /timezone" not in text:
        await play.know_zone()
    for found in CONVERSATION.finditer(text):
        parts += [text[at : found.start("body")], await play.printed(found["body"])]
        at = found.end("body")
    return "".join([*parts, text[at:]])


if __name__ == "__main__":
    PAGE.write_text(asyncio.run(replayed(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")

"""Carries a scripted conversation out against the simulator and compares what is seen, step by step.

A step is over when everything that it expects has come. One that expects nothing is over when the bot has taken its
updates and answered somebody else since; what comes too late is found by ``close``, which counts everything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import define, field

from adapters.botworld import Effect
from adapters.telegram.client import HttpTelegram
from adapters.telegram.simulator import SimulatorControl
from tests.foreign.places import PEOPLE
from tests.foreign.script import Do, Edit, Fail, Left, On, Press, Say, See, Step

PATIENCE_S = 10.0
POLL_S = 0.005
# Somebody who has nothing to do with the conversation.
BYSTANDER = 999


async def nothing() -> None:
    """Leave a bot that runs by itself alone."""


@define
class Stage:
    """One bot in a simulator, and the people who act.

    ``settle`` is called after they acted, for a bot that does not run by itself. ``passed_over`` are methods whose
    effects are not looked at.
    """

    control: SimulatorControl
    bot: HttpTelegram
    base_url: str
    username: str
    settle: Callable[[], Awaitable[None]] = nothing
    passed_over: frozenset[str] = frozenset()
    _named: dict[str, tuple[int, int]] = field(factory=dict)
    _seen: dict[int, int] = field(factory=dict)
    _matched: int = 0

    async def play(self, step: Step, sees: Sequence[See] | None = None) -> None:
        """Do what ``step`` says and see what it promises, or ``sees`` instead.

        Raises AssertionError with the step's text at the beginning.
        """
        sees = step.sees if sees is None else sees
        shown: list[int] = []
        for act in step.acts:
            shown += await self._act(act)
        await self.settle()
        if step.hidden:
            assert not shown, f"{step.what}: the bot was shown it"
        for place in dict.fromkeys(see.place for see in sees):
            await self._see(step, place, [see for see in sees if see.place == place])
        if not sees:
            await self._let_pass()

    async def close(self) -> None:
        """See that nothing came beside what the steps saw."""
        await self._let_pass()
        places = (await self.control.act("chats"))["chat_ids"]
        effects = [
            effect
            for place in places
            for effect in self._without_passed_over(await self.control.record(place))
        ]
        late = [
            f"{effect.method} {effect.text!r} in {effect.chat_id}"
            for effect in effects
            if effect.seq > self._seen.get(effect.chat_id, 0)
        ]
        assert not late, f"nobody expected {late}"
        assert len(effects) == self._matched, (
            f"{len(effects)} effects, of which {self._matched} were expected"
        )

    # What people do

    async def _act(self, act: object) -> Sequence[int]:
        match act:
            case Say():
                return await self._say(act)
            case Edit():
                said = await self.control.edit(*self._named[act.message], self._filled(act.text) or "")
                return said.update_ids
            case Press():
                place, message_id = self._named[act.message]
                message = await self.control.message(place, message_id)
                data = {button["text"]: button["callback_data"] for button in buttons_of(message)}[act.label]
                await self.control.press(place, act.who, message_id, data)
            case Do():
                await self.control.act(act.action, **act.fields)
            case On():
                place, message_id = self._named[act.message]
                await self.control.act(act.action, chat_id=place, message_id=message_id, **act.fields)
            case Left():
                button = {"text": act.label, "callback_data": "left behind"}
                params = {"text": act.text, "reply_markup": {"inline_keyboard": [[button]]}}
                await self.bot.call("sendMessage", {"chat_id": act.place, **params}, PATIENCE_S)
            case Fail():
                await self.control.add_fault(act.fault)
        return ()

    async def _say(self, act: Say) -> Sequence[int]:
        more = {"first_name": PEOPLE.get(act.who), **act.more}
        if act.thread is not None:
            more["thread_id"] = act.thread
        if act.reply_to:
            more["reply_to"] = self._named[act.reply_to][1]
        if "caption" in more:
            more["caption"] = self._filled(more["caption"])
        said = await self.control.say(act.place, act.who, self._filled(act.text), **more)
        if act.name:
            self._named[act.name] = (act.place, said.message_id)
        return said.update_ids

    def _filled(self, text: str | None) -> str | None:
        return text.replace("{bot}", self.username) if text is not None else None

    # What they see

    async def _see(self, step: Step, place: int, sees: Sequence[See]) -> None:
        what = step.what
        found: list[Effect] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(found) < len(sees):
                    found += await self._new_in(place)
        except TimeoutError:
            texts = [f"{effect.method} {effect.text!r}" for effect in found]
            raise AssertionError(f"{what}: {len(found)} of {len(sees)} reached {place}: {texts}") from None
        assert len(found) == len(sees), f"{what}: {[effect.text for effect in found]}"
        if not step.in_order:
            found.sort(key=lambda effect: effect.text or "")
            sees = sorted(sees, key=lambda see: see.text or "")
        for see, effect in zip(sees, found, strict=True):
            await self._compare(what, see, effect)
            self._matched += 1

    async def _new_in(self, place: int) -> list[Effect]:
        """Wait for something new in a chat and return it, without what is passed over."""
        new = await self.control.record(place, after=self._seen.get(place, 0), wait_s=PATIENCE_S)
        if new:
            self._seen[place] = new[-1].seq
        return self._without_passed_over(new)

    def _without_passed_over(self, effects: Sequence[Effect]) -> list[Effect]:
        return [effect for effect in effects if effect.method not in self.passed_over]

    async def _compare(self, what: str, see: See, effect: Effect) -> None:
        where = f"{what}: in {see.place}"
        assert effect.method == see.method, f"{where}: {effect.method}, expected {see.method}"
        given = {name: effect.params.get(name) for name in see.params}
        assert given == dict(see.params), f"{where}: {given}, expected {see.params}"
        if effect.message_id is None or see.deleted:
            return
        message = await self.control.message(effect.chat_id, effect.message_id)
        if see.name:
            self._named[see.name] = (effect.chat_id, effect.message_id)
        compare_message(where, see, message, self._filled(see.text), self._named)

    async def _let_pass(self) -> None:
        """Wait until the bot has taken every update, and then until it has answered somebody else."""
        async with asyncio.timeout(PATIENCE_S):
            while sum((await self.control.counters())["pending_updates"].values()):
                await asyncio.sleep(POLL_S)
        await self.control.say(BYSTANDER, BYSTANDER, "still there?")
        await self.settle()
        async with asyncio.timeout(PATIENCE_S):
            while not await self._new_in(BYSTANDER):
                pass
        self._matched += 1


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the buttons under a message, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def compare_message(
    where: str, see: See, message: dict[str, Any], text: str | None, named: dict[str, tuple[int, int]]
) -> None:
    """Compare a message as it stands with what is expected of it. Raises AssertionError."""
    stands = {
        "text": message.get("text", message.get("caption")),
        "entities": tuple(
            each["type"] for each in message.get("entities", message.get("caption_entities", ()))
        ),
        "thread": message.get("message_thread_id"),
        "buttons": tuple(button["text"] for button in buttons_of(message)),
        "reply_to": message.get("reply_to_message", {}).get("message_id"),
    }
    wanted: dict[str, object] = {"text": text, "thread": see.thread, "buttons": see.buttons}
    wanted |= {"entities": see.entities, "reply_to": named[see.reply_to][1] if see.reply_to else None}
    left_open = {"text", "entities", "reply_to"}
    wrong = {
        name: (stands[name], value)
        for name, value in wanted.items()
        if stands[name] != value and not (value is None and name in left_open)
    }
    assert not wrong, f"{where}: (stands, expected): {wrong}"

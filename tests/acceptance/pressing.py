"""What tests of tasks in the chat do with buttons: see what stands on them, press one. Not here: the tests."""

from typing import Any

from adapters.botworld.values import Effect
from entrypoints.harness import Harness

ANN, BEN, GROUP = 7, 8, -50
HOUR_S, DAY_S = 3600, 86_400


def shown(harness: Harness, chat: int = ANN) -> Effect:
    """Return the last message that was sent or edited in a chat."""
    return [effect for effect in harness.world.record.of_chat(chat) if effect.message_id is not None][-1]


def buttons(effect: Effect) -> dict[str, str]:
    """Return what the buttons of a message carry, by their labels."""
    markup: Any = effect.params.get("reply_markup") or {"inline_keyboard": []}
    return {each["text"]: each["callback_data"] for row in markup["inline_keyboard"] for each in row}


async def when_pressed(harness: Harness, label: str, user: int = ANN, chat: int = ANN) -> list[str]:
    """Press a button of the last message and return what the press was answered with, and how the message reads."""
    message = shown(harness, chat)
    assert message.message_id is not None
    return await harness.press(user, chat, message.message_id, buttons(message)[label])


async def given_reminder(harness: Harness, words: str = "every day 18 Water the plants") -> Effect:
    """Let a task be due and its reminder be there."""
    await harness.say(ANN, ANN, f"/task {words}")
    await harness.advance(54 * 60)
    return shown(harness)

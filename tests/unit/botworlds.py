"""A simulated Telegram with one bot and a clock moved by hand, for the tests of its rules."""

from typing import Any

import pytest

from adapters.botworld import ApiError, Upload, World, receive

BOT, OTHER = 42, 43
TOKEN, OTHER_TOKEN = f"{BOT}:abc", f"{OTHER}:xyz"
ANN, BOB = 7, 8
TEAM, SMALL, NEWS, FORUM = -1001, -5, -1002, -1003
START = 1_750_000_000.0
KEYBOARD = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}


class HandClock:
    """Seconds that pass by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


class Scene:
    """The only caller of the world in these tests: Ann has written to the bot, which is in every kind of chat."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.world = World(self.clock)
        self.world.add_bot(TOKEN, "first_bot")
        self.world.say(ANN, ANN, "hi")
        self.world.add_group(TEAM, "Team", username="team")
        self.world.add_group(SMALL, "Small", kind="group")
        self.world.add_group(NEWS, "News", kind="channel")
        self.world.add_group(FORUM, "Forum", is_forum=True)
        self.world.queues[BOT].drop_all()

    def call(
        self, method: str, token: str = TOKEN, files: dict[str, Upload] | None = None, **params: object
    ) -> Any:
        with receive(self.world, token, method, params, files or {}) as call:
            return call.perform()

    def send(self, text: str = "hello", **params: object) -> Any:
        return self.call("sendMessage", **{"chat_id": ANN, "text": text, **params})

    def refused(self, method: str, **params: object) -> str:
        with pytest.raises(ApiError) as caught:
            self.call(method, **params)
        return str(caught.value)

    def shown(self, bot_id: int = BOT) -> list[dict[str, Any]]:
        """Return the waiting updates and take them."""
        updates = self.world.queues[bot_id].batch(100)
        self.world.queues[bot_id].drop_all()
        return updates

    def kinds(self, bot_id: int = BOT) -> list[str]:
        return [next(iter(set(update) - {"update_id"})) for update in self.shown(bot_id)]

    def asks_for(self, *kinds: str) -> None:
        self.world.queues[BOT].allow(kinds)

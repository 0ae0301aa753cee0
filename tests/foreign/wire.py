"""What passed between the simulator and a foreign bot, seen at the bot's end of the wire, byte for byte.

A Wire keeps every answer and every update. It sits where each library lets its users put their own transport, so the
bots themselves are unchanged. Not here: what is right or wrong with what passed (``typed``).
"""

import json
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.methods import Response, TelegramMethod
from attrs import Factory, frozen
from telegram.request import HTTPXRequest

Json = dict[str, Any]


@frozen
class Wire:
    """Answers with the method that they answer, and updates, in the order in which they came."""

    answers: list[tuple[str, Json]] = Factory(list)
    updates: list[Json] = Factory(list)

    def answered(self, method: str, body: str | bytes) -> None:
        """Keep an answer and the updates in it."""
        answer = json.loads(body)
        self.answers.append((method, answer))
        if method == "getUpdates" and answer["ok"]:
            self.updates.extend(answer["result"])


class TappedSession(AiohttpSession):
    """aiogram's own transport, with a wire to keep what comes."""

    def __init__(self, wire: Wire, **more: Any) -> None:
        super().__init__(**more)
        self._wire = wire

    def check_response(
        self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str
    ) -> Response[Any]:
        """Keep the answer and go on as usual."""
        self._wire.answered(method.__api_method__, content)
        return super().check_response(bot, method, status_code, content)


class TappedRequest(HTTPXRequest):
    """python-telegram-bot's own transport, with a wire to keep what comes."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    async def do_request(self, url: str, *args: Any, **more: Any) -> tuple[int, bytes]:
        """Keep the answer and go on as usual."""
        status, body = await super().do_request(url, *args, **more)
        if "/file/bot" not in url:
            self._wire.answered(url.rpartition("/")[2], body)
        return status, body

"""The client of the simulator's control interface: what the chat in the terminal and the tests speak through.

The endpoints are described in ``adapters.telegram.simulator.control_api``. Not here: bots; they use
``adapters.telegram.client``.
"""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import attrs
import httpx
import orjson

from adapters.botworld import Effect, Fault, RateLimits, Said
from adapters.telegram.http import JSON_HEADERS, HttpCaller

CALL_S_MAX = 10.0


class SimulatorError(Exception):
    """The simulator refused a control request; the text says why."""


class SimulatorControl:
    """Acts for the people of a simulated Telegram. Belongs to one event loop; close it with ``aclose``.

    Every method raises SimulatorError when the request is refused, and the errors of ``HttpCaller`` (NotSent,
    NoAnswer) when the simulator cannot be reached.
    """

    def __init__(self, base_url: str, connections_max: int = 50) -> None:
        self._base = base_url.rstrip("/") + "/control/"
        self._http = HttpCaller(connections_max, tls=base_url.startswith("https:"))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def act(self, action: str, timeout_s: float = CALL_S_MAX, /, **fields: object) -> dict[str, Any]:
        """Post ``fields`` to ``/control/{action}`` and return the answer."""
        answer = await self._http.post(
            httpx.URL(self._base + action), JSON_HEADERS, orjson.dumps(fields), timeout_s
        )
        content: dict[str, Any] = orjson.loads(answer.body)
        if answer.status != 200:
            raise SimulatorError(content.get("error", f"HTTP status {answer.status}"))
        return content

    async def say(self, chat_id: int, user_id: int, text: str | None, **more: object) -> Said:
        """Let a person write; ``more`` as in the table of the control interface."""
        answer = await self.act("say", chat_id=chat_id, user_id=user_id, text=text, **more)
        return _said(answer)

    async def edit(self, chat_id: int, message_id: int, text: str, **more: object) -> Said:
        """Let a person change a message of theirs."""
        return _said(await self.act("edit", chat_id=chat_id, message_id=message_id, text=text, **more))

    async def press(self, chat_id: int, user_id: int, message_id: int, data: str, **more: object) -> str:
        """Let a person press the button with ``data``; return the id of the callback query."""
        fields = {"chat_id": chat_id, "user_id": user_id, "message_id": message_id, "data": data}
        answer = await self.act("press", **fields, **more)
        return str(answer["query_id"])

    async def inject(self, update: Mapping[str, object], bot_id: int | None = None) -> int:
        """Queue a raw update; return its id."""
        return int((await self.act("inject", update=update, bot_id=bot_id))["update_id"])

    async def add_bot(self, token: str, **more: object) -> int:
        """Add a bot; return its id."""
        return int((await self.act("bots", token=token, **more))["bot_id"])

    async def add_group(self, chat_id: int, **more: object) -> None:
        """Add a group."""
        await self.act("groups", chat_id=chat_id, **more)

    async def block(self, chat_id: int, bot_id: int | None = None) -> None:
        """Let the user block the bot, or the group throw it out."""
        await self.act("block", chat_id=chat_id, bot_id=bot_id)

    async def unblock(self, chat_id: int, bot_id: int | None = None) -> None:
        """Undo ``block``."""
        await self.act("unblock", chat_id=chat_id, bot_id=bot_id)

    async def migrate(self, chat_id: int, new_chat_id: int) -> None:
        """Turn a group into a supergroup with a new id."""
        await self.act("migrate", chat_id=chat_id, new_chat_id=new_chat_id)

    async def add_fault(self, fault: Fault) -> None:
        """Plan a fault."""
        await self.act("faults", **attrs.asdict(fault))

    async def clear_faults(self) -> None:
        """Forget every planned fault; hung calls stay hung."""
        await self.act("faults/clear")

    async def release_hung(self) -> int:
        """Drop the connections of hung calls; return how many."""
        return int((await self.act("faults/release"))["released"])

    async def limit_rates(self, limits: RateLimits | None) -> None:
        """Enforce ``limits``; None enforces nothing."""
        await self.act("rate_limits", **({"off": True} if limits is None else attrs.asdict(limits)))

    async def push_policy(self, **changes: float) -> None:
        """Change how updates are pushed to webhooks (``adapters.telegram.simulator.webhooks.PushPolicy``)."""
        await self.act("webhooks", **changes)

    async def counters(self) -> dict[str, Any]:
        """Return totals, refusals, calls in flight and waiting updates."""
        return await self.act("counters")

    async def message(self, chat_id: int, message_id: int, bot_id: int | None = None) -> dict[str, Any]:
        """Return a message as it stands."""
        answer = await self.act("message", chat_id=chat_id, message_id=message_id, bot_id=bot_id)
        found: dict[str, Any] = answer["message"]
        return found

    async def record(
        self,
        chat_id: int,
        *,
        after: int = 0,
        wait_s: float = 0.0,
        method: str | None = None,
        bot_id: int | None = None,
    ) -> list[Effect]:
        """Return what reached a chat after ``seq``; with ``wait_s`` wait that long for the first."""
        fields = {"chat_id": chat_id, "after": after, "timeout": wait_s, "method": method, "bot_id": bot_id}
        answer = await self.act("record", wait_s + CALL_S_MAX, **fields)
        return [Effect(**effect) for effect in answer["effects"]]

    async def wait_for(
        self,
        chat_id: int,
        count: int,
        *,
        within_s: float = 10.0,
        method: str | None = "sendMessage",
        after: int = 0,
    ) -> list[Effect]:
        """Wait until ``count`` effects reached a chat and return them. Raises TimeoutError, saying how many did."""
        found: list[Effect] = []
        try:
            async with asyncio.timeout(within_s):
                while len(found) < count:
                    last = found[-1].seq if found else after
                    found += await self.record(chat_id, after=last, wait_s=within_s, method=method)
        except TimeoutError:
            raise TimeoutError(
                f"{len(found)} of {count} reached chat {chat_id} within {within_s:g} s"
            ) from None
        return found


def _said(answer: dict[str, Any]) -> Said:
    return Said(answer["message_id"], tuple(answer["update_ids"]))

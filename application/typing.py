"""The typing action: somebody who waits for the next message of an answer sees that it comes.

A courtesy without a row: it is never retried, waits for nothing, and what becomes of it is nobody's concern.
https://core.telegram.org/bots/api#sendchataction. Not here: when a message has to wait (``sender``).
"""

import asyncio
from contextlib import suppress

from attrs import define, field

from application.ports import Clock, Telegram
from domain.errors import TelegramError
from domain.events.telegram import MessageClass, TelegramSend

# Telegram shows the action for five seconds at most; a wait shorter than this is not worth a call.
SHOWN_S = 5.0
WAIT_S_MIN = 0.5
CALL_S = 5.0
IN_FLIGHT_MAX = 8
CHATS_MAX = 1_000


@define
class Typist:
    """Shows the typing action in chats whose reply has to wait for the rate limits that we keep ourselves."""

    telegram: Telegram
    clock: Clock
    # When the action was shown last, by chat.
    _shown: dict[int, float] = field(factory=dict)
    _calls: set[asyncio.Task[None]] = field(factory=set)

    def show(self, send: TelegramSend, wait_s: float) -> None:
        """Show it for a reply that waits so many seconds; not again while it is shown."""
        now_s = self.clock.steady()
        is_shown = now_s - self._shown.get(send.chat_id, -SHOWN_S) < SHOWN_S
        if wait_s < WAIT_S_MIN or is_shown or send.message_class is not MessageClass.REPLY:
            return
        if len(self._calls) >= IN_FLIGHT_MAX:
            return
        if len(self._shown) >= CHATS_MAX:
            self._shown = {chat: at for chat, at in self._shown.items() if now_s - at < SHOWN_S}
        self._shown[send.chat_id] = now_s
        call = asyncio.create_task(self._call(send))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way."""
        return not self._calls

    async def _call(self, send: TelegramSend) -> None:
        params: dict[str, object] = {"chat_id": send.chat_id, "action": "typing"}
        if send.thread_id is not None:
            params["message_thread_id"] = send.thread_id
        with suppress(TelegramError):
            await self.telegram.call("sendChatAction", params, CALL_S)

    async def finish(self) -> None:
        """Wait for the calls under way; each is bounded by its timeout."""
        await asyncio.gather(*self._calls, return_exceptions=True)

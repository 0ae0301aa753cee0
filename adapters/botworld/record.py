"""What reached the chats, which calls are in flight, and how many there were.

Bounded: a chat keeps its last 20,000 effects; ``seq`` tells whether earlier ones were dropped.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from adapters.botworld.values import Effect, Json

EFFECTS_PER_CHAT_MAX = 20_000


@frozen
class InFlight:
    """A call that was taken and not yet answered."""

    bot_id: int
    method: str
    chat_id: int | None
    received_at: float


class Record:
    """Effects by chat, calls in flight, and totals."""

    def __init__(self) -> None:
        self._effects: dict[int, deque[Effect]] = {}
        self._seq = 0
        self._in_flight: dict[int, InFlight] = {}
        self._in_flight_of_chat: Counter[int] = Counter()
        self._calls = 0
        self.total: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.in_flight_peak_of_chat: dict[int, int] = {}

    def began(self, call: InFlight) -> int:
        """Note a call that was taken; return its number."""
        self._calls += 1
        self.total[call.method] += 1
        self._in_flight[self._calls] = call
        if call.chat_id is not None:
            running = self._in_flight_of_chat[call.chat_id] = self._in_flight_of_chat[call.chat_id] + 1
            if running > self.in_flight_peak_of_chat.get(call.chat_id, 0):
                self.in_flight_peak_of_chat[call.chat_id] = running
        return self._calls

    def ended(self, number: int) -> None:
        """Note that the call ``number`` is over, answered or not."""
        call = self._in_flight.pop(number)
        if call.chat_id is not None:
            self._in_flight_of_chat[call.chat_id] -= 1

    def took_effect(
        self,
        call: InFlight,
        chat_id: int,
        message_id: int | None,
        params: Mapping[str, Any],
    ) -> Effect:
        """Note that ``call`` did something to ``chat_id``."""
        self._seq += 1
        effect = Effect(self._seq, call.bot_id, chat_id, call.method, message_id, call.received_at, params)
        self._effects.setdefault(chat_id, deque(maxlen=EFFECTS_PER_CHAT_MAX)).append(effect)
        return effect

    def of_chat(
        self, chat_id: int, *, bot_id: int | None = None, after: int = 0, method: str | None = None
    ) -> list[Effect]:
        """Return what reached ``chat_id`` with ``seq`` over ``after``, in order."""
        return [
            effect
            for effect in self._effects.get(chat_id, ())
            if effect.seq > after
            and (bot_id is None or effect.bot_id == bot_id)
            and (method is None or effect.method == method)
        ]

    def chats(self) -> list[int]:
        """Return the chats that anything reached, in the order of their first effect."""
        return list(self._effects)

    def in_flight(self, method: str | None = None) -> list[InFlight]:
        """Return the calls that were taken and are not yet answered."""
        return [call for call in self._in_flight.values() if method is None or call.method == method]

    def counters(self) -> Json:
        """Return totals by method, refusals by code, what is in flight, and the most at once in one chat."""
        return {
            "calls": dict(self.total),
            "refused": {str(code): count for code, count in self.refused.items()},
            "effects": self._seq,
            "in_flight": [
                {
                    "bot_id": call.bot_id,
                    "method": call.method,
                    "chat_id": call.chat_id,
                    "since": call.received_at,
                }
                for call in self._in_flight.values()
            ],
            "in_flight_peak_of_chat": {str(chat): peak for chat, peak in self.in_flight_peak_of_chat.items()},
        }

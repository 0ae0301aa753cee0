"""What reached the chats, which calls are in flight, how those ended that are over, and how many there were.

Bounded: a chat keeps its last 20,000 effects; ``seq`` tells whether earlier ones were dropped. Of calls that are over,
and of how often updates were told, the last ``kept_max`` are kept; whoever judges a long run asks for more.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from attrs import define, field, frozen

from adapters.botworld.values import Effect, Json

EFFECTS_PER_CHAT_MAX = 20_000
KEPT_MAX = 20_000
# Calls that are no business of a chat's, and come without an end.
NOT_KEPT = frozenset({"getUpdates"})


class End(StrEnum):
    """How a call ended for whoever made it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """No answer came, or nobody was there to take it; whether it took effect, ``effects`` tells."""


@frozen
class InFlight:
    """A call that was taken and not yet answered."""

    bot_id: int
    method: str
    chat_id: int | None
    received_at: float


@frozen
class MadeCall:
    """A call that is over: which, when (seconds since the epoch), with which text, how it ended, what it did.

    ``code`` and ``retry_after_s`` are those of a refusal; ``effects`` are the numbers of the effects that it had.
    """

    number: int
    bot_id: int
    method: str
    chat_id: int | None
    began_at: float
    ended_at: float
    end: End
    code: int = 0
    retry_after_s: int | None = None
    text: str | None = field(default=None, repr=False)
    effects: tuple[int, ...] = ()


@define
class _Open:
    call: InFlight
    text: str | None
    effects: list[int] = field(factory=list)


class Record:
    """Effects by chat, calls in flight and over, and totals."""

    def __init__(self) -> None:
        self._effects: dict[int, deque[Effect]] = {}
        self._seq = 0
        self._in_flight: dict[int, _Open] = {}
        self._in_flight_of_chat: Counter[int] = Counter()
        self._calls = 0
        self.total: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.in_flight_peak_of_chat: dict[int, int] = {}
        self.kept_max = KEPT_MAX
        self._made: deque[MadeCall] = deque()
        self._told: dict[int, int] = {}
        # Whether something of ``made`` or ``told`` was forgotten.
        self.is_cut = False

    def began(self, call: InFlight, text: str | None = None) -> int:
        """Note a call that was taken, with the text that it brings; return its number."""
        self._calls += 1
        self.total[call.method] += 1
        self._in_flight[self._calls] = _Open(call, text)
        if call.chat_id is not None:
            running = self._in_flight_of_chat[call.chat_id] = self._in_flight_of_chat[call.chat_id] + 1
            if running > self.in_flight_peak_of_chat.get(call.chat_id, 0):
                self.in_flight_peak_of_chat[call.chat_id] = running
        return self._calls

    def ended(
        self, number: int, at: float, end: End, *, code: int = 0, retry_after_s: int | None = None
    ) -> None:
        """Note that the call ``number`` is over, answered or not."""
        ended = self._in_flight.pop(number)
        call = ended.call
        if call.chat_id is not None:
            self._in_flight_of_chat[call.chat_id] -= 1
        if call.method in NOT_KEPT:
            return
        if len(self._made) >= self.kept_max:
            self._made.popleft()
            self.is_cut = True
        self._made.append(
            MadeCall(
                number, call.bot_id, call.method, call.chat_id, call.received_at, at, end, code, retry_after_s,
                ended.text, tuple(ended.effects),
            )
        )  # fmt: skip

    def told(self, update_ids: Iterable[int]) -> None:
        """Note that a bot was told these updates, whether it heard or not."""
        for update_id in update_ids:
            if update_id not in self._told and len(self._told) >= self.kept_max:
                del self._told[next(iter(self._told))]
                self.is_cut = True
            self._told[update_id] = self._told.get(update_id, 0) + 1

    def times_told(self, update_id: int) -> int:
        """Return how often a bot was told this update."""
        return self._told.get(update_id, 0)

    def made(self) -> list[MadeCall]:
        """Return the calls that are over, in the order in which they ended; none of ``getUpdates``."""
        return list(self._made)

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
        for open_call in self._in_flight.values():
            if open_call.call is call:
                open_call.effects.append(self._seq)
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
        calls = [each.call for each in self._in_flight.values()]
        return [call for call in calls if method is None or call.method == method]

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
                for call in self.in_flight()
            ],
            "in_flight_peak_of_chat": {str(chat): peak for chat, peak in self.in_flight_peak_of_chat.items()},
        }

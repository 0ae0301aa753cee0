"""Which message of a chat is of which delivery.

What a delivery became is told by the ledger. What stands in a chat without the ledger knowing of it is the work of a
call that was never settled: it is a copy of a delivery with the same words, and of several of the one whose row says
next that a call may have taken effect, since a chat's deliveries go one after the other. Not here: how many copies
there may be (``rules_messages``).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import orjson
from attrs import frozen

from adapters.botworld import Effect
from application.changes import Delivery
from application.letters import Letter
from application.messages import MAY_BE_A_REPEAT
from domain.ids import child_key
from entrypoints.simulation.history import Deed, TaskKept
from entrypoints.simulation.people import TOKEN

SEND, EDIT, ANSWER = "telegram.send", "telegram.edit", "telegram.answer"
MARK = f"\n\n({MAY_BE_A_REPEAT})"


@frozen
class Copy:
    """A message in a chat and the delivery that it is of. ``is_settled``: the ledger says that it became this one."""

    effect: Effect
    key: str
    is_settled: bool

    @property
    def is_marked(self) -> bool:
        """Whether its reader is told that it may be a repeat."""
        return (self.effect.text or "").endswith(MARK)


def is_reminder(key: str) -> bool:
    """Tell whether a delivery reminds, so that it is never repeated."""
    return key.startswith("rem:")


def words_of(text: str | None) -> str:
    """Return a text without the mark of a possible repeat."""
    return (text or "").removesuffix(MARK)


def chat_of_lane(lane: str) -> int:
    """Return the chat whose deliveries have this lane."""
    return int(lane.partition(":")[2])


@frozen(eq=False, slots=False)
class Matching:
    """What there is to match: messages of chats in their order, and deliveries by their keys.

    ``sent`` has the type of each delivery that the sender had to do with, ``chats`` the chat, and ``doubts`` when its
    rows said that nobody knows whether a call took effect (seconds since the epoch).
    """

    sends: Sequence[Effect]
    deliveries: Mapping[str, Delivery]
    letters: Iterable[Letter]
    sent: Mapping[str, str]
    chats: Mapping[str, int]
    doubts: Mapping[str, Sequence[float]]
    by_token: Mapping[str, Deed]
    tasks: Sequence[TaskKept]

    def copies(self) -> dict[str, list[Copy]]:
        """Return the messages of each delivery, in the order in which they came."""
        found: dict[str, list[Copy]] = defaultdict(list)
        for effect, key in self._settled:
            found[key].append(Copy(effect, key, is_settled=True))
        for effect in self._loose:
            owner = self._owner(effect, found) or ""
            found[owner].append(Copy(effect, owner, is_settled=False))
        for copies in found.values():
            copies.sort(key=lambda copy: copy.effect.seq)
        return dict(found)

    @cached_property
    def _messages(self) -> dict[tuple[int, int], str]:
        """Which delivery became which message of which chat."""
        return {
            (chat_of_lane(each.lane), each.message_id): each.key
            for each in self.deliveries.values()
            if each.message_id is not None and self.sent.get(each.key) == SEND
        }

    @cached_property
    def _settled(self) -> list[tuple[Effect, str]]:
        found = (
            (effect, self._messages.get((effect.chat_id, effect.message_id or 0))) for effect in self.sends
        )
        return [(effect, key) for effect, key in found if key is not None]

    @cached_property
    def _loose(self) -> list[Effect]:
        return [e for e in self.sends if (e.chat_id, e.message_id or 0) not in self._messages]

    @cached_property
    def _by_words(self) -> dict[tuple[int, str], list[str]]:
        found: dict[tuple[int, str], list[str]] = defaultdict(list)
        for effect, key in self._settled:
            found[effect.chat_id, words_of(effect.text)].append(key)
        for letter in self.letters:
            if letter.event_type == SEND and letter.idempotency_key is not None:
                payload = _payload_of(letter)
                found[chat_of_lane(letter.lane), str(payload.get("text"))].append(letter.idempotency_key)
        return found

    @cached_property
    def _by_chat(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for key, event_type in self.sent.items():
            if event_type == SEND and key in self.chats:
                found[self.chats[key]].append(key)
        return found

    def _owner(self, effect: Effect, found: Mapping[str, list[Copy]]) -> str | None:
        """Return the delivery of which a message is a copy that the ledger does not know; None where there is none."""
        alike = self._by_words.get((effect.chat_id, words_of(effect.text)), [])
        candidates = [*alike, *self._named(effect)]
        possible = candidates or [
            k for k in self._by_chat.get(effect.chat_id, ()) if k not in self.deliveries
        ]
        spare = [key for key in possible if len(self.doubts.get(key, ())) > _unsettled(found, key)]
        if spare:
            return min(spare, key=lambda key: self._distance(effect, key))
        return next(iter(candidates), None)

    def _distance(self, effect: Effect, key: str) -> tuple[bool, float]:
        """Return how far a delivery's doubts are from a message: one that came after it counts before all others.

        Rows have the time of the store and messages that of the world. Where somebody set one of them, it is a guess.
        """
        waits = [at - effect.received_at for at in self.doubts[key]]
        return min((wait < 0, abs(wait)) for wait in waits)

    def _named(self, effect: Effect) -> Iterator[str]:
        """Yield the deliveries that the tokens in a message stand for."""
        for token in TOKEN.finditer(effect.text or ""):
            deed = self.by_token.get(f"m{token[1]}c{token[2]}")
            if deed is None or deed.chat_id != effect.chat_id:
                continue
            ids = {task.task_id for task in self.tasks if deed.token in task.tokens}
            for name in self._by_chat.get(effect.chat_id, ()):
                if is_reminder(name) and any(str(task_id) in name for task_id in ids):
                    yield name
            part = "reply" if (token[3] or "1") == "1" else f"reply.{token[3]}"
            if (key := child_key(str(deed.key), part)) in self.sent:
                yield key


def _unsettled(found: Mapping[str, list[Copy]], key: str) -> int:
    return sum(not copy.is_settled for copy in found.get(key, ()))


def _payload_of(letter: Letter) -> dict[str, object]:
    try:
        found = orjson.loads(letter.envelope)
    except ValueError:
        return {}
    payload = found.get("payload") if isinstance(found, dict) else None
    return payload if isinstance(payload, dict) else {}

"""The load: many people write into many chats in a random order that follows from a seed.

Not here: who answers (``cluster``), and whether the answers are right (``judge``).
"""

import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, field, frozen

from adapters.botworld import World
from application.messages import MAY_BE_A_REPEAT
from domain.ids import child_id, child_key, event_id_of, update_key

SEED_VARIABLE = "OPENCLAW_TEST_SEED"


def chosen_seed() -> int:
    """Return the seed of this run, told so that the run can be repeated."""
    seed = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(1_000_000))
    print(f"seed: {SEED_VARIABLE}={seed}")
    return seed


def marked(text: str) -> str:
    """Return ``text`` as a possible repeat of it looks."""
    return f"{text}\n\n({MAY_BE_A_REPEAT})"


@frozen
class Said:
    """One message that was written: the ``number`` of its chat, what it says, and the key of its update."""

    chat_id: int
    number: int
    text: str
    key: str

    @property
    def reply_key(self) -> str:
        """The key of the reply that it causes."""
        return child_key(self.key, "reply")

    @property
    def reply_id(self) -> UUID:
        """The event id of that reply."""
        return child_id(event_id_of(self.key), "reply")


@define
class Load:
    """``each`` messages for each of ``chats`` chats, every fifth of them a group."""

    world: World
    seed: int
    chats: int = 50
    each: int = 20
    said: list[Said] = field(factory=list)
    _plan: list[int] = field(factory=list)
    _numbers: Counter[int] = field(factory=Counter)
    _seen: tuple[int, int] = (-1, 0)

    def __attrs_post_init__(self) -> None:
        ids = [-(2_000_000 + n) if n % 5 == 0 else 1_000_000 + n for n in range(1, self.chats + 1)]
        self._plan = ids * self.each
        random.Random(self.seed).shuffle(self._plan)

    @property
    def total(self) -> int:
        """How many messages there are in all."""
        return len(self._plan)

    @property
    def answered(self) -> int:
        """How many of the messages so far have an answer, be it marked as a possible repeat."""
        effects = self.world.record.counters()["effects"]
        if self._seen[0] != effects:
            answers = {chat: set(texts) for chat, texts in self.answers().items()}
            count = sum(bool({one.text, marked(one.text)} & answers[one.chat_id]) for one in self.said)
            self._seen = (effects, count)
        return self._seen[1]

    @property
    def is_answered(self) -> bool:
        """Whether all was said and answered."""
        return len(self.said) == self.total and self.answered == self.total

    def answers(self) -> Mapping[int, Sequence[str]]:
        """Return the texts that reached each chat, in order."""
        record = self.world.record
        chats = dict.fromkeys(self._plan)
        return {
            chat: [str(effect.text) for effect in record.of_chat(chat, method="sendMessage")]
            for chat in chats
        }

    def say(self, count: int | None = None) -> None:
        """Let the next ``count`` messages be written, by default all that are left."""
        upto = self.total if count is None else min(self.total, len(self.said) + count)
        for chat in self._plan[len(self.said) : upto]:
            self._numbers[chat] += 1
            number = self._numbers[chat]
            (bot_id,) = self.world.bots
            # In a group the bot answers what is meant for it.
            name = "" if chat > 0 else f"@{self.world.bots[bot_id].username} "
            text = f"{name}message {number} of chat {chat}"
            said = self.world.say(chat, chat if chat > 0 else 5_000_000 - chat, text)
            self.said.append(Said(chat, number, text, update_key(bot_id, said.update_ids[0])))

    def replies_of(self, claimed: Mapping[str, UUID]) -> frozenset[str]:
        """Return the keys of the replies whose calls are claimed: lane to event."""
        return frozenset(one.reply_key for one in self.said if one.reply_id in claimed.values())

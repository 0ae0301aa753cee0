"""The load of these tests: many people write into many chats in a random order that follows from a seed.

Not here: how they do it (``entrypoints.simulation.people``), who answers (``cluster``), and whether the answers are
right (``entrypoints.simulation.checker``).
"""

import os
import random
from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, field

from adapters.botworld import World
from entrypoints.simulation.checker import violations
from entrypoints.simulation.copies import words_of
from entrypoints.simulation.history import History, Kind, Mishap
from entrypoints.simulation.people import Action, People, chat_of

SEED_VARIABLE = "OPENCLAW_TEST_SEED"
SHOWN = 30


def chosen_seed() -> int:
    """Return the seed of this run, told so that the run can be repeated."""
    seed = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(1_000_000))
    print(f"seed: {SEED_VARIABLE}={seed}")
    return seed


@define
class Load:
    """``each`` messages for each of ``chats`` chats, every fourth of them a group."""

    world: World
    seed: int
    chats: int = 50
    each: int = 20
    people: People = field(init=False)
    _done: int = 0
    _seen: tuple[int, int, int] = (-1, 0, 0)

    def __attrs_post_init__(self) -> None:
        places = [place for place in range(self.chats) for _ in range(self.each)]
        random.Random(self.seed).shuffle(places)
        self.people = People(
            self.world,
            [Action(n, 0.0, Kind.MESSAGE, place, "{token} says hello") for n, place in enumerate(places, 1)],
        )

    @property
    def total(self) -> int:
        """How many messages there are in all."""
        return len(self.people.plan)

    @property
    def said(self) -> int:
        """How many of them were written."""
        return self._done

    @property
    def answered(self) -> int:
        """How many of the messages so far have an answer, be it marked as a possible repeat."""
        effects = self.world.record.counters()["effects"]
        if self._seen[:2] != (effects, self._done):
            answers = {
                chat: {words_of(text).split()[-3] for text in texts} for chat, texts in self.answers().items()
            }
            count = sum(deed.token in answers[deed.chat_id] for deed in self.people.deeds)
            self._seen = (effects, self._done, count)
        return self._seen[2]

    @property
    def is_answered(self) -> bool:
        """Whether all was said and answered."""
        return self.said == self.total and self.answered == self.total

    def answers(self) -> Mapping[int, Sequence[str]]:
        """Return the texts that reached each chat, in order."""
        record = self.world.record
        return {
            chat: [str(effect.text) for effect in record.of_chat(chat, method="sendMessage")]
            for chat in map(chat_of, range(self.chats))
        }

    def say(self, count: int | None = None) -> None:
        """Let the next ``count`` messages be written, by default all that are left."""
        upto = self.total if count is None else min(self.total, self._done + count)
        for k in range(self._done, upto):
            self.people.do(k)
        self._done = upto


def death(world: World, who: str, claimed: Mapping[str, UUID]) -> Mishap:
    """Return that a process died or stood still now; ``claimed`` is what it was calling: lane to event."""
    now = world.now()
    return Mishap("a death", who, now, now, claimed=frozenset(claimed.values()))


def judge(history: History) -> None:
    """Raise AssertionError, with every violation, unless all promises were kept and nothing is a dead letter."""
    told = [f"{each.rule}: {each.sentence}" for each in violations(history)]
    told += [f"a dead letter: {letter.idempotency_key}: {letter.reasons}" for letter in history.letters]
    shown = "\n".join(told[:SHOWN])
    assert not told, f"{len(told)} violations:\n{shown}"

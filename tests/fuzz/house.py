"""A whole system for one input: in memory, or on the servers of the tests; and what must hold of it afterwards.

Not here: what comes in (``targets``).
"""

from typing import Any
from uuid import UUID

from attrs import evolve

from adapters.botworld.updates import UpdateQueue
from adapters.calendar.recurrence import DateutilCalendar
from adapters.memory.database import Row
from application.changes import Head
from application.phrases import Phrases
from application.timing import Timing
from domain.ids import event_id_of
from entrypoints.harness import BOT_ID, Harness
from tests.fuzz.watch import Unforeseen, refuse_unforeseen

OWNER, ANN, BEN, NEIGHBOUR = 11, 12, 13, 99
GROUP, FORUM = -1001, -1002
PEOPLE = (OWNER, ANN, BEN)
FIRST_UPDATE_ID = 3_141_592_653_589
HOURS_MAX = 40
# Zones and rules are read once for all inputs.
CALENDAR = Timing(Phrases(DateutilCalendar()))


class House:
    """A gateway, a brain, a sender and a scheduler in memory; two groups, three people and a neighbour."""

    def __init__(self, **settings: Any) -> None:
        self.harness = Harness(admins=(OWNER,), calendar=CALENDAR, **settings)
        world = self.harness.world
        # Far from what an input makes up.
        world.queues[BOT_ID] = UpdateQueue(FIRST_UPDATE_ID, world.now)
        for user, name, language in (
            (OWNER, "Olga", "en"),
            (ANN, "Ann", "de"),
            (BEN, "Ben", "pt-br"),
            (NEIGHBOUR, "N", "en"),
        ):
            world.add_user(user, name, language_code=language)
            world.meet(user)
        world.add_group(GROUP, "Flat")
        world.add_group(FORUM, "Club", is_forum=True)

    async def neighbour_is_answered(self) -> None:
        """Raise where somebody in another chat is not answered."""
        answers = await self.harness.say(NEIGHBOUR, NEIGHBOUR, "are you there?")
        if answers != ["are you there?"]:
            raise Unforeseen(f"the neighbour got {len(answers)} answers")

    async def rest(self) -> None:
        """Let time go by until nothing is owed, and raise where something stays owed."""
        for _ in range(HOURS_MAX):
            if not self.harness.owed:
                return
            await self.harness.advance(3600)
        raise Unforeseen(f"{self.harness.owed} rows are owed for ever")

    async def check(self) -> tuple[str, ...]:
        """Raise where something happened that nobody foresaw; return the reasons of the dead letters."""
        rows = await self.harness.audit()
        letters = await self.harness.dead_letters()
        reasons = [reason for letter in letters for reason in letter.reasons]
        refuse_unforeseen([row.reason for row in rows] + reasons)
        return tuple(reasons)

    def put_row(
        self, target: str, lane: str, envelope: bytes, *, event_id: UUID | None = None, **more: Any
    ) -> UUID:
        """Put a row into the outbox as damage, or an older version, may have left it there."""
        database = self.harness.database
        seq = next(database.seqs)
        name = event_id or event_id_of(f"fuzz:{seq}")
        head = Head(target, name, lane, seq, True, 0, 0, None, envelope)
        database.tables.outbox[(target, name)] = Row(evolve(head, **more), self.harness.clock.now())
        return name


def lane_of(chat: int) -> str:
    """Return the lane of a chat of the house's bot."""
    return f"{BOT_ID}:{chat}"


def scope_key(chat: int) -> str:
    """Return the owner of a chat's data."""
    return f"{BOT_ID}:u{chat}" if chat > 0 else f"{BOT_ID}:c{chat}"

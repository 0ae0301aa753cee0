"""What the brain finds out for a whole round, and what it does not ask."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.liveness import MemoryLiveness
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from adapters.memory.store import MemoryStore
from adapters.system import SystemTokens
from application.changes import Changes, ScopedEffect
from application.facts import Facts, Gatherer
from application.runtime import RuntimeState
from domain.access import AccessMode, Policy
from domain.decisions import AddTask, PutSetting, SetApiMode
from domain.envelope import Event
from domain.events.telegram import CallbackReceived, ChatType
from domain.runtime_state import KEY, Mode
from domain.tasks.values import Task
from tests.unit.given import BOT, AsItIs, a_message, an_owed, event_of

POLICY = Policy(AccessMode.OPEN, admins=frozenset({1}))


class Surroundings:
    """A gatherer and what it asks."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.redis = MemoryRedis()
        self.liveness = MemoryLiveness(self.clock)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryStore(self.database, consumer="brain", run_id=UUID(int=1))
        runtime = RuntimeState(AsyncMemoryRedis(self.redis))
        self.gatherer = Gatherer(
            self.store, runtime, self.liveness, AsItIs(), SystemTokens(), self.clock, POLICY, "1.0.0"
        )

    async def gather(self, *texts: str) -> Facts:
        events: Sequence[Event] = [a_message(text, chat=n, update=n) for n, text in enumerate(texts, 1)]
        async with self.store.round("brain", ()) as current:
            return await self.gatherer(current, events)

    async def apply(self, **changes: Any) -> Changes:
        made = Changes(**changes)
        async with self.store.round("brain", ()) as current:
            await current.apply(made)
        return made

    async def choose(self, mode: Mode) -> None:
        await self.gatherer.told(await self.apply(effects=[ScopedEffect("1:u1", SetApiMode(mode))]))


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


async def test_for_free_text_nothing_is_asked(around: Surroundings) -> None:
    around.database.down = False
    around.redis.down = around.liveness.down = True
    facts = await around.gather("hello", "/help", "/nonsense")
    assert (facts.report, facts.settings, facts.first_runs, facts.door.fresh) == (None, {}, {}, {})


async def test_settings_are_read_for_the_scopes_that_ask_and_for_no_other(around: Surroundings) -> None:
    effects = [ScopedEffect(f"{BOT}:u{n}", PutSetting("greeted", str(n))) for n in (1, 2, 3)]
    await around.apply(effects=effects)
    facts = await around.gather("/start", "hello", "/start")
    assert facts.settings == {f"{BOT}:u1": {"greeted": "1"}, f"{BOT}:u3": {"greeted": "3"}}


async def test_the_mode_is_the_default_until_one_is_chosen(around: Surroundings) -> None:
    assert (await around.gather("/api")).mode is Mode.AUTO
    assert around.redis.get(KEY) is None, "and nothing is made up for Redis"


async def test_a_chosen_mode_is_told_to_redis_after_the_commit(around: Surroundings) -> None:
    await around.choose(Mode.KIMI)
    assert around.redis.get(KEY) == b"kimi"
    assert (await around.gather("/api")).mode is Mode.KIMI


async def test_a_mode_that_redis_lost_is_restored_from_what_is_committed(around: Surroundings) -> None:
    await around.choose(Mode.KIMI)
    around.redis.wipe()
    assert (await around.gather("/api")).mode is Mode.KIMI
    assert around.redis.get(KEY) == b"kimi"


async def test_a_stored_value_that_is_no_mode_is_treated_as_missing(around: Surroundings) -> None:
    await around.choose(Mode.KIMI)
    around.redis.set(KEY, "nonsense")
    assert (await around.gather("/api")).mode is Mode.KIMI
    assert around.redis.get(KEY) == b"kimi"


async def test_while_redis_is_away_the_committed_mode_counts_and_is_told_later(around: Surroundings) -> None:
    await around.choose(Mode.OPENAI)
    around.redis.down = True
    await around.choose(Mode.KIMI)
    assert (await around.gather("/api")).mode is Mode.KIMI
    around.redis.down = False
    await around.gatherer.chore()
    assert around.redis.get(KEY) == b"kimi"


async def test_the_report_counts_what_is_owed_without_the_events_in_hand(around: Surroundings) -> None:
    await around.liveness.announce("brain", "one", "1.0.0")
    await around.apply(owed=[an_owed(a_message(str(n), update=n)) for n in range(1, 6)])
    report = (await around.gather("/status", "hello")).report
    assert report is not None
    assert report.backlog == {"brain": 3}
    assert [service.role for service in report.services] == ["brain"]


async def test_the_report_is_made_without_redis_too(around: Surroundings) -> None:
    around.redis.down = around.liveness.down = True
    report = (await around.gather("/status")).report
    assert report is not None
    assert (report.mode, report.services, report.backlog) == (Mode.AUTO, (), {})


async def test_tasks_are_read_for_what_is_about_them_and_for_nothing_else(around: Surroundings) -> None:
    task = Task(UUID(int=1), 1, "Buy milk")
    await around.apply(effects=[ScopedEffect(f"{BOT}:u1", AddTask(task))])
    facts = await around.gather("/done 1 2", "hello", "/task tea", "/tasks")
    known = facts.tasks
    assert (facts.contacts, facts.moved, list(known)) == ({}, {}, [f"{BOT}:u1", f"{BOT}:u3", f"{BOT}:u4"])
    assert known[f"{BOT}:u1"].by_number == {1: task}
    assert (known[f"{BOT}:u3"].next_number, known[f"{BOT}:u4"].total) == (1, 0)


async def test_a_press_of_a_button_that_is_none_of_ours_asks_for_nothing(around: Surroundings) -> None:
    press = CallbackReceived(
        bot_id=BOT, chat_id=7, chat_type=ChatType.PRIVATE, user_id=7, callback_id="9", data="y"
    )
    async with around.store.round("brain", ()) as current:
        facts = await around.gatherer(current, [event_of(press)])
    assert (facts.settings, facts.tasks) == ({}, {})

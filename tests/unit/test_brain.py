"""The brain's steps: who is answered and how, and what is found out for a whole round."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.liveness import MemoryLiveness
from adapters.memory.redis import AsyncMemoryRedis, MemoryRedis
from adapters.memory.store import MemoryStore
from application.brain import HANDLERS, Facts, Gatherer, on_callback, on_message, on_migrated
from application.changes import Changes, ScopedEffect
from application.messages import render
from application.runtime import RuntimeState
from domain.catalogue import CATALOGUE
from domain.decisions import Decision, MoveData, Outcome, PutSetting, SetApiMode
from domain.envelope import Event
from domain.events.telegram import (
    CallbackReceived,
    ChatMigrated,
    ChatType,
    MessageKind,
    TelegramAnswer,
    TelegramSend,
)
from domain.runtime_state import KEY, Mode
from tests.unit.given import BOT, a_message, an_owed, event_of

ADMIN, STRANGER = 1, 7
FACTS = Facts(frozenset({ADMIN}))


def sent(decision: Decision) -> TelegramSend:
    (emit,) = decision.events
    assert isinstance(emit.payload, TelegramSend)
    return emit.payload


# Routing


def test_event_to_response() -> None:
    """Free text comes back as an echo, in the same chat and topic."""
    decision = on_message(a_message("hello"), FACTS)
    assert sent(decision) == TelegramSend(bot_id=BOT, chat_id=7, text="hello")
    assert decision.events[0].name == "reply"
    assert (decision.effects, decision.outcome) == ((), Outcome.PROCESSED)


def test_in_a_group_the_answer_is_a_reply_in_the_topic() -> None:
    answer = sent(on_message(a_message("hello", chat=-5, thread_id=3, update=9), FACTS))
    assert (answer.chat_id, answer.thread_id, answer.reply_to_message_id) == (-5, 3, 9)


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind is not MessageKind.MESSAGE])
def test_edits_and_posts_are_not_answered(kind: MessageKind) -> None:
    decision = on_message(a_message("/status", kind=kind), FACTS)
    assert (decision.events, decision.outcome) == ((), Outcome.IGNORED)
    assert decision.reason == f"{kind.value} is not answered"


@pytest.mark.parametrize("text", [None, ""])
def test_a_message_without_text_is_ignored_with_what_it_carries(text: str | None) -> None:
    decision = on_message(a_message(text, content="sticker"), FACTS)
    assert (decision.outcome, decision.reason) == (Outcome.IGNORED, "sticker without text")


def test_an_unknown_command_is_told_by_name() -> None:
    assert sent(on_message(a_message("/Nothing at all"), FACTS)).text == render(
        "unknown_command", {"name": "nothing"}
    )


def test_a_press_is_told_that_the_button_is_stale() -> None:
    press = CallbackReceived(
        bot_id=BOT, chat_id=7, chat_type=ChatType.PRIVATE, user_id=7, callback_id="9", data="gone"
    )
    (emit,) = on_callback(event_of(press), FACTS).events
    assert emit.payload == TelegramAnswer(
        bot_id=BOT, chat_id=7, callback_id="9", text=render("stale_button", {})
    )


def test_a_group_that_moved_takes_its_data_along() -> None:
    event = event_of(ChatMigrated(bot_id=BOT, chat_id=-5, new_chat_id=-1005))
    assert on_migrated(event, FACTS) == Decision(effects=(MoveData(-1005),))


def test_every_type_that_is_addressed_to_the_brain_by_what_is_built_has_a_handler() -> None:
    later = {"agent.responded"}
    assert HANDLERS.keys() == {kind.name for kind in CATALOGUE.values() if kind.target == "brain"} - later


# The admins' rule


@pytest.mark.parametrize(
    ("user", "sender_chat", "allowed"),
    [
        (ADMIN, None, True),
        (STRANGER, None, False),
        (None, None, False),
        (ADMIN, -5, False),
        (1087968824, -5, False),
    ],
)
def test_only_admins_in_their_own_name_change_what_concerns_everyone(
    user: int | None, sender_chat: int | None, allowed: bool
) -> None:
    decision = on_message(a_message("/api kimi", chat=-5, user=user, sender_chat_id=sender_chat), FACTS)
    assert decision.effects == ((SetApiMode(Mode.KIMI),) if allowed else ())
    assert ("Only admins" in sent(decision).text) != allowed


def test_a_command_knows_the_settings_of_its_own_scope_only() -> None:
    facts = Facts(settings={f"{BOT}:u8": {"greeted": "yes"}})
    assert on_message(a_message("/start"), facts).effects == (PutSetting("greeted", "yes"),)
    assert on_message(a_message("/start", chat=8, user=8), facts).effects == ()


# What is found out for a round


class Surroundings:
    """A gatherer and what it asks."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.redis = MemoryRedis()
        self.liveness = MemoryLiveness(self.clock)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryStore(self.database, consumer="brain", run_id=UUID(int=1))
        runtime = RuntimeState(AsyncMemoryRedis(self.redis))
        self.gatherer = Gatherer(self.store, runtime, self.liveness, frozenset({ADMIN}), "1.0.0")

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
    assert facts == Facts(frozenset({ADMIN}))


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

"""The gateway: updates share commits, none is acknowledged before its own, and polling moves on only then."""

import asyncio
import gc
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from adapters.codec import Codec
from adapters.memory.clock import ManualClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.store import MemoryIntake
from adapters.memory.streams import MemoryStreams
from application.changes import Arrival
from application.crashpoints import no_crash
from application.gateway import (
    ALLOWED_UPDATES,
    BATCH_MAX,
    Gateway,
    introduce,
    offer_commands,
)
from application.messages import command_menus
from application.polling import Poller
from application.pressure import CHAT_WAITING_MAX, WAITING_MAX, Reason
from application.records import Crowds
from domain.errors import NoAnswer, NotSent, Refusal, Refused, StoreUnavailable, TurnedAway
from domain.updates import NotAnUpdate
from tests.unit.given import BOT, an_update


class SlowIntake:
    """An intake whose commits wait until they are let through; it notes the size of each."""

    def __init__(self, intake: MemoryIntake) -> None:
        self.sizes: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.faults: list[Exception] = []
        self._intake = intake

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        self.sizes.append(len(arrivals))
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        return await self._intake.accept(arrivals)

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        return await self._intake.crowds(owes, limit, with_admins=with_admins)

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        return await self._intake.taken_in(keys)


class Edge:
    """A gateway with its surroundings."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.streams = MemoryStreams(self.clock)
        self.intake = SlowIntake(MemoryIntake(self.database))
        self.gateway = Gateway(BOT, self.intake, self.streams, Codec(), self.clock, no_crash, "openclaw_bot")

    async def published(self) -> int:
        await self.gateway.finish()
        return (await self.streams.depth("brain")).length


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def turns(count: int = 5) -> None:
    """Let the other tasks run."""
    for _ in range(count):
        await asyncio.sleep(0)


# Commits


async def test_an_update_is_committed_then_published(edge: Edge) -> None:
    await edge.gateway.accept([an_update()])
    assert len(edge.database.tables.outbox) == 1
    assert await edge.published() == 1
    assert (edge.gateway.accepted, edge.gateway.duplicates) == (1, 0)


async def test_updates_that_come_together_share_a_commit(edge: Edge) -> None:
    await asyncio.gather(*(edge.gateway.accept([an_update(update=n)]) for n in range(1, 51)))
    assert edge.intake.sizes == [50]


async def test_updates_that_come_while_a_commit_runs_share_the_next_one(edge: Edge) -> None:
    edge.intake.gate.clear()
    first = asyncio.create_task(edge.gateway.accept([an_update(update=1)]))
    await turns()
    others = [asyncio.create_task(edge.gateway.accept([an_update(update=n)])) for n in range(2, 30)]
    await turns()
    assert not first.done()
    edge.intake.gate.set()
    await asyncio.gather(first, *others)
    assert edge.intake.sizes == [1, 28]


async def test_until_the_bots_name_is_known_updates_of_groups_wait_and_others_do_not(edge: Edge) -> None:
    edge.gateway.bot_name = None
    group = an_update(update=2, chat={"id": -5, "type": "group"})
    await edge.gateway.accept([an_update(update=1)])
    with pytest.raises(StoreUnavailable, match="the bot's name is not known yet"):
        await edge.gateway.accept([group])
    edge.gateway.bot_name = "openclaw_bot"
    await edge.gateway.accept([group])
    assert len(edge.database.tables.outbox) == 2


def from_chats(count: int) -> list[dict[str, Any]]:
    """Return an update from each of so many chats."""
    return [an_update(update=n, chat={"id": n, "type": "private"}) for n in range(1, count + 1)]


async def test_a_commit_takes_only_so_many(edge: Edge) -> None:
    await edge.gateway.accept(
        [an_update(update=n, chat={"id": n, "type": "private"}) for n in range(1, BATCH_MAX + 51)]
    )
    assert edge.intake.sizes == [BATCH_MAX, 50]
    assert len(edge.database.tables.inbox) == BATCH_MAX + 50


async def test_what_is_more_than_can_wait_is_turned_away_and_leaves_nothing_behind(edge: Edge) -> None:
    with pytest.raises(TurnedAway, match="too many updates wait") as found:
        await edge.gateway.accept(from_chats(WAITING_MAX + 1))
    assert found.value.refused == {WAITING_MAX}
    assert sum(edge.intake.sizes) == len(edge.database.tables.inbox) == WAITING_MAX


async def test_a_commit_that_fails_acknowledges_none_and_the_next_one_goes_on(edge: Edge) -> None:
    edge.intake.faults = [StoreUnavailable("away")]
    answers = await asyncio.gather(
        *(edge.gateway.accept([an_update(update=n), an_update(update=n + 100)]) for n in range(1, 4)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 3
    assert await edge.published() == 0
    await edge.gateway.accept([an_update(update=1)])
    assert edge.gateway.accepted == 1


async def test_a_chat_that_floods_is_turned_away_before_anybody_else(edge: Edge) -> None:
    flood = [an_update(update=n) for n in range(CHAT_WAITING_MAX)]
    waiting = asyncio.create_task(edge.gateway.accept(flood))
    await asyncio.sleep(0)
    with pytest.raises(TurnedAway, match="too many updates of one chat"):
        await edge.gateway.accept([an_update(update=9_000)])
    quiet = an_update(update=9_001, chat={"id": 8, "type": "private"})
    await edge.gateway.accept([quiet])
    await waiting
    await edge.gateway.accept([an_update(update=9_000)])
    assert edge.gateway.pressure.turned_away == {Reason.CHAT_WAITING: 1}


async def test_nobody_is_left_waiting_or_complaining_after_a_failure(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.intake.faults = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await edge.gateway.accept([an_update(update=n) for n in range(1, 20)])
    gc.collect()
    assert [record.message for record in caplog.records] == []


@pytest.mark.parametrize("first", [[], [StoreUnavailable("away")]])
async def test_where_not_even_a_refusal_can_be_stored_everybody_is_told_to_come_again(
    edge: Edge, first: list[Exception]
) -> None:
    edge.intake.faults = (
        [ValueError("of the store, not of an update")] * 2 + first + [ValueError("again")] * 4
    )
    async with asyncio.timeout(5):
        with pytest.raises(StoreUnavailable):
            await edge.gateway.accept([an_update(update=1)])
        with pytest.raises(StoreUnavailable):
            await edge.gateway.accept([an_update(update=1)])
        edge.intake.faults = []
        await edge.gateway.accept([an_update(update=1), an_update(update=2)])
    assert edge.gateway.accepted == 2
    assert [row.outcome.value for row in (entry.row for entry in edge.database.tables.audit)] == [
        "accepted"
    ] * 2


async def test_whoever_goes_away_does_not_take_the_others_along(edge: Edge) -> None:
    edge.intake.gate.clear()
    gone, stays = (asyncio.create_task(edge.gateway.accept([an_update(update=n)])) for n in (1, 2))
    await turns()
    gone.cancel()
    await turns()
    edge.intake.gate.set()
    await stays
    assert len(edge.database.tables.inbox) == 2, "it was on its way and is durable all the same"


async def test_duplicates_are_told_published_once_and_counted(edge: Edge) -> None:
    await edge.gateway.accept([an_update(), an_update()])
    await edge.gateway.accept([an_update()])
    assert await edge.published() == 1
    assert (edge.gateway.accepted, edge.gateway.duplicates) == (1, 2)


async def test_an_update_that_is_not_used_is_audited_and_not_published(edge: Edge) -> None:
    await edge.gateway.accept([{"update_id": 1, "poll": {}}, an_update(update=2, message_id=-1)])
    assert await edge.published() == 0
    reasons = [entry.row.reason for entry in edge.database.tables.audit]
    assert reasons[0] == "updates of kind poll are not used"
    assert reasons[1].startswith("not usable: payload.message_id: ")


async def test_json_that_is_no_update_is_refused_before_anything_is_kept(edge: Edge) -> None:
    with pytest.raises(NotAnUpdate):
        await edge.gateway.accept([an_update(), {"hello": 1}])
    assert edge.intake.sizes == []


async def test_with_redis_down_an_update_is_accepted_all_the_same(edge: Edge) -> None:
    edge.streams.down = True
    await edge.gateway.accept([an_update()])
    await edge.gateway.finish()
    assert edge.gateway.accepted == 1


# Polling


class Updates:
    """A Telegram that answers ``getUpdates`` as planned and notes what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []
        self.called: list[str] = []

    async def call(self, method: str, params: Mapping[str, object], timeout_s: float) -> object:
        self.called.append(method)
        self.asked.append(params)
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def a_poller(edge: Edge, telegram: Updates) -> Poller:
    return Poller(edge.gateway, telegram, edge.clock)


async def test_the_offset_moves_only_after_the_commit(edge: Edge) -> None:
    batch = [an_update(update=5), an_update(update=9)]
    telegram = Updates(batch, batch, [], [])
    poller = a_poller(edge, telegram)
    edge.intake.faults = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await poller.once()
    assert await poller.once() == 2
    assert await poller.once() == 0
    assert [params["offset"] for params in telegram.asked] == [0, 0, 10]
    assert telegram.asked[0]["allowed_updates"] == ALLOWED_UPDATES


@pytest.mark.parametrize("odd", [{"update_id": True}, {"update_id": 2**60}, {"x": 1}, "x", None, 5])
async def test_what_is_no_update_among_updates_does_not_stop_polling(edge: Edge, odd: object) -> None:
    telegram = Updates([an_update(update=5), odd], [])
    poller = a_poller(edge, telegram)
    assert await poller.once() == 1
    await poller.once()
    assert telegram.asked[1]["offset"] == 6


async def test_an_answer_that_is_no_list_confirms_nothing(edge: Edge) -> None:
    telegram = Updates({"ok": True}, [])
    poller = a_poller(edge, telegram)
    with pytest.raises(NoAnswer):
        await poller.once()
    await poller.once()
    assert telegram.asked[1]["offset"] == 0


async def test_an_answer_of_nothing_but_strange_things_is_not_asked_for_again_at_once(edge: Edge) -> None:
    with pytest.raises(NoAnswer):
        await a_poller(edge, Updates([{"x": 1}])).once()


async def test_stopping_gives_up_a_poll_at_once(edge: Edge) -> None:
    poller = a_poller(edge, Updates())
    running = asyncio.create_task(poller.run())
    await turns()
    poller.stop()
    await asyncio.wait_for(running, 5)
    assert poller.stopping.is_set()


async def test_polling_survives_faults_and_stops_while_it_pauses(edge: Edge) -> None:
    refused = Refused(Refusal(429, "Too Many Requests: retry after 300", retry_after_s=300))
    poller = a_poller(edge, Updates(refused))
    running = asyncio.create_task(poller.run())
    await turns()
    assert not running.done()
    poller.stop()
    await asyncio.wait_for(running, 5)


async def test_the_bots_name_is_asked_for_once(edge: Edge) -> None:
    edge.gateway.bot_name = None
    telegram = Updates({"username": "our_bot"})
    await introduce(edge.gateway, telegram, asyncio.Event())
    assert edge.gateway.bot_name == "our_bot"
    await introduce(edge.gateway, telegram, asyncio.Event())
    assert telegram.called == ["getMe"]


async def test_every_menu_is_offered_also_when_an_admin_has_no_chat_with_the_bot_yet() -> None:
    menus = command_menus({7})
    refused = Refused(Refusal(400, "Bad Request: chat not found"))
    answers = [refused if each.get("scope") == {"type": "chat", "chat_id": 7} else True for each in menus]
    telegram = Updates(*answers)
    await offer_commands(telegram, {7}, asyncio.Event())
    assert telegram.asked == menus
    assert refused in answers


async def test_an_introduction_ends_when_the_service_does(edge: Edge) -> None:
    stopping = asyncio.Event()
    edge.gateway.bot_name = None
    waiting = asyncio.create_task(introduce(edge.gateway, Updates(NotSent("no net")), stopping))
    await turns()
    stopping.set()
    await asyncio.wait_for(waiting, 5)

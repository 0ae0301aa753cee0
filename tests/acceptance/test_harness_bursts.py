"""Many tasks that are due at once, in memory: in the order of their time, within the bot's rate, and no reply waits.

Figures are in ``benchmarks.agenda``.
"""

from adapters.botworld import RateLimits
from application.changes import Changes, ScopedEffect
from domain.decisions import AddTask
from domain.ids import event_id_of
from domain.tasks.values import Task
from entrypoints.harness import BOT_ID, Harness
from tests.acceptance.business import then_all_is_done, when_time_passes
from tests.times import TestTimes

# Their names in another order than their times.
ONES = [100 + 7 * n % 60 for n in range(60)]
MANY, OF_MANY = 300, 6
QUIET = (7, 8)


async def given_burst() -> Harness:
    """Have a task in each of sixty chats and six in another, all due within two seconds, the many before the others."""
    harness = Harness(calendar=TestTimes(), rate_bot_per_s=12, rate_chat_per_s=1.0, rate_chat_burst=3)
    for chat in (*QUIET, MANY, *ONES):
        await harness.say(chat, chat, "hello")
        await harness.advance(1)
    harness.world.limit_rates(RateLimits(per_bot_s=12))
    at = harness.clock.now() + 10
    due = [(MANY, n + 1, at + n * 0.01) for n in range(OF_MANY)]
    due += [(chat, 1, at + 0.1 + n * 0.03) for n, chat in enumerate(ONES)]
    effects = [
        ScopedEffect(f"{BOT_ID}:u{chat}", AddTask(Task(
            event_id_of(f"{chat}:{number}"), number, f"task {number}", due_at=when, remind_at=when)))
        for chat, number, when in due
    ]  # fmt: skip
    async with harness.brain.runner.store.round("brain", ()) as current:
        await current.apply(Changes(effects=effects))
    await when_time_passes(harness, 9.9, step_s=3.3)
    return harness


def reminded(harness: Harness, *chats: int) -> list[tuple[float, int]]:
    """Return when reminders reached the chats, and which, in this order."""
    found = [
        (effect.received_at, chat)
        for chat in chats
        for effect in harness.world.record.of_chat(chat)
        if effect.text is not None and "task" in effect.text
    ]
    return sorted(found)


async def test_a_burst_comes_in_the_order_of_its_time_within_the_rate_and_a_chat_with_many_takes_turns() -> (
    None
):
    harness = await given_burst()
    began_s = harness.clock.now()
    await when_time_passes(harness, 15, step_s=0.05)
    times = reminded(harness, *ONES)
    assert [chat for _, chat in times] == ONES
    many_s = [at - began_s for at, _ in reminded(harness, MANY)]
    assert len(many_s) == OF_MANY
    # Its first ones are before the others; of the rest each waits its turn, and none for all the others together.
    assert many_s[0] < times[0][0] - began_s
    assert many_s[-1] < 11, many_s
    # Eleven a second is what the limit allows in the long run.
    assert times[-1][0] - began_s < 9, times[-1]
    assert harness.world.record.refused == {}
    await then_all_is_done(harness)


async def test_replies_meanwhile_come_at_once_and_the_queue_is_not_tried_again_and_again() -> None:
    harness = await given_burst()
    bulk = harness.sendings[1].deliverer
    for n in range(8):
        await when_time_passes(harness, 0.6, step_s=0.05)
        assert len(reminded(harness, MANY, *ONES)) < len(ONES) + OF_MANY, "the burst is over too soon"
        chat = QUIET[n % len(QUIET)]
        assert await harness.say(chat, chat, f"reply {n}") == [f"reply {n}"]
    await when_time_passes(harness, 10, step_s=0.05)
    assert len(reminded(harness, MANY, *ONES)) == len(ONES) + OF_MANY
    assert bulk.counters.limited < 4 * (len(ONES) + OF_MANY)
    await then_all_is_done(harness)

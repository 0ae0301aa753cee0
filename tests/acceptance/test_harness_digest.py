"""The digest of the day as a chat meets it, in the zones of the world: once a day, in time, and never for nothing."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.botworld.values import FaultKind
from domain.tasks.policy import DAY_S, HOUR_S
from domain.tasks.values import Kept
from entrypoints.harness import Harness, text_of
from tests.acceptance.business import given_fault, then_all_is_done
from tests.acceptance.test_harness_tasks import ANN, GROUP, buttons, shown, when_pressed

BERLIN = ZoneInfo("Europe/Berlin")
HEAD = "Overdue and due today"


async def given_time(harness: Harness, text: str) -> None:
    """Let the clocks of Berlin show ``text``, and everything be done that is due by then."""
    at = datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()
    await harness.advance(at - harness.clock.now())


@pytest.fixture
async def harness() -> Harness:
    """A bot that knows Ann's zone, on the Wednesday before the clocks are put back; nobody is reminded twice."""
    made = Harness(call_timeout_s=1, claim_s=4)
    await given_time(made, "2026-10-21T10:00")
    await made.say(ANN, ANN, "/timezone Berlin")
    await made.say(ANN, ANN, "/escalation off")
    return made


def digests(harness: Harness, chat: int = ANN) -> list[str]:
    return [text for text in harness.texts(chat) if HEAD in text]


def kept(harness: Harness) -> list[Kept]:
    """Return the ledger of the digest."""
    tables = harness.database.tables.tasks
    rows = [row.occasion for (of, _), row in tables.occasions.items() if tables.tasks[of].task.is_digest]
    return [each.kept for each in sorted(rows, key=lambda each: each.bucket)]


async def test_a_week_with_a_change_of_the_clocks_has_one_digest_a_day_of_three_schedulers(
    harness: Harness,
) -> None:
    await harness.say(ANN, ANN, "/digest 08:00")
    await harness.say(ANN, ANN, "/task Pay rent 23 oct 12:00 !high")
    await harness.say(ANN, ANN, "/task Feed the cat every day at 23:30")
    others = [harness.new_scheduler(f"scheduler-{n}") for n in range(2)]
    came = []
    for hour in range(7 * 24 + 1):
        before = len(digests(harness))
        await harness.clock.advance(HOUR_S if hour else 0)
        while sum(await asyncio.gather(*(each.tick() for each in (harness.scheduler, *others)))):
            pass
        await harness.advance(0)
        now = datetime.fromtimestamp(harness.clock.now(), BERLIN)
        came += [f"{now:%a %H:%M}"] * (len(digests(harness)) - before)
        if now.hour == 13 and now.day == 24:
            await harness.say(ANN, ANN, "/done 1")
    days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    assert came == [f"{day} 08:00" for day in days]
    assert [text.splitlines()[0] for text in digests(harness)] == [
        f"{HEAD} ({n}):" for n in (1, 2, 2, 1, 1, 1, 1)
    ]
    assert digests(harness)[2].splitlines()[1] == "1. Pay rent · yesterday 12:00 · overdue · !high"
    assert kept(harness) == [Kept.FIRED] * 7
    await then_all_is_done(harness)


async def test_on_a_day_on_which_nothing_is_due_nothing_is_said(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    await harness.say(ANN, ANN, "/task Buy milk 24 oct 09:00")
    await harness.say(ANN, ANN, "/task Read a book")
    before = harness.texts(ANN)
    for day in (22, 23):
        await given_time(harness, f"2026-10-{day}T08:00")
    assert harness.texts(ANN) == before
    await given_time(harness, "2026-10-24T08:00")
    assert digests(harness) == [f"{HEAD} (1):\n1. Buy milk · today 09:00"]
    assert kept(harness) == [Kept.SKIPPED, Kept.SKIPPED, Kept.FIRED]


async def test_tasks_are_done_in_the_digest_itself(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    for title in ("Buy milk", "Call mum"):
        await harness.say(ANN, ANN, f"/task {title} tomorrow 15:00")
    await given_time(harness, "2026-10-22T08:00")
    assert list(buttons(shown(harness))) == ["✓ 1", "✓ 2"]
    assert (await when_pressed(harness, "✓ 1"))[0] == "Done."
    listed = "✓ 1. Buy milk · today 15:00\n2. Call mum · today 15:00"
    assert text_of(shown(harness)) == f"{HEAD} (2):\n{listed}"
    assert await harness.say(ANN, ANN, "/tasks today") == [f"{HEAD} (1):\n2. Call mum · today 15:00"]


async def test_nobody_gets_at_it_by_its_number(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    for words in ("done 0", "undone 0", "cancel 0", "edit 0 mine", "snooze 0 in 2 h", "late 0 skip", "why 0"):
        (answer,) = await harness.say(ANN, ANN, f"/{words}")
        assert answer == "There is no task 0 here. /tasks shows what there is."
    assert await harness.say(ANN, ANN, "/tasks all") == ["All tasks: none."]
    (made,) = await harness.say(ANN, ANN, "/task Buy milk")
    assert "Task 1: Buy milk" in made
    assert "08:00" in (await harness.say(ANN, ANN, "/digest"))[0]


async def test_digests_that_were_missed_are_one_that_says_that_it_is_late(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    await harness.say(ANN, ANN, "/task Read a book 1 dec")
    await harness.say(ANN, ANN, "/task Buy milk 24 oct 15:00")
    await harness.clock.advance(3 * DAY_S)
    harness.restart()
    await harness.settle()
    assert digests(harness) == [
        f"This digest is late by 2 h: it was meant for today 08:00.\n\n{HEAD} (1):\n2. Buy milk · today 15:00"
    ]
    assert kept(harness) == [Kept.SUPERSEDED, Kept.SUPERSEDED, Kept.LATE]


async def test_quiet_hours_put_it_off_and_it_is_not_late(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/quiet 22:00-09:00")
    await harness.say(ANN, ANN, "/digest 8")
    await harness.say(ANN, ANN, "/task Buy milk tomorrow 15:00")
    await given_time(harness, "2026-10-22T08:30")
    assert digests(harness) == []
    await given_time(harness, "2026-10-22T09:00")
    assert digests(harness) == [f"{HEAD} (1):\n1. Buy milk · today 15:00"]


async def test_a_chat_that_was_gone_gets_the_latest_one_when_it_is_back(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    await harness.say(ANN, ANN, "/task Buy milk tomorrow 07:00")
    harness.world.block(ANN)
    await harness.settle()
    for day in (22, 23, 24):
        await given_time(harness, f"2026-10-{day}T08:00")
    assert digests(harness) == []
    harness.world.unblock(ANN)
    await given_time(harness, "2026-10-24T10:00")
    await harness.say(ANN, ANN, "I am back")
    await harness.advance(1)
    (text,) = digests(harness)
    assert text.startswith("This digest is late by 2 h")
    assert kept(harness) == [Kept.SUPERSEDED, Kept.SUPERSEDED, Kept.LATE]


async def test_one_that_may_be_lost_is_not_repeated_and_the_next_contact_says_so(harness: Harness) -> None:
    await harness.say(ANN, ANN, "/digest 8")
    await harness.say(ANN, ANN, "/task Buy milk tomorrow 15:00")
    given_fault(harness, FaultKind.RESET_BEFORE)
    await given_time(harness, "2026-10-22T08:00")
    await harness.advance(600)
    assert digests(harness) == []
    assert kept(harness) == [Kept.AMBIGUOUS]
    (answer,) = await harness.say(ANN, ANN, "/tasks")
    assert answer.endswith(
        "A digest of the day may not have reached this chat, today 08:00. /tasks today shows what is due."
    )
    assert await harness.say(ANN, ANN, "and now?") == ["and now?"]


async def test_a_group_has_one_of_its_own_which_follows_it(harness: Harness) -> None:
    harness.world.add_group(GROUP, "Flat", kind="group")
    for words in ("/timezone Berlin", "/digest 8", "/task Clean the kitchen tomorrow 18:00"):
        await harness.say(ANN, GROUP, words)
    await harness.say(ANN, ANN, "/task My own tomorrow 18:00")
    harness.world.migrate(GROUP, -1_000_050)
    await harness.settle()
    await given_time(harness, "2026-10-22T08:00")
    assert digests(harness, -1_000_050) == [f"{HEAD} (1):\n1. Clean the kitchen · today 18:00"]
    assert digests(harness) == digests(harness, GROUP) == []

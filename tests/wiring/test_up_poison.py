"""Poison inside ``openclaw up``: an event that kills its process, or has it stand still, ends as a dead letter.

Its neighbours are answered all the while. Not here: which step the count of deaths is made at (``tests/contract``,
``tests/unit``).
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.telegram.simulator import SimulatorControl
from entrypoints.exits import Exit
from tests.servers import apart, short_dir
from tests.wiring.installation import WAIT_S, Running, openclaw, up

NEIGHBOUR = 7
# Short, so that a claim that was left runs out soon; a process that only gets no processor for a moment is not stuck.
SETTINGS = {
    "OPENCLAW_ACCESS": "open",
    "OPENCLAW_CALL_TIMEOUT_S": "0.5",
    "OPENCLAW_CLAIM_S": "3.5",
    "OPENCLAW_HANDLER_TIMEOUT_S": "1",
    "OPENCLAW_STUCK_S": "4",
}
# Sooner than anybody may ask for.
DUE_NOW = """
update openclaw.tasks set remind_at = openclaw.now(), due_at = openclaw.now() where remind_at > openclaw.now()
"""


def word_of(place: str) -> str:
    return f"planted-{place.replace('.', '-')}"


def chat_of(running: Running) -> str:
    """Return where the simulated Telegram listens."""
    told = re.search(r"http://\S+", running.wait_told("telegram"))
    assert told is not None
    return told[0]


async def ask(control: SimulatorControl, text: str) -> None:
    """Write as the neighbour and wait until it is answered, perhaps by a possible repeat."""
    seen = max((effect.seq for effect in await control.record(NEIGHBOUR)), default=0)
    await control.say(NEIGHBOUR, NEIGHBOUR, text)
    async with asyncio.timeout(WAIT_S):
        while not any(
            text in str(e.params.get("text"))
            for e in await control.record(NEIGHBOUR, after=seen, wait_s=WAIT_S)
        ):
            pass


async def count_letters(database: Any) -> int:
    """Let what is planned be due, and return how many dead letters there are."""
    await database.execute(DUE_NOW)
    letters: int = await database.fetchval("select count(*) from openclaw.dead_letters")
    return letters


async def live_beside_poison(url: str, places: Sequence[str], letters: Callable[[], Awaitable[int]]) -> int:
    """Let everybody write what ends their processes, and a neighbour go on until all of it is buried; how often."""
    async with SimulatorControl(url) as control:
        for chat, place in enumerate(places, 11):
            text = word_of(place)
            await control.say(chat, chat, f"/remind in 20 min {text}" if "scheduler" in place else text)
        asked = 0
        async with asyncio.timeout(2 * WAIT_S):
            while await letters() < len(places):
                asked += 1
                await ask(control, f"neighbour {asked}")
        await ask(control, "still there?")
        return asked


@pytest.mark.parametrize(
    ("way", "deaths_max", "places"),
    [
        # The sender may die in the call as well as before it has a claim; once is enough for each.
        ("kill", 3, ("brain.decode", "sender.decode", "scheduler.encode")),
        ("hang", 2, ("brain.decode", "sender.call", "scheduler.encode")),
    ],
)
def test_an_event_that_ends_its_processes_is_buried_while_its_neighbours_are_answered(
    way: str, deaths_max: int, places: Sequence[str]
) -> None:
    poison = ",".join(f"{place}:{way}:{word_of(place)}" for place in places)
    settings = {**SETTINGS, "OPENCLAW_POISON": poison, "OPENCLAW_DEATHS_MAX": str(deaths_max)}
    with short_dir() as home, up(home, **settings) as running:
        url = chat_of(running)
        assert running.ask("are you there?") == "are you there?"

        async def story() -> int:
            database = await asyncpg.connect(EmbeddedPostgres(home).admin_url)
            try:
                return await live_beside_poison(url, places, partial(count_letters, database))
            finally:
                await database.close()

        assert apart(lambda: asyncio.run(story())) > 1
        assert buried(home) == {
            ("brain", "message.received"): deaths_max,
            ("brain", "reminder.due"): deaths_max,
            ("sender", "telegram.send"): deaths_max,
        }


def buried(home: Path) -> dict[tuple[str, str], int]:
    """Return how many deaths the dead letters had, by target and type; each gives its reason."""
    done = openclaw("dlq", "list", "--json", OPENCLAW_DATA_DIR=str(home))
    assert done.code == Exit.OK, done.err
    letters = [json.loads(line) for line in done.out.splitlines()]
    assert {tuple(letter["reasons"]) for letter in letters} == {("it ended its process",)}
    return {(letter["target"], letter["event_type"]): letter["deaths"] for letter in letters}

"""Dead letters in a database of a test's own, commands that move them, and whoever stands in their way.

Not here: fixtures and expectations (``test_dead_letter_commands``, ``test_dead_letter_interruptions``).
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg

from tests.servers import apart
from tests.wiring.installation import ROOT, WAIT_S, environment

TEXT = "the planted plan for tuesday"
NO_REDIS = "redis://127.0.0.1:9/0"
TRACE = "83784dac5626" + "a" * 20
BURY = """
insert into openclaw.dead_letters (target, event_id, lane, attempt, deaths, reasons, envelope)
values ($1, $2, $3, $4, 0, $5, $6)
"""
BURY_MANY = """
insert into openclaw.dead_letters (target, event_id, lane, attempt, deaths, reasons, envelope)
select '{}', gen_random_uuid(), '1:' || n, 0, 0, '{{why}}', '' from generate_series(1, 1200) n
"""
KEY = "tg:1:{}/reply"


def event(number: int) -> UUID:
    return UUID(int=number, version=4)


def a_send(number: int, **more: object) -> bytes:
    """Return the bytes of a message to send to the chat -5, as the brain owes it."""
    fields = {
        "event_id": str(event(number)), "event_type": "telegram.send", "schema_version": "1.0.0", "source": "brain",
        "target": "sender", "timestamp": "2026-11-22T16:00:00.000000Z", "trace_id": TRACE,
        "idempotency_key": KEY.format(number), "payload": {"bot_id": 1, "chat_id": -5, "text": TEXT},
    }  # fmt: skip
    return json.dumps({**fields, **more}).encode()


def on(url: str, act: Callable[[Any], Awaitable[Any]]) -> Any:
    """Do something on the owner's connection."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await act(connection)
        finally:
            await connection.close()

    return apart(lambda: asyncio.run(run()))


def value(url: str, sql: str) -> Any:
    return on(url, lambda connection: connection.fetchval(sql))


def sizes(url: str) -> tuple[int, ...]:
    """Return how many letters, owed rows and rows of the audit there are."""
    tables = ("dead_letters", "outbox", "audit")
    counts = ", ".join(f"(select count(*) from openclaw.{name})" for name in tables)
    return tuple(on(url, lambda connection: connection.fetchrow(f"select {counts}")))


def given_letters(url: str, *letters: tuple[str, str, str, bytes]) -> None:
    """Bury events, each with its target, lane, reason and envelope; their ids are 1, 2, …"""

    async def bury(connection: Any) -> None:
        for number, (target, lane, reason, envelope) in enumerate(letters, 1):
            await connection.execute(BURY, target, event(number), lane, 5, [reason], envelope)

    on(url, bury)


LETTERS = (
    ("sender", "1:-5", "Telegram: 403 Forbidden: bot was blocked", a_send(1)),
    ("sender", "1:7", "6 attempts failed, the last one: Telegram: 502 Bad Gateway", a_send(2)),
    ("brain", "1:-5", "trace_id: missing", json.dumps({"payload": {"text": TEXT}}).encode()),
)


def servers(url: str) -> dict[str, str]:
    return {"OPENCLAW_POSTGRES_URL": url, "OPENCLAW_REDIS_URL": NO_REDIS}


@contextmanager
def started(url: str, *arguments: str, **options: Any) -> "Iterator[subprocess.Popen[str]]":
    """Start a command as a process and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", *arguments], cwd=ROOT, env=environment(**servers(url)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def held_up(url: str, table: str) -> Iterator[None]:
    """Let nobody write to a table until the block ends; it begins when somebody could wait for it."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(url))
    try:
        loop.run_until_complete(connection.execute(f"begin; lock table openclaw.{table} in exclusive mode"))
        yield
        loop.run_until_complete(connection.execute("commit"))
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


WAITING = "select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'openclaw_operator'"
ENDED = "select count(*) = 0 from pg_stat_activity where application_name = 'openclaw_operator'"


def until(url: str, sql: str) -> Any:
    """Ask again and again until the answer is true, and return it."""

    async def ask(connection: Any) -> Any:
        async with asyncio.timeout(WAIT_S):
            while not (found := await connection.fetchval(sql)):
                await asyncio.sleep(0.01)
            return found

    return on(url, ask)

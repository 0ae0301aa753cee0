"""Connections whose server dies when everything was said but goodbye: what was asked is answered all the same.

Not here: a server that dies before (``tests/wiring/test_up.py``, ``tests/acceptance``).
"""

import asyncio
import socket
from functools import partial
from typing import Any

import asyncpg
import pytest

from adapters.postgres.clock import PostgresClock
from adapters.postgres.pool import hang_up
from adapters.postgres.schema import current_version, newest_version
from domain.errors import StoreUnavailable


def tear(connection: Any) -> None:
    """Have the next thing that is sent fail, which nobody has noticed until then."""
    there = connection._transport.get_extra_info("socket")
    with socket.socket(fileno=there.fileno()) as same:
        same.shutdown(socket.SHUT_WR)
        same.detach()


class Torn(asyncpg.Connection):
    """A connection that breaks behind its first row."""

    async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
        row = await super().fetchrow(*arguments, **options)
        tear(self)
        return row

    async def fetchval(self, *arguments: Any, **options: Any) -> Any:
        value = await super().fetchval(*arguments, **options)
        if value == newest_version():
            tear(self)
        return value


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection be one that breaks."""
    monkeypatch.setattr(asyncpg, "connect", partial(asyncpg.connect, connection_class=Torn))


async def test_a_broken_connection_does_go_wrong_where_it_is_closed_as_usual(database: str) -> None:
    connection = await asyncpg.connect(database)
    tear(connection)
    with pytest.raises(OSError, match="Broken pipe"):
        await connection.close()


async def test_the_clock_answers_over_a_connection_that_breaks_behind_the_answer(
    database: str, torn: None
) -> None:
    assert (await PostgresClock(database).look()).is_at_rest


async def test_the_version_is_told_over_a_connection_that_breaks_behind_it(database: str, torn: None) -> None:
    assert await current_version(database) == newest_version()


async def test_a_connection_that_breaks_within_a_question_is_told_as_a_server_that_is_away(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TornEarlier(Torn):
        async def fetchrow(self, *arguments: Any, **options: Any) -> Any:
            tear(self)
            return await super().fetchrow(*arguments, **options)

    monkeypatch.setattr(asyncpg, "connect", partial(asyncpg.connect, connection_class=TornEarlier))
    with pytest.raises(StoreUnavailable):
        await PostgresClock(database).look()


async def test_a_server_that_never_says_goodbye_is_not_waited_for() -> None:
    class Deaf:
        async def close(self, *, timeout: float) -> None:
            async with asyncio.timeout(timeout):
                await asyncio.Event().wait()

    await hang_up(Deaf(), timeout_s=0)

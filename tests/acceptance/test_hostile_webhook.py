"""A running gateway against the table of hostile requests: each gets what it says, and a quiet chat never notices."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import asyncpg
import pytest

from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES
from application.pressure import CHAT_WAITING_MAX
from benchmarks.flood import PAGE, requests_table
from entrypoints.database import prepare_database
from tests.acceptance.cluster import password_of
from tests.acceptance.door import NUMBERS, QUIET, Door, gateway_alone
from tests.acceptance.hostile import LIMITS, PREVIOUS, ROWS, SECRET, UPDATES, Hostile, post, valid
from tests.acceptance.processes import Nursery
from tests.acceptance.waiting import until
from tests.acceptance.wire import exchange, post_update, wire
from tests.servers import Databases, apart

FLOODING = 9
QUICK = [row for row in ROWS if not row.slow]


@pytest.fixture(scope="module")
def door(
    nursery: Nursery,
    databases: Databases,
    valkey_server: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Door]:
    with databases.fresh() as url:
        apart(
            lambda: asyncio.run(
                prepare_database(url, {service: password_of(service) for service in SERVICES})
            )
        )
        folder = tmp_path_factory.mktemp("gateway")
        with gateway_alone(nursery, url, valkey_server.admin_url, folder) as made:
            apart(lambda: asyncio.run(made.ready()))
            yield made
        assert apart(lambda: asyncio.run(made.service.end())) == 0


# The table


@pytest.mark.parametrize("row", QUICK, ids=[row.name for row in QUICK])
async def test_a_hostile_request_gets_what_the_table_says(door: Door, row: Hostile) -> None:
    await door.quiet()
    before = await door.refused()
    got = await exchange(door.public, row)
    assert (got.statuses, got.ended) == (row.gets, row.ends)
    await door.counts(before, Counter(row.counted))
    await door.quiet()
    for head, body in zip(got.heads, got.bodies, strict=True):
        names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]}
        assert names <= {b"content-type", b"content-length", b"connection", b"allow"}
        assert not row.counted or row.bodiless or set(json.loads(body)) == {"error"}


async def test_who_is_slow_is_not_waited_for(door: Door) -> None:
    slow = [row for row in ROWS if row.slow]
    before = await door.refused()
    got = await asyncio.gather(*(exchange(door.public, row) for row in slow))
    assert {row.name: (g.statuses, g.ended) for row, g in zip(slow, got, strict=True)} == {
        row.name: (row.gets, row.ends) for row in slow
    }
    await door.counts(before, Counter(reason for row in slow for reason in row.counted))
    await door.quiet()


def test_the_page_has_the_table() -> None:
    assert requests_table() in PAGE.read_text(encoding="utf-8")


# What the table cannot say


async def test_while_a_secret_is_rotated_both_are_known(door: Door) -> None:
    for secret, status in ((SECRET, 200), (PREVIOUS, 200), (f"{SECRET}{PREVIOUS}", 401)):
        assert await post_update(door.public, next(NUMBERS), QUIET, secret) == status


async def test_idle_strangers_push_out_one_another_and_nobody_who_knows_the_secret(door: Door) -> None:
    before = await door.refused()
    strangers = LIMITS.connections_max + 50
    async with wire(door.public) as telegram:
        await telegram.send([post()])
        assert await telegram.answer() == 200
        opened = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", door.public) for _ in range(strangers))
        )
        try:
            # Whoever comes now comes as a stranger, and is heard none the less.
            await door.quiet()
            await telegram.send([post()])
            assert await telegram.answer() == 200
            dropped = sum([reader.at_eof() for reader, _ in opened])
            assert dropped >= 50
        finally:
            for _, writer in opened:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for _, writer in opened), return_exceptions=True)
    assert (await door.refused() - before)["crowded"] >= 50


async def test_a_client_that_waits_to_be_told_to_go_on_is_told_so(door: Door) -> None:
    body = valid()
    async with wire(door.public) as it:
        await it.send([post(body, "expect: 100-continue", raw=b"")])
        assert (await it.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await it.send([body])
        assert await it.answer() == 200


async def test_a_chat_that_floods_while_nothing_can_be_committed_is_turned_away_alone(door: Door) -> None:
    # A batch that is being committed does not wait any more, so up to twice as many find room.
    many = 2 * CHAT_WAITING_MAX + 20
    session = await asyncpg.connect(door.postgres_url)
    try:
        async with session.transaction():
            await session.execute("lock table openclaw.inbox in access exclusive mode")
            flood = [
                asyncio.create_task(post_update(door.public, next(UPDATES), FLOODING)) for _ in range(many)
            ]
            done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result() for task in done} == {503}
            quiet = [asyncio.create_task(post_update(door.public, next(NUMBERS), QUIET)) for _ in range(20)]
            # Whoever is turned away is so at once; the quiet chat's are not.
            done, _ = await asyncio.wait(quiet, timeout=0.2)
            assert done == set()
    finally:
        await session.close()
    assert await asyncio.gather(*quiet) == [200] * 20
    answers = Counter(await asyncio.gather(*flood))
    assert set(answers) == {200, 503}
    assert answers[200] >= CHAT_WAITING_MAX


async def test_strangers_fill_neither_the_log_nor_the_audit(door: Door) -> None:
    async def rows() -> int:
        session = await asyncpg.connect(door.postgres_url)
        try:
            return int(await session.fetchval("select count(*) from openclaw.audit"))
        finally:
            await session.close()

    before = await rows()
    answers = await asyncio.gather(*(post_update(door.public, 1, QUIET, "guessed") for _ in range(300)))
    assert answers == [401] * 300
    assert await rows() == before

    def told() -> list[datetime]:
        lines = [json.loads(line) for line in door.log.read_text("utf-8").splitlines()]
        return [
            datetime.fromisoformat(line["time"]) for line in lines if line["action"] == "requests_refused"
        ]

    await until(lambda: bool(told()), "the refusals to be told", LIMITS.report_s)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(told())]
    assert all(gap >= LIMITS.report_s - 1 for gap in gaps)
    text = door.log.read_text("utf-8")
    assert not any(each in text for each in (SECRET, PREVIOUS, "guessed", "evil.example"))
    assert len(text.splitlines()) < 100 + len(told())

"""The corpus of updates over HTTP: the webhook, a real Postgres and a real Valkey, all of it at once.

Not here: what each update becomes (``tests/unit/test_corpus.py``).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.asgi import serve
from adapters.codec import Codec
from adapters.redis_streams.connect import connect
from adapters.redis_streams.streams import RedisStreams
from adapters.system import SystemClock
from application.crashpoints import no_crash
from application.gateway import Gateway
from application.records import AuditFilter
from domain.decisions import Outcome
from entrypoints.web import WEBHOOK_PATH, Health, Webhook, web_app
from tests.contract.legs import PostgresLeg
from tests.corpus.cases import BOT, BOT_NAME, CASES

SECRET = "a-secret-of-the-tests"
EVENTS = sum(case.event is not None for case in CASES)


@pytest.fixture
async def leg(database: str) -> AsyncIterator[PostgresLeg]:
    """A fresh database."""
    leg = PostgresLeg(database)
    yield leg
    await leg.close()


async def send_all(base_url: str) -> Counter[int]:
    """Send every update at once, each in a request of its own, and count the answers by their status."""
    headers = {"x-telegram-bot-api-secret-token": SECRET}
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:
        answers = await asyncio.gather(*(client.post(WEBHOOK_PATH, json=case.update) for case in CASES))
    return Counter(answer.status_code for answer in answers)


async def test_every_update_of_the_corpus_ends_once_as_an_event_or_as_ignored_with_its_reason(
    leg: PostgresLeg, valkey_url: str
) -> None:
    client = connect(valkey_url, "openclaw-test")
    streams = RedisStreams(client)
    gateway = Gateway(BOT, leg.intake, streams, Codec(), SystemClock(), no_crash, BOT_NAME)
    webhook = Webhook(gateway, [SECRET.encode()])
    served = await serve(web_app(Health({}), webhook))
    try:
        assert await send_all(served.base_url) == {200: len(CASES)}
        assert await send_all(served.base_url) == {200: len(CASES)}
        await gateway.finish()
        told = [entry.row for entry in await leg.records.audit(AuditFilter(limit=10_000))]
        assert (await streams.depth("brain")).length == EVENTS
        assert (await leg.records.figures()).owed == {"brain": EVENTS}
    finally:
        await served.stop()
        await client.aclose()
    outcomes = {
        row.idempotency_key: (row.event_type, row.reason)
        for row in told
        if row.outcome is not Outcome.DUPLICATE
    }
    assert outcomes == {
        f"tg:{BOT}:{case.update['update_id']}": (case.event, case.ignored or "") for case in CASES
    }
    assert Counter(row.outcome for row in told) == {
        Outcome.ACCEPTED: EVENTS,
        Outcome.IGNORED: len(CASES) - EVENTS,
        Outcome.DUPLICATE: len(CASES),
    }

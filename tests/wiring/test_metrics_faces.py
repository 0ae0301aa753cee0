"""Metrics and the webhook of one gateway: what is told of requests, and that the public listener tells no metrics."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from attrs import evolve, frozen
from prometheus_client.parser import text_string_to_metric_families

from adapters.embedded.files import free_port
from adapters.system import SystemClock
from application.meters import REFUSAL_REASONS
from entrypoints.roles import ROLES, Service, open_faces
from entrypoints.settings import Settings
from entrypoints.settings_types import HostPort, Secret, TelegramMode
from entrypoints.web import BODY_BYTES_MAX, METRICS_PATH, WEBHOOK_PATH
from tests.unit.given import an_update

SECRET = "of-the-webhook"
HEADERS = {"x-telegram-bot-api-secret-token": SECRET}


@frozen
class Faces:
    """A gateway's two listeners."""

    service: Service
    public: httpx.AsyncClient
    inside: httpx.AsyncClient

    async def values(self) -> dict[tuple[str, ...], float]:
        """Return what the metrics say: by name and label values, sorted, other than the role's."""
        text = (await self.inside.get(METRICS_PATH)).text
        return {
            (s.name, *sorted(value for name, value in s.labels.items() if name != "role")): s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }


@pytest.fixture
async def settings(database: str, valkey_url: str) -> Settings:
    return Settings(
        telegram_token=Secret("1000:planted"),
        telegram_mode=TelegramMode.WEBHOOK,
        webhook_url="https://bot.example.org/telegram/webhook",
        webhook_secret=Secret(SECRET),
        postgres_url=Secret(database),
        redis_url=Secret(valkey_url),
        webhook_listen=HostPort("127.0.0.1", free_port()),
        health_listen=HostPort("127.0.0.1", free_port()),
    )


async def opened(settings: Settings) -> AsyncIterator[Faces]:
    service = ROLES["gateway"].build(settings, SystemClock())
    served = await open_faces(service)
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://{settings.webhook_listen}") as public,
            httpx.AsyncClient(base_url=f"http://{settings.health_listen}") as inside,
        ):
            yield Faces(service, public, inside)
    finally:
        for each in served:
            await each.stop()
        for finish in service.finishing:
            await finish()
        for close in (service.metrics.survey.close, *service.closing):
            await close()


@pytest.fixture
async def faces(settings: Settings) -> AsyncIterator[Faces]:
    async for each in opened(settings):
        yield each


async def test_the_public_listener_tells_no_metrics_and_the_other_takes_no_webhooks(faces: Faces) -> None:
    for path in (METRICS_PATH, "/readyz"):
        assert (await faces.public.get(path)).status_code == 404
        assert (await faces.inside.get(path)).status_code == 200
    assert (await faces.inside.post(WEBHOOK_PATH, json={}, headers=HEADERS)).status_code == 404
    answer = await faces.inside.get(METRICS_PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    assert (await faces.inside.post(METRICS_PATH)).status_code == 405


async def test_who_sets_one_address_for_both_has_both_there(settings: Settings) -> None:
    async for faces in opened(evolve(settings, health_listen=settings.webhook_listen)):
        assert (await faces.public.get(METRICS_PATH)).status_code == 200


async def test_requests_are_told_by_what_became_of_them(faces: Faces) -> None:
    async def post(secret: str = SECRET, **more: Any) -> int:
        headers = {"x-telegram-bot-api-secret-token": secret, **more.pop("headers", {})}
        return (await faces.public.post(WEBHOOK_PATH, headers=headers, **more)).status_code

    big = b" " * (BODY_BYTES_MAX + 1)
    statuses = [
        await post(json=an_update(update=1)),
        await post(json=an_update(update=1)),
        await post(json=an_update(update=2), secret="wrong"),
        await post(json={"no": "update"}),
        await post(content=b"x", headers={"content-type": "text/plain"}),
        await post(content=big, headers={"content-type": "application/json"}),
    ]
    assert statuses == [200, 200, 401, 400, 415, 413]
    values = await faces.values()
    requests = "openclaw_webhook_requests_total"
    assert [values[requests, str(status)] for status in (200, 401, 400, 415, 413, 503)] == [2, 1, 1, 1, 1, 0]
    refused = {reason: values["openclaw_webhook_refused_total", reason] for reason in REFUSAL_REASONS}
    assert {reason: count for reason, count in refused.items() if count} == {
        "wrong_secret": 1, "malformed": 1, "wrong_type": 1, "too_large": 1,
    }  # fmt: skip
    assert values["openclaw_webhook_connections_opened_total",] >= 1
    assert values["openclaw_webhook_seconds_count",] == 6
    assert values["openclaw_webhook_requests_under_way",] == 0
    assert values["openclaw_events_total", "accepted", "message.received"] == 1
    assert values["openclaw_events_total", "duplicate", "message.received"] == 1
    assert values["openclaw_update_commits_total",] == 2
    assert ("openclaw_polls_total", "answered") not in values

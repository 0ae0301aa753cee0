"""Metrics of real roles under a real ``openclaw up``: where they are told, and that they agree with the audit."""

import asyncio
import json
import stat
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adapters.asgi import listen
from adapters.embedded.files import free_port
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.metrics.catalogue import FOREIGN, METRICS
from adapters.metrics.survey import WAIT_S
from domain.errors import InvalidSettings, OpenClawError
from entrypoints.exits import Exit
from entrypoints.faces import faces_of
from entrypoints.settings import Settings
from entrypoints.settings_types import HostPort, TelegramMode
from tests.servers import apart, short_dir
from tests.wiring.installation import WAIT_S as PATIENCE_S
from tests.wiring.installation import Running, openclaw, settled, up

ROLES = ("gateway", "brain", "sender", "scheduler")
COUNTED = (
    "select consumer, coalesce(event_type, 'none'), outcome, count(*) from openclaw.audit group by 1, 2, 3"
)
Counts = dict[tuple[str, str, str], int]


@frozen
class Installation:
    """An ``up`` that tells its metrics, and where."""

    running: Running
    home: Path
    first: int

    def scrape(self, role: str, path: str = "/metrics", accept: str = "") -> tuple[str, str]:
        """Return the text and its content type."""
        url = f"http://127.0.0.1:{self.first + ROLES.index(role)}{path}"
        request = urllib.request.Request(url, headers={"accept": accept})
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            return answer.read().decode(), answer.headers["content-type"]

    def samples(self, role: str) -> list[Sample]:
        text, _ = self.scrape(role)
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, role: str, name: str, **labels: str) -> float | None:
        """Return the one value of a metric with these labels among its own; None where it is absent."""
        found = [s.value for s in self.samples(role) if s.name == name and labels.items() <= s.labels.items()]
        assert len(found) < 2, found
        return found[0] if found else None

    def wait_value(self, role: str, name: str, wanted: float | None, **labels: str) -> None:
        """Scrape until the metric has this value."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (found := self.value(role, name, **labels)) != wanted:
            assert time.monotonic() < deadline_s, (name, found)
            time.sleep(0.01)

    def counted(self) -> Counts:
        """Return what the metrics say of events."""
        return {
            (s.labels["role"], s.labels["type"], s.labels["outcome"]): int(s.value)
            for role in ROLES
            for s in self.samples(role)
            if s.name == "openclaw_events_total" and s.value
        }

    def audited(self) -> Counts:
        """Return what the audit says of them."""

        async def ask() -> Counts:
            connection = await asyncpg.connect(EmbeddedPostgres(self.home).admin_url)
            try:
                return {tuple(row)[:3]: row[3] for row in await connection.fetch(COUNTED)}
            finally:
                await connection.close()

        return apart(lambda: asyncio.run(ask()))


def free_row() -> int:
    """Return the first of as many free ports in a row as there are roles."""
    for _ in range(100):
        first = free_port()
        try:
            for face in faces_of(Settings(health_listen=HostPort("127.0.0.1", first)), ROLES).values():
                assert face
        except OpenClawError:
            continue
        return first
    raise AssertionError("no free ports in a row")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One installation for all tests of this module, which leave it as they found it."""
    first = free_row()
    with short_dir() as home, up(home, OPENCLAW_HEALTH_LISTEN=f"127.0.0.1:{first}") as running:
        for n in range(5):
            assert running.ask(f"message {n}") == f"message {n}"
        settled(home)
        yield Installation(running, home, first)


def test_the_first_screen_says_where_the_metrics_are(installation: Installation) -> None:
    (line,) = [line for line in installation.running.told if line.startswith("  metrics")] or [
        installation.running.wait_told("  metrics")
    ]
    for n in range(len(ROLES)):
        assert f"http://127.0.0.1:{installation.first + n}/metrics" in line


def test_every_role_counts_what_the_audit_says(installation: Installation) -> None:
    found = installation.counted()
    assert found == installation.audited()
    assert found["gateway", "message.received", "accepted"] == 5
    assert found["sender", "telegram.send", "processed"] == 5


def test_every_metric_of_the_catalogue_is_told_by_the_roles_that_have_it(installation: Installation) -> None:
    told: Counter[str] = Counter()
    for role in ROLES:
        names = {s.name for s in installation.samples(role)}
        names = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}
        unknown = names - METRICS.keys() - set(FOREIGN)
        assert not unknown, role
        assert names >= set(FOREIGN), role
        told.update(names)
        for name in names & METRICS.keys():
            roles = METRICS[name].roles
            assert roles.startswith("all") or role in roles, (role, name)
    webhooks = {name for name, metric in METRICS.items() if "webhook" in metric.roles}
    assert METRICS.keys() - told.keys() == webhooks
    everywhere = {name for name, metric in METRICS.items() if metric.roles.startswith("all")}
    assert {name for name in everywhere if told[name] == len(ROLES)} == everywhere


def test_labels_are_those_of_the_catalogue(installation: Installation) -> None:
    for role in ROLES:
        for sample in installation.samples(role):
            name = sample.name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
            if name in METRICS:
                assert set(sample.labels) - {"le"} == {"role", *METRICS[name].labels}
                assert sample.labels["role"] == role


def test_latency_queues_calls_and_servers_are_told(installation: Installation) -> None:
    value = installation.value
    assert value("brain", "openclaw_handling_seconds_count", type="message.received") == 5
    assert value("sender", "openclaw_event_age_seconds_count", type="telegram.send") == 5
    assert value("sender", "openclaw_telegram_calls_total", method="sendMessage", result="ok") == 5
    assert value("gateway", "openclaw_polled_updates_total") == 5
    assert value("brain", "openclaw_owed_rows", target="sender") == 0
    assert value("brain", "openclaw_dead_letters") == 0
    for role in ROLES:
        assert value(role, "openclaw_server_up", server="postgres") == 1
        assert value(role, "openclaw_server_up", server="redis") == 1
        assert (value(role, "openclaw_redis_connects_total") or 0) > 0
        assert (value(role, "process_resident_memory_bytes") or 0) > 1_000_000
    assert (value("brain", "openclaw_postgres_pool_opened_total", pool="marks") or 0) >= 1


def test_formats_are_negotiated_and_health_is_told_beside(installation: Installation) -> None:
    _, plain = installation.scrape("brain")
    assert plain == "text/plain; version=0.0.4; charset=utf-8"
    text, modern = installation.scrape("brain", accept="application/openmetrics-text; version=1.0.0")
    assert modern.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    for role in ROLES:
        assert json.loads(installation.scrape(role, "/readyz")[0]) == {"ok": True}


def test_a_scrape_answers_fast_while_postgres_hangs_and_again_in_full_afterwards(
    installation: Installation,
) -> None:
    backends = [each for each in installation.running.family() if each.name() == "postgres"]
    for each in backends:
        each.suspend()
    try:
        for role in ("gateway", "brain"):
            installation.wait_value(role, "openclaw_server_up", 0, server="postgres")
            began_s = time.monotonic()
            assert installation.value(role, "openclaw_owed_rows", target="brain") is None
            assert time.monotonic() - began_s < WAIT_S + 2.0
    finally:
        for each in backends:
            each.resume()
    for role in ("gateway", "brain"):
        installation.wait_value(role, "openclaw_server_up", 1, server="postgres")
    installation.wait_value("brain", "openclaw_owed_rows", 0, target="brain")


def test_a_role_that_was_started_again_is_told_by_the_others(installation: Installation) -> None:
    pid = installation.value("sender", "process_start_time_seconds")
    (victim,) = [
        process
        for process in installation.running.family()
        if any(
            c.laddr.port == installation.first + 2 and c.status == "LISTEN"
            for c in process.net_connections("tcp")
        )
    ]
    victim.kill()
    installation.running.wait_told("sender runs again")
    restarts = "openclaw_supervised_restarts_total"
    assert installation.value("brain", restarts, process="sender") == 1
    assert installation.value("brain", restarts, process="postgres") == 0
    assert installation.running.ask("again?") == "again?"
    assert installation.value("sender", "process_start_time_seconds") != pid


def test_log_files_are_for_their_owner_and_hold_json(installation: Installation) -> None:
    for role in ("telegram", *ROLES):
        file = installation.home / "logs" / f"{role}.log"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        assert all(line["role"] == role and line["action"] for line in lines)
    started = [line for line in lines if line["action"] == "started"]
    assert started[0]["instance"].startswith(f"{ROLES[-1]}-")


# Addresses


def test_ports_follow_one_another_or_are_free_ones() -> None:
    first = free_row()
    faces = faces_of(Settings(health_listen=HostPort("127.0.0.1", first)), ROLES)
    assert [face.port for face in faces.values()] == [first, first + 1, first + 2, first + 3]
    assert faces_of(Settings(), ROLES) == {}
    free = faces_of(Settings(health_listen=HostPort("127.0.0.1", 0)), ROLES)
    assert len({face.port for face in free.values()}) == len(ROLES)


def test_too_few_ports_or_a_taken_one_are_told_before_anything_starts() -> None:
    with pytest.raises(InvalidSettings, match="choose one up to 65532"):
        faces_of(Settings(health_listen=HostPort("127.0.0.1", 65534)), ROLES)
    first = free_row()
    with listen("127.0.0.1", first + 1), pytest.raises(OpenClawError, match=f"port {first + 1}"):
        faces_of(Settings(health_listen=HostPort("127.0.0.1", first)), ROLES)
    webhook = Settings(
        health_listen=HostPort("127.0.0.1", first),
        webhook_listen=HostPort("127.0.0.1", first + 2),
        telegram_mode=TelegramMode.WEBHOOK,
    )
    with pytest.raises(OpenClawError, match=f"port {first + 2}"):
        faces_of(webhook, ROLES)
    done = openclaw("up", "--data-dir", "/nowhere", OPENCLAW_HEALTH_LISTEN="127.0.0.1:65535")
    assert done.code == Exit.SETTINGS
    assert len(done.err.splitlines()) == 1

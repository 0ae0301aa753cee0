"""Metrics of services on the in-memory harness: what is told agrees with the audit, and nothing of people is in it."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from attrs import define
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as families
from prometheus_client.samples import Sample

from adapters.botworld import FaultKind
from adapters.memory.clock import ManualClock
from adapters.metrics import readings
from adapters.metrics.catalogue import FOREIGN, METRICS, Kind
from adapters.metrics.exposition import Exposition, Reading, ServiceCollector, Source
from adapters.metrics.readings import CONSUMER_OUTCOMES, EDGE_OUTCOMES
from adapters.metrics.survey import Survey
from application.changes import Arrival
from application.meters import CallMeter, Histogram, MeteredTelegram, PoolMeter
from application.ports import Depth, Intake
from application.records import AuditFilter, Crowds, Figures
from domain.errors import NoAnswer, NotSent, Refusal, Refused, StoreUnavailable
from entrypoints.harness import Harness
from tests.acceptance.business import given_fault, given_refusal, when_time_passes
from tests.unit.given import an_update

TITLE = 'The \x1b[31mRed\n"Room" {x="y"} 7'
NAMED = re.compile(r"openclaw_[a-z0-9]+(_[a-z0-9]+)*")


def samples_of(text: str) -> list[Sample]:
    return [sample for family in families(text) for sample in family.samples]


def exposition(role: str, *sources: Source, **questions: Any) -> Exposition:
    survey: Survey[Sequence[Reading]] = Survey(ManualClock(), questions, wait_s=0.05)
    return Exposition(ServiceCollector(role, [*sources, readings.from_survey(survey)]), survey)


def of_harness(harness: Harness) -> dict[str, Exposition]:
    """Return what the roles of a harness would tell."""
    deliverers = [sending.deliverer for sending in harness.sendings]
    return {
        "gateway": exposition(
            "gateway",
            readings.from_journals([harness.gateway.journal], [], EDGE_OUTCOMES, handles=False),
            readings.from_gateway(harness.gateway),
            readings.from_poller(harness.poller),
        ),
        "brain": exposition(
            "brain",
            readings.from_journals([harness.brain.runner.journal], [], CONSUMER_OUTCOMES, handles=True),
            readings.from_consumer(harness.brain),
        ),
        "sender": exposition(
            "sender",
            readings.from_journals(
                [each.journal for each in deliverers], [], CONSUMER_OUTCOMES, handles=True
            ),
            *(readings.from_consumer(sending.consumer) for sending in harness.sendings),
            *(readings.from_deliverer(each) for each in deliverers),
        ),
    }


async def told(harness: Harness) -> list[Sample]:
    texts = [(await each.render(""))[0].decode() for each in of_harness(harness).values()]
    return [sample for text in texts for sample in samples_of(text)]


@define
class Refusing:
    """An intake whose database cannot store the event of one update, as it may be with a fault of ours."""

    inner: Intake
    key: str

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        if any(arrival.key == self.key and arrival.owed is not None for arrival in arrivals):
            raise ValueError("no way to store this")
        return await self.inner.accept(arrivals)

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        return await self.inner.crowds(owes, limit, with_admins=with_admins)

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        return await self.inner.taken_in(keys)


async def counted(harness: Harness) -> Counter[tuple[str, str, str]]:
    """Return what the metrics say of events: by role, type and outcome."""
    found: Counter[tuple[str, str, str]] = Counter()
    for sample in await told(harness):
        if sample.name == "openclaw_events_total" and sample.value:
            labels = sample.labels
            found[labels["role"], labels["type"], labels["outcome"]] += int(sample.value)
    return found


async def audited(harness: Harness) -> Counter[tuple[str, str, str]]:
    """Return the same from the audit."""
    entries = await harness.records.audit(AuditFilter(limit=100_000))
    return Counter((e.consumer, e.row.event_type or "none", e.row.outcome.value) for e in entries)


# Agreement with the audit


async def test_every_count_of_an_event_is_that_of_the_audit() -> None:
    harness = Harness(attempts_max=2)
    for n in range(1, 6):
        await harness.say(7, 7, f"message {n}")
    given_refusal(harness, 429, "Too Many Requests: retry after 2", retry_after_s=2)
    await harness.say(8, 8, "told to wait")
    given_refusal(harness, 400, "Bad Request: no such thing")
    await harness.say(9, 9, "refused")
    given_fault(harness, FaultKind.RESET_AFTER)
    await harness.say(10, 10, "lost")
    await when_time_passes(harness, 120.0, step_s=10.0)
    update = an_update(update=99)
    await harness.gateway.accept([update, an_update("poll", update=100)])
    await harness.gateway.accept([update])
    await harness.settle()
    found = await counted(harness)
    assert found == await audited(harness)
    assert {outcome for _, _, outcome in found} == {
        "accepted", "ignored", "processed", "duplicate", "retried", "dead_lettered", "ambiguous",
    }  # fmt: skip


async def test_what_could_not_be_committed_is_not_counted() -> None:
    harness = Harness()
    harness.database.down = True
    with pytest.raises(StoreUnavailable):
        await harness.gateway.accept([an_update()])
    harness.database.down = False
    assert await counted(harness) == await audited(harness) == Counter()


async def test_an_update_that_cannot_be_stored_is_counted_as_it_is_audited() -> None:
    harness = Harness()
    harness.gateway.intake = Refusing(harness.gateway.intake, "tg:1000:1")
    await harness.gateway.accept([an_update(update=1), an_update(update=2)])
    assert await counted(harness) == await audited(harness)
    assert (await counted(harness))["gateway", "message.received", "ignored"] == 1


# What is told


async def test_nothing_that_people_wrote_or_are_is_in_a_metric() -> None:
    harness = Harness()
    await harness.say(user=71717171, chat=71717171, text=TITLE)
    await harness.say(user=71717171, chat=-10071717172, text=f"/help {TITLE}")
    everything = [await each.render("") for each in of_harness(harness).values()]
    shown = b"".join(body for body, _ in everything).decode()
    assert "717171" not in shown
    assert "Room" not in shown
    values = {value for sample in await told(harness) for value in sample.labels.values()}
    assert all(re.fullmatch(r"[A-Za-z0-9_.+-]+", value) for value in values), values


async def test_a_type_that_no_catalogue_knows_is_no_label() -> None:
    assert readings.type_label("telegram.send") == "telegram.send"
    assert readings.type_label('x"} 1\nforged 1') == "other"
    assert readings.type_label(None) == "none"


async def test_what_may_happen_is_told_before_it_does() -> None:
    edge = exposition(
        "brain", readings.from_journals([], ["message.received"], CONSUMER_OUTCOMES, handles=True)
    )
    found = samples_of((await edge.render(""))[0].decode())
    dead = {"role": "brain", "type": "message.received", "outcome": "dead_lettered"}
    assert [s.value for s in found if s.name == "openclaw_events_total" and s.labels == dead] == [0]
    assert [s.value for s in found if s.name == "openclaw_handling_seconds_count"] == [0]


async def test_both_formats_say_the_same_and_carry_their_content_type() -> None:
    harness = Harness()
    await harness.say(7, 7, "hello")
    brain = of_harness(harness)["brain"]
    plain, plain_type = await brain.render("text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
    modern, modern_type = await brain.render("application/openmetrics-text;version=1.0.0;q=0.75")
    assert plain_type == "text/plain; version=0.0.4; charset=utf-8"
    assert modern_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    ours = [
        {(s.name, *sorted(s.labels.items())): s.value for family in found for s in family.samples
         if s.name.startswith("openclaw_")}
        for found in (list(families(plain.decode())), list(openmetrics_families(modern.decode())))
    ]  # fmt: skip
    assert ours[0] == ours[1]
    assert len(ours[0]) > 30


async def test_a_histogram_counts_what_lies_at_or_below_each_bound() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    shown = exposition("brain", lambda: [Reading("openclaw_loop_lag_seconds", histogram)])
    found = {(s.name, s.labels.get("le")): s.value for s in samples_of((await shown.render(""))[0].decode())}
    assert found["openclaw_loop_lag_seconds_bucket", "0.1"] == 2
    assert found["openclaw_loop_lag_seconds_bucket", "1.0"] == 3
    assert found["openclaw_loop_lag_seconds_bucket", "+Inf"] == 4
    assert found["openclaw_loop_lag_seconds_count", None] == 4
    assert found["openclaw_loop_lag_seconds_sum", None] == pytest.approx(7.65)


async def test_values_of_equal_labels_are_added_up() -> None:
    one, two = Histogram((1.0,)), Histogram((1.0,))
    one.observe(0.5)
    two.observe(2.0)
    shown = exposition(
        "sender",
        lambda: [Reading("openclaw_loop_lag_seconds", one), Reading("openclaw_update_commits_total", 1)],
        lambda: [Reading("openclaw_loop_lag_seconds", two), Reading("openclaw_update_commits_total", 2)],
    )
    found = {s.name: s.value for s in samples_of((await shown.render(""))[0].decode())}
    assert found["openclaw_loop_lag_seconds_count"] == 2
    assert found["openclaw_update_commits_total"] == 3


async def test_the_process_is_told_of_from_a_registry_of_our_own() -> None:
    found = {s.name for s in samples_of((await exposition("brain").render(""))[0].decode())}
    assert found == set(FOREIGN)


# The catalogue


def test_names_have_their_prefix_and_their_unit() -> None:
    for metric in METRICS.values():
        assert NAMED.fullmatch(metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name
        assert metric.kind is not Kind.HISTOGRAM or metric.name.endswith("_seconds"), metric.name
        assert not set(metric.labels) & {"role", "le", "instance", "job"}, metric.name
        assert metric.about.endswith("."), metric.name


# Calls to Telegram


@define
class Answering:
    """A Telegram that answers as planned, a second after it was asked."""

    clock: ManualClock
    answers: list[object]

    async def call(self, method: str, params: object, timeout_s: float) -> object:
        await self.clock.advance(1.0)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def test_each_call_is_counted_by_its_end_and_timed() -> None:
    ends: list[tuple[object, str]] = [
        (True, "ok"),
        (Refused(Refusal(429, "Too Many Requests", retry_after_s=17)), "429"),
        (Refused(Refusal(403, "Forbidden")), "4xx"),
        (Refused(Refusal(502, "Bad Gateway")), "5xx"),
        (NoAnswer("?"), "no_answer"),
        (NotSent("?"), "not_sent"),
        (ValueError("ours"), "failed"),
        (asyncio.CancelledError(), "given_up"),
    ]
    clock = ManualClock()
    telegram = MeteredTelegram(Answering(clock, [answer for answer, _ in ends]), clock)
    for answer, _ in ends:
        if isinstance(answer, BaseException):
            with pytest.raises(type(answer)):
                await telegram.call("sendMessage", {}, 5.0)
        else:
            assert await telegram.call("sendMessage", {}, 5.0) is answer
    meter = telegram.meter
    assert meter.results == {("sendMessage", result): 1 for _, result in ends}
    assert (meter.under_way, meter.told_to_wait_s) == (0, 17)
    assert (meter.took_s["sendMessage"].count, meter.took_s["sendMessage"].total) == (8, 8.0)


def test_calls_and_pools_are_told_by_name() -> None:
    calls = CallMeter()
    calls.end("getMe", "ok", 0.2)
    found = list(readings.from_calls(calls, ["getUpdates"])())
    assert Reading("openclaw_telegram_calls_total", 0, ("getUpdates", "429")) in found
    assert Reading("openclaw_telegram_calls_total", 1, ("getMe", "ok")) in found
    pool = PoolMeter(size_max=4, in_use=1, opened=3)
    assert Reading("openclaw_postgres_pool_connections", 2, ("main", "idle")) in readings.from_pool(
        "main", pool, 3
    )


# What is asked of servers


async def test_a_server_that_does_not_answer_is_down_and_its_numbers_are_absent() -> None:
    gate = asyncio.Event()

    async def hangs() -> Sequence[Reading]:
        await gate.wait()
        return readings.from_figures(Figures({"brain": 3, "someone": 2}, 1, 9.0, {"brain": 9.0}), ["brain"])

    async def fails() -> Sequence[Reading]:
        raise StoreUnavailable("away")

    shown = exposition("brain", postgres=hangs, redis=fails)
    assert await servers_up(shown) == {"postgres": 0, "redis": 0}
    assert "openclaw_owed_rows" not in (await shown.render(""))[0].decode()
    gate.set()
    assert await servers_up(shown) == {"postgres": 1, "redis": 0}
    owed = {
        s.labels["target"]: s.value
        for s in samples_of((await shown.render(""))[0].decode())
        if s.name == "openclaw_owed_rows"
    }
    assert owed == {"brain": 3, "other": 2}
    await shown.survey.close()


async def servers_up(shown: Exposition) -> dict[str, float]:
    found = samples_of((await shown.render(""))[0].decode())
    return {s.labels["server"]: s.value for s in found if s.name == "openclaw_server_up"}


async def test_servers_are_asked_once_in_a_while_however_often_is_scraped() -> None:
    clock, asked = ManualClock(), 0

    async def ask() -> Sequence[Reading]:
        nonlocal asked
        asked += 1
        return readings.from_depths({"brain": Depth(asked, 0)})

    survey = Survey(clock, {"redis": ask})
    for _ in range(3):
        await asyncio.gather(survey.refresh(), survey.refresh())
    assert asked == 1
    await clock.advance(survey.fresh_s)
    await survey.refresh()
    assert asked == 2
    assert survey.answers["redis"] == readings.from_depths({"brain": Depth(2, 0)})


async def test_a_question_that_fails_in_an_unforeseen_way_is_logged_and_no_scrape_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def ask() -> Sequence[Reading]:
        raise RuntimeError("somebody's text")

    assert await servers_up(exposition("brain", postgres=ask)) == {"postgres": 0}
    assert "RuntimeError" in caplog.text
    assert "somebody" not in caplog.text

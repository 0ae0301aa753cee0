"""Forgetting: every kind gets its turn in bounded batches, whatever fails, and settings cannot ask for too little."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import define, field

from adapters.memory.clock import ManualClock
from application.retention import DAY_S, Kind, Retention, RetentionLimits, Terms
from domain.errors import InvalidSettings, StoreUnavailable
from entrypoints.harness import Harness
from entrypoints.settings import load_settings


@define
class Rows:
    """An archive that has so many rows of each kind; it notes what it was asked."""

    rows: dict[Kind, int] = field(factory=dict)
    faults: dict[Kind, Exception] = field(factory=dict)
    asked: list[tuple[Kind, float, int]] = field(factory=list)
    noted: dict[Kind, int] = field(factory=dict)
    rooms: int = 0

    async def make_room(self) -> None:
        self.rooms += 1

    async def forget(self, kind: Kind, term_s: float, limit: int) -> int | None:
        self.asked.append((kind, term_s, limit))
        if kind in self.faults:
            raise self.faults[kind]
        gone = min(limit, self.rows.get(kind, 0))
        self.rows[kind] = self.rows.get(kind, 0) - gone
        return None if kind is Kind.AUDIT and gone == 0 else gone

    async def note(self, kind: Kind, term_s: float, removed: int) -> None:
        self.noted[kind] = removed


def a_retention(
    rows: Rows,
    terms: Terms | None = None,
    *,
    batch: int = 1_000,
    batches_max: int = 1_000,
    every_s: float = 3600.0,
) -> Retention:
    limits = RetentionLimits(every_s, batch, batches_max, pause_s=0.0)
    return Retention(rows, ManualClock(), terms or Terms(), limits)


async def test_every_kind_that_has_a_term_is_gone_through_and_noted() -> None:
    rows = Rows({Kind.UPDATES: 2_500, Kind.LEFTOVERS: 1})
    retention = a_retention(rows)
    assert await retention.once() == {
        Kind.UPDATES: 2_500, Kind.DELIVERIES: 0, Kind.OCCASIONS: 0, Kind.LEFTOVERS: 1,
    }  # fmt: skip
    assert rows.asked[:3] == [(Kind.UPDATES, 5 * DAY_S, 1_000)] * 3
    assert rows.noted[Kind.UPDATES] == 2_500
    assert retention.forgotten[Kind.UPDATES] == 2_500
    assert rows.rooms == 1


async def test_the_audit_is_kept_for_ever_unless_it_has_a_term() -> None:
    rows = Rows({Kind.AUDIT: 3})
    assert Kind.AUDIT not in await a_retention(rows).once()
    assert (await a_retention(rows, Terms(audit_days=365), batch=1).once())[Kind.AUDIT] == 3


async def test_a_pass_has_a_bound_and_the_rest_waits_for_the_next() -> None:
    rows = Rows({Kind.UPDATES: 100})
    retention = a_retention(rows, batch=10, batches_max=3)
    assert [(await retention.once())[Kind.UPDATES] for _ in range(4)] == [30, 30, 30, 10]


@pytest.mark.parametrize("fault", [ValueError("planted"), StoreUnavailable("away")])
async def test_one_that_fails_keeps_no_other_from_its_turn_and_ends_no_service(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    rows = Rows({Kind.LEFTOVERS: 1}, {Kind.UPDATES: fault})
    retention = a_retention(rows)
    assert (await retention.once())[Kind.LEFTOVERS] == 1
    assert retention.failed == 1
    assert Kind.UPDATES not in rows.noted, "so that it is seen that it was not gone through"
    assert [vars(record)["action"] for record in caplog.records] == ["forgetting_failed"]
    assert "planted" not in caplog.text


async def test_it_goes_through_everything_at_once_and_then_every_hour_until_it_is_stopped() -> None:
    rows = Rows()
    retention = a_retention(rows, every_s=0.0)
    running = asyncio.create_task(retention.run())
    while rows.rooms < 3:
        await asyncio.sleep(0)
    retention.stop()
    await asyncio.wait_for(running, 5)
    assert RetentionLimits().every_s == 3600


async def test_in_the_whole_system_an_update_is_known_for_its_term_and_what_is_needed_stays() -> None:
    harness = Harness(keep_updates_days=3, keep_deliveries_days=7)
    await harness.say(7, 7, "hello")
    await harness.advance(3 * DAY_S - 60)
    await harness.retention.once()
    assert len(harness.database.tables.inbox) == 1
    await harness.advance(120)
    await harness.retention.once()
    assert len(harness.database.tables.inbox) == 0
    assert len(harness.database.tables.deliveries) == 1
    await harness.advance(4 * DAY_S)
    await harness.retention.once()
    assert len(harness.database.tables.deliveries) == 0
    assert harness.texts(7) == ["hello"]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("KEEP_UPDATES_DAYS", "2", "must be from 3 to 6"), ("KEEP_UPDATES_DAYS", "7", "must be from 3 to 6"),
        ("KEEP_UPDATES_DAYS", "0", "must be from 3 to 6"), ("KEEP_DELIVERIES_DAYS", "6", "must be 0, or 7 or more"),
        ("KEEP_OCCASIONS_DAYS", "30", "must be 0, or 31 or more"),
        ("KEEP_AUDIT_DAYS", "89", "must be 0, or 90 or more"),
    ],
)  # fmt: skip
def test_a_term_that_is_not_safe_is_refused_before_anything_starts(
    tmp_path: Path, name: str, text: str, fault: str
) -> None:
    environ: Mapping[str, str] = {f"OPENCLAW_{name}": text}
    with pytest.raises(InvalidSettings) as found:
        load_settings(environ, tmp_path)
    assert found.value.reasons == (f"OPENCLAW_{name}: {fault}",)

"""The service's view of the audit: each committed row is counted and logged with its trace, loudly where needed."""

import logging

import pytest

from adapters.memory.clock import ManualClock
from application.changes import AuditRow
from application.journal import LEVELS, Journal, log
from domain.decisions import Outcome
from domain.envelope import timestamp_of
from domain.ids import event_id_of

TRACE = "0af7651916cd43dd8448eb211c80319c"


def row(outcome: Outcome, **more: object) -> AuditRow:
    values = {"trace_id": TRACE, "scope": "1:u7", "attempt": 2, "reason": "why", **more}
    return AuditRow(outcome, event_id_of("e"), "telegram.send", **values)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_told_with_its_trace(outcome: Outcome, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=log.name):
        Journal(ManualClock()).tell([row(outcome)])
    (record,) = caplog.records
    assert record.levelno == LEVELS.get(outcome, logging.DEBUG)
    told = vars(record)
    assert (told["action"], told["trace_id"], told["reason"]) == (outcome.value, TRACE, "why")
    assert told["event_id"] == str(event_id_of("e"))


def test_what_goes_as_it_should_is_silent_at_info(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=log.name):
        Journal(ManualClock()).tell(
            [row(Outcome.PROCESSED), row(Outcome.ACCEPTED), row(Outcome.DEAD_LETTERED)]
        )
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_rows_are_counted_by_outcome_and_type() -> None:
    journal = Journal(ManualClock())
    journal.tell([row(Outcome.PROCESSED), row(Outcome.RETRIED), row(Outcome.PROCESSED)])
    journal.tell([AuditRow(Outcome.REJECTED)])
    assert journal.outcomes == {
        (Outcome.PROCESSED, "telegram.send"): 2,
        (Outcome.RETRIED, "telegram.send"): 1,
        (Outcome.REJECTED, None): 1,
    }


def test_a_run_is_timed_once_and_what_merely_came_to_be_is_not() -> None:
    journal = Journal(ManualClock())
    journal.tell([row(outcome, duration_ms=2.0) for outcome in (Outcome.AMBIGUOUS, Outcome.RETRIED)])
    journal.tell([row(Outcome.ACCEPTED), row(Outcome.PROCESSED, duration_ms=40.0)])
    timed = journal.handling_s["telegram.send"]
    assert (timed.count, timed.total) == (2, pytest.approx(0.042))


async def test_the_age_of_an_event_is_taken_when_it_is_done_with() -> None:
    clock = ManualClock()
    journal, made_at = Journal(clock), timestamp_of(clock.now())
    await clock.advance(3.0)
    journal.tell([row(Outcome.RETRIED, made_at=made_at), row(Outcome.PROCESSED, made_at=made_at)])
    assert (journal.age_s["telegram.send"].count, journal.age_s["telegram.send"].total) == (1, 3.0)


def test_an_age_that_cannot_be_told_is_left_out_and_none_is_negative() -> None:
    clock = ManualClock()
    journal = Journal(clock)
    journal.tell([row(Outcome.PROCESSED, made_at="2016-12-31T23:59:60Z")])
    assert journal.age_s == {}
    journal.tell([row(Outcome.PROCESSED, made_at=timestamp_of(clock.now() + 5))])
    assert journal.age_s["telegram.send"].total == 0.0

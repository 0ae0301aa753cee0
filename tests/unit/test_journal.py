"""The log lines of committed audit rows."""

import logging

import pytest

from application.changes import AuditRow
from application.journal import LEVELS, log, tell
from domain.decisions import Outcome
from domain.ids import event_id_of

TRACE = "0af7651916cd43dd8448eb211c80319c"


def row(outcome: Outcome) -> AuditRow:
    return AuditRow(
        outcome, event_id_of("e"), "telegram.send", trace_id=TRACE, scope="1:u7", attempt=2, reason="why"
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_told_with_its_trace(outcome: Outcome, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=log.name):
        tell([row(outcome)])
    (record,) = caplog.records
    assert record.levelno == LEVELS.get(outcome, logging.DEBUG)
    told = vars(record)
    assert (told["action"], told["trace_id"], told["reason"]) == (outcome.value, TRACE, "why")
    assert told["event_id"] == str(event_id_of("e"))


def test_what_goes_as_it_should_is_silent_at_info(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger=log.name):
        tell([row(Outcome.PROCESSED), row(Outcome.ACCEPTED), row(Outcome.DEAD_LETTERED)])
    assert [record.levelname for record in caplog.records] == ["ERROR"]

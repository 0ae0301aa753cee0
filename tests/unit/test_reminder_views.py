"""What ``openclaw reminders`` prints."""

import json
from uuid import UUID

from attrs import evolve

from application.agenda import Coming, LedgerRow, Outlook, TaskState
from domain.tasks.values import Kept, Late, Occasion, Status
from entrypoints.views.lines import COLUMNS, json_text
from entrypoints.views.reminders import outlook_json, outlook_lines, task_json, task_lines

TASK_ID = UUID("0c6f6a3e-3f0e-4b1e-9a55-0d8f6d2f3a11")
NINE = 1_795_766_400.0
DAY_S = 86_400.0
RULE = "DTSTART;TZID=Europe/Berlin:20261127T090000\nRRULE:FREQ=DAILY"
TASK = TaskState(
    TASK_ID, "7123456789:c-1001234567890", 3, Status.OPEN, NINE, NINE + DAY_S, RULE, "Europe/Berlin",
    Late.LABEL, 1, False, NINE - DAY_S, None,
)  # fmt: skip
LEDGER = [
    LedgerRow(Occasion(TASK_ID, NINE, Kept.AMBIGUOUS, NINE + 2.5, "whether it arrived is unknown"), False),
    LedgerRow(Occasion(TASK_ID, NINE - DAY_S, Kept.AMBIGUOUS, NINE - DAY_S), True),
    LedgerRow(Occasion(TASK_ID, NINE - 2 * DAY_S, Kept.FIRED, NINE - 2 * DAY_S), False),
]


def test_a_task_is_shown_with_its_state_and_what_became_of_its_occasions() -> None:
    assert task_lines(TASK, LEDGER) == [
        "task -1001234567890/3",
        "id      0c6f6a3e-3f0e-4b1e-9a55-0d8f6d2f3a11",
        "owner   7123456789:c-1001234567890",
        "status  open",
        "made    2026-11-26 08:00:00.000 UTC",
        "closed  -",
        "due     2026-11-27 08:00:00.000 UTC",
        "next    2026-11-28 08:00:00.000 UTC",
        "rule    DTSTART;TZID=Europe/Berlin:20261127T090000",
        "        RRULE:FREQ=DAILY",
        "zone    Europe/Berlin",
        "late    label",
        "said    1 time, of the present occurrence",
        "paused  no",
        "",
        "OCCASION (UTC)           KEPT       AT (UTC)                 TOLD",
        "2026-11-27 08:00:00.000  ambiguous  2026-11-27 08:00:02.500  not yet",
        "    whether it arrived is unknown",
        "2026-11-26 08:00:00.000  ambiguous  2026-11-26 08:00:00.000  yes",
        "2026-11-25 08:00:00.000  fired      2026-11-25 08:00:00.000  -",
    ]
    digest = task_lines(evolve(TASK, number=0, times_said=2), ())
    assert (digest[0], digest[-1]) == (
        "task -1001234567890/0, the digest of the day",
        "it has not reminded yet",
    )
    assert "said    2 times, of the present occurrence" in digest


def test_a_task_as_json_has_all_of_that() -> None:
    found = json.loads(json_text(task_json(TASK, LEDGER[:1])))
    assert found.pop("occasions") == [
        {
            "bucket": "2026-11-27T08:00:00.000000Z",
            "kept": "ambiguous",
            "at": "2026-11-27T08:00:02.500000Z",
            "reason": "whether it arrived is unknown",
            "told": False,
        }
    ]
    assert found == {
        "task_id": str(TASK_ID),
        "scope": "7123456789:c-1001234567890",
        "number": 3,
        "status": "open",
        "created_at": "2026-11-26T08:00:00.000000Z",
        "closed_at": None,
        "due_at": "2026-11-27T08:00:00.000000Z",
        "remind_at": "2026-11-28T08:00:00.000000Z",
        "rule": RULE,
        "zone": "Europe/Berlin",
        "late": "label",
        "times_said": 1,
        "is_paused": False,
    }


def test_reminders_as_a_whole_are_shown_with_what_needs_a_look_and_what_is_next() -> None:
    coming = [Coming(NINE, "7123456789:u42", 3, TASK_ID)]
    seen = Outlook(2, 12.34, 1, 3, {Kept.FIRED: 5, Kept.LATE: 1}, coming)
    lines = outlook_lines(seen, NINE - DAY_S)
    assert lines == [
        "due now    2, the oldest for 12.3 s",
        "paused     1, until their chats can be reached",
        "ambiguous  3, of which their chats are still to be told",
        "",
        "since 2026-11-26 08:00:00.000 UTC",
        "fired 5  late 1  skipped 0  superseded 0  paused 0  ambiguous 0",
        "",
        "NEXT (UTC)               TASK  ID",
        "2026-11-27 08:00:00.000  42/3  0c6f6a3e-3f0e-4b1e-9a55-0d8f6d2f3a11",
    ]
    assert all(len(line) <= COLUMNS for line in lines)
    assert outlook_lines(Outlook(), NINE)[-1] == "no task reminds"
    found = json.loads(json_text(outlook_json(seen, NINE)))
    assert (found["overdue"], found["oldest_s"], found["paused"], found["untold"]) == (2, 12.34, 1, 3)
    assert found["kept"]["late"] == 1
    assert found["next"] == [
        {"remind_at": "2026-11-27T08:00:00.000000Z", "task_id": str(TASK_ID), "scope": "7123456789:u42", "number": 3}
    ]  # fmt: skip

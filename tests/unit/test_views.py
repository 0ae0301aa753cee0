"""What the operator's commands print, compared with what it shall look like."""

import json
from uuid import UUID

from attrs import evolve

from application.changes import AuditRow
from application.ports import Depth
from application.records import AuditEntry, Figures
from domain.decisions import Outcome
from domain.runtime_state import Mode
from domain.status import ServiceStatus
from entrypoints.views.audit import audit_heading, audit_json, audit_lines, followed_lines
from entrypoints.views.lines import COLUMNS, json_text, plain, table
from entrypoints.views.status import Overview, Queues, status_json, status_lines
from entrypoints.views.trace import trace_json, trace_lines

TRACE = "83ed49ee7d525e1b2a4d11d96b752f21"
SCOPE = "7123456789:c-1001234567890"
BEGAN = 1_795_363_161.75
RECEIVED, SEND, DELIVERED = (UUID(int=n) for n in (1, 2, 3))
TEXT = "the secret plan for tuesday"
TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"


def row(after_ms: float, consumer: str, outcome: Outcome, event: UUID, **more: object) -> AuditEntry:
    values = {"event_type": "message.received", "trace_id": TRACE, "scope": SCOPE, **more}
    return AuditEntry(BEGAN + after_ms / 1000, consumer, AuditRow(outcome, event, **values))


WAY = [
    row(0, "gateway", Outcome.ACCEPTED, RECEIVED),
    row(47.6, "brain", Outcome.PROCESSED, RECEIVED, duration_ms=1.0),
    row(300, "sender", Outcome.RETRIED, SEND, event_type="telegram.send", cause=RECEIVED, duration_ms=200.0,
        reason="Telegram: 429 Too Many Requests: retry after 3"),
    row(600, "sender", Outcome.PROCESSED, SEND, event_type="telegram.send", cause=RECEIVED, duration_ms=52.2,
        attempt=1),
    row(600.2, "sender", Outcome.ACCEPTED, DELIVERED, event_type="telegram.delivered", cause=SEND),
]  # fmt: skip

SERVICES = (
    ServiceStatus("brain", "brain-12", "0.1.0", 185.2, 1.1),
    ServiceStatus("gateway", "gateway-11", "0.1.0", 185.9, 4.9),
    ServiceStatus("sender", "sender-13", "0.1.0", 90_000.0, 0.2),
)
WELL = Overview(
    "0.1.0",
    ("gateway", "brain", "sender"),
    ("brain", "sender", "sender-bulk"),
    Figures({"brain": 2}, 0, 0.4, {"brain": 0.4}),
    Queues(SERVICES, Mode.AUTO, {"brain": Depth(2, 1)}),
)


def test_a_trace_is_a_waterfall_indented_by_cause() -> None:
    assert "\n".join(trace_lines(TRACE, WAY)) == (
        "trace 83ed49ee7d525e1b2a4d11d96b752f21\n"
        "from  2026-11-22 15:59:21.750 UTC\n"
        "owner 7123456789:c-1001234567890\n"
        "\n"
        "   AFTER      TOOK  CONSUMER  OUTCOME    EVENT\n"
        "  0.0 ms            gateway   accepted   message.received        [|                       ]\n"
        " 47.6 ms    1.0 ms  brain     processed  message.received        [ =                      ]\n"
        "300.0 ms  200.0 ms  sender    retried      telegram.send         [   =========            ]\n"
        "    Telegram: 429 Too Many Requests: retry after 3\n"
        "600.0 ms   52.2 ms  sender    processed    telegram.send         [                     ===]\n"
        "    attempt 2\n"
        "600.2 ms            sender    accepted       telegram.delivered  [                       |]\n"
        "\n"
        "delivered 600.2 ms after the first row"
    )


def test_a_trace_as_json_has_the_same_times() -> None:
    found = json.loads(json_text(trace_json(TRACE, WAY)))
    assert found["delivered_after_ms"] == [600.2]
    assert [(each["after_ms"], each["depth"]) for each in found["rows"]] == [
        (0.0, 0), (47.6, 0), (300.0, 1), (600.0, 1), (600.2, 2)
    ]  # fmt: skip


def test_a_trace_without_a_delivery_says_so_and_names_the_dead_letter() -> None:
    assert trace_lines(TRACE, WAY[:2])[-1] == "nothing was delivered"
    dead = [*WAY[:2], row(9e4, "sender", Outcome.DEAD_LETTERED, SEND, reason="Telegram: 403 Forbidden")]
    lines = trace_lines(TRACE, dead)
    assert lines[-1] == "nothing was delivered; there is a dead letter, see `openclaw dlq list`"
    assert lines[-4].startswith(" 90.0 s")


def test_several_deliveries_of_one_message_are_counted() -> None:
    more = [*WAY, row(900, "sender", Outcome.ACCEPTED, UUID(int=9), event_type="telegram.delivered")]
    assert trace_lines(TRACE, more)[-1] == (
        "2 deliveries: the first one 600.2 ms, the last one 900.0 ms after the first row"
    )


def test_causes_that_go_in_a_circle_end_the_indentation() -> None:
    circle = [
        row(0, "brain", Outcome.PROCESSED, SEND, cause=RECEIVED),
        row(1, "brain", Outcome.PROCESSED, RECEIVED),
    ]
    circle[1] = evolve(circle[1], row=evolve(circle[1].row, cause=SEND))
    assert len(trace_lines(TRACE, circle)) == 9


def test_a_trace_of_one_row_has_a_bar() -> None:
    assert trace_lines(TRACE, WAY[:1])[5].endswith("[|                       ]")


def test_the_audit_is_a_line_a_row_with_the_reason_below() -> None:
    assert "\n".join(audit_lines(WAY[1:3])) == (
        "TIME (UTC)               CONSUMER  OUTCOME    EVENT             OWNER            TRACE\n"
        "2026-11-22 15:59:21.797  brain     processed  message.received  c-1001234567890  83ed49ee7d52\n"
        "2026-11-22 15:59:22.050  sender    retried    telegram.send     c-1001234567890  83ed49ee7d52\n"
        "    Telegram: 429 Too Many Requests: retry after 3"
    )


def test_rows_that_are_shown_as_they_come_stand_in_columns_of_one_width() -> None:
    lines = [audit_heading(), *followed_lines(WAY[2:3]), *followed_lines(WAY[4:])]
    assert "\n".join(lines) == (
        "TIME (UTC)               CONSUMER  OUTCOME        EVENT               OWNER             TRACE\n"
        "2026-11-22 15:59:22.050  sender    retried        telegram.send       c-1001234567890   83ed49ee7d52\n"
        "    Telegram: 429 Too Many Requests: retry after 3\n"
        "2026-11-22 15:59:22.350  sender    accepted       telegram.delivered  c-1001234567890   83ed49ee7d52"
    )
    assert max(map(len, lines)) <= COLUMNS


def test_a_row_of_the_audit_as_json_has_every_column() -> None:
    found = json.loads(json_text(audit_json(WAY[2])))
    assert list(found) == [
        "at", "consumer", "outcome", "event_id", "event_type", "source", "target", "trace_id", "idempotency_key",
        "cause", "scope", "attempt", "reason", "duration_ms",
    ]  # fmt: skip
    assert (found["event_id"], found["cause"], found["duration_ms"]) == (str(SEND), str(RECEIVED), 200.0)


def test_a_row_without_an_event_is_shown_too() -> None:
    ignored = AuditEntry(BEGAN, "gateway", AuditRow(Outcome.IGNORED, reason="a poll; nothing to do"))
    assert "\n".join(audit_lines([ignored])) == (
        "TIME (UTC)               CONSUMER  OUTCOME  EVENT  OWNER  TRACE\n"
        "2026-11-22 15:59:21.750  gateway   ignored  -      -      -\n"
        "    a poll; nothing to do"
    )


def test_status_shows_services_backlog_and_streams() -> None:
    assert "\n".join(status_lines(WELL)) == (
        "OpenClaw 0.1.0, API mode auto\n"
        "\n"
        "SERVICE  INSTANCE    VERSION  UP     SEEN\n"
        "gateway  gateway-11  0.1.0    3m 5s  4s ago\n"
        "brain    brain-12    0.1.0    3m 5s  1s ago\n"
        "sender   sender-13   0.1.0    1d 1h  0s ago\n"
        "\n"
        "TARGET       OWED  OLDEST DUE  IN STREAM  PENDING\n"
        "brain           2          0s          2        1\n"
        "sender          0           -          0        0\n"
        "sender-bulk     0           -          0        0\n"
        "\n"
        "dead letters: 0\n"
        "\n"
        "all is well"
    )


def test_status_names_what_needs_attention() -> None:
    ill = evolve(
        WELL,
        figures=Figures({"sender": 3, "poet": 1}, 2, 75.0, {"sender": 75.0, "poet": 0.0}),
        queues=Queues(SERVICES[:2], None, {}),
    )
    assert "\n".join(status_lines(ill)) == (
        "OpenClaw 0.1.0, API mode auto (the default)\n"
        "\n"
        "SERVICE  INSTANCE     VERSION  UP     SEEN\n"
        "gateway  gateway-11   0.1.0    3m 5s  4s ago\n"
        "brain    brain-12     0.1.0    3m 5s  1s ago\n"
        "sender   (none runs)  -        -      -\n"
        "\n"
        "TARGET       OWED  OLDEST DUE  IN STREAM  PENDING\n"
        "brain           0           -          0        0\n"
        "sender          3      1m 15s          0        0\n"
        "sender-bulk     0           -          0        0\n"
        "poet            1          0s          0        0\n"
        "\n"
        "dead letters: 2\n"
        "\n"
        "needs attention:\n"
        "  - no sender runs\n"
        "  - sender has not taken up an event that has been due for 1m 15s\n"
        "  - 2 dead letters; see `openclaw dlq list`"
    )


def test_a_role_that_has_fallen_silent_is_told_with_how_long_and_not_hidden() -> None:
    silent = evolve(SERVICES[0], instance="brain-9", seen_s=12.4)
    beside = evolve(WELL, queues=Queues((*SERVICES, silent), Mode.AUTO, {}))
    assert "brain    brain-9     0.1.0    3m 5s  not for 12s" in status_lines(beside)
    assert beside.attention == ()
    alone = evolve(WELL, queues=Queues((silent, *SERVICES[1:]), Mode.AUTO, {}))
    assert alone.attention == ("brain has not been seen for 12s",)


def test_right_after_the_start_a_role_is_starting() -> None:
    begun = evolve(WELL, queues=Queues(SERVICES[:2], Mode.AUTO, {}), starting=True)
    assert "sender   (starting)  -        -      -" in status_lines(begun)
    assert begun.attention == ("sender is starting",)


def test_status_without_redis_still_tells_what_postgres_knows() -> None:
    half = evolve(WELL, queues=None, faults=("Redis at /run/x.sock cannot be reached (ConnectionError)",))
    lines = status_lines(half)
    assert lines[0] == "OpenClaw 0.1.0, API mode unknown"
    assert "services: unknown" in lines
    assert "brain           2          0s          ?        ?" in lines
    assert lines[-1] == "  - Redis at /run/x.sock cannot be reached (ConnectionError)"
    found = status_json(half)
    assert (found["services"], found["mode"]) == (None, None)
    assert found["attention"] == ["Redis at /run/x.sock cannot be reached (ConnectionError)"]


def test_status_without_postgres_still_tells_what_redis_knows() -> None:
    half = evolve(WELL, figures=None, faults=("Postgres at a unix socket cannot be reached (OSError)",))
    lines = status_lines(half)
    assert "brain           ?           ?          2        1" in lines
    assert "dead letters: unknown" in lines
    assert status_json(half)["dead_letters"] is None


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert plain("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb c\ufffdd"


def test_a_long_reason_is_broken_at_the_last_column() -> None:
    long = evolve(WAY[2], row=evolve(WAY[2].row, reason="word " * 80))
    assert all(len(line) <= COLUMNS for line in audit_lines([long])[2:])


def test_a_table_without_rows_is_its_heading() -> None:
    assert table(("A", "B"), []) == ["A  B"]

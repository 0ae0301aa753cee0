"""What ``openclaw dlq`` prints of dead letters, whatever their bytes are."""

import json
from uuid import UUID

import orjson
import pytest
from attrs import evolve

from adapters.memory.labels import labels_of
from application.changes import AuditRow
from application.letters import Letter
from application.records import AuditEntry
from domain.decisions import Outcome
from entrypoints.views.envelopes import outline, whole
from entrypoints.views.letters import letter_json, letter_lines, shown_json, shown_lines
from entrypoints.views.lines import COLUMNS, json_text

TRACE = "83ed49ee7d525e1b2a4d11d96b752f21"
DIED = 1_795_363_161.75
SEND = UUID(int=2, version=4)
TEXT = "the secret plan for tuesday"
TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"
ENVELOPE = {
    "event_id": str(SEND),
    "event_type": "telegram.send",
    "schema_version": "1.0.0",
    "source": "brain",
    "target": "sender",
    "timestamp": "2026-11-22T15:59:00.000000Z",
    "trace_id": TRACE,
    "idempotency_key": "tg:1:2/reply",
    "payload": {
        "bot_id": 7123456789,
        "chat_id": -1001234567890,
        "thread_id": None,
        "text": TEXT,
        "entities": [{"type": "bold", "offset": 0, "length": 3}],
        "message_class": "reply",
        "silent": True,
        TEXT: TEXT,
    },
}
NO_EVENTS = [
    b"",
    b"\xff\x00not json " + TEXT.encode(),
    b"[1]",
    b"5",
    orjson.dumps({"event_type": TEXT, "trace_id": TEXT, "idempotency_key": TEXT, TEXT: 1, "payload": TEXT}),
    orjson.dumps({"event_type": TEXT.replace(" ", "_"), "trace_id": 5, "idempotency_key": ["x"]}),
    orjson.dumps({**ENVELOPE, "event_type": "secret.plan", "schema_version": TEXT, "event_id": TEXT}),
    orjson.dumps({**ENVELOPE, "source": TEXT, "target": [TEXT], "timestamp": TEXT, "idempotency_key": f"tg:1 {TEXT}"}),
    orjson.dumps({**ENVELOPE, "payload": [TEXT]}),
    orjson.dumps({**ENVELOPE, "payload": {"bot_id": TEXT, "chat_id": {TEXT: 1}, "message_class": TEXT, "silent": []}}),
]  # fmt: skip


def letter(envelope: bytes, **more: object) -> Letter:
    values: dict[str, object] = {"attempt": 7, "deaths": 0, "reasons": ("8 attempts failed",), **more}
    return Letter(
        letter_id=12, target="sender", event_id=SEND, lane="7123456789:-1001234567890", envelope=envelope,
        dead_at=DIED, **labels_of(envelope), **values,
    )  # fmt: skip


def test_a_list_shows_labels_and_reasons_and_nothing_that_was_written() -> None:
    found = letter(
        orjson.dumps(ENVELOPE), reasons=(f"Telegram: 403 Forbidden {TOKEN}", "trace_id: missing"), deaths=2
    )
    assert "\n".join(letter_lines([found])) == (
        "ID  TIME (UTC)           TARGET  EVENT          CHAT            TRACE         ATTEMPTS  DEATHS\n"
        "12  2026-11-22 15:59:21  sender  telegram.send  -1001234567890  83ed49ee7d52         8       2\n"
        "    Telegram: 403 Forbidden [hidden]\n"
        "    trace_id: missing"
    )
    text = json_text(letter_json(found))
    assert json.loads(text)["idempotency_key"] == "tg:1:2/reply"
    assert TEXT not in text
    assert "planted" not in text


def test_a_letter_is_shown_with_its_envelope_in_outline_and_its_audit() -> None:
    row = AuditRow(
        Outcome.DEAD_LETTERED, SEND, "telegram.send", trace_id=TRACE, scope="7123456789:c-1001234567890"
    )
    found = evolve(letter(orjson.dumps(ENVELOPE)), repeat=True, cause=UUID(int=1))
    assert "\n".join(shown_lines(found, [AuditEntry(DIED, "sender", row)])) == (
        "letter 12\n"
        "died      2026-11-22 15:59:21.750 UTC\n"
        "target    sender\n"
        "event     00000000-0000-4000-8000-000000000002  telegram.send\n"
        "cause     00000000-0000-0000-0000-000000000001\n"
        "trace     83ed49ee7d525e1b2a4d11d96b752f21\n"
        "key       tg:1:2/reply\n"
        "chat      7123456789:-1001234567890\n"
        "attempts  8\n"
        "deaths    0\n"
        "repeat    an earlier call may have reached the chat\n"
        "\n"
        "reasons\n"
        "    8 attempts failed\n"
        "\n"
        f"envelope, {len(found.envelope)} bytes\n"
        "    event_id               00000000-0000-4000-8000-000000000002\n"
        "    event_type             telegram.send\n"
        "    schema_version         1.0.0\n"
        "    source                 brain\n"
        "    target                 sender\n"
        "    timestamp              2026-11-22T15:59:00.000000Z\n"
        "    trace_id               83ed49ee7d525e1b2a4d11d96b752f21\n"
        "    idempotency_key        tg:1:2/reply\n"
        "    payload.bot_id         7123456789\n"
        "    payload.chat_id        -1001234567890\n"
        "    payload.thread_id      null\n"
        "    payload.text           27 characters\n"
        "    payload.entities       1 item\n"
        "    payload.message_class  reply\n"
        "    payload.silent         true\n"
        "    payload.(others)       1 field unknown to its type\n"
        "\n"
        "TIME (UTC)               CONSUMER  OUTCOME        EVENT          OWNER            TRACE\n"
        "2026-11-22 15:59:21.750  sender    dead_lettered  telegram.send  c-1001234567890  83ed49ee7d52"
    )


@pytest.mark.parametrize("envelope", NO_EVENTS)
def test_an_envelope_that_is_none_shows_nothing_of_its_bytes(envelope: bytes) -> None:
    found = letter(envelope)
    lines = [*letter_lines([found]), *shown_lines(found, [])]
    shown = json_text(letter_json(found)) + json_text(shown_json(found, [])) + "".join(lines)
    assert "plan" not in shown
    assert max(map(len, lines)) <= COLUMNS


def test_an_event_type_that_is_none_of_ours_is_not_shown() -> None:
    assert "(unreadable)" in letter_lines([letter(NO_EVENTS[6])])[1]


def test_of_other_json_its_size_is_told() -> None:
    assert outline(b"\xff", None) == {"(bytes)": "no JSON"}
    assert outline(b"[1]", None) == {"(bytes)": "JSON, but no object"}
    told = outline(b'{"event_id": 5, "event_type": false, "x": 1, "y": 2, "payload": {"a": 1}}', None)
    assert told == {
        "event_id": "a number", "event_type": "true or false", "(others)": "2 fields unknown to envelopes",
        "payload": "an object with 1 field",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("envelope", "text"),
    [
        (b'{"text": "hall\xc3\xb6"}', '{\n  "text": "hall\u00f6"\n}'),
        (b'{"text": "\\u001b[31m \\u202e"}', '{\n  "text": "\\u001b[31m \\u202e"\n}'),
        (b"\xff\x1b[31m\n", "\\xff\\u001b[31m\n"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_the_whole_envelope_is_text_that_no_terminal_obeys(envelope: bytes, text: str) -> None:
    assert whole(envelope) == text

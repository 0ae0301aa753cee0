"""Targets: the file of a backup, and stored rows as they are shown to operators.

Not here: restoring a backup, and finding the rows.
"""

import hashlib
import io
import json
import tarfile
from uuid import UUID

from adapters.codec import Codec
from adapters.postgres.schema import newest_version
from application.agenda import LedgerRow, TaskState
from application.changes import AuditRow
from application.letters import Letter
from application.records import AuditEntry
from domain.decisions import Outcome
from domain.tasks.values import Kept, Late, Occasion, Status
from entrypoints.backup.archive import ABOUT, CHECKSUMS, NoBackup, check
from entrypoints.views.audit import audit_json, audit_lines, followed_lines
from entrypoints.views.envelopes import whole
from entrypoints.views.letters import letter_json, letter_lines, shown_json, shown_lines
from entrypoints.views.lines import json_text
from entrypoints.views.reminders import task_json, task_lines
from entrypoints.views.trace import trace_json, trace_lines
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_int, as_list, as_object, as_text
from tests.fuzz.watch import Unforeseen
from tests.fuzz.words import WORDS
from tests.unit.event_examples import PAYLOADS, event_of


def backup(value: Json) -> str:
    """Look into a file that is packed as a backup is, with checksums that fit where nothing else is told."""
    given = as_object(value)
    members = [
        (
            as_text(each[0])[:90],
            as_bytes(each[1]) if isinstance(each[1], str) else json.dumps(each[1]).encode("utf-8", "replace"),
        )
        for each in as_list(given.get("members"))
        if isinstance(each, list) and len(each) == 2
    ]
    if "checksums" not in given:
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in members}
        members.append(
            (
                CHECKSUMS,
                json.dumps({"tables": as_object(given.get("tables")), "members": sums}).encode(
                    "utf-8", "replace"
                ),
            )
        )
    out = io.BytesIO()
    try:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
            for name, data in members[:12]:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                entry.type = tarfile.SYMTYPE if given.get("link") is True else tarfile.REGTYPE
                tar.addfile(entry, io.BytesIO(data))
    except (ValueError, UnicodeError):
        raise NoCase from None
    raw = out.getvalue()
    cut = given.get("cut")
    try:
        found = check(
            io.BytesIO(raw[: as_int(cut, 0, len(raw))] if cut is not None else raw), newest_version()
        )
    except NoBackup as error:
        return str(error)[:40]
    return f"a backup of {len(found.checksums.tables)} tables"


def views(value: Json) -> str:
    """Show rows as they may stand in the database."""
    given = as_object(value)
    text = {name: stored(each) for name, each in as_object(given.get("text")).items()}
    number = {
        name: as_int(each, -(2**31), 2**31 - 1) for name, each in as_object(given.get("number")).items()
    }
    instant = float(as_int(given.get("at"), -62_135_596_800, 253_402_300_799))
    row = _audit_row(text, number)
    letter, task = _letter(given, text, number, instant), _task(text, number, instant)
    entries = [AuditEntry(instant, text.get("consumer", "brain"), row), AuditEntry(0.0, "sender", row)]
    ledger = [LedgerRow(Occasion(UUID(int=9), instant, Kept.FIRED, instant, text.get("reason", "")), False)]
    lines = [
        *audit_lines(entries),
        *followed_lines(entries),
        *letter_lines([letter]),
        *shown_lines(letter, entries),
        *trace_lines(text.get("trace_id", ""), entries),
        *task_lines(task, ledger),
        *whole(letter.envelope).split("\n"),
    ]
    if any(not line.isprintable() for line in lines):
        raise Unforeseen("a line that steers a terminal")
    for shown in (
        audit_json(entries[0]),
        letter_json(letter),
        shown_json(letter, entries),
        trace_json("x", entries),
        task_json(task, ledger),
    ):
        json_text(shown)
    return "shown"


def _audit_row(text: dict[str, str], number: dict[str, int]) -> AuditRow:
    return AuditRow(
        list(Outcome)[number.get("outcome", 0) % len(Outcome)],
        UUID(int=7) if number.get("event") else None,
        text.get("event_type"),
        text.get("source"),
        text.get("target"),
        text.get("trace_id"),
        text.get("key"),
        UUID(int=8) if number.get("cause") else None,
        text.get("scope"),
        number.get("attempt", 0),
        text.get("reason", ""),
        float(number.get("duration", 0)),
    )


def _letter(given: dict[str, Json], text: dict[str, str], number: dict[str, int], instant: float) -> Letter:
    return Letter(
        1,
        text.get("target", ""),
        UUID(int=7),
        text.get("lane", ""),
        number.get("attempt", 0),
        number.get("deaths", 0),
        tuple(stored(each) for each in as_list(given.get("reasons")))[:20],
        as_bytes(given.get("envelope")),
        instant,
        None,
        False,
        event_type=text.get("event_type"),
        source=text.get("source"),
        trace_id=text.get("trace_id"),
        idempotency_key=text.get("key"),
    )


def _task(text: dict[str, str], number: dict[str, int], instant: float) -> TaskState:
    return TaskState(
        UUID(int=9),
        text.get("owner", "1:u5"),
        number.get("number", 1),
        Status.OPEN,
        instant,
        instant,
        text.get("rule"),
        text.get("zone", "UTC"),
        Late.LABEL,
        number.get("said", 0),
        False,
        instant,
        None,
    )


def stored(value: Json) -> str:
    """Return a text as a column of the database can hold it."""
    return as_text(value)[:5000].encode("utf-8", "replace").decode().replace("\0", "?")


def _backups() -> list[Json]:
    facts = {
        "schema": newest_version(),
        "tables": [{"name": "settings", "columns": ["scope", "name", "value"]}],
        "months": ["2026_11"],
        "server": "18.1",
        "sequences": {"outbox_seq_seq": 7},
        "rights": {"openclaw_brain": {"settings": "arwd"}},
    }
    about = {
        "format": 1,
        "openclaw": "0.1.0",
        "made_at": "2026-11-22T16:00:00Z",
        "facts": facts,
    }
    rows = ["tables/settings/00000001.copy", "1:u5\tzone\tUTC\n"]
    tables = {"settings": {"rows": 1, "digest": "0" * 32}}
    return [
        {"members": [[ABOUT, about], rows], "tables": tables},
        {"members": [[ABOUT, about]], "tables": {}},
        {"members": []},
        {"members": [[ABOUT, about], rows], "tables": tables, "cut": 80},
        {"members": [[ABOUT, "{"]]},
        {"members": [[ABOUT, [1]]]},
        {"members": [[ABOUT, {**about, "format": 99, "openclaw": {"a": "\x1b[2J"}}]]},
        {"members": [[ABOUT, about]], "link": True},
        {"members": [[ABOUT, about], [CHECKSUMS, {"tables": {}, "members": {}}]], "checksums": 1},
        {"members": [[ABOUT, "[" * 5000]]},
        {"members": [["../x", "x"]]},
        {"members": [rows, [ABOUT, about]]},
    ]


def _views() -> list[Json]:
    text = {
        "event_type": "telegram.send",
        "source": "brain",
        "target": "sender",
        "trace_id": "a" * 32,
        "key": "tg:1:2",
        "scope": "1:u5",
        "reason": "why",
        "consumer": "brain",
        "lane": "1:5",
        "zone": "UTC",
        "rule": "DTSTART:20250101T090000Z\nX-ZONE:UTC\nRRULE:FREQ=HOURLY",
        "owner": "1:u5",
    }
    envelopes = [Codec().encode(event_of(name)).decode("latin-1") for name in PAYLOADS]
    found: list[Json] = [
        {
            "text": {**text, "event_type": name},
            "number": {"event": 1, "cause": 1},
            "at": 1_790_000_000,
            "reasons": ["a: b"],
            "envelope": envelope,
        }
        for name, envelope in zip(PAYLOADS, envelopes, strict=True)
    ]
    return [
        *found,
        {},
        {"text": {name: "" for name in text}, "envelope": "{}"},
        {"text": {"owner": "x", "scope": "x"}, "at": -62_135_596_800, "envelope": "[" * 900},
    ]


TARGETS = (
    Target(
        "backup",
        "the file of a backup: any members, descriptions and checksums, whole or cut",
        "what it is, or a refusal before anything is touched",
        backup,
        _backups,
        WORDS["backup"],
    ),
    Target(
        "view",
        "rows of the audit, dead letters and tasks as they may stand in the database, shown to operators",
        "lines that steer no terminal, and JSON",
        views,
        _views,
        (*WORDS["view"], *PAYLOADS),
    ),
)

"""Targets: what operators hand in: settings, command lines, backups; and stored rows as these are shown to them.

Not here: command lines that reach servers (``servers``).
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from uuid import UUID

import click
import redis.asyncio

from adapters.codec import Codec
from adapters.postgres.schema import newest_version
from adapters.redis_streams.connect import connect
from adapters.telegram.client import HttpTelegram
from application.agenda import LedgerRow, TaskState
from application.changes import AuditRow
from application.letters import Letter
from application.records import AuditEntry
from domain.decisions import Outcome
from domain.errors import InvalidSettings
from domain.tasks.values import Kept, Late, Occasion, Status
from entrypoints.assembly import limits_of, policy_of, rates_of
from entrypoints.backup.archive import ABOUT, CHECKSUMS, NoBackup, check
from entrypoints.cli import COMMANDS, cli, main
from entrypoints.exits import Exit
from entrypoints.settings import FIELDS, SECRETS, Settings, load_settings
from entrypoints.settings_source import PREFIX, variable
from entrypoints.views.audit import audit_json, audit_lines, followed_lines
from entrypoints.views.envelopes import whole
from entrypoints.views.letters import letter_json, letter_lines, shown_json, shown_lines
from entrypoints.views.lines import json_text
from entrypoints.views.reminders import task_json, task_lines
from entrypoints.views.trace import trace_json, trace_lines
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_int, as_list, as_object, as_text
from tests.fuzz.watch import Unforeseen, run
from tests.fuzz.words import WORDS, thought_of
from tests.unit.event_examples import PAYLOADS, event_of

ARGUMENTS_MAX = 12
# What may be run in an empty folder where nothing runs: it finds no servers, and says so.
HARMLESS = frozenset(
    {"status", "trace", "audit", "reminders", "dlq", "access", "version", "health", "migrate"}
)
MARK = "planted-secret-text"


@contextmanager
def folder() -> Iterator[Path]:
    """Lend an empty folder."""
    with tempfile.TemporaryDirectory(prefix="oc-fuzz-") as path:
        yield Path(path)


def settings(value: Json) -> str:
    """Read the settings from variables and a file, and make of them what a service makes of them."""
    given = as_object(value)
    environ = {
        f"{PREFIX}{name[:60]}" if not name.startswith("$") else name[1:60]: as_text(text)[:4000]
        for name, text in as_object(given.get("env")).items()
    }
    if any("\0" in part for pair in environ.items() for part in pair) or any(
        MARK in name for name in environ
    ):
        # No environment can hold it, and names are no secrets.
        raise NoCase
    with folder() as path:
        if "file" in given:
            (path / ".env").write_bytes(as_bytes(given["file"]))
        if "secret" in given:
            (path / "secret").write_bytes(as_bytes(given["secret"]))
        try:
            found = load_settings(environ, path)
        except InvalidSettings as error:
            if not error.reasons or not all(reason.isprintable() for reason in error.reasons):
                raise Unforeseen("a refusal without a reason, or one that steers a terminal") from error
            if MARK in str(error):
                raise Unforeseen("a refusal repeats what may be a secret") from error
            return f"refused: {error.reasons[0].partition(':')[2][:30]}"
        if MARK in repr(found):
            raise Unforeseen("the settings show what may be a secret")
        return run(lambda: _used(found))


async def _used(found: Settings) -> str:
    """Make of settings what the services make of them, without reaching anything."""
    limits_of(found), policy_of(found), rates_of(found), found.access_policy(), found.secret_texts()
    if found.telegram_token is not None:
        telegram = HttpTelegram(found.telegram_token.reveal(), found.telegram_api_url)
        telegram._url("getMe")
        await telegram.aclose()
    if found.redis_url is not None:
        client: redis.asyncio.Redis = connect(found.redis_url.reveal(), "openclaw-test")
        client.connection_pool.make_connection()
        await client.aclose()
    with suppress(OSError):
        found.data_dir.stat()
    return "read"


def command_line(value: Json) -> str:
    """Read a command line; run it where that changes nothing."""
    arguments = [as_text(each)[:2000].encode("utf-8", "replace").decode() for each in as_list(value)][
        :ARGUMENTS_MAX
    ]
    if any("\0" in each for each in arguments):
        # No command line can hold it.
        raise NoCase
    out, err = io.StringIO(), io.StringIO()
    with folder() as path, inside(path), redirect_stdout(out), redirect_stderr(err):
        if not arguments or arguments[0] not in HARMLESS:
            return _parsed(arguments)
        if "--watch" in arguments or any(
            each.startswith(("--watch", "--follow", "-f")) for each in arguments
        ):
            raise NoCase
        code = main(arguments)
    if "openclaw: unexpected" in err.getvalue() or "Traceback" in err.getvalue():
        raise Unforeseen(err.getvalue()[-300:])
    if code not in [*Exit] or (code != Exit.OK and not err.getvalue() + out.getvalue()):
        raise Unforeseen(f"it ended with {code} and said nothing")
    return f"{arguments[0]} {code}"


def _parsed(arguments: list[str]) -> str:
    """Parse arguments to their end without running anything."""
    command: click.Command | None = cli
    parent: click.Context | None = None
    try:
        while isinstance(command, click.Group):
            parent = command.make_context("openclaw", list(arguments), parent)
            rest = [*parent._protected_args, *parent.args]
            if not rest:
                return "nothing to do"
            _, command, arguments = command.resolve_command(parent, rest)
        assert command is not None
        command.make_context(command.name, list(arguments), parent)
    except click.exceptions.Exit:
        return "help"
    except click.ClickException as error:
        if not error.format_message():
            raise Unforeseen("a refusal without a word") from error
        return type(error).__name__
    return "understood"


@contextmanager
def inside(path: Path) -> Iterator[None]:
    """Be in a folder, without the variables of our own."""
    before, environ = Path.cwd(), dict(os.environ)
    os.chdir(path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)


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
    row = AuditRow(
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
    entries = [AuditEntry(instant, text.get("consumer", "brain"), row), AuditEntry(0.0, "sender", row)]
    letter = Letter(
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
    task = TaskState(
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


def stored(value: Json) -> str:
    """Return a text as a column of the database can hold it."""
    return as_text(value)[:5000].encode("utf-8", "replace").decode().replace("\0", "?")


def _settings() -> list[Json]:
    return [*({"env": {field.name.upper(): "1"}} for field in FIELDS), *thought_of("settings")]


def command_lines() -> list[Json]:
    """Return command lines to begin with."""
    more: tuple[list[str], ...] = ([], ["--help"], ["--json"], ["--data-dir", "x"])
    return [*([row.name, *each] for row in COMMANDS for each in more), *thought_of("arguments")]


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


NAMES = (
    *(variable(field.name).removeprefix(PREFIX) for field in FIELDS),
    *(f"{name.upper()}_FILE" for name in SECRETS),
)
TARGETS = (
    Target(
        "settings",
        "every variable OPENCLAW_*, a file .env and a file of a secret, with any text",
        "settings that services can be made of, or every fault by the name of its variable; no secret in either",
        settings,
        _settings,
        (*NAMES, *WORDS["settings"]),
    ),
    Target(
        "arguments",
        "the arguments of every command of openclaw; those that only look are run where nothing runs",
        "understood, or one sentence of what is wrong and an exit code of the table",
        command_line,
        command_lines,
        (*(row.name for row in COMMANDS), *WORDS["arguments"]),
    ),
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

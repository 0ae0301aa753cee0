"""A database with rows in every table, and all rows of a database, for the tests of backups.

Not here: expectations (the test modules of this folder).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.codec import Codec
from adapters.postgres.dump import begin_session, copy_out, tables_of
from adapters.postgres.migrate import migrate_sync
from domain.envelope import create
from domain.events.telegram import TelegramSend
from domain.ids import trace_of
from domain.tasks.keys import instant_of, reminder_key
from entrypoints.chat import CHAT_ID
from entrypoints.simulated import BOT_ID
from tests.servers import on
from tests.unit.event_examples import NOON, PAYLOADS

AT_0001 = (Path(__file__).parents[1] / "migration" / "at_0001.sql").read_text(encoding="utf-8")
# What the first schema had no table for.
SINCE_0001 = """
insert into openclaw.access (subject, standing, name) values ('1000000001:8', 'revoked', E'tab\\t, slash \\\\, 🙂');
insert into openclaw.invitations values ('00ff', 1000000001, 'admin', '2999-01-01');
insert into openclaw.retention (kind, kept, removed, removed_ever) values ('updates', '5 days', 3, 30);
insert into openclaw.occasions (task_id, bucket, scope, kept, reason)
  select task_id, '2026-11-22 12:00:00.000001+00', scope, 'ambiguous', E'tab\\t' from openclaw.tasks;
insert into openclaw.occasions (task_id, bucket, scope, kept)
  select task_id, at, scope, 'fired' from openclaw.tasks
  cross join (values ('2026-11-22 13:00:00+00'::timestamptz), ('2026-11-22 14:00:00+00')) as x(at);
insert into openclaw.runtime (name, value, applied) values ('dead_letters_told', '', true);
create table openclaw.audit_2025_12 partition of openclaw.audit
  for values from ('2025-12-01 00:00:00+00') to ('2026-01-01 00:00:00+00');
insert into openclaw.audit (at, consumer, outcome) values ('2025-12-31 23:59:59.999999+00', 'gateway', 'ignored');
"""
OWE = """
insert into openclaw.outbox (target, event_id, lane, ordered, available_at, envelope)
values ($1, $2, $3, false, case when $4 then '2999-01-01'::timestamptz else now() end, $5)
"""
LATER = create(
    TelegramSend(bot_id=BOT_ID, chat_id=CHAT_ID, text="owed since before the backup"),
    source="brain", key="tg:planted:1", trace_id=trace_of("later"), timestamp=NOON,
)  # fmt: skip
DUE = create(
    PAYLOADS["message.received"],
    source="gateway",
    key="tg:planted:2",
    trace_id=trace_of("due"),
    timestamp=NOON,
)
# A reminder that was on its way.
SAYING = create(
    TelegramSend(bot_id=BOT_ID, chat_id=CHAT_ID, text="buy milk"), source="brain",
    key=reminder_key(UUID("5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a04"), instant_of("2026-11-22T13:00:00Z")),
    trace_id=trace_of("saying"), timestamp=NOON, target="sender-bulk",
)  # fmt: skip
GARBAGE_ID = "5d1b3b4e-1f3c-5a63-8f0e-0d7b0b6f7a09"


def fill(url: str) -> None:
    """Make the first schema with rows in every table, migrate it, and owe what is due, what is later and garbage."""
    on(url, lambda c: c.execute(AT_0001))
    migrate_sync(url)

    async def more(connection: Any) -> None:
        await connection.execute(SINCE_0001)
        lane = f"{BOT_ID}:{CHAT_ID}"
        encode = Codec().encode
        await connection.execute(OWE, "sender", LATER.event_id, lane, True, encode(LATER))
        await connection.execute(OWE, "brain", DUE.event_id, "7:-1001234567890", False, encode(DUE))
        await connection.execute(OWE, "sender-bulk", SAYING.event_id, lane, False, encode(SAYING))
        await connection.execute(OWE, "brain", GARBAGE_ID, "7:9", False, b"\x00garbage")

    on(url, more)


def rows_in(url: str) -> Mapping[str, list[bytes]]:
    """Return every row of every table as text, in an order of its own."""

    async def read(connection: Any) -> Mapping[str, list[bytes]]:
        await begin_session(connection)
        found = {}
        for table in await tables_of(connection):
            pieces: list[bytes] = []
            await copy_out(connection, table, pieces.append)
            found[table.name] = sorted(b"".join(pieces).splitlines())
        return found

    return on(url, read)

"""What stands when nothing moves any more, read from the in-memory store or, as its administrator, from Postgres.

Not here: whether that is right (``checker``).
"""

from typing import Any, Protocol

from adapters.memory.database import ClaimRow, MemoryDatabase, Tables
from application.changes import Delivery
from application.ports import Depth
from domain.notices import NOTICE_KEY
from domain.scope import Scope
from domain.tasks.values import Kept, Status
from entrypoints.assembly import BRAIN, SENDER_TARGETS
from entrypoints.harness import BOT_ID
from entrypoints.simulation.history import OccasionKept, Standing, TaskKept
from entrypoints.simulation.people import ADMIN, TOKEN

TARGETS = (BRAIN, *SENDER_TARGETS)
# A claim that ran out and whose event is owed no more is what is left of a dead letter, and a mark of such an event may
# come from a process that died while Postgres stood still, which carries out later what it was sent before; tidying up
# forgets both.
_LEFT = {
    "owed rows": "select count(*) from openclaw.outbox",
    "claims": (
        "select count(*) from openclaw.claims c where claimed_until > openclaw.now() or exists "
        "(select from openclaw.outbox o where o.target = c.target and o.event_id = c.event_id)"
    ),
    "marks of runs that did not end": (
        "select count(*) from openclaw.runs r where event_ids <> '{}' and (r.target = 'scheduler' or exists "
        "(select from openclaw.outbox o where o.target = r.target and o.event_id = any (r.event_ids)))"
    ),
}
_TASKS = """
select task_id, scope, number, title, status, rule is not null as is_recurring, is_paused,
  extract(epoch from due_at)::float8 as due_at, extract(epoch from remind_at)::float8 as remind_at,
  extract(epoch from created_at)::float8 as created_at, extract(epoch from closed_at)::float8 as closed_at
from openclaw.tasks t order by t.created_at, t.task_id
"""
_OCCASIONS = """
select task_id, scope, kept, told, reason, extract(epoch from bucket)::float8 as bucket,
  extract(epoch from at)::float8 as at
from openclaw.occasions o order by o.at, o.task_id, o.bucket
"""
# What an admin's chat has set, and that it can be reached.
_ADMIN = """
select exists (select from openclaw.settings s where s.scope = $1 || ':u' || $2::bigint) and not exists (
  select from openclaw.chats c where c.bot_id = $1::bigint and c.chat_id = $2::bigint and unreachable_since is not null)
"""


class Depths(Protocol):
    """What is asked of the streams."""

    async def depth(self, target: str) -> Depth: ...


async def of_memory(
    database: MemoryDatabase, streams: Depths, *, mode_in_force: str | None = None
) -> Standing:
    """Return what stands in memory. ``mode_in_force`` is for the caller to find out, as a brain does."""
    tables = database.tables
    now = database.clock.now()

    def holds(claim: ClaimRow) -> bool:
        return claim.until > now or (claim.target, claim.event_id) in tables.outbox

    left = {
        "owed rows": len(tables.outbox),
        "claims": sum(holds(claim) for claim in tables.claims.values()),
        "marks of runs that did not end": sum(bool(ids) for _, ids in tables.runs.values()),
    }
    tasks = [
        TaskKept(
            each.task.task_id, each.scope, each.task.number, tokens_in(each.task.title), each.task.status,
            each.task.due_at, each.task.remind_at, each.task.created_at, each.task.closed_at,
            each.task.rule is not None, each.task.is_paused,
        )
        for each in tables.tasks.tasks.values()
    ]  # fmt: skip
    occasions = [
        OccasionKept(
            row.occasion.task_id, _scope(tables.tasks.tasks.get(row.occasion.task_id)), row.occasion.bucket,
            row.occasion.kept, row.occasion.at, row.told, row.occasion.reason,
        )
        for row in tables.tasks.occasions.values()
    ]  # fmt: skip
    committed = tables.mode[0] if tables.mode is not None else None
    return Standing(
        list(tables.deliveries.values()), tasks, occasions, dict(tables.settings),
        left | await _depths(streams), committed, mode_in_force, _untold(tables), _is_admin_there(tables),
    )  # fmt: skip


async def of_postgres(connection: Any, streams: Depths, *, mode_in_force: str | None = None) -> Standing:
    """Return what stands in Postgres, over an ``asyncpg`` connection of its administrator; as ``of_memory``."""
    left = await left_in_postgres(connection, streams)
    deliveries = [
        Delivery(row["key"], row["lane"], row["outcome"], row["message_id"], row["repeat"])
        for row in await connection.fetch("select * from openclaw.deliveries order by settled_at, key")
    ]
    tasks = [
        TaskKept(
            row["task_id"], row["scope"], row["number"], tokens_in(row["title"]), Status(row["status"]), row["due_at"],
            row["remind_at"], row["created_at"], row["closed_at"], row["is_recurring"], row["is_paused"],
        )
        for row in await connection.fetch(_TASKS)
    ]  # fmt: skip
    occasions = [
        OccasionKept(
            row["task_id"], row["scope"], row["bucket"], Kept(row["kept"]), row["at"], row["told"], row["reason"]
        )
        for row in await connection.fetch(_OCCASIONS)
    ]  # fmt: skip
    rows = await connection.fetch("select scope, name, value from openclaw.settings order by scope, name")
    settings = {(row["scope"], row["name"]): row["value"] for row in rows}
    committed = await connection.fetchval("select value from openclaw.runtime where name = 'api_mode'")
    untold = await connection.fetchval(
        "select coalesce(sum(letters), 0)::int from openclaw.unknown_letters()"
    )
    there = await connection.fetchval(_ADMIN, str(BOT_ID), ADMIN)
    return Standing(
        deliveries, tasks, occasions, settings, left, committed, mode_in_force, untold, is_admin_there=there
    )


async def left_in_postgres(connection: Any, streams: Depths) -> dict[str, int]:
    """Return what is left to do, by name; all zero where nothing is."""
    found = {name: int(await connection.fetchval(query)) for name, query in _LEFT.items()}
    return found | await _depths(streams)


def tokens_in(text: str) -> tuple[str, ...]:
    """Return the tokens of the load that stand in a text, parts without their numbers, each once."""
    return tuple(dict.fromkeys(f"m{found[1]}c{found[2]}" for found in TOKEN.finditer(text)))


async def _depths(streams: Depths) -> dict[str, int]:
    found: dict[str, int] = {}
    for target in TARGETS:
        depth = await streams.depth(target)
        found |= {f"entries for {target}": depth.length, f"pending entries of {target}": depth.pending}
    return found


def _untold(tables: Tables) -> int:
    return sum(
        letter_id not in tables.known_letters
        and not (letter.idempotency_key or "").startswith(NOTICE_KEY)
        and letter.lane.partition(":")[0].isdecimal()
        for letter_id, letter in tables.letters.items()
    )


def _is_admin_there(tables: Tables) -> bool:
    scope = Scope(BOT_ID, ADMIN).key
    return any(owner == scope for owner, _ in tables.settings) and (BOT_ID, ADMIN) not in tables.unreachable


def _scope(row: Any) -> str:
    return row.scope if row is not None else ""

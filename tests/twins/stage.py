"""Two databases side by side, one in memory and one in Postgres, that are given the same operations.

Both show the same time to the microsecond, which stands still until it is moved: in Postgres the functions of the
schema that tell the time are replaced by ones that read when it was moved. They keep what tells them apart: the
beginning of the transaction, that of the statement, and the moment itself.

What would wait in Postgres for a row that an open transaction has locked ends there at once, by ``lock_timeout``. Not
here: which operations there are (``store_machine``, ``agenda_machine``), and what can be read (``looking``).
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg

from tests.contract.legs import Leg, MemoryLeg, PostgresLeg
from tests.twins.sides import Sides, Told, told, told_at_once

Result = TypeVar("Result")

# Exact in binary and in microseconds, so that both sides reckon with the same numbers.
STEP_S = 1 / 8
# How long a statement waits for a row before we say that it waits; and how often the loop turns for the fake.
LOCK_TIMEOUT_MS = 60
TURNS = 20
# What is nobody's to handle is raised as it comes.
SAME_ERRORS = {"UniqueViolationError": "ValueError"}
END_POLLS_MAX = 10_000

_CLOCK = """
create table openclaw.twin_clock (real_at timestamptz primary key, at timestamptz not null);
grant select on openclaw.twin_clock to public;
create or replace function openclaw.now() returns timestamptz language plpgsql stable parallel safe as $$
begin return (select t.at from openclaw.twin_clock t where t.real_at <= pg_catalog.now()
  order by t.real_at desc limit 1); end $$;
create or replace function openclaw.statement_now() returns timestamptz language plpgsql stable parallel safe as $$
begin return (select t.at from openclaw.twin_clock t where t.real_at <= pg_catalog.statement_timestamp()
  order by t.real_at desc limit 1); end $$;
create or replace function openclaw.wall_clock() returns timestamptz language plpgsql parallel safe as $$
begin return (select t.at from openclaw.twin_clock t where t.real_at <= pg_catalog.clock_timestamp()
  order by t.real_at desc limit 1); end $$;
-- The fake has no partitions.
create or replace function openclaw.ensure_audit_partitions() returns void language sql as 'select';
"""
_MOVE = "insert into openclaw.twin_clock values (pg_catalog.clock_timestamp(), $1)"
_TABLES = """
select relname from pg_class where relnamespace = 'openclaw'::regnamespace and relkind in ('r', 'p')
  and not relispartition and relname not in ('clock', 'alembic_version', 'twin_clock')
"""


class Stage(Sides):
    """The two sides, and their clock."""

    def __init__(self, admin_url: str) -> None:
        """``admin_url`` is that of a fresh database of the stage's own."""
        super().__init__()
        self.real = PostgresLeg(admin_url)
        self.fake = MemoryLeg()
        self._admin_url = admin_url
        self._admin: Any = self.run(self._prepare())

    async def _prepare(self) -> Any:
        admin = await asyncpg.connect(self._admin_url)
        await admin.execute(_CLOCK)
        tables = [row["relname"] for row in await admin.fetch(_TABLES)]
        # Emptying leaves triggers and constraints aside; sequences go on, since only their order counts.
        deletions = "".join(f"delete from openclaw.{table};" for table in tables)
        self._emptying = (
            f"set session_replication_role = replica; {deletions} delete from openclaw.twin_clock;"
        )
        for table in tables:
            if table != "audit":
                await admin.execute(f"alter table openclaw.{table} set (autovacuum_enabled = off)")
        database = await admin.fetchval("select current_database()")
        await admin.execute(f"alter database {database} set lock_timeout = {LOCK_TIMEOUT_MS}")
        await admin.execute(f"alter database {database} set synchronous_commit = off")
        return admin

    def begin(self) -> None:
        """Begin anew, with nothing in either database."""
        self.has_diverged = False
        self.fake = MemoryLeg()
        self.run(self._admin.execute(self._emptying))
        self.move(STEP_S)

    def move(self, seconds: float) -> None:
        """Let time go by on both sides."""
        self.fake.clock.jump(seconds)
        self.run(self._admin.execute(_MOVE, datetime.fromtimestamp(self.fake.now(), UTC)))

    def end(self) -> None:
        """Let go of everything."""
        self.run(self.real.close())
        self.run(self._admin.close())
        super().end()

    def end_session(self, pid: int, *, is_over: bool = False) -> None:
        """End a session of Postgres, or wait until one has ended that is over."""

        async def end() -> None:
            if not is_over:
                await self._admin.execute("select pg_terminate_backend($1)", pid)
            for _ in range(END_POLLS_MAX):
                if not await self._admin.fetchval(
                    "select count(*) from pg_stat_activity where pid = $1", pid
                ):
                    return
            raise AssertionError(f"session {pid} does not end")

        self.run(end())

    def same(
        self, act: Callable[[Leg], Awaitable[object]], normal: Callable[[Any], object] = lambda value: value
    ) -> Told:
        """Do the same on both sides and return what came of it, told by ``normal``. Raises Diverged.

        What would wait in Postgres is done on neither side.
        """
        real = self.run(told(act(self.real), normal))
        self.count("operations", real)
        if real.waits:
            return real
        return self.agreed(real, self.run(told_at_once(act(self.fake), normal)))

"""Filling an empty database with what was read from another one, in one transaction: all of it or nothing.

The schema is made by the migrations, at the version that the rows were read at, and brought to the newest one after
they are in. Every table is read again and compared. Not here: the file that rows come from (``entrypoints.backup``),
and reading them (``dump``).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from uuid import UUID

import asyncpg
from attrs import define, field

from adapters.postgres.columns import audit_columns
from adapters.postgres.dump import (
    BACKUP_SQL,
    CannotRead,
    Facts,
    begin_session,
    copy_out,
    read_facts,
    tables_of,
)
from adapters.postgres.migrate import MigrationFailed, Migrations, known_versions, migrations
from adapters.postgres.pool import Connection
from adapters.postgres.rows import Sum, Table, quoted
from adapters.postgres.schema import newest_version
from adapters.postgres.sql import SQL
from adapters.postgres.tasks import moment
from application.changes import AuditRow, Head
from domain.errors import OpenClawError, StoreUnavailable
from domain.tasks.keys import instant_of, named_by


class NotEmpty(OpenClawError):
    """The database holds something already, or something uses it."""


class DoesNotFit(OpenClawError):
    """What was read does not fit the schema that it says it has, or came out differently."""


@define
class Load:
    """An open transaction on an empty database of the schema's version at which the rows were read."""

    _migrations: Migrations
    _facts: Facts
    # Tables whose owner is bound by security by rows, too, and for now is not.
    _opened: list[str] = field(factory=list, init=False)

    @property
    def _driver(self) -> Connection:
        return self._migrations.driver

    async def begin(self) -> None:
        """Make the schema. Raises DoesNotFit, NotEmpty."""
        await begin_session(self._driver)
        await self._clear()
        await self._migrations.upgrade(self._facts.schema)
        if set(await tables_of(self._driver)) != set(self._facts.tables):
            raise DoesNotFit(f"its tables are not those of schema {self._facts.schema}; use another backup")
        for row in await self._driver.fetch(BACKUP_SQL["secured"]):
            self._opened.append(row["name"])
            await self._driver.execute(
                f"alter table openclaw.{quoted(row['name'])} no force row level security"
            )
        for month in self._facts.months:
            await self._make_month(month)

    async def fill(self, table: Table, pieces: AsyncIterator[bytes]) -> None:
        """Write rows in COPY's text format into ``table``. Raises DoesNotFit."""
        if table not in self._facts.tables:
            raise DoesNotFit(f"{table.name} is not a table of this backup")
        await self._driver.copy_to_table(
            table.name, schema_name="openclaw", columns=table.columns, source=pieces, format="text"
        )

    async def compare(self, sums: Mapping[str, Sum]) -> None:
        """Read every table again. Raises DoesNotFit where one came out differently."""
        for table in self._facts.tables:
            found = await copy_out(self._driver, table, lambda _: None)
            if found != sums[table.name]:
                raise DoesNotFit(
                    f"table {table.name} came out differently ({found.rows} rows of {sums[table.name].rows}); "
                    "use another backup"
                )

    async def differing_rights(self) -> list[str]:
        """Return the rights on tables that were given by hand, which the migrations do not give."""
        ours = (await read_facts(self._driver)).rights
        return sorted(
            f"{role} on {name}: {may}"
            for name, roles in self._facts.rights.items()
            for role, may in roles.items()
            if ours.get(name, {}).get(role) != may
        )

    async def finish(self) -> None:
        """Bring the schema to the newest version, and take back what holds only for processes that are gone."""
        for name, last in self._facts.sequences.items():
            await self._driver.execute(BACKUP_SQL["set_sequence"], name, last)
        await self._migrations.upgrade(newest_version())
        await self._driver.execute("select openclaw.ensure_audit_partitions()")
        await self._driver.execute(BACKUP_SQL["forget_runs"])
        await self._driver.execute(BACKUP_SQL["tell_of_letters_anew"])
        await self._driver.execute(BACKUP_SQL["tell_mode_again"])

    async def owed(self) -> int:
        """Return how many rows are owed."""
        count: int = await self._driver.fetchval(BACKUP_SQL["owed_count"])
        return count

    async def owed_by_now(self, limit: int) -> list[Head]:
        """Return up to ``limit`` owed rows that were due before now, oldest first."""
        rows = await self._driver.fetch(BACKUP_SQL["owed_by_now"], limit)
        return [Head(**dict(row)) for row in rows]

    async def park(
        self, heads: Sequence[Head], reason: str, audit: Sequence[AuditRow], consumer: str
    ) -> None:
        """Move owed rows to the dead letters, with their rows of the audit; redriven they are possible repeats.

        Reminders among them are ambiguous.
        """
        by_target: dict[str, list[UUID]] = {}
        for head in heads:
            by_target.setdefault(head.target, []).append(head.event_id)
        for target, event_ids in by_target.items():
            count = len(event_ids)
            await self._driver.execute(SQL["bury_rows"], target, event_ids, [reason] * count, [True] * count)
        keys = [row.idempotency_key for row in audit if row.event_type in ("reminder.due", "telegram.send")]
        named = [found for key in keys if key is not None and (found := named_by(key)) is not None]
        buckets = [moment(instant_of(each.bucket)) for each in named]
        await self._driver.execute(BACKUP_SQL["doubt_occasions"], [each.task_id for each in named], buckets)
        await self._driver.execute(BACKUP_SQL["record"], consumer, *audit_columns(audit))

    async def close(self) -> None:
        """Bind owners by security by rows again."""
        for name in self._opened:
            await self._driver.execute(
                f"alter table if exists openclaw.{quoted(name)} force row level security"
            )

    async def _clear(self) -> None:
        """Take away the schema of a database that was migrated and never used. Raises NotEmpty."""
        if not await self._driver.fetchval(BACKUP_SQL["stands"]):
            return
        if await self._driver.fetchval(BACKUP_SQL["guests"]):
            raise NotEmpty("services of OpenClaw are connected to this database; stop them first")
        try:
            facts = await read_facts(self._driver)
        except CannotRead as error:
            raise NotEmpty(
                "the database has a schema `openclaw` that cannot be known to be empty; make an empty database "
                "and give its URL as OPENCLAW_POSTGRES_URL"
            ) from error
        for table in facts.tables:
            name = f"openclaw.{quoted(table.name)}"
            await self._driver.execute(f"lock table {name} in access exclusive mode")
            if await self._driver.fetchval(f"select exists (select from {name})"):  # noqa: S608 - from the catalog
                raise NotEmpty(
                    f"the database holds data of OpenClaw already (schema {facts.schema}); make an empty database "
                    "and give its URL as OPENCLAW_POSTGRES_URL"
                )
        await self._driver.execute(BACKUP_SQL["clear"])

    async def _make_month(self, month: str) -> None:
        """Make the audit's partition of a month (``2025_11``) as ``openclaw.ensure_audit_partitions`` does."""
        name = f"audit_{month}"
        if await self._driver.fetchval("select to_regclass($1)", f"openclaw.{name}") is not None:
            return
        first = date(int(month[:4]), int(month[5:]), 1)
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        await self._driver.execute(
            f"create table openclaw.{quoted(name)} partition of openclaw.audit "
            f"for values from ('{first} 00:00:00+00') to ('{after} 00:00:00+00');"
            f"create trigger audit_no_truncate before truncate on openclaw.{quoted(name)} "
            "for each statement execute function openclaw.refuse_change()"
        )


@asynccontextmanager
async def load(url: str, facts: Facts) -> AsyncIterator[Load]:
    """Open a load into the empty database at ``url`` (a role that may create schemas and roles).

    It takes effect when the block ends without an exception. Raises StoreUnavailable where the server cannot be
    reached, goes away or has no room left, NotEmpty where the database is not empty, DoesNotFit, MigrationFailed.
    """
    if facts.schema not in known_versions():
        raise DoesNotFit(f"schema {facts.schema} is none that OpenClaw ever had; use another backup")
    with _told():
        async with migrations(url) as transaction:
            current = Load(transaction, facts)
            await current.begin()
            yield current
            await current.close()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the driver's errors in sentences that quote no row."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise DoesNotFit(
            "the user of OPENCLAW_POSTGRES_URL may not make schemas, tables or roles; give the URL of the "
            "database's owner with CREATEROLE, or of a superuser"
        ) from error
    except MigrationFailed as error:
        raise MigrationFailed(f"{error}; nothing was restored") from error
    except asyncpg.DiskFullError as error:
        raise StoreUnavailable(
            "Postgres has no room left on its disk; nothing was restored, make room and do it again"
        ) from error
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise DoesNotFit(
            f"a row does not fit its table ({type(error).__name__}); use another backup"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise StoreUnavailable(
            f"Postgres is not available ({type(error).__name__}); nothing was restored"
        ) from error

"""The edge in Postgres: updates become durable, many in one commit. See ``application.ports.Intake``."""

from collections.abc import Collection, Sequence

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from application.changes import Arrival
from application.records import Crowds


class PostgresIntake:
    """Takes in updates with one statement a batch."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def accept(self, arrivals: Sequence[Arrival]) -> list[bool]:
        """See the port."""
        owed = [a.owed for a in arrivals]
        audits = [a.audit for a in arrivals]
        async with self._pool.connection() as connection:
            rows = await connection.fetch(
                SQL["accept"],
                [a.key for a in arrivals],
                [o is not None for o in owed],
                [o.target if o else a.target for o, a in zip(owed, audits, strict=True)],
                [o.event_id if o else a.event_id for o, a in zip(owed, audits, strict=True)],
                [o.lane if o else None for o in owed],
                [o.envelope if o else None for o in owed],
                [a.outcome.value for a in audits],
                [a.event_type for a in audits],
                [a.source for a in audits],
                [a.trace_id for a in audits],
                [a.scope for a in audits],
                [a.reason for a in audits],
            )
        fresh = {row[0] for row in rows}
        return [_take(fresh, a.key) for a in arrivals]

    async def crowds(self, owes: int, limit: int, *, with_admins: bool) -> Crowds:
        """See the port."""
        async with self._pool.connection() as connection:
            rows = await connection.fetch(SQL["crowds"], owes, limit, with_admins)
        lanes = {row["lane"]: row["owed"] for row in rows if row["lane"] is not None and not row["is_admin"]}
        in_all = sum(row["owed"] for row in rows if row["lane"] is None)
        return Crowds(in_all, lanes, frozenset(row["lane"] for row in rows if row["is_admin"]))

    async def taken_in(self, keys: Sequence[str]) -> Collection[str]:
        """See the port."""
        async with self._pool.connection() as connection:
            return {row["key"] for row in await connection.fetch(SQL["taken_in"], keys)}

    async def ready(self) -> None:
        """Raise StoreUnavailable unless a statement runs."""
        await self._pool.ready()


def _take(fresh: set[str], key: str) -> bool:
    """Tell whether ``key`` is new, once: of two equal keys in one batch the second is the duplicate."""
    if key not in fresh:
        return False
    fresh.remove(key)
    return True

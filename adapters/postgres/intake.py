"""The edge in Postgres: updates become durable, many in one commit. See ``application.ports.Intake``."""

from collections.abc import Sequence

from adapters.postgres.pool import Pool
from adapters.postgres.sql import SQL
from application.changes import Arrival


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

    async def ready(self) -> None:
        """Raise StoreUnavailable unless a statement runs."""
        await self._pool.ready()


def _take(fresh: set[str], key: str) -> bool:
    """Tell whether ``key`` is new, once: of two equal keys in one batch the second is the duplicate."""
    if key not in fresh:
        return False
    fresh.remove(key)
    return True

"""Connections as one service role, and the one place where the driver's errors become ours.

Not here: statements (``queries.sql``) and what they mean (``store``).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg

from application.meters import PoolMeter
from domain.errors import RowsGone, StoreUnavailable

Connection = Any  # asyncpg ships no complete types; the pool's proxy behaves as a connection.

# How long a server may take to say goodbye before the connection is cut.
HANG_UP_S = 5.0

# The driver's errors: what the server says, misuse or a lost connection, and a session that fell out of step because
# the server ended it in the middle of an answer.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# SQLSTATE classes after which a later attempt may succeed: connection (08), object in use (55), server going or
# coming (57), one that takes no writes for now (25006), resources (53), bounds on idle or long transactions (25P0x),
# lost to others (40), I/O (58), and a login that is refused (28), as while a password is being renewed: no fault of any
# event, so none may pay for it.
_PASSING = ("08", "28", "53", "55", "57", "58", "40", "25P", "25006")


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING)
    # What the driver itself refuses to send is a ValueError, too: the fault of the data and not of the server.
    return not isinstance(error, ValueError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's passing failures into StoreUnavailable; let failures of the data itself through."""
    try:
        yield
    except DRIVER_ERRORS as error:
        if not _is_passing(error):
            raise
        raise StoreUnavailable(f"Postgres is not available: {type(error).__name__}") from error


async def hang_up(connection: Connection, timeout_s: float = HANG_UP_S) -> None:
    """Close a connection that is in no pool. One that broke, even unnoticed, and one whose server hangs just go.

    What was asked over it was answered before: how it ends is no failure of anything.
    """
    with suppress(*DRIVER_ERRORS):
        await connection.close(timeout=timeout_s)


async def _keep_session(_: Connection) -> None:
    """Everything we set is local to a transaction, so a returned connection needs no reset of its session."""


# A queue's tables are empty one moment and full the next, so what the planner knows of their size is always out of
# date, and a plan made for the empty table reads the full one from end to end. Every statement here has its index.
STEADY_PLANS = (
    "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off; "
    "set enable_hashjoin = off; set enable_mergejoin = off;"
)

# What an operator does not ask for is null, and only a plan that knows so can use the index of what was asked for.
FRESH_PLANS = "set plan_cache_mode = force_custom_plan;"


class Pool:
    """A few connections to one database, each acting as one role with bounds on what it may hold open."""

    def __init__(
        self,
        url: str,
        role: str,
        *,
        size_max: int = 4,
        hold_s: float = 30.0,
        timeout_s: float = 10.0,
        wait_for_disk: bool = True,
        steady_plans: bool = True,
    ) -> None:
        """``hold_s`` bounds a transaction and the idle time inside one; ``timeout_s`` bounds connecting.

        ``wait_for_disk`` off commits without waiting for the write-ahead log: for notes that have to survive this
        process but not the server. ``steady_plans`` off plans each statement for the values that it is given: for
        questions that are rare and differ in what they leave open.
        """
        self._plans = STEADY_PLANS if steady_plans else FRESH_PLANS
        self._url = url
        self._wait_for_disk = wait_for_disk
        self._role = role
        self._size_max = size_max
        self._hold_ms = int(hold_s * 1000)
        self._timeout_s = timeout_s
        self._pool: asyncpg.Pool | None = None
        self.meter = PoolMeter(size_max)

    async def _begin_session(self, connection: Connection) -> None:
        bounds = (
            self._plans
            + f"set idle_in_transaction_session_timeout = {self._hold_ms}; set search_path = openclaw, pg_catalog;"
        )
        if connection.get_server_version().major >= 17:
            bounds += f"set transaction_timeout = {self._hold_ms};"
        if not self._wait_for_disk:
            bounds += "set synchronous_commit = off;"
        await connection.execute(bounds)
        if await connection.fetchval("select current_user") != self._role:
            await connection.execute(f'set role "{self._role}"')
        self.meter.opened += 1

    async def _open(self) -> asyncpg.Pool:
        if self._pool is None:
            pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._size_max,
                timeout=self._timeout_s,
                init=self._begin_session,
                reset=_keep_session,
                max_inactive_connection_lifetime=0,
                server_settings={"application_name": self._role},
            )
            self._pool = await pool
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. An exception inside the block, cancellation included, rolls back what is open."""
        pool, connection = await self._acquire()
        self.meter.in_use += 1
        try:
            with translated():
                yield connection
        except BaseException as error:
            # Rows that another settled are no fault of the server.
            self.meter.faults += isinstance(error, StoreUnavailable) and not isinstance(error, RowsGone)
            await self._roll_back(connection, error)
            raise
        finally:
            self.meter.in_use -= 1
            # What was done over it is done, or has failed already; one that cannot be given back is cut by the driver.
            with suppress(*DRIVER_ERRORS):
                await pool.release(connection)

    async def _acquire(self) -> tuple[asyncpg.Pool, Connection]:
        """Wait for a connection, opening one where that is allowed and none is free."""
        began_s = time.perf_counter()
        try:
            with translated():
                pool = await self._open()
                return pool, await pool.acquire(timeout=self._timeout_s)
        except StoreUnavailable:
            self.meter.faults += 1
            raise
        finally:
            self.meter.waits_s.observe(time.perf_counter() - began_s)

    async def _roll_back(self, connection: Connection, error: BaseException) -> None:
        """End what is open at once, so that its locks are free when the caller goes on."""
        # One that broke may have gone from the pool already, and then refuses every call.
        with suppress(*DRIVER_ERRORS):
            if not connection.is_in_transaction():
                return
            with suppress(*DRIVER_ERRORS):
                if isinstance(error, Exception):
                    await connection.execute("rollback", timeout=self._timeout_s)
                    return
            # Cancelled, or not in step any more: the server rolls back when the connection goes.
            connection.terminate()

    @property
    def size(self) -> int:
        """How many connections are open."""
        return self._pool.get_size() if self._pool is not None else 0

    async def ready(self) -> None:
        """Raise StoreUnavailable unless a statement runs."""
        async with self.connection() as connection:
            await connection.fetchval("select 1")

    async def close(self, timeout_s: float = 5.0) -> None:
        """Close the connections, those in use after ``timeout_s`` by force."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                await asyncio.wait_for(pool.close(), timeout_s)
            except TimeoutError:
                pool.terminate()

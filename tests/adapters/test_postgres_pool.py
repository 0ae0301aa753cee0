"""Connections that are lent, and break."""

from adapters.postgres.pool import Pool


async def test_a_connection_that_breaks_as_it_is_given_back_harms_nobody(database: str) -> None:
    # Seed 21 of `simulate --real`: Postgres ended a session between two steps of the driver's, and that ended a brain.
    pool = Pool(database, "openclaw_brain", size_max=1)
    for _ in range(2):
        async with pool.connection() as connection:
            assert await connection.fetchval("select 1") == 1
            connection._con._transport.abort()
    await pool.ready()
    await pool.close()

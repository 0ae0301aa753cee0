"""The fixtures of this room: a database as the services see it, and as its owner does.

Not here: servers; they are shared by all tests (``tests/conftest.py``).
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.contract.legs import PostgresLeg


@pytest.fixture
async def leg(database: str) -> AsyncIterator[PostgresLeg]:
    """The database under the services' roles."""
    made = PostgresLeg(database)
    yield made
    await made.close()


@pytest.fixture
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the database's owner."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()

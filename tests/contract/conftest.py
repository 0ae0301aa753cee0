"""Fixtures of the contract suites."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.legs import Leg, MemoryLeg, PostgresLeg


@pytest.fixture(params=["memory", "postgres"])
async def leg(request: pytest.FixtureRequest) -> AsyncIterator[Leg]:
    """A database, once in memory and once in Postgres."""
    made: Leg = MemoryLeg() if request.param == "memory" else PostgresLeg(request.getfixturevalue("database"))
    yield made
    await made.close()

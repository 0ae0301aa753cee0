"""Databases in which nothing is, for tests that make a schema step by step."""

from collections.abc import Iterator
from itertools import count

import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from tests.servers import on

numbers = count(1)


@pytest.fixture
def empty(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The administrator's URL of a database in which nothing is."""
    name = f"empty_{next(numbers)}"
    admin = postgres_server.admin_url_of("postgres")
    on(admin, lambda c: c.execute(f"CREATE DATABASE {name}"))
    yield postgres_server.admin_url_of(name)
    on(admin, lambda c: c.execute(f"DROP DATABASE {name} WITH (FORCE)"))

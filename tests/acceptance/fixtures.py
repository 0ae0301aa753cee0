"""Fixtures of the rooms that run the whole product: ``tests/acceptance`` and ``tests/crash``.

Not here: servers; they are shared by all tests (``tests/conftest.py``).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.cluster import Cluster, Servers, running_cluster
from tests.acceptance.load import chosen_seed
from tests.acceptance.processes import Nursery, nursing

OpenCluster = Callable[..., AbstractAsyncContextManager[Cluster]]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where services are started."""
    with nursing() as found:
        yield found


@pytest.fixture
def servers(database: str, valkey_url: str) -> Servers:
    """A fresh database, and an empty Valkey."""
    return Servers(database, valkey_url)


@pytest.fixture
def cluster(nursery: Nursery, servers: Servers, tmp_path: Path) -> OpenCluster:
    """Open an installation on fresh servers: ``async with cluster(webhook=..., call_timeout_s=...) as it``."""
    return partial(running_cluster, nursery, servers, tmp_path)


@pytest.fixture
def seed() -> int:
    """The seed of the run, printed."""
    return chosen_seed()

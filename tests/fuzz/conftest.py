"""Fixtures of this room: the servers of the tests for the targets that need them."""

from collections.abc import Iterator

import pytest

from adapters.embedded.valkey import EmbeddedValkey
from tests.fuzz.ground import Ground
from tests.fuzz.targets.servers import GROUND
from tests.servers import Databases, apart


@pytest.fixture(scope="module")
def ground(databases: Databases, valkey_server: EmbeddedValkey) -> Iterator[Ground]:
    """A database of the room's own, and the shared Valkey."""
    with databases.fresh() as url:
        ground = Ground(url, valkey_server.admin_url)
        GROUND.append(ground)
        yield ground
        GROUND.remove(ground)
        apart(ground.close)

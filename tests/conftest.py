"""What many tests share: real servers, started once when the first test asks, and the check that none stays behind.

Fixtures of one room belong into that room's own ``conftest.py``.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.servers import RUN_VARIABLE, Databases, left_behind, running, short_dir

os.environ[RUN_VARIABLE] = str(os.getpid())
LEFT = "left_behind"
LEFT_BY_WORKERS = pytest.StashKey[list[str]]()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory of the test's own with a path short enough for unix sockets."""
    with short_dir() as path:
        yield path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """The shared Postgres. Tests that stop, kill or pause it take ``private_postgres`` instead."""
    with short_dir() as path, running(EmbeddedPostgres(path, settings={"max_connections": "150"})) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[EmbeddedValkey]:
    """The shared Valkey. Tests that stop, kill or pause it take ``private_valkey`` instead."""
    with short_dir() as path, running(EmbeddedValkey(path)) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres_server: EmbeddedPostgres) -> Databases:
    """The maker of fresh databases on the shared Postgres."""
    return Databases(postgres_server)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The administrator's URL of a fresh, migrated database."""
    with databases.fresh() as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server: EmbeddedValkey) -> str:
    """The URL of the shared Valkey, emptied."""
    with redis.Redis.from_url(valkey_server.admin_url) as client:
        client.flushall()
    return valkey_server.admin_url


@pytest.fixture
def private_postgres() -> Iterator[Callable[..., EmbeddedPostgres]]:
    """Start a Postgres of the test's own: ``private_postgres(tcp=..., settings=...)``."""
    with ExitStack() as stack:

        def start(**options: object) -> EmbeddedPostgres:
            path = stack.enter_context(short_dir())
            return stack.enter_context(running(EmbeddedPostgres(path, **options)))

        yield start


@pytest.fixture
def private_valkey() -> Iterator[Callable[..., EmbeddedValkey]]:
    """Start a Valkey of the test's own: ``private_valkey(password=..., tcp=..., config=...)``."""
    with ExitStack() as stack:

        def start(**options: object) -> EmbeddedValkey:
            path = stack.enter_context(short_dir())
            return stack.enter_context(running(EmbeddedValkey(path, **options)))

        yield start


# Under xdist the tests run in workers, and the run that tells what came of them is another process.


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail the run when a process of its own, or of a worker's, is still there. Before the closing line."""
    yield
    left = session.config.stash.get(LEFT_BY_WORKERS, []) + left_behind()
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[LEFT] = left
    elif left:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("\nthe tests left processes behind:\n" + "\n".join(left), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take in what a worker left behind."""
    node.config.stash.setdefault(LEFT_BY_WORKERS, []).extend(getattr(node, "workeroutput", {}).get(LEFT, []))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Iterator[None]:
    """Let every report be sent by a worker: what a test logged may hold characters that no encoding has."""
    return sendable((yield))


def sendable(value: Any) -> Any:
    """Return the same with lone surrogates written out."""
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {name: sendable(each) for name, each in value.items()}
        case list() | tuple():
            return type(value)(sendable(each) for each in value)
    return value

"""Real servers for the tests: the shared ones, and private ones that a test may kill, pause or flush.

Not here: fixtures (``tests/conftest.py``).
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import psutil
import redis

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.migrate import migrate_sync

Server = TypeVar("Server", EmbeddedPostgres, EmbeddedValkey)
Result = TypeVar("Result")

TEMPLATE = "openclaw_template"
# In the environment of every process that a test starts, and in the path of every server's directory.
RUN_VARIABLE = "OPENCLAW_TEST_RUN"
DIR_PREFIX = f"oc-{os.getpid()}-"
END_TIMEOUT_S = 5.0
IN_MEMORY = "/dev/shm"
ABANDONED_S = 3600.0
# Five times what the servers of all tests hold at once.
IN_MEMORY_BYTES_MIN = 2 * 2**30


@contextmanager
def short_dir() -> Iterator[Path]:
    """Lend a private directory whose path is short enough for unix sockets."""
    path = Path(tempfile.mkdtemp(prefix=DIR_PREFIX, dir=_place()))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@cache
def _place() -> str:
    """Return where directories of servers go: into memory if there is room, since a database is hundreds of files."""
    with suppress(OSError):
        _sweep(Path(IN_MEMORY))
        if shutil.disk_usage(IN_MEMORY).free >= IN_MEMORY_BYTES_MIN:
            return IN_MEMORY
    return "/tmp"


def _sweep(place: Path) -> None:
    """Give back the memory that runs hold which were killed."""
    for path in place.glob("oc-*-*"):
        run = path.name.split("-")[1]
        is_old = path.stat().st_mtime < time.time() - ABANDONED_S
        # Another container's processes do not show here, but it does not take so long.
        if is_old and run.isdigit() and not psutil.pid_exists(int(run)):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start ``server`` and stop it at the end, even when a test left it paused or dead."""
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            resume(server)
        server.stop()


def processes(server: EmbeddedPostgres | EmbeddedValkey) -> list[psutil.Process]:
    """Return the server's process and its helpers."""
    main = psutil.Process(server.pid)
    return [main, *main.children(recursive=True)]


def kill(server: EmbeddedPostgres | EmbeddedValkey) -> None:
    """End the server and its helpers at once, as ``kill -9`` does; ``server.start()`` brings it back."""
    doomed = processes(server)
    _each(doomed, psutil.Process.kill)
    psutil.wait_procs(doomed[1:], timeout=END_TIMEOUT_S)
    server.stop()


def pause(server: EmbeddedPostgres | EmbeddedValkey) -> None:
    """Stop every process of the server with SIGSTOP."""
    _each(processes(server), psutil.Process.suspend)


def resume(server: EmbeddedPostgres | EmbeddedValkey) -> None:
    """Let a paused server go on."""
    _each(processes(server), psutil.Process.resume)


def _each(found: list[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in found:
        # Some of a server's helpers come and go by themselves.
        with suppress(psutil.NoSuchProcess):
            act(process)


def flush(server: EmbeddedValkey) -> None:
    """Take everything from the server, as ``FLUSHALL`` does."""
    with redis.Redis.from_url(server.admin_url) as client:
        client.flushall()


class Databases:
    """Fresh databases of one server, copied from a template that was migrated once."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = count(1)
        self._ready = False

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Lend a fresh, migrated database: its administrator's URL."""
        if not self._ready:
            self._statement(f"CREATE DATABASE {TEMPLATE}")
            apart(lambda: migrate_sync(self._server.admin_url_of(TEMPLATE)))
            self._ready = True
        name = f"test_{next(self._numbers)}"
        self._statement(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield self._server.admin_url_of(name)
        finally:
            self._statement(f"DROP DATABASE {name} WITH (FORCE)")

    def _statement(self, sql: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self._server.admin_url_of("postgres"))
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        apart(lambda: asyncio.run(run()))


def apart(step: Callable[[], Result]) -> Result:
    """Run ``step`` in a thread of its own, away from the event loop that the test plugin keeps in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(step).result()


def on(url: str, act: Callable[[Any], Awaitable[Result]]) -> Result:
    """Do something on a connection of its own, away from the test's event loop."""

    async def run() -> Result:
        connection = await asyncpg.connect(url)
        try:
            return await act(connection)
        finally:
            await connection.close()

    return apart(lambda: asyncio.run(run()))


def left_behind() -> list[str]:
    """Return what still runs of this test run's processes, a line each: children, and orphans by their marks."""
    ours = psutil.Process()
    waiting = {child.pid: child for child in ours.children(recursive=True)}
    for process in psutil.process_iter():
        if process.pid != ours.pid and _is_marked(process):
            waiting[process.pid] = process
    _, alive = psutil.wait_procs(list(waiting.values()), timeout=END_TIMEOUT_S)
    found = []
    for process in alive:
        try:
            found.append(f"{process.pid} {' '.join(process.cmdline()).strip() or process.name()}")
        except psutil.Error:
            continue
    return found


def _is_marked(process: psutil.Process) -> bool:
    try:
        if process.environ().get(RUN_VARIABLE) == os.environ[RUN_VARIABLE]:
            return True
        return f"/{DIR_PREFIX}" in process.cwd()
    except (psutil.Error, OSError):
        return False

"""The real servers of a simulation: started in a directory of their own, and emptied for each run.

They keep nothing: what is in them is given up at the end of the run, so nothing is ever written through to a disk. Not
here: how a simulated process reaches them (``network``), and what they do (``postgres_host``, ``redis_host``).
"""

import asyncio
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import asyncpg
import redis
from attrs import frozen

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.memory.clock import START_S
from adapters.postgres.migrate import migrate
from adapters.postgres.roles import SERVICES, role_of
from adapters.redis_streams.acl import acl_file

IN_MEMORY, IN_MEMORY_BYTES_MIN = Path("/dev/shm"), 1 << 30  # noqa: S108 - a private directory is made there
PREFIX, ABANDONED_S = "openclaw-simulated-", 3600.0
TEMPLATE, DATABASE = "openclaw_template", "openclaw_simulated"
# It opens servers that only this machine's owner reaches, and that hold nothing.
PASSWORD = "simulated-services"  # noqa: S105
ADMIN = "postgres"
SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "autovacuum": "off", "checkpoint_timeout": "1d",
    "max_connections": "120",
    # Of two that wait for one another one is told at once; and the order of commits can be asked for.
    "deadlock_timeout": "1ms", "track_commit_timestamp": "on",
}  # fmt: skip
# The one clock of every rule goes by what its session was told: when its transaction began, and what time it is.
_GOES_BY = """
create or replace function openclaw.{name}() returns timestamptz {kind} parallel safe language plpgsql as
$$ begin return to_timestamp(current_setting('simulation.{setting}')::float8); end $$;
"""
CLOCK = "".join(
    _GOES_BY.format(name=name, kind=kind, setting=setting)
    for name, kind, setting in (
        ("now", "stable", "began"),
        ("statement_now", "stable", "now"),
        ("wall_clock", "volatile", "now"),
    )
)
_RULE = re.compile(r"\([^)]*\)|\S+")


@frozen
class Place:
    """Where a Postgres and a Valkey are, and how their administrator gets in."""

    postgres_dir: str
    postgres_port: int
    postgres_password: str
    redis_path: str
    redis_password: str

    @property
    def postgres_path(self) -> str:
        """The socket of Postgres."""
        return f"{self.postgres_dir}/.s.PGSQL.{self.postgres_port}"

    def postgres_url(self, service: str | None = None, database: str = DATABASE) -> str:
        """Return the URL for a service's login, without one for the administrator's."""
        user, password = (ADMIN, self.postgres_password) if service is None else (role_of(service), PASSWORD)
        where = f"host={quote(self.postgres_dir)}&port={self.postgres_port}"
        return f"postgresql://{user}:{quote(password, safe='')}@/{database}?{where}"

    def redis_url(self, service: str | None = None) -> str:
        """Return the URL for a service's user, without one for the administrator's."""
        user, password = ("default", self.redis_password) if service is None else (service, PASSWORD)
        return f"unix://{user}:{quote(password, safe='')}@{quote(self.redis_path)}?db=0"


@contextmanager
def servers(count: int) -> Iterator[list[Place]]:
    """Start so many pairs of servers, and stop them at the end. To be entered in the main thread."""
    with ExitStack() as stack:
        places = []
        stack.enter_context(_ended_by_sigterm())
        for _ in range(count):
            path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_room()))
            stack.callback(shutil.rmtree, path, ignore_errors=True)
            postgres = EmbeddedPostgres(path, settings=SETTINGS)
            valkey = EmbeddedValkey(path, config=("appendonly no",))
            for server in (postgres, valkey):
                stack.callback(server.stop)
                server.start()
            places.append(place_of(postgres, valkey))
        yield places


def place_of(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Place:
    """Return the place of servers that run, and make them ready."""
    password = unquote(urlsplit(postgres.admin_url).password or "")
    place = Place(str(postgres.sockets), postgres.port, password, str(valkey.socket), valkey.password)
    asyncio.run(_make_template(place))
    with redis.Redis.from_url(place.redis_url()) as client:
        for line in acl_file(dict.fromkeys(SERVICES, PASSWORD)).splitlines():
            # The administrator keeps every right.
            if not line.startswith("user default "):
                client.execute_command("ACL", "SETUSER", *_RULE.findall(line)[1:])
    return place


async def _make_template(place: Place) -> None:
    """Make the database that every run gets a copy of, at the time at which runs begin."""
    async with _connected(place.postgres_url(database="postgres")) as connection:
        await connection.execute(f"drop database if exists {TEMPLATE}")
        await connection.execute(f"create database {TEMPLATE}")
    await migrate(place.postgres_url(database=TEMPLATE))
    async with _connected(place.postgres_url(database=TEMPLATE)) as connection:
        # Whoever logs in proves it with one round of hashing in place of thousands: it is done at every start.
        await connection.execute("set scram_iterations = 1")
        for service in SERVICES:
            await connection.execute(f"alter role {role_of(service)} login password '{PASSWORD}'")
        await connection.execute(CLOCK)
        await connection.execute(f"set simulation.began = '{START_S}'; set simulation.now = '{START_S}'")
        await connection.execute("select openclaw.ensure_audit_partitions()")


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def _room() -> Path:
    """Return where there is room, in memory if anyhow possible: a database is hundreds of files."""
    with suppress(OSError):
        _sweep(IN_MEMORY)
        if shutil.disk_usage(IN_MEMORY).free >= IN_MEMORY_BYTES_MIN:
            return IN_MEMORY
    return Path(tempfile.gettempdir())


def _sweep(room: Path) -> None:
    """Give back the memory that simulations hold which were killed."""
    for path in room.glob(f"{PREFIX}*-*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        is_old = path.stat().st_mtime < time.time() - ABANDONED_S
        # Another container's processes do not show here, but none takes so long.
        if is_old and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that its servers are stopped in either case."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)

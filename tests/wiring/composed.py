"""``docker-compose.yml`` on this machine without containers: each service's own command, environment and health check.

What differs from an engine is translated: a mounted path becomes a path below a directory of the test's, an address of
the compose network one of the loopback with a free port. Not here: what must hold (``test_compose``).
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import yaml
from attrs import define, field

from adapters.embedded.files import free_port
from adapters.embedded.postgres import installed_programs

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
IN_IMAGE = "/app/"
ANY_HOST = "0.0.0.0"
ADDRESS = re.compile(r"\b(?P<host>127\.0\.0\.1|0\.0\.0\.0|[a-z]+):(?P<port>[0-9]{4,5})\b")
CHECK_S_MAX = 15.0
READY_S_MAX = 30.0
PACE_S = 0.05


def compose() -> dict[str, Any]:
    """Return the compose file, its merge keys resolved."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


SERVICES: Mapping[str, dict[str, Any]] = compose()["services"]


def mounts(service: str) -> Iterator[tuple[str, str, bool]]:
    """Return each mount of a service: the volume, the path in the container, and whether it is read-only."""
    for line in SERVICES[service].get("volumes", ()):
        volume, path, *mode = line.split(":")
        yield volume, path, mode == ["ro"]


@define
class Machine:
    """A directory in which the services find what the engine would mount, and the ports they get."""

    path: Path
    ports: dict[tuple[str, str], int] = field(factory=dict)

    def port(self, service: str, port: str) -> int:
        """Return the port on this machine that stands for one of a service's."""
        if (service, port) not in self.ports:
            self.ports[service, port] = free_port()
        return self.ports[service, port]

    def volume(self, name: str) -> Path:
        """Return the folder that stands for a named volume."""
        folder = self.path / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def local(self, service: str, word: str) -> str:
        """Return a word of a service's command or environment as it reads on this machine."""
        if word.startswith(IN_IMAGE):
            return str(ROOT / word.removeprefix(IN_IMAGE))
        if word.startswith("/"):
            return str(self._root_of(service)) + word
        if word == ANY_HOST:
            return "127.0.0.1"
        if re.fullmatch("[0-9]{4,5}", word):
            return str(self.port(service, word))

        def moved(found: "re.Match[str]") -> str:
            owner = found["host"] if found["host"] in SERVICES else service
            return f"127.0.0.1:{self.port(owner, found['port'])}"

        return ADDRESS.sub(moved, word)

    def words(self, service: str, words: Iterable[str]) -> list[str]:
        """Return a whole command as it reads on this machine."""
        return [self.local(service, word) for word in words]

    def openclaw(
        self, service: str, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE
    ) -> "subprocess.Popen[str]":
        """Start the image's program with the service's environment; without arguments with its own command."""
        given = arguments or self.words(service, SERVICES[service]["command"])
        with self._log(service).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli", *given],
                env=self.environment(service),
                cwd=self.path,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=log,
                text=True,
            )

    def environment(self, service: str) -> dict[str, str]:
        """Return the service's own environment; what it would take from this machine's is not set."""
        given: Mapping[str, str | None] = SERVICES[service].get("environment", {})
        ours = {name: self.local(service, text) for name, text in given.items() if text is not None}
        marks = {name: text for name, text in os.environ.items() if name.startswith("OPENCLAW_TEST_")}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **marks, **ours}

    def told(self, service: str) -> str:
        """Return what a service wrote to standard error."""
        return self._log(service).read_text(encoding="utf-8")

    def is_healthy(self, service: str) -> bool:
        """Run the service's own health check once."""
        kind, program, *rest = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        programs = {"python": sys.executable, "pg_isready": str(installed_programs() / "bin" / "pg_isready")}
        command = [programs[program], *self.words(service, rest)]
        return subprocess.run(command, check=False, capture_output=True, timeout=CHECK_S_MAX).returncode == 0

    def becomes_healthy(self, service: str, process: "subprocess.Popen[str]") -> bool:
        """Wait until the health check passes; False when the process ends or time is up."""
        for _ in range(int(READY_S_MAX / PACE_S)):
            if self.is_healthy(service):
                return True
            try:
                process.wait(PACE_S)
                return False
            except subprocess.TimeoutExpired:
                continue
        return False

    def _root_of(self, service: str) -> Path:
        """Return the folder that stands for the root of a service's file system, its mounts in place."""
        root = self.path / "roots" / service
        for volume, path, _ in mounts(service):
            place = root / path.removeprefix("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.is_symlink():
                place.symlink_to(self.volume(volume))
        return root

    def _log(self, service: str) -> Path:
        return self.path / f"{service}.log"


def stop(process: "subprocess.Popen[str]", grace_s: float) -> int | None:
    """Stop a process as the engine does and return its exit code; None where it had to be killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    return process.returncode

"""What a container's health check asks, and how it is told."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrypoints import health
from entrypoints.cli import main
from entrypoints.exits import Exit


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Answer one request with ``answer``; the address as ``host:port``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", None),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answers 503"),
        (b"SSH-2.0-x\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
def test_ready_is_what_answers_200(answer: bytes, told: str | None) -> None:
    with answering(answer) as address:
        fault = health.check(f"http://{address}/readyz")
    assert fault is None if told is None else fault is not None and told in fault


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "nonsense", "http://", "http://127.0.0.1:x/"])
def test_what_is_no_address_is_told(url: str) -> None:
    assert "does not answer" in str(health.check(url))


def test_it_runs_as_a_program_of_its_own() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as address:
        program = [sys.executable, "-IS", str(Path(health.__file__)), f"http://{address}/readyz"]
        assert subprocess.run(program, check=False, capture_output=True).returncode == 0
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    assert (done.returncode, "Connection refused" in done.stderr) == (1, True)


def test_the_command_takes_the_address_from_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as address:
        monkeypatch.setenv("OPENCLAW_HEALTH_LISTEN", address)
        assert main(["health"]) == Exit.OK
    assert capsys.readouterr().out == "ready\n"
    assert main(["health"]) == Exit.UNREACHABLE
    monkeypatch.delenv("OPENCLAW_HEALTH_LISTEN")
    assert main(["health"]) == Exit.USAGE

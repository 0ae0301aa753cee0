"""What ``up`` tells of its processes: to a person at the chat, to the log otherwise, and to every role in numbers."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.data_dir import DataDir
from entrypoints.preparation import start_logging
from entrypoints.restarts import Restarts
from entrypoints.settings import Settings
from entrypoints.settings_types import LogFormat
from entrypoints.supervisor import Happening, SupervisorEvent
from entrypoints.up import TROUBLE, Up
from tests.servers import apart


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)


def an_up(folder: Path, simulator_url: str | None) -> Up:
    settings = Settings(log_format=LogFormat.JSON)
    start_logging(settings, "up")
    up = Up(settings, DataDir(folder / "data"), simulator_url=simulator_url)
    up.restarts = Restarts(("brain",))
    return up


def happen(up: Up) -> None:
    for what in Happening:
        up._tell(SupervisorEvent(what, "brain", 7, -9, 0.1, "why"))
    up._tell(SupervisorEvent(Happening.STARTED, "brain", 8))


def test_without_a_chat_what_goes_wrong_is_a_log_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    happen(an_up(tmp_path, None))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = [(line["level"], line["action"], line["process_name"], line["role"]) for line in lines]
    trouble = [f"process_{what.replace(' ', '_')}" for what in Happening if what in TROUBLE]
    assert told == [
        *(("warning", action, "brain", "up") for action in trouble),
        ("info", "process_started", "brain", "up"),
    ]
    assert lines[0]["message"] == "brain died (why); starting it again in 0.1 s"
    assert lines[0]["exit_code"] == -9


def test_beside_a_chat_it_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    happen(an_up(tmp_path, "http://127.0.0.1:1"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "openclaw: brain died (why); starting it again in 0.1 s"
    assert lines[-1] == "openclaw: brain runs again"


def test_restarts_are_seen_by_processes_that_were_forked_before(tmp_path: Path) -> None:
    restarts = Restarts(("brain", "sender"))
    restarts.started("brain")
    restarts.started("unknown")
    told, tell = os.pipe()
    go, begin = os.pipe()

    def fork() -> int:
        pid = os.fork()
        if pid == 0:
            os.read(go, 1)
            os.write(tell, json.dumps(restarts.read()).encode())
            os._exit(0)
        return pid

    pid = apart(fork)
    restarts.started("brain")
    restarts.started("brain")
    os.write(begin, b"x")
    assert json.loads(os.read(told, 1000)) == {"brain": 2, "sender": 0}
    os.waitpid(pid, 0)
    for end in (told, tell, go, begin):
        os.close(end)

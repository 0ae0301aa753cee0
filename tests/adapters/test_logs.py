"""Logs: their two formats, and that no planted secret gets out by any way."""

import asyncio
import gc
import io
import json
import logging
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.logs import OLDER_FILES, Redactor, log_loop_trouble, set_up_logging
from domain.errors import StoreUnavailable

TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"
PASSWORD = 'pl@nted "p/ss'
TRACE = "0af7651916cd43dd8448eb211c80319c"
log = logging.getLogger("openclaw.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Unreadable:
    def __str__(self) -> str:
        raise ValueError(TOKEN)


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture(params=["text", "json"])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(log_format=request.param, level="debug", secrets=[PASSWORD, TOKEN, "abc"], stream=stream)
    return stream


def test_a_json_line_has_the_sentence_the_action_and_the_fields() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="json", about={"role": "brain", "instance": "a"}, stream=stream)
    log.info(
        "took up %d lanes", 3, extra={"action": "swept", "trace_id": "0f" * 16, "lanes": ["1:2"], "ms": 1.5}
    )
    log.debug("not this")
    (line,) = lines_of(stream)
    assert line.pop("time")[-1] == "Z"
    assert line == {
        "level": "info",
        "logger": "openclaw.test",
        "message": "took up 3 lanes",
        "role": "brain",
        "instance": "a",
        "action": "swept",
        "trace_id": "0f" * 16,
        "lanes": ["1:2"],
        "ms": 1.5,
    }


def test_a_text_line_is_one_line_for_people() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="text", stream=stream)
    log.warning("a\nb", extra={"action": "x", "field": "1\r\n2"})
    time, _, rest = stream.getvalue().partition(" ")
    assert rest == "warning  a\\nb  (action=x field=1\\r\\n2)\n"
    assert datetime.fromisoformat(time).tzinfo is UTC


def test_a_text_line_names_the_role_first_and_the_trace_last() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="text", about={"role": "brain", "instance": "brain-7"}, stream=stream)
    log.error("no luck", extra={"trace_id": TRACE, "action": "retried", "attempt": 2})
    line = stream.getvalue().partition(" ")[2]
    assert line == f"error    brain: no luck  (action=retried attempt=2 trace_id={TRACE})\n"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_on_a_terminal_the_level_has_a_colour_where_colours_are_wanted(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    set_up_logging(stream=stream)
    log.warning("careful", extra={"action": "x"})
    level = "\x1b[33mwarning \x1b[0m" if coloured else "warning "
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d\.\d{{3}}Z {re.escape(level)} careful  \(action=x\)\n", stream.getvalue()
    )


def test_what_is_not_a_terminal_never_gets_a_colour() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="text", stream=stream)
    log.error("no luck")
    assert "\x1b" not in stream.getvalue()


def test_neither_a_line_nor_a_terminal_is_steered_by_what_is_logged(stream: io.StringIO) -> None:
    forged = 'x\n{"level": "info"}\r\x1b[2J\x9b31m\u2028\u202e\x7f\ud800 ok'
    log.warning("chat %s", forged, extra={"title": forged, forged: 1, "trace_id": forged})
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    if line.startswith("{"):
        assert json.loads(line)["title"] == forged


@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "redis", "asyncpg", "httpx", "aiohttp.client"])
def test_what_the_libraries_log_goes_the_same_way(name: str) -> None:
    stream = io.StringIO()
    set_up_logging(log_format="json", secrets=[TOKEN], about={"role": "sender"}, stream=stream)
    logging.getLogger(name).warning("cannot reach %s\n", f"https://api.telegram.org/bot{TOKEN}/getMe")
    (line,) = lines_of(stream)
    assert (line["logger"], line["role"], line["action"]) == (name, "sender", "other")
    assert line["message"] == "cannot reach https://api.telegram.org/bot[hidden]/getMe\n"


async def test_what_the_loop_complains_of_is_logged_without_the_text_of_errors(stream: io.StringIO) -> None:
    asyncio.get_running_loop().set_exception_handler(log_loop_trouble)

    async def fail() -> None:
        raise ValueError("what somebody wrote")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
    text = stream.getvalue()
    assert "Task exception was never retrieved" in text
    assert "ValueError" in text
    assert "somebody" not in text.replace('raise ValueError("what somebody wrote")', "").replace(
        'raise ValueError(\\"what somebody wrote\\")', ""
    )


def test_auto_is_json_where_the_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    set_up_logging(stream=stream)
    log.info("hello")
    assert lines_of(stream)[0]["message"] == "hello"


def test_fields_cannot_overwrite_what_every_line_has() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="json", about={"role": "brain"}, stream=stream)
    log.info("true", extra={"level": "forged", "time": "never", "role": "admin"})
    (line,) = lines_of(stream)
    assert (line["level"], line["message"], line["role"]) == ("info", "true", "brain")


def test_no_secret_gets_out_in_sentences_arguments_or_fields(stream: io.StringIO) -> None:
    log.info(f"sentence {PASSWORD}")
    log.info("argument %s %r", TOKEN, PASSWORD)
    log.info("url %s", "postgresql://u:pl%40nted%20%22p%2Fss@h/db")
    log.info("field", extra={"a": {"deep": [TOKEN, (PASSWORD,)]}, "b": {TOKEN}, "c": {TOKEN: 1}})
    log.info("object", extra={"error": ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")})
    text = stream.getvalue()
    assert "nted" not in text
    assert text.count("[hidden]") >= 8


def test_no_secret_gets_out_in_exceptions_and_their_causes(stream: io.StringIO) -> None:
    try:
        try:
            raise OSError(f"cannot reach https://api.telegram.org/bot{TOKEN}/getMe")
        except OSError as cause:
            raise RuntimeError(PASSWORD) from cause
    except RuntimeError:
        log.exception("failed", extra={"action": "x"})
        log.info("where", stack_info=True)
        kind, error, trace = sys.exc_info()
        assert kind is not None
        assert error is not None
        sys.excepthook(kind, error, trace)
    text = stream.getvalue()
    assert "nted" not in text.replace("raise RuntimeError(PASSWORD)", "")
    assert "RuntimeError" in text
    assert "OSError" in text
    assert "uncaught exception" in text


def test_foreign_errors_are_told_by_kind_and_place_and_our_own_in_full(stream: io.StringIO) -> None:
    try:
        try:
            {}["what somebody wrote"]
        except KeyError as cause:
            raise StoreUnavailable("Postgres is not available") from cause
    except StoreUnavailable:
        log.exception("failed")
    log.error("group", exc_info=ExceptionGroup("two", [ValueError("written"), OSError(111, "refused", "/x")]))
    text = stream.getvalue()
    assert "KeyError" in text
    assert "StoreUnavailable: Postgres is not available" in text
    assert "ConnectionRefusedError: refused" in text
    assert "which led to:" in text
    assert "test_logs.py" in text
    assert "written" not in text
    assert "/x" not in text


def test_every_line_of_a_traceback_for_people_is_indented() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="text", stream=stream)
    try:
        raise StoreUnavailable("one\ntwo")
    except StoreUnavailable:
        log.exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert " error    failed" in first
    assert all(line.startswith("    ") for line in rest)
    assert rest[-1] == "    StoreUnavailable: one\\ntwo"


def test_secrets_added_later_are_hidden_from_then_on() -> None:
    stream = io.StringIO()
    redactor = set_up_logging(log_format="json", stream=stream)
    redactor.add("made at the first start", "")
    log.info("the password is made at the first start")
    assert lines_of(stream)[0]["message"] == "the password is [hidden]"


def test_texts_shaped_like_a_credential_are_hidden_even_when_unknown() -> None:
    redact = Redactor()
    other = "bot99999999:" + "A" * 35
    assert (
        redact(f"POST https://api.telegram.org/{other}/getMe")
        == "POST https://api.telegram.org/bot[hidden]/getMe"
    )
    assert redact("redis://user:pass@host/0") == "redis://user:[hidden]@host/0"
    assert redact("Authorization: Bearer abcdef123456") == "Authorization: Bearer [hidden]"
    assert redact("key sk-proj-planted-planted-planted") == "key [hidden]"


def test_ordinary_text_stays_as_it_is() -> None:
    redact = Redactor(["abc", ""])
    for text in ("abc", "12:34:56 lane 123456:-100987", "https://host:8080/path", "0123456789abcdef" * 2, ""):
        assert redact(text) == text


def test_warnings_of_python_are_logged(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"careful with {TOKEN}", stacklevel=1)
    assert "careful with [hidden]" in stream.getvalue()


def test_a_record_that_cannot_be_written_is_not_shown_raw(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    log.info("sentence", extra={"field": Unreadable()})
    assert "could not be written" in capsys.readouterr().err
    assert stream.getvalue() == ""


TO_A_FILE = """
import logging, os, sys
from pathlib import Path
from adapters.logs import set_up_logging
set_up_logging(file=Path(sys.argv[1]), file_bytes_max=2000)
for n in range(200):
    logging.getLogger("openclaw.test").info("line %d", n, extra={"action": "x"})
os.write(2, b"a dump of the watchdog\\n")
"""


def test_a_log_file_is_put_aside_when_it_is_full_and_only_so_many_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "brain.log"
    done = subprocess.run(
        [sys.executable, "-c", TO_A_FILE, str(file)], check=True, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["brain.log", *(f"brain.log.{n}" for n in range(1, OLDER_FILES + 1))]
    assert all(path.stat().st_size <= 2_100 for path in tmp_path.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    *lines, dump = file.read_text().splitlines()
    assert json.loads(lines[-1])["message"] == "line 199"
    assert dump == "a dump of the watchdog"
    last_but_one = json.loads((tmp_path / "brain.log.1").read_text().splitlines()[-1])["message"]
    assert json.loads(lines[0])["message"] == f"line {int(last_but_one.split()[1]) + 1}"

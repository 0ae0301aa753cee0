"""Logs: their two formats, and that no planted secret gets out by any way."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.logs import Redactor, set_up_logging

TOKEN = "7123456789:AAHplantedplantedplantedplanted_-x"
PASSWORD = 'pl@nted "p/ss'
log = logging.getLogger("openclaw.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)


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
    assert stream.getvalue()[14:] == "warning  a\\nb  (action=x field=1\\r\\n2)\n"


def test_auto_is_json_where_the_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    set_up_logging(stream=stream)
    log.info("hello")
    assert lines_of(stream)[0]["message"] == "hello"


def test_fields_cannot_overwrite_what_every_line_has() -> None:
    stream = io.StringIO()
    set_up_logging(log_format="json", stream=stream)
    log.info("true", extra={"level": "forged", "time": "never"})
    (line,) = lines_of(stream)
    assert (line["level"], line["message"]) == ("info", "true")


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
    assert "RuntimeError: [hidden]" in text
    assert "uncaught exception" in text


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

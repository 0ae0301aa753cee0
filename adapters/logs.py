"""Structured logs: a short sentence with a stable ``action`` and fields beside it, as JSON lines or for a terminal.

``log.warning("the stream is away", extra={"action": "consume_failed", "target": "brain", "trace_id": ...})``.
Whatever leaves here, exceptions and fields included, has been through the ``Redactor``, which hides this
installation's secrets and what is shaped like one. Not here: what is worth logging, and settings.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote

from domain.redaction import HIDDEN, without_credentials

# A shorter secret would be found in every other word.
SECRET_CHARS_MIN = 4
QUIET_LOGGERS = ("httpx", "httpcore", "aiohttp.access", "uvicorn.access", "alembic")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_log = logging.getLogger("openclaw")


class Redactor:
    """Hides known secrets, as they are and as they stand in URLs, and texts that are shaped like a credential."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these too, from now on; empty and very short ones are left out."""
        for secret in secrets:
            if len(secret) >= SECRET_CHARS_MIN:
                self._known |= {secret, quote(secret, safe=""), repr(secret)[1:-1]}
        longest_first = sorted(self._known, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return ``text`` with every secret replaced by ``[hidden]``."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return without_credentials(text)

    def deep(self, value: Any) -> Any:
        """Return a value of a log field as JSON takes it, with every secret in it hidden."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self(str(name)): self.deep(item) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.deep(item) for item in value]
        return self(str(value))


class _Formatter(logging.Formatter):
    """What both formats have in common: the fields of a record, and their redaction."""

    def __init__(self, redactor: Redactor, about: Mapping[str, str]) -> None:
        super().__init__()
        self._redactor = redactor
        self._about = dict(about)

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what the caller put beside the sentence."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return {name: self._redactor.deep(value) for name, value in (self._about | extra).items()}

    def trouble(self, record: logging.LogRecord) -> str:
        """Return the traceback and the stack of the record, if it has any."""
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        return self._redactor("\n".join(parts))

    def sentence(self, record: logging.LogRecord) -> str:
        """Return the message with its arguments filled in."""
        return self._redactor(record.getMessage())


class JsonFormatter(_Formatter):
    """One JSON object a line: time, level, logger, message, then the fields, ``action`` among them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.sentence(record),
        }
        for name, value in self.fields(record).items():
            line.setdefault(name, value)
        if trouble := self.trouble(record):
            line["exception"] = trouble
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(_Formatter):
    """For people: time, level, sentence, then the fields as ``name=value``; line breaks in them do not get through."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback if there is one."""
        fields = " ".join(f"{name}={_flat(value)}" for name, value in self.fields(record).items())
        head = f"{_time(record)[11:]} {record.levelname.lower():<8} {_flat(self.sentence(record))}"
        line = f"{head}  ({fields})" if fields else head
        trouble = self.trouble(record)
        return f"{line}\n{trouble}" if trouble else line


class _Handler(logging.StreamHandler[TextIO]):
    """Writes records; a record that cannot be written is never shown raw, since only the formatter redacts."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the name is the base class's)
        """Say that a record was lost, and from where."""
        print(f"a log record of {record.name} could not be written", file=sys.stderr)


def set_up_logging(
    *,
    log_format: str = "auto",
    level: str = "info",
    secrets: Iterable[str] = (),
    about: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> Redactor:
    """Send every log record of this process to ``stream`` (standard error), and uncaught exceptions too.

    ``log_format`` is ``text``, ``json`` or ``auto`` (text where the stream is a terminal); ``about`` are fields of
    every record, such as role and instance. Returns the redactor, to which secrets can be added later.
    """
    stream = sys.stderr if stream is None else stream
    redactor = Redactor(secrets)
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = _Handler(stream)
    handler.setFormatter((TextFormatter if as_text else JsonFormatter)(redactor, about or {}))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    return redactor


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("uncaught exception", exc_info=(kind, error, trace), extra={"action": "uncaught_exception"})


def _time(record: logging.LogRecord) -> str:
    """Return when the record was made, RFC 3339, UTC, to the millisecond."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flat(value: object) -> str:
    """Return a value on one line, with control characters made visible: a log line is never forged by its content."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

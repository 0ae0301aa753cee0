"""Structured logs: a short sentence with a stable ``action`` and fields beside it, as JSON lines or for a terminal.

``log.warning("the stream is away", extra={"action": "consume_failed", "target": "brain", "trace_id": ...})``.
Whatever leaves here, exceptions and fields included, has been through the ``Redactor``, which hides this
installation's secrets and what is shaped like one, and shows no control character that could forge a line or steer a
terminal. Of foreign exceptions only kind and place are told: their texts may quote what people wrote. Not here: what
is worth logging, and settings.
"""

import asyncio
import html
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

from domain.errors import OpenClawError
from domain.redaction import HIDDEN, without_credentials

# A shorter secret would be found in every other word.
SECRET_CHARS_MIN = 4
# They tell of every request, step and start; ours say what matters of that.
QUIET_LOGGERS = ("httpx", "httpcore", "aiohttp.access", "uvicorn.access", "uvicorn.error", "alembic")
# A log file is put aside when it grows larger, and so many older ones are kept.
FILE_BYTES_MAX = 5 * 1024 * 1024
OLDER_FILES = 3
CAUSES_MAX = 10
NO_ACTION = "other"
# How a terminal shows the levels (https://en.wikipedia.org/wiki/ANSI_escape_code#SGR).
COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_log = logging.getLogger("openclaw")


class Redactor:
    """Hides known secrets, as they are and as others write them, and texts that are shaped like a credential."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these too, from now on; empty and very short ones are left out."""
        for secret in secrets:
            if len(secret) >= SECRET_CHARS_MIN:
                self._known |= _written(secret)
            # What of a bot token is secret; libraries and proxies show it apart from the bot's id.
            bot, _, own = secret.partition(":")
            if bot.isdigit() and len(own) >= SECRET_CHARS_MIN:
                self._known |= _written(own)
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


def _written(secret: str) -> set[str]:
    """Return a secret as it stands in URLs, forms, JSON, HTML, and in Python's ``repr``."""
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    encoded |= {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in encoded}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    return {secret, repr(secret)[1:-1], repr(secret.encode())[2:-1], *encoded, *escaped}


class _Formatter(logging.Formatter):
    """What both formats have in common: the fields of a record, and their redaction."""

    def __init__(self, redactor: Redactor, about: Mapping[str, str]) -> None:
        super().__init__()
        self._redactor = redactor
        self._about = dict(about)

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what every line is about, and what the caller put beside the sentence, which cannot change that."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return {name: self._redactor.deep(value) for name, value in (extra | self._about).items()}

    def trouble(self, record: logging.LogRecord) -> list[str]:
        """Return the lines of the record's traceback and stack, if it has any."""
        error = record.exc_info[1] if record.exc_info else None
        lines = list(told(error)) if error is not None else []
        lines += self.formatStack(record.stack_info).splitlines() if record.stack_info else []
        return [_flat(self._redactor(line)) for line in lines]

    def sentence(self, record: logging.LogRecord) -> str:
        """Return the message with its arguments filled in."""
        return self._redactor(record.getMessage())


class JsonFormatter(_Formatter):
    """One JSON object a line: time, level, logger, message, then the fields, of which ``action`` is always there."""

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
        line.setdefault("action", NO_ACTION)
        if trouble := self.trouble(record):
            line["exception"] = "\n".join(trouble)
        # JSON escapes the control characters of ASCII; there are others that a terminal or a reader of lines obeys.
        return _escaped(json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(_Formatter):
    """For people: time (UTC), level, role, sentence, then the fields as ``name=value``, the trace last.

    On a terminal the time is without its date, and the level has a colour where colours are wanted.
    """

    def __init__(
        self,
        redactor: Redactor,
        about: Mapping[str, str],
        *,
        on_terminal: bool = False,
        colours: bool = False,
    ) -> None:
        super().__init__(redactor, about)
        self._time_from = len("2026-11-22T") if on_terminal else 0
        self._colours = COLOURS if colours else {}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback, indented, if there is one."""
        fields = self.fields(record)
        role, trace = fields.pop("role", None), fields.pop("trace_id", None)
        # The name of a process among its replicas is for machines; people look at one log at a time.
        fields.pop("instance", None)
        if trace is not None:
            fields["trace_id"] = trace
        beside = " ".join(f"{_flat(name)}={_flat(value)}" for name, value in fields.items())
        whose = f"{_flat(role)}: " if role is not None else ""
        line = (
            f"{_time(record)[self._time_from :]} {self._level(record)} {whose}{_flat(self.sentence(record))}"
        )
        line = f"{line}  ({beside})" if beside else line
        return "\n    ".join([line, *self.trouble(record)])

    def _level(self, record: logging.LogRecord) -> str:
        name = record.levelname.lower()
        colour = self._colours.get(name)
        return f"{name:<8}" if colour is None else f"\x1b[{colour}m{name:<8}\x1b[0m"


class _Handler(logging.StreamHandler[TextIO]):
    """Writes records; a record that cannot be written is never shown raw, since only the formatter redacts."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the name is the base class's)
        """Say that a record was lost, and from where."""
        print(f"a log record of {record.name} could not be written", file=sys.stderr)


class _FileHandler(RotatingFileHandler):
    """Writes records to a file of bounded size, which its owner alone may read, and puts full ones aside.

    What else is written to standard error (a dump of the watchdog, a crash of the interpreter) goes to the same file.
    """

    def __init__(self, path: Path, bytes_max: int) -> None:
        super().__init__(path, maxBytes=bytes_max, backupCount=OLDER_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 2)
        return open(handle, "a", encoding=self.encoding)

    handleError = _Handler.handleError  # noqa: N815  (the name is the base class's)


def set_up_logging(
    *,
    log_format: str = "auto",
    level: str = "info",
    secrets: Iterable[str] = (),
    about: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
    file: Path | None = None,
    file_bytes_max: int = FILE_BYTES_MAX,
) -> Redactor:
    """Send every log record of this process to ``stream`` (standard error), and uncaught exceptions too.

    ``log_format`` is ``text``, ``json`` or ``auto`` (text where the stream is a terminal); ``about`` are fields of
    every record, such as role and instance. With ``file`` records and standard error itself go there instead, and
    the file is put aside before it exceeds ``file_bytes_max``. Returns the redactor, to which secrets can be added
    later.
    """
    redactor = Redactor(secrets)
    handler: logging.Handler
    if file is not None:
        on_terminal, handler = False, _FileHandler(file, file_bytes_max)
    else:
        stream = sys.stderr if stream is None else stream
        on_terminal, handler = stream.isatty(), _Handler(stream)
    if log_format == "text" or (log_format == "auto" and on_terminal):
        # https://no-color.org
        colours = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        handler.setFormatter(TextFormatter(redactor, about or {}, on_terminal=on_terminal, colours=colours))
    else:
        handler.setFormatter(JsonFormatter(redactor, about or {}))
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


def log_stray_errors() -> None:
    """Log what nobody catches in threads and in finalizers, in a process of our own; Python would print it raw."""

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def in_finalizer(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    threading.excepthook, sys.unraisablehook = in_thread, in_finalizer


def log_loop_trouble(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log what an event loop complains of; for ``loop.set_exception_handler``.

    Its own handler would log the ``repr`` of tasks and errors, in which there may be anything.
    """
    error = context.get("exception")
    told = (type(error), error, error.__traceback__) if isinstance(error, BaseException) else None
    _log.error("the event loop: %s", context["message"], exc_info=told, extra={"action": "loop_trouble"})


def told(error: BaseException, depth: int = 0) -> Iterator[str]:
    """Return the lines of a traceback with code and places, but without the values that foreign errors quote."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and depth < CAUSES_MAX:
        yield from told(earlier, depth + 1)
        yield "which led to:" if error.__cause__ is not None else "and while that was handled:"
    yield "Traceback (most recent call last):"
    for entry in traceback.format_tb(error.__traceback__):
        yield from entry.splitlines()
    yield _kind(error)
    if isinstance(error, BaseExceptionGroup) and depth < CAUSES_MAX:
        for each in error.exceptions[:CAUSES_MAX]:
            yield from (f"  | {line}" for line in told(each, depth + 1))


def _kind(error: BaseException) -> str:
    """Return an error's kind, with the text of our own errors and of the system's, which quote nobody."""
    name = type(error).__qualname__
    if isinstance(error, OpenClawError):
        return f"{name}: {error}"
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name


def place_of(error: BaseException) -> str:
    """Return where an error was raised, as ``file:line``; nothing for one that never was."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _time(record: logging.LogRecord) -> str:
    """Return when the record was made, RFC 3339, UTC, to the millisecond."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _flat(value: object) -> str:
    """Return a value on one line, with control characters made visible: a log line is never forged by its content."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _escaped(line: str) -> str:
    """Return a line of JSON that means the same, with every character escaped that is not simply shown."""
    return (
        line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    )

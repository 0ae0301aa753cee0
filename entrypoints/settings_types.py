"""The types that settings are made of, and how each is read from text.

A text that does not fit raises ValueError with what it must be, and never repeats the text: it may be a secret that
was put into the wrong variable. Not here: the settings themselves (``settings``).
"""

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import cattrs
from attrs import frozen

from domain.access import AccessMode

HIDDEN = "[hidden]"
# https://core.telegram.org/bots/api#setwebhook, parameter secret_token.
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
# https://core.telegram.org/bots/api#authorizing-your-bot
BOT_TOKEN = re.compile(r"[1-9][0-9]*:[A-Za-z0-9_-]+")


@frozen(repr=False)
class Secret:
    """A text that ``str`` and ``repr`` do not show."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself, to be handed on and never shown."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN


@frozen
class HostPort:
    """An address to listen on. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class TelegramMode(StrEnum):
    """How updates come from Telegram."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class LogFormat(StrEnum):
    """``auto``: text on a terminal, JSON elsewhere."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """What is logged, at least."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def url_password(url: str) -> tuple[str, ...]:
    """Return the password within a URL, as written and decoded; nothing where there is none."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return ()
    return tuple(dict.fromkeys((password, unquote(password)))) if password else ()


def _whole(text: str, _: object) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _number(text: str, _: object) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("must be a number")
    return number


def _ids(text: str, _: object) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"-?[1-9][0-9]{0,17}", part) for part in parts):
        raise ValueError("must be Telegram ids (numbers, not names) with commas between them")
    return frozenset(int(part) for part in parts)


def _host_port(text: str, _: object) -> HostPort:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and re.fullmatch(r"[0-9]{1,5}", port) and int(port) <= 65535):
        raise ValueError("must be host:port, such as 127.0.0.1:8080 or [::1]:8080")
    return HostPort(host, int(port))


def _path(text: str, _: object) -> Path:
    if "\0" in text:
        raise ValueError("must be a path, and no path holds a zero byte")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("must be a path; the home directory that it begins with is not known") from None


def _choice(kind: type[StrEnum]) -> Any:
    def read(text: str, _: object) -> StrEnum:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"must be one of: {', '.join(kind)}") from None

    return read


def text_converter() -> cattrs.Converter:
    """Return the converter from the text of a variable to the type of its setting."""
    converter = cattrs.Converter(detailed_validation=False)
    for kind in (TelegramMode, LogFormat, LogLevel, AccessMode):
        converter.register_structure_hook(kind, _choice(kind))
    converter.register_structure_hook_func(lambda kind: kind == frozenset[int], _ids)
    converter.register_structure_hook(int, _whole)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(HostPort, _host_port)
    converter.register_structure_hook(Secret, lambda text, _: Secret(text))
    converter.register_structure_hook(Path, _path)
    return converter

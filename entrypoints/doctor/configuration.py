"""Checks of what was set: every fault of the settings by name, and who else may read the secrets.

Not here: what the settings are, and their rules (``entrypoints.settings``).
"""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from entrypoints.doctor.evidence import Evidence, FileMode
from entrypoints.doctor.verdicts import Check, NotKnown, Verdict, fault, not_checked, ok, warning
from entrypoints.settings import FIELDS
from entrypoints.settings_source import ENV_FILE, PREFIX, variable
from entrypoints.settings_types import TelegramMode

OTHERS_MAY_READ = 0o044
# https://core.telegram.org/bots/api#setwebhook: the ports that webhooks may use.
WEBHOOK_PORTS = frozenset({443, 80, 88, 8443})
WEBHOOK_SECRET_CHARS_MIN = 16
TELEGRAM_HOST = "api.telegram.org"
# What a fault of webhook mode says; the other faults between two settings name both.
_BETWEEN = "webhooks need it"
_NAMES = frozenset(variable(each.name) for each in FIELDS)
_NAME = re.compile(rf"{PREFIX}[A-Z_]+")


def _kind(text: str) -> str:
    """Return which check a fault of the settings belongs to."""
    name, _, wording = text.partition(": ")
    if name == ENV_FILE or not name.startswith(PREFIX):
        return "settings.file"
    if wording.startswith("unknown"):
        return "settings.unknown"
    is_between = _BETWEEN in wording or not _NAMES.isdisjoint({*_NAME.findall(wording)} - {name})
    return "settings.together" if is_between else "settings.values"


def _told(evidence: Evidence, check: str) -> Iterator[Verdict]:
    found = [text for text in evidence.setting_faults if _kind(text) == check]
    if not found:
        yield ok("nothing is wrong with it")
    for text in found:
        yield fault(text, _remedy(text))


def _remedy(text: str) -> str:
    name, _, wording = text.partition(": ")
    _, _, near = wording.partition("did you mean ")
    if near:
        return f"rename {name} to {near.rstrip('?')}, or remove it"
    if name == "OPENCLAW_TELEGRAM_TOKEN" and "must be" in wording:
        return (
            "copy the token from @BotFather once more: OPENCLAW_TELEGRAM_TOKEN=<digits>:<letters and digits>"
        )
    if wording.startswith("missing") and name in _NAMES:
        return f"set {name}, or set OPENCLAW_TELEGRAM_MODE=polling"
    return ""


def _file(evidence: Evidence) -> Iterator[Verdict]:
    return _told(evidence, "settings.file")


def _unknown(evidence: Evidence) -> Iterator[Verdict]:
    return _told(evidence, "settings.unknown")


def _values(evidence: Evidence) -> Iterator[Verdict]:
    return _told(evidence, "settings.values")


def _together(evidence: Evidence) -> Iterator[Verdict]:
    if any(_kind(text) in ("settings.values", "settings.unknown") for text in evidence.setting_faults):
        yield not_checked("it is looked at once every variable by itself is right")
        return
    yield from _told(evidence, "settings.together")


def _env_mode(evidence: Evidence) -> Verdict:
    kept = evidence.env_file
    if kept is None:
        return ok("there is no .env")
    return _private((kept,))


def _secret_modes(evidence: Evidence) -> Verdict:
    if not evidence.secret_files:
        return ok("no secret comes from a file of its own")
    return _private(evidence.secret_files)


def _private(files: tuple[FileMode, ...]) -> Verdict:
    open_ones = [each for each in files if each.mode & OTHERS_MAY_READ]
    if not open_ones:
        return ok(f"only its owner reads {', '.join(each.shown for each in files)}")
    names = " ".join(each.shown for each in open_ones)
    return warning(f"other users of this machine may read {names}", f"chmod 600 {names}")


def _webhook_url(evidence: Evidence) -> Verdict:
    settings = evidence.settings
    if settings.telegram_mode is not TelegramMode.WEBHOOK or settings.webhook_url is None:
        return ok("no webhook is used")
    if urlsplit(settings.telegram_api_url).hostname != TELEGRAM_HOST:
        return ok("the Bot API is not Telegram's own, which calls what it likes")
    parts = urlsplit(settings.webhook_url)
    if parts.scheme != "https":
        return fault("OPENCLAW_WEBHOOK_URL is not https, and Telegram calls nothing else")
    try:
        port = parts.port or 443
    except ValueError:
        return fault("OPENCLAW_WEBHOOK_URL has a port that is none")
    if port not in WEBHOOK_PORTS:
        return fault(f"OPENCLAW_WEBHOOK_URL has port {port}, which Telegram does not call")
    if _is_inside(parts.hostname or ""):
        return fault(f"OPENCLAW_WEBHOOK_URL leads to {parts.hostname}, which Telegram cannot reach")
    return ok("Telegram may call that URL")


def _is_inside(host: str) -> bool:
    """Tell whether a host is certainly not on the internet."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".test", ".invalid"))


def _webhook_secret(evidence: Evidence) -> Verdict:
    secret = evidence.settings.webhook_secret
    if secret is None:
        if evidence.settings.telegram_mode is TelegramMode.WEBHOOK:
            raise NotKnown("none is set; see settings.together")
        return ok("no webhook is used")
    length = len(secret.reveal())
    if length < WEBHOOK_SECRET_CHARS_MIN:
        return warning(f"OPENCLAW_WEBHOOK_SECRET has {length} characters and can be guessed")
    return ok(f"it has {length} characters")


CHECKS = (
    Check("settings.file", "`.env`, or the file that `OPENCLAW_ENV_FILE` names",
          "it cannot be read, or a line is not `NAME=value`",
          "correct the line that is named; .env.example shows the form", _file),
    Check("settings.unknown", "every variable that begins with `OPENCLAW_`",
          "there is no setting of that name, which is mostly a typing error",
          "remove it, or use a name of docs/SETTINGS.md", _unknown),
    Check("settings.values", "every setting",
          "its value cannot be read or is out of bounds, such as a bot token that is none",
          "set what the sentence says it must be; docs/SETTINGS.md has each setting", _values),
    Check("settings.together", "settings that depend on one another",
          "webhook mode without URL or secret; a claim that is shorter than the call that it guards",
          "set both as the sentence says; docs/SETTINGS.md has each setting", _together),
    Check("settings.env_private", "the permissions of `.env`", "other users of the machine may read it",
          "chmod 600 .env", _env_mode),
    Check("settings.secrets_private", "the permissions of the files that `OPENCLAW_..._FILE` variables name",
          "other users of the machine may read a secret", "chmod 600 that file", _secret_modes),
    Check("settings.webhook_url", "`OPENCLAW_WEBHOOK_URL`",
          "Telegram would not call it: not https, a port other than 443, 80, 88 or 8443, or a host that is not on the "
          "internet",
          "set OPENCLAW_WEBHOOK_URL to a public https URL with port 443, 80, 88 or 8443", _webhook_url),
    Check("settings.webhook_secret", "the length of `OPENCLAW_WEBHOOK_SECRET`", "it is short enough to be guessed",
          "set OPENCLAW_WEBHOOK_SECRET to 32 random characters, such as `openssl rand -hex 32` prints; "
          "OPENCLAW_WEBHOOK_SECRET_PREVIOUS keeps the old one valid meanwhile", _webhook_secret),
)  # fmt: skip

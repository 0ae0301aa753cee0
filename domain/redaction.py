"""Making a text safe to show: what looks like a credential is hidden, and what is long is cut.

Not here: hiding the values of this installation's own secrets, which only the entrypoints know (``adapters.logs``).
"""

import re

HIDDEN = "[hidden]"
SHOWN_CHARS_MAX = 200

# A bot token is digits, a colon and 35 characters (https://core.telegram.org/bots/api#authorizing-your-bot). The
# other shapes are common API keys, bearer headers and the password of a URL.
_CREDENTIALS = (
    (re.compile(r"\d{5,}:[A-Za-z0-9_-]{30,}"), HIDDEN),
    (re.compile(r"\b(?:sk|pk|ghp|gho|xox[a-z])[-_][A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
)


def without_credentials(text: str) -> str:
    """Return ``text`` with everything that is shaped like a credential replaced by ``[hidden]``."""
    for shape, replacement in _CREDENTIALS:
        text = shape.sub(replacement, text)
    return text


def one_line(text: str, chars_max: int = SHOWN_CHARS_MAX) -> str:
    """Return ``text`` without credentials, on one line, of at most ``chars_max`` characters."""
    line = " ".join(without_credentials(text).split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"

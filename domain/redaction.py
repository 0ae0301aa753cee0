"""Making a text safe to show: what looks like a credential is hidden, and what is long is cut.

Not here: hiding the values of this installation's own secrets, which only the entrypoints know (``adapters.logs``).
"""

import re

HIDDEN = "[hidden]"
SHOWN_CHARS_MAX = 200
# Of a text that comes from outside more is not looked at.
FOREIGN_CHARS_MAX = 4_000
# Names after which a credential stands: in a query, a header, a connection string, an assignment, a JSON object.
_NAMES = (
    r"(?:password|passwd|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|authorization)"
    r"(?:[_-](?:previous|token|value|key))?"
)
# A value in quotes, which may be escaped, and the quote that a name may end with.
_VALUE, _END = r"\\*\"[^\"]*\"?|\\*'[^']*'?", r"\\*[\"']?"

# A bot token is digits, a colon and 35 characters (https://core.telegram.org/bots/api#authorizing-your-bot). The
# other shapes are private keys, common API keys, web tokens, what stands behind a telling name, authorization
# headers, and the password of a URL, which may hold an @ that should have been encoded.
_CREDENTIALS = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    (re.compile(r"(?<!\d)\d{5,}(?::|%3[Aa])[A-Za-z0-9_-]{30,}"), HIDDEN),
    (re.compile(r"\b(?:sk|pk|ghp|gho|ghs|glpat|xox[a-z])[-_][A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"\bgithub_pat_[A-Za-z0-9_]{16,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?i)(\bx-telegram-bot-api-secret-token\s*:\s*)[A-Za-z0-9_-]+"), rf"\1{HIDDEN}"),
)
# These take longest, and nothing of the kind is where neither of the signs is.
_NAMED = (
    (re.compile(rf"(?i)({_NAMES}{_END}\s*=\s*)(?!<|\.\.\.)(?:{_VALUE}|[^\s&;,\"'\[\\]+)"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)({_NAMES}\\*[\"']\s*[:,]\s*b?)(?:{_VALUE})"), rf"\1{HIDDEN}"),
)
_SIGNS = re.compile(r"[=\"']")
# What is no space is shown as something that cannot be shown; a database holds no U+0000 in its texts.
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\ufffd")
# What stands in quotes, up to the end of the text where the second one is missing.
_QUOTED = re.compile(r"\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)|«[^»]*(?:»|\Z)|`[^`]*(?:`|\Z)")


def without_credentials(text: str) -> str:
    """Return ``text`` with everything that is shaped like a credential replaced by ``[hidden]``."""
    for shape, replacement in _CREDENTIALS:
        text = shape.sub(replacement, text)
    if _SIGNS.search(text):
        for shape, replacement in _NAMED:
            text = shape.sub(replacement, text)
    return text


def without_quotes(text: str) -> str:
    """Return what somebody else says of a request as it may be written down: what it quotes of it is left out."""
    return one_line(_QUOTED.sub('"…"', text[:FOREIGN_CHARS_MAX]))


def one_line(text: str, chars_max: int = SHOWN_CHARS_MAX) -> str:
    """Return ``text`` without credentials and controls, on one line, of at most ``chars_max`` characters."""
    line = " ".join(without_credentials(text).split()).translate(_CONTROLS)
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"

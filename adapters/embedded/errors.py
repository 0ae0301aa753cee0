"""The one error of the embedded servers.

Not here: errors of talking to a server that runs; the adapters of Postgres and Redis translate those.
"""

from pathlib import Path

from domain.errors import OpenClawError

LOG_TAIL_BYTES = 4096
LOG_TAIL_LINES = 8


class EmbeddedServerError(OpenClawError):
    """An embedded server cannot be prepared, started or stopped. The text names the fault and the remedy."""


def log_tail(path: Path) -> str:
    """Return the last lines of a server's log, for an error's text; a sentence when there are none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError as fault:
        return f"its log {path} cannot be read: {fault.strerror}"
    lines = text.splitlines()[-LOG_TAIL_LINES:]
    return f"the end of {path}:\n" + "\n".join(lines) if lines else f"its log {path} is empty"

"""The exit codes of the command line, and the errors that lead to them.

Not here: what is printed (``cli``).
"""

from enum import IntEnum

from domain.errors import InvalidSettings, OpenClawError, StoreUnavailable, Unavailable


class Exit(IntEnum):
    """What a command's end means. The start script adds 69: the requirements could not be installed."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    UNREACHABLE = 4
    NOTHING = 5
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILED: "failed, for the reason told",
    Exit.USAGE: "the command line is wrong",
    Exit.SETTINGS: "settings are wrong, each told by its name",
    Exit.UNREACHABLE: "Postgres, Redis or Telegram cannot be reached",
    Exit.NOTHING: "nothing was found, or nothing runs here",
    Exit.INTERRUPTED: "ended by Ctrl-C",
}


class NothingFound(OpenClawError):
    """What was asked for does not exist, or nothing runs that could be asked. The text says which."""


def exit_code_of(error: BaseException) -> Exit:
    """Return the exit code that an error leads to."""
    if isinstance(error, InvalidSettings):
        return Exit.SETTINGS
    if isinstance(error, StoreUnavailable | Unavailable):
        return Exit.UNREACHABLE
    if isinstance(error, NothingFound):
        return Exit.NOTHING
    return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED

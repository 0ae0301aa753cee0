"""Which provider answers: the API mode, its valid values, and which one is in force.

Not here: where the mode is kept (``application.runtime``), and what a mode does (the assistant).
"""

from enum import StrEnum

from domain.errors import OpenClawError

KEY = "openclaw:api_mode"


class Mode(StrEnum):
    """The API mode: one named provider, or ``auto``, which picks the first that works."""

    CUSTOM = "custom"
    OPENAI = "openai"
    KIMI = "kimi"
    AUTO = "auto"


DEFAULT_MODE = Mode.AUTO
VALID_MODES = ", ".join(Mode)


class InvalidMode(OpenClawError):
    """A text that names no API mode; the message lists the valid ones and does not repeat the text."""

    def __init__(self) -> None:
        super().__init__(f"unknown API mode; valid modes: {VALID_MODES}")


def parse_mode(text: str) -> Mode:
    """Return the mode that ``text`` names exactly. Raises InvalidMode, which lists the valid modes."""
    try:
        return Mode(text)
    except ValueError:
        raise InvalidMode from None


def mode_in_force(live: Mode | None, committed: Mode | None) -> Mode:
    """Return the mode that counts: the live one, else the last one committed, else the default."""
    return live or committed or DEFAULT_MODE

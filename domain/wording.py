"""What is to be said, before it is in any language: keys of wordings with what is to be filled in, and buttons.

Not here: the wordings themselves (``application.messages``).
"""

from collections.abc import Mapping
from typing import TypeAlias

from attrs import field, frozen


@frozen
class Said:
    """A wording by its key, with the values that it needs; a value may be said itself."""

    key: str
    values: "Mapping[str, Value]" = field(factory=dict)


@frozen
class Listed:
    """Several things that are said one after the other."""

    parts: "tuple[Value, ...]"
    between: str = "\n"


@frozen
class Called:
    """Somebody by name, whom Telegram notifies; ``user_id`` is 0 for a user name, which does that by itself."""

    name: str
    user_id: int = 0


# A text stands for itself in every language.
Value: TypeAlias = str | Said | Listed | Called


@frozen
class Choice:
    """An inline button: what it says, and what a press brings back."""

    label: Value
    data: str


Rows: TypeAlias = tuple[tuple[Choice, ...], ...]


def in_rows(choices: tuple[Choice, ...], width: int) -> Rows:
    """Return the buttons in rows of up to ``width``."""
    return tuple(choices[n : n + width] for n in range(0, len(choices), width))

"""What a contract says about one field, kept in the field's metadata.

Validation, JSON Schemas and documentation are all made from it. Not here: types, which are the annotations.
"""

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

# Integers that every JSON implementation keeps exact (RFC 7493, section 2.2); Telegram's ids have 52 bits.
INTEGER_MAX = 2**53 - 1
TEXT_UNITS_MAX = 4096
CALLBACK_BYTES_MAX = 64
ANSWER_CHARS_MAX = 200


class Unit(StrEnum):
    """What the length of a text is counted in."""

    CHARACTERS = "characters"
    UTF16 = "UTF-16 units"
    UTF8 = "bytes of UTF-8"


@frozen
class Form:
    """A named shape of text: an ECMA-262 pattern for the whole text, and the fault's wording.

    ``valid`` says what the pattern cannot; ``json_format`` is the JSON Schema ``format``.
    """

    pattern: str
    wording: str
    json_format: str | None = None
    valid: Callable[[str], bool] | None = None
    regex: re.Pattern[str] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "regex", re.compile(self.pattern))

    def accepts(self, text: str) -> bool:
        """Return whether ``text`` has this form."""
        return self.regex.fullmatch(text) is not None and (self.valid is None or self.valid(text))


def _is_calendar_instant(text: str) -> bool:
    # The pattern lets 30 February pass.
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


INSTANT = Form(
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$",
    "must be an RFC 3339 instant in UTC such as 2026-11-22T16:00:00.123456Z",
    "date-time",
    _is_calendar_instant,
)
IDENTIFIER = Form(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "must be a UUID in lowercase hex digits with hyphens",
    "uuid",
)
TRACE = Form(r"^(?!0{32}$)[0-9a-f]{32}$", "must be 32 lowercase hex digits, not all zero")
VERSION = Form(
    r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$",
    "must be a semantic version such as 1.0.0",
)
# ASCII, because what Unicode calls printable changes with its version and a fault's text must not.
KEY = Form(r"^[ -~]{1,200}$", "must be 1 to 200 printable ASCII characters")
NAME = Form(
    r"^[a-z][a-z0-9_.-]{0,63}$",
    "must be 1 to 64 lowercase letters, digits, '_', '.' or '-', a letter first",
)
WORD = Form(r"^[a-z_]{1,40}$", "must be 1 to 40 lowercase letters or '_'")


@frozen
class Spec:
    """The contract of one field.

    ``minimum`` and ``maximum`` bound a number's value, a text's length in ``unit``, a list's number of items.
    ``items`` is the contract of a list's items.
    """

    description: str
    minimum: int | None = None
    maximum: int | None = None
    unit: Unit = Unit.CHARACTERS
    form: Form | None = None
    items: "Spec | None" = None


def spec(
    description: str,
    minimum: int | None = None,
    maximum: int | None = None,
    *,
    unit: Unit = Unit.CHARACTERS,
    form: Form | None = None,
    items: Spec | None = None,
) -> dict[str, Spec]:
    """Return attrs metadata that holds the contract of a field: ``x: int = field(metadata=spec("…", 1))``."""
    return {"spec": Spec(description, minimum, maximum, unit, form, items)}

"""Text as Telegram counts it (UTF-16 units), and as a reader sees it (characters that stay together, blanks).

Lengths and entity offsets are in UTF-16 units (https://core.telegram.org/api/entities#entity-length). Not here:
limits of single fields (``domain.events``), what formatting Telegram takes (``domain.formatting``), cutting what
is too long (``domain.splitting``).
"""

import unicodedata
from array import array
from bisect import bisect_left, bisect_right

_ZERO_WIDTH_JOINERS = "\u200c\u200d"
# A look back over a wall of flags is bounded: beyond it the count may be off by one, and a flag be torn.
_FLAG_HALVES_MAX = 8_192


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class Offsets:
    """Where the characters of one text lie in UTF-16 units, and back."""

    def __init__(self, text: str) -> None:
        self._starts: array[int] | None = None
        if not text.isascii() and max(text) > "\uffff":
            starts, units = array("L", [0]), 0
            for character in text:
                units += 2 if character > "\uffff" else 1
                starts.append(units)
            self._starts = starts
        self._chars = len(text)

    def units(self, char: int) -> int:
        """Return the offset, in units, at which the character with the index ``char`` begins."""
        return char if self._starts is None else self._starts[char]

    def first(self, unit: int) -> int:
        """Return the index of the first character that begins at ``unit`` or after it."""
        if self._starts is None:
            return min(max(unit, 0), self._chars)
        return min(bisect_left(self._starts, unit), self._chars)

    def end(self, unit: int) -> int:
        """Return the index after the last character that ends at ``unit`` or before it."""
        if self._starts is None:
            return min(max(unit, 0), self._chars)
        return max(bisect_right(self._starts, unit) - 1, 0)


def folded(text: str) -> str:
    """Return ``text`` as it is searched: whatever the case of its letters, and however their accents are encoded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def shortened(text: str, chars_max: int) -> str:
    """Return ``text`` where it is no longer than that, else its beginning with an ellipsis; no character is torn."""
    if len(text) <= chars_max:
        return text
    end = chars_max - 1
    while end > 0 and not is_boundary(text, end):
        end -= 1
    return f"{text[:end].rstrip()}…"


def is_blank(text: str) -> bool:
    """Return whether a reader sees nothing: whitespace, controls and zero-width characters only."""
    return all(
        character.isspace() or character == "\u2800" or unicodedata.category(character) in ("Cc", "Cf")
        for character in text
    )


def is_boundary(text: str, at: int) -> bool:
    """Return whether a reader sees two characters around ``at``.

    An approximation of Unicode's extended grapheme clusters (UAX 29, rules GB3 to GB13) with what the standard
    library knows: marks, joiners, skin tones, tags, flags and Hangul syllables stay together.
    """
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\n" or after == "\n":
        return before != "\r"
    if (
        unicodedata.category(after) in ("Mn", "Mc", "Me")
        or after in _ZERO_WIDTH_JOINERS
        or before == "\u200d"
    ):
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return False
    if "\u1160" <= after <= "\u11ff" or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"):
        return False
    return not (_is_flag_half(before) and _is_flag_half(after)) or _flag_halves_before(text, at) % 2 == 0


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    # Flags are pairs counted from the first.
    count = 0
    while count < at and count < _FLAG_HALVES_MAX and _is_flag_half(text[at - count - 1]):
        count += 1
    return count

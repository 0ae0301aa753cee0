"""Text as Telegram counts it, and long text cut into messages.

Lengths and entity offsets are in UTF-16 units (https://core.telegram.org/api/entities#entity-length). Not here:
limits of single fields (``domain.events``), Markdown.
"""

import unicodedata

import attrs

from domain.events.telegram import Entity

LIMIT_UNITS = 4096

_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_NO_BREAK_SPACES = "\u00a0\u2007\u202f"
# A cluster longer than this is cut all the same: somebody stacks marks for fun.
_CLUSTER_CHARS_MAX = 32


def utf16_length(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(
    text: str, entities: tuple[Entity, ...] = (), limit_units: int = LIMIT_UNITS
) -> list[tuple[str, tuple[Entity, ...]]]:
    """Return ``text`` in parts of at most ``limit_units``, each with its share of the entities.

    Cuts after a paragraph, else after a line, else after a word, else between two characters as a reader sees
    them, where one is near. Only whitespace at a cut is lost. An entity that is cut goes on in the next part, so
    a code block stays one; a custom emoji is all or nothing. No part is blank: a blank text has no parts. Raises
    ValueError for a limit below 2, the length of one emoji.
    """
    if limit_units < 2:
        raise ValueError("limit_units must be at least 2, since one character may take two units")
    parts: list[tuple[str, tuple[Entity, ...]]] = []
    start = offset = 0
    while start < len(text):
        end = _reach(text, start, limit_units)
        stop, following = (end, end) if end == len(text) else _cut(text, start, end)
        part = text[start:stop]
        if part and not part.isspace():
            parts.append((part, _share(entities, offset, offset + utf16_length(part))))
        offset += utf16_length(text[start:following])
        start = following
    return parts


def _reach(text: str, start: int, limit_units: int) -> int:
    """Return the end of the longest slice from ``start`` that keeps the limit."""
    window = text[start : start + limit_units]
    if window.isascii():
        return start + len(window)
    units = 0
    for index, character in enumerate(window):
        units += 1 + (character > "\uffff")
        if units > limit_units:
            return start + index
    return start + len(window)


def _cut(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the part that begins at ``start`` stops, at ``end`` at the latest, and the next one begins."""
    for separator in ("\n\n", "\n"):
        at = text.rfind(separator, start + 1, end + len(separator))
        if at > start:
            return _around(text, start, at)
    for at in range(end, start, -1):
        if text[at].isspace() and text[at] not in _NO_BREAK_SPACES and _is_boundary(text, at + 1):
            return _around(text, start, at)
    for at in range(end, max(start, end - _CLUSTER_CHARS_MAX), -1):
        if _is_boundary(text, at):
            return at, at
    return end, end


def _around(text: str, start: int, at: int) -> tuple[int, int]:
    """Return the ends of the whitespace around ``at``, but leave the next line its indentation."""
    stop, following = at, at
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    while following < len(text) and text[following].isspace():
        following += 1
    return stop, text.rfind("\n", at, following) + 1 or following


def _is_boundary(text: str, at: int) -> bool:
    """Return whether a reader sees two characters around ``at``.

    An approximation of Unicode's extended grapheme clusters (UAX 29, rules GB3 to GB13) with what the standard
    library knows: marks, joiners, skin tones, tags, flags and Hangul syllables stay together.
    """
    if at >= len(text):
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
    # Flags are pairs counted from the first; the look back is bounded, as a wall of flags may be long.
    count = 0
    while count < at and count < 2 * LIMIT_UNITS and _is_flag_half(text[at - count - 1]):
        count += 1
    return count


def _share(entities: tuple[Entity, ...], start: int, end: int) -> tuple[Entity, ...]:
    """Return what of the entities lies in the UTF-16 range, with offsets from its start."""
    share = []
    for entity in entities:
        first, last = max(entity.offset, start), min(entity.offset + entity.length, end)
        is_whole = last - first == entity.length
        if first < last and (is_whole or entity.type != "custom_emoji"):
            share.append(attrs.evolve(entity, offset=first - start, length=last - first))
    return tuple(share)

"""Long formatted text cut into messages, captions and short texts, with its formatting.

Not here: what formatting Telegram takes (``domain.formatting``), which events the parts become
(``application.interpreter``).
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, frozen

from domain.events.spec import TEXT_UNITS_MAX
from domain.events.telegram import Entity
from domain.formatting import CODES, LINKS, MESSAGE_ENTITIES_MAX, Formatted, acceptable
from domain.text import Offsets, is_blank, is_boundary

CAPTION_UNITS_MAX = 1024
ELLIPSIS = "…"

_NO_BREAK_SPACES = "\u00a0\u2007\u202f"
# After these a line may break in scripts that write no spaces.
_WIDE_STOPS = "。、，．！？；：」』）】》"
# What a reader sees as one character is cut all the same where it is longer: somebody stacks marks for fun.
_CLUSTER_CHARS_MAX = 32
# A part may end early, at a better place, if it still gets one third of what it may hold.
_FULL_DIVISOR = 3


def split(
    text: str,
    entities: Iterable[Entity] = (),
    limit_units: int = TEXT_UNITS_MAX,
    first_units: int | None = None,
) -> list[Formatted]:
    """Return ``text`` in parts of at most ``limit_units`` and 100 entities, each with its share of the entities.

    ``first_units`` is the limit of the first part, where that is another. Cuts after a paragraph, else after a
    line, outside code and links where that leaves the part a third full; else at a line of code, after a word, or
    between two characters as a reader sees them, where one is near. Only whitespace at a cut is lost, never the
    indentation of a line. An entity that is cut goes on in the next part, so a code block stays one and keeps its
    language; a custom emoji is all or nothing. Every part is ``acceptable``, and none is blank: a blank text has no
    parts. Raises ValueError for a limit below 2, the length of one emoji.
    """
    first_units = limit_units if first_units is None else first_units
    if min(limit_units, first_units) < 2:
        raise ValueError("the limit must be at least 2, since one character may take two units")
    whole = acceptable(text, entities)
    page = _Page(whole)
    parts: list[Formatted] = []
    start = 0
    while start < len(whole.text):
        stop, following = page.cut(start, limit_units if parts else first_units, MESSAGE_ENTITIES_MAX)
        if not is_blank(whole.text[start:stop]):
            parts.append(page.part(start, stop))
        start = following
    return parts


def split_caption(text: str, entities: Iterable[Entity] = ()) -> tuple[Formatted, list[Formatted]]:
    """Return the caption of a medium, of at most 1024 units, and the messages that follow it with the rest."""
    caption, *rest = split(text, entities, TEXT_UNITS_MAX, CAPTION_UNITS_MAX) or [Formatted("")]
    return caption, rest


def shorten(text: str, entities: Iterable[Entity] = (), limit_units: int = TEXT_UNITS_MAX) -> Formatted:
    """Return ``text`` if it fits, else its beginning up to a good place and an ellipsis.

    For what must be one message, such as an edit: formatting beyond the first 100 entities goes, rather than text.
    Raises ValueError for a limit below 3: an ellipsis, and one character of two units.
    """
    if limit_units < 3:
        raise ValueError("the limit must be at least 3: an ellipsis, and one character of two units")
    whole = acceptable(text, entities)
    page = _Page(whole)
    if page.offsets.units(len(whole.text)) > limit_units:
        stop, _ = page.cut(0, limit_units - len(ELLIPSIS), len(whole.entities))
        beginning = page.part(0, stop)
        whole = Formatted(beginning.text + ELLIPSIS, beginning.entities)
    return evolve(whole, entities=whole.entities[:MESSAGE_ENTITIES_MAX])


@frozen
class _Ranges:
    """Ranges of characters that are better not cut; sorted and apart, as those of links and code are."""

    starts: Sequence[int]
    ends: Sequence[int]

    def spare(self, at: int) -> bool:
        """Return whether a cut at ``at`` goes through none of the ranges."""
        nearest = bisect_right(self.starts, at) - 1
        return nearest < 0 or at == self.starts[nearest] or at >= self.ends[nearest]


class _Page:
    """One acceptable text on its way into parts, from its beginning to its end."""

    def __init__(self, whole: Formatted) -> None:
        self._text = whole.text
        self.offsets = Offsets(whole.text)
        self._emoji = self._ranges(whole.entities, ("custom_emoji",))
        self._links = self._ranges(whole.entities, (*LINKS, "custom_emoji"))
        self._solids = self._ranges(whole.entities, (*LINKS, *CODES, "custom_emoji"))
        self._waiting = deque(whole.entities)
        # What reaches into the rest of the text; few, since entities are nested a few levels deep.
        self._open: list[Entity] = []

    def _ranges(self, entities: Iterable[Entity], kinds: Sequence[str]) -> _Ranges:
        ranges = [each for each in entities if each.type in kinds]
        return _Ranges(
            [self.offsets.first(each.offset) for each in ranges],
            [self.offsets.end(each.offset + each.length) for each in ranges],
        )

    def cut(self, start: int, limit_units: int, entities_max: int) -> tuple[int, int]:
        """Return where the part that begins at ``start`` stops, and where the next one begins."""
        text = self._text
        offset = self.offsets.units(start)
        end = self.offsets.end(offset + limit_units)
        if (crowded := self._crowded(offset, entities_max)) is not None and crowded > offset:
            end = min(end, self.offsets.first(crowded))
        if end == len(text):
            return end, end
        full = start + max(1, (end - start) // _FULL_DIVISOR)
        for separator, ranges in (("\n\n", self._solids), ("\n", self._solids), ("\n", self._links)):
            at = text.rfind(separator, full, end + len(separator))
            while at >= 0:
                if ranges.spare(at):
                    return self._around(start, at)
                at = text.rfind(separator, full, at + len(separator) - 1)
        for least, ranges in ((full, self._solids), (start + 1, self._emoji)):
            if (found := self._last(self._is_word_end, least, end, ranges)) is not None:
                return self._around(start, found)
        least = max(start + 1, end - _CLUSTER_CHARS_MAX)
        found = self._last(self._is_boundary, least, end, self._emoji)
        return (end, end) if found is None else (found, found)

    def _crowded(self, offset: int, entities_max: int) -> int | None:
        """Return where the first entity begins that is one too many for a part from ``offset``."""
        while self._waiting and self._waiting[0].offset < offset:
            self._open.append(self._waiting.popleft())
        self._open = [each for each in self._open if each.offset + each.length > offset]
        room = entities_max - len(self._open)
        return self._waiting[room].offset if 0 <= room < len(self._waiting) else None

    @staticmethod
    def _last(is_place: Callable[[int], bool], least: int, end: int, ranges: _Ranges) -> int | None:
        return next((at for at in range(end, least - 1, -1) if is_place(at) and ranges.spare(at)), None)

    def _is_word_end(self, at: int) -> bool:
        text = self._text
        if text[at].isspace():
            return text[at] not in _NO_BREAK_SPACES and is_boundary(text, at + 1)
        return text[at - 1] in _WIDE_STOPS and text[at] not in _WIDE_STOPS and is_boundary(text, at)

    def _is_boundary(self, at: int) -> bool:
        return is_boundary(self._text, at)

    def _around(self, start: int, at: int) -> tuple[int, int]:
        """Return the ends of the whitespace around ``at``, but leave the next line its indentation."""
        text = self._text
        stop, following = at, at
        while stop > start and text[stop - 1].isspace():
            stop -= 1
        while following < len(text) and text[following].isspace():
            following += 1
        return stop, text.rfind("\n", stop, following) + 1 or following

    def part(self, start: int, stop: int) -> Formatted:
        """Return the part between two characters, of which the first is where ``cut`` was asked last."""
        first, last = self.offsets.units(start), self.offsets.units(stop)
        share = []
        for entity in (*self._open, *self._waiting):
            if entity.offset >= last:
                break
            offset, end = max(entity.offset, first), min(entity.offset + entity.length, last)
            if end - offset == entity.length or entity.type != "custom_emoji":
                share.append(evolve(entity, offset=offset - first, length=end - offset))
        return acceptable(self._text[start:stop], share)

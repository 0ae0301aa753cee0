"""A text under construction, with the entities that were put on it; offsets in UTF-16 units.

Not here: which entities Telegram accepts (``domain.formatting``), so any may be put.
"""

from typing import Any

from attrs import evolve

from domain.events.telegram import Entity
from domain.text import utf16_length


class Builder:
    """Grows a text; knows how long it is and in how many newlines it ends."""

    def __init__(self) -> None:
        self.units = 0
        self.newlines = 0
        self.entities: list[Entity] = []
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def has_links(self) -> bool:
        return any(entity.type == "text_link" for entity in self.entities)

    def write(self, text: str) -> None:
        if not text:
            return
        self._pieces.append(text)
        self.units += utf16_length(text)
        ending = len(text) - len(text.rstrip("\n"))
        self.newlines = self.newlines + ending if ending == len(text) else ending

    def mark(self) -> int:
        """Return how many pieces were written, for ``since``."""
        return len(self._pieces)

    def since(self, mark: int) -> str:
        """Return what was written since ``mark``."""
        return "".join(self._pieces[mark:])

    def put(self, kind: str, since: int, **fields: Any) -> None:
        """Put an entity on everything since the text was ``since`` units long."""
        if self.units > since:
            self.entities.append(Entity(kind, since, self.units - since, **fields))

    def extend(self, other: "Builder") -> None:
        """Write another text with its entities."""
        self.entities += [evolve(each, offset=each.offset + self.units) for each in other.entities]
        self.write(other.text)

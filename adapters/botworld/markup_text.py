"""What the dialects of markup share: plain text as it is built up, links, and how a fault is told."""

import re
from typing import NoReturn

from attrs import define, field

from adapters.botworld.entities import utf16_length
from adapters.botworld.values import Json, bad_request

_USER_LINK = re.compile(r"tg://user/?\?id=(\d{1,19})", re.IGNORECASE)
_EMOJI_LINK = re.compile(r"tg://emoji/?\?id=(\d{1,19})", re.IGNORECASE)
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://\S+|(?:[^\s/:?#.]+\.)+[^\s/:?#.]{2,}(?:[/:?#]\S*)?)", re.IGNORECASE
)


@define
class Built:
    """Plain text as it is built up, and the entities found so far."""

    pieces: list[str] = field(factory=list)
    length: int = 0
    entities: list[Json] = field(factory=list)

    def add(self, piece: str) -> None:
        """Append ``piece``."""
        self.pieces.append(piece)
        self.length += utf16_length(piece)

    def mark(self, kind: str, start: int, **more: object) -> None:
        """Make an entity of what was added since ``start``; nothing where nothing was."""
        if self.length > start:
            self.entities.append({"offset": start, "length": self.length - start, "type": kind, **more})

    def link(self, url: str, start: int) -> None:
        """Make a link of what was added since ``start``; nothing where ``url`` is none."""
        if user := _USER_LINK.fullmatch(url):
            known = {"id": int(user[1]), "is_bot": False, "first_name": f"User {user[1]}"}
            self.mark("text_mention", start, user=known)
        elif _LINK.fullmatch(url):
            self.mark("text_link", start, url=url if "://" in url else f"http://{url}/")

    def since(self, piece: int) -> str:
        """Return what was added since the piece with this number."""
        return "".join(self.pieces[piece:])

    def done(self) -> tuple[str, list[Json]]:
        """Return text and entities in their order."""
        ordered = sorted(self.entities, key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.pieces), ordered


def emoji_id(url: str) -> str | None:
    """Return the custom emoji that ``url`` names, if it does."""
    found = _EMOJI_LINK.fullmatch(url)
    return found[1] if found else None


def byte_at(text: str, index: int) -> int:
    """Return the place of the character ``index`` in bytes of UTF-8, as Telegram counts in its complaints."""
    return len(text[:index].encode("utf-8", "surrogatepass"))


def unparsable(reason: str) -> NoReturn:
    """Refuse the text. Raises ApiError."""
    raise bad_request(f"can't parse entities: {reason}")

"""What messages hold besides text: pictures, files, places, polls. Each with all the fields that the Bot API promises.

There are no real files: a ``file_id`` is a name that follows from the kind and a number, so that a bot can send on what
it received. Not here: who sends it.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from adapters.botworld.entities import found_in, utf16_length
from adapters.botworld.values import Json, WorldError

CAPTION_UNITS_MAX = 1024
# Kinds of content that carry a caption.
CAPTIONED = frozenset({"photo", "video", "animation", "audio", "document", "voice"})
FILES = CAPTIONED | {"sticker", "video_note"}
# What an album may hold; audio and documents only among themselves (https://core.telegram.org/bots/api#sendmediagroup).
ALBUM_KINDS = frozenset({"photo", "video", "audio", "document"})
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}

_USUAL: dict[str, Json] = {
    "video": {
        "width": 1280,
        "height": 720,
        "duration": 5,
        "mime_type": "video/mp4",
        "file_name": "video.mp4",
    },
    "animation": {
        "width": 320,
        "height": 240,
        "duration": 2,
        "mime_type": "video/mp4",
        "file_name": "a.gif.mp4",
    },
    "audio": {"duration": 180, "mime_type": "audio/mpeg", "file_name": "audio.mp3"},
    "document": {"file_name": "document.txt", "mime_type": "text/plain"},
    "voice": {"duration": 3, "mime_type": "audio/ogg"},
    "video_note": {"duration": 3, "length": 240},
    "sticker": {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
        "emoji": "👍",
    },
}
_PREFIXES = {
    "photo": "AgACAgIAAx",
    "video": "BAACAgIAAx",
    "animation": "CgACAgIAAx",
    "audio": "CQACAgIAAx",
    "document": "BQACAgIAAx",
    "voice": "AwACAgIAAx",
    "video_note": "DQACAgIAAx",
    "sticker": "CAACAgIAAx",
}


@frozen
class File:
    """A file that somebody sent: what it was sent as, and what the Bot API says of it."""

    kind: str
    content: Any
    size: int


class Files:
    """Every file of a world, by its ``file_id``; a photo's under the id of its largest size."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._count = 0

    def find(self, file_id: str) -> File | None:
        """Return the file with this id, if there is one."""
        return self._files.get(file_id)

    def made(self, kind: str, given: Mapping[str, Any], size: int = 4096) -> Any:
        """Return the content of a new file of ``kind``, with its usual fields where ``given`` has none."""
        self._count += 1
        file_id = _PREFIXES[kind] + hashlib.sha256(f"{kind}:{self._count}".encode()).hexdigest()[:40]
        names = {"file_id": file_id, "file_unique_id": "AQAD" + file_id[-12:], "file_size": size}
        content: Any = names | _USUAL.get(kind, {}) | dict(given)
        if kind == "photo":
            sides = ((90, 67), (320, 240), (1280, 960))
            content = [
                names
                | {"width": width, "height": height}
                | ({"file_id": f"{file_id}{width}", "file_unique_id": f"AQAD{width}"} if width < 1280 else {})
                for width, height in sides
            ]
        elif not isinstance(content["file_id"], str) or not isinstance(content["file_size"], int):
            raise WorldError("content: file_id must be a string and file_size an integer")
        elif content["file_id"] in self._files:
            raise WorldError(f"the file {content['file_id']} exists already")
        for part in content if kind == "photo" else [content]:
            self._files[part["file_id"]] = File(kind, content, size)
        return content


def location(given: Mapping[str, Any]) -> Json:
    """Return the Bot API's ``Location``."""
    return {"latitude": 52.52, "longitude": 13.405} | dict(given)


def _poll(given: Mapping[str, Any]) -> Json:
    return poll("0", given)


def poll(poll_id: str, given: Mapping[str, Any]) -> Json:
    """Return the Bot API's ``Poll`` with no votes. ``options`` may be texts or objects with a ``text``."""
    body: Json = {
        "id": poll_id,
        "question": "?",
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
    }
    body |= {
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
    body |= {name: value for name, value in given.items() if name != "options"}
    options = given.get("options", ("Yes", "No"))
    if not isinstance(options, list | tuple):
        raise WorldError("content: options must be a list")
    texts = [entry.get("text") if isinstance(entry, Mapping) else entry for entry in options]
    if not all(isinstance(text, str) for text in texts):
        raise WorldError("content: an option must be a string, or an object with a text")
    body["options"] = [
        {"persistent_id": str(place), "text": text, "voter_count": 0} for place, text in enumerate(texts)
    ]
    return body


_OTHERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "location": location,
    "venue": lambda given: {"title": "Place", "address": "Street 1", "location": location({})} | dict(given),
    "contact": lambda given: {"phone_number": "+10000000000", "first_name": "Contact"} | dict(given),
    "dice": lambda given: {"emoji": "🎲", "value": 1} | dict(given),
    "poll": _poll,
    "story": lambda given: (
        {"id": 1, "chat": {"id": 777000, "type": "private", "first_name": "T"}} | dict(given)
    ),
    "game": lambda given: {"title": "Game", "description": "A game", "photo": []} | dict(given),
}
KINDS = FILES | frozenset(_OTHERS)
_COPIED = KINDS | {
    "text",
    "entities",
    "caption",
    "caption_entities",
    "link_preview_options",
    "has_media_spoiler",
}


def content_fields(files: Files, kind: str, given: Mapping[str, Any]) -> Json:
    """Return the fields that content of ``kind`` makes in a message. Raises WorldError for an unknown kind."""
    if kind in FILES:
        content = files.made(kind, given)
        # Old clients know no animations, so they come as documents, too.
        return {kind: content} | ({"document": _as_document(content)} if kind == "animation" else {})
    if kind not in _OTHERS:
        raise WorldError(f"there is no content of kind {kind!r}; there are: {', '.join(sorted(KINDS))}")
    content = _OTHERS[kind](given)
    return {kind: content} | ({"location": content["location"]} if kind == "venue" else {})


def _as_document(animation: Json) -> Json:
    names = ("file_id", "file_unique_id", "file_size", "file_name", "mime_type")
    return {name: animation[name] for name in names if name in animation}


def caption_fields(caption: str | None, entities: list[Json] | None = None) -> Json:
    """Return the fields that a person's caption makes. Raises WorldError for one that is too long."""
    if caption is None:
        return {}
    if utf16_length(caption) > CAPTION_UNITS_MAX:
        raise WorldError(f"caption: at most {CAPTION_UNITS_MAX} UTF-16 units")
    marks = found_in(caption) if entities is None else entities
    return {"caption": caption} | ({"caption_entities": marks} if marks else {})


def copied(message: Json) -> Json:
    """Return what a copy of ``message`` holds: its content, without its buttons, its place and its sender."""
    return {name: value for name, value in message.items() if name in _COPIED}


def kind_of(message: Json) -> str | None:
    """Return the kind of a message's content besides text, if any."""
    if "animation" in message:
        return "animation"
    if "venue" in message:
        return "venue"
    return next((kind for kind in sorted(KINDS) if kind in message), None)

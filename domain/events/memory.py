"""What happens to long-term memories.

Not here: embeddings, which are too large for events and stay in the database.
"""

from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from domain.events.spec import TEXT_UNITS_MAX, Spec, Unit, spec
from domain.events.telegram import BOT, CHAT, THREAD, USER

_MEMORY = spec("The memory.")
_LABEL = Spec("One label.", 1, 100)
LABELS_MAX = 50


class MemoryKind(StrEnum):
    """What a memory is."""

    NOTE = "note"
    FACT = "fact"
    PREFERENCE = "preference"


@frozen(kw_only=True)
class MemoryAdded:
    """Something is to be remembered."""

    memory_id: UUID = field(metadata=_MEMORY)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    kind: MemoryKind = field(metadata=spec("What it is."))
    text: str = field(metadata=spec("What is remembered.", 1, TEXT_UNITS_MAX, unit=Unit.UTF16))


@frozen(kw_only=True)
class MemoryEnriched:
    """A memory has its tags, entities and embedding."""

    memory_id: UUID = field(metadata=_MEMORY)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    tags: tuple[str, ...] = field(default=(), metadata=spec("What it is about.", 0, LABELS_MAX, items=_LABEL))
    entities: tuple[str, ...] = field(
        default=(), metadata=spec("People, places and things it names.", 0, LABELS_MAX, items=_LABEL)
    )
    embedding_model: str | None = field(
        default=None, metadata=spec("The model that made its embedding.", 1, 100)
    )


@frozen(kw_only=True)
class MemoryForgotten:
    """A memory was erased; its text is gone for good."""

    memory_id: UUID = field(metadata=_MEMORY)
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)

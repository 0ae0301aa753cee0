"""What passes between the brain and agents, which have no database.

A request names its deadline; an answer names its request. Not here: which agent is asked (arbitration).
"""

from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from domain.events.spec import INSTANT, NAME, VERSION, WORD, Spec, spec
from domain.events.telegram import BOT, CHAT, LANGUAGE, THREAD, USER

CAPABILITIES_MAX = 50
TURNS_MAX = 200
TURN_CHARS_MAX = 32_768

_AGENT = spec("The agent's name, which is also its target.", form=NAME)


class Role(StrEnum):
    """Who speaks in a turn."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class AnswerStatus(StrEnum):
    """How far an agent is: a sign of life, an answer, or a failure."""

    WORKING = "working"
    ANSWERED = "answered"
    FAILED = "failed"


@frozen(kw_only=True)
class AgentAnnounced:
    """An agent says that it is there and what it can do."""

    agent: str = field(metadata=_AGENT)
    version: str = field(metadata=spec("The agent's own version.", form=VERSION))
    description: str = field(metadata=spec("What it is for, for people.", 1, 500))
    capabilities: tuple[str, ...] = field(
        default=(),
        metadata=spec("What it can do.", 0, CAPABILITIES_MAX, items=Spec("One capability.", form=NAME)),
    )


@frozen
class Turn:
    """One turn of the conversation that an agent is asked to continue."""

    role: Role = field(metadata=spec("Who speaks."))
    text: str = field(metadata=spec("What is said.", 1, TURN_CHARS_MAX))


@frozen(kw_only=True)
class AgentRequested:
    """An agent is asked for the next turn. The request's event id is what the answer names."""

    agent: str = field(metadata=_AGENT)
    deadline: str = field(metadata=spec("When the brain stops waiting.", form=INSTANT))
    bot_id: int = field(metadata=BOT)
    chat_id: int = field(metadata=CHAT)
    user_id: int | None = field(default=None, metadata=USER)
    thread_id: int | None = field(default=None, metadata=THREAD)
    message_id: int | None = field(default=None, metadata=spec("The message that is answered.", 0))
    language: str | None = field(default=None, metadata=LANGUAGE)
    turns: tuple[Turn, ...] = field(metadata=spec("The conversation, oldest first.", 1, TURNS_MAX))


@frozen(kw_only=True)
class Usage:
    """What an answer cost."""

    provider: str = field(metadata=spec("Who ran the model.", form=NAME))
    model: str = field(metadata=spec("The model.", 1, 100))
    input_tokens: int = field(metadata=spec("Tokens read.", 0))
    output_tokens: int = field(metadata=spec("Tokens written.", 0))
    duration_ms: int = field(metadata=spec("How long it took, in milliseconds.", 0))


@frozen(kw_only=True)
class AgentResponded:
    """An agent answers, fails, or says that it is still at work."""

    request_id: UUID = field(metadata=spec("The event id of the request."))
    agent: str = field(metadata=_AGENT)
    status: AnswerStatus = field(metadata=spec("How far it is."))
    text: str | None = field(default=None, metadata=spec("The answer.", 1, TURN_CHARS_MAX))
    error: str | None = field(
        default=None, metadata=spec("Why it failed, as one word that never holds a secret.", form=WORD)
    )
    usage: Usage | None = field(default=None, metadata=spec("What it cost, where that is known."))

"""Every event type with its version: the one list that validation, schemas and documentation are made from.

To add a type, write its class under ``domain.events`` and its row here. Not here: handlers
(``application.brain``).
"""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from domain.events import agents, memory, tasks, telegram

AUDIT = "audit"
GATEWAY, BRAIN, SENDER, SCHEDULER, MEMO_KEEPER = "gateway", "brain", "sender", "scheduler", "memo_keeper"
# The sender's other target: what may wait behind replies.
SENDER_BULK = "sender-bulk"
AGENT = "agent"
# Whoever runs OpenClaw, at the command line.
OPERATOR = "operator"


@frozen
class ExactlyOne:
    """A rule over fields: exactly one of them is set (present and not null)."""

    fields: tuple[str, ...]


@frozen
class SetExactlyWhen:
    """A rule over fields: ``name`` is set when ``other`` is ``equals``, and only then."""

    name: str
    other: str
    equals: str


Rule = ExactlyOne | SetExactlyWhen


@frozen
class EventType:
    """One type of event.

    ``target`` is the consumer, or ``audit`` where nobody consumes it yet: such events are audited and never
    published. The target ``agent`` stands for the name of the agent that is asked.
    """

    name: str
    version: str
    payload_class: type
    target: str
    producers: tuple[str, ...]
    description: str
    rules: tuple[Rule, ...] = field(default=())

    @property
    def major(self) -> str:
        """The major version, as it stands before the first dot."""
        return self.version.partition(".")[0]


_TYPES = (
    EventType(
        "message.received",
        "1.2.0",
        telegram.MessageReceived,
        BRAIN,
        (GATEWAY,),
        "A message, a post or an edit of one came from Telegram.",
    ),
    EventType(
        "callback.received",
        "1.0.0",
        telegram.CallbackReceived,
        BRAIN,
        (GATEWAY,),
        "Somebody pressed an inline button.",
    ),
    EventType(
        "telegram.send",
        "1.0.0",
        telegram.TelegramSend,
        SENDER,
        (BRAIN, OPERATOR),
        "A message is to be sent.",
    ),
    EventType(
        "telegram.edit",
        "1.0.0",
        telegram.TelegramEdit,
        SENDER,
        (BRAIN,),
        "A message that was sent is to be changed.",
        (ExactlyOne(("message_id", "delivery_key")),),
    ),
    EventType(
        "telegram.answer",
        "1.0.0",
        telegram.TelegramAnswer,
        SENDER,
        (BRAIN,),
        "The press of a button is to be answered.",
    ),
    EventType(
        "telegram.delivered",
        "1.0.0",
        telegram.TelegramDelivered,
        AUDIT,
        (SENDER,),
        "Telegram confirmed a delivery.",
    ),
    EventType(
        "chat.migrated",
        "1.0.0",
        telegram.ChatMigrated,
        BRAIN,
        (GATEWAY, SENDER),
        "A group became a supergroup under a new id.",
    ),
    EventType(
        "chat.member",
        "1.0.0",
        telegram.ChatMember,
        BRAIN,
        (GATEWAY,),
        "What the bot is in a chat changed: added, removed, promoted, restricted, blocked, unblocked.",
    ),
    EventType("task.created", "1.0.0", tasks.TaskCreated, AUDIT, (BRAIN,), "A task was made."),
    EventType("task.completed", "1.0.0", tasks.TaskCompleted, AUDIT, (BRAIN,), "A task was done."),
    EventType("task.cancelled", "1.0.0", tasks.TaskCancelled, AUDIT, (BRAIN,), "A task was given up."),
    EventType(
        "reminder.due",
        "1.2.0",
        tasks.ReminderDue,
        BRAIN,
        (SCHEDULER, BRAIN),
        "One occurrence of a task is due.",
    ),
    EventType(
        "reminder.settled",
        "1.1.0",
        tasks.ReminderSettled,
        BRAIN,
        (SENDER, BRAIN),
        "What became of the message of a reminder.",
    ),
    EventType("memory.added", "1.0.0", memory.MemoryAdded, AUDIT, (BRAIN,), "Something is to be remembered."),
    EventType(
        "memory.enriched",
        "1.0.0",
        memory.MemoryEnriched,
        AUDIT,
        (MEMO_KEEPER,),
        "A memory got its tags, entities and embedding.",
    ),
    EventType("memory.forgotten", "1.0.0", memory.MemoryForgotten, AUDIT, (BRAIN,), "A memory was erased."),
    EventType(
        "agent.announced",
        "1.0.0",
        agents.AgentAnnounced,
        AUDIT,
        (AGENT,),
        "An agent says that it is there.",
    ),
    EventType(
        "agent.requested",
        "1.0.0",
        agents.AgentRequested,
        AGENT,
        (BRAIN,),
        "An agent is asked for an answer before a deadline.",
    ),
    EventType(
        "agent.responded",
        "1.0.0",
        agents.AgentResponded,
        BRAIN,
        (AGENT,),
        "An agent answers, fails, or gives a sign of life.",
        (SetExactlyWhen("text", "status", "answered"), SetExactlyWhen("error", "status", "failed")),
    ),
)

CATALOGUE: Mapping[str, EventType] = MappingProxyType({kind.name: kind for kind in _TYPES})
_BY_CLASS = {kind.payload_class: kind for kind in _TYPES}


def type_of(payload: object) -> EventType:
    """Return the event type of a payload. Raises TypeError for a class that has no row in the catalogue."""
    kind = _BY_CLASS.get(type(payload))
    if kind is None:
        raise TypeError(f"{type(payload).__name__} is not a payload; add its type to domain.catalogue")
    return kind

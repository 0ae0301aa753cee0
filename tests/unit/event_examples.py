"""One full example of every event type, for tests that go through the whole catalogue."""

from uuid import UUID

from domain.envelope import Event, create
from domain.events import agents, memory, tasks, telegram
from domain.ids import trace_of

AN_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
NOON = "2026-11-22T12:00:00.000000Z"
TRACE = trace_of("examples")

_CHAT = {"bot_id": 7, "chat_id": -1001234567890, "thread_id": 3}
_SCOPE = {**_CHAT, "user_id": 42}
_TASK = {"task_id": AN_ID, **_SCOPE}
_ENTITIES = (
    telegram.Entity("bold", 0, 5),
    telegram.Entity("pre", 6, 3, language="python"),
    telegram.Entity("text_link", 9, 1, url="https://example.org/"),
)
_BUTTONS = ((telegram.Button("Yes", "y:1"), telegram.Button("No", "n:1")), (telegram.Button("?", "q"),))

PAYLOADS: dict[str, object] = {
    "message.received": telegram.MessageReceived(
        **_SCOPE,
        chat_type=telegram.ChatType.SUPERGROUP,
        message_id=5,
        user_name="Zoë",
        language="en-GB",
        kind=telegram.MessageKind.MESSAGE,
        content="text",
        text="Hello 👋🏽",
        reply_to_message_id=4,
        sent_at=NOON,
        addressed=True,
        forwarded=False,
        album="13579246801234567",
        mentions=(telegram.Mention(0, 5, 43, "Ann"),),
    ),
    "callback.received": telegram.CallbackReceived(
        **_SCOPE,
        chat_type=telegram.ChatType.PRIVATE,
        message_id=5,
        callback_id="4382bfdwdsb323b2d9",
        data="y:1",
    ),
    "telegram.send": telegram.TelegramSend(
        **_CHAT, text="Hello world", entities=_ENTITIES, reply_to_message_id=5, buttons=_BUTTONS, silent=True
    ),
    "telegram.edit": telegram.TelegramEdit(bot_id=7, chat_id=42, delivery_key="tg:7:1/reply", text="Done"),
    "telegram.answer": telegram.TelegramAnswer(
        bot_id=7, chat_id=42, callback_id="43", text="Saved", alert=True
    ),
    "telegram.delivered": telegram.TelegramDelivered(
        bot_id=7, chat_id=42, message_id=6, delivery_key="tg:7:1/reply", repeat=False, method="sendMessage"
    ),
    "chat.migrated": telegram.ChatMigrated(bot_id=7, chat_id=-42, new_chat_id=-1001234567890),
    "chat.member": telegram.ChatMember(
        bot_id=7,
        chat_id=-1001234567890,
        chat_type=telegram.ChatType.SUPERGROUP,
        user_id=42,
        user_name="Zoë",
        language="en-GB",
        before=telegram.MemberStatus.LEFT,
        after=telegram.MemberStatus.ADMINISTRATOR,
        changed_at=NOON,
    ),
    "task.created": tasks.TaskCreated(**_TASK, title="Water the plants", due_at=NOON),
    "task.completed": tasks.TaskCompleted(**_TASK),
    "task.cancelled": tasks.TaskCancelled(**_TASK),
    "reminder.due": tasks.ReminderDue(
        **_TASK,
        title="Water the plants",
        due_at=NOON,
        reminder_key=f"rem:{AN_ID}:{NOON}",
        late_s=7200,
        kind=tasks.ReminderKind.NAG,
    ),
    "reminder.settled": tasks.ReminderSettled(
        **_TASK,
        bucket=NOON,
        outcome=tasks.ReminderOutcome.AMBIGUOUS,
        delivery_key=f"rem:{AN_ID}:{NOON}",
    ),
    "memory.added": memory.MemoryAdded(
        memory_id=AN_ID, **_SCOPE, kind=memory.MemoryKind.FACT, text="Likes tea"
    ),
    "memory.enriched": memory.MemoryEnriched(
        memory_id=AN_ID, **_SCOPE, tags=("drinks",), entities=("tea",), embedding_model="small"
    ),
    "memory.forgotten": memory.MemoryForgotten(memory_id=AN_ID, **_SCOPE),
    "agent.announced": agents.AgentAnnounced(
        agent="assistant", version="1.0.0", description="Answers questions.", capabilities=("chat",)
    ),
    "agent.requested": agents.AgentRequested(
        agent="assistant", deadline=NOON, **_SCOPE, turns=(agents.Turn(agents.Role.USER, "Why?"),)
    ),
    "agent.responded": agents.AgentResponded(
        request_id=AN_ID,
        agent="assistant",
        status=agents.AnswerStatus.ANSWERED,
        text="Because.",
        usage=agents.Usage(provider="openai", model="m", input_tokens=1, output_tokens=2, duration_ms=3),
    ),
}


def event_of(name: str) -> Event:
    """Return the example event of type ``name``."""
    return create(PAYLOADS[name], source="tester", key=f"example:{name}", trace_id=TRACE, timestamp=NOON)

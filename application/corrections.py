"""An edited message corrects the answer that it got, where that is safe; else the bot says what it did not do. Pure.

Not here: answering (``brain``).
"""

from collections.abc import Callable, Sequence

from application.facts import Facts
from application.messages import render
from application.rounds import ignored
from domain.decisions import Decision, Effect, Emit, Outcome, PutSetting
from domain.envelope import Event
from domain.errors import Transient
from domain.events.telegram import MessageReceived, TelegramEdit, TelegramSend
from domain.ids import child_key

REPLY = "reply"
# What the audit says of a run that did more than answer, or whose answer took several messages.
TOOK_EFFECT = "took effect"
IN_PARTS = "answered in parts"
CODE_GIVEN = "not let in yet; a code was given"


def correct(event: Event, facts: Facts, answer: Callable[[Event, Facts], Decision]) -> Decision:
    """Return what an edit leads to. ``answer`` decides as if the text had just been written.

    The first answer is edited where both texts only ask. What took effect is neither taken back nor done again.
    """
    message = event.payload
    assert isinstance(message, MessageReceived)
    first = facts.first_runs.get(event.trace_id)
    decided = answer(event, facts)
    if decided.outcome is Outcome.IGNORED:
        return decided
    if acts(decided.effects):
        is_done = first is not None and TOOK_EFFECT in first.reason
        key = "edit.not_done_again" if is_done else "edit.not_done"
        return _told(message, key, "an edited message takes no effect")
    if event.event_id in facts.early_edits:
        raise Transient("an earlier message of the chat, perhaps the edited one, is still tried again")
    if first is None or first.outcome == Outcome.IGNORED or CODE_GIVEN in first.reason:
        # It got no answer before, or nothing is known of it: what it says now is answered.
        return decided
    if TOOK_EFFECT in first.reason:
        return _told(message, "edit.stays_done", "what the message did before stays done")
    replies = [emit.payload for emit in decided.events if emit.name == REPLY]
    reply = replies[0] if replies else None
    if not isinstance(reply, TelegramSend):
        return ignored("an edit that leads to no answer")
    if IN_PARTS in first.reason or IN_PARTS in decided.reason:
        return _told(message, "edit.in_parts", "an answer in parts is not corrected")
    edit = TelegramEdit(
        bot_id=reply.bot_id, chat_id=reply.chat_id, delivery_key=child_key(first.key, REPLY), text=reply.text,
        entities=reply.entities, buttons=reply.buttons,
    )  # fmt: skip
    return Decision(events=(Emit("correction", edit),), reason="the answer is corrected")


def acts(effects: Sequence[Effect]) -> bool:
    """Tell whether effects do more than note something about the chat itself."""
    return any(not isinstance(effect, PutSetting) or effect.is_choice for effect in effects)


def _told(message: MessageReceived, key: str, reason: str) -> Decision:
    send = TelegramSend(
        bot_id=message.bot_id, chat_id=message.chat_id, thread_id=message.thread_id,
        text=render(key, {}, message.language), reply_to_message_id=message.message_id,
    )  # fmt: skip
    return Decision(events=(Emit(REPLY, send),), reason=reason)

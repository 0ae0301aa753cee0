"""The brain: routes commands, answers free text, applies what concerns chats as a whole. Its steps are pure.

Not here: what they need to know (``facts``), who may talk (``doorkeeper``), edits (``corrections``), buttons
(``presses``), reminders (``reminders``), the commands themselves (``domain.commands``).
"""

from collections.abc import Mapping
from datetime import datetime

from attrs import evolve

from application.asking import ask_of, buttons_of, known_of
from application.corrections import IN_PARTS, TOOK_EFFECT, acts, correct
from application.door import command_of
from application.doorkeeper import on_member, turned_away
from application.facts import EDITS, Facts, is_of_admin
from application.interpreter import parts_of, scope_of
from application.messages import render
from application.notices import LANGUAGE
from application.presses import on_callback
from application.reminders import after_contact, on_due, on_settled
from application.rounds import Handler, ignored
from domain.commands.base import Parsed
from domain.commands.table import COMMANDS
from domain.commands.views import span
from domain.decisions import OF_ONE_SCOPE, Decision, Emit, MoveData, PutSetting
from domain.envelope import Event
from domain.events.telegram import (
    Button,
    ChatMigrated,
    Entity,
    MessageKind,
    MessageReceived,
    TelegramSend,
)
from domain.text import is_blank

# From then on a message counts as late: its answer says so, it takes no effect on everybody any more, and what it asks
# for in its own chat is carried out as of when it was written.
LATE_S = 600.0
# The setting that holds the album of which a part was answered last.
ALBUM = "album"
_POSTS = (MessageKind.CHANNEL_POST, MessageKind.EDITED_CHANNEL_POST)


def on_message(event: Event, facts: Facts) -> Decision:
    """Answer a command by its step, and free text with an echo; an edit corrects the answer that there was.

    Any message is contact with its chat, answered or not.
    """
    return _noting_language(event, facts, after_contact(event, facts, _on_message(event, facts)))


def _noting_language(event: Event, facts: Facts, decision: Decision) -> Decision:
    """Return the decision with the language of an admin's app, in which dead letters are told of.

    Where it is not known that is noted, too: an admin who wrote in private can be written to.
    """
    message, scope = event.payload, scope_of(event.payload)
    assert isinstance(message, MessageReceived)
    known = facts.settings.get(scope.key, {}) if scope is not None else {}
    language = message.language or ""
    if known.get(LANGUAGE) == language or not is_of_admin(event, facts.door):
        return decision
    return evolve(decision, effects=(*decision.effects, PutSetting(LANGUAGE, language)))


def _on_message(event: Event, facts: Facts) -> Decision:
    message = event.payload
    assert isinstance(message, MessageReceived)
    if message.kind in _POSTS and not _names_the_bot(message):
        return ignored(f"{message.kind.value} without a command that names the bot")
    if not message.text or is_blank(message.text):
        return ignored(f"{message.content} without text")
    if not message.addressed:
        return ignored("not meant for the bot")
    is_edit = message.kind in EDITS
    away = turned_away(event, facts)
    if away is not None:
        return ignored("an edit of whoever is not let in") if is_edit else away
    return correct(event, facts, _answer) if is_edit else _answer(event, facts)


def _names_the_bot(message: MessageReceived) -> bool:
    """Tell whether a post is a command that names the bot: a channel is read by many and written to by few."""
    command = command_of(message)
    return command is not None and command.bot is not None


def _answer(event: Event, facts: Facts) -> Decision:
    message = event.payload
    assert isinstance(message, MessageReceived)
    assert message.text is not None
    late_s = _late_s(message, facts.now)
    command = command_of(message)
    if command is not None:
        return _on_command(event, message, command, facts, late_s)
    formatted = facts.formatter.format(message.text)
    decision = reply(message, formatted.text, formatted.entities, late_s=late_s)
    if message.album is None or message.kind in EDITS:
        return decision
    scope = scope_of(message)
    assert scope is not None
    if facts.settings.get(scope.key, {}).get(ALBUM) == message.album:
        return ignored("another part of an album that was answered")
    return evolve(decision, effects=(PutSetting(ALBUM, message.album),))


def _on_command(
    event: Event, message: MessageReceived, parsed: Parsed, facts: Facts, late_s: float
) -> Decision:
    command = COMMANDS.get(parsed.name)
    if command is None and message.chat_id < 0 and parsed.bot is None:
        # Other bots of the group may know it.
        return ignored("an unknown command that names no bot")
    if command is None:
        return reply(
            message, render("unknown_command", {"name": parsed.name}, message.language), late_s=late_s
        )
    known = known_of(event, facts)
    if late_s:
        known = evolve(known, now=facts.now - late_s)
    answer = command.step(ask_of(message, facts, parsed.args), known)
    if late_s and any(not isinstance(effect, OF_ONE_SCOPE) for effect in answer.effects):
        told = render("late_command", {"waited": span(late_s)}, message.language)
        return reply(message, told, quoted=True)
    decision = reply(
        message, render(answer.key, answer.values, message.language), late_s=late_s,
        buttons=buttons_of(answer.buttons, message.language),
    )  # fmt: skip
    notices = tuple(
        Emit(
            "notice", TelegramSend(bot_id=message.bot_id, chat_id=notice.chat_id, text=render(notice.key, {}))
        )
        for notice in answer.notices
    )
    events = tuple(Emit(f"task.{n}", payload) for n, payload in enumerate(answer.events, 1))
    reasons = [answer.reason, TOOK_EFFECT if acts(answer.effects) else "", decision.reason]
    return Decision(
        decision.events + notices + events,
        answer.effects,
        reason="; ".join([f"/{parsed.name}", *filter(None, reasons)]),
    )


def reply(
    message: MessageReceived,
    text: str,
    entities: tuple[Entity, ...] = (),
    *,
    late_s: float = 0.0,
    quoted: bool = False,
    buttons: tuple[tuple[Button, ...], ...] = (),
) -> Decision:
    """Return the decision to answer in the chat and topic of ``message``.

    In groups, and where the message waited for ``late_s`` seconds, as an answer to it, so that it is plain to what.
    """
    answers = message.message_id if message.chat_id < 0 or late_s or quoted else None
    if late_s:
        text = f"{text}\n\n{render('late', {'waited': span(late_s)}, message.language)}"
    send = TelegramSend(
        bot_id=message.bot_id, chat_id=message.chat_id, thread_id=message.thread_id, text=text, entities=entities,
        reply_to_message_id=answers, buttons=buttons,
    )  # fmt: skip
    emit = Emit("reply", send)
    return Decision(events=(emit,), reason=IN_PARTS if len(parts_of(emit)) > 1 else "")


def _late_s(message: MessageReceived, now: float) -> float:
    """Return for how long a message waited until now, where that is long; 0 otherwise."""
    waited_s = now - datetime.fromisoformat(message.sent_at).timestamp()
    return waited_s if waited_s >= LATE_S else 0.0


def on_migrated(event: Event, facts: Facts) -> Decision:
    """Let a group's data follow to the supergroup that it became."""
    migrated = event.payload
    assert isinstance(migrated, ChatMigrated)
    return Decision(effects=(MoveData(migrated.new_chat_id),))


HANDLERS: Mapping[str, Handler[Facts]] = {
    "message.received": on_message,
    "callback.received": on_callback,
    "chat.migrated": on_migrated,
    "chat.member": on_member,
    "reminder.due": on_due,
    "reminder.settled": on_settled,
}

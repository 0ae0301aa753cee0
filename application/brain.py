"""The brain: routes commands, answers free text, applies what concerns chats as a whole.

Its steps are pure; what they need to know is found out once for a whole round. Not here: the commands themselves
(``domain.commands``), the round (``rounds``).
"""

import logging
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from application.changes import Changes
from application.interpreter import scope_of
from application.messages import render
from application.ports import Liveness, Round, Store
from application.rounds import Handler, ignored
from application.runtime import AsyncClient, RuntimeState
from domain.commands.base import Ask, Known, Need, Parsed, parse_command
from domain.commands.table import COMMANDS
from domain.decisions import Decision, Emit, MoveData, SetApiMode
from domain.envelope import Event
from domain.errors import StoreUnavailable, Unavailable
from domain.events.telegram import (
    CallbackReceived,
    ChatMigrated,
    MessageKind,
    MessageReceived,
    TelegramAnswer,
    TelegramSend,
)
from domain.runtime_state import DEFAULT_MODE, Mode, mode_in_force, parse_mode
from domain.status import ServiceStatus, StatusReport

log = logging.getLogger("openclaw.brain")


@frozen
class Facts:
    """What the steps of one round need to know."""

    admins: frozenset[int] = frozenset()
    mode: Mode = DEFAULT_MODE
    report: StatusReport | None = None
    settings: Mapping[str, Mapping[str, str]] = field(factory=dict)


def on_message(event: Event, facts: Facts) -> Decision:
    """Answer a command by its step, and free text with an echo."""
    message = event.payload
    assert isinstance(message, MessageReceived)
    if message.kind is not MessageKind.MESSAGE:
        return ignored(f"{message.kind.value} is not answered")
    if not message.text:
        return ignored(f"{message.content} without text")
    command = parse_command(message.text)
    if command is None:
        return reply(message, message.text)
    return _on_command(message, command, facts)


def _on_command(message: MessageReceived, parsed: Parsed, facts: Facts) -> Decision:
    command = COMMANDS.get(parsed.name)
    if command is None:
        return reply(message, render("unknown_command", {"name": parsed.name}))
    scope = scope_of(message)
    settings = facts.settings.get(scope.key, {}) if scope is not None else {}
    # A message in a chat's name (an anonymous group admin, a channel) has no user who could be an admin of ours.
    is_admin = message.sender_chat_id is None and message.user_id in facts.admins
    answer = command.step(
        Ask(parsed.args, is_admin, message.user_name), Known(facts.mode, facts.report, settings)
    )
    decision = reply(message, render(answer.key, answer.values))
    return Decision(events=decision.events, effects=answer.effects)


def reply(message: MessageReceived, text: str) -> Decision:
    """Return the decision to answer in the chat and topic of ``message``; in groups as an answer to it."""
    answers = message.message_id if message.chat_id < 0 else None
    send = TelegramSend(
        bot_id=message.bot_id, chat_id=message.chat_id, thread_id=message.thread_id, text=text,
        reply_to_message_id=answers,
    )  # fmt: skip
    return Decision(events=(Emit("reply", send),))


def on_callback(event: Event, facts: Facts) -> Decision:
    """Answer the press of a button; no button of ours does anything yet, so every press is stale."""
    press = event.payload
    assert isinstance(press, CallbackReceived)
    answer = TelegramAnswer(
        bot_id=press.bot_id,
        chat_id=press.chat_id,
        callback_id=press.callback_id,
        text=render("stale_button", {}),
    )
    return Decision(events=(Emit("answer", answer),), reason="no button has this data")


def on_migrated(event: Event, facts: Facts) -> Decision:
    """Let a group's data follow to the supergroup that it became."""
    migrated = event.payload
    assert isinstance(migrated, ChatMigrated)
    return Decision(effects=(MoveData(migrated.new_chat_id),))


def on_member(event: Event, facts: Facts) -> Decision:
    """Note what the bot became in a chat; the audit row is all that follows."""
    return ignored("membership changes are noted only")


HANDLERS: Mapping[str, Handler[Facts]] = {
    "message.received": on_message,
    "callback.received": on_callback,
    "chat.migrated": on_migrated,
    "chat.member": on_member,
}


@define
class Gatherer:
    """Finds out what a round's steps need to know: all of it at once, and only what is needed."""

    store: Store
    runtime: RuntimeState[AsyncClient]
    liveness: Liveness
    admins: frozenset[int]
    version: str

    async def __call__(self, current: Round, events: Sequence[Event]) -> Facts:
        """Return the facts for these events."""
        asked = [(event, command) for event in events if (command := _command_of(event)) is not None]
        needs = {need for _, name in asked for need in COMMANDS[name].needs}
        facts = Facts(self.admins)
        if not needs:
            return facts
        mode = await self.mode() if needs & {Need.MODE, Need.STATUS} else DEFAULT_MODE
        report = await self.report(mode, in_hand=len(events)) if Need.STATUS in needs else None
        scopes = sorted({
            scope.key for event, name in asked
            if Need.SETTINGS in COMMANDS[name].needs and (scope := scope_of(event.payload)) is not None
        })  # fmt: skip
        settings = await current.settings(scopes) if scopes else {}
        return Facts(self.admins, mode, report, settings)

    async def mode(self) -> Mode:
        """Return the API mode. A key that is missing is restored from the committed choice; Redis may be away."""
        try:
            mode = await self.runtime.mode()
        except Unavailable:
            return mode_in_force(None, await self._committed())
        if mode is not None:
            return mode
        committed = await self._committed()
        if committed is None:
            return DEFAULT_MODE
        try:
            return await self.runtime.restore(committed)
        except Unavailable:
            return committed

    async def _committed(self) -> Mode | None:
        stored = await self.store.api_mode()
        return parse_mode(stored) if stored is not None else None

    async def report(self, mode: Mode, in_hand: int) -> StatusReport:
        """Return the report that ``/status`` shows; services are unknown while Redis is away.

        ``in_hand`` events are being handled this moment, the question itself among them: they are no backlog.
        """
        try:
            alive: list[ServiceStatus] = await self.liveness.alive()
        except Unavailable:
            alive = []
        figures = await self.store.figures()
        owed = {
            target: count - (in_hand if target == "brain" else 0) for target, count in figures.owed.items()
        }
        backlog = {target: count for target, count in owed.items() if count > 0}
        return StatusReport(
            self.version, mode, services=tuple(alive), backlog=backlog, dead_letters=figures.dead_letters
        )

    async def told(self, changes: Changes) -> None:
        """After a commit: a mode that was chosen takes effect. Where Redis is away, ``chore`` makes up for it."""
        if any(isinstance(scoped.effect, SetApiMode) for scoped in changes.effects):
            await self.chore()

    async def chore(self) -> None:
        """Tell a committed mode that was not told yet; to be repeated now and then."""
        try:
            await self.store.apply_mode(self.tell)
        except (StoreUnavailable, Unavailable) as error:
            log.warning("the API mode is told later: %s", error, extra={"action": "mode_not_told"})

    async def tell(self, mode: str) -> None:
        """Write a committed mode where every service reads it."""
        await self.runtime.set_mode(parse_mode(mode))


def _command_of(event: Event) -> str | None:
    message = event.payload
    if not isinstance(message, MessageReceived) or message.kind is not MessageKind.MESSAGE:
        return None
    parsed = parse_command(message.text)
    return parsed.name if parsed is not None and parsed.name in COMMANDS else None

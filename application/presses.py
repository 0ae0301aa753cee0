"""Presses of inline buttons: every one is answered, and what it did shows in the message that has the button. Pure.

Not here: what a button does (``domain.commands.presses``).
"""

from application.asking import ask_of, buttons_of, known_of
from application.doorkeeper import turned_away
from application.facts import Facts
from application.messages import render, spoken
from application.reminders import after_contact
from domain.commands import presses
from domain.commands.base import Answer
from domain.decisions import Decision, Emit
from domain.envelope import Event
from domain.events.spec import ANSWER_CHARS_MAX
from domain.events.telegram import CallbackReceived, TelegramAnswer, TelegramEdit
from domain.tasks.buttons import read
from domain.wording import Said


def on_callback(event: Event, facts: Facts) -> Decision:
    """Answer a press. A button of whoever is not let in, and one that is none of ours, does nothing."""
    return after_contact(event, facts, _on_callback(event, facts))


def _on_callback(event: Event, facts: Facts) -> Decision:
    press = event.payload
    assert isinstance(press, CallbackReceived)
    away = turned_away(event, facts)
    if away is not None:
        return Decision(events=(_answer(press, Said("press.not_let_in")),), reason=away.reason)
    button = read(press.data)
    if button is None:
        return Decision(events=(_answer(press, Said("stale_button")),), reason="no button has this data")
    pressed = presses.step(ask_of(press, facts), known_of(event, facts), button)
    events = [_answer(press, pressed.notice)]
    if pressed.shown is not None and press.message_id is not None:
        language = pressed.language or press.language
        events.append(Emit("shown", _edit(press, press.message_id, pressed.shown, language)))
    events += [Emit(f"task.{n}", payload) for n, payload in enumerate(pressed.events, 1)]
    return Decision(tuple(events), pressed.effects, reason=pressed.reason)


def _answer(press: CallbackReceived, notice: Said) -> Emit:
    text = spoken(notice, press.language)[:ANSWER_CHARS_MAX]
    answer = TelegramAnswer(
        bot_id=press.bot_id, chat_id=press.chat_id, callback_id=press.callback_id, text=text
    )
    return Emit("answer", answer)


def _edit(press: CallbackReceived, message_id: int, shown: Answer, language: str | None) -> TelegramEdit:
    return TelegramEdit(
        bot_id=press.bot_id, chat_id=press.chat_id, message_id=message_id,
        text=render(shown.key, shown.values, language), buttons=buttons_of(shown.buttons, language),
    )  # fmt: skip

"""The doorkeeper: who is let in by a code, who is given one, and who is turned away. Pure.

Not here: what standings allow (``domain.access``), and finding out about people (``facts``).
"""

from application.corrections import CODE_GIVEN, TOOK_EFFECT
from application.door import code_in, visit_of
from application.facts import Facts
from application.messages import render
from application.rounds import ignored
from domain.access import (
    CODE_S,
    STRANGER,
    WRONG_CODES_MAX,
    AccessMode,
    Standing,
    Visit,
    hash_code,
)
from domain.decisions import (
    AskAccess,
    CountWrongCode,
    Decision,
    Effect,
    Emit,
    MarkChat,
    Outcome,
    ResumeTasks,
    SetStanding,
    UseInvitation,
)
from domain.envelope import Event
from domain.events.telegram import ChatMember, ChatType, MemberStatus, MessageReceived, TelegramSend

_GONE = (MemberStatus.LEFT, MemberStatus.KICKED)
_RANKS = (
    Standing.STRANGER,
    Standing.ASKED,
    Standing.REVOKED,
    Standing.MEMBER,
    Standing.ADMIN,
    Standing.OWNER,
)


def turned_away(event: Event, facts: Facts) -> Decision | None:
    """Return what happens instead of an answer; None where whoever acts may talk and brings no code."""
    visit = visit_of(event.payload)
    if visit is None:
        return None
    message = event.payload
    if isinstance(message, MessageReceived) and (code := code_in(message)) is not None:
        decision = _by_code(event, message, visit, code, facts)
        if decision is not None:
            return decision
    rights = facts.door.rights(visit)
    if rights.may_talk:
        return None
    if not isinstance(message, MessageReceived) or rights.standing is Standing.REVOKED:
        return ignored(rights.reason)
    if message.chat_type is ChatType.CHANNEL:
        # All its subscribers would read the code.
        return ignored(rights.reason)
    return _asked(event, message, visit, facts)


def _by_code(
    event: Event, message: MessageReceived, visit: Visit, code: str, facts: Facts
) -> Decision | None:
    """Return what a code brings whoever sends it; None where it brings nothing and the message is as any other."""
    person, rights = facts.door.people.get(visit.subject, STRANGER), facts.door.rights(visit)
    if person.standing is Standing.REVOKED:
        return None
    if person.wrong_codes >= WRONG_CODES_MAX:
        return None if rights.may_talk else ignored("too many wrong codes within the hour")
    found = facts.door.codes.get(event.event_id)
    if found is None or found.standing is None:
        count = CountWrongCode(visit.subject)
        if not rights.may_talk and facts.door.policy.mode is not AccessMode.PAIRING:
            return Decision(effects=(count,), outcome=Outcome.IGNORED, reason="a wrong code")
        return _say(message, "access.wrong_code", effects=(count,), reason="a wrong code")
    if _RANKS.index(rights.standing) >= _RANKS.index(found.standing) and rights.may_talk:
        return None
    name = message.user_name or ""
    effects = (
        UseInvitation(hash_code(visit.bot_id, code)),
        SetStanding(visit.subject, found.standing, name, "invitation"),
    )
    reason = f"{visit.subject} became {found.standing.value} by invitation; {TOOK_EFFECT}"
    return _say(message, f"access.invited_{found.standing.value}", effects=effects, reason=reason)


def _asked(event: Event, message: MessageReceived, visit: Visit, facts: Facts) -> Decision:
    """Give whoever is not known a code to be let in by, where the settings allow that; once while it holds."""
    door = facts.door
    rights = door.rights(visit)
    if door.policy.mode is not AccessMode.PAIRING:
        return ignored(rights.reason)
    if door.people.get(visit.subject, STRANGER).code_left_s > 0:
        return ignored("waits to be let in")
    code = door.fresh.get(event.event_id)
    if code is None:
        return ignored("too many wait to be let in")
    name = (message.user_name or "") if message.chat_id > 0 else ""
    ask = AskAccess(visit.subject, name, hash_code(visit.bot_id, code), CODE_S)
    key = "access.asked" if message.chat_id > 0 else "access.asked_group"
    return _say(message, key, {"code": code}, (ask,), CODE_GIVEN)


def _say(
    message: MessageReceived,
    key: str,
    values: dict[str, str] | None = None,
    effects: tuple[Effect, ...] = (),
    reason: str = "",
) -> Decision:
    send = TelegramSend(
        bot_id=message.bot_id,
        chat_id=message.chat_id,
        thread_id=message.thread_id,
        text=render(key, values or {}, message.language),
    )
    return Decision(events=(Emit("reply", send),), effects=effects, reason=reason)


def on_member(event: Event, facts: Facts) -> Decision:
    """Note whether the chat can be reached; a group that an admin adds the bot to is let in, another one may ask."""
    change = event.payload
    assert isinstance(change, ChatMember)
    visit = visit_of(change)
    assert visit is not None
    rights = facts.door.rights(visit)
    if not rights.may_talk and change.chat_type is ChatType.PRIVATE:
        return ignored(rights.reason)
    if change.after in _GONE:
        why = "the bot was blocked" if change.chat_type is ChatType.PRIVATE else "the bot was removed"
        return Decision(effects=(MarkChat(False, why),), reason=why)
    back: tuple[Effect, ...] = (MarkChat(True), ResumeTasks())
    if change.before not in _GONE or change.chat_type is ChatType.PRIVATE:
        return Decision(effects=back, reason=f"the bot is {change.after.value}")
    chat = facts.door.people.get(visit.subject, STRANGER).standing
    if not rights.standing.is_admin or chat.may_talk or chat is Standing.REVOKED:
        return Decision(effects=back, reason="the bot was added")
    decided = SetStanding(visit.subject, Standing.MEMBER, "", f"user {change.user_id}")
    greeting = TelegramSend(
        bot_id=change.bot_id, chat_id=change.chat_id, text=render("access.welcome_group", {}, change.language)
    )
    is_channel = change.chat_type is ChatType.CHANNEL
    return Decision(
        events=() if is_channel else (Emit("greeting", greeting),), effects=(*back, decided),
        reason=f"{visit.subject} became member, added by an admin",
    )  # fmt: skip

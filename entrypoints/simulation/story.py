"""The story of one message as lines, in order of time: what was said, what the audit tells, calls, and what went wrong.

Of texts only the tokens of the load are shown. Rows go by the store's clock, which may have been set meanwhile, and all
else by the world's. Not here: whether what happened is right (``checker``).
"""

from collections.abc import Iterator, Sequence

from adapters.botworld import Effect
from adapters.botworld.record import MadeCall
from domain.scope import bot_and_chat
from domain.tasks.keys import reminder_key
from entrypoints.simulation.copies import MARK
from entrypoints.simulation.evidence import Evidence, Seen, Violation, root_of
from entrypoints.simulation.history import History, Mishap
from entrypoints.simulation.people import TOKEN

LINES_MAX = 200

_Line = tuple[float, int, str]


def story(history: History, violation: Violation) -> list[str]:
    """Return what happened to the message that a violation concerns; nothing for one that concerns no message."""
    of = Evidence(history)
    key = violation.key
    deed = of.by_token.get(violation.token or "") or of.deeds.get(root_of(key or ""))
    roots = {root for root in (root_of(key or ""), deed.key if deed is not None else None) if root}
    tasks = [task for task in history.standing.tasks if deed is not None and deed.token in task.tokens]
    roots |= {
        reminder_key(each.task_id, each.bucket)
        for each in history.standing.occasions
        if each.task_id in {task.task_id for task in tasks}
    }
    if deed is not None:
        # What is about it belongs to it, as an edit, and so does what it is about.
        near = (each for each in history.deeds if deed.token == each.about or deed.about == each.token)
        roots |= {each.key for each in near if each.key is not None}
    if not roots:
        return []
    lines = list(_lines(of, roots))
    if not lines:
        return [f"nothing is recorded of {key or violation.token}"]
    lines.sort(key=lambda line: (line[0], line[1]))
    begin, end = lines[0][0], lines[-1][0]
    lines += [_mishap(each) for each in history.mishaps if each.until >= begin and each.at <= end]
    lines.sort(key=lambda line: (line[0], line[1]))
    left = [f"and {len(lines) - LINES_MAX} more"] if len(lines) > LINES_MAX else []
    return [f"{at - begin:10.3f} s  {text}" for at, _, text in lines[:LINES_MAX]] + left


def _lines(of: Evidence, roots: set[str]) -> Iterator[_Line]:
    for each in of.history.deeds:
        if each.key in roots:
            about = f" about {each.about}" if each.about else ""
            name = f" /{each.command}" if each.command else ""
            taken = "accepted" if each.is_accepted else "not accepted"
            known = f"{each.key}, told {each.times_told} times, {taken}"
            what = f"{each.kind.value}{name} {each.token}{about}"
            yield each.at, 0, f"user {each.user_id} in chat {each.chat_id}: {what} ({known})"
    rows = [seen for seen in of.seen if root_of(seen.row.idempotency_key or "") in roots]
    for seen in rows:
        yield seen.entry.at, 1, _row(seen)
    chats = {bot_and_chat(seen.row.scope)[1] for seen in rows if seen.row.scope}
    tokens = {each.token for each in of.history.deeds if each.key in roots}
    copies = [copy for key, found in of.copies.items() if root_of(key) in roots for copy in found]
    effects = {copy.effect.seq: copy.effect for copy in copies}
    for effect in of.history.effects:
        if effect.chat_id in chats and tokens & set(_tokens(effect.text)):
            effects[effect.seq] = effect
    for effect in effects.values():
        yield effect.received_at, 3, _effect(effect)
    for call in of.history.calls:
        if effects.keys() & set(call.effects) or (call.chat_id in chats and tokens & set(_tokens(call.text))):
            yield (
                call.began_at,
                2,
                f"call {call.number}: {call.method} to chat {call.chat_id} begins{_shown(call.text)}",
            )
            yield call.ended_at, 4, _end(call)


def _row(seen: Seen) -> str:
    row = seen.row
    reason = f": {row.reason}" if row.reason else ""
    attempt = f", attempt {row.attempt}" if row.attempt else ""
    return (
        f"{seen.entry.consumer}: {row.outcome.value} {row.event_type} {row.idempotency_key}{attempt}{reason}"
    )


def _effect(effect: Effect) -> str:
    message = f" message {effect.message_id}" if effect.message_id is not None else ""
    return f"effect {effect.seq}: {effect.method}{message} in chat {effect.chat_id}{_shown(effect.text)}"


def _end(call: MadeCall) -> str:
    wait = f", to wait {call.retry_after_s} s" if call.retry_after_s is not None else ""
    code = f" {call.code}{wait}" if call.code else ""
    return f"call {call.number}: {call.end.value}{code}"


def _shown(text: str | None) -> str:
    tokens = " ".join(_tokens(text))
    marked = ", marked as a repeat" if (text or "").endswith(MARK) else ""
    return f" with {tokens}{marked}" if tokens or marked else ""


def _tokens(text: str | None) -> Sequence[str]:
    return [f"m{found[1]}c{found[2]}" for found in TOKEN.finditer(text or "")]


def _mishap(mishap: Mishap) -> _Line:
    lasted = f" for {mishap.until - mishap.at:.3f} s" if mishap.until > mishap.at else ""
    return mishap.at, 5, f"*** {mishap.kind}, {mishap.who}{lasted}"

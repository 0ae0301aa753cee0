"""Rules of time: Telegram's ``retry_after`` is obeyed in full, and each occasion reminds once or says why not.

Each yields what breaks it. Not here: that a reminder is never repeated (``rules_messages.once``).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from attrs import frozen

from adapters.botworld.record import End, MadeCall
from application.messages import LANGUAGES
from application.settling import CHATS_WAITING_FOR_BOT
from domain.decisions import Outcome
from domain.scope import bot_and_chat
from domain.tasks.keys import instant_of, named_by, reminder_key
from domain.tasks.values import Kept, Status
from entrypoints.simulation.copies import SEND
from entrypoints.simulation.evidence import BRAIN, METHODS, SCHEDULER, SENDER, Evidence, Seen, Violation
from entrypoints.simulation.history import Deed, OccasionKept, TaskKept

# What a chat is spared that is told to wait; a press is answered all the same.
SPARED = frozenset({METHODS[SEND], "editMessageText", "sendChatAction"})
ASKED_TO_WAIT = frozenset({METHODS[SEND], "editMessageText"})
# So much may lie between what somebody learned and a call that was claimed before.
LEARNED_S = 1.0
# Instants are kept to the microsecond, and read with the rounding of a float.
SAME_S = 0.002
# The scheduler looks every second; so long after its time an occasion stands in the ledger.
NOTICED_S = 5.0
UNTOLD = LANGUAGES["en"].wording["reminder.untold"].partition(":")[0]


@frozen
class _Wait:
    """A chat is to be left alone: since when, until when, because of which call."""

    chat_id: int
    since: float
    until: float
    call: MadeCall


def _waits(of: Evidence) -> list[_Wait]:
    refused = (
        c for c in of.history.calls if c.end is End.REFUSED and c.code == 429 and c.method in ASKED_TO_WAIT
    )
    return [
        _Wait(c.chat_id, c.ended_at, c.ended_at + float(c.retry_after_s or 1), c)
        for c in refused if c.chat_id is not None
    ]  # fmt: skip


def obeyed(of: Evidence) -> Iterator[Violation]:
    """A chat that Telegram told us to leave alone is left alone in full by whoever may know it."""
    calls: dict[int, list[MadeCall]] = defaultdict(list)
    for call in of.history.calls:
        if call.method in SPARED and call.chat_id is not None:
            calls[call.chat_id].append(call)
    for wait in _waits(of):
        for call in calls[wait.chat_id]:
            until = wait.until - _ahead_s(of, wait.since, call.began_at)
            if wait.since + LEARNED_S < call.began_at < until - 0.001 and not _unknown(
                of, wait, call.began_at
            ):
                left_s = wait.until - call.began_at
                sentence = f"chat {wait.chat_id} was called {left_s:.3f} s before the end of its retry_after"
                yield Violation("obeyed", sentence)


def _ahead_s(of: Evidence, begin: float, end: float) -> float:
    """Return by how much the clocks were set forward meanwhile; who waits goes by the store's."""
    return sum(mishap.by_s for mishap in of.history.mishaps if mishap.by_s > 0 and begin <= mishap.at <= end)


def _unknown(of: Evidence, wait: _Wait, at: float) -> bool:
    """Tell whether whoever was told to wait could not pass it on by then, because a fault hit it."""
    told = any(
        wait.since - of.slack_s <= row.entry.at <= at + (of.slack_s - LEARNED_S) for row in _told_to_wait(of, wait)
    )  # fmt: skip
    return not told and bool(of.mishaps(wait.since, at, SENDER, "postgres", "clock"))


def _told_to_wait(of: Evidence, wait: _Wait) -> Iterator[Seen]:
    """Yield the rows that may be of this wait: of its chat, and as long."""
    scope_end = f":u{wait.chat_id}" if wait.chat_id > 0 else f":c{wait.chat_id}"
    how_long = f"retry after {wait.call.retry_after_s}"
    for seen in of.seen:
        row = seen.row
        is_wait = row.outcome is Outcome.RETRIED and row.reason.startswith("Telegram: 429")
        if is_wait and (row.scope or "").endswith(scope_end) and how_long in row.reason:
            yield seen


def obeyed_by_bot(of: Evidence) -> Iterator[Violation]:
    """Where so many chats are to wait that some sender has seen three, the bot waits for the first of them."""
    waits = _waits(of)
    enough = of.history.senders * (CHATS_WAITING_FOR_BOT - 1) + 1
    for wait in waits:
        same = {w.chat_id: w.until for w in waits if w.since <= wait.since < w.until}
        if len(same) < enough:
            continue
        until = min(same.values())
        for call in of.history.calls:
            over_at = until - _ahead_s(of, wait.since, call.began_at)
            is_early = wait.since + LEARNED_S < call.began_at < over_at - 0.001
            if is_early and call.method in ASKED_TO_WAIT and not _is_hurt(of, wait.since, call.began_at):
                left_s = until - call.began_at
                yield Violation("obeyed by bot", f"{left_s:.3f} s too early for a bot that was to wait")


def _is_hurt(of: Evidence, begin: float, end: float) -> bool:
    """Tell whether a sender may have lost what it knew: all that it was told since the first of the waits."""
    longest_s = max((wait.until - wait.since for wait in _waits(of)), default=0.0)
    return bool(of.mishaps(begin - longest_s, end, SENDER, "postgres", "clock"))


def fired(of: Evidence) -> Iterator[Violation]:
    """An occasion fires once, stands in the ledger, and what is said to have fired was delivered.

    Once more it fires for each time that its chat could not be reached.
    """
    accepted = Counter(
        str(seen.row.idempotency_key) for seen in of.seen
        if seen.role == SCHEDULER and seen.row.outcome is Outcome.ACCEPTED
    )  # fmt: skip
    for key, count in accepted.items():
        named = named_by(key)
        if count > 1 + of.unreached(key):
            yield of.violation("fired", f"{key} fired {count} times", key)
        if named is None or (named.task_id, _micros(instant_of(named.bucket))) not in of.occasions:
            yield of.violation("fired", f"{key} fired, and the ledger of reminders has nothing of it", key)
    for occasion in of.history.standing.occasions:
        yield from _stands(of, occasion, accepted)


def _stands(of: Evidence, occasion: OccasionKept, accepted: Counter[str]) -> Iterator[Violation]:
    key = reminder_key(occasion.task_id, occasion.bucket)
    copies = of.copies.get(key, ())
    match occasion.kept:
        case Kept.FIRED | Kept.LATE:
            if not accepted[key]:
                yield of.violation("fired", f"{key} is {occasion.kept.value}, and no scheduler fired it", key)
            delivery = of.deliveries.get(key)
            if delivery is None or delivery.outcome != "delivered" or not copies:
                yield of.violation(
                    "fired", f"{key} is {occasion.kept.value}, and did not reach its chat", key
                )
        case Kept.SUPERSEDED | Kept.PAUSED if copies:
            yield of.violation("fired", f"{key} is {occasion.kept.value}, and reached its chat", key)
        case Kept.SKIPPED | Kept.SUPERSEDED if not occasion.reason:
            yield of.violation("fired", f"{key} is {occasion.kept.value} without a reason", key)
        case Kept.PAUSED:
            _, chat_id = bot_and_chat(occasion.scope)
            if not any(c.chat_id == chat_id and c.code in (400, 403) for c in of.history.calls):
                yield of.violation("fired", f"{key} waits for contact, and its chat was always there", key)


def doubted(of: Evidence) -> Iterator[Violation]:
    """A reminder that may be missing has its cause, and the next contact with its chat says so."""
    for occasion in of.history.standing.occasions:
        if occasion.kept is Kept.AMBIGUOUS:
            yield from _doubted(of, occasion, reminder_key(occasion.task_id, occasion.bucket))


def _doubted(of: Evidence, occasion: OccasionKept, key: str) -> Iterator[Violation]:
    if not (
        of.ambiguous(key)
        or of.is_buried(key)
        or any(of.of(key, r, Outcome.DEAD_LETTERED) for r in (BRAIN, SENDER))
    ):
        yield of.violation("doubted", f"{key} is ambiguous in the ledger of reminders without a cause", key)
    met = [deed for deed in of.deeds.values() if _is_contact(of, deed, occasion)]
    if met and not occasion.told:
        yield of.violation("doubted", f"{key} may be missing, and {met[0].token} was not told so", key)
    _, chat_id = bot_and_chat(occasion.scope)
    is_said = any(UNTOLD in (effect.text or "") for effect in of.sends if effect.chat_id == chat_id)
    lost = any(letter.lane.endswith(f":{chat_id}") for letter in of.history.letters)
    if occasion.told and not is_said and not lost:
        yield of.violation("doubted", f"{key} may be missing, and its chat never heard so", key)


def _is_contact(of: Evidence, deed: Deed, occasion: OccasionKept) -> bool:
    end = of.handled(str(deed.key))
    return end is not None and of.scope(deed) == occasion.scope and end.entry.at > occasion.at


def none_missing(of: Evidence) -> Iterator[Violation]:
    """Whatever time of a task has come, it stands in the ledger of reminders."""
    for task in of.history.standing.tasks:
        if task.due_at is None or task.is_paused:
            continue
        if _has_come(of, task) and (task.task_id, _micros(task.due_at)) not in of.occasions:
            token = task.tokens[0] if task.tokens else None
            sentence = f"task {task.number} of {task.scope} was due, and nothing stands of it"
            yield Violation("none missing", sentence, token, reminder_key(task.task_id, task.due_at))


def _has_come(of: Evidence, task: TaskKept) -> bool:
    assert task.due_at is not None
    if task.status is not Status.OPEN:
        return task.closed_at is not None and task.due_at <= task.closed_at - SAME_S
    return task.due_at <= of.history.rested_at - NOTICED_S


def _micros(instant: float) -> int:
    return round(instant * 1e6)


RULES = (obeyed, obeyed_by_bot, fired, doubted, none_missing)

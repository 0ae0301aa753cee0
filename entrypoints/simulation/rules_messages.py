"""Rules of messages: what was accepted is answered, once, in order, in its own chat, and for nobody who did not ask.

Each yields what breaks it. Not here: the accounts that are kept of it all (``rules_accounts``), and when calls are made
and reminders come (``rules_times``).
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from adapters.botworld import Effect
from application.changes import Delivery
from domain.decisions import Outcome
from domain.ids import child_key
from domain.scope import scope_of_lane
from entrypoints.simulation.copies import ANSWER, EDIT, SEND, Copy, is_reminder
from entrypoints.simulation.evidence import (
    BRAIN,
    METHODS,
    OPERATOR,
    Evidence,
    Violation,
    effect_tokens,
    is_rising,
    root_of,
)
from entrypoints.simulation.history import Deed, Kind
from entrypoints.simulation.people import TOKEN, ZONES, chat_of, place_in

OUT_OF_ORDER = (Outcome.RETRIED, Outcome.DEAD_LETTERED, Outcome.REJECTED)


def taken(of: Evidence) -> Iterator[Violation]:
    """Every update is taken in the end."""
    for key, deed in of.deeds.items():
        if not deed.is_accepted:
            yield of.violation("taken", f"the update of {deed.token} still waits with Telegram", key)


def answered(of: Evidence) -> Iterator[Violation]:
    """What Telegram has its answer for is answered, or a dead letter, or needs no answer by a rule."""
    for key, deed in of.deeds.items():
        if not deed.is_accepted or of.is_buried(key):
            continue
        end = of.handled(key)
        if end is None:
            yield of.violation(
                "answered", f"{deed.token} was accepted, and nobody was ever done with it", key
            )
        elif end.row.outcome is Outcome.IGNORED:
            if deed.kind is not Kind.EDIT:
                yield of.violation("answered", f"{deed.token} was ignored: {end.row.reason}", key)
        else:
            yield from _children(of, key, deed)


def _children(of: Evidence, key: str, deed: Deed) -> Iterator[Violation]:
    wanted = _wanted(of, key, deed)
    for child in wanted:
        if of.is_buried(child):
            continue
        delivery = of.deliveries.get(child)
        if delivery is None or delivery.outcome != "delivered":
            yield of.violation("answered", f"the answer {child} to {deed.token} was never delivered", child)
        elif _is_seen(of, delivery) and not _stands(of, child, deed, wanted):
            yield of.violation(
                "answered", f"the answer to {deed.token} that was delivered is not there", child
            )


def _is_seen(of: Evidence, delivery: Delivery) -> bool:
    """Tell whether what was delivered stands in its chat."""
    return of.sent.get(delivery.key) == SEND or delivery.message_id is not None


def _wanted(of: Evidence, key: str, deed: Deed) -> list[str]:
    """Return the deliveries that a deed must lead to."""
    if deed.kind is Kind.PRESS:
        return [child_key(key, "answer")]
    correction = child_key(key, "correction")
    if deed.kind is Kind.EDIT and correction in of.sent:
        return [correction]
    return [child_key(key, "reply" if n == 1 else f"reply.{n}") for n in range(1, deed.parts + 1)]


def _stands(of: Evidence, child: str, deed: Deed, wanted: list[str]) -> bool:
    """Tell whether what was delivered is in the chat, with the token where it must say it."""
    if of.sent.get(child) == EDIT:
        return deed.command is not None or deed.token in of.corrected[deed.chat_id]
    settled = [copy for copy in of.copies.get(child, ()) if copy.is_settled]
    if deed.kind not in (Kind.MESSAGE, Kind.LONG):
        return bool(settled)
    token = deed.token if deed.kind is Kind.MESSAGE else f"{deed.token}p{wanted.index(child) + 1}"
    return any(token in {each[0] for each in TOKEN.finditer(c.effect.text or "")} for c in settled)


def once(of: Evidence) -> Iterator[Violation]:
    """Nothing comes twice but as a marked repeat, which has its ``ambiguous`` row; a reminder never does."""
    for key, copies in of.copies.items():
        if not key:
            continue
        plain = sum(not copy.is_marked for copy in copies)
        if is_reminder(key):
            if len(copies) > 1 or plain != len(copies):
                yield of.violation("once", f"the reminder {key} came {len(copies)} times", key)
            continue
        if plain > 1:
            yield of.violation("once", f"{key} came {plain} times without a mark", key)
        doubts = len(of.ambiguous(key))
        if len(copies) > 1 + doubts:
            rows = f"{doubts} rows that say so"
            yield of.violation("once", f"{key} came {len(copies)} times, with {rows}", key)
        yield from _marks(of, key, copies)


def _marks(of: Evidence, key: str, copies: list[Copy]) -> Iterator[Violation]:
    delivery = of.deliveries.get(key)
    for copy in copies:
        if copy.is_marked and not of.ambiguous(key):
            yield of.violation("once", f"{key} is marked as a repeat, and no row says why", key)
        if copy.is_settled and delivery is not None and delivery.repeat != copy.is_marked:
            yield of.violation("once", f"the ledger and the mark of {key} do not say the same", key)


def idempotent(of: Evidence) -> Iterator[Violation]:
    """A message is changed, and a press answered, as often as asked, and once more for each doubt at most."""
    made: dict[tuple[str, int], int] = defaultdict(int)
    due: dict[tuple[str, int], int] = defaultdict(int)
    for effect in of.history.effects:
        made[effect.method, effect.chat_id] += 1
    for key, event_type in of.sent.items():
        if event_type in (EDIT, ANSWER):
            chat_id = _chat_of(of, key)
            due[METHODS[event_type], chat_id] += 1 + len(of.ambiguous(key))
    for (method, chat_id), count in made.items():
        if method in (METHODS[EDIT], METHODS[ANSWER]) and count > due[method, chat_id]:
            sentence = f"chat {chat_id}: {count} times {method}, and {due[method, chat_id]} were asked for"
            yield Violation("idempotent", sentence)


def _chat_of(of: Evidence, key: str) -> int:
    scope = next((seen.row.scope for seen in of.rows[key] if seen.row.scope), "0:u0")
    return int(scope.partition(":")[2][1:])


def asked_for(of: Evidence) -> Iterator[Violation]:
    """Whatever reached a chat was caused by something."""
    for copy in of.copies.get("", ()):
        yield Violation("asked for", f"{_name(copy.effect)}: nobody asked for it", _first_token(copy.effect))
    known = {str(task.task_id) for task in of.history.standing.tasks}
    for key in of.copies:
        root = root_of(key)
        is_known = (
            root in of.deeds or (is_reminder(root) and root.split(":")[1] in known) or of.is_notice(root)
        )
        if key and not is_known:
            yield of.violation("asked for", f"{key} was delivered, and nobody asked for it", key)


def order_of_runs(of: Evidence) -> Iterator[Violation]:
    """The brain is done with the events of a chat in the order in which they came, but for those it tried again."""
    lanes: dict[int, list[tuple[tuple[float, int], int, str]]] = defaultdict(list)
    for key, deed in of.deeds.items():
        end, came = of.handled(key), of.of(key, "gateway", Outcome.ACCEPTED)
        if end is None or not came or of.of(key, BRAIN, *OUT_OF_ORDER) or of.of(key, OPERATOR):
            continue
        # What is committed together has one instant; Telegram's numbers tell the order in it.
        place = (came[0].entry.at, int(key.rpartition(":")[2]))
        lanes[deed.chat_id].append((place, end.place, key))
    for chat_id, found in lanes.items():
        if any(mishap.by_s < 0 for mishap in of.history.mishaps):
            found = [
                ((of.of(key, "gateway", Outcome.ACCEPTED)[0].place, 0), end, key) for _, end, key in found
            ]
        found.sort()
        for (_, before, _), (_, after, key) in pairwise(found):
            if after < before:
                sentence = f"chat {chat_id}: {key} was handled before one that came earlier"
                yield of.violation("order of runs", sentence, key)


def order_of_sends(of: Evidence) -> Iterator[Violation]:
    """Answers come to a chat in the order of what the brain decided, parts in theirs."""
    lanes: dict[int, list[tuple[int, tuple[int, int], str]]] = defaultdict(list)
    for key, copies in of.copies.items():
        handled = of.handled(root_of(key)) if key else None
        if handled is None or is_reminder(key) or of.of(key, OPERATOR):
            continue
        settled = [copy for copy in copies if copy.is_settled]
        for copy in settled[:1]:
            lanes[copy.effect.chat_id].append((copy.effect.seq, (handled.place, _part(key)), key))
    for chat_id, found in lanes.items():
        found.sort()
        if is_rising(place[0] * 1_000 + place[1] for _, place, _ in found):
            continue
        for (_, before, _), (_, after, key) in pairwise(found):
            if after < before:
                sentence = f"chat {chat_id}: {key} came after what was to come later"
                yield of.violation("order of sends", sentence, key)


def _part(key: str) -> int:
    """Return the number of a part of an answer; what is told beside an answer comes behind it."""
    name = key.rpartition("/")[2]
    if name == "reply":
        return 1
    return int(name[6:]) if name.startswith("reply.") and name[6:].isdigit() else 999


def in_scope(of: Evidence) -> Iterator[Violation]:
    """A chat sees what was written there and nothing else; what comes of it stays in its scope."""
    for effect in of.history.effects:
        for token in effect_tokens(effect):
            if chat_of(place_in(token)) != effect.chat_id:
                yield Violation("in scope", f"{_name(effect)} holds {token} of another chat", token)
    for task in of.history.standing.tasks:
        for token in task.tokens:
            deed = of.by_token.get(token)
            if deed is None or of.scope(deed) != task.scope:
                sentence = f"task {task.number} of {task.scope} holds {token}, which was not written there"
                yield Violation("in scope", sentence, token)
    named = [(seen.row.idempotency_key or "", seen.row.scope) for seen in of.seen]
    named += [(key, scope_of_lane(delivery.lane)) for key, delivery in of.deliveries.items()]
    for key, scope in named:
        deed = of.deeds.get(root_of(key))
        # A notice is for another chat than the one that caused it.
        if deed is not None and scope not in (None, of.scope(deed)) and not key.endswith("/notice"):
            yield of.violation("in scope", f"what came of {deed.token} is told of {scope}", key)


def zones(of: Evidence) -> Iterator[Violation]:
    """A chat has the time zone that was chosen there last, and is shown the one that it had then."""
    chosen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for key, deed in of.deeds.items():
        end = of.handled(key)
        if deed.kind is Kind.COMMAND and deed.command == "timezone" and deed.value and end is not None:
            chosen[of.scope(deed)].append((end.place, deed.value))
    kept = {s: value for (s, name), value in of.history.standing.settings.items() if name == "zone"}
    for scope in sorted({*chosen, *kept}):
        _, wanted = max(chosen.get(scope, [(0, None)]))
        if kept.get(scope) != wanted:
            yield Violation("zones", f"{scope} has the zone {kept.get(scope)}, and chose {wanted}")
    for key, deed in of.deeds.items():
        end = of.handled(key)
        if deed.kind is not Kind.COMMAND or deed.command != "timezone" or deed.value or end is None:
            continue
        _, had = max((each for each in chosen[of.scope(deed)] if each[0] < end.place), default=(0, None))
        for copy in of.copies.get(child_key(key, "reply"), ()):
            shown = [zone for zone in ZONES if zone in (copy.effect.text or "")]
            if shown != ([had] if had else []):
                yield of.violation("zones", f"{deed.token} was shown the zone {shown}, and had {had}", key)


def edits(of: Evidence) -> Iterator[Violation]:
    """What is edited does not take effect, the second time or at all."""
    acted = {token for task in of.history.standing.tasks for token in task.tokens}
    for key, deed in of.deeds.items():
        made = [
            seen for seen in of.rows.get(child_key(key, "task.1"), ()) if seen.row.outcome is Outcome.ACCEPTED
        ]
        end = of.handled(key)
        has_acted = deed.token in acted or made or (end is not None and "took effect" in end.row.reason)
        if deed.kind is Kind.EDIT and has_acted:
            yield of.violation("edits", f"{deed.token} is an edit, and took effect", key)


def effects_once(of: Evidence) -> Iterator[Violation]:
    """A command takes effect once: one task for each that asked for one, and no more."""
    count: dict[str, int] = defaultdict(int)
    for task in of.history.standing.tasks:
        for token in task.tokens:
            count[token] += 1
    for key, deed in of.deeds.items():
        end = of.handled(key)
        is_done = end is not None and "took effect" in end.row.reason
        makes = deed.kind is Kind.COMMAND and deed.command in ("task", "remind") and is_done
        if count[deed.token] != int(makes) and deed.kind is not Kind.EDIT:
            sentence = f"{deed.token} made {count[deed.token]} tasks, not {int(makes)}"
            yield of.violation("effects once", sentence, key)


def _name(effect: Effect) -> str:
    return f"effect {effect.seq} ({effect.method} in chat {effect.chat_id})"


def _first_token(effect: Effect) -> str | None:
    return next(iter(effect_tokens(effect)), None)


RULES = (
    taken, answered, once, idempotent, asked_for, order_of_runs, order_of_sends, in_scope, zones, edits, effects_once,
)  # fmt: skip

"""Rules of the accounts that are kept: the audit is complete, what went wrong has a cause, and nothing is left over.

Each yields what breaks it. Not here: what people see (``rules_messages``), and when things happen (``rules_times``).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from adapters.botworld.record import End
from domain.decisions import Outcome
from domain.ids import child_key
from domain.notices import NOTICE_KEY
from domain.runtime_state import DEFAULT_MODE
from entrypoints.simulation.copies import is_reminder
from entrypoints.simulation.evidence import (
    BRAIN,
    GATEWAY,
    OPERATOR,
    REDRIVEN_ALREADY,
    SENDER,
    Evidence,
    Seen,
    Violation,
    root_of,
)
from entrypoints.simulation.history import Kind

# How the row of a notice begins.
TELLS_OF = re.compile(r"tells of ([0-9]+) dead letter")
# Of these a death is told besides.
TOLD_AS_DEATHS = ("a process killed", "a process stopped")
# Refusals after which a call is made again: the bot is not known for now, too many calls.
NOT_FINAL = (401, 404, 429)
ENDS = (Outcome.PROCESSED, Outcome.IGNORED, Outcome.DEAD_LETTERED, Outcome.REJECTED, Outcome.DUPLICATE)
# What is hurt where a run of the service goes wrong: itself, and what it stands on.
HURTS = {
    BRAIN: (BRAIN, "postgres", "redis", "clock"),
    SENDER: (SENDER, "postgres", "telegram", "clock"),
}
# Processed, and not delivered: decided anew by the brain, or by way of the supergroup that a group became.
HANDED_ON = ("it waited too long", "the group became a supergroup")
KILLED = "it ended its process"
MODE = "API mode: "


def arrivals(of: Evidence) -> Iterator[Violation]:
    """An update has one row that it was accepted, and a row for each further time that it was told at most."""
    for key, deed in of.deeds.items():
        accepted = len(of.of(key, GATEWAY, Outcome.ACCEPTED))
        if accepted > 1 or (deed.is_accepted and not accepted):
            yield of.violation("arrivals", f"{deed.token} was accepted {accepted} times", key)
        if of.of(key, GATEWAY, Outcome.IGNORED):
            yield of.violation("arrivals", f"{deed.token} was turned away at the door", key)
        duplicates, told = len(of.of(key, GATEWAY, Outcome.DUPLICATE)), max(1, of.told[key])
        if duplicates > told - 1:
            sentence = f"{deed.token} was told {told} times, and {duplicates} times it was a duplicate"
            yield of.violation("arrivals", sentence, key)


def ends(of: Evidence) -> Iterator[Violation]:
    """Every event ends once, and once more for each time that it was redriven; what was discarded does not go on.

    A reminder that could not reach its chat comes again when the chat is there again.
    """
    for (role, event_id), found in of.runs.items():
        rows = [seen for seen in found if seen.role == role]
        # The row of one that ended its process was not read any more, so it may have no key.
        key = next((seen.row.idempotency_key for seen in found if seen.row.idempotency_key), None) or str(
            next((x.idempotency_key for x in of.history.letters if x.event_id == event_id), None)
        )
        ended = sum(seen.row.outcome in ENDS for seen in rows)
        if not ended and role == SENDER and _is_doubt(of, key, rows):
            ended = 1
        redriven = sum(
            seen.row.outcome is Outcome.REDRIVEN and REDRIVEN_ALREADY not in seen.row.reason for seen in found
        )
        owed = sum(letter.event_id == event_id for letter in of.history.letters)
        if not 1 + redriven <= ended <= 1 + redriven + of.again(key):
            sentence = f"{key} ended {ended} times at the {role}, and was redriven {redriven} times"
            yield of.violation("ends", sentence, key)
        buried = sum(seen.row.outcome in (Outcome.DEAD_LETTERED, Outcome.REJECTED) for seen in rows)
        gone = sum(seen.row.outcome in (Outcome.REDRIVEN, Outcome.DISCARDED) for seen in found)
        if buried != gone + owed:
            sentence = f"{key} became a dead letter {buried} times, {gone} were moved, and {owed} are there"
            yield of.violation("ends", sentence, key)
    for seen in of.seen:
        is_owed = seen.row.outcome is Outcome.ACCEPTED and seen.row.target == BRAIN
        if is_owed and seen.row.event_id is not None and (BRAIN, seen.row.event_id) not in of.runs:
            key = str(seen.row.idempotency_key)
            yield of.violation("ends", f"{key} was accepted, and the brain has no row of it", key)


def _is_doubt(of: Evidence, key: str, rows: Sequence[Seen]) -> bool:
    """Tell whether a reminder ended with nobody knowing whether it arrived."""
    delivery = of.deliveries.get(key)
    is_known = delivery is not None and delivery.outcome == "ambiguous"
    return is_known and any(seen.row.outcome is Outcome.AMBIGUOUS for seen in rows)


def delivered(of: Evidence) -> Iterator[Violation]:
    """The ledger, the rows of the sender and the events of deliveries tell of the same ones, once each."""
    told = Counter(
        str(seen.row.idempotency_key) for seen in of.seen
        if seen.role == SENDER and seen.row.event_type == "telegram.delivered"
    )  # fmt: skip
    for key, delivery in of.deliveries.items():
        wanted = int(delivery.outcome == "delivered")
        if (count := told.pop(child_key(key, "delivered"), 0)) != wanted:
            yield of.violation(
                "delivered", f"{key} is {delivery.outcome}, and {count} rows say delivered", key
            )
    for name in told:
        yield Violation("delivered", f"{name}: no delivery in the ledger", key=name)
    for key in of.sent:
        done = [s for s in of.of(key, SENDER, Outcome.PROCESSED) if not s.row.reason.startswith(HANDED_ON)]
        if done and key not in of.deliveries:
            yield of.violation("delivered", f"{key} was processed, and is not in the ledger", key)


def causes(of: Evidence) -> Iterator[Violation]:
    """What did not go as it should has its cause in the history: a call, or a fault while the event was under way."""
    for seen in of.seen:
        if seen.row.outcome is Outcome.AMBIGUOUS and not _explains_doubt(of, seen):
            key = str(seen.row.idempotency_key)
            yield of.violation("causes", f"{key} is ambiguous without a cause: {seen.row.reason}", key)
        elif seen.row.outcome is Outcome.RETRIED and not _explains_retry(of, seen):
            key = str(seen.row.idempotency_key)
            yield of.violation("causes", f"{key} was tried again without a cause: {seen.row.reason}", key)
        elif seen.row.outcome in (Outcome.DEAD_LETTERED, Outcome.REJECTED) and not _explains_letter(of, seen):
            key = str(seen.row.idempotency_key)
            yield of.violation(
                "causes", f"{key} became a dead letter without a cause: {seen.row.reason}", key
            )


def _explains_doubt(of: Evidence, seen: Seen) -> bool:
    key, until = str(seen.row.idempotency_key), seen.entry.at
    if of.unanswered(key, until):
        return True
    # A letter that is redriven after a doubt is a doubt from then on.
    if of.of(key, OPERATOR, Outcome.REDRIVEN) and any(x.place < seen.place for x in of.ambiguous(key)):
        return True
    hurt = of.mishaps(of.begin_of(key), until, *HURTS[SENDER], event_id=seen.row.event_id)
    return any(mishap.who != "telegram" for mishap in hurt)


def _explains_retry(of: Evidence, seen: Seen) -> bool:
    key, until = str(seen.row.idempotency_key), seen.entry.at
    if seen.role == BRAIN:
        deed = of.deeds.get(key)
        is_early_edit = (
            deed is not None and deed.kind is Kind.EDIT and "is still tried again" in seen.row.reason
        )
        return is_early_edit or bool(of.mishaps(of.begin_of(key), until, *HURTS[BRAIN]))
    code = seen.row.reason.removeprefix("Telegram: ").partition(" ")[0]
    calls = of.calls(key)
    begin = of.begin_of(key) - of.slack_s
    if code.isdigit():
        return any(call.end is End.REFUSED and call.code == int(code) for call in calls)
    if any(call.end is End.UNANSWERED and call.ended_at >= begin for call in calls):
        return True
    return bool(of.mishaps(of.begin_of(key), until, *HURTS[SENDER]))


def _explains_letter(of: Evidence, seen: Seen) -> bool:
    row, key = seen.row, str(seen.row.idempotency_key)
    if row.reason.startswith(KILLED):
        return _killed(of, key, seen.entry.at, seen.role)
    spent = row.reason.partition(" attempts failed")[0]
    if spent.isdigit():
        return _attempts(of, seen) == int(spent) - 1 and int(spent) >= of.history.policy.attempts_max
    if seen.role == SENDER and row.reason.startswith("Telegram: "):
        code = row.reason.removeprefix("Telegram: ").partition(" ")[0]
        is_final = code.isdigit() and int(code) < 500 and int(code) not in NOT_FINAL
        return is_final and any(call.end is End.REFUSED and str(call.code) == code for call in of.calls(key))
    made, is_unknown, _ = row.reason.partition(" calls were made and whether one took effect is unknown")
    if made.isdigit() and is_unknown:
        return bool(of.ambiguous(key)) and int(made) >= of.history.policy.attempts_max
    if "was never delivered" in row.reason:
        return _is_without_message(of, key, seen.place)
    return False


def _is_without_message(of: Evidence, key: str, place: int) -> bool:
    """Tell whether the answer that an edit would correct was a dead letter then."""
    deed = of.deeds.get(root_of(key))
    first = of.by_token.get(deed.about or "") if deed is not None else None
    rows = (
        of.of(child_key(str(first.key), "reply"), SENDER, Outcome.DEAD_LETTERED) if first is not None else []
    )
    return any(row.place < place for row in rows)


def _killed(of: Evidence, key: str, until: float, role: str) -> bool:
    """Tell whether an event did end its process, or was there each time when something else did."""
    found = [each for each in of.mishaps(of.begin_of(key), until, role) if each.kind not in TOLD_AS_DEATHS]
    own = [mishap for mishap in found if mishap.key == key]
    foreign = [mishap for mishap in found if mishap.key is None]
    return len(own) + len(foreign) >= of.history.policy.deaths_max


def _attempts(of: Evidence, seen: Seen) -> int:
    """Return how many attempts of this event were counted before, since it was owed, or owed again."""
    assert seen.row.event_id is not None
    attempts: set[int] = set()
    for other in of.runs[seen.role, seen.row.event_id]:
        if other.place >= seen.place:
            break
        if other.row.outcome is Outcome.REDRIVEN or other.row.outcome in ENDS:
            attempts.clear()
        elif other.row.outcome in (Outcome.RETRIED, Outcome.AMBIGUOUS):
            attempts.add(other.row.attempt)
    # A 429 is none, and its row has the number of the one that comes next.
    return len(attempts - {seen.row.attempt})


def tried_again(of: Evidence) -> Iterator[Violation]:
    """A failed event waits for as long as planned, and its attempts are counted."""
    policy = of.history.policy
    back_s = sum(-mishap.by_s for mishap in of.history.mishaps if mishap.by_s < 0)
    for (_, event_id), found in of.runs.items():
        # What was settled too late has its row whenever that was.
        in_order = [seen for seen in found if seen.row.outcome is not Outcome.AMBIGUOUS]
        for seen, after in pairwise(in_order):
            row = seen.row
            is_planned = row.outcome is Outcome.RETRIED and not row.reason.startswith("Telegram: 4")
            if not is_planned or after.role == OPERATOR or _told_again(of, seen, after):
                continue
            key = str(row.idempotency_key)
            due_at = seen.entry.at + policy.delay_s(row.attempt + 1, event_id)
            if after.entry.at < due_at - 0.01 - back_s - of.history.round_s:
                early_s = due_at - after.entry.at
                yield of.violation("tried again", f"{key} was tried again {early_s:.3f} s too early", key)
            if after.row.attempt < row.attempt:
                yield of.violation("tried again", f"{key} lost count of its attempts", key)


def _told_again(of: Evidence, seen: Seen, after: Seen) -> bool:
    """Tell whether a settlement was written once more, since nobody knew whether its first commit had been one."""
    is_same = (seen.row.attempt, seen.row.reason) == (after.row.attempt, after.row.reason)
    is_again = is_same and after.row.outcome is Outcome.RETRIED
    return is_again and bool(of.mishaps(seen.entry.at, after.entry.at, "postgres"))


def told(of: Evidence) -> Iterator[Violation]:
    """Admins are told of each dead letter once, except of one that was moved before."""
    died = moved = 0
    notices: dict[str, int] = {}
    for seen in of.seen:
        key = seen.row.idempotency_key or ""
        count = TELLS_OF.match(seen.row.reason)
        if key.startswith(NOTICE_KEY):
            if seen.row.outcome is Outcome.ACCEPTED and count is not None:
                notices[key.rpartition(":")[0]] = int(count[1])
        elif seen.row.outcome is Outcome.DEAD_LETTERED:
            died += 1
        elif seen.row.outcome in (Outcome.REDRIVEN, Outcome.DISCARDED):
            moved += 1
    standing, said = of.history.standing, sum(notices.values())
    if said > died:
        yield Violation("told", f"admins were told of {said} dead letters, and there were {died}")
    if said + standing.untold + moved < died:
        yield Violation(
            "told", f"admins were told of {said} dead letters of {died}, and {standing.untold} wait"
        )
    if standing.untold and standing.is_admin_there and of.history.is_told:
        yield Violation("told", f"admins were never told of {standing.untold} dead letters")


def known(of: Evidence) -> Iterator[Violation]:
    """Every row is of something that somebody did, or of a reminder of a task."""
    tasks = {str(task.task_id) for task in of.history.standing.tasks}
    for key in of.rows:
        root = root_of(key)
        is_known = (
            root in of.deeds or (is_reminder(root) and root.split(":")[1] in tasks) or of.is_notice(root)
        )
        if not is_known and not root.startswith("sha256:"):
            yield of.violation("known", f"{key} has rows, and nobody caused it", key)


def at_rest(of: Evidence) -> Iterator[Violation]:
    """Nothing is owed, claimed, marked or waiting when nothing moves any more."""
    for name, count in of.history.standing.left.items():
        if count:
            yield Violation("at rest", f"{count} left: {name}")


def bounded(of: Evidence) -> Iterator[Violation]:
    """What has a bound stays within it."""
    for name, size in of.history.sizes.items():
        if size.seen > size.bound:
            yield Violation("bounded", f"{name}: {size.seen}, and {size.bound} is the bound")


def mode(of: Evidence) -> Iterator[Violation]:
    """The API mode in force is the one that was chosen last, and no chat is ever told the default in its place."""
    chosen: list[tuple[int, str]] = []
    for key, deed in of.deeds.items():
        end = of.handled(key)
        took = end is not None and "took effect" in end.row.reason
        if end is not None and took and deed.command == "api" and deed.value and deed.kind is Kind.COMMAND:
            chosen.append((end.place, deed.value))
    chosen.sort()
    last = chosen[-1][1] if chosen else None
    standing = of.history.standing
    if standing.mode_committed != last:
        yield Violation("mode", f"{last} was chosen last, and {standing.mode_committed} is committed")
    in_force = standing.mode_in_force
    if in_force is not None and in_force != (last or DEFAULT_MODE.value):
        yield Violation("mode", f"{last} was chosen last, and {in_force} is in force")
    yield from _shown(of, chosen)


def _shown(of: Evidence, chosen: Sequence[tuple[int, str]]) -> Iterator[Violation]:
    """Tell where a chat was shown a mode that nobody had chosen by then.

    What was chosen earlier may still be shown: Redis is told after the commit.
    """
    for key, deed in of.deeds.items():
        end = of.handled(key)
        if deed.command != "api" or deed.value or deed.kind is not Kind.COMMAND or end is None:
            continue
        before = {value for place, value in chosen if place < end.place}
        earliest = min((place for place, _ in chosen), default=None)
        came = of.of(key, GATEWAY, Outcome.ACCEPTED)
        if earliest is None or not came or earliest > came[0].place:
            before = before | {DEFAULT_MODE.value}
        for copy in of.copies.get(child_key(key, "reply"), ()):
            text = (copy.effect.text or "").partition("\n")[0]
            if text.startswith(MODE) and text.removeprefix(MODE) not in before:
                yield of.violation("mode", f"{deed.token} was shown {text!r}, which was not chosen", key)


def whole(of: Evidence) -> Iterator[Violation]:
    """All of the history is there."""
    if of.history.is_cut:
        yield Violation("whole", "a part of the record was dropped; keep more of it, or run less")


RULES = (
    whole, arrivals, ends, delivered, causes, tried_again, told, known, at_rest, bounded, mode,
)  # fmt: skip

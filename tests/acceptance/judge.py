"""The judge: from what was recorded, whether every promise was kept. Every breach is told, not only the first.

A reply whose call was claimed at a fault may come again, marked, with an ``ambiguous`` row in the audit; for every
other message there is one answer, in its place, and one audit row for each step. Not here: making history.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import frozen

from application.records import AuditEntry
from domain.decisions import Outcome
from domain.ids import child_key
from tests.acceptance.load import Said, marked

BREACHES_SHOWN = 30
Row = tuple[str, str, str]


@frozen
class History:
    """What was said, what reached the chats, the whole audit, and what is left lying about, by name."""

    said: Sequence[Said]
    answers: Mapping[int, Sequence[str]]
    audit: Sequence[AuditEntry]
    left: Mapping[str, int]


@frozen
class Allowed:
    """What the faults of a run excuse: nothing unless said.

    ``repeats`` are the keys of replies whose calls were claimed at the fault. ``deliveries`` is how often each
    update came; None where that cannot be known. ``outcomes`` may stand in the audit beside what must.
    """

    repeats: frozenset[str] = frozenset()
    deliveries: int | None = 1
    outcomes: frozenset[Outcome] = frozenset()


def judge(history: History, allowed: Allowed | None = None) -> None:
    """Raise AssertionError, with every breach, unless all promises were kept."""
    allowed = allowed or Allowed()
    breaches = [*_left_over(history), *_answers(history, allowed), *_audit(history, allowed)]
    shown = "\n".join(breaches[:BREACHES_SHOWN])
    assert not breaches, f"{len(breaches)} breaches:\n{shown}"


def _left_over(history: History) -> list[str]:
    return [f"{count} left: {name}" for name, count in history.left.items() if count]


def _answers(history: History, allowed: Allowed) -> list[str]:
    breaches = []
    for chat, texts in history.answers.items():
        said = [one for one in history.said if one.chat_id == chat]
        counts = Counter(texts)
        for one in said:
            plain, again = counts.pop(one.text, 0), counts.pop(marked(one.text), 0)
            excused = one.reply_key in allowed.repeats and plain <= 1 and again == 1
            if (plain, again) != (1, 0) and not excused:
                breaches.append(f"{one.text}: answered {plain} times, and {again} times marked as a repeat")
        breaches += [f"chat {chat}: nobody asked for {text!r}" for text in counts]
        order = {one.text: one.number for one in said} | {marked(one.text): one.number for one in said}
        numbers = [order.get(text, 0) for text in texts]
        if numbers != sorted(numbers):
            breaches.append(f"chat {chat}: answered out of order: {numbers}")
    return breaches


def _audit(history: History, allowed: Allowed) -> list[str]:
    found: Counter[Row] = Counter(
        (entry.consumer, entry.row.outcome.value, str(entry.row.idempotency_key)) for entry in history.audit
    )
    texts = {text for texts in history.answers.values() for text in texts}
    breaches = []
    for one in history.said:
        for row, count in _due(one).items():
            if (rows := found.pop(row, 0)) != count:
                breaches.append(f"{one.text}: {rows} audit rows {row}, not {count}")
        duplicates = found.pop(("gateway", "duplicate", one.key), 0)
        if allowed.deliveries is not None and duplicates != allowed.deliveries - 1:
            breaches.append(f"{one.text}: {duplicates} updates audited as duplicates")
        is_ambiguous = found[("sender", "ambiguous", one.reply_key)] > 0
        if marked(one.text) in texts and not is_ambiguous:
            breaches.append(f"{one.text}: repeated without an ambiguous row")
        if is_ambiguous and one.reply_key in allowed.repeats:
            found.pop(("sender", "ambiguous", one.reply_key))
    excused = {outcome.value for outcome in allowed.outcomes}
    breaches += [
        f"{count} unexpected audit rows {row}" for row, count in found.items() if row[1] not in excused
    ]
    return breaches


def _due(one: Said) -> dict[Row, int]:
    """Return how many audit rows there must be for a message: one for each step of each event."""
    delivered = child_key(one.reply_key, "delivered")
    return {
        ("gateway", "accepted", one.key): 1,
        ("brain", "processed", one.key): 1,
        ("sender", "processed", one.reply_key): 1,
        ("sender", "accepted", delivered): 1,
    }

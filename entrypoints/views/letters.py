"""``openclaw dlq list`` and ``show``: dead letters with every reason, and never what people wrote.

Not here: finding the letters (``application.ports.DeadLetters``), and what is told of a payload (``envelopes``).
"""

from collections.abc import Sequence

from application.letters import Letter
from application.records import AuditEntry
from domain.catalogue import CATALOGUE
from domain.envelope import timestamp_of
from entrypoints.views.audit import audit_json, audit_lines
from entrypoints.views.envelopes import outline
from entrypoints.views.lines import NONE, TRACE_CHARS, moment, note, plain, table

HEADS = ("ID", "TIME (UTC)", "TARGET", "EVENT", "CHAT", "TRACE", "ATTEMPTS", "DEATHS")


def letter_heading() -> str:
    """Return the heading over letters that are shown a batch at a time."""
    return table(HEADS, [], right=(0, 6, 7))[0]


def letter_lines(letters: Sequence[Letter]) -> list[str]:
    """Return a line a letter, oldest first, and under it every reason."""
    rows = [_cells(letter) for letter in letters]
    lines = table(HEADS, rows, right=(0, 6, 7))
    found = [lines[0]]
    for line, letter in zip(lines[1:], letters, strict=True):
        found += [line, *(part for reason in letter.reasons for part in note(reason))]
    return found


def letter_json(letter: Letter) -> dict[str, object]:
    """Return a letter as a JSON object."""
    return {
        "id": letter.letter_id,
        "at": timestamp_of(letter.dead_at),
        "target": letter.target,
        "event_id": letter.event_id,
        "event_type": _event_type(letter),
        "trace_id": letter.trace_id,
        "idempotency_key": letter.idempotency_key,
        "lane": letter.lane,
        "attempts": attempts_of(letter),
        "deaths": letter.deaths,
        "reasons": [plain(reason) for reason in letter.reasons],
    }


def shown_lines(letter: Letter, entries: Sequence[AuditEntry]) -> list[str]:
    """Return everything about one letter: its row, its reasons, its envelope in outline, what the audit has."""
    facts = {
        "died": f"{moment(letter.dead_at)} UTC",
        "target": plain(letter.target),
        "event": f"{letter.event_id}  {_event_type(letter) or '(unreadable)'}",
        "cause": str(letter.cause or NONE),
        "trace": plain(letter.trace_id or NONE),
        "key": plain(letter.idempotency_key or NONE),
        "chat": plain(letter.lane) or NONE,
        "attempts": str(attempts_of(letter)),
        "deaths": str(letter.deaths),
        "repeat": "an earlier call may have reached the chat" if letter.repeat else NONE,
    }
    lines = [f"letter {letter.letter_id}", *_pairs(facts), "", "reasons"]
    lines += [part for reason in letter.reasons for part in note(reason)]
    lines += ["", f"envelope, {len(letter.envelope)} bytes"]
    lines += [f"    {line}" for line in _pairs(outline(letter.envelope, letter.event_type))]
    return [*lines, "", *(audit_lines(entries) if entries else ["the audit has no row of it any more"])]


def shown_json(letter: Letter, entries: Sequence[AuditEntry]) -> dict[str, object]:
    """Return the same as a JSON object."""
    return {
        **letter_json(letter),
        "source": letter.source,
        "cause": letter.cause,
        "repeat": letter.repeat,
        "envelope_bytes": len(letter.envelope),
        "envelope": outline(letter.envelope, letter.event_type),
        "audit": [audit_json(entry) for entry in entries],
    }


def attempts_of(letter: Letter) -> int:
    """Return how often the event was tried: the row counts the attempts before the last one."""
    return letter.attempt + 1


def _event_type(letter: Letter) -> str | None:
    return letter.event_type if letter.event_type in CATALOGUE else None


def _pairs(facts: dict[str, str]) -> list[str]:
    width = max(map(len, facts), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in facts.items()]


def _cells(letter: Letter) -> tuple[str, ...]:
    return (
        str(letter.letter_id),
        moment(letter.dead_at)[:19],
        plain(letter.target),
        _event_type(letter) or "(unreadable)",
        plain(letter.lane).partition(":")[2] or NONE,
        plain(letter.trace_id or NONE)[:TRACE_CHARS],
        str(attempts_of(letter)),
        str(letter.deaths),
    )

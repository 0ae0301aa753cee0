"""``openclaw dlq list``: dead letters, a line each with every reason under it.

Of the envelope only type, trace and key are read: the rest is what people wrote. Not here: finding the letters
(``application.ports.Records``).
"""

import re
from collections.abc import Sequence
from typing import Any

import orjson
from attrs import frozen

from application.letters import Letter
from domain.catalogue import CATALOGUE
from domain.envelope import timestamp_of
from domain.events.spec import TRACE
from entrypoints.views.lines import NONE, TRACE_CHARS, moment, note, plain, table

HEADS = ("ID", "TIME (UTC)", "TARGET", "EVENT", "CHAT", "TRACE", "ATTEMPTS", "DEATHS")
# The keys that we make. The contract of an envelope allows more, and more could be what somebody wrote.
KEY = re.compile(r"(?:tg|rem|sha256):[A-Za-z0-9:/._-]{1,190}")


@frozen
class Label:
    """What may be shown of an envelope; None where it does not hold it, or not as we make it."""

    event_type: str | None
    trace_id: str | None
    idempotency_key: str | None


def label_of(envelope: bytes) -> Label:
    """Return the label of an envelope, whatever its bytes are."""
    try:
        found = orjson.loads(envelope)
    except orjson.JSONDecodeError:
        found = None
    fields: dict[str, Any] = found if isinstance(found, dict) else {}
    event_type = fields.get("event_type")
    return Label(
        event_type if isinstance(event_type, str) and event_type in CATALOGUE else None,
        _proper(fields.get("trace_id"), TRACE.regex),
        _proper(fields.get("idempotency_key"), KEY),
    )


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
    label = label_of(letter.envelope)
    return {
        "id": letter.letter_id,
        "at": timestamp_of(letter.dead_at),
        "target": letter.target,
        "event_id": letter.event_id,
        "event_type": label.event_type,
        "trace_id": label.trace_id,
        "idempotency_key": label.idempotency_key,
        "lane": letter.lane,
        "attempts": attempts_of(letter),
        "deaths": letter.deaths,
        "reasons": [plain(reason) for reason in letter.reasons],
    }


def attempts_of(letter: Letter) -> int:
    """Return how often the event was tried: the row counts the attempts before the last one."""
    return letter.attempt + 1


def _proper(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _cells(letter: Letter) -> tuple[str, ...]:
    label = label_of(letter.envelope)
    return (
        str(letter.letter_id),
        moment(letter.dead_at)[:19],
        plain(letter.target),
        label.event_type or "(unreadable)",
        plain(letter.lane).partition(":")[2] or NONE,
        (label.trace_id or NONE)[:TRACE_CHARS],
        str(attempts_of(letter)),
        str(letter.deaths),
    )

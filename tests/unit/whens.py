"""How tests understand phrases, and how what was understood is written down."""

from datetime import datetime, timedelta

from adapters.calendar.recurrence import DateutilCalendar
from application.phrases import Phrases
from domain.when.values import Answer, Refused, Rule, Unclear, Understood, Zone

PHRASES = Phrases(DateutilCalendar())
BERLIN = Zone("Europe/Berlin")


def instant(local: str, zone: Zone = BERLIN) -> float:
    """Return the instant of a wall time."""
    return datetime.fromisoformat(local).replace(tzinfo=PHRASES.calendar.tz(zone)).timestamp()


def written(answer: Answer, zone: Zone = BERLIN) -> str:
    """Return an answer as the table of phrases writes it."""
    rest = f' "{answer.rest}"' if answer.rest else ""
    if isinstance(answer, Understood):
        return _understood(answer, zone) + rest
    if isinstance(answer, Refused):
        return f"! {answer.reason}"
    assert isinstance(answer, Unclear)
    options = "; ".join(_understood(option, zone) for option in answer.options)
    return f"? {answer.question}" + (f": {options}" if options else "") + rest


def _understood(answer: Understood, zone: Zone) -> str:
    first = answer.first
    parts = [f"{first.local:%Y-%m-%d %H:%M}{_offset(first.offset)}"]
    if isinstance(answer.what, Rule):
        parts.append(answer.what.pattern.text)
    if first.zone != zone:
        parts.append(first.zone.name)
    if answer.notes:
        parts.append("*" + ",".join(note.key for note in answer.notes))
    return " ".join(parts)


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"

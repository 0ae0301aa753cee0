"""The envelope of a dead letter: in outline, which tells nothing that people wrote, and whole, for who asks for it.

In outline a text is told by its length. Shown are numbers, and what can only be one of a few texts, an instant or an
identifier. Not here: whether the envelope keeps its contract (the letter's reasons say that).
"""

import json
import re
from typing import Any
from uuid import UUID

import attrs
import orjson

from domain.catalogue import CATALOGUE
from domain.envelope import Envelope
from domain.events.shape import Choice, Field, Flag, Identifier, Text, Whole, shape_of
from domain.events.spec import INSTANT, TRACE, VERSION

# The keys that we make. The contract of an envelope allows more, and more could be what somebody wrote.
KEY = re.compile(r"(?:tg|rem|sha256):[A-Za-z0-9:/._-]{1,190}")
SERVICE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_FORMS = {
    "schema_version": VERSION.regex,
    "source": SERVICE,
    "target": SERVICE,
    "timestamp": INSTANT.regex,
    "trace_id": TRACE.regex,
    "idempotency_key": KEY,
}


def outline(envelope: bytes, event_type: str | None) -> dict[str, str]:
    """Return what may be told of an envelope, field by field; of a payload only the fields that its type has."""
    try:
        found = orjson.loads(envelope)
    except orjson.JSONDecodeError:
        return {"(bytes)": "no JSON"}
    if not isinstance(found, dict):
        return {"(bytes)": "JSON, but no object"}
    names = [field.name for field in attrs.fields(Envelope) if field.name in found]
    told = {name: _header(name, found[name]) for name in names if name != "payload"}
    if len(names) < len(found):
        told["(others)"] = f"{_count(len(found) - len(names), 'field')} unknown to envelopes"
    if "payload" in found:
        told.update(_payload(found["payload"], event_type))
    return told


def whole(envelope: bytes) -> str:
    """Return everything that the bytes hold, as text that no terminal obeys."""
    try:
        text = json.dumps(json.loads(envelope.decode()), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = envelope.decode(errors="backslashreplace")
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\u{ord(sign):04x}" for sign in text)


def _header(name: str, value: object) -> str:
    if isinstance(value, str):
        if name == "event_type" and value in CATALOGUE:
            return value
        if name == "event_id" and _is_identifier(value):
            return value
        form = _FORMS.get(name)
        if form is not None and form.fullmatch(value):
            return value
    return _measure(value)


def _payload(payload: object, event_type: str | None) -> dict[str, str]:
    kind = CATALOGUE.get(event_type or "")
    if kind is None or not isinstance(payload, dict):
        return {"payload": _measure(payload)}
    fields = shape_of(kind.payload_class).fields
    told = {
        f"payload.{field.name}": _value(payload[field.name], field)
        for field in fields
        if field.name in payload
    }
    others = len(payload) - len(told)
    return {
        **told,
        **({"payload.(others)": f"{_count(others, 'field')} unknown to its type"} if others else {}),
    }


def _value(value: Any, field: Field) -> str:
    shape = field.shape
    if value is None or (isinstance(shape, Whole | Flag) and isinstance(value, bool | int)):
        return json.dumps(value)
    if isinstance(value, str):
        is_shown = (
            (isinstance(shape, Choice) and value in shape.values)
            or (isinstance(shape, Identifier) and _is_identifier(value))
            or (isinstance(shape, Text) and shape.spec.form is INSTANT and INSTANT.accepts(value))
            or (isinstance(shape, Text) and KEY.fullmatch(value) is not None)
        )
        if is_shown:
            return value
    return _measure(value)


def _measure(value: object) -> str:
    """Return what kind of value it is and how large."""
    match value:
        case str():
            return _count(len(value), "character")
        case list():
            return _count(len(value), "item")
        case dict():
            return f"an object with {_count(len(value), 'field')}"
        case None:
            return "null"
        case _:
            return (
                "a number"
                if isinstance(value, int | float) and not isinstance(value, bool)
                else "true or false"
            )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _is_identifier(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False

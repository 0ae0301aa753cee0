"""Events as bytes: JSON with the envelope's fields in their order.

Both ways check the contract, so that a fault shows where it is made and again where it is met. Structuring and
unstructuring is cattrs', with code generated once for each class and process. Not here: the contract itself
(``domain.validation``).
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any
from uuid import UUID

import orjson
from attrs import frozen
from cattrs import BaseValidationError
from cattrs.preconf.orjson import OrjsonConverter, make_converter

from domain.catalogue import CATALOGUE
from domain.envelope import Envelope, Event, PayloadView
from domain.errors import InvalidEvent
from domain.validation import envelope_faults

ENVELOPE_BYTES_MAX = 262_144

_TOO_LARGE = (f"envelope: larger than {ENVELOPE_BYTES_MAX} bytes",)
_NOT_JSON = ("envelope: not JSON",)
_REPEATED = ("envelope: a field is given twice",)
_TOO_DEEP = ("envelope: nested too deeply",)
_NOT_TEXT = ("envelope: holds text that is not Unicode",)
_MISMATCH = ("payload: does not fit its class",)


class _Repeated(Exception):
    """An object names a field twice."""


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Repeated


def _make_converter() -> OrjsonConverter:
    # What validation has let through needs no coercion, so the hooks for common shapes can be direct.
    converter = make_converter(detailed_validation=False)
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(UUID, lambda value, _: UUID(value))
    converter.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, StrEnum), lambda value: value.value
    )

    def optional(kind: Any) -> Callable[[Any, Any], object]:
        inner = next(part for part in kind.__args__ if part is not NoneType)
        if inner in (int, str):
            return lambda value, _: value
        hook = converter.get_structure_hook(inner)
        return lambda value, _: None if value is None else hook(value, inner)

    def many(kind: Any) -> Callable[[Any, Any], object]:
        item = kind.__args__[0]
        hook = converter.get_structure_hook(item)
        return lambda value, _: tuple([hook(one, item) for one in value]) if value else ()

    converter.register_structure_hook_factory(lambda kind: isinstance(kind, UnionType), optional)
    converter.register_structure_hook_factory(lambda kind: getattr(kind, "__origin__", None) is tuple, many)
    return converter


@frozen
class _Hooks:
    """What reads and writes the payload of each event type; the reading ones take its class beside the data."""

    structure: Mapping[str, tuple[Callable[[Any, Any], object], type]]
    unstructure: Mapping[str, Callable[[Any], dict[str, object]]]


@cache
def _hooks() -> _Hooks:
    # Generating the code takes some hundredths of a second, and every part of a service has a codec of its own.
    converter = _make_converter()
    classes = {kind.name: kind.payload_class for kind in CATALOGUE.values()}
    return _Hooks(
        {name: (converter.get_structure_hook(each), each) for name, each in classes.items()},
        {name: converter.get_unstructure_hook(each) for name, each in classes.items()},
    )


class Codec:
    """Turns events into bytes and back."""

    def __init__(self) -> None:
        self._hooks = _hooks()

    def encode(self, event: Event) -> bytes:
        """Return the event as JSON. Raises InvalidEvent with every reason when it breaks its contract."""
        envelope = event.envelope
        unstructure = self._hooks.unstructure.get(envelope.event_type)
        raw = {
            "event_id": str(envelope.event_id),
            "event_type": envelope.event_type,
            "schema_version": envelope.schema_version,
            "source": envelope.source,
            "target": envelope.target,
            "timestamp": envelope.timestamp,
            "trace_id": envelope.trace_id,
            "idempotency_key": envelope.idempotency_key,
            "payload": unstructure(event.payload) if unstructure else {},
        }
        faults = envelope_faults(raw)
        if faults:
            raise InvalidEvent(faults)
        try:
            encoded = orjson.dumps(raw)
        except orjson.JSONEncodeError as error:
            # All that the contract lets through can be written, except half of a surrogate pair.
            raise InvalidEvent(_NOT_TEXT) from error
        if len(encoded) > ENVELOPE_BYTES_MAX:
            raise InvalidEvent(_TOO_LARGE)
        return encoded

    def decode(self, raw: bytes) -> Event:
        """Return the event that ``raw`` holds. Raises InvalidEvent with every reason when it is not one."""
        parsed = _parse(raw)
        faults = envelope_faults(parsed)
        if faults:
            raise InvalidEvent(faults)
        structure, payload_class = self._hooks.structure[parsed["event_type"]]
        try:
            payload = structure(parsed["payload"], payload_class)
        except (BaseValidationError, KeyError, TypeError, ValueError) as error:
            raise InvalidEvent(_MISMATCH) from error
        envelope = Envelope(
            UUID(parsed["event_id"]),
            parsed["event_type"],
            parsed["schema_version"],
            parsed["source"],
            parsed["target"],
            parsed["timestamp"],
            parsed["trace_id"],
            parsed["idempotency_key"],
            PayloadView(payload),
        )
        return Event(envelope, payload)


def _parse(raw: bytes) -> Any:
    if len(raw) > ENVELOPE_BYTES_MAX:
        raise InvalidEvent(_TOO_LARGE)
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent(_NOT_JSON) from error
    _refuse_ambiguous(raw, parsed)
    return parsed


def _refuse_ambiguous(raw: bytes, parsed: object) -> None:
    # Readers differ in which of two fields of one name they believe. What reads back as the same bytes has none;
    # only what others wrote in their own manner needs the slow look.
    try:
        if orjson.dumps(parsed) == raw:
            return
        json.loads(raw, object_pairs_hook=_refuse_repeats, parse_int=str, parse_float=str)
    except _Repeated:
        raise InvalidEvent(_REPEATED) from None
    except (orjson.JSONEncodeError, RecursionError):
        raise InvalidEvent(_TOO_DEEP) from None

"""Whether the catalogue keeps what was published: the pinned form of each contract, and the changes it refuses.

Within a major version nothing may be removed, renamed, retyped, narrowed or newly required; what is added raises
the minor version. Not here: wording and descriptions, which may change freely.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from adapters.contracts.schemas import Schema, envelope_schema, payload_schema
from domain.catalogue import EventType

_LOWER_BOUNDS = ("minimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "maxLength", "maxItems", "x-maximum")


@frozen
class Change:
    """One difference between a published contract and the catalogue's."""

    field: str
    text: str
    is_breaking: bool


def pinned_form(catalogue: Mapping[str, EventType]) -> dict[str, Any]:
    """Return the contracts as they are pinned: version and payload schema of each type, without wording."""
    return {
        "envelope": _without_wording(envelope_schema()),
        "types": {
            kind.name: {"version": kind.version, "payload": _without_wording(payload_schema(kind))}
            for kind in catalogue.values()
        },
    }


def breaches(pinned: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Return why ``current`` may not replace ``pinned``, one sentence each with the remedy; empty when it may."""
    found = []
    if pinned["envelope"] != current["envelope"]:
        found.append(
            "envelope: it has changed; every event ever made has the nine fields as they were, so put them back"
        )
    for name, old in pinned["types"].items():
        new = current["types"].get(name)
        if new is None:
            found.append(
                f"{name}: the type is removed; keep it in domain.catalogue, since events of it may be stored; "
                "when none can be, take it out of the baseline in the same change"
            )
        else:
            found.extend(_type_breaches(name, old, new))
    return found


def _type_breaches(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    was, now = _numbers(old["version"]), _numbers(new["version"])
    if now < was:
        yield f"{name}: the version went back from {old['version']} to {new['version']}; raise it instead"
        return
    if now[0] > was[0]:
        return
    changes = list(_changes("payload", old["payload"], new["payload"]))
    for change in changes:
        if change.is_breaking:
            yield (
                f"{name}: {change.field} {change.text}; put it back as it was, or publish it as version "
                f"{was[0] + 1}.0.0"
            )
    additions = [change for change in changes if not change.is_breaking]
    if additions and now[1] == was[1]:
        first = additions[0]
        yield f"{name}: {first.field} {first.text}; raise its version to {was[0]}.{was[1] + 1}.0"


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = version.split(".")
    return int(major), int(minor), int(patch)


def _changes(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    old_kind, old_null = _kind(old)
    new_kind, new_null = _kind(new)
    if (old_kind, old.get("x-unit")) != (new_kind, new.get("x-unit")):
        was, now = old.get("x-unit", old_kind), new.get("x-unit", new_kind)
        yield Change(field, f"is retyped from {was} to {now}", True)
        return
    if old_null and not new_null:
        yield Change(field, "may no longer be null", True)
    if new_null and not old_null:
        yield Change(field, "may now be null", False)
    yield from _bounds(field, old, new)
    yield from _values(field, old, new)
    yield from _rules(field, old, new)
    if "items" in old and "items" in new:
        yield from _changes(f"{field}[]", old["items"], new["items"])
    if "properties" in old and "properties" in new:
        yield from _properties(field, old, new)


def _kind(schema: Schema) -> tuple[str, bool]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return next(kind for kind in kinds if kind != "null"), "null" in kinds


def _bounds(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    for bound in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        was, now = old.get(bound), new.get(bound)
        if was == now:
            continue
        is_wider = now is None or (was is not None and (now < was if bound in _LOWER_BOUNDS else now > was))
        word = "widened" if is_wider else "narrowed"
        yield Change(field, f"is {word}: {bound} from {was} to {now}", not is_wider)
    for key in ("pattern", "format"):
        if old.get(key) != new.get(key):
            is_dropped = new.get(key) is None
            yield Change(
                field, f"is {'widened' if is_dropped else 'narrowed'}: its {key} changed", not is_dropped
            )


def _values(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    if "enum" not in old and "enum" not in new:
        return
    if "enum" not in old:
        yield Change(field, "is narrowed to a list of values", True)
    elif "enum" not in new:
        yield Change(field, "is widened to any text", False)
    else:
        # Whether null is among them is told as such.
        for value in [v for v in old["enum"] if v not in new["enum"] and v is not None]:
            yield Change(field, f"loses the value {value}", True)
        for value in [v for v in new["enum"] if v not in old["enum"] and v is not None]:
            yield Change(field, f"gains the value {value}", False)


def _rules(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    was, now = old.get("allOf", []), new.get("allOf", [])
    if any(rule not in was for rule in now):
        yield Change(field, "is narrowed by a new rule over its fields", True)
    if any(rule not in now for rule in was):
        yield Change(field, "is widened: a rule over its fields is gone", False)


def _properties(field: str, old: Schema, new: Schema) -> Iterator[Change]:
    for name, schema in old["properties"].items():
        place = f"{field}.{name}"
        if name not in new["properties"]:
            yield Change(place, "is removed or renamed", True)
            continue
        yield from _changes(place, schema, new["properties"][name])
        if name in new["required"] and name not in old["required"]:
            yield Change(place, "is newly required", True)
        if name in old["required"] and name not in new["required"]:
            yield Change(place, "is no longer required", False)
    for name in new["properties"]:
        if name not in old["properties"]:
            is_required = name in new["required"]
            yield Change(f"{field}.{name}", "is new and required" if is_required else "is new", is_required)


def _without_wording(schema: Any, *, is_names: bool = False) -> Any:
    # Below "properties" the keys are names of fields, one of which may be "description".
    if isinstance(schema, list):
        return [_without_wording(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_wording(value, is_names=key == "properties" and not is_names)
        for key, value in schema.items()
        if is_names or key != "description"
    }

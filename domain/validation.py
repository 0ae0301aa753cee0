"""Whether a parsed envelope keeps its contract: every fault at once, in field order, in fixed wording.

The same bad input gives the same text for ever, and no fault repeats a value that a person wrote. Checkers are
made once per class, since this runs for every event. Not here: parsing and limits of bytes (``adapters.codec``).
"""

import re
from collections.abc import Callable, Mapping
from typing import assert_never

from domain.catalogue import CATALOGUE, EventType, ExactlyOne, Rule
from domain.envelope import Envelope
from domain.events.shape import (
    Anything,
    Choice,
    Field,
    Flag,
    Identifier,
    Many,
    Record,
    Shape,
    Text,
    Whole,
    shape_of,
)
from domain.events.spec import IDENTIFIER, INTEGER_MAX, Form, Spec, Unit
from domain.text import utf16_length

FAULTS_MAX = 30

Faults = tuple[str, ...]
# A check returns its faults as "path: wording", the path relative to the value.
Check = Callable[[object], Faults]

_NONE: Faults = ()
_MISSING = object()
_LISTS = (list, tuple)
_SAFE_TO_SHOW = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def envelope_faults(raw: object) -> Faults:
    """Return all faults of a parsed event, payload included; empty when it keeps its contract.

    At most ``FAULTS_MAX`` are listed, then how many more there are.
    """
    if not isinstance(raw, dict):
        return ("envelope: must be an object",)
    return _NONE if _is_flawless(raw) else _bounded(_explain(raw))


def _is_flawless(raw: dict[object, object]) -> bool:
    # Nearly every event is; looking for a plain yes first is twice as fast as gathering faults.
    kind = _kind_of(raw)
    if kind is None or len(raw) != len(_ENVELOPE_CHECKS):
        return False
    get = raw.get
    for name, check in _ENVELOPE_CHECKS:
        if check(get(name)):
            return False
    return _same_major(kind, raw["schema_version"]) and not _CHECKS[kind.name](raw["payload"])


def _explain(raw: dict[object, object]) -> list[str]:
    kind = _kind_of(raw)
    faults: list[str] = []
    for name, check in _ENVELOPE_CHECKS:
        value = raw.get(name, _MISSING)
        if value is _MISSING:
            faults.append(f"{name}: missing")
            continue
        found = check(value)
        if found:
            faults.extend(name + fault for fault in found)
        elif name == "event_type" and kind is None:
            # Its form has been checked: at most 64 letters, digits and signs.
            faults.append(f"event_type: unknown type '{value}'")
        elif name == "schema_version" and kind is not None and not _same_major(kind, value):
            faults.append(f"schema_version: major version must be {kind.major}")
        elif name == "payload" and kind is not None and _same_major(kind, raw.get("schema_version")):
            faults.extend("payload" + fault for fault in _CHECKS[kind.name](value))
    faults.extend(_unknown_fields(raw))
    return faults


def payload_faults(event_type: str, payload: Mapping[str, object]) -> Faults:
    """Return all faults of a payload of the catalogue's version of ``event_type``.

    Unknown fields are ignored: a newer minor version may bring them. An unknown type is the only fault then.
    """
    check = _CHECKS.get(event_type)
    if check is None:
        return ("event_type: unknown type",)
    return _bounded(["payload" + fault for fault in check(dict(payload))])


def _kind_of(raw: dict[object, object]) -> EventType | None:
    name = raw.get("event_type")
    return CATALOGUE.get(name) if isinstance(name, str) else None


def _same_major(kind: EventType, version: object) -> bool:
    # A version that is missing or malformed is a fault of its own, and does not hide those of the payload.
    if not isinstance(version, str) or "." not in version:
        return True
    return version.partition(".")[0] == kind.major


def _unknown_fields(raw: dict[object, object]) -> list[str]:
    unknown = [str(name) for name in raw if name not in _ENVELOPE_NAMES]
    shown = sorted({name for name in unknown if _SAFE_TO_SHOW.fullmatch(name)})
    faults = [f"{name}: unknown field" for name in shown]
    if len(shown) < len(unknown):
        faults.append("(a name that is not shown): unknown field")
    return faults


def _bounded(faults: list[str]) -> Faults:
    if len(faults) > FAULTS_MAX:
        more = len(faults) - FAULTS_MAX
        return (*faults[:FAULTS_MAX], f"and {more} more")
    return tuple(faults)


def _check(shape: Shape, nullable: bool = False) -> Check:
    suffix = " or null" if nullable else ""
    match shape:
        case Text(spec):
            return _form_check(spec.form, suffix) if spec.form else _text_check(spec, suffix)
        case Identifier():
            return _form_check(IDENTIFIER, suffix)
        case Whole(spec):
            return _whole_check(spec, suffix)
        case Flag():
            return _flag_check(suffix)
        case Choice(values):
            return _choice_check(values, suffix)
        case Anything():
            return _object_check(suffix)
        case Many(item, spec):
            return _many_check(_check(item), spec, suffix)
        case Record(fields):
            return _record_check(fields, (), suffix)
        case _:
            assert_never(shape)


def _form_check(form: Form, suffix: str) -> Check:
    fault = (f": {form.wording}{suffix}",)
    match, valid = form.regex.fullmatch, form.valid

    def check(value: object) -> Faults:
        if not isinstance(value, str) or not match(value):
            return fault
        return _NONE if valid is None or valid(value) else fault

    return check


def _text_check(spec: Spec, suffix: str) -> Check:
    low, high = spec.minimum or 0, spec.maximum
    if high is None:
        raise TypeError("a text needs a form or a greatest length")
    size = f"{low} to {high}" if low else f"at most {high}"
    fault = (f": must be text of {size} {spec.unit}{suffix}",)
    zero = (": must not contain U+0000",)
    measure, factor = _MEASURES[spec.unit]

    def check(value: object) -> Faults:
        if not isinstance(value, str) or not low <= len(value) <= high:
            return fault
        if len(value) * factor > high and measure(value) > high:
            return fault
        # Postgres cannot hold it in text.
        return zero if "\0" in value else _NONE

    return check


def _utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# How to measure a text, and the most that one character can count.
_MEASURES: Mapping[Unit, tuple[Callable[[str], int], int]] = {
    Unit.CHARACTERS: (len, 1),
    Unit.UTF16: (utf16_length, 2),
    Unit.UTF8: (_utf8_length, 4),
}


def _whole_check(spec: Spec, suffix: str) -> Check:
    low = -INTEGER_MAX if spec.minimum is None else spec.minimum
    high = INTEGER_MAX if spec.maximum is None else spec.maximum
    fault = (f": must be a whole number from {low} to {high}{suffix}",)

    def check(value: object) -> Faults:
        # A bool is an int to Python and not to JSON.
        return _NONE if type(value) is int and low <= value <= high else fault

    return check


def _flag_check(suffix: str) -> Check:
    fault = (f": must be true or false{suffix}",)

    def check(value: object) -> Faults:
        return _NONE if value is True or value is False else fault

    return check


def _choice_check(values: tuple[str, ...], suffix: str) -> Check:
    fault = (f": must be one of {', '.join(values)}{suffix}",)
    allowed = frozenset(values)

    def check(value: object) -> Faults:
        return _NONE if isinstance(value, str) and value in allowed else fault

    return check


def _object_check(suffix: str) -> Check:
    fault = (f": must be an object{suffix}",)

    def check(value: object) -> Faults:
        return _NONE if isinstance(value, dict) else fault

    return check


def _many_check(item: Check, spec: Spec, suffix: str) -> Check:
    low, high = spec.minimum or 0, spec.maximum
    if high is None:
        raise TypeError("a list needs a greatest number of items")
    size = f"{low} to {high}" if low else f"at most {high}"
    fault = (f": must be a list of {size} items{suffix}",)

    def check(value: object) -> Faults:
        if not isinstance(value, _LISTS) or not low <= len(value) <= high:
            return fault
        if not value:
            return _NONE
        faults: list[str] = []
        for index, one in enumerate(value):
            found = item(one)
            if found:
                faults.extend(f"[{index}]{rest}" for rest in found)
        return tuple(faults)

    return check


def _record_check(fields: tuple[Field, ...], rules: tuple[Rule, ...], suffix: str = "") -> Check:
    fault = (f": must be an object{suffix}",)
    checks = tuple((f.name, _check(f.shape, f.nullable), f.required, f.nullable) for f in fields)
    rule_checks = tuple(_rule_check(rule) for rule in rules)

    def check(value: object) -> Faults:
        if not isinstance(value, dict):
            return fault
        faults: list[str] = []
        get = value.get
        for name, check_field, required, nullable in checks:
            one = get(name, _MISSING)
            if one is None and nullable:
                continue
            if one is _MISSING:
                if required:
                    faults.append(f".{name}: missing")
                continue
            found = check_field(one)
            if found:
                faults.extend(f".{name}{rest}" for rest in found)
        for check_rule in rule_checks:
            faults.extend(check_rule(value))
        return tuple(faults) if faults else _NONE

    return check


def _rule_check(rule: Rule) -> Callable[[dict[str, object]], Faults]:
    if isinstance(rule, ExactlyOne):
        names = rule.fields
        fault = (f": exactly one of {' and '.join(names)} must be set",)

        def check_one(value: dict[str, object]) -> Faults:
            return _NONE if sum(value.get(name) is not None for name in names) == 1 else fault

        return check_one
    name, other, equals = rule.name, rule.other, rule.equals
    mismatch = (f".{name}: must be set exactly when {other} is {equals}",)

    def check_when(value: dict[str, object]) -> Faults:
        return _NONE if (value.get(name) is not None) == (value.get(other) == equals) else mismatch

    return check_when


_ENVELOPE_CHECKS = tuple((f.name, _check(f.shape)) for f in shape_of(Envelope).fields)
_ENVELOPE_NAMES = frozenset(name for name, _ in _ENVELOPE_CHECKS)
_CHECKS: Mapping[str, Check] = {
    kind.name: _record_check(shape_of(kind.payload_class).fields, kind.rules) for kind in CATALOGUE.values()
}

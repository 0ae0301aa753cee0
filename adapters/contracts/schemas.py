"""JSON Schemas (draft 2020-12) of events, made from the shapes that validation is made from.

A schema says all that JSON Schema can say. Lengths in UTF-16 units or bytes stand beside it as ``x-unit`` and
``x-maximum``, with the same number of characters as the nearest bound. Not here: checking.
"""

from typing import Any, assert_never

from domain.catalogue import EventType, ExactlyOne, Rule
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

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SET: Schema = {"not": {"type": "null"}}


def event_schema(kind: EventType) -> Schema:
    """Return the schema of a whole event of one type, envelope included."""
    schema = _object(shape_of(Envelope).fields)
    fields = schema["properties"]
    fields["event_type"] = {"description": fields["event_type"]["description"], "const": kind.name}
    fields["schema_version"]["pattern"] = rf"^{kind.major}\.(0|[1-9][0-9]{{0,5}})\.(0|[1-9][0-9]{{0,5}})$"
    fields["payload"] = payload_schema(kind)
    return {
        "$schema": DIALECT,
        "$id": f"urn:openclaw:event:{kind.name}:{kind.major}",
        "title": kind.name,
        "description": kind.description,
        "x-version": kind.version,
        **schema,
        "additionalProperties": False,
    }


def envelope_schema() -> Schema:
    """Return the schema of the envelope around any payload."""
    return {**_object(shape_of(Envelope).fields), "additionalProperties": False}


def payload_schema(kind: EventType) -> Schema:
    """Return the schema of a type's payload; it allows unknown fields, as a newer minor version may bring them."""
    schema = _object(shape_of(kind.payload_class).fields)
    if kind.rules:
        schema["allOf"] = [_rule(rule) for rule in kind.rules]
    return schema


def _object(fields: tuple[Field, ...]) -> Schema:
    return {
        "type": "object",
        "properties": {field.name: _field(field) for field in fields},
        "required": [field.name for field in fields if field.required],
    }


def _field(field: Field) -> Schema:
    schema = _shape(field.shape)
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {"description": field.description, **schema}


def _shape(shape: Shape) -> Schema:
    match shape:
        case Text(spec):
            return _form(spec.form) if spec.form else _text(spec)
        case Identifier():
            return _form(IDENTIFIER)
        case Whole(spec):
            low = -INTEGER_MAX if spec.minimum is None else spec.minimum
            high = INTEGER_MAX if spec.maximum is None else spec.maximum
            return {"type": "integer", "minimum": low, "maximum": high}
        case Flag():
            return {"type": "boolean"}
        case Choice(values):
            return {"type": "string", "enum": list(values)}
        case Anything():
            return {"type": "object"}
        case Many(item, spec):
            bounds = {"minItems": spec.minimum or 0, "maxItems": spec.maximum}
            return {"type": "array", "items": _shape(item), **bounds}
        case Record(fields):
            return _object(fields)
        case _:
            assert_never(shape)


def _form(form: Form) -> Schema:
    schema = {"type": "string", "pattern": form.pattern}
    if form.json_format:
        schema["format"] = form.json_format
    return schema


def _text(spec: Spec) -> Schema:
    schema: Schema = {"type": "string", "minLength": spec.minimum or 0, "maxLength": spec.maximum}
    if spec.unit is not Unit.CHARACTERS:
        schema.update({"x-unit": spec.unit.value, "x-maximum": spec.maximum})
    return {**schema, "pattern": r"^[^\u0000]*$"}


def _rule(rule: Rule) -> Schema:
    if isinstance(rule, ExactlyOne):
        return {"oneOf": [{"required": [name], "properties": {name: _SET}} for name in rule.fields]}
    return {
        "if": {"required": [rule.other], "properties": {rule.other: {"const": rule.equals}}},
        "then": {"required": [rule.name], "properties": {rule.name: _SET}},
        "else": {"properties": {rule.name: {"type": "null"}}},
    }

"""``docs/EVENTS.md``: the catalogue for people.

Not here: the envelope's rules of derivation, which ``domain.envelope`` tells.
"""

from collections.abc import Iterator, Mapping

from domain.catalogue import AUDIT, EventType, ExactlyOne, Rule
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

_HEAD = """# Events

This page is made from the catalogue in `domain/catalogue.py` by `python -m entrypoints.contracts write`.
The same contracts stand as JSON Schemas in [`events/`](events/) and as an AsyncAPI 3 document in
[`events/asyncapi.json`](events/asyncapi.json).

A contract is stable: within a major version no field or value is removed, renamed, retyped, narrowed or newly
required. Additions raise the minor version; readers ignore payload fields that they do not know.

An event whose target is `audit` has no consumer yet: it is audited and never published.
"""


def events_page(catalogue: Mapping[str, EventType]) -> str:
    """Return the page."""
    lines = [_HEAD, "## The envelope", "", *_table(shape_of(Envelope).fields), ""]
    lines += ["## The types", "", "| type | version | from | to | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| [`{kind.name}`](#{_anchor(kind)}) | {kind.version} | {', '.join(kind.producers)} | {kind.target} "
        f"| {kind.description} |"
        for kind in catalogue.values()
    ]
    for kind in catalogue.values():
        lines += ["", *_section(kind)]
    return "\n".join(lines) + "\n"


def _anchor(kind: EventType) -> str:
    return kind.name.replace(".", "")


def _section(kind: EventType) -> Iterator[str]:
    goes = "audited only" if kind.target == AUDIT else f"to {kind.target}"
    yield f"### {kind.name}"
    yield ""
    yield f"{kind.description} Version {kind.version}, from {', '.join(kind.producers)}, {goes}."
    yield f"[Schema](events/{kind.name}.schema.json)"
    yield ""
    yield from _table(shape_of(kind.payload_class).fields)
    for rule in kind.rules:
        yield ""
        yield _rule(rule)


def _rule(rule: Rule) -> str:
    if isinstance(rule, ExactlyOne):
        return f"Exactly one of {' and '.join(f'`{name}`' for name in rule.fields)} is set."
    return f"`{rule.name}` is set exactly when `{rule.other}` is `{rule.equals}`."


def _table(fields: tuple[Field, ...]) -> Iterator[str]:
    yield "| field | type | required | meaning |"
    yield "|---|---|---|---|"
    yield from _rows(fields, "")


def _rows(fields: tuple[Field, ...], prefix: str) -> Iterator[str]:
    for field in fields:
        nullable = " or null" if field.nullable else ""
        required = "yes" if field.required else "no"
        yield f"| `{prefix}{field.name}` | {_words(field.shape)}{nullable} | {required} | {field.description} |"
        inner, suffix = field.shape, ""
        while isinstance(inner, Many):
            inner, suffix = inner.item, suffix + "[]"
        if isinstance(inner, Record):
            yield from _rows(inner.fields, f"{prefix}{field.name}{suffix}.")


def _words(shape: Shape) -> str:
    match shape:
        case Text(spec):
            if spec.form:
                return spec.form.wording.removeprefix("must be ")
            low = f"{spec.minimum} to " if spec.minimum else "at most "
            return f"text of {low}{spec.maximum} {spec.unit}"
        case Choice(values):
            return ", ".join(f"`{value}`" for value in values)
        case Many(item, spec):
            return f"list of at most {spec.maximum}: {_words(item)}"
        case _:
            return _PLAIN[type(shape)]


_PLAIN: Mapping[type, str] = {
    Whole: "whole number",
    Flag: "true or false",
    Identifier: "UUID",
    Anything: "object",
    Record: "object",
}

"""A payload class taken apart into shapes, once, for everything that is made from the catalogue.

This is the only place that reads annotations. Not here: what is done with shapes (``domain.validation``,
``adapters.contracts``).
"""

import collections.abc
import types
import typing
from enum import StrEnum
from functools import cache
from uuid import UUID

import attrs
from attrs import frozen

from domain.events.spec import Spec


@frozen
class Text:
    """A text; ``spec`` bounds its length or names its form."""

    spec: Spec


@frozen
class Whole:
    """A whole number."""

    spec: Spec


@frozen
class Flag:
    """True or false."""


@frozen
class Identifier:
    """A UUID as text."""


@frozen
class Choice:
    """One of a few texts."""

    values: tuple[str, ...]


@frozen
class Anything:
    """An object whose inside is described elsewhere."""


@frozen
class Many:
    """A list; ``spec`` bounds the number of its items."""

    item: "Shape"
    spec: Spec


@frozen
class Record:
    """An object with known fields."""

    fields: tuple["Field", ...]


Shape = Text | Whole | Flag | Identifier | Choice | Anything | Many | Record


@frozen
class Field:
    """One field of an object; one that is not required may be left out, one that is nullable may be null."""

    name: str
    shape: Shape
    description: str
    required: bool
    nullable: bool


@cache
def shape_of(payload_class: type) -> Record:
    """Return the shape of an attrs class. Raises TypeError for an annotation that contracts cannot express."""
    hints = typing.get_type_hints(payload_class)
    fields = []
    for attribute in attrs.fields(payload_class):
        spec: Spec = attribute.metadata["spec"]
        hint, nullable = _without_none(hints[attribute.name])
        required = attribute.default is attrs.NOTHING
        shape = _shape(hint, spec)
        fields.append(Field(attribute.name, shape, spec.description, required, nullable))
    return Record(tuple(fields))


def _without_none(hint: object) -> tuple[object, bool]:
    if isinstance(hint, types.UnionType):
        rest = [part for part in hint.__args__ if part is not types.NoneType]
        if len(rest) == 1:
            return rest[0], True
    return hint, False


def _shape(hint: object, spec: Spec) -> Shape:
    simple: dict[object, Shape] = {str: Text(spec), int: Whole(spec), bool: Flag(), UUID: Identifier()}
    if hint in simple:
        return simple[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return Many(_shape(arguments[0], spec.items or Spec("")), spec)
    if origin is collections.abc.Mapping:
        return Anything()
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Choice(tuple(member.value for member in hint))
    if isinstance(hint, type) and attrs.has(hint):
        return shape_of(hint)
    raise TypeError(
        f"a contract cannot hold {hint!r}; use text, whole numbers, flags, UUIDs, enums or tuples"
    )

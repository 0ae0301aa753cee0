"""The JSON object of a control request, read field by field.

Faults are WorldError, and name the field. Not here: what the fields are for (``control_people``, ``control_api``).
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from adapters.botworld import WorldError
from adapters.botworld.values import Json


class Fields:
    """The fields of one request."""

    def __init__(self, content: Any) -> None:
        if not isinstance(content, Mapping):
            raise WorldError("send a JSON object")
        self._content = content

    def check(self, action: str, takes: str) -> None:
        """Refuse fields that the action does not take; ``takes`` are their names, by spaces."""
        for name in self._content:
            if name not in takes.split():
                known = ", ".join(takes.split()) or "none"
                raise WorldError(f"{name}: {action} takes no such field; it takes: {known}")

    def raw(self, name: str) -> Any:
        """Return the field as it is, None when absent."""
        return self._content.get(name)

    def has(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self._content

    def whole(self, name: str) -> int:
        """Return a field that must be an integer."""
        value = self.maybe_whole(name)
        if value is None:
            raise WorldError(f"{name}: missing")
        return value

    def maybe_whole(self, name: str) -> int | None:
        """Return a field that is an integer where given."""
        value = self._content.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise WorldError(f"{name}: must be an integer")
        return value

    def number(self, name: str, default: float) -> float:
        """Return a field that is a number of at least 0 where given."""
        value = self._content.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise WorldError(f"{name}: must be a number, 0 or more")
        return float(value)

    def text(self, name: str) -> str:
        """Return a field that must be a string."""
        value = self.maybe_text(name)
        if value is None:
            raise WorldError(f"{name}: missing")
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a field that is a string where given."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, str):
            raise WorldError(f"{name}: must be a string")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a field that is true or false where given."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, bool):
            raise WorldError(f"{name}: must be true or false")
        return default if value is None else value

    def maybe_object(self, name: str) -> Json | None:
        """Return a field that is an object where given."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, dict):
            raise WorldError(f"{name}: must be an object")
        return value

    def maybe_objects(self, name: str) -> list[Json] | None:
        """Return a field that is a list of objects where given."""
        value = self._content.get(name)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(one, dict) for one in value)
        ):
            raise WorldError(f"{name}: must be a list of objects")
        return value

    def wholes(self, name: str) -> list[int]:
        """Return a field that must be a list of integers."""
        value = self._content.get(name)
        if value is None:
            raise WorldError(f"{name}: missing")
        if not isinstance(value, list) or not all(type(one) is int for one in value):
            raise WorldError(f"{name}: must be a list of integers")
        return value


@frozen
class Action:
    """One action: the fields it takes, by spaces, the needed ones first; and what it does and answers."""

    takes: str
    run: Callable[[Fields], object]

"""How a row of the settings table is written, and the bounds that its value must keep.

A check returns what the value must be, or None where it is fine; never the value, which may be a secret.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from attrs import field

from entrypoints.settings_types import Secret

Check = Callable[[Any], str | None]


def setting(group: str, about: str, default: Any, check: Check | None = None) -> Any:
    """Return one row of the table: its group, what it is, its default, and what its value must keep."""
    return field(default=default, metadata={"group": group, "about": about, "check": check})


def at_least(bound: float) -> Check:
    """Return the check for a lower bound."""
    return lambda value: None if value >= bound else f"must be {bound:g} or more"


def between(least: float, most: float) -> Check:
    """Return the check for a lower and an upper bound, both included."""
    return lambda value: None if least <= value <= most else f"must be from {least:g} to {most:g}"


def zero_or_at_least(bound: float) -> Check:
    """Return the check for a lower bound of what may also be 0."""
    return lambda value: None if value == 0 or value >= bound else f"must be 0, or {bound:g} or more"


def above_zero(value: float) -> str | None:
    """Check that a number is positive."""
    return None if value > 0 else "must be above 0"


def users(ids: frozenset[int]) -> str | None:
    """Check that ids are those of users; groups and channels have negative ones."""
    return None if all(each > 0 for each in ids) else "must be ids of users, which are positive"


def matches(pattern: re.Pattern[str], wording: str) -> Check:
    """Return the check for a text that must match ``pattern`` as a whole."""
    return lambda value: None if pattern.fullmatch(_plain(value)) else wording


def url(*schemes: str) -> Check:
    """Return the check for a URL with one of ``schemes``."""

    def check(value: Any) -> str | None:
        try:
            parts = urlsplit(_plain(value))
            usable = parts.scheme in schemes and bool(parts.netloc if parts.scheme != "unix" else parts.path)
        except ValueError:
            usable = False
        if not usable:
            return f"must be a URL that starts with {' or '.join(f'{name}://' for name in schemes)}"
        try:
            # What a driver would stumble over.
            _ = parts.port if parts.scheme != "unix" else None
        except ValueError:
            return "must be a URL whose port is a number; # / ? and @ in a password are written %23 %2F %3F and %40"
        return None

    return check


def redis_url(value: Any) -> str | None:
    """Check that a URL is one that a client of Redis can be made of."""
    wording = url("redis", "rediss", "unix")(value)
    if wording is not None:
        return wording
    # Only here: most installations set none, and the driver takes a while to import.
    from adapters.redis_streams.connect import connect

    try:
        pool: Any = connect(_plain(value)).connection_pool
        pool.make_connection()
    except (ValueError, TypeError):
        return "must be a URL whose database and options a Redis client knows, such as redis://host:6379/0"
    return None


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)

"""The key of an occasion of a task, by which its reminder is made, delivered and settled once.

Not here: what an occasion is (``domain.tasks.values``).
"""

import re
from datetime import datetime
from uuid import UUID

from attrs import frozen

from domain.envelope import timestamp_of

_KEY = re.compile(r"rem:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{4}-[0-9TZ:.-]+)")


@frozen
class Named:
    """An occasion as its key names it; ``bucket`` is RFC 3339 in UTC."""

    task_id: UUID
    bucket: str


def reminder_key(task_id: UUID, bucket: float) -> str:
    """Return the key of an occasion: ``rem:{task_id}:{bucket}``, the bucket in RFC 3339 in UTC."""
    return f"rem:{task_id}:{timestamp_of(bucket)}"


def named_by(key: str) -> Named | None:
    """Return the occasion that a key names; None for the key of anything else."""
    found = _KEY.fullmatch(key)
    return Named(UUID(found[1]), found[2]) if found is not None else None


def instant_of(timestamp: str) -> float:
    """Return an instant in RFC 3339, as events tell it, in seconds since the epoch; exact to the microsecond.

    Raises ValueError for a text that is none.
    """
    return datetime.fromisoformat(timestamp).timestamp()

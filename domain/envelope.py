"""The envelope around every event: nine fields, and how a child follows from its parent.

Making one is pure: the same arguments make the same event. Not here: checking (``domain.validation``), bytes
(``adapters.codec``).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import attrs
from attrs import field, frozen

from domain import ids
from domain.catalogue import type_of
from domain.events.spec import INSTANT, KEY, NAME, TRACE, VERSION, spec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _names(payload: object) -> dict[str, object]:
    return cast(dict[str, object], attrs.fields_dict(cast(type[attrs.AttrsInstance], type(payload))))


@frozen(eq=False)
class PayloadView(Mapping[str, object]):
    """The fields of a typed payload by name, read only, in the order of the class."""

    payload: object

    def __getitem__(self, name: str) -> object:
        if name not in _names(self.payload):
            raise KeyError(name)
        return getattr(self.payload, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_names(self.payload))

    def __len__(self) -> int:
        return len(_names(self.payload))


@frozen
class Envelope:
    """The nine fields. ``payload`` holds the values of the typed payload by field name."""

    event_id: UUID = field(metadata=spec("Names the event; the same for every copy of it."))
    event_type: str = field(metadata=spec("The type, as in the catalogue.", form=NAME))
    schema_version: str = field(metadata=spec("The semantic version of that type.", form=VERSION))
    source: str = field(metadata=spec("The service that made it.", form=NAME))
    target: str = field(metadata=spec("The service it is for, or audit.", form=NAME))
    timestamp: str = field(metadata=spec("When it was made.", form=INSTANT))
    trace_id: str = field(metadata=spec("Shared by all that one cause led to (W3C).", form=TRACE))
    idempotency_key: str = field(metadata=spec("Two events with the same key are one.", form=KEY))
    payload: Mapping[str, object] = field(hash=False, repr=False, metadata=spec("What the type says."))


@frozen
class Event:
    """An envelope and its payload as the catalogue's class."""

    envelope: Envelope
    payload: object

    @property
    def event_id(self) -> UUID:
        """Names the event."""
        return self.envelope.event_id

    @property
    def event_type(self) -> str:
        """The type, as in the catalogue."""
        return self.envelope.event_type

    @property
    def schema_version(self) -> str:
        """The semantic version of the type that it was made to."""
        return self.envelope.schema_version

    @property
    def source(self) -> str:
        """The service that made it."""
        return self.envelope.source

    @property
    def target(self) -> str:
        """The service it is for."""
        return self.envelope.target

    @property
    def timestamp(self) -> str:
        """When it was made: RFC 3339, UTC."""
        return self.envelope.timestamp

    @property
    def trace_id(self) -> str:
        """Shared by all that one cause led to."""
        return self.envelope.trace_id

    @property
    def idempotency_key(self) -> str:
        """Two events with the same key are one."""
        return self.envelope.idempotency_key


def create(
    payload: object,
    *,
    source: str,
    key: str,
    trace_id: str,
    timestamp: str,
    event_id: UUID | None = None,
    target: str | None = None,
) -> Event:
    """Return the event that carries ``payload``, at the edge where no parent exists.

    The event id follows from ``key`` unless given, the target from the catalogue. Raises TypeError when the
    catalogue has no type for the payload's class. Nothing is checked here; encoding checks.
    """
    kind = type_of(payload)
    envelope = Envelope(
        ids.event_id_of(key) if event_id is None else event_id,
        kind.name,
        kind.version,
        source,
        kind.target if target is None else target,
        timestamp,
        trace_id,
        key,
        PayloadView(payload),
    )
    return Event(envelope, payload)


def derive(
    parent: Event,
    name: str,
    payload: object,
    *,
    source: str,
    timestamp: str,
    target: str | None = None,
    key: str | None = None,
) -> Event:
    """Return the child ``name`` of ``parent``: same trace, id and key computed from the parent's and the name.

    ``key`` is for a child that is one and the same whatever its parent is; its id stays the parent's child's.
    """
    return create(
        payload,
        source=source,
        key=ids.child_key(parent.idempotency_key, name) if key is None else key,
        trace_id=parent.trace_id,
        timestamp=timestamp,
        event_id=ids.child_id(parent.event_id, name),
        target=target,
    )


def timestamp_of(seconds_since_epoch: float) -> str:
    """Return an instant as RFC 3339 in UTC with six digits of fraction: ``2026-11-22T16:00:00.123456Z``."""
    instant = _EPOCH + timedelta(seconds=seconds_since_epoch)
    return instant.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"

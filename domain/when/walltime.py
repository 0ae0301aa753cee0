"""Between instants and wall time: the one rule for the two changes of daylight saving.

A wall time that does not exist moves forward by the gap (02:30 becomes 03:30); one that exists twice is the first.
Both follow from taking the offset that held before the change, which is what ``fold=0`` means
(https://peps.python.org/pep-0495/). Not here: where offsets come from (the Calendar port).
"""

from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

from attrs import frozen

from domain.when.values import Moment, Zone

_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)


class Change(Enum):
    """What a change of the zone's offset does to a wall time."""

    NONE = "none"
    GAP = "gap"
    FOLD = "fold"


@frozen
class Resolved:
    """The instant of a wall time, and whether a change of time had to be decided about."""

    at_s: int
    change: Change


def resolve(local: datetime, tz: tzinfo) -> Resolved:
    """Return the instant at which the wall clock of ``tz`` shows ``local``, by the rule of this module."""
    before = _offset(local.replace(tzinfo=tz, fold=0))
    after = _offset(local.replace(tzinfo=tz, fold=1))
    change = Change.NONE if before == after else Change.FOLD if before > after else Change.GAP
    return Resolved((local - before - _EPOCH) // _SECOND, change)


def seconds_of(utc: datetime) -> int:
    """Return the instant of a naive UTC time."""
    return (utc - _EPOCH) // _SECOND


def utc_of(at_s: int) -> datetime:
    """Return the naive UTC time of an instant."""
    return _EPOCH + timedelta(seconds=at_s)


def moment_at(at_s: int, zone: Zone, tz: tzinfo) -> Moment:
    """Return the instant as it reads in the zone."""
    aware = utc_of(at_s).replace(tzinfo=UTC).astimezone(tz)
    return Moment(at_s, zone, aware.replace(tzinfo=None, fold=0), _offset(aware))


def _offset(aware: datetime) -> timedelta:
    offset = aware.utcoffset()
    if offset is None:
        raise ValueError("a zone without an offset")
    return offset

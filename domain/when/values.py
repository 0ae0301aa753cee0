"""What is said about time once it is understood: zones, moments, rules, and the answers of understanding.

Instants are whole seconds since the epoch, UTC. Wall times are naive ``datetime`` values beside the zone they are
meant in. Not here: patterns of recurrence (``domain.when.pattern``).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum

from attrs import field, frozen

from domain.when.pattern import Pattern

# The widest offsets that any place ever used are UTC-12 and UTC+14.
OFFSET_MINUTES_MIN = -12 * 60
OFFSET_MINUTES_MAX = 14 * 60
_OFFSET = re.compile(r"UTC(?:(?P<sign>[+-])(?P<hours>\d{2}):(?P<minutes>\d{2}))?")
_STAMP = "%Y%m%dT%H%M%S"


class UnknownZone(ValueError):
    """There is no such zone. The text says which was asked for."""


class Question(StrEnum):
    """What to ask back; the options that come with it are complete answers."""

    WHICH_HOUR = "which_hour"  # 5:00 or 17:00
    WHICH_ORDER = "which_order"  # day/month or month/day
    WHICH_DAY = "which_day"  # friday, said on a friday
    WHICH_MIDNIGHT = "which_midnight"  # the one that begins the day, or the one that ends it
    WHICH_RULE = "which_rule"  # every second monday; monthly on friday
    WHICH_TIMES = "which_times"  # twice daily; the option is what it could mean
    WHAT_TIME = "what_time"  # today
    PAST = "past"  # today 9:00, said at 10:00; the option is the next time it could mean
    SEVERAL = "several"  # more than one time in the phrase
    WEEKDAY = "weekday"  # a weekday that is not the date's
    LANGUAGE = "language"  # it means one thing in one language and another in the next
    ZONE_ABBREVIATION = "zone_abbreviation"  # CST is four zones
    MIDDLE = "middle"  # a time within the text, which may be a part of it
    SPELLING = "spelling"  # tomorow; the options are the times with the word that is nearest


class Reason(StrEnum):
    """Why a phrase is refused."""

    NO_TIME = "no_time"
    # All of it speaks of time, but not in a way that is known; a part of it would be a guess.
    NOT_UNDERSTOOD = "not_understood"
    PAST = "past"
    NO_SUCH_DATE = "no_such_date"
    NO_SUCH_TIME = "no_such_time"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    TOO_OFTEN = "too_often"
    TOO_MANY = "too_many"
    TOO_LONG = "too_long"
    NEVER = "never"
    UNKNOWN_ZONE = "unknown_zone"
    NOT_TOGETHER = "not_together"


@frozen
class Zone:
    """A time zone: an IANA name such as ``Europe/Berlin``, or ``UTC`` with an offset such as ``UTC+05:30``."""

    name: str

    @classmethod
    def at_offset(cls, minutes: int) -> "Zone":
        """Return the zone that is always ``minutes`` ahead of UTC. Raises UnknownZone where no place is."""
        if not OFFSET_MINUTES_MIN <= minutes <= OFFSET_MINUTES_MAX:
            raise UnknownZone(
                f"no place is {minutes} minutes ahead of UTC; the range is UTC-12:00 to UTC+14:00"
            )
        sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
        return cls(f"UTC{sign}{size // 60:02}:{size % 60:02}" if minutes else "UTC")

    @property
    def fixed(self) -> tzinfo | None:
        """The zone's only offset; None where the zone database decides."""
        found = _OFFSET.fullmatch(self.name)
        if found is None:
            return None
        size = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
        return timezone(-size if found["sign"] == "-" else size) if size else UTC


@frozen
class Moment:
    """A point in time and how it reads on the wall clock of a zone."""

    at_s: int
    zone: Zone
    local: datetime
    # How far the zone is ahead of UTC at that moment.
    offset: timedelta


@frozen
class Occurrence:
    """One occurrence of a rule: its instant, and the wall time the rule names, which may have been moved."""

    at_s: int
    nominal: datetime


@frozen
class Rule:
    """A recurrence: an RFC 5545 pattern, the wall time of its first occurrence, and the zone of that wall time.

    Where the pattern counts elapsed time (hours and minutes), ``start`` is in UTC, since a wall time can be twice.
    """

    pattern: Pattern
    start: datetime
    zone: Zone

    @property
    def text(self) -> str:
        """The rule as two content lines of RFC 5545, to be stored; ``of_text`` reads it."""
        stamp = self.start.strftime(_STAMP)
        head = f"DTSTART:{stamp}Z" if self.pattern.elapsed else f"DTSTART;TZID={self.zone.name}:{stamp}"
        extra = f"X-ZONE:{self.zone.name}\n" if self.pattern.elapsed else ""
        return f"{head}\n{extra}RRULE:{self.pattern.text}"

    @classmethod
    def of_text(cls, text: str) -> "Rule":
        """Return the rule that ``text`` was made from. Raises ValueError where it is none."""
        lines = dict(line.partition(":")[::2] for line in _unambiguous(text).split("\n"))
        pattern = Pattern.of_text(lines.get("RRULE", ""))
        heads = [key for key in lines if key.startswith("DTSTART")]
        if len(heads) != 1:
            raise ValueError("a rule needs one DTSTART")
        start = datetime.strptime(lines[heads[0]].removesuffix("Z"), _STAMP)
        name = lines.get("X-ZONE", "") if pattern.elapsed else heads[0].partition(";TZID=")[2]
        return cls(pattern, start, Zone(name.replace("\0", ":")))


def _unambiguous(text: str) -> str:
    # The colon of an offset such as UTC+05:30 is not the one that ends a property's name.
    return re.sub(r"(UTC[+-]\d{2}):(\d{2})", "\\1\0\\2", text)


@frozen
class Note:
    """Something that was understood but needs saying: its key, and values for the wording."""

    key: str
    values: Mapping[str, str] = field(factory=dict)


@frozen
class Understood:
    """A phrase that was understood: what it means, and the text that is left when it is taken away."""

    what: Moment | Rule
    # When it happens (first): the instant of the moment, or of the rule's first occurrence.
    first: Moment
    rest: str
    # The very words that were understood.
    phrase: str
    notes: Sequence[Note] = ()
    # The last moment that counts, where a rule has an end.
    last: Moment | None = None


@frozen
class Unclear:
    """A phrase that may mean several things, or lacks one: what to ask, and complete answers to choose from."""

    question: Question
    options: Sequence[Understood] = ()
    phrase: str = ""
    rest: str = ""
    values: Mapping[str, str] = field(factory=dict)


@frozen
class Refused:
    """A phrase that cannot be taken: why."""

    reason: Reason
    phrase: str = ""
    rest: str = ""
    values: Mapping[str, str] = field(factory=dict)


Answer = Understood | Unclear | Refused

# What is asked of the Calendar port (``application.ports``): the first occurrence strictly after an instant, or None.
NextAfter = Callable[[Rule, int], Occurrence | None]

"""What was understood of a time that somebody wrote, as values. Not here: understanding it (``application.ports``)."""

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class WallTime:
    """What a clock on the wall shows; ``weekday`` counts from Monday as 0."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    weekday: int = 0

    @property
    def minutes(self) -> int:
        """Minutes since midnight."""
        return self.hour * 60 + self.minute


@frozen
class Understood:
    """A time: when it comes first, the rule by which it comes again, and the text without it.

    ``echo`` says it in full. ``note`` is the key of a wording that must be told beside it, such as that a time was
    moved because the clocks are put forward.
    """

    at: float
    zone: str
    rule: str | None
    rest: str
    echo: str
    note: str = ""
    values: Mapping[str, str] = field(factory=dict)


@frozen
class Unclear:
    """A time that may mean several things: the key of the question, and the answers to choose from, in full.

    ``rest`` is the text without the time; ``values`` are for the wording of the question.
    """

    key: str
    options: tuple[str, ...] = ()
    rest: str = ""
    values: Mapping[str, str] = field(factory=dict)


@frozen
class Refused:
    """No time, or one that cannot be kept: the key of the reason, and the values of its wording.

    ``rest`` is the text without what was taken for a time.
    """

    key: str
    values: Mapping[str, str] = field(factory=dict)
    rest: str = ""


@frozen
class ZonesMeant:
    """The time zones that a name may stand for. ``is_sure`` False: none goes by that name, these by similar ones."""

    names: tuple[str, ...] = ()
    is_sure: bool = True


# The reasons that the rules tell from all others: there is no time in the text; there is one that needs a zone.
NO_TIME, ZONE_NEEDED = "no_time", "zone_needed"
# What may as well be a part of the text as a time: one within it, a word that is nearly one of time, words of time
# that are not understood. The wording ``doubt.*`` says so beside a task that is made without a time.
DOUBTS = {
    "ask.middle": "doubt.middle",
    "ask.spelling": "doubt.spelling",
    "no.not_understood": "doubt.not_understood",
}

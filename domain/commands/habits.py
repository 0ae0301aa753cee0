"""``/quiet`` and ``/escalation`` set for a chat when reminders are silent, and how often an open task is said again.

Not here: what follows from them (``domain.tasks.rules``).
"""

import re

from attrs import evolve

from domain.commands.base import Answer, Ask, Command, Known, Need
from domain.commands.views import span
from domain.decisions import PutSetting
from domain.tasks.policy import (
    DEFAULT_WAITS_S,
    ESCALATION,
    NAGS_MAX,
    OFF,
    QUIET,
    ZONE,
    Policy,
    Quiet,
    parse_quiet,
    parse_waits,
    policy_of,
    written,
)
from domain.tasks.values import UNZONED
from domain.wording import Listed, Said, Value

OFF_WORDS = (OFF, "aus")
_DEFAULT = "default"
_UNITS_S = {
    **dict.fromkeys(("m", "min", "minute", "minutes", "minuten"), 60),
    **dict.fromkeys(("h", "hour", "hours", "std", "stunde", "stunden"), 3600),
    **dict.fromkeys(("d", "day", "days", "tag", "tage", "tagen"), 86_400),
}
_SPAN = re.compile(r"([0-9]{1,4}) ?([a-z]+)\.?")


def quiet(ask: Ask, known: Known) -> Answer:
    """Show or set the hours in which only urgent reminders come."""
    words = ask.args.lower()
    if not words:
        hours = policy_of(known.settings).quiet
        return Answer("quiet.none") if hours is None else _told("quiet.is", hours, known)
    if words in OFF_WORDS:
        return Answer(
            "quiet.off", effects=(PutSetting(QUIET, OFF, is_choice=True),), reason="quiet hours off"
        )
    parts = [part.strip() for part in re.split("[-–—]", words)]
    hours = parse_quiet("-".join(f"{part}:00" if part.isdecimal() else part for part in parts))
    if hours is None:
        return Answer("quiet.usage")
    effects = (PutSetting(QUIET, str(hours), is_choice=True),)
    return evolve(_told("quiet.set", hours, known), effects=effects, reason="quiet hours set")


def _told(key: str, hours: Quiet, known: Known) -> Answer:
    """Return the hours with the zone by whose clocks they are quiet; where it is not known, that it is not."""
    zone = known.settings.get(ZONE)
    told = Said(key, {"hours": f"{hours} ({zone or UNZONED})"})
    return Answer("lines", {"lines": told if zone is not None else Listed((told, Said("zone.none")))})


def escalation(ask: Ask, known: Known) -> Answer:
    """Show or set after which times an open task that is due is said again."""
    words = ask.args.lower()
    if not words:
        return _shown("escalation.is", policy_of(known.settings))
    waits_s = DEFAULT_WAITS_S if words == _DEFAULT else _waits(words)
    if waits_s is None:
        return Answer("escalation.usage", {"most": str(NAGS_MAX)})
    effects = (PutSetting(ESCALATION, written(waits_s), is_choice=True),)
    return _shown("escalation.set", Policy(waits_s), effects)


def _shown(key: str, policy: Policy, effects: tuple[PutSetting, ...] = ()) -> Answer:
    reason = "escalation set" if effects else ""
    if not policy.waits_s:
        return Answer("escalation.off", effects=effects, reason=reason)
    waits: tuple[Value, ...] = tuple(span(wait_s) for wait_s in policy.waits_s)
    after = Listed(waits, ", ")
    return Answer(key, {"waits": Said("escalation.waits", {"waits": after})}, effects, reason=reason)


def _waits(words: str) -> tuple[float, ...] | None:
    """Return the times between sayings that people write as ``1h, 4h, 24h``; None where they are none."""
    if words in OFF_WORDS:
        return ()
    found = [_SPAN.fullmatch(part.strip()) for part in words.split(",")]
    waits_s = [int(each[1]) * _UNITS_S[each[2]] for each in found if each is not None and each[2] in _UNITS_S]
    return parse_waits(",".join(map(str, waits_s))) if len(waits_s) == len(found) else None


_NEEDS = frozenset({Need.SETTINGS})
COMMANDS = (Command(QUIET, quiet, _NEEDS), Command(ESCALATION, escalation, _NEEDS))

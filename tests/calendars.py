"""A calendar for tests that understands a few phrases at the beginning or end of a text, in zones such as ``+2``.

``in 20 min``, ``tomorrow 9``, ``every day 9``, ``at 5`` (which is unclear), ``yesterday``. Not here: the calendar that
people write to.
"""

import re
from datetime import UTC, datetime

from attrs import evolve

from domain.tasks.times import NO_TIME, ZONE_NEEDED, Refused, Unclear, Understood, ZonesMeant
from tests.times import DAY_S, TestTimes, daily

_UNITS_S = {"min": 60.0, "h": 3600.0}
_PHRASE = re.compile(
    r"(?P<rest>.*?)\b(?:in (?P<n>\d+) (?P<unit>min|h)\b|(?P<day>today|tomorrow|every day) (?P<hour>\d+)\b"
    r"|at (?P<either>\d)\b|(?P<past>yesterday)\b|(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) \((?P<zone>[^)]+)\))(?P<more>.*)",
    re.DOTALL,
)
PLACES = {"berlin": ("+2",), "utc": ("UTC",), "springfield": ("-5", "-6")}


class SmallCalendar(TestTimes):
    """See ``application.ports.Calendar``."""

    def understand(
        self, text: str, *, now: float, zone: str | None, language: str | None, needed: bool = False
    ) -> Understood | Unclear | Refused:
        found = _PHRASE.fullmatch(text)
        if found is None:
            return Refused(NO_TIME)
        if found["past"]:
            return Refused("no.past", {"phrase": found["past"]})
        rest = " ".join(f"{found['rest']} {found['more']}".split())
        if found["n"]:
            shown = zone or "UTC"
            return self._once(now + int(found["n"]) * _UNITS_S[found["unit"]], shown, rest, language)
        if zone is None:
            return Refused(ZONE_NEEDED)
        if found["at"]:
            at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            wall = self.wall(at.timestamp(), "UTC")
            return self._once(self.instant(wall, found["zone"]), found["zone"], rest, language)
        wall = evolve(self.wall(now, zone), minute=0)
        if found["either"]:
            hours = (int(found["either"]), int(found["either"]) + 12)
            tomorrow = evolve(self.wall(now + DAY_S, zone), minute=0)
            options = [
                self.echo(self.instant(evolve(tomorrow, hour=h), zone), None, zone, language) for h in hours
            ]
            return Unclear("ask.which_hour", tuple(options), rest, {"phrase": f"at {found['either']}"})
        at_s = self.instant(evolve(wall, hour=int(found["hour"])), zone)
        if found["day"] == "every day":
            first = at_s if at_s > now else at_s + DAY_S
            rule = daily(first)
            return Understood(first, zone, rule, rest, self.echo(first, rule, zone, language))
        return self._once(at_s + (DAY_S if found["day"] == "tomorrow" else 0), zone, rest, language)

    def _once(self, at: float, zone: str, rest: str, language: str | None) -> Understood:
        return Understood(at, zone, None, rest, self.echo(at, None, zone, language))

    def echo(self, at: float, rule: str | None, zone: str, language: str | None) -> str:
        wall = self.wall(at, zone)
        shown = f"{wall.year}-{wall.month:02}-{wall.day:02} {wall.hour:02}:{wall.minute:02} ({zone})"
        return shown if rule is None else f"every day, next {shown}"

    def find_zone(self, text: str) -> ZonesMeant:
        known = {zone for zones in PLACES.values() for zone in zones}
        if text == "Berln":
            return ZonesMeant(PLACES["berlin"], is_sure=False)
        return ZonesMeant(PLACES.get(text.lower(), (text,) if text in known else ()))

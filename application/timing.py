"""Time as commands and the scheduler ask for it: phrases understood, instants and rules said, zones and wall clocks.

Rules and zones are kept as text; an instant is in seconds since the epoch. What was kept may be of another version, or
damaged: a zone that nobody knows is reckoned as UTC, which is what is said back, and a rule that cannot be read counts
as none, so that no chat loses its other tasks over one. Not here: how phrases are understood (``phrases``), and what
commands do with them (``domain.commands``).
"""

import logging
from datetime import datetime, timedelta
from typing import TypeGuard

from attrs import evolve, frozen

from application.messages.times import echo, echo_moment
from application.phrases import Phrases
from domain.tasks.times import (
    DOUBTS,
    NO_TIME,
    ZONE_NEEDED,
    Refused,
    Unclear,
    Understood,
    WallTime,
    ZonesMeant,
)
from domain.when.places import Found
from domain.when.values import Answer as WhenAnswer
from domain.when.values import Moment, Reason, Rule, UnknownZone, Zone
from domain.when.values import Refused as WhenRefused
from domain.when.values import Unclear as WhenUnclear
from domain.when.values import Understood as WhenUnderstood
from domain.when.walltime import moment_at

log = logging.getLogger("openclaw.timing")

_UTC = Zone("UTC")
# Where a phrase means the same in both, it needs no zone.
_APART = (_UTC, Zone("UTC+07:00"))


@frozen
class Timing:
    """See ``domain.commands.base.Calendar``."""

    phrases: Phrases

    def understand(
        self, text: str, *, now: float, zone: str | None, language: str | None, needed: bool = False
    ) -> Understood | Unclear | Refused:
        """Return which time ``text`` names at its beginning or end; that a zone is needed where it depends on one."""
        known = Zone(zone) if zone is not None else _APART[0]
        try:
            answer = self.phrases.understand(text, now_s=now, zone=known, language=language, needed=needed)
            if zone is None and not needed and _is_in_doubt(answer):
                # What is hardly a time is no reason to ask for the zone.
                return Unclear(_key(answer), (), answer.rest, {"phrase": answer.phrase, **answer.values})
            if zone is None and not _says_no_time(answer):
                other = self.phrases.understand(
                    text, now_s=now, zone=_APART[1], language=language, needed=needed
                )
                if not _is_same(answer, other):
                    return Refused(ZONE_NEEDED)
        except UnknownZone:
            # A zone that was kept and that the zone database does not know any more.
            return Refused(ZONE_NEEDED)
        match answer:
            case WhenUnderstood():
                return _understood(answer, language)
            case WhenUnclear():
                values = {"phrase": answer.phrase, **answer.values}
                options = tuple(echo(option, language) for option in answer.options)
                return Unclear(_key(answer), options, answer.rest, values)
        if answer.reason is Reason.NO_TIME:
            return Refused(NO_TIME)
        return Refused(f"no.{answer.reason.value}", {"phrase": answer.phrase, **answer.values}, answer.rest)

    def echo(self, at: float, rule: str | None, zone: str, language: str | None) -> str:
        """Return an instant, or a rule with its next instant, in full."""
        kept = self._kept(rule) if rule is not None else None
        if kept is None:
            return echo_moment(self._moment(at, zone), language)
        first = self._moment(at, kept.zone.name)
        shown = kept if kept.pattern.elapsed else evolve(kept, start=first.local)
        try:
            upcoming = self.phrases.upcoming(kept, at - 1)
        except OverflowError:
            upcoming = None
        last = upcoming.last if upcoming is not None else None
        return echo(WhenUnderstood(shown, first, "", "", (), last), language)

    def next_after(self, rule: str, zone: str, after: float) -> float | None:
        """Return the first instant of the rule that is later than ``after``; None where there is none."""
        kept = self._kept(rule)
        try:
            found = self.phrases.next_after(kept, after) if kept is not None else None
        except OverflowError:
            # It lies beyond the calendar.
            return None
        return float(found.at_s) if found is not None else None

    def _kept(self, text: str) -> Rule | None:
        """Return the rule that was kept as ``text``; None where it cannot be read."""
        try:
            rule = Rule.of_text(text)
        except ValueError:
            log.warning("a rule that is kept cannot be read", extra={"action": "rule_unreadable"})
            return None
        return evolve(rule, zone=self._zone(rule.zone.name))

    def _zone(self, name: str) -> Zone:
        """Return the zone that was kept as ``name``; UTC where there is none of that name."""
        zone = Zone(name)
        try:
            self.phrases.calendar.tz(zone)
        except UnknownZone:
            return _UTC
        return zone

    def _moment(self, at: float, zone: str) -> Moment:
        try:
            return self.phrases.moment(at, self._zone(zone))
        except OverflowError:
            # Within a day of the end of the calendar, which not all zones share.
            return self.phrases.moment(at, _UTC)

    def find_zone(self, text: str) -> ZonesMeant:
        """Return the zones that a place, a zone's name or an offset may mean: none, one, or several to choose from."""
        try:
            found = self.phrases.find_zone(text)
        except UnknownZone:
            return ZonesMeant()
        if found is None:
            return ZonesMeant()
        if isinstance(found, Found):
            return ZonesMeant((found.zone.name,))
        return ZonesMeant(tuple(zone.name for zone in found.zones), is_sure=not found.alike)

    def wall(self, at: float, zone: str) -> WallTime:
        """Return what the clocks of ``zone`` show at an instant."""
        local = self._moment(at, zone).local
        return WallTime(local.year, local.month, local.day, local.hour, local.minute, local.weekday())

    def instant(self, wall: WallTime, zone: str) -> float:
        """Return when the clocks of ``zone`` show ``wall``: the first time of two; in a gap, as if there were none."""
        known = self._zone(zone)
        tz = self.phrases.calendar.tz(known)
        asked = datetime(wall.year, wall.month, wall.day, wall.hour, wall.minute)
        first = asked.replace(tzinfo=tz, fold=0).timestamp()
        shown = moment_at(int(first), known, tz).local
        if shown == asked:
            return first
        # The clocks are put forward over it: it comes as much later as they are.
        before = asked.replace(tzinfo=tz, fold=0).utcoffset() or timedelta()
        return (asked - datetime(1970, 1, 1) - before).total_seconds()


def _understood(answer: WhenUnderstood, language: str | None) -> Understood:
    rule = answer.what if isinstance(answer.what, Rule) else None
    note = answer.notes[0] if answer.notes else None
    return Understood(
        float(answer.first.at_s), answer.first.zone.name, rule.text if rule is not None else None, answer.rest,
        echo(answer, language), f"note.{note.key}" if note is not None else "",
        note.values if note is not None else {},
    )  # fmt: skip


def _says_no_time(answer: object) -> bool:
    return isinstance(answer, WhenRefused)


def _is_in_doubt(answer: WhenAnswer) -> TypeGuard[WhenUnclear]:
    return isinstance(answer, WhenUnclear) and _key(answer) in DOUBTS


def _key(answer: WhenUnclear) -> str:
    return f"ask.{answer.question.value}"


def _is_same(one: object, other: object) -> bool:
    """Tell whether two answers mean the same instants, whatever the zone."""
    if not isinstance(one, WhenUnderstood) or not isinstance(other, WhenUnderstood):
        return False
    if isinstance(one.what, Moment) and isinstance(other.what, Moment):
        return one.first.at_s == other.first.at_s
    return isinstance(one.what, Rule) and one.what.pattern.elapsed and one.first.at_s == other.first.at_s

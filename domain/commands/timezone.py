"""``/timezone`` shows and sets the time zone: of a user in private, of the chat in a group.

A command that waited for the zone is carried out with it. Not here: which zone a place has
(``application.ports.Calendar``).
"""

from collections.abc import Mapping

from attrs import evolve

from domain.commands import changing, digest, task
from domain.commands.base import NOTHING, Answer, Ask, Command, Known, Menu, Need, Wants
from domain.commands.timing import Pending, put
from domain.commands.views import PENDING, choice
from domain.decisions import Effect, PutSetting
from domain.tasks.buttons import OnZone, written
from domain.tasks.policy import ZONE
from domain.wording import Listed, Said, Value, in_rows

OPTIONS_MAX = 12
# For how long a command waits for the zone: later, what "tomorrow" meant is over.
WAITS_S = 3600.0
# The commands in which a time may stand, so that a question about it may wait for an answer.
WITH_TIME = {command.name: command for command in (*task.COMMANDS, *changing.COMMANDS, *digest.COMMANDS)}


def step(ask: Ask, known: Known) -> Answer:
    """Show the zone, set it, or let whoever asks choose between several."""
    if not ask.args:
        zone = known.settings.get(ZONE)
        return (
            Answer("zone.none")
            if zone is None
            else Answer("zone.is", {"zone": zone, "now": _now(known, zone)})
        )
    meant = known.calendar.find_zone(ask.args)
    zones = [zone for zone in meant.names if written(OnZone(zone)) is not None]
    if not zones:
        return Answer("zone.unknown")
    if len(zones) == 1 and meant.is_sure:
        return set_zone(ask, known, zones[0])
    choices = tuple(choice(zone, OnZone(zone)) for zone in zones[:OPTIONS_MAX])
    return Answer("zone.which" if meant.is_sure else "zone.alike", buttons=in_rows(choices, 1))


def set_zone(ask: Ask, known: Known, zone: str) -> Answer:
    """Set the zone, let the digest of the day go by it, and carry out what waited for it.

    That goes on whoever asked for it: the zone is that of all of the chat.
    """
    chosen: tuple[Effect, ...] = (PutSetting(ZONE, zone, is_choice=True),)
    key = "zone.set" if known.settings.get(ZONE, zone) == zone else "zone.changed"
    told_zone: Value = Said(key, {"zone": zone, "now": _now(known, zone)})
    follows = digest.in_zone(known, zone)
    if follows is not None:
        time, moved = follows
        chosen = (*chosen, *moved)
        told_zone = Listed((told_zone, Said("digest.follows", {"time": time})), " ")
    waiting = waits_for_zone(known.settings)
    if waiting is None or known.now - waiting.asked_at > WAITS_S:
        return Answer("lines", {"lines": told_zone}, chosen, reason="the time zone was set")
    told = evolve(known, settings={**known.settings, ZONE: zone})
    after = WITH_TIME[waiting.name].step(waiting.again(ask), told)
    # A further question takes the place of the one that is answered.
    asks_again = any(isinstance(each, PutSetting) and each.name == PENDING for each in after.effects)
    effects = (*chosen, *after.effects) if asks_again else (*chosen, put(None), *after.effects)
    said = Listed((told_zone, Said(after.key, after.values)), "\n\n")
    reason = "; ".join(filter(None, ("the time zone was set", after.reason)))
    return evolve(after, key="lines", values={"lines": said}, effects=effects, reason=reason)


def waits_for_zone(settings: Mapping[str, str]) -> Pending | None:
    """Return the command that waits for the zone, if one does."""
    pending = Pending.of_text(settings.get(PENDING))
    return pending if pending is not None and not pending.options and pending.name in WITH_TIME else None


def _now(known: Known, zone: str) -> str:
    wall = known.calendar.wall(known.now, zone)
    return f"{wall.hour:02}:{wall.minute:02}"


def wants(args: str, settings: Mapping[str, str]) -> Wants:
    """Return what the command that waits for the zone is about, and the digest of the day, which goes by the zone."""
    waiting = waits_for_zone(settings)
    found = NOTHING if waiting is None else WITH_TIME[waiting.name].wants(waiting.args, settings)
    return evolve(found, digest=True)


COMMANDS = (
    Command("timezone", step, frozenset({Need.SETTINGS}), frozenset({Menu.PRIVATE, Menu.GROUPS}), wants),
)

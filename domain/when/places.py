"""Which zone people mean by a place, a country or an offset.

``Berlin``, ``europe/berlin``, ``Мюнхен``, ``germany``, ``+2``, ``UTC-03:30``. A country with several zones, and a
name that is nearly one that is known, are offered and not guessed. Not here: the zone database.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from attrs import frozen

from domain.when.places_data import CITIES, COUNTRIES
from domain.when.values import UnknownZone, Zone
from domain.when.words.base import fold

TEXT_CHARS_MAX = 100
OFFERS_MAX = 12
_ALIKE_MAX = 4
# How alike a misspelt name must be; below this they are other places.
_ALIKENESS_MIN = 0.8
_OFFSET = re.compile(
    r"(?:(?P<name>utc|gmt|z)\s*)?(?:(?P<sign>[+\-−–])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?)?",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[^\w+]+|_")
# Zones of these areas are old names that tell no place.
_NO_PLACES = ("etc/", "us/", "canada/", "mexico/", "brazil/", "chile/")


@frozen
class Found:
    """The zone that was named."""

    zone: Zone


@frozen
class Offers:
    """The zones that may have been meant. ``alike``: none goes by that name, these are named nearly so."""

    zones: Sequence[Zone]
    alike: bool = False


def offset_of(text: str) -> Zone | None:
    """Return the zone of an offset such as ``+2``, ``UTC+05:30`` or ``GMT``; None where it is none.

    Raises UnknownZone for an offset that no place has.
    """
    found = _OFFSET.fullmatch(text.strip())
    if found is None or (found["name"] is None and found["sign"] is None):
        return None
    minutes = int(found["minutes"] or 0)
    if minutes >= 60:
        raise UnknownZone(f"{minutes} minutes are no part of an offset")
    size = int(found["hours"] or 0) * 60 + minutes
    return Zone.at_offset(size if found["sign"] in (None, "+") else -size)


def find(text: str, zones: Mapping[str, str]) -> Found | Offers | None:
    """Return what ``text`` names; ``zones`` has the IANA names by their folded form. None where nothing is near.

    Raises UnknownZone for an offset that no place has.
    """
    text = text.strip()[:TEXT_CHARS_MAX]
    offset = offset_of(text)
    if offset is not None:
        return Found(offset)
    exact = zones.get(fold(text).replace(" ", "_"))
    if exact is not None:
        return Found(Zone(exact))
    places = _places(frozenset(zones.values()))
    if known := places.get(_key(text)):
        return Found(Zone(known[0])) if len(known) == 1 else Offers(tuple(map(Zone, known[:OFFERS_MAX])))
    city, _, region = text.partition(",")
    if known := places.get(_key(city)):
        # "Paris, Texas" is not the one that is known.
        within = tuple(zone for zone in known if zone in places.get(_key(region), ()) or not _key(region))
        if len(within) == 1:
            return Found(Zone(within[0]))
        return Offers(tuple(map(Zone, known[:OFFERS_MAX])), alike=True)
    near = get_close_matches(_key(text), places, n=_ALIKE_MAX, cutoff=_ALIKENESS_MIN)
    offers = tuple(dict.fromkeys(Zone(zone) for name in near for zone in places[name]))
    return Offers(offers[:_ALIKE_MAX], alike=True) if offers else None


def _key(name: str) -> str:
    return " ".join(part for part in _PARTS.split(fold(name)) if part)


@cache
def _places(zones: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the zones that a name may stand for, by the name as it is compared."""
    found: dict[str, tuple[str, ...]] = {}
    for zone in sorted(zones):
        if "/" in zone and not fold(zone).startswith(_NO_PLACES):
            found.setdefault(_key(zone.rpartition("/")[2]), (zone,))
    found |= {_key(name): (zone,) for zone, names in CITIES.items() for name in names.split("|")}
    found |= {
        _key(name): tuple(several.split())
        for several, names in COUNTRIES.items()
        for name in names.split("|")
    }
    return {name: known for name, known in found.items() if set(known) <= zones and name}


def known_zones() -> Iterable[str]:
    """Yield every zone that the tables name."""
    yield from CITIES
    for several in COUNTRIES:
        yield from several.split()

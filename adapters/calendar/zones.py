"""The zone database: the IANA zones of the tzdata package, and which zones a country has.

The machine's own database is not asked: it may be absent, or of another year. https://data.iana.org/time-zones/.
Not here: names of places people use (``domain.when.places``).
"""

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from importlib import resources

from domain.when.values import UnknownZone, Zone

# Not places: the machine's own zone and a placeholder.
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_FOLDER = "tzdata.zoneinfo"


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the IANA names of all zones."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split()) - _NO_PLACES


@lru_cache(maxsize=1)
def countries() -> Mapping[str, Sequence[str]]:
    """Return the zones of each country by its ISO 3166 code, the most populous part first."""
    found: dict[str, list[str]] = {}
    for line in _table("zone1970.tab"):
        codes, _, name = line.split("\t")[:3]
        for code in codes.split(","):
            found.setdefault(code, []).append(name)
    return found


@lru_cache(maxsize=1)
def country_names() -> Mapping[str, str]:
    """Return the English name of each country by its ISO 3166 code."""
    return dict(line.split("\t")[:2] for line in _table("iso3166.tab"))


@lru_cache(maxsize=1024)
def tz_of(zone: Zone) -> tzinfo:
    """Return the zone's offsets. Raises UnknownZone."""
    if zone.fixed is not None:
        return zone.fixed
    if zone.name not in zone_names():
        raise UnknownZone(f"{zone.name!r} is no IANA time zone")
    *folders, name = zone.name.split("/")
    with resources.files(_FOLDER).joinpath(*folders, name).open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=zone.name)


def _table(name: str) -> list[str]:
    text = resources.files(_FOLDER).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]

"""A zone is found by a place, a country or an offset; what may be several is offered and not guessed."""

import pytest

from domain.when.places import Found, Offers, known_zones
from domain.when.values import UnknownZone, Zone
from tests.unit.whens import PHRASES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        (" Berlin, Germany ", "Europe/Berlin"),
        ("München", "Europe/Berlin"),
        ("munich", "Europe/Berlin"),
        ("germany", "Europe/Berlin"),
        ("Deutschland", "Europe/Berlin"),
        ("Allemagne", "Europe/Berlin"),
        ("Германия", "Europe/Berlin"),
        ("москва", "Europe/Moscow"),
        ("Киев", "Europe/Kyiv"),
        ("new york", "America/New_York"),
        ("NYC", "America/New_York"),
        ("Berlin, Germany", "Europe/Berlin"),
        ("New York, USA", "America/New_York"),
        ("San Francisco", "America/Los_Angeles"),
        ("São Paulo", "America/Sao_Paulo"),
        ("sao paulo", "America/Sao_Paulo"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("İstanbul", "Europe/Istanbul"),
        ("mumbai", "Asia/Kolkata"),
        ("India", "Asia/Kolkata"),
        ("日本", "Asia/Tokyo"),
        ("Lord Howe", "Australia/Lord_Howe"),
        ("Casablanca", "Africa/Casablanca"),
        ("Apia", "Pacific/Apia"),
        ("+2", "UTC+02:00"),
        ("UTC+2", "UTC+02:00"),
        ("gmt-3", "UTC-03:00"),
        ("UTC-03:30", "UTC-03:30"),
        ("utc +0545", "UTC+05:45"),
        ("−3", "UTC-03:00"),
        ("UTC", "UTC"),
        ("GMT", "UTC"),
        ("+0", "UTC"),
        ("z", "UTC"),
    ],
)
def test_a_zone_is_found(text: str, name: str) -> None:
    assert PHRASES.find_zone(text) == Found(Zone(name))


@pytest.mark.parametrize(
    ("text", "first", "alike"),
    [
        ("USA", "America/New_York", False),
        ("russia", "Europe/Moscow", False),
        ("Australien", "Australia/Sydney", False),
        ("Georgia", "Asia/Tbilisi", False),
        ("Berln", "Europe/Berlin", True),
        ("Amsterdm", "Europe/Amsterdam", True),
        ("Indiana", "Asia/Kolkata", True),
        ("Paris, Texas", "Europe/Paris", True),
    ],
)
def test_what_may_be_several_or_is_misspelt_is_offered(text: str, first: str, alike: bool) -> None:
    found = PHRASES.find_zone(text)
    assert isinstance(found, Offers)
    assert (found.zones[0], found.alike) == (Zone(first), alike)


@pytest.mark.parametrize("text", ["", "9", "call mum", "Nowhereland", "Etc", "x" * 5000, "+", "()"])
def test_what_is_no_place_is_not_guessed(text: str) -> None:
    assert PHRASES.find_zone(text) is None


@pytest.mark.parametrize("text", ["+20", "UTC-13", "+2:75"])
def test_an_offset_that_no_place_has_is_refused(text: str) -> None:
    with pytest.raises(UnknownZone):
        PHRASES.find_zone(text)


def test_every_zone_of_the_tables_is_in_the_database() -> None:
    assert set(known_zones()) <= set(PHRASES.calendar.names())

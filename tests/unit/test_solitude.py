"""Who flies alone. Not here: what comes of it for a message (``tests/acceptance/test_harness_faults``)."""

from uuid import UUID

import pytest

from application.changes import Head
from application.solitude import Air, alone_after


def head(deaths: int = 0, *, abandoned: bool = False) -> Head:
    return Head(
        "sender", UUID(int=1), "1:5", 1, True, 0, deaths, None, b"", ambiguous=abandoned, abandoned=abandoned
    )


def test_as_long_as_nobody_died_twice_there_is_room_for_all() -> None:
    air = Air()
    assert not air.must_wait("sender", head(1), among=9)
    air.take_off("sender", "1:5", head(1))
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (7, 7)


def test_a_row_that_died_twice_waits_for_the_air_to_be_empty_and_everybody_makes_room() -> None:
    air = Air()
    air.take_off("sender-bulk", "1:6", head())
    assert air.must_wait("sender", head(1, abandoned=True), among=1)
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (0, 0)
    air.land("sender-bulk", "1:6")
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (1, 0)


def test_while_it_flies_nobody_else_does_and_afterwards_all_do() -> None:
    air = Air()
    air.begin("sender")
    assert not air.must_wait("sender", head(2), among=1)
    air.take_off("sender", "1:5", head(2))
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (0, 0)
    air.land("sender", "1:5")
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (7, 7)


def test_it_waits_for_the_others_of_its_round_too() -> None:
    assert Air().must_wait("sender", head(2), among=2)


def test_who_does_not_come_back_to_fly_alone_is_not_waited_for() -> None:
    air = Air()
    assert air.must_wait("sender", head(2), among=2)
    air.begin("sender")
    assert (air.room("sender", 7), air.room("sender-bulk", 7)) == (7, 7)


@pytest.mark.parametrize(("deaths_max", "after"), [(2, 1), (3, 2), (9, 2)])
def test_the_last_death_before_a_row_is_buried_is_one_that_it_died_alone(deaths_max: int, after: int) -> None:
    assert alone_after(deaths_max) == after
    assert Air(after).must_wait("sender", head(after), among=2)
    assert not Air(after).must_wait("sender", head(after - 1), among=2)

"""What is planted by a variable, and what is refused. What becomes of it is in ``tests/wiring/test_up_poison``."""

import pytest

from domain.errors import InvalidSettings
from entrypoints.poison import Poison, planted


def test_without_the_variable_nothing_is_planted() -> None:
    assert planted({}) == ()


def test_several_may_be_planted_each_with_its_place_its_way_and_its_word() -> None:
    found = planted({"OPENCLAW_POISON": "brain.decode:kill:a:b,sender.call:wait:c"})
    assert found == (Poison("brain.decode", "kill", "a:b"), Poison("sender.call", "wait", "c"))


@pytest.mark.parametrize(
    "wanted", ["brain.decode", "brain.decode:kill:", "gateway.x:kill:a", "brain.decode:wait:a"]
)
def test_what_is_none_is_refused(wanted: str) -> None:
    with pytest.raises(InvalidSettings, match="OPENCLAW_POISON: must be PLACE:WAY:WORD"):
        planted({"OPENCLAW_POISON": wanted})

"""``/start`` greets, and remembers for the chat's scope that it has."""

from domain.commands.base import Answer, Ask, Command, Known, Need
from domain.decisions import PutSetting

GREETED = "greeted"


def step(ask: Ask, known: Known) -> Answer:
    """Greet for the first time, or again."""
    if GREETED in known.settings:
        return Answer("start.again")
    return Answer("start.first", effects=(PutSetting(GREETED, "yes"),))


COMMAND = Command("start", step, frozenset({Need.SETTINGS}))

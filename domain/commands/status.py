"""``/status`` shows the state of the system in its fixed format."""

from domain.commands.base import Answer, Ask, Command, Known, Menu, Need
from domain.status import status_text


def step(ask: Ask, known: Known) -> Answer:
    """Show the report that was made."""
    if known.report is None:
        raise ValueError("a status report is needed and none was made")
    return Answer("status", {"report": status_text(known.report)})


COMMAND = Command("status", step, frozenset({Need.STATUS}), frozenset({Menu.PRIVATE, Menu.GROUPS}))

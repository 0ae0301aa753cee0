"""``/help`` lists the commands of the table."""

from domain.commands.base import Answer, Ask, Command, Known, Menu


def step(ask: Ask, known: Known) -> Answer:
    """List them; the wording of the list is made from the table."""
    return Answer("help")


COMMAND = Command("help", step, menus=frozenset({Menu.PRIVATE, Menu.GROUPS}))

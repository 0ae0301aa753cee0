"""``/api`` shows the API mode; ``/api <mode>`` sets it for everyone, which is for admins."""

from domain.commands.base import Answer, Ask, Command, Known, Need
from domain.decisions import SetApiMode
from domain.runtime_state import InvalidMode, parse_mode


def step(ask: Ask, known: Known) -> Answer:
    """Show, set, or refuse and change nothing."""
    if not ask.args:
        return Answer("api.is", {"mode": known.mode.value})
    try:
        mode = parse_mode(ask.args)
    except InvalidMode:
        return Answer("api.invalid")
    if not ask.is_admin:
        return Answer("admins_only")
    return Answer("api.set", {"mode": mode.value}, (SetApiMode(mode),))


COMMAND = Command("api", step, frozenset({Need.MODE}))

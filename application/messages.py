"""All wording that users read, in one catalogue. Rules name a key and values; here is how it reads.

Not here: the fixed format of ``/status`` (``domain.status``).
"""

from collections.abc import Mapping

from domain.commands.table import COMMANDS
from domain.runtime_state import Mode

MAY_BE_A_REPEAT = "may be a repeat"

WORDING: Mapping[str, str] = {
    "start.first": "Hello! I am OpenClaw. Write to me, or send /help to see what I can do.",
    "start.again": "Welcome back. Send /help to see what I can do.",
    "help": "What I can do:\n{commands}",
    "api.is": "API mode: {mode}\nValid modes: {modes}",
    "api.set": "API mode is now {mode}.",
    "api.invalid": "That is not an API mode; nothing was changed.\nValid modes: {modes}",
    "admins_only": "Only admins of this bot may do that. Whoever runs it names them in OPENCLAW_ADMINS.",
    "status": "{report}",
    "unknown_command": "I do not know /{name}. Send /help to see what I can do.",
    "stale_button": "This button does nothing any more.",
}

SUMMARIES: Mapping[str, str] = {
    "start": "Say hello",
    "help": "Show what I can do",
    "api": "Show the API mode; admins set it with /api <mode>",
    "status": "Show how the system is doing",
}


def render(key: str, values: Mapping[str, str]) -> str:
    """Return the wording of ``key`` with ``values`` filled in. Raises KeyError where either is missing."""
    common = {"modes": ", ".join(mode.value for mode in Mode), "commands": help_lines()}
    return WORDING[key].format_map({**common, **values})


def help_lines() -> str:
    """Return the list of commands as people read it."""
    return "\n".join(f"/{name} - {SUMMARIES[name]}" for name in COMMANDS)


def command_menu() -> list[dict[str, str]]:
    """Return Telegram's command menu (https://core.telegram.org/bots/api#botcommand)."""
    return [{"command": name, "description": SUMMARIES[name]} for name in COMMANDS]

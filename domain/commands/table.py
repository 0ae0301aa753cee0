"""The table of all commands, in the order in which people see them."""

from collections.abc import Mapping

from domain.commands import access, api, help, start, status
from domain.commands.base import Command

COMMANDS: Mapping[str, Command] = {
    module.COMMAND.name: module.COMMAND for module in (start, help, api, status, access)
}

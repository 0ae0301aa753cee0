"""The table of all commands, in the order in which people see them."""

from collections.abc import Mapping

from domain.commands import (
    access,
    api,
    changing,
    closing,
    digest,
    habits,
    help,
    start,
    status,
    task,
    tasks,
    timezone,
)
from domain.commands.base import Command

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        start.COMMAND,
        help.COMMAND,
        *task.COMMANDS,
        *tasks.COMMANDS,
        *closing.COMMANDS,
        *changing.COMMANDS,
        *digest.COMMANDS,
        *timezone.COMMANDS,
        *habits.COMMANDS,
        api.COMMAND,
        status.COMMAND,
        access.COMMAND,
    )
}

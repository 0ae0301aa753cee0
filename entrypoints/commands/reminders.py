"""``openclaw reminders``: what is due, and what became of the reminders of a task. It only reads.

Not here: what people are told of a task (``/why``), and how things are shown (``entrypoints.views.reminders``).
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from application.agenda import LedgerRow, Outlook, TaskState
from application.books import ReminderRecords
from domain.scope import Scope
from entrypoints.containers import OperatorContainer
from entrypoints.exits import NothingFound
from entrypoints.operator import ask, bot_of, operator_settings
from entrypoints.options import (
    LIMIT_MAX,
    SCOPE,
    WithChats,
    as_json,
    bot_option,
    in_data_dir,
    since_option,
)
from entrypoints.settings import Settings
from entrypoints.views.lines import json_text, print_lines
from entrypoints.views.reminders import outlook_json, outlook_lines, task_json, task_lines

# An owner or a chat, and a task's number.
NUMBERED = re.compile(rf"({SCOPE.pattern}|-?[0-9]{{1,16}})/([0-9]{{1,9}})")
SINCE_S = 86_400.0
Name = UUID | tuple[str, int]


class TaskName(click.ParamType[Name]):
    """A task by its id, or by its chat or owner and its number; the latter as a pair."""

    name = "task"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Name:
        """Return what is meant, or fail with the forms that are understood."""
        if isinstance(value, UUID | tuple):
            return value
        numbered = NUMBERED.fullmatch(str(value))
        if numbered is not None:
            return numbered[1], int(numbered[numbered.re.groups])
        try:
            return UUID(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no task's id (a UUID) and no CHAT/NUMBER (such as 42/3 or 7123456789:u42/3)",
                param, ctx,
            )  # fmt: skip


@click.command(cls=WithChats)
@click.argument("name", type=TaskName(), required=False, metavar="[TASK | CHAT/NUMBER]")
@since_option
@click.option(
    "--limit", type=click.IntRange(1, LIMIT_MAX), default=20, show_default=True,
    help="So many occasions of a task, the newest; without a task so many that are next.",
)  # fmt: skip
@bot_option
@in_data_dir
@as_json
def reminders(
    name: Name | None,
    since: float | None,
    limit: int,
    bot: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show when a task reminds and what became of its reminders; without a task, what is due and next.

    TASK is a task's id. CHAT/NUMBER are Telegram's id of the chat, or the owner as `openclaw audit --scope` takes it,
    and the number that people see. Each occasion is shown as fired, late, skipped, superseded, paused or ambiguous;
    TOLD says of an ambiguous one whether its chat was told. What people wrote is not shown. Without a task, occasions
    are counted of the last day, or from --since on. With --json one document. Exit code 5: there is no such task.

    \b
    Examples: openclaw reminders
              openclaw reminders 42/3
              openclaw reminders -1001234567890/12 --limit 5
    """
    if name is not None and since is not None:
        raise click.UsageError("--since counts the occasions of all tasks; with a task give --limit")
    settings = operator_settings(data_dir)
    if name is None:
        _show_outlook(settings, time.time() - SINCE_S if since is None else since, limit, as_json=as_json)
        return

    async def question(container: OperatorContainer) -> tuple[TaskState | None, Sequence[LedgerRow]]:
        records: ReminderRecords = container.reminders()
        task = await records.task(await _meant(settings, container, name, bot))
        return task, () if task is None else await records.ledger(task.task_id, limit)

    task, ledger = ask(settings, question)
    if task is None:
        raise NothingFound("there is no such task; people see the numbers of theirs with /tasks")
    print_lines([json_text(task_json(task, ledger))] if as_json else task_lines(task, ledger))
    if len(ledger) == limit and not as_json:
        click.echo(f"openclaw: only the newest {limit} occasions are shown; see --limit", err=True)


def _show_outlook(settings: Settings, since: float, limit: int, *, as_json: bool) -> None:
    async def question(container: OperatorContainer) -> Outlook:
        records: ReminderRecords = container.reminders()
        return await records.outlook(since, limit)

    seen = ask(settings, question)
    print_lines([json_text(outlook_json(seen, since))] if as_json else outlook_lines(seen, since))


async def _meant(settings: Settings, container: OperatorContainer, name: Name, bot: int | None) -> Name:
    """Return the task's id, or its scope and number."""
    if isinstance(name, UUID):
        return name
    owner, number = name
    if SCOPE.fullmatch(owner) is not None:
        return owner, number
    return Scope(await bot_of(settings, container.records(), bot), int(owner)).key, number

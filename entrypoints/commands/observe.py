"""``openclaw status``, ``trace``, ``audit`` and ``dlq list``: what an operator sees. All of them only read.

Not here: finding the servers (``entrypoints.operator``) and how things are shown (``entrypoints.views``).
"""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from application.letters import Letter, LetterFilter
from application.ports import AuditEntry, AuditFilter, Records
from domain.catalogue import CATALOGUE
from domain.decisions import Outcome
from domain.ids import message_trace
from domain.scope import Scope
from entrypoints import assembly
from entrypoints.containers import OperatorContainer
from entrypoints.exits import Exit, NothingFound
from entrypoints.operator import ask, bot_of, operator_settings
from entrypoints.overview import find_out
from entrypoints.roles import ROLES
from entrypoints.settings import Settings
from entrypoints.views.audit import audit_json, audit_lines
from entrypoints.views.letters import letter_json, letter_lines
from entrypoints.views.lines import json_text
from entrypoints.views.status import status_json, status_lines
from entrypoints.views.trace import trace_json, trace_lines

TARGETS = (assembly.BRAIN, *assembly.SENDER_TARGETS)
TRACE_ROWS_MAX = 2_000
LIMIT_MAX = 100_000
MESSAGE = re.compile(r"(-?[0-9]{1,16})/([0-9]{1,16})")
TRACE = re.compile(r"[0-9a-f]{6,32}")
SPAN = re.compile(r"([0-9]{1,6})([smhd])")
OUTCOMES = click.Choice([each.value for each in Outcome])
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of text.")
in_data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the `up` to look at keeps its data; OPENCLAW_DATA_DIR otherwise.",
)
bot_option = click.option("--bot", type=click.IntRange(1), help="The bot's id, where several were used.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, LIMIT_MAX), default=50, show_default=True, help="The newest so many."
)


class Instant(click.ParamType[float]):
    """How long ago, or when: ``10m``, ``2h``, ``2026-11-22T16:00:00Z``; becomes seconds since the epoch."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the instant, or fail with the forms that are understood."""
        if isinstance(value, float):
            return value
        span = SPAN.fullmatch(value)
        if span is not None:
            return time.time() - int(span[1]) * UNIT_S[span[2]]
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; give 90s, 10m, 2h, 3d or 2026-11-22T16:00:00Z", param, ctx)


class TraceId(click.ParamType[str]):
    """A trace id or its first digits; with ``message`` also ``CHAT/MESSAGE``. Kept as text, in lower case."""

    name = "trace"

    def __init__(self, *, message: bool) -> None:
        self._message = message

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail with the forms that are understood."""
        text = str(value).lower()
        if not (TRACE.fullmatch(text) or (self._message and MESSAGE.fullmatch(text))):
            or_message = " and no CHAT/MESSAGE (such as -1001234567890/45)" if self._message else ""
            self.fail(f"{value!r} is no trace id (6 to 32 hex digits){or_message}", param, ctx)
        return text


class TraceCommand(click.Command):
    """A command whose argument may begin with a minus sign: chat ids of groups are negative."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, a message of a group put where it is no option."""
        if "--" not in args:
            messages = [arg for arg in args if MESSAGE.fullmatch(arg)]
            args = [*(arg for arg in args if arg not in messages), "--", *messages] if messages else args
        return super().parse_args(ctx, args)


@click.command()
@in_data_dir
@as_json
def status(data_dir: Path | None, as_json: bool) -> int:
    """Show what runs, what is owed, and what needs attention.

    Exit code 0: all is well. 1: something needs attention, named at the end: a role of which no instance runs, an
    event that has been due for a minute, a dead letter. 4: Postgres or Redis cannot be reached; what the other one
    knows is shown. With --json one document.

    \b
    Example: openclaw status --json
    """
    settings = operator_settings(data_dir)
    seen = find_out(settings, tuple(ROLES), TARGETS)
    _print([json_text(status_json(seen))] if as_json else status_lines(seen))
    if seen.figures is None or seen.queues is None:
        return Exit.UNREACHABLE
    return Exit.FAILED if seen.attention else Exit.OK


@click.command(cls=TraceCommand)
@click.argument("what", type=TraceId(message=True), metavar="TRACE | CHAT/MESSAGE")
@bot_option
@in_data_dir
@as_json
def trace(what: str, bot: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Show the way of one message through the services, with times.

    TRACE is a trace id or its first 6 or more digits, as `openclaw audit` shows them. CHAT/MESSAGE are Telegram's ids
    of a message that the bot received or sent. A row is written when its run ends; rows are indented under what caused
    them. With --json one document.

    \b
    Examples: openclaw trace 83784dac5626
              openclaw trace -1001234567890/45
    """
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> tuple[str, list[AuditEntry]]:
        records = container.records()
        trace_id = await _trace_meant(settings, records, what, bot)
        return trace_id, await records.audit(AuditFilter(trace_id=trace_id, limit=TRACE_ROWS_MAX))

    trace_id, entries = ask(settings, question)
    _print([json_text(trace_json(trace_id, entries))] if as_json else trace_lines(trace_id, entries))
    if len(entries) == TRACE_ROWS_MAX:
        click.echo(f"openclaw: only the newest {TRACE_ROWS_MAX} rows are shown", err=True)


async def _trace_meant(settings: Settings, records: Records, what: str, bot: int | None) -> str:
    """Return the trace id that ``what`` names. Raises NothingFound where the audit has no row of it."""
    message = MESSAGE.fullmatch(what)
    if message is not None:
        return await _trace_of_message(settings, records, int(message[1]), int(message[2]), bot)
    found = await records.traces(what, 6)
    if not found:
        raise NothingFound(f"the audit has no trace that begins with {what}")
    if len(found) > 1:
        more = " and more" if len(found) == 6 else ""
        raise click.UsageError(
            f"several traces begin with {what}: {', '.join(found[:5])}{more}; give more digits"
        )
    return found[0]


async def _trace_of_message(
    settings: Settings, records: Records, chat: int, message: int, bot: int | None
) -> str:
    bot_id = await bot_of(settings, records, bot)
    received = message_trace(bot_id, chat, message)
    if await records.audit(AuditFilter(trace_id=received, limit=1)):
        return received
    sent = await records.trace_of_delivery(bot_id, chat, message)
    if sent is None:
        raise NothingFound(
            f"bot {bot_id} neither received nor sent message {message} in chat {chat}, as far as the audit and the "
            "ledger of deliveries know"
        )
    return sent


@click.command()
@click.option(
    "--since", type=Instant(), help="Only rows from then on: 90s, 10m, 2h, 3d or 2026-11-22T16:00:00Z."
)
@click.option(
    "--outcome", type=OUTCOMES, metavar="OUTCOME", help=f"Only this outcome: {', '.join(OUTCOMES.choices)}."
)
@click.option("--consumer", type=click.Choice(list(ROLES)), help="Only rows of this service.")
@click.option(
    "--type",
    "event_type",
    type=click.Choice(list(CATALOGUE)),
    metavar="TYPE",
    help="Only this type of event, such as message.received or telegram.send.",
)
@click.option("--chat", type=int, help="Only this chat, by Telegram's id.")
@click.option(
    "--scope", help="Only this owner of data, such as 7123456789:u42 or 7123456789:c-1001234567890."
)
@click.option(
    "--trace",
    "trace_id",
    type=TraceId(message=False),
    help="Only this trace, by its id or first 6 or more digits.",
)
@click.option("--event", "event_id", type=click.UUID, help="Only this event.")
@bot_option
@limit_option
@in_data_dir
@as_json
def audit(data_dir: Path | None, as_json: bool, **filters: Any) -> None:
    """Show what became of events: the newest rows of the audit, oldest first.

    Filters are combined. OWNER is u and the user's id in private, c and the chat's id in a group. With --json one
    object a line, with all that a row has. Exit code 5: no row matches.

    \b
    Example: openclaw audit --since 2h --outcome retried --chat -1001234567890
    """
    if filters["chat"] is not None and filters["scope"] is not None:
        raise click.UsageError("--chat and --scope both name an owner; give one of them")
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> list[AuditEntry]:
        return await container.records().audit(await _filter(settings, container.records(), filters))

    entries = ask(settings, question)
    if not entries:
        raise NothingFound("the audit has no row" + _that(filters, ("limit", "bot")))
    _print((json_text(audit_json(entry)) for entry in entries) if as_json else audit_lines(entries))


async def _filter(settings: Settings, records: Records, filters: Mapping[str, Any]) -> AuditFilter:
    """Return the filter that the options ask for."""
    scope, trace_id = filters["scope"], filters["trace_id"]
    if filters["chat"] is not None:
        scope = Scope(await bot_of(settings, records, filters["bot"]), filters["chat"]).key
    if trace_id is not None:
        trace_id = await _trace_meant(settings, records, trace_id, filters["bot"])
    event_id: UUID | None = filters["event_id"]
    return AuditFilter(
        trace_id, filters["outcome"], filters["consumer"], filters["event_type"], scope, event_id, filters["since"],
        filters["limit"],
    )  # fmt: skip


def _that(filters: Mapping[str, Any], left_out: Iterable[str]) -> str:
    """Return in words what was looked for."""
    given = [name for name, value in filters.items() if value is not None and name not in left_out]
    names = {"event_type": "type", "trace_id": "trace", "event_id": "event"}
    return (
        " that matches " + " and ".join(f"--{names.get(name, name)}" for name in given) if given else " yet"
    )


@click.group()
def dlq() -> None:
    """Look at dead letters: events that could not be handled, kept with every reason.

    \b
    Example: openclaw dlq list --target sender
    """


@dlq.command("list", short_help="Show the newest dead letters with their reasons.")
@click.option("--target", type=click.Choice(TARGETS), help="Only events for this consumer.")
@limit_option
@in_data_dir
@as_json
def dlq_list(target: str | None, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """Show the newest dead letters, oldest first, each with every reason, and never what people wrote.

    DEATHS counts the processes that ended while they handled the event. With --json one object a line. Having none is
    no failure: the exit code is 0.

    \b
    Example: openclaw dlq list --target sender --limit 10
    """
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> list[Letter]:
        return await container.letters().newest(LetterFilter(target=target), limit)

    letters = ask(settings, question)
    if as_json:
        _print(json_text(letter_json(letter)) for letter in letters)
    elif letters:
        _print(letter_lines(letters))
    else:
        click.echo(f"no dead letters{f' for {target}' if target else ''}")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)

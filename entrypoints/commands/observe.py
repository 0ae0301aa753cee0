"""``openclaw status``, ``trace`` and ``audit``: what an operator sees. All of them only read.

Not here: finding the servers (``entrypoints.operator``), dead letters (``dead_letters``), and how things are shown
(``entrypoints.views``).
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from attrs import evolve

from application.ports import Records
from application.records import AuditEntry, AuditFilter
from domain.decisions import Outcome
from domain.errors import OpenClawError, StoreUnavailable
from domain.ids import message_trace
from domain.scope import Scope
from entrypoints.containers import OperatorContainer
from entrypoints.exits import Exit, NothingFound
from entrypoints.live import watch
from entrypoints.operator import ask, bot_of, operator_settings, postgres_fault
from entrypoints.options import (
    MESSAGE,
    TARGETS,
    TraceId,
    WithChats,
    as_json,
    bot_option,
    chat_option,
    in_data_dir,
    limit_option,
    options_given,
    refuse_two_owners,
    scope_option,
    since_option,
    trace_option,
    type_option,
)
from entrypoints.overview import find_out
from entrypoints.preparation import prepare
from entrypoints.roles import ROLES
from entrypoints.settings import Settings
from entrypoints.views.audit import audit_heading, audit_json, audit_lines, followed_lines
from entrypoints.views.lines import json_text, plain, print_lines
from entrypoints.views.status import Overview, status_json, status_lines
from entrypoints.views.trace import trace_json, trace_lines

TRACE_ROWS_MAX = 2_000
OUTCOMES = click.Choice([each.value for each in Outcome])
OPERATOR = "operator"
# How often `--follow` looks, and how many rows it takes at once; while there are more it looks again without waiting.
FOLLOW_S = 1.0
FOLLOWED_ROWS_MAX = 1_000


@click.command()
@in_data_dir
@click.option(
    "--watch",
    "every_s",
    is_flag=False,
    flag_value=2.0,
    type=click.FloatRange(0.2, 3600),
    metavar="[SECONDS]",
    help="Show it again every so many seconds, 2 by default, until Ctrl-C.",
)
@as_json
def status(data_dir: Path | None, every_s: float | None, as_json: bool) -> int:
    """Show what runs, what is owed, and what needs attention.

    Exit code 0: all is well. 1: something needs attention, named at the end: a role of which no instance runs, an
    event that has been due for a minute, a dead letter. 4: Postgres or Redis cannot be reached; what the other one
    knows is shown. With --json one document.

    With --watch it is redrawn in place, goes on when a server goes away, and ends with 0 by Ctrl-C. Where the output
    is no terminal, each report follows the last under a line with its time; with --json a line each.

    \b
    Examples: openclaw status --json
              openclaw status --watch 5
    """
    if every_s is not None:
        # Faults of the settings end it here; that nothing runs may change.
        prepare()
        watch(lambda: _status_again(data_dir, as_json), every_s, sys.stdout, bare=as_json)
        return Exit.OK
    seen = find_out(operator_settings(data_dir), tuple(ROLES), TARGETS)
    print_lines(_status(seen, as_json))
    if seen.figures is None or seen.queues is None:
        return Exit.UNREACHABLE
    return Exit.FAILED if seen.attention else Exit.OK


def _status(seen: Overview, as_json: bool) -> list[str]:
    return [json_text(status_json(seen))] if as_json else status_lines(seen)


def _status_again(data_dir: Path | None, as_json: bool) -> list[str]:
    """Return one of many reports; the servers are looked for each time, since an `up` may come and go."""
    try:
        return _status(find_out(operator_settings(data_dir), tuple(ROLES), TARGETS), as_json)
    except OpenClawError as error:
        text = plain(str(error))
        return [json_text({"attention": [text]})] if as_json else [text]


@click.command(cls=WithChats)
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
    print_lines([json_text(trace_json(trace_id, entries))] if as_json else trace_lines(trace_id, entries))
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
@since_option
@click.option(
    "--outcome", type=OUTCOMES, metavar="OUTCOME", help=f"Only this outcome: {', '.join(OUTCOMES.choices)}."
)
@click.option("--consumer", type=click.Choice([*ROLES, OPERATOR]), help="Only rows of this service.")
@type_option
@chat_option
@scope_option
@trace_option
@click.option("--event", "event_id", type=click.UUID, help="Only this event.")
@bot_option
@limit_option
@click.option("--follow", "-f", is_flag=True, help="Go on with new rows as they come, until Ctrl-C.")
@in_data_dir
@as_json
def audit(data_dir: Path | None, as_json: bool, follow: bool, **filters: Any) -> int:
    """Show what became of events: the newest rows of the audit, oldest first.

    Filters are combined. OWNER is u and the user's id in private, c and the chat's id in a group. With --json one
    object a line, with all that a row has. Exit code 5: no row matches. With --follow new rows are shown as they are
    committed, each once; a server that goes away is waited for, and Ctrl-C ends it with exit code 0.

    \b
    Examples: openclaw audit --since 2h --outcome retried --chat -1001234567890
              openclaw audit --follow --outcome dead_lettered
    """
    refuse_two_owners(filters)
    settings = operator_settings(data_dir)
    if follow:
        return _follow(settings, filters, as_json=as_json)

    async def question(container: OperatorContainer) -> list[AuditEntry]:
        return await container.records().audit(await _filter(settings, container.records(), filters))

    entries = ask(settings, question)
    if not entries:
        given = options_given(filters, ("limit", "bot"))
        raise NothingFound("the audit has no row" + (f" that matches {given}" if given else " yet"))
    print_lines((json_text(audit_json(entry)) for entry in entries) if as_json else audit_lines(entries))
    return Exit.OK


def _follow(settings: Settings, filters: dict[str, Any], *, as_json: bool) -> int:
    """Show the newest rows and then every new one, until Ctrl-C."""

    def show(entries: list[AuditEntry]) -> None:
        print_lines(
            (json_text(audit_json(entry)) for entry in entries) if as_json else followed_lines(entries)
        )

    async def question(container: OperatorContainer) -> None:
        records, clock = container.records(), container.clock()
        wanted = await _filter(settings, records, filters)
        entries, mark = await records.audit_after(wanted, None)
        if not as_json:
            click.echo(audit_heading())
        show(entries)
        wanted, is_away = evolve(wanted, limit=FOLLOWED_ROWS_MAX), False
        while True:
            if len(entries) < FOLLOWED_ROWS_MAX:
                await clock.sleep(FOLLOW_S)
            try:
                entries, mark = await records.audit_after(wanted, mark)
            except StoreUnavailable as error:
                if not is_away:
                    click.echo(f"openclaw: {postgres_fault(settings, error)}; waiting for it", err=True)
                entries, is_away = [], True
                continue
            if is_away:
                click.echo("openclaw: Postgres answers again", err=True)
                is_away = False
            show(entries)

    with suppress(KeyboardInterrupt):
        ask(settings, question)
    return Exit.OK


async def _filter(settings: Settings, records: Records, filters: dict[str, Any]) -> AuditFilter:
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

"""``openclaw dlq``: looking at dead letters, and redriving or discarding them.

Not here: moving them in batches (``entrypoints.clearing``) and how they are shown (``entrypoints.views.letters``).
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from application.letters import Letter, LetterFilter
from application.ports import DeadLetters
from application.records import AuditEntry, AuditFilter
from domain.errors import StoreUnavailable
from entrypoints.clearing import Act, Clearing, Manner
from entrypoints.containers import OperatorContainer
from entrypoints.exits import Exit, NothingFound
from entrypoints.operator import ask, bot_of, operator_settings
from entrypoints.options import (
    SCOPE,
    TARGETS,
    TRACE,
    Instant,
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
from entrypoints.settings import Settings
from entrypoints.views.envelopes import whole
from entrypoints.views.letters import letter_json, letter_lines, shown_json, shown_lines
from entrypoints.views.lines import json_text, plain, print_lines

Command = TypeVar("Command", bound=Callable[..., Any])

# Longer digits alone are the beginning of a trace id; no installation will have so many letters.
ID = re.compile(r"[0-9]{1,11}")
WHY_CHARS_MAX = 200
# Letters of one trace, and rows of the audit about it, that one look shows.
OF_TRACE_MAX = 100
AUDIT_ROWS_MAX = 2_000
# The row of the audit that tells of a death is written with it; so far apart may their two clocks' readings be.
DEATH_S = 300.0


class Name(click.ParamType[LetterFilter]):
    """A letter by its id, its event id, or the first 6 or more digits of its trace."""

    name = "letter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LetterFilter:
        """Return which letters are meant, or fail with the forms that are understood."""
        if isinstance(value, LetterFilter):
            return value
        text = str(value).lower()
        if ID.fullmatch(text):
            return LetterFilter(letter_id=int(text))
        if TRACE.fullmatch(text):
            return LetterFilter(trace=text)
        try:
            return LetterFilter(event_id=UUID(text))
        except ValueError:
            self.fail(
                f"{value!r} is no letter's id (see `openclaw dlq list`), event id, or trace (6 to 32 hex digits)",
                param, ctx,
            )  # fmt: skip


class Why(click.ParamType[str]):
    """A reason for the audit: one line, without credentials."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is kept, or fail where there is none or too much."""
        text = plain(str(value), WHY_CHARS_MAX + 1)
        if not 1 <= len(text) <= WHY_CHARS_MAX:
            self.fail(f"give a reason of 1 to {WHY_CHARS_MAX} characters; the audit keeps it", param, ctx)
        return text


FILTERS = (
    click.option("--target", type=click.Choice(TARGETS), help="Only events for this consumer."),
    type_option,
    click.option("--reason", help="Only with this text in one of the reasons, in upper or lower case."),
    chat_option,
    scope_option,
    since_option,
    click.option("--until", type=Instant(), help="Only those that died before then."),
    trace_option,
    bot_option,
)
NO_FILTER = ("limit", "bot")


def filtered(command: Command) -> Command:
    """Give a command the options that say which letters are meant."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


def moving(command: Command) -> Command:
    """Give a command the options of redriving and discarding."""
    options = (
        click.argument("names", nargs=-1, type=Name(), metavar="[LETTER]..."),
        click.option("--all", "is_all", is_flag=True, help="All letters that match the filters."),
        click.option("--dry-run", is_flag=True, help="Show which letters it would be, and change nothing."),
        click.option("--yes", is_flag=True, help="With --all, do not ask first."),
        in_data_dir,
        as_json,
    )
    command = filtered(command)
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def dlq() -> None:
    """Look at dead letters and redrive or discard them: events that could not be handled, with every reason.

    \b
    Examples: openclaw dlq list --target sender --since 1d
              openclaw dlq show 12
              openclaw dlq redrive --reason "502 Bad Gateway" --all --dry-run
    """


@dlq.command("list", short_help="Show the newest dead letters with their reasons.")
@filtered
@click.option("--count", "is_count", is_flag=True, help="Only say how many there are.")
@limit_option
@in_data_dir
@as_json
def list_(data_dir: Path | None, as_json: bool, limit: int, is_count: bool, **filters: Any) -> None:
    """Show the newest dead letters, oldest first, each with every reason, and never what people wrote.

    DEATHS counts the processes that ended while they handled the event. With --json one object a line. Having none is
    no failure: the exit code is 0.

    \b
    Example: openclaw dlq list --target sender --limit 10
    """
    refuse_two_owners(filters)
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> tuple[int, Sequence[Letter]]:
        wanted = await _filter(settings, container, filters)
        letters: DeadLetters = container.letters()
        if is_count:
            return (await letters.count(wanted)).letters, ()
        found = await letters.newest(wanted, limit)
        if not as_json:
            await _seen(letters, found)
        return len(found), found

    number, letters = ask(settings, question)
    if is_count:
        click.echo(json_text({"count": number}) if as_json else str(number))
    elif as_json:
        print_lines(json_text(letter_json(letter)) for letter in letters)
    elif letters:
        print_lines(letter_lines(letters))
    else:
        click.echo(f"no dead letters{_that(filters)}")


@dlq.command("show", short_help="Show everything about one dead letter.")
@click.argument("name", type=Name(), metavar="LETTER")
@click.option("--payload", is_flag=True, help="Show the envelope whole, with what people wrote.")
@in_data_dir
@as_json
def show(name: LetterFilter, payload: bool, data_dir: Path | None, as_json: bool) -> None:
    """Show everything about a dead letter: its reasons, its envelope in outline, and the audit of its trace.

    LETTER is its id, its event id, or the first 6 or more digits of its trace (then each letter of that trace is
    shown). Texts of the payload are told by their length. With --payload the envelope is printed whole: that may be
    what somebody wrote in private. With --json one object a line.

    \b
    Example: openclaw dlq show 12
    """
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> list[tuple[Letter, list[AuditEntry]]]:
        letters = await _named(container.letters(), [name])
        if not as_json:
            await _seen(container.letters(), letters)
        return [(letter, await _audit_of(container, letter)) for letter in letters]

    found = ask(settings, question)
    if not found:
        raise NothingFound(f"there is no such dead letter{_hint(name)}")
    if payload:
        click.echo("openclaw: what follows holds what people wrote; do not pass it on", err=True)
    for letter, entries in found:
        if as_json:
            more = {"payload": whole(letter.envelope)} if payload else {}
            click.echo(json_text({**shown_json(letter, entries), **more}))
        else:
            print_lines(shown_lines(letter, entries))
            print_lines(["", whole(letter.envelope)] if payload else [])


@dlq.command("redrive", short_help="Let dead letters be tried again.")
@moving
def redrive(names: Sequence[LetterFilter], data_dir: Path | None, **options: Any) -> int:
    """Let dead letters be tried again, as if they had never been: each goes to the end of what its chat waits for.

    Name letters as in `openclaw dlq show`, or choose them by filters with --all. Doing it twice does it once, and what
    was delivered meanwhile is not sent again. The services take redriven letters up within about a second. Each leaves
    a row `redriven` in the audit. Exit code 5: none of them is there, or not any more.

    \b
    Examples: openclaw dlq redrive 12 14
              openclaw dlq redrive --target sender --reason "Bad Gateway" --all --dry-run
    """

    async def act(container: OperatorContainer, settings: Settings) -> int:
        letters = container.letters()
        manner, filters = _manner(options)
        clearing = Clearing(Act("redrive", "redriven"), manner, letters, letters.redrive)
        return await _clear(clearing, container, settings, names, filters)

    _check(names, options)
    settings = operator_settings(data_dir)
    return ask(settings, lambda container: act(container, settings))


@dlq.command("discard", short_help="Remove dead letters for ever.")
@moving
@click.option("--why", type=Why(), help="The reason, which the audit keeps.")
def discard(names: Sequence[LetterFilter], why: str | None, data_dir: Path | None, **options: Any) -> int:
    """Remove dead letters for ever. What they asked for will not be done.

    Name letters as in `openclaw dlq show`, or choose them by filters with --all. Each leaves a row `discarded` with
    the reason in the audit. Exit code 5: none of them is there, or not any more.

    \b
    Example: openclaw dlq discard 12 --why "the chat is gone"
    """

    async def act(container: OperatorContainer, settings: Settings) -> int:
        letters = container.letters()
        manner, filters = _manner(options)
        clearing = Clearing(
            Act("discard", "discarded"), manner, letters, lambda ids: letters.discard(ids, why or "")
        )
        return await _clear(clearing, container, settings, names, filters)

    _check(names, options)
    if why is None and not options["dry_run"]:
        raise click.UsageError('--why is missing; say why, such as --why "the chat is gone"')
    settings = operator_settings(data_dir)
    return ask(settings, lambda container: act(container, settings))


def _manner(options: dict[str, Any]) -> tuple[Manner, dict[str, Any]]:
    """Take apart how it is done and which letters are meant."""
    manner = Manner(options["dry_run"], options["yes"], options["as_json"])
    others = ("dry_run", "yes", "as_json", "is_all")
    return manner, {name: value for name, value in options.items() if name not in others}


def _check(names: Sequence[LetterFilter], options: dict[str, Any]) -> None:
    """Raise UsageError unless letters are named, or --all says that filters choose them."""
    filters = _manner(options)[1]
    refuse_two_owners(filters)
    given = options_given(filters, NO_FILTER)
    if names and (given or options["is_all"]):
        raise click.UsageError(
            f"letters are named, so {given or '--all'} says nothing; give one or the other"
        )
    if not names and not options["is_all"]:
        what = f"all letters that match {given}" if given else "every letter"
        raise click.UsageError(f"name letters by their ids, or give --all for {what}")


async def _seen(letters: DeadLetters, found: Sequence[Letter] = ()) -> None:
    """Note that somebody looked; nobody is kept from looking where that cannot be noted."""
    with suppress(StoreUnavailable):
        await letters.seen([letter.letter_id for letter in found])


async def _clear(
    clearing: Clearing,
    container: OperatorContainer,
    settings: Settings,
    names: Sequence[LetterFilter],
    filters: dict[str, Any],
) -> int:
    if not clearing.manner.dry_run:
        await _seen(clearing.letters)
    if not names:
        return await clearing.matching(await _filter(settings, container, filters), _that(filters))
    found = await _named(clearing.letters, names, tell=True)
    if not found:
        return Exit.NOTHING
    return await clearing.named(found)


async def _named(letters: DeadLetters, names: Sequence[LetterFilter], *, tell: bool = False) -> list[Letter]:
    """Return the letters that are named, each once, in order of ids; ``tell`` says of each name that names none."""
    found: dict[int, Letter] = {}
    for name in names:
        these = await letters.newest(name, OF_TRACE_MAX)
        traces = sorted({letter.trace_id or "" for letter in these})
        if name.trace is not None and len(traces) > 1:
            raise click.UsageError(
                f"letters of several traces begin with {name.trace}: {', '.join(traces[:5])}; give more digits"
            )
        if tell and not these:
            click.echo(f"openclaw: {_words(name)} is not there, or not any more{_hint(name)}", err=True)
        found.update((letter.letter_id, letter) for letter in these)
    return [found[letter_id] for letter_id in sorted(found)]


def _words(name: LetterFilter) -> str:
    """Return what a name says, as it was given."""
    if name.letter_id is not None:
        return f"letter {name.letter_id}"
    return (
        f"a letter of event {name.event_id}"
        if name.event_id is not None
        else f"a letter of trace {name.trace}"
    )


def _hint(name: LetterFilter) -> str:
    """Return what else somebody may have meant."""
    digits = str(name.letter_id or "")
    return (
        "; for a trace that begins with these digits give twelve or more" if TRACE.fullmatch(digits) else ""
    )


async def _audit_of(container: OperatorContainer, letter: Letter) -> list[AuditEntry]:
    """Return what the audit has of the letter's trace; of its death alone where it has none."""
    if letter.trace_id is not None:
        wanted = AuditFilter(trace_id=letter.trace_id, limit=AUDIT_ROWS_MAX)
    else:
        wanted = AuditFilter(event_id=letter.event_id, since=letter.dead_at - DEATH_S, limit=AUDIT_ROWS_MAX)
    entries: list[AuditEntry] = await container.records().audit(wanted)
    return entries


async def _filter(settings: Settings, container: OperatorContainer, filters: dict[str, Any]) -> LetterFilter:
    """Return the filter that the options ask for."""
    lane = None
    if filters["chat"] is not None:
        lane = f"{await bot_of(settings, container.records(), filters['bot'])}:{filters['chat']}"
    elif filters["scope"] is not None:
        scope = SCOPE.fullmatch(filters["scope"])
        assert scope is not None
        lane = f"{scope[1]}:{scope[2] or scope[3]}"
    return LetterFilter(
        filters["target"], filters["event_type"], filters["reason"], lane, filters["trace_id"],
        since=filters["since"], until=filters["until"],
    )  # fmt: skip


def _that(filters: dict[str, Any]) -> str:
    """Return in words which letters were looked for."""
    given = options_given(filters, NO_FILTER)
    return f" matching {given}" if given else ""

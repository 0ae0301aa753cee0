"""Options and kinds of values that several of the operator's commands take.

Not here: the commands (``commands``), and finding the servers (``operator``).
"""

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from domain.catalogue import CATALOGUE
from entrypoints import assembly

TARGETS = (assembly.BRAIN, *assembly.SENDER_TARGETS)
LIMIT_MAX = 100_000
MESSAGE = re.compile(r"(-?[0-9]{1,16})/([0-9]{1,16})")
TRACE = re.compile(r"[0-9a-f]{6,32}")
SCOPE = re.compile(r"([0-9]{1,16}):(?:u([0-9]{1,16})|c(-?[0-9]{1,16}))")
SPAN = re.compile(r"([0-9]{1,6})([smhd])")
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


class WithChats(click.Command):
    """A command whose argument may begin with a minus sign: chat ids of groups are negative."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, what is of a group put where it is no option."""
        if "--" not in args:
            of_chats = [arg for arg in args if MESSAGE.fullmatch(arg)]
            args = [*(arg for arg in args if arg not in of_chats), "--", *of_chats] if of_chats else args
        return super().parse_args(ctx, args)


class ScopeKey(click.ParamType[str]):
    """An owner of data: ``{bot}:u{user}`` or ``{bot}:c{chat}``."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail with the forms that are understood."""
        if SCOPE.fullmatch(str(value)) is None:
            self.fail(
                f"{value!r} is no owner such as 7123456789:u42 or 7123456789:c-1001234567890", param, ctx
            )
        return str(value)


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
type_option = click.option(
    "--type",
    "event_type",
    type=click.Choice(list(CATALOGUE)),
    metavar="TYPE",
    help="Only this type of event, such as message.received or telegram.send.",
)
chat_option = click.option("--chat", type=int, help="Only this chat, by Telegram's id.")
scope_option = click.option(
    "--scope",
    type=ScopeKey(),
    help="Only this owner of data, such as 7123456789:u42 or 7123456789:c-1001234567890.",
)
since_option = click.option(
    "--since", type=Instant(), help="Only from then on: 90s, 10m, 2h, 3d or 2026-11-22T16:00:00Z."
)
trace_option = click.option(
    "--trace",
    "trace_id",
    type=TraceId(message=False),
    help="Only this trace, by its id or first 6 or more digits.",
)

# What options are called where their values have other names.
OPTION_NAMES = {"event_type": "type", "trace_id": "trace", "event_id": "event"}


def options_given(filters: dict[str, Any], left_out: tuple[str, ...] = ()) -> str:
    """Return the options that were given in words: ``--chat and --outcome``; empty where none was."""
    given = [name for name, value in filters.items() if value is not None and name not in left_out]
    return " and ".join(f"--{OPTION_NAMES.get(name, name)}" for name in given)


def refuse_two_owners(filters: dict[str, Any]) -> None:
    """Raise UsageError where both ``--chat`` and ``--scope`` are given."""
    if filters["chat"] is not None and filters["scope"] is not None:
        raise click.UsageError("--chat and --scope both name an owner; give one of them")

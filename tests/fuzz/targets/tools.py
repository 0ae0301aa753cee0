"""Targets: what operators hand in: settings and command lines.

Not here: command lines that reach servers (``servers``), and backups (``rows``).
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import click
import redis.asyncio

from adapters.redis_streams.connect import connect
from adapters.telegram.client import HttpTelegram
from domain.errors import InvalidSettings
from entrypoints.assembly import limits_of, policy_of, rates_of
from entrypoints.cli import COMMANDS, cli, main
from entrypoints.exits import Exit
from entrypoints.settings import FIELDS, SECRETS, Settings, load_settings
from entrypoints.settings_source import PREFIX, variable
from tests.fuzz.loop import NoCase, Target
from tests.fuzz.mutation import Json, as_bytes, as_list, as_object, as_text
from tests.fuzz.watch import Unforeseen, run
from tests.fuzz.words import WORDS, thought_of

ARGUMENTS_MAX = 12
# What may be run in an empty folder where nothing runs: it finds no servers, and says so.
HARMLESS = frozenset(
    {"status", "trace", "audit", "reminders", "dlq", "access", "version", "health", "migrate"}
)
MARK = "planted-secret-text"


@contextmanager
def folder() -> Iterator[Path]:
    """Lend an empty folder."""
    with tempfile.TemporaryDirectory(prefix="oc-fuzz-") as path:
        yield Path(path)


def settings(value: Json) -> str:
    """Read the settings from variables and a file, and make of them what a service makes of them."""
    given = as_object(value)
    environ = {
        f"{PREFIX}{name[:60]}" if not name.startswith("$") else name[1:60]: as_text(text)[:4000]
        for name, text in as_object(given.get("env")).items()
    }
    if any("\0" in part for pair in environ.items() for part in pair) or any(
        MARK in name for name in environ
    ):
        # No environment can hold it, and names are no secrets.
        raise NoCase
    with folder() as path:
        if "file" in given:
            (path / ".env").write_bytes(as_bytes(given["file"]))
        if "secret" in given:
            (path / "secret").write_bytes(as_bytes(given["secret"]))
        try:
            found = load_settings(environ, path)
        except InvalidSettings as error:
            if not error.reasons or not all(reason.isprintable() for reason in error.reasons):
                raise Unforeseen("a refusal without a reason, or one that steers a terminal") from error
            if MARK in str(error):
                raise Unforeseen("a refusal repeats what may be a secret") from error
            return f"refused: {error.reasons[0].partition(':')[2][:30]}"
        if MARK in repr(found):
            raise Unforeseen("the settings show what may be a secret")
        return run(lambda: _used(found))


async def _used(found: Settings) -> str:
    """Make of settings what the services make of them, without reaching anything."""
    limits_of(found), policy_of(found), rates_of(found), found.access_policy(), found.secret_texts()
    if found.telegram_token is not None:
        telegram = HttpTelegram(found.telegram_token.reveal(), found.telegram_api_url)
        telegram._url("getMe")
        await telegram.aclose()
    if found.redis_url is not None:
        client: redis.asyncio.Redis = connect(found.redis_url.reveal(), "openclaw-test")
        client.connection_pool.make_connection()
        await client.aclose()
    with suppress(OSError):
        found.data_dir.stat()
    return "read"


def command_line(value: Json) -> str:
    """Read a command line; run it where that changes nothing."""
    arguments = [as_text(each)[:2000].encode("utf-8", "replace").decode() for each in as_list(value)][
        :ARGUMENTS_MAX
    ]
    if any("\0" in each for each in arguments):
        # No command line can hold it.
        raise NoCase
    out, err = io.StringIO(), io.StringIO()
    with folder() as path, inside(path), redirect_stdout(out), redirect_stderr(err):
        if not arguments or arguments[0] not in HARMLESS:
            return _parsed(arguments)
        if "--watch" in arguments or any(
            each.startswith(("--watch", "--follow", "-f")) for each in arguments
        ):
            raise NoCase
        code = main(arguments)
    if "openclaw: unexpected" in err.getvalue() or "Traceback" in err.getvalue():
        raise Unforeseen(err.getvalue()[-300:])
    if code not in [*Exit] or (code != Exit.OK and not err.getvalue() + out.getvalue()):
        raise Unforeseen(f"it ended with {code} and said nothing")
    return f"{arguments[0]} {code}"


def _parsed(arguments: list[str]) -> str:
    """Parse arguments to their end without running anything."""
    command: click.Command | None = cli
    parent: click.Context | None = None
    try:
        while isinstance(command, click.Group):
            parent = command.make_context("openclaw", list(arguments), parent)
            rest = [*parent._protected_args, *parent.args]
            if not rest:
                return "nothing to do"
            _, command, arguments = command.resolve_command(parent, rest)
        assert command is not None
        command.make_context(command.name, list(arguments), parent)
    except click.exceptions.Exit:
        return "help"
    except click.ClickException as error:
        if not error.format_message():
            raise Unforeseen("a refusal without a word") from error
        return type(error).__name__
    return "understood"


@contextmanager
def inside(path: Path) -> Iterator[None]:
    """Be in a folder, without the variables of our own."""
    before, environ = Path.cwd(), dict(os.environ)
    os.chdir(path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environ)


def _settings() -> list[Json]:
    return [*({"env": {field.name.upper(): "1"}} for field in FIELDS), *thought_of("settings")]


def command_lines() -> list[Json]:
    """Return command lines to begin with."""
    more: tuple[list[str], ...] = ([], ["--help"], ["--json"], ["--data-dir", "x"])
    return [*([row.name, *each] for row in COMMANDS for each in more), *thought_of("arguments")]


NAMES = (
    *(variable(field.name).removeprefix(PREFIX) for field in FIELDS),
    *(f"{name.upper()}_FILE" for name in SECRETS),
)
TARGETS = (
    Target(
        "settings",
        "every variable OPENCLAW_*, a file .env and a file of a secret, with any text",
        "settings that services can be made of, or every fault by the name of its variable; no secret in either",
        settings,
        _settings,
        (*NAMES, *WORDS["settings"]),
    ),
    Target(
        "arguments",
        "the arguments of every command of openclaw; those that only look are run where nothing runs",
        "understood, or one sentence of what is wrong and an exit code of the table",
        command_line,
        command_lines,
        (*(row.name for row in COMMANDS), *WORDS["arguments"]),
    ),
)

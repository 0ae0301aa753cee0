"""The command line: the table of commands, and how each end of a command is told.

One row a command, one module under ``commands`` with the click command of that name. A module is imported when its
command runs, so ``--help`` and ``version`` stay quick. Not here: what a command does.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import Any

import click
from attrs import frozen

from domain.errors import InvalidSettings, OpenClawError
from domain.redaction import without_credentials
from entrypoints.exits import MEANINGS, Exit, exit_code_of
from entrypoints.version import version


@frozen
class Row:
    """One command: its name, the module under ``entrypoints.commands``, its group in the help, and what it does."""

    name: str
    module: str
    group: str
    about: str

    @property
    def attribute(self) -> str:
        """The name of the click command in its module."""
        return self.name.replace("-", "_")


COMMANDS = (
    Row("up", "everything", "Run", "Run everything on this machine; without a bot token, with a chat here."),
    Row("gateway", "serve", "Run", "Take updates in from Telegram."),
    Row("brain", "serve", "Run", "Decide what to do about each event."),
    Row("sender", "serve", "Run", "Deliver to Telegram."),
    Row("scheduler", "serve", "Run", "Say when tasks are due."),
    Row("simulate-telegram", "simulated", "Run", "Run a simulated Telegram for services that run apart."),
    Row("chat", "simulated", "Run", "Chat in this terminal over a simulated Telegram."),
    Row("status", "observe", "See what happens", "Show what runs, what is owed, and what needs attention."),
    Row("trace", "observe", "See what happens", "Show the way of one message through the services."),
    Row("audit", "observe", "See what happens", "Show what became of events."),
    Row(
        "reminders",
        "reminders",
        "See what happens",
        "Show what is due, and what became of a task's reminders.",
    ),
    Row("dlq", "dead_letters", "See what happens", "Look at dead letters, redrive or discard them."),
    Row("doctor", "doctor", "See what happens", "Find what is wrong, and what to do about it."),
    Row(
        "simulate",
        "simulate",
        "See what happens",
        "Let everything fail in a simulation, and check every promise.",
    ),
    Row("access", "access", "Maintain", "Show and change who may talk to the bot."),
    Row("health", "deploy", "Maintain", "Ask a service whether it is ready."),
    Row("provision", "deploy", "Maintain", "Make the secrets of services that run apart."),
    Row("backup", "backup", "Maintain", "Write all that the installation knows into one file."),
    Row("restore", "backup", "Maintain", "Restore a backup into an empty data directory or database."),
    Row("migrate", "database", "Maintain", "Bring the database to this version's schema."),
    Row("contracts", "documents", "Maintain", "Write or check the published contracts of the events."),
    Row("version", "about", "Maintain", "Print the version."),
)

EXIT_HELP = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."


class CommandTable(click.Group):
    """A group that takes its commands from the table, and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, importing its module; None when there is none of that name."""
        for row in COMMANDS:
            if row.name == cmd_name:
                command: click.Command = getattr(
                    import_module(f"entrypoints.commands.{row.module}"), row.attribute
                )
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by group, from the table alone."""
        for group, rows in groupby(COMMANDS, key=attrgetter("group")):
            with formatter.section(group):
                formatter.write_dl([(row.name, row.about) for row in rows])


@click.command(
    cls=CommandTable,
    epilog=EXIT_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(version(), "-V", "--version", message="openclaw %(version)s")
def cli(debug: bool) -> None:
    """OpenClaw: a Telegram assistant that never loses a message and never acts twice.

    Start it with `openclaw up`. Settings are OPENCLAW_ variables or lines in .env; see .env.example.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; a command may return one itself."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        result: Any = cli.main(arguments, prog_name="openclaw", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Who read our output has gone, as in `openclaw audit | head`; there is nobody left to tell.
        sys.stdout = None
        return Exit.FAILED
    except OpenClawError as error:
        return _tell(error)
    except Exception as error:  # noqa: BLE001  (nothing is above this that could tell it better)
        if (fault := _fault_of_url(error)) is not None:
            return _tell(fault)
        return _tell_unexpected(error, debug="--debug" in arguments)
    return int(result) if isinstance(result, int) else Exit.OK


def _fault_of_url(error: Exception) -> InvalidSettings | None:
    """Return the fault that an error is if the driver of Postgres found it in its URL, which it reads to connect."""
    driver = sys.modules.get("asyncpg.exceptions")
    if driver is None or not isinstance(error, driver.ClientConfigurationError):
        return None
    return InvalidSettings(
        ("OPENCLAW_POSTGRES_URL: must be a URL whose options Postgres knows, such as sslmode=require",)
    )


def _tell(error: OpenClawError) -> int:
    """Print a known error: one line each fault of the settings, else its own words."""
    lines = error.reasons if isinstance(error, InvalidSettings) else (str(error),)
    for line in lines:
        click.echo(f"openclaw: {without_credentials(line)}", err=True)
    return exit_code_of(error)


def _tell_unexpected(error: Exception, debug: bool) -> int:
    """Print an unknown error by kind and place; the traceback on demand. Its text may quote what somebody wrote."""
    # Imported only here: what goes well needs no log.
    from adapters.logs import place_of, told

    if debug:
        click.echo(without_credentials("\n".join(told(error))), err=True)
    hint = "" if debug else "; run it again as `openclaw --debug ...` to see the way there, and read the log"
    click.echo(f"openclaw: unexpected {type(error).__name__} at {place_of(error)}{hint}", err=True)
    return Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())

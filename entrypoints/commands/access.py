"""``openclaw access``: who may talk to the bot, decided by whoever runs it.

Not here: the decisions themselves (``application.admission``), and what admins decide in the chat.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from application.admission import Admission, Decided
from domain.access import CODE_S, Standing, id_of, read_who
from entrypoints.containers import OperatorContainer
from entrypoints.exits import NothingFound
from entrypoints.operator import ask, bot_of, operator_settings
from entrypoints.options import as_json, bot_option, in_data_dir, limit_option
from entrypoints.views.access import access_json, access_lines
from entrypoints.views.lines import json_text

Result = TypeVar("Result")

STANDINGS = click.Choice([each.value for each in Standing if each.may_talk])
as_role = click.option(
    "--as", "standing", type=STANDINGS, default="member", show_default=True, help="What they become."
)
MINUTES_MAX = 7 * 24 * 60


class Who(click.ParamType[int | str]):
    """A user's or a chat's id, or a code."""

    name = "who"

    def __init__(self, *, code: bool) -> None:
        self._code = code

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the id as a number, a code as it was meant; or fail with the forms that are understood."""
        who = read_who(str(value))
        if who is None or (isinstance(who, str) and not self._code):
            forms = "a code such as 3G923-0VQVS, or " if self._code else ""
            self.fail(f"{value!r} is none; give {forms}the id of a user or, negative, of a group", param, ctx)
        return who


# Ids of groups begin with a minus sign.
_IDS = {"ignore_unknown_options": True}


@click.group()
def access() -> None:
    """Show and change who may talk to the bot.

    OPENCLAW_ACCESS says what strangers get: a code (pairing), no answer (allowlist), or everything (open). Whoever was
    revoked gets no answer in any mode. Users and groups that the settings name need no decision and are not listed.

    \b
    Example: openclaw access approve 3G923-0VQVS
    """


@access.command("list", short_help="Show who asks and who was decided about.")
@bot_option
@limit_option
@in_data_dir
@as_json
def access_list(bot: int | None, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """Show who asks to be let in, and who was decided about, the newest first.

    Who asks is shown while their code holds, which only they know. With --json one object a line.
    """
    people = _decide(data_dir, bot, lambda admission: admission.people(limit))
    if as_json:
        for subject, person in people:
            click.echo(json_text(access_json(subject, person)))
    elif people:
        click.echo("\n".join(access_lines(people)))
    else:
        click.echo("nobody asks, and nobody was decided about")


@access.command(context_settings=_IDS, short_help="Let somebody in, by their code or id.")
@click.argument("who", type=Who(code=True), metavar="CODE | ID")
@as_role
@bot_option
@in_data_dir
def approve(who: int | str, standing: str, bot: int | None, data_dir: Path | None) -> None:
    """Let in whoever asks by CODE, or the user or group with ID, and tell them.

    Exit code 5: nobody asks by that code.

    \b
    Examples: openclaw access approve 3G923-0VQVS
              openclaw access approve 7123456789 --as admin
    """
    found = _decide(data_dir, bot, lambda admission: admission.approve(who, Standing(standing)))
    if found is None:
        raise NothingFound(
            "nobody asks by that code; it may have run out, and they get a new one when they write"
        )
    _tell(found)


@access.command(context_settings=_IDS, short_help="Turn somebody away.")
@click.argument("who", type=Who(code=False), metavar="ID")
@bot_option
@in_data_dir
def revoke(who: int, bot: int | None, data_dir: Path | None) -> None:
    """Turn away the user or group with ID: from now on they get no answer.

    \b
    Example: openclaw access revoke -1001234567890
    """
    _tell(_decide(data_dir, bot, lambda admission: admission.revoke(who)))


@access.command(short_help="Make a code that lets in whoever sends it first.")
@as_role
@click.option(
    "--minutes", type=click.IntRange(1, MINUTES_MAX), default=int(CODE_S // 60), show_default=True,
    help="How long the code holds.",
)  # fmt: skip
@bot_option
@in_data_dir
def invite(standing: str, minutes: int, bot: int | None, data_dir: Path | None) -> None:
    """Make a code and print the message by which whoever sends it to the bot first is let in.

    \b
    Example: openclaw access invite --as owner
    """
    code = _decide(data_dir, bot, lambda admission: admission.invite(Standing(standing), minutes * 60.0))
    click.echo(f"/start {code}")
    click.echo(f"openclaw: whoever sends that to the bot within {minutes} min becomes {standing}", err=True)


def _decide(
    data_dir: Path | None, bot: int | None, decide: Callable[[Admission], Awaitable[Result]]
) -> Result:
    settings = operator_settings(data_dir)

    async def question(container: OperatorContainer) -> Result:
        bot_id = await bot_of(settings, container.records(), bot)
        return await decide(container.admission(bot_id=bot_id, policy=settings.access_policy()))

    return ask(settings, question)


def _tell(decided: Decided) -> None:
    name = f" ({decided.person.name})" if decided.person.name else ""
    state = "is" if decided.changed else "was already"
    click.echo(f"{id_of(decided.subject)}{name} {state} {decided.person.standing.value}")

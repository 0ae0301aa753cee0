"""``openclaw backup`` and ``openclaw restore``: all that an installation knows in one file, and the way back."""

from pathlib import Path

import attrs
import click

from entrypoints.backup.archive import Backup
from entrypoints.backup.restore import Owed, Restored, look_into
from entrypoints.backup.restore import restore as put_back
from entrypoints.backup.take import back_up
from entrypoints.preparation import prepare
from entrypoints.settings import Settings

DATA_DIR_HELP = "Where `up` keeps its data; OPENCLAW_DATA_DIR otherwise."
OWED_HELP = (
    "What becomes of events that were owed: `park` makes dead letters of them, since they may have been handled after "
    "the backup; `keep` lets them be handled, for a backup after which nothing ran."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option("--data-dir", type=click.Path(path_type=Path), help=DATA_DIR_HELP)
def backup(file: Path, force: bool, data_dir: Path | None) -> None:
    """Write all that the installation knows into FILE; - is standard output.

    That is the database of OPENCLAW_POSTGRES_URL, else the one of the data directory. Nothing has to be stopped. The
    URL's user must see every row: the database's owner, or a superuser. Settings and passwords are not in the file,
    but what people wrote is, so keep it as private as the data.
    """
    made = back_up(_settings(data_dir), _named(file), force=force)
    click.echo(f"{'wrote ' + str(file) if _named(file) else 'wrote a backup'}: {_about(made)}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Only read FILE and say what it is.")
@click.option(
    "--owed", type=click.Choice([each.value for each in Owed]), default=Owed.PARK.value, help=OWED_HELP
)
@click.option("--replace", is_flag=True, help="Move what the data directory holds into a folder in it.")
@click.option("--data-dir", type=click.Path(path_type=Path), help=DATA_DIR_HELP)
def restore(file: Path, only_check: bool, owed: str, replace: bool, data_dir: Path | None) -> None:
    """Restore the backup FILE, - for standard input, into an empty data directory or database.

    That is the database of OPENCLAW_POSTGRES_URL, else the data directory. Nothing may run there. The file is read to
    its end and checked before anything is touched, and either everything is restored or nothing.
    """
    if only_check:
        click.echo(f"whole: {_about(look_into(_named(file)))}")
        return
    settings = _settings(data_dir)
    restored = put_back(settings, _named(file), Owed(owed), replace=replace)
    for line in _told(settings, restored):
        click.echo(line)


def _settings(data_dir: Path | None) -> Settings:
    settings = prepare()
    if data_dir is None:
        return settings
    if settings.postgres_url is not None:
        raise click.UsageError(
            "OPENCLAW_POSTGRES_URL is set, so the data is in that database; leave --data-dir out, or the variable"
        )
    return attrs.evolve(settings, data_dir=data_dir)


def _named(file: Path) -> Path | None:
    return None if str(file) == "-" else file


def _about(backup: Backup) -> str:
    about = backup.about
    return (
        f"{len(about.facts.tables)} tables with {backup.rows} rows, as of {about.made_at}, schema "
        f"{about.facts.schema} of OpenClaw {about.openclaw}"
    )


def _told(settings: Settings, restored: Restored) -> list[str]:
    """Return what was done and what to do next."""
    place = "the database of OPENCLAW_POSTGRES_URL" if settings.postgres_url else str(settings.data_dir)
    lines = [f"restored into {place}: {_about(restored.backup)}"]
    if restored.moved_to is not None:
        lines.append(f"what was there before is in {restored.moved_to}, which is a data directory, too")
    if restored.parked:
        lines.append(
            f"{restored.parked} owed events are dead letters now, since they may have been handled after the backup; "
            "see `openclaw dlq list`"
        )
    if restored.owed:
        lines.append(
            f"{restored.owed} events stay owed and are handled when they are due and the services run"
        )
    lines += [f"given by hand and not restored: {each}" for each in restored.differing_rights]
    lines.append("keep the old installation stopped: two of them would both answer for the same bot")
    lines.append("what came after the backup is gone, and so is what was decided since about who may talk")
    lines.append(
        "next: `openclaw migrate --logins FOLDER` if the services have logins of their own, then start them"
        if settings.postgres_url
        else "next: start it with the same settings as before, by `openclaw up`"
    )
    return lines

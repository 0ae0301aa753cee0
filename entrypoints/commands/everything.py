"""``openclaw up``: everything on this machine."""

from pathlib import Path

import attrs
import click

from entrypoints.preparation import prepare
from entrypoints.up import run_up


@click.command()
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where to keep data; OPENCLAW_DATA_DIR otherwise."
)
@click.option(
    "--clock",
    default="",
    metavar="WHEN",
    help="With the simulated Telegram: move the clock ahead to this instant first, such as “tomorrow 7:59”.",
)
def up(data_dir: Path | None, clock: str) -> int:
    """Start the servers, migrate, and run every role under a supervisor.

    Without OPENCLAW_TELEGRAM_TOKEN a simulated Telegram is started and a chat opens in this terminal; lines piped in
    are answered one by one. There `:3` presses the button with that number, and `:clock 9:00` lets time pass. With
    OPENCLAW_POSTGRES_URL or OPENCLAW_REDIS_URL those servers are used instead of own ones.
    """
    settings = prepare()
    if data_dir is not None:
        settings = attrs.evolve(settings, data_dir=data_dir)
    return run_up(settings, clock=clock)

"""``openclaw provision`` and ``openclaw health``: what an installation of separate services needs."""

import os
from pathlib import Path

import click

from adapters.postgres.roles import SERVICES
from entrypoints.exits import Exit
from entrypoints.health import check
from entrypoints.preparation import prepare
from entrypoints.provision import Places, Secrets
from entrypoints.provision import provision as make_secrets
from entrypoints.settings_source import variable


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--postgres", default="postgres:5432", show_default=True, help="Where Postgres is.")
@click.option("--redis", default="redis:6379", show_default=True, help="Where Redis or Valkey is.")
@click.option(
    "--simulator", default="http://telegram:8081", show_default=True, help="Where the simulated Telegram is."
)
@click.option(
    "--renew", multiple=True, type=click.Choice(SERVICES), help="Give this service new passwords; repeatable."
)
def provision(folder: Path, postgres: str, redis: str, simulator: str, renew: tuple[str, ...]) -> None:
    """Make the secrets of separate services, a folder each under FOLDER.

    What stands there is kept. The bot token is OPENCLAW_TELEGRAM_TOKEN; without one the services are told to talk to
    the simulated Telegram. `openclaw migrate --logins FOLDER` then lets the services log in to Postgres, and the server
    of Redis or Valkey reads its users from valkey/users.acl.
    """
    token = prepare().telegram_token
    make_secrets(
        Secrets(folder, renew), Places(postgres, redis, simulator), token.reveal() if token else None
    )
    click.echo(f"the secrets are in {folder}, and the services talk to {'Telegram' if token else simulator}")


@click.command()
@click.argument("url", required=False)
def health(url: str | None) -> int:
    """Ask the service at URL whether it is ready, by its exit code.

    Without URL it is the one of OPENCLAW_HEALTH_LISTEN, at /readyz. Exit code 0 says ready, 4 says not, with the
    reason.
    """
    listen = os.environ.get(variable("health_listen"), "").strip()
    if url is None and not listen:
        raise click.UsageError("give the URL of a service, or set OPENCLAW_HEALTH_LISTEN")
    fault = check(url or f"http://{listen}/readyz")
    click.echo(f"openclaw: {fault}" if fault else "ready", err=fault is not None)
    return Exit.UNREACHABLE if fault else Exit.OK

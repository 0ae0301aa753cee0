"""``openclaw provision`` and ``openclaw health``: what an installation of separate services needs."""

import os
from pathlib import Path

import click

from adapters.postgres.roles import SERVICES
from entrypoints.exits import Exit
from entrypoints.health import check
from entrypoints.preparation import prepare
from entrypoints.provision import POSTGRES, Places, Secrets, forget_webhook_secret, renew_webhook_secret
from entrypoints.provision import provision as make_secrets
from entrypoints.settings_source import variable

WEBHOOK = "webhook"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--postgres", default="postgres:5432", show_default=True, help="Where Postgres is.")
@click.option("--redis", default="redis:6379", show_default=True, help="Where Redis or Valkey is.")
@click.option(
    "--simulator", default="http://telegram:8081", show_default=True, help="Where the simulated Telegram is."
)
@click.option(
    "--renew",
    multiple=True,
    type=click.Choice((*SERVICES, POSTGRES, WEBHOOK)),
    help="Give this service, or the administrator of Postgres, new passwords, or make a new webhook secret beside "
    "the one so far; repeatable.",
)
@click.option(
    "--forget",
    type=click.Choice((WEBHOOK,)),
    help="End the rotation of the webhook secret: the one before the newest is not known any more.",
)
def provision(
    folder: Path, postgres: str, redis: str, simulator: str, renew: tuple[str, ...], forget: str | None
) -> None:
    """Make the secrets of separate services, a folder each under FOLDER.

    What stands there is kept. The bot token is OPENCLAW_TELEGRAM_TOKEN; without one the services are told to talk to
    the simulated Telegram. `openclaw migrate --logins FOLDER` then lets the services log in to Postgres, and the server
    of Redis or Valkey reads its users from valkey/users.acl.
    """
    if forget and WEBHOOK in renew:
        raise click.UsageError(
            "renew the webhook secret first, start the gateway again, and forget the old one then"
        )
    token = prepare().telegram_token
    kept = Secrets(folder, renew)
    make_secrets(kept, Places(postgres, redis, simulator), token.reveal() if token else None)
    if WEBHOOK in renew:
        renew_webhook_secret(kept)
    if forget:
        forget_webhook_secret(kept)
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

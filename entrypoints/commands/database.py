"""``openclaw migrate``: the schema of an outside Postgres; ``openclaw up`` migrates its own."""

import asyncio
from pathlib import Path

import click

from adapters.postgres.schema import newest_version
from entrypoints.database import prepare_database
from entrypoints.preparation import prepare


@click.command()
@click.option(
    "--logins",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Let the services log in with the passwords that `openclaw provision` put into this folder.",
)
def migrate(logins: Path | None) -> None:
    """Bring the database that OPENCLAW_POSTGRES_URL names to this version's schema.

    The user in that URL must be able to make schemas and roles. Safe while services run and when several start it
    at once. `openclaw up` does it by itself.
    """
    settings = prepare(required=("postgres_url",))
    assert settings.postgres_url is not None
    passwords = {}
    if logins is not None:
        # Imported only here: it knows every role, and with them every library.
        from entrypoints.provision import passwords_in

        passwords = passwords_in(logins)
    asyncio.run(prepare_database(settings.postgres_url.reveal(), passwords))
    click.echo(f"schema {newest_version()}")

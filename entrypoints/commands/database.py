"""``openclaw migrate``: the schema of an outside Postgres; ``openclaw up`` migrates its own."""

import click

from adapters.postgres.migrate import migrate_sync
from entrypoints.preparation import prepare


@click.command()
def migrate() -> None:
    """Bring the database that OPENCLAW_POSTGRES_URL names to this version's schema.

    The user in that URL must be able to make schemas and roles. Safe while services run and when several start it
    at once. `openclaw up` does it by itself.
    """
    settings = prepare(required=("postgres_url",))
    assert settings.postgres_url is not None
    click.echo(f"schema {migrate_sync(settings.postgres_url.reveal())}")

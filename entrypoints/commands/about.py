"""``openclaw version``."""

import click

from entrypoints.version import version as version_text


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"openclaw {version_text()}")

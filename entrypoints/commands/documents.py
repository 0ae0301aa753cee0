"""``openclaw contracts``: the published contracts of the events."""

import click

from entrypoints import contracts as documents


@click.command()
@click.argument("step", type=click.Choice(["write", "check", "compat"]))
def contracts(step: str) -> int:
    """Write the contracts from the catalogue, check that they are fresh, or check that none was broken."""
    return documents.main([step])

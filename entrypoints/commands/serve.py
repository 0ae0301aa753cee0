"""``openclaw gateway``, ``brain``, ``sender``, ``scheduler``: one command a service role."""

import click

from entrypoints.preparation import prepare
from entrypoints.roles import ROLES, run_role


def _command(name: str) -> click.Command:
    role = ROLES[name]

    def run() -> int:
        return run_role(name, prepare(name, required=role.required))

    text = f"{role.summary}\n\nRuns until SIGTERM or Ctrl-C. Needs " + ", ".join(
        f"OPENCLAW_{field.upper()}" for field in role.required
    )
    return click.Command(name, callback=run, help=text + ".")


gateway, brain, sender, scheduler = (_command(name) for name in ("gateway", "brain", "sender", "scheduler"))

"""``openclaw doctor``: what is wrong, and what to do about it.

Not here: the checks (``entrypoints.doctor``) and how findings are shown (``entrypoints.views.doctor``).
"""

from pathlib import Path

import click

from entrypoints.doctor.examination import examine
from entrypoints.doctor.verdicts import Severity
from entrypoints.exits import Exit
from entrypoints.version import version
from entrypoints.views.doctor import doctor_json, doctor_lines
from entrypoints.views.lines import json_text


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the `up` to look at keeps its data; OPENCLAW_DATA_DIR otherwise.",
)
@click.option("--all", "everything", is_flag=True, help="Show every check, not only faults and warnings.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON in place of text: every check, in one document."
)
def doctor(data_dir: Path | None, everything: bool, as_json: bool) -> int:
    """Find what is wrong with settings, servers, Telegram and services, and what to do about it.

    It changes nothing, works before the first start and beside what runs, and takes 15 seconds at most. Every check is
    made by itself: a server that is away does not hide the others. docs/DOCTOR.md lists the checks.

    Exit code 0: no fault; there may be warnings. 1: at least one fault.

    \b
    Examples: openclaw doctor
              openclaw doctor --json
    """
    findings = examine(data_dir)
    if as_json:
        click.echo(json_text(doctor_json(findings, version())))
    else:
        for line in doctor_lines(findings, everything=everything):
            click.echo(line)
    return Exit.FAILED if any(each.severity is Severity.FAULT for each in findings) else Exit.OK

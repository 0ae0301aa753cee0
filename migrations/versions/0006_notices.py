"""Admins are told of dead letters: which ones somebody knows of."""

from migrations.sql import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply ``0006_notices.sql``."""
    run_file(__file__)

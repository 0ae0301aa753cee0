"""Tasks that remind: when, how often, and what became of each occasion; the scheduler's role."""

from migrations.sql import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply ``0004_tasks.sql``."""
    run_file(__file__)

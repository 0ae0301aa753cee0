"""The scheduler marks what it acts on, and buries what ended too many of its processes."""

from migrations.sql import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply ``0007_scheduler_marks.sql``."""
    run_file(__file__)

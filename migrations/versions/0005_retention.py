"""Who owes how much, and what is forgotten when: one mechanism, run by the scheduler."""

from migrations.sql import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply ``0005_retention.sql``."""
    run_file(__file__)

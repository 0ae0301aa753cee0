"""Dead letters that can be found, redriven and discarded; the indexes that operators' questions need."""

from migrations.sql import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply ``0003_dead_letters.sql``."""
    run_file(__file__)

"""Who may talk to the bot, by invitation or by pairing; what the brain needs to correct answers to edited messages."""

from migrations.sql import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply ``0002_access.sql``."""
    run_file(__file__)

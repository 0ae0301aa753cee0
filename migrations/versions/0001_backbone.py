"""The backbone: owed rows, edge inbox, audit, dead letters, delivery ledger, owned data."""

from migrations.sql import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply ``0001_backbone.sql``."""
    run_file(__file__)
